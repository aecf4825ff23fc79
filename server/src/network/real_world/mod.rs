//! The real outside. Only here are sockets to others opened, each with a `Permit`.

mod names;

use std::net::IpAddr;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    model::Name,
    ports::{self, Found},
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
}
