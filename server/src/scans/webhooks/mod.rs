//! Where digests of alerts go by HTTP, and the doors to the log of what went there.

pub mod error;
pub mod grpc;
pub mod model;
pub mod service;
mod store;

pub use error::Error;
pub use service::Service;
