//! Bytes at rest: local files or S3, behind the `object_store` crate's own trait.
//!
//! A stored object appears whole or not at all, and is never overwritten: every key is new.

mod unfinished;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    ObjectStore, ObjectStoreExt, PutPayload, aws::AmazonS3Builder, local::LocalFileSystem, path::Path as Key,
    prefix::PrefixStore,
};

/// Bytes of a chunk of a download, but for the last.
pub const CHUNK_BYTES: usize = 64 << 10;

/// Where bytes are kept.
#[derive(Debug, Clone)]
pub enum Place {
    /// In files below a folder.
    Folder(PathBuf),
    /// In a bucket.
    S3(Bucket),
}

/// A bucket of an S3 service.
#[derive(Clone)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What every key begins with; may be empty.
    pub prefix: String,
    /// Such as `http://127.0.0.1:8333`; `None` for AWS itself.
    pub endpoint: Option<String>,
    /// Such as `us-east-1`.
    pub region: String,
    /// Who asks.
    pub access_key: String,
    /// A secret.
    pub secret_key: String,
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{}", self.name, self.prefix)
    }
}

/// Why bytes could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such object.
    #[error("no such object")]
    Missing,
    /// The store does not answer, or is full or read-only.
    #[error("the byte store failed: {0}")]
    Unavailable(#[source] object_store::Error),
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) {
            Self::Missing
        } else {
            Self::Unavailable(error)
        }
    }
}

/// A store of bytes by key.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// Where unfinished files can lie; buckets have none.
    folder: Option<PathBuf>,
}

impl Blobs {
    /// Opens the store; a folder is made where there is none.
    pub fn open(place: &Place) -> Result<Self, Error> {
        Ok(match place {
            Place::Folder(folder) => {
                Self { store: Arc::new(open_folder(folder)?), folder: Some(folder.clone()) }
            }
            Place::S3(bucket) => Self { store: Arc::new(open_bucket(bucket)?), folder: None },
        })
    }

    /// Writes an object, whole or not at all.
    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), Error> {
        self.store.put(&Key::from(key), PutPayload::from_bytes(bytes)).await?;
        Ok(())
    }

    /// Reads an object whole.
    pub async fn get(&self, key: &str) -> Result<Bytes, Error> {
        Ok(self.store.get(&Key::from(key)).await?.bytes().await?)
    }

    /// Reads an object in chunks of [`CHUNK_BYTES`], but for the last.
    pub async fn stream(&self, key: &str) -> Result<impl Stream<Item = Result<Bytes, Error>> + use<>, Error> {
        let parts = self.store.get(&Key::from(key)).await?.into_stream();
        Ok(rechunk(parts.map_err(Error::from).boxed()))
    }

    /// Deletes an object; one that is not there is no failure.
    pub async fn delete(&self, key: &str) -> Result<(), Error> {
        match self.store.delete(&Key::from(key)).await.map_err(Error::from) {
            Ok(()) | Err(Error::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Deletes what a crash left half-written below a prefix `age` ago or earlier; how many files.
    pub async fn sweep_unfinished(&self, prefix: &str, now: SystemTime, age: Duration) -> Result<u64, Error> {
        let Some(folder) = &self.folder else { return Ok(0) };
        let folder = folder.join(prefix);
        let swept = tokio::task::spawn_blocking(move || unfinished::sweep(&folder, now, age)).await;
        swept.map_err(std::io::Error::other).flatten().map_err(local)
    }

    /// Every object below a prefix: its key and when it was written.
    pub fn list(&self, prefix: &str) -> BoxStream<'static, Result<(String, SystemTime), Error>> {
        let objects = self.store.list(Some(&Key::from(prefix)));
        objects
            .map_ok(|object| (object.location.to_string(), object.last_modified.into()))
            .map_err(Error::from)
            .boxed()
    }
}

fn open_folder(folder: &Path) -> Result<LocalFileSystem, Error> {
    std::fs::create_dir_all(folder).map_err(local)?;
    // Durable before it is acknowledged: the file is synced, then renamed, then its folder is synced.
    Ok(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true).with_automatic_cleanup(true))
}

fn local(error: std::io::Error) -> Error {
    Error::Unavailable(object_store::Error::Generic { store: "LocalFileSystem", source: error.into() })
}

fn open_bucket(bucket: &Bucket) -> Result<PrefixStore<object_store::aws::AmazonS3>, Error> {
    // The HTTP client takes the process's provider of TLS; whoever set one before is right as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(&bucket.name)
        .with_region(&bucket.region)
        .with_access_key_id(&bucket.access_key)
        .with_secret_access_key(&bucket.secret_key);
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    Ok(PrefixStore::new(builder.build()?, bucket.prefix.as_str()))
}

fn rechunk(parts: BoxStream<'static, Result<Bytes, Error>>) -> impl Stream<Item = Result<Bytes, Error>> {
    futures::stream::try_unfold((parts, BytesMut::new()), |(mut parts, mut held)| async move {
        while held.len() < CHUNK_BYTES {
            match parts.try_next().await? {
                Some(part) => held.extend_from_slice(&part),
                None => break,
            }
        }
        let chunk = held.split_to(held.len().min(CHUNK_BYTES)).freeze();
        Ok((!chunk.is_empty()).then_some((chunk, (parts, held))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Blobs) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&Place::Folder(folder.path().join("blobs"))).unwrap();
        (folder, blobs)
    }

    #[tokio::test]
    async fn an_object_reads_back_whole_and_in_chunks() {
        let (_folder, blobs) = folder();
        let bytes = Bytes::from((0..200_000u32).map(|n| n as u8).collect::<Vec<_>>());
        blobs.put("images/a", bytes.clone()).await.unwrap();
        assert_eq!(blobs.get("images/a").await.unwrap(), bytes);
        let chunks: Vec<Bytes> = blobs.stream("images/a").await.unwrap().try_collect().await.unwrap();
        assert_eq!(chunks.iter().map(Bytes::len).collect::<Vec<_>>(), [65536, 65536, 65536, 3392]);
        assert_eq!(chunks.concat(), bytes);
    }

    #[tokio::test]
    async fn a_missing_object_is_missing_and_deletes_without_failure() {
        let (_folder, blobs) = folder();
        assert!(matches!(blobs.get("images/none").await, Err(Error::Missing)));
        blobs.delete("images/none").await.unwrap();
    }

    #[tokio::test]
    async fn a_list_names_every_object_below_its_prefix() {
        let (_folder, blobs) = folder();
        for key in ["images/a/1", "images/b/2", "other/c"] {
            blobs.put(key, Bytes::from_static(b"x")).await.unwrap();
        }
        let mut keys: Vec<String> = blobs.list("images").map_ok(|(key, _)| key).try_collect().await.unwrap();
        keys.sort();
        assert_eq!(keys, ["images/a/1", "images/b/2"]);
    }
}
