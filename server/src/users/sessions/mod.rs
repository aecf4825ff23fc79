//! Logins that last while they are used.

pub mod error;
pub mod grpc;
pub mod model;
pub mod service;
mod store;

pub use error::Error;
pub use service::{Service, end_all, is_alive};
