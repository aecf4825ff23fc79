//! What pictures can tell: metadata, and what bytes and pixels say of how they came to be.
//!
//! Beside the usual files, `read/` reads metadata.

pub mod error;
pub mod grpc;
mod read;
pub mod service;

pub use error::Error;
pub use service::Service;
