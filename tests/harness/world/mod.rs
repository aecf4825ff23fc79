//! A world whose every answer a test has written: what names resolve to, and who answers there. Nothing in it sends
//! a packet. Each part of it is a field, which tests speak to while a house stands in it.

mod names;
mod pings;
mod ports;

use std::{future::ready, io, net::IpAddr};

use atalaya_server::network::{
    Name, RealWorld, World,
    model::ping::{Echo, Echoed},
    ports::{Error, Found, Summary},
    targets::Permit,
    world::{Answer, Order, Unresolved},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use self::{names::Names, pings::Pings, ports::Ports};

/// The scripted world: empty until a test says what is in it.
#[derive(Debug, Default)]
pub struct ScriptedWorld {
    /// What names resolve to.
    pub names: Names,
    /// Who echoes.
    pub pings: Pings,
    /// Which ports are open.
    pub ports: Ports,
    /// The world beneath, which answers pings and scans in place of the script, if there is one.
    pub beneath: Option<RealWorld>,
}

impl World for ScriptedWorld {
    fn resolve<'a>(&'a self, name: &'a Name) -> Answer<'a, Result<Vec<IpAddr>, Unresolved>> {
        Box::pin(ready(self.names.answer(name)))
    }

    fn scan(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Answer<'_, Result<Summary, Error>> {
        match &self.beneath {
            Some(world) => world.scan(order, found, stop),
            None => Box::pin(self.ports.scan(order, found, stop)),
        }
    }

    fn reverse(&self, address: IpAddr) -> Answer<'_, Result<Vec<Name>, Unresolved>> {
        Box::pin(ready(self.names.of(address)))
    }

    fn ping(&self, permit: Permit, echo: Echo) -> Answer<'_, io::Result<Option<Echoed>>> {
        match &self.beneath {
            Some(world) => world.ping(permit, echo),
            None => Box::pin(self.pings.answer(permit, echo)),
        }
    }
}

/// An address that a test has written down.
fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}
