//! Images beside a byte store that has changed meanwhile.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    Service,
    error::Error,
    model::{FileName, Format, Image, Limits, Revision, Size},
    store,
};
use crate::{
    blobs::{self, Blobs, Place},
    clock::{Clock, SystemClock},
    db::{
        Db,
        testing::{self, Scratch},
    },
    page::Page,
    tasks,
};

/// More than any test here needs.
pub(super) const LIMITS: Limits =
    Limits { bytes: i64::MAX, pixels: i64::MAX, revisions: 1000, revision_age: None };

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
    let images =
        Service::new(scratch.db.clone(), Arc::new(SystemClock), blobs.clone(), queue, LIMITS, no_models());
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

/// An image that is there, with its owner.
pub(super) async fn uploaded(db: &Db) -> Image {
    let image = deleted();
    let mut tx = db.begin().await.unwrap();
    let owner = sqlx::query(
        "INSERT INTO accounts (id, email, name, password_hash, role, active, create_time, update_time) \
         VALUES ($1, 'mara@example.com', 'Mara', '', 'user', 1, 0, 0)",
    );
    owner.bind(image.owner.to_string()).execute(&mut *tx).await.unwrap();
    store::insert(&mut tx, &image).await.unwrap();
    tx.commit().await.unwrap();
    image
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

#[tokio::test]
async fn old_states_are_forgotten_but_for_the_upload_and_the_newest() {
    let mut bench = bench().await;
    bench.images.limits.revision_age = Some(Duration::from_hours(24));
    let (mut image, now) = (uploaded(&bench.images.db).await, SystemClock.now());
    let mut tx = bench.images.db.begin().await.unwrap();
    for (number, hours) in [(2, 50), (3, 20), (4, 30), (5, 40)] {
        let create_time = now - Duration::from_hours(hours);
        image.revision = Revision { number, create_time, ..image.revision };
        assert!(store::advance(&mut tx, image.id, number - 1, &image.revision, 1000).await.unwrap());
    }
    tx.commit().await.unwrap();
    assert_eq!(bench.images.expire().await.unwrap(), 2);
    let page = Page::new(0, 0).unwrap();
    let kept = store::revisions(bench.images.db.read(), image.id, page).await.unwrap();
    assert_eq!(kept.iter().map(|state| state.number).collect::<Vec<_>>(), [1, 3, 5]);
}

/// A folder that isn't there.
pub(super) fn no_models() -> super::models::Models {
    super::models::Models { folder: "/nonexistent".into(), ..super::models::Models::default() }
}
