//! The engine against networks of every kind, without a socket and under simulated time.

mod hosts;
mod limits;
mod loss;
mod sockets;
mod world;

use std::net::{IpAddr, SocketAddr};

use crate::network::targets::{Permit, TargetPolicy};

/// A permit for an address, but not for a port at which the server itself listens.
fn permit(address: IpAddr, own_port: Option<u16>) -> Permit {
    let policy = TargetPolicy::default();
    if let Some(port) = own_port {
        policy.listens_at(SocketAddr::new(address, port));
    }
    policy.resolver(address)
}

/// Where something listens on most machines of these tests.
const SERVICES: [u16; 23] = [
    21, 22, 25, 53, 80, 110, 143, 443, 445, 993, 3306, 3389, 5432, 6379, 8000, 8080, 8443, 9200, 27017,
    31337, 49999, 50000, 65535,
];
