//! Whole sites, watched: what is on their hosts, what of it was expected, and what has changed.
//!
//! `site_config/` says whose, `schedules/` when, `pipeline/` looks, `probe/` is how, `record/` is what was found, `drift/`
//! and `compare/` say what of it matters, `report/` writes it up, `alerts/` with `deliveries/` and `webhooks/` tells
//! people what is news, `stats/` counts.

pub mod alerts;
pub mod compare;
pub mod configs;
pub mod deliveries;
pub mod drift;
pub mod error;
pub mod files;
pub mod grpc;
pub mod model;
pub mod operator;
mod pipeline;
pub mod probe;
pub mod record;
pub mod report;
pub mod schedules;
pub mod service;
pub mod settings;
pub mod shown;
pub mod site_config;
pub mod stats;
mod store;
mod sweeper;
#[cfg(test)]
mod testing;
mod ticker;
pub mod webhooks;
pub mod worker;

pub use error::Error;
pub use service::Service;
