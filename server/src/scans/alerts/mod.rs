//! What was not expected in a scan and is news: told once until it changes, by rules that can be changed.

pub mod error;
pub mod grpc;
pub mod model;
mod plan;
pub mod service;
mod settle;
mod store;

pub use error::Error;
pub use service::Service;
pub(super) use settle::Found;
