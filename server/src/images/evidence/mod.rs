//! What pictures can tell: metadata, and what bytes and pixels say of how they came to be.
//!
//! Beside the usual files, `read/` reads metadata, in the server's own process; `look/` decodes and measures, in
//! the sandbox.

mod aside;
pub mod error;
mod findings;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod grpc;
mod hasher;
mod look;
pub mod model;
mod read;
pub mod service;
mod similar;
mod store;
pub(super) mod worker;

use uuid::Uuid;

pub use error::Error;
pub use model::Look;
pub use service::Service;

pub(crate) use self::look::run;
pub(super) use self::worker::PREFIX;
pub(super) use self::{
    look::jpeg_end,
    read::container::{jpeg_segments, next_jpeg_segment, png_chunks, webp_chunks},
    read::{embedded, rights, tiff},
};
use crate::db::{self, Db};

/// The keys of all bytes of an image's analyses, which go with it.
pub(super) async fn blobs_of_image(tx: &mut db::Connection, image: Uuid) -> Result<Vec<String>, db::Error> {
    store::blobs_of_image(tx, image).await
}

/// The same of an account's images.
pub(super) async fn blobs_of_owner(tx: &mut db::Connection, owner: Uuid) -> Result<Vec<String>, db::Error> {
    store::blobs_of_owner(tx, owner).await
}

/// Whether some analysis needs these bytes.
pub(super) async fn is_needed(db: &Db, blob: &str) -> Result<bool, db::Error> {
    store::is_needed(db.read(), blob).await
}
