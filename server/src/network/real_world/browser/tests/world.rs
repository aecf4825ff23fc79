//! A world of a few names, and of servers that answer in one way.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use crate::network::{
    Host, Name, World,
    dns::{Owner, Question, Record, Reply, Unanswered},
    model::ping::{Echo, Echoed},
    ports::{Error, Found, Summary},
    shot::{Screenshot, Shot, Unshot},
    targets::Permit,
    web::{Page, Unreached, Visit},
    world::{Answer, Connection, Order, Unresolved, Untransferred},
};

/// Names, and what is answered to whatever is said there; one without an answer repeats what it hears.
#[derive(Default)]
pub(super) struct Few {
    pub(super) names: HashMap<&'static str, Vec<IpAddr>>,
    pub(super) servers: HashMap<SocketAddr, &'static [u8]>,
    dialed: Mutex<Vec<SocketAddr>>,
    heard: std::sync::Arc<Mutex<String>>,
}

impl Few {
    /// Where connections were made to.
    pub(super) fn dialed(&self) -> Vec<SocketAddr> {
        self.dialed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What servers have heard.
    pub(super) fn heard(&self) -> String {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn connect(&self, server: Permit, port: u16) -> Result<Connection, Unreached> {
        let address = server.socket(port)?;
        self.dialed.lock().unwrap_or_else(PoisonError::into_inner).push(address);
        let answer = *self.servers.get(&address).ok_or(Unreached::TimedOut)?;
        let (near, far) = duplex(1 << 16);
        tokio::spawn(serve(far, answer, std::sync::Arc::clone(&self.heard)));
        Ok(Box::new(near))
    }
}

async fn serve(mut stream: DuplexStream, answer: &'static [u8], heard: std::sync::Arc<Mutex<String>>) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut bytes).await {
        let said = &bytes[..length];
        heard.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(said));
        let answered = if answer.is_empty() { said } else { answer };
        // What has no head ends with its connection.
        let is_old = !answered.starts_with(b"HTTP/") && !answer.is_empty();
        if stream.write_all(answered).await.is_err() || is_old {
            return;
        }
    }
}

impl World for Few {
    fn resolve<'a>(&'a self, name: &'a Name) -> Answer<'a, Result<Vec<IpAddr>, Unresolved>> {
        let found = self.names.get(name.as_str()).cloned().ok_or(Unresolved::NotFound);
        Box::pin(async { found })
    }

    fn dial(&self, server: Permit, port: u16, _: Duration) -> Answer<'_, Result<Connection, Unreached>> {
        Box::pin(async move { self.connect(server, port) })
    }

    fn ask<'a>(
        &'a self,
        _: Permit,
        _: u16,
        _: &'a [u8],
        _: Duration,
    ) -> Answer<'a, io::Result<Option<Vec<u8>>>> {
        unreachable!("no proxy sends datagrams")
    }

    fn scan(
        &self,
        _: Order,
        _: mpsc::Sender<Vec<Found>>,
        _: CancellationToken,
    ) -> Answer<'_, Result<Summary, Error>> {
        unreachable!("no proxy scans")
    }

    fn scan_udp(
        &self,
        _: Order,
        _: mpsc::Sender<Vec<Found>>,
        _: CancellationToken,
    ) -> Answer<'_, Result<Summary, Error>> {
        unreachable!("no proxy scans")
    }

    fn scan_syn(
        &self,
        _: Order,
        _: mpsc::Sender<Vec<Found>>,
        _: CancellationToken,
    ) -> Answer<'_, Result<Summary, Error>> {
        unreachable!("no proxy scans")
    }

    fn ping(&self, _: Permit, _: Echo) -> Answer<'_, io::Result<Option<Echoed>>> {
        unreachable!("no proxy pings")
    }

    fn query<'a>(&'a self, _: &'a Question) -> Answer<'a, Result<Reply, Unanswered>> {
        unreachable!("no proxy asks so")
    }

    fn transfer<'a>(&'a self, _: Permit, _: &'a Owner) -> Answer<'a, Result<Vec<Record>, Untransferred>> {
        unreachable!("no proxy wants zones")
    }

    fn certified<'a>(&'a self, _: Permit, _: u16, _: &'a Host) -> Answer<'a, Result<Vec<String>, Unreached>> {
        unreachable!("no proxy looks at certificates")
    }

    fn consult<'a>(&'a self, _: &'a Visit) -> Answer<'a, Result<Page, Unreached>> {
        unreachable!("no proxy has sources")
    }

    fn visit<'a>(&'a self, _: &'a Visit) -> Answer<'a, Result<Page, Unreached>> {
        unreachable!("no proxy visits")
    }

    fn screenshot(&self, _: Shot) -> Answer<'_, Result<Screenshot, Unshot>> {
        unreachable!("no proxy draws")
    }
}
