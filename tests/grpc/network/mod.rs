//! Networks over the wire.

mod addresses;
mod pings;
mod targets;
