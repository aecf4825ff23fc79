//! One open port: who serves there.

use std::net::IpAddr;

use super::preparation::Aim;
use crate::{
    network::ports::{self, Port},
    scans::{
        record::{Protocol, Service},
        worker::Crew,
    },
};

/// What is known of a port by its number.
pub(super) async fn look(_: &Crew, _: &Aim, _: IpAddr, (protocol, port): (Protocol, u16)) -> Service {
    let carried = match protocol {
        Protocol::Tcp => ports::Protocol::Tcp,
        Protocol::Udp => ports::Protocol::Udp,
    };
    let name = Port::new(port).and_then(|port| ports::service_name(port, carried));
    Service { name: name.map(str::to_owned), guessed: true, ..Service::default() }
}
