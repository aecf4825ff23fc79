//! Tasks: work that outlives the call that asked for it, in a queue that survives a crash.
//!
//! [`Queue`] is the durable part: a claim is a lease with a fence, one subject's tasks run one after the
//! other, and each owner gets its turn. [`Worker`] runs what is queued, [`Service`] is what callers may do.

pub mod error;
pub mod grpc;
mod job;
mod keeper;
pub mod model;
mod notices;
mod phrases;
mod policy;
pub mod queue;
pub mod service;
mod store;
pub mod watch;
pub mod worker;

#[cfg(test)]
mod tests;

pub use error::Error;
pub use job::{Context, Done, Failure, Finish, Job, Progress};
pub use model::{IdempotencyKey, Lane, NewTask, Task};
pub use queue::Queue;
pub use service::Service;
pub use watch::Watch;
pub use worker::Worker;
