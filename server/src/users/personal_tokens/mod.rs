//! Tokens for scripts: a part of what an account may do, until a day that its owner chose.

pub mod error;
pub mod grpc;
pub mod model;
pub mod service;
mod store;

pub use error::Error;
pub use service::Service;
