//! Servers of TLS that are no such servers: they know hello messages, byte by byte, and nothing else.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::{
    network::{RealWorld, targets::TargetPolicy},
    scans::probe::Door,
};

/// A server that runs until this is dropped.
pub(super) struct Fake {
    pub door: Door,
    /// Most connections that it has seen at once.
    pub most: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A server that does with each connection as it is told; the connection's number is told as well.
pub(super) async fn serve<F: Future<Output = ()> + Send>(
    manner: impl Fn(TcpStream, usize) -> F + Clone + Send + 'static,
) -> Fake {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let permit = TargetPolicy::default().resolver(address.ip());
    let door = Door::new(Arc::new(RealWorld::new(&[])), permit, address.port());
    let most = Arc::new(AtomicUsize::new(0));
    let (seen, now) = (Arc::clone(&most), Arc::new(AtomicUsize::new(0)));
    let task = tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.expect("a connection");
            let (manner, seen, now) = (manner.clone(), Arc::clone(&seen), Arc::clone(&now));
            tokio::spawn(async move {
                seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                manner(stream, number).await;
                now.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    Fake { door, most, task }
}

/// What a client says.
#[derive(Debug)]
pub(super) struct Said {
    pub version: u16,
    pub suites: Vec<u16>,
}

/// Hears a hello; `None` if it is one of SSL 2.0, or none.
pub(super) async fn hear(stream: &mut TcpStream) -> Option<Said> {
    let mut header = [0; 5];
    stream.read_exact(&mut header).await.ok()?;
    if header[0] != 22 {
        return None;
    }
    let mut body = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
    stream.read_exact(&mut body).await.ok()?;
    let mut at = 4 + 2 + 32;
    at += 1 + usize::from(body[at]);
    let length = usize::from(u16::from_be_bytes([body[at], body[at + 1]]));
    let suites = body[at + 2..at + 2 + length].chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let newest = body.windows(7).any(|part| part == [0, 43, 0, 3, 2, 3, 4]);
    let version = if newest { 0x0304 } else { u16::from_be_bytes([body[4], body[5]]) };
    Some(Said { version, suites: suites.collect() })
}

/// A record.
pub(super) fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, 3, 1];
    bytes.extend((content.len() as u16).to_be_bytes());
    bytes.extend(content);
    bytes
}

/// A message within records.
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as u32).to_be_bytes().to_vec();
    bytes[0] = kind;
    bytes.extend(body);
    bytes.chunks(1 << 14).flat_map(|part| record(22, part)).collect()
}

/// A choice.
pub(super) fn hello(version: u16, suite: u16) -> Vec<u8> {
    let mut body = version.min(0x0303).to_be_bytes().to_vec();
    body.extend([9; 32]);
    body.push(0);
    body.extend(suite.to_be_bytes());
    body.push(0);
    if version == 0x0304 {
        body.extend([0, 6, 0, 43, 0, 2, 3, 4]);
    }
    message(2, &body)
}

/// The certificates of a server.
pub(super) fn certificates(chain: &[Vec<u8>]) -> Vec<u8> {
    let long = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat();
    let all: Vec<_> = chain.iter().flat_map(|der| long(der)).collect();
    message(11, &long(&all))
}

/// Says something and hears until the other has left.
pub(super) async fn say(stream: &mut TcpStream, bytes: &[u8]) {
    // Whoever has heard enough has left.
    let _ = stream.write_all(bytes).await;
    while stream.read(&mut [0; 256]).await.is_ok_and(|count| count > 0) {}
}

/// A server with suites for each version, in the order that it likes best.
#[derive(Clone)]
pub(super) struct Model {
    pub versions: &'static [(u16, &'static [u16])],
    /// Whether its order counts.
    pub orders: bool,
    /// Most suites of a hello that it takes.
    pub longest: usize,
    /// What it says instead of a choice; nothing is said by hanging up.
    pub no: Vec<u8>,
    /// What it shows if there is a choice, before it is done.
    pub chain: Vec<Vec<u8>>,
}

impl Default for Model {
    fn default() -> Self {
        Self { versions: &[], orders: true, longest: usize::MAX, no: record(21, &[2, 40]), chain: Vec::new() }
    }
}

impl Model {
    pub(super) fn choice(&self, said: &Said) -> Option<u16> {
        let (_, mine) = self.versions.iter().find(|(version, _)| *version == said.version)?;
        if self.orders {
            mine.iter().find(|suite| said.suites.contains(suite)).copied()
        } else {
            said.suites.iter().find(|suite| mine.contains(suite)).copied()
        }
    }

    pub(super) async fn answer(&self, mut stream: TcpStream) {
        let Some(said) = hear(&mut stream).await else { return };
        if said.suites.len() > self.longest {
            // Deaf, until the other gives up.
            return say(&mut stream, &[]).await;
        }
        let Some(suite) = self.choice(&said) else {
            if !self.no.is_empty() {
                say(&mut stream, &self.no).await;
            }
            return;
        };
        let mut bytes = hello(said.version, suite);
        if !self.chain.is_empty() {
            bytes.extend(certificates(&self.chain));
        }
        bytes.extend(message(14, &[]));
        say(&mut stream, &bytes).await;
    }

    pub(super) async fn serve(self) -> Fake {
        let model = Arc::new(self);
        serve(move |stream, _| {
            let model = Arc::clone(&model);
            async move { model.answer(stream).await }
        })
        .await
    }
}
