//! The one operator of site scans: a password, and sessions. Who holds it is no account and gains nothing from one.

pub mod error;
pub mod grpc;
pub mod model;
pub mod service;
mod store;

pub use error::Error;
pub use service::Service;
