//! Scans that begin by themselves, each at the times of a cron text in a zone.
//!
//! `cron.rs` says when, `due.rs` what is done then; the ticker of the scans' worker calls it.

pub mod cron;
mod due;
pub mod error;
pub mod grpc;
pub mod model;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use service::{Service, uses};
