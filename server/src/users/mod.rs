//! Accounts at the root; their sessions beside them.

pub mod error;
pub mod grpc;
pub mod login;
pub mod model;
pub mod service;
pub mod sessions;
mod store;
mod turns;

pub use error::Error;
pub use service::Service;
