//! What services say on a connection.

use std::{
    collections::HashMap,
    fmt,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use atalaya_server::network::{targets::Permit, web::Unreached, world::Connection};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// What a service does with each connection.
type Manner = Arc<dyn Fn(DuplexStream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Bytes that may be on their way before the other side has read them.
const ON_THE_WAY: usize = 64 << 10;

/// What a service answers to a datagram.
type Reply = Arc<dyn Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync>;

/// The services. Where nothing was said, nobody listens.
#[derive(Default)]
pub struct Talk {
    streams: Mutex<HashMap<SocketAddr, Manner>>,
    datagrams: Mutex<HashMap<SocketAddr, Reply>>,
}

impl Talk {
    /// A service that does with each connection as it is told here.
    pub fn serve<F: Future<Output = ()> + Send + 'static>(
        &self,
        server: &str,
        manner: impl Fn(DuplexStream) -> F + Send + Sync + 'static,
    ) {
        let manner: Manner = Arc::new(move |stream| Box::pin(manner(stream)));
        let server = server.parse().expect("an address with a port");
        self.streams.lock().unwrap_or_else(PoisonError::into_inner).insert(server, manner);
    }

    /// A service that answers datagrams as it is told here.
    pub fn reply(&self, server: &str, reply: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + Sync + 'static) {
        let server = server.parse().expect("an address with a port");
        self.datagrams.lock().unwrap_or_else(PoisonError::into_inner).insert(server, Arc::new(reply));
    }

    /// A service that greets, and then hears whatever it is told.
    pub fn greet(&self, server: &str, greeting: &[u8]) {
        let greeting = greeting.to_vec();
        self.serve(server, move |mut stream| {
            let greeting = greeting.clone();
            async move {
                let mut heard = [0; 1024];
                if stream.write_all(&greeting).await.is_ok() {
                    while stream.read(&mut heard).await.is_ok_and(|length| length > 0) {}
                }
            }
        });
    }

    pub(super) fn ask(&self, server: Permit, port: u16, datagram: &[u8]) -> Option<Vec<u8>> {
        let server = server.socket(port).ok()?;
        let reply = self.datagrams.lock().unwrap_or_else(PoisonError::into_inner).get(&server).cloned()?;
        reply(datagram)
    }

    pub(super) fn dial(&self, server: Permit, port: u16) -> Result<Connection, Unreached> {
        let server = server.socket(port)?;
        let services = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let manner =
            services.get(&server).ok_or_else(|| Unreached::Connection("connection refused".into()))?;
        let (ours, theirs) = tokio::io::duplex(ON_THE_WAY);
        tokio::spawn(manner(theirs));
        Ok(Box::new(ours))
    }
}

impl fmt::Debug for Talk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Talk").finish_non_exhaustive()
    }
}
