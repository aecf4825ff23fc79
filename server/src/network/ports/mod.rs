//! Port scans: faster than a wait for each port, and honest about what they don't know.
//!
//! [`engine`] decides and knows neither sockets nor clocks; [`driver`] has both and decides nothing.

mod bits;
mod driver;
mod engine;
mod fold;
mod host;
mod icmp;
mod model;
mod outbox;
mod plan;
mod retries;
mod scan;
mod services;
mod slots;
mod sockets;
pub mod syn;
#[cfg(test)]
mod tests;
mod timers;
pub mod udp;
mod window;

pub use model::{Counts, Found, Incomplete, Limits, Method, Port, PortSet, Protocol, Reason, State, Summary};
pub use scan::{Error, scan};
pub use services::{name as service_name, named};
