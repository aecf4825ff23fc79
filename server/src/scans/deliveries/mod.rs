//! How people are told of alerts: a digest of each scan for each channel, by e-mail and by webhooks, tried until it is
//! taken, with a log of it.
//!
//! A delivery is written in the transaction that ends its scan. Whoever claims it has it for a while; of several servers
//! one does. It may come twice where a server dies between sending and writing that down, and carries its number so
//! that receivers can tell.

mod backoff;
pub mod courier;
pub mod digest;
mod mail;
pub mod model;
mod post;
mod sender;
pub mod service;
mod shapes;
mod smtp;
mod store;
mod tls;

pub use self::{digest::Digest, sender::Sender, service::Log};
