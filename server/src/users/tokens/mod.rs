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

/// What the fuzzer reaches of this slice.
#[cfg(fuzzing)]
pub(crate) mod fuzzing {
    use std::time::SystemTime;

    use uuid::Uuid;

    use super::{claims::Wire, rotating::Rotating};

    pub(crate) fn claims(json: &[u8], now: SystemTime) {
        if let Ok(wire) = serde_json::from_slice::<Wire>(json) {
            let _ = wire.read("atalaya", now);
        }
    }

    pub(crate) fn rotating(text: &str) -> Option<(Uuid, u32)> {
        Rotating::new("a key that the fuzzer can't guess").read(text)
    }
}
