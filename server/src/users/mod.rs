//! Accounts at the root; their sessions beside them.

pub mod error;
pub mod grpc;
pub mod model;
pub mod service;
pub mod sessions;
mod store;

pub use error::Error;
pub use service::Service;
