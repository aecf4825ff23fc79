//! Omikrons: the relays that may ask the directory of identities.

pub mod error;
pub mod grpc;
pub mod model;
pub mod service;
mod store;

pub use error::Error;
pub use service::Service;
