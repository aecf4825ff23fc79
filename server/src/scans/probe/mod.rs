//! What can be learnt from a port that is open. Whoever probes holds a [`Door`] and nothing else of the outside.

mod door;
pub mod fingerprints;
pub mod services;
pub mod tls;

pub use door::Door;
