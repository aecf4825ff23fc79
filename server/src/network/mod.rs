//! Networks as they are seen from here: who answers, whose an address is, what a domain says, which ports are open.
//!
//! Beside the usual files, `targets/` says who may look at what, and `world.rs` is all that we ask of the outside.

pub mod addresses;
pub(crate) mod anyone;
mod bearing;
pub mod dns;
pub mod domain;
pub mod error;
pub mod grpc;
pub mod model;
pub mod ports;
pub mod real_world;
pub mod runs;
pub mod service;
pub mod shot;
mod store;
pub mod targets;
pub mod web;
pub mod world;

pub use error::Error;
pub use model::{Host, Name};
pub use real_world::{Browser, RealWorld};
pub use service::{Asker, AtConsole, Service};
pub use world::World;
