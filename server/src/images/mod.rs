//! Images: upload, download, edits and their states.

mod budget;
pub mod error;
pub mod evidence;
mod format;
pub mod grpc;
pub mod model;
pub mod models;
pub mod operations;
mod outflow;
mod places;
pub mod preflight;
pub mod service;
mod store;
pub mod sweeper;
#[cfg(test)]
mod tests;
pub mod trials;
pub mod worker;

pub use error::Error;
pub use service::Service;
