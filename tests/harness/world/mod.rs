//! A world whose every answer a test has written: what names resolve to, and who answers there. Nothing in it sends
//! a packet. Each part of it is a field, which tests speak to while a house stands in it.

pub mod dns;
mod names;
mod pings;
mod ports;
mod shots;
mod talk;
mod web;

use std::{future::ready, io, net::IpAddr, time::Duration};

use atalaya_server::network::{
    Host, Name, RealWorld, World,
    dns::{Owner, Question, Record, Reply, Unanswered},
    model::ping::{Echo, Echoed},
    ports::{Error, Found, Summary},
    shot::{Screenshot, Shot, Unshot},
    targets::Permit,
    web::{Page, Unreached, Visit},
    world::{Answer, Connection, Order, Unresolved, Untransferred},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use self::{dns::Dns, names::Names, pings::Pings, ports::Ports, shots::Shots, talk::Talk, web::Web};

/// The scripted world: empty until a test says what is in it.
#[derive(Debug, Default)]
pub struct ScriptedWorld {
    /// What names resolve to.
    pub names: Names,
    /// Who echoes.
    pub pings: Pings,
    /// Which ports are open.
    pub ports: Ports,
    /// What DNS says.
    pub dns: Dns,
    /// What web servers answer.
    pub web: Web,
    /// What browsers show.
    pub shots: Shots,
    /// What services say.
    pub talk: Talk,
    /// The world beneath, which answers pings, scans, connections and shots in place of the script, if there is one.
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

    fn scan_syn(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Answer<'_, Result<Summary, Error>> {
        match &self.beneath {
            Some(world) => world.scan_syn(order, found, stop),
            None => Box::pin(self.ports.scan_syn(order, found, stop)),
        }
    }

    fn scan_udp(
        &self,
        order: Order,
        found: mpsc::Sender<Vec<Found>>,
        stop: CancellationToken,
    ) -> Answer<'_, Result<Summary, Error>> {
        match &self.beneath {
            Some(world) => world.scan_udp(order, found, stop),
            None => Box::pin(self.ports.scan_udp(order, found, stop)),
        }
    }

    fn ping(&self, permit: Permit, echo: Echo) -> Answer<'_, io::Result<Option<Echoed>>> {
        match &self.beneath {
            Some(world) => world.ping(permit, echo),
            None => Box::pin(self.pings.answer(permit, echo)),
        }
    }

    fn query<'a>(&'a self, question: &'a Question) -> Answer<'a, Result<Reply, Unanswered>> {
        Box::pin(self.dns.answer(question))
    }

    fn transfer<'a>(
        &'a self,
        server: Permit,
        zone: &'a Owner,
    ) -> Answer<'a, Result<Vec<Record>, Untransferred>> {
        Box::pin(ready(self.dns.transfer(server, zone)))
    }

    fn dial(
        &self,
        server: Permit,
        port: u16,
        patience: Duration,
    ) -> Answer<'_, Result<Connection, Unreached>> {
        match &self.beneath {
            Some(world) => world.dial(server, port, patience),
            None => Box::pin(ready(self.talk.dial(server, port))),
        }
    }

    fn ask<'a>(
        &'a self,
        server: Permit,
        port: u16,
        datagram: &'a [u8],
        patience: Duration,
    ) -> Answer<'a, io::Result<Option<Vec<u8>>>> {
        match &self.beneath {
            Some(world) => world.ask(server, port, datagram, patience),
            None => Box::pin(ready(Ok(self.talk.ask(server, port, datagram)))),
        }
    }

    fn certified<'a>(
        &'a self,
        server: Permit,
        port: u16,
        _: &'a Host,
    ) -> Answer<'a, Result<Vec<String>, Unreached>> {
        Box::pin(ready(self.web.certified(server, port)))
    }

    fn consult<'a>(&'a self, visit: &'a Visit) -> Answer<'a, Result<Page, Unreached>> {
        Box::pin(ready(self.web.answer(visit)))
    }

    fn visit<'a>(&'a self, visit: &'a Visit) -> Answer<'a, Result<Page, Unreached>> {
        Box::pin(ready(self.web.answer(visit)))
    }

    fn screenshot(&self, shot: Shot) -> Answer<'_, Result<Screenshot, Unshot>> {
        match &self.beneath {
            Some(world) => world.screenshot(shot),
            None => Box::pin(ready(self.shots.answer(&shot))),
        }
    }
}

/// An address that a test has written down.
fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}
