//! Connections with one port: so many, so many bytes, and no longer than until the deadline.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout_at},
};
use tokio_rustls::TlsConnector;

use super::{
    Limits,
    tunnel::{self, Untunnelled},
};
use crate::{network::world::Connection, scans::probe::Door};

/// How an answer is read.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    /// How long it may take.
    pub(super) patience: Duration,
    /// When it is whole, whatever may follow.
    pub(super) is_whole: fn(&[u8]) -> bool,
}

/// Whoever calls at one port, with what he may still spend.
pub(super) struct Caller<'a> {
    door: &'a Door,
    pub(super) limits: &'a Limits,
    deadline: Instant,
    connections: AtomicUsize,
    bytes: AtomicUsize,
    is_short: AtomicBool,
}

impl<'a> Caller<'a> {
    pub(super) fn new(door: &'a Door, limits: &'a Limits) -> Self {
        Self {
            door,
            limits,
            deadline: Instant::now() + limits.deadline,
            connections: AtomicUsize::new(limits.connections),
            bytes: AtomicUsize::new(limits.bytes),
            is_short: AtomicBool::new(false),
        }
    }

    /// The port.
    pub(super) fn port(&self) -> u16 {
        self.door.port()
    }

    /// The address.
    pub(super) fn address(&self) -> std::net::IpAddr {
        self.door.address()
    }

    /// When everything is over.
    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether something could not be tried.
    pub(super) fn is_cut_short(&self) -> bool {
        self.is_short.load(Ordering::Relaxed)
    }

    /// Notes that something could not be tried.
    pub(super) fn cut_short(&self) {
        self.is_short.store(true, Ordering::Relaxed);
    }

    /// A new connection; `None` when there is none, or none left.
    pub(super) async fn open(&self) -> Option<Connection> {
        let taken =
            self.connections.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if taken.is_err() {
            self.cut_short();
            return None;
        }
        if let Ok(connection) = timeout_at(self.deadline, self.door.open()).await {
            return connection.ok();
        }
        self.cut_short();
        None
    }

    /// A new connection with TLS on it.
    pub(super) async fn open_secure(&self, name: ServerName<'static>) -> Result<Connection, Untunnelled> {
        let connection = self.open().await.ok_or(Untunnelled::None)?;
        let connector = TlsConnector::from(Arc::new(tunnel::config()?));
        let end = self.deadline.min(Instant::now() + self.limits.handshake);
        let secure = timeout_at(end, connector.connect(name, connection)).await;
        let secure = secure.map_err(|_| Untunnelled::None)?.map_err(|error| Untunnelled::of(&error))?;
        Ok(Box::new(secure))
    }

    /// Says something; whether it could be said.
    pub(super) async fn say(&self, connection: &mut Connection, words: &[u8]) -> bool {
        let end = self.deadline.min(Instant::now() + self.limits.answer);
        let said = timeout_at(end, async {
            connection.write_all(words).await?;
            connection.flush().await
        });
        said.await.is_ok_and(|said| said.is_ok())
    }

    /// Hears what is said: until it is whole, the other side has ended it or makes a pause, or a limit is reached.
    pub(super) async fn hear(&self, connection: &mut Connection, reading: Reading) -> Vec<u8> {
        let end = self.deadline.min(Instant::now() + reading.patience);
        let mut heard = Vec::new();
        let mut buffer = [0; 4096];
        while !(reading.is_whole)(&heard) {
            let room = self.limits.answer_bytes.saturating_sub(heard.len()).min(buffer.len());
            let room = room.min(self.bytes.load(Ordering::Relaxed));
            if room == 0 {
                break;
            }
            let pause = if heard.is_empty() { end } else { end.min(Instant::now() + self.limits.pause) };
            let Ok(Ok(length @ 1..)) = timeout_at(pause, connection.read(&mut buffer[..room])).await else {
                break;
            };
            self.spend(length);
            heard.extend_from_slice(&buffer[..length]);
        }
        heard
    }

    fn spend(&self, length: usize) {
        let spend = |left: usize| Some(left.saturating_sub(length));
        let left = self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend);
        if left.is_ok_and(|left| left <= length) {
            self.cut_short();
        }
    }
}
