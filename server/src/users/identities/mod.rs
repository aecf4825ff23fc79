//! Identities: who holds which public key, and where they are at home.

mod avatars;
pub mod change;
pub mod error;
pub mod grpc;
pub mod model;
pub mod service;
mod store;
mod subscriptions;
#[cfg(test)]
mod tests;

pub use avatars::Avatars;
pub use error::Error;
pub use service::{Policy, Service};
