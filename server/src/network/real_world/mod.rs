//! The real outside. Only here are sockets to others opened, each with a `Permit`.

mod browser;
mod consult;
mod datagram;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod icmp;
mod lines;
mod resolvers;
#[cfg(test)]
mod tests;
mod tls;
mod transfer;
mod visit;
mod wire;

use std::{fmt, future::ready, io, net::IpAddr, path::PathBuf, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use self::resolvers::Resolvers;
pub use self::{
    browser::Browser,
    resolvers::{Resolver, of_system},
};
use super::{
    dns::{Owner, Question, Record, Reply, Unanswered},
    model::{
        Host, Name,
        ping::{Echo, Echoed},
    },
    ports::{self, Found},
    shot::{Screenshot, Shot, Unshot},
    targets::Permit,
    web::{Page, Unreached, Visit},
    world::{Answer, Connection, Order, Unresolved, Untransferred, World},
};

/// The world that this machine is in.
pub struct RealWorld {
    resolvers: Resolvers,
    browser: Browser,
    program: Option<PathBuf>,
}

impl fmt::Debug for RealWorld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RealWorld").finish_non_exhaustive()
    }
}

impl RealWorld {
    /// As these resolvers know it, without a browser.
    pub fn new(resolvers: &[Resolver]) -> Self {
        Self { resolvers: Resolvers::new(resolvers), browser: Browser::default(), program: None }
    }

    /// With what draws pages.
    #[must_use]
    pub fn with_browser(self, browser: Browser) -> Self {
        Self { browser, ..self }
    }

    /// The same, with raw sockets in processes of `program raw-sockets`; without, nothing is scanned by them.
    #[must_use]
    pub fn with_program(self, program: PathBuf) -> Self {
        Self { program: Some(program), ..self }
    }
}

impl World for RealWorld {
    fn resolve<'a>(&'a self, name: &'a Name) -> Answer<'a, Result<Vec<IpAddr>, Unresolved>> {
        Box::pin(self.resolvers.resolve(name))
    }

    fn query<'a>(&'a self, question: &'a Question) -> Answer<'a, Result<Reply, Unanswered>> {
        Box::pin(self.resolvers.query(question))
    }

    fn transfer<'a>(
        &'a self,
        server: Permit,
        zone: &'a Owner,
    ) -> Answer<'a, Result<Vec<Record>, Untransferred>> {
        Box::pin(transfer::transfer(server, zone))
    }

    fn dial(
        &self,
        server: Permit,
        port: u16,
        patience: Duration,
    ) -> Answer<'_, Result<Connection, Unreached>> {
        Box::pin(async move { Ok(Box::new(tls::connect(server, port, patience).await?) as Connection) })
    }

    fn ask<'a>(
        &'a self,
        server: Permit,
        port: u16,
        datagram: &'a [u8],
        patience: Duration,
    ) -> Answer<'a, io::Result<Option<Vec<u8>>>> {
        Box::pin(datagram::ask(server, port, datagram, patience))
    }

    fn certified<'a>(
        &'a self,
        server: Permit,
        port: u16,
        host: &'a Host,
    ) -> Answer<'a, Result<Vec<String>, Unreached>> {
        Box::pin(tls::certified(server, port, host))
    }

    fn consult<'a>(&'a self, visit: &'a Visit) -> Answer<'a, Result<Page, Unreached>> {
        Box::pin(consult::consult(visit))
    }

    fn visit<'a>(&'a self, visit: &'a Visit) -> Answer<'a, Result<Page, Unreached>> {
        Box::pin(visit::visit(visit))
    }

    fn screenshot(&self, shot: Shot) -> Answer<'_, Result<Screenshot, Unshot>> {
        Box::pin(async move { self.browser.shoot(self, &shot).await })
    }

    fn scan(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Answer<'_, Result<ports::Summary, ports::Error>> {
        Box::pin(ports::scan(order.permits, order.ports, order.limits, order.seed, found, stop))
    }

    fn scan_syn(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Answer<'_, Result<ports::Summary, ports::Error>> {
        let Some(program) = self.program.clone() else {
            return Box::pin(ready(Err(ports::Error::NoRawSockets)));
        };
        let Order { permits, ports, limits, seed } = order;
        Box::pin(ports::syn::scan(program, permits, ports, limits, seed, found, stop))
    }

    fn scan_udp(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Answer<'_, Result<ports::Summary, ports::Error>> {
        Box::pin(ports::udp::scan(order.permits, order.ports, order.limits, order.seed, found, stop))
    }

    fn ping(&self, permit: Permit, echo: Echo) -> Answer<'_, io::Result<Option<Echoed>>> {
        Box::pin(icmp::ping(permit, echo))
    }
}
