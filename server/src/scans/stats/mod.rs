//! Scans in numbers, for dashboards.

pub mod grpc;
pub mod model;
pub mod service;

pub use service::Service;
