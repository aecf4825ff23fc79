//! The house seen through its documented HTTP APIs.

mod bodies;
mod concurrency;
mod cookies;
mod docs;
mod downloads;
mod edges;
mod forms;
mod goldens;
mod ipseity;
mod limits;
mod reasons;
mod sneakyscanner;
mod tensamin;
