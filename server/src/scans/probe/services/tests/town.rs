//! A world with one open port, and who stands behind it.

use std::{
    fmt,
    future::{Future, ready},
    io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf},
    sync::mpsc,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::super::{Detected, Limits, detect};
use crate::{
    network::{
        Host, Name, World,
        dns::{Owner, Question, Record, Reply, Unanswered},
        model::ping::{Echo, Echoed},
        ports::{Error, Found, Summary},
        shot::{Screenshot, Shot, Unshot},
        targets::{Permit, TargetPolicy},
        web::{Page, Unreached, Visit},
        world::{Answer, Connection, Order, Unresolved, Untransferred},
    },
    scans::probe::{Door, fingerprints::Fingerprints},
};

/// Bytes that may be on their way before the other side has read them.
const ON_THE_WAY: usize = 64 << 10;

type Manner = Box<dyn Fn(DuplexStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// One port, and what was done at it.
pub(super) struct Town {
    manner: Option<Manner>,
    calls: AtomicUsize,
    open: Arc<AtomicUsize>,
    most: AtomicUsize,
}

impl fmt::Debug for Town {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Town").finish_non_exhaustive()
    }
}

/// What a trial has cost.
#[derive(Debug)]
pub(super) struct Cost {
    pub(super) calls: usize,
    pub(super) at_once: usize,
    pub(super) time: Duration,
}

/// Detects a service that does with each connection as it is told here.
pub(super) async fn meet<F>(
    port: u16,
    limits: &Limits,
    manner: impl Fn(DuplexStream) -> F + Send + Sync + 'static,
) -> (Detected, Cost)
where
    F: Future<Output = ()> + Send + 'static,
{
    let manner: Manner = Box::new(move |stream| Box::pin(manner(stream)));
    visit(port, limits, Some(manner)).await
}

/// Detects where nobody listens any more.
pub(super) async fn meet_nobody(port: u16) -> (Detected, Cost) {
    visit(port, &Limits::default(), None).await
}

async fn visit(port: u16, limits: &Limits, manner: Option<Manner>) -> (Detected, Cost) {
    let town = Arc::new(Town { manner, calls: 0.into(), open: Arc::default(), most: 0.into() });
    let address: IpAddr = "198.51.100.7".parse().expect("an address");
    let permit = TargetPolicy::default().resolver(address);
    let door = Door::new(Arc::clone(&town) as Arc<dyn World>, permit, port);
    let start = Instant::now();
    let detected = detect(&door, Some("example.org"), &Fingerprints::builtin(), limits).await;
    let cost = Cost {
        calls: town.calls.load(Ordering::Relaxed),
        at_once: town.most.load(Ordering::Relaxed),
        time: start.elapsed(),
    };
    (detected, cost)
}

/// Says something, and hears whatever it is told after that.
pub(super) async fn say(mut stream: DuplexStream, words: &[u8]) {
    if stream.write_all(words).await.is_ok() {
        hear_out(&mut stream).await;
    }
}

/// Answers what it is asked, if it knows an answer, and says nothing else.
pub(super) async fn answer(mut stream: DuplexStream, answers: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    let mut heard = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut heard).await {
        if let Some(words) = answers(&heard[..length])
            && stream.write_all(&words).await.is_err()
        {
            return;
        }
    }
}

/// Hears until the other side has left.
pub(super) async fn hear_out(stream: &mut DuplexStream) {
    let mut heard = [0; 1024];
    while let Ok(1..) = stream.read(&mut heard).await {}
}

/// A connection that is counted while it is held.
struct Counted {
    stream: DuplexStream,
    open: Arc<AtomicUsize>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl World for Town {
    fn dial(&self, _: Permit, _: u16, _: Duration) -> Answer<'_, Result<Connection, Unreached>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let Some(manner) = &self.manner else {
            return Box::pin(ready(Err(Unreached::Connection("connection refused".into()))));
        };
        let (ours, theirs) = tokio::io::duplex(ON_THE_WAY);
        tokio::spawn(manner(theirs));
        self.most.fetch_max(1 + self.open.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let counted = Counted { stream: ours, open: Arc::clone(&self.open) };
        Box::pin(ready(Ok(Box::new(counted) as Connection)))
    }

    fn resolve<'a>(&'a self, _: &'a Name) -> Answer<'a, Result<Vec<IpAddr>, Unresolved>> {
        Box::pin(ready(Err(Unresolved::NotFound)))
    }

    fn ask<'a>(
        &'a self,
        _: Permit,
        _: u16,
        _: &'a [u8],
        _: Duration,
    ) -> Answer<'a, io::Result<Option<Vec<u8>>>> {
        Box::pin(ready(Ok(None)))
    }

    fn scan(
        &self,
        _: Order,
        _: mpsc::Sender<Vec<Found>>,
        _: CancellationToken,
    ) -> Answer<'_, Result<Summary, Error>> {
        unreachable!("a service is no scan")
    }

    fn scan_udp(
        &self,
        _: Order,
        _: mpsc::Sender<Vec<Found>>,
        _: CancellationToken,
    ) -> Answer<'_, Result<Summary, Error>> {
        unreachable!("a service is no scan")
    }

    fn scan_syn(
        &self,
        _: Order,
        _: mpsc::Sender<Vec<Found>>,
        _: CancellationToken,
    ) -> Answer<'_, Result<Summary, Error>> {
        unreachable!("a service is no scan")
    }

    fn screenshot(&self, _: Shot) -> Answer<'_, Result<Screenshot, Unshot>> {
        Box::pin(ready(Err(Unshot::NoBrowser)))
    }

    fn ping(&self, _: Permit, _: Echo) -> Answer<'_, io::Result<Option<Echoed>>> {
        Box::pin(ready(Ok(None)))
    }

    fn query<'a>(&'a self, _: &'a Question) -> Answer<'a, Result<Reply, Unanswered>> {
        Box::pin(ready(Ok(Reply::default())))
    }

    fn transfer<'a>(&'a self, _: Permit, _: &'a Owner) -> Answer<'a, Result<Vec<Record>, Untransferred>> {
        Box::pin(ready(Err(Untransferred::TimedOut)))
    }

    fn certified<'a>(&'a self, _: Permit, _: u16, _: &'a Host) -> Answer<'a, Result<Vec<String>, Unreached>> {
        Box::pin(ready(Err(Unreached::TimedOut)))
    }

    fn consult<'a>(&'a self, _: &'a Visit) -> Answer<'a, Result<Page, Unreached>> {
        Box::pin(ready(Err(Unreached::TimedOut)))
    }

    fn visit<'a>(&'a self, _: &'a Visit) -> Answer<'a, Result<Page, Unreached>> {
        Box::pin(ready(Err(Unreached::TimedOut)))
    }
}
