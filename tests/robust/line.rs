//! A line to a server that can be cut, and is there again for whoever calls anew.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_util::task::AbortOnDropHandle;

/// Stands between a server and who calls it.
pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    cut: watch::Sender<()>,
    connections: Arc<AtomicUsize>,
    _listening: AbortOnDropHandle<()>,
}

impl Line {
    /// To the server at this address.
    pub(crate) async fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (cut, cuts) = watch::channel(());
        let connections = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&connections);
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let mut cuts = cuts.clone();
                cuts.mark_unchanged();
                tokio::spawn(async move {
                    tokio::select! {
                        () = carry(client, server) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        Self { address, cut, connections, _listening: AbortOnDropHandle::new(listening) }
    }

    /// Ends every connection that there is.
    pub(crate) fn cut(&self) {
        self.cut.send_replace(());
    }

    /// How many there were.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr) {
    if let Ok(mut server) = TcpStream::connect(server).await {
        // Whoever leaves first has seen enough.
        let _ = copy_bidirectional(&mut client, &mut server).await;
    }
}
