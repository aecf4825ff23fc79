//! Accepting without end: a failure neither stops the loop nor makes it spin.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::{Instant, sleep},
};

/// Connections that the kernel keeps until they are accepted.
pub const BACKLOG: u32 = 1_024;
/// The pause after a first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A burst of failures is logged once in this time.
const BURST: Duration = Duration::from_mins(1);

/// Listens on `address` with a backlog of [`BACKLOG`]. Errors are the system's: taken, forbidden, not here.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart need not wait for the last run's closed connections.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// The next connection, whatever happens before it comes.
pub(super) async fn accept(listener: &TcpListener, patience: &mut Patience) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                patience.pause = Duration::ZERO;
                return (stream, SocketAddr::new(peer.ip().to_canonical(), peer.port()));
            }
            Err(error) if is_of_one_connection(&error) => tracing::debug!(%error, "a connection went away"),
            Err(error) => sleep(patience.after(&error)).await,
        }
    }
}

/// The peer left before it was accepted; nothing is wrong here.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}

/// How long to wait after failures, such as no file descriptors left, and when to speak of them.
#[derive(Debug, Default)]
pub(super) struct Patience {
    pause: Duration,
    spoke: Option<Instant>,
}

impl Patience {
    /// The pause after `error`, which is logged if it is the first in a while.
    fn after(&mut self, error: &io::Error) -> Duration {
        if self.is_news() {
            tracing::warn!(%error, "cannot accept connections; trying again");
        }
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        self.pause
    }

    fn is_news(&mut self) -> bool {
        let news = self.spoke.is_none_or(|at| at.elapsed() >= BURST);
        if news {
            self.spoke = Some(Instant::now());
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_second_and_no_further() {
        let mut patience = Patience::default();
        let error = io::Error::from_raw_os_error(nix::libc::EMFILE);
        assert!(!is_of_one_connection(&error));
        let pauses: Vec<_> = (0..9).map(|_| patience.after(&error).as_millis()).collect();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_news_once_a_minute() {
        let mut patience = Patience::default();
        let news: Vec<_> = [patience.is_news(), patience.is_news()].into();
        sleep(BURST).await;
        assert_eq!((news, patience.is_news(), patience.is_news()), (vec![true, false], true, false));
    }

    #[tokio::test]
    async fn a_success_forgets_the_pauses_and_the_peer_is_canonical() {
        let listener = listen("[::1]:0".parse().unwrap()).or_else(|_| listen("127.0.0.1:0".parse().unwrap()));
        let listener = listener.unwrap();
        let mut patience = Patience { pause: LONGEST_PAUSE, spoke: None };
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (_stream, peer) = accept(&listener, &mut patience).await;
        assert_eq!((patience.pause, peer), (Duration::ZERO, client.local_addr().unwrap()));
    }
}
