//! Signed tokens for callers that keep no session, the refresh tokens to get them with, and the keys that sign.

mod claims;
pub mod error;
pub mod grpc;
pub mod keys;
pub mod model;
mod rotating;
pub mod service;
mod store;

pub use error::Error;
pub use keys::Keys;
pub use service::Service;
