//! Images: upload, download, edits and their states.

mod budget;
pub mod error;
pub mod grpc;
pub mod model;
pub mod operations;
pub mod preflight;
pub mod service;
mod store;
pub mod sweeper;
pub mod worker;

pub use error::Error;
pub use service::Service;
