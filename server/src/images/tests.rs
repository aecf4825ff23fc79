//! Images beside a byte store that has changed meanwhile.

use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    Service,
    error::Error,
    model::{FileName, Format, Image, Revision, Size},
};
use crate::{
    blobs::{self, Blobs, Place},
    clock::{Clock, SystemClock},
    db::testing::{self, Scratch},
    tasks,
};

struct Bench {
    images: Service,
    blobs: Blobs,
    _scratch: Scratch,
    _folder: TempDir,
}

async fn bench() -> Bench {
    let (scratch, folder) = (testing::sqlite().await, tempfile::tempdir().unwrap());
    let blobs = Blobs::open(&Place::Folder(folder.path().into())).unwrap();
    let queue = tasks::Queue::new(scratch.db.clone(), Arc::new(SystemClock));
    let images = Service::new(scratch.db.clone(), Arc::new(SystemClock), blobs.clone(), queue);
    Bench { images, blobs, _scratch: scratch, _folder: folder }
}

/// An image as it was read before somebody deleted it.
fn deleted() -> Image {
    let (id, now) = (Uuid::new_v4(), SystemClock.now());
    let revision = Revision {
        number: 1,
        operation: "upload".to_owned(),
        blob: format!("images/{id}/1"),
        format: Format::Png,
        size: Size { width: 1, height: 1 },
        bytes: 1,
        sha256: String::new(),
        animated: false,
        create_time: now,
    };
    let name = FileName::of(id, Format::Png);
    Image { id, owner: Uuid::nil(), name, revision, create_time: now, update_time: now }
}

#[tokio::test]
async fn an_image_that_is_deleted_while_it_is_asked_for_is_not_found() {
    let bench = bench().await;
    let image = deleted();
    let told = bench.images.content(&image).await;
    assert!(matches!(told, Err(Error::NotFound(id)) if id == image.id), "{told:?}");
}

#[tokio::test]
async fn bytes_that_nothing_needs_are_deleted_behind_the_call() {
    let bench = bench().await;
    let keys: Vec<String> = (0..20).map(|n| format!("images/a/{n}")).collect();
    for key in &keys {
        bench.blobs.put(key, Bytes::from_static(b"x")).await.unwrap();
    }
    bench.images.delete_blobs(keys.clone()).await;
    for key in &keys {
        while !matches!(bench.blobs.get(key).await, Err(blobs::Error::Missing)) {
            tokio::task::yield_now().await;
        }
    }
}
