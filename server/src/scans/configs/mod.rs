//! Configurations that are kept in the database, each under its name.

pub mod grpc;
pub mod model;
pub mod service;
mod store;

pub use model::{MAX_NAME, Name};
pub use service::Service;
