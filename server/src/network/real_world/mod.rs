//! The real outside. Only here are sockets to others opened, each with a `Permit`.

mod icmp;
mod names;
mod reverse;

use std::{io, net::IpAddr};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    model::{
        Name,
        ping::{Echo, Echoed},
    },
    ports::{self, Found},
    targets::Permit,
    world::{Answer, Order, Unresolved, World},
};

/// The world that this machine is in.
#[derive(Debug, Default)]
pub struct RealWorld;

impl World for RealWorld {
    fn resolve<'a>(&'a self, name: &'a Name) -> Answer<'a, Result<Vec<IpAddr>, Unresolved>> {
        Box::pin(names::resolve(name))
    }

    fn scan(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Answer<'_, Result<ports::Summary, ports::Error>> {
        Box::pin(ports::scan(order.permits, order.ports, order.limits, order.seed, found, stop))
    }

    fn reverse(&self, address: IpAddr) -> Answer<'_, Result<Vec<Name>, Unresolved>> {
        Box::pin(reverse::names(address))
    }

    fn ping(&self, permit: Permit, echo: Echo) -> Answer<'_, io::Result<Option<Echoed>>> {
        Box::pin(icmp::ping(permit, echo))
    }
}
