//! Settings of site scans that change while the server runs: how mail is sent, how long scans are kept.

pub mod error;
pub mod grpc;
pub mod model;
pub mod service;
mod store;

pub use error::Error;
pub use model::{Mail, Settings};
pub use service::Service;
