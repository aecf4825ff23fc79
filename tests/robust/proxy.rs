//! A connection to PostgreSQL that loses the answers to commits: done or not, the server can't know.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};
use tokio_util::task::AbortOnDropHandle;

/// The message by which a client commits ("Message Formats", Query).
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";
/// Bytes that are passed on at once.
const CHUNK: usize = 64 << 10;

/// Stands between the server and its database.
pub(crate) struct Proxy {
    address: SocketAddr,
    loses: Arc<AtomicBool>,
    lost: Arc<AtomicUsize>,
    _listening: AbortOnDropHandle<()>,
}

impl Proxy {
    /// Before the PostgreSQL at this address.
    pub(crate) async fn before(postgres: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (loses, lost) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let (flag, count) = (Arc::clone(&loses), Arc::clone(&lost));
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, postgres, Arc::clone(&flag), Arc::clone(&count)));
            }
        });
        Self { address, loses, lost, _listening: AbortOnDropHandle::new(listening) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the answers to commits are lost, or no longer.
    pub(crate) fn lose_commits(&self, loses: bool) {
        self.loses.store(loses, Ordering::SeqCst);
    }

    /// How many were lost.
    pub(crate) fn lost(&self) -> usize {
        self.lost.load(Ordering::SeqCst)
    }
}

async fn carry(
    client: TcpStream,
    postgres: SocketAddr,
    loses: Arc<AtomicBool>,
    lost: Arc<AtomicUsize>,
) -> io::Result<()> {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = TcpStream::connect(postgres).await?.into_split();
    let commits = AtomicBool::new(false);
    tokio::select! {
        asked = ask(from_client, to_server, &commits, &loses) => asked,
        answered = answer(from_server, to_client, &commits, &lost) => answered,
    }
}

/// Passes on what the client asks, and sees when it is a commit whose answer shall be lost.
async fn ask(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    commits: &AtomicBool,
    loses: &AtomicBool,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = from.read(&mut chunk).await?;
        if length == 0 {
            return Ok(());
        }
        let is_commit = chunk[..length].windows(COMMIT.len()).any(|part| part == COMMIT);
        if is_commit && loses.load(Ordering::SeqCst) {
            commits.store(true, Ordering::SeqCst);
        }
        to.write_all(&chunk[..length]).await?;
    }
}

/// Passes the answers on; the one to such a commit ends the connection instead, once it is there.
async fn answer(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    commits: &AtomicBool,
    lost: &AtomicUsize,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = from.read(&mut chunk).await?;
        if commits.load(Ordering::SeqCst) {
            lost.fetch_add(1, Ordering::SeqCst);
            return Ok(());
        }
        if length == 0 {
            return Ok(());
        }
        to.write_all(&chunk[..length]).await?;
    }
}
