//! Who may look at what: the one choke point of every packet that leaves for a target.

mod embedded;
pub mod error;
pub mod grpc;
pub mod model;
pub mod policy;
pub mod service;
pub mod special;
mod store;

pub use error::Error;
pub use model::{Class, Clearance, Denied, Purpose};
pub use policy::{Permit, TargetPolicy};
pub use service::Service;
