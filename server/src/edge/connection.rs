//! The life of one connection: HTTP/1 or HTTP/2 by its first bytes, asked to go at its age or at shutdown, cut if it
//! does not.

use std::{
    convert::Infallible,
    future::pending,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::{
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use nix::sys::socket::{setsockopt, sockopt::TcpUserTimeout};
use tokio::{net::TcpStream, select, time::sleep};
use tokio_util::sync::CancellationToken;
use tower::Service;
use uuid::Uuid;

use super::{
    Body, BoxError, Limits,
    calls::Calls,
    sniff::{Protocol, Replay, sniff},
};

/// Header lines of an HTTP/1 request.
const MAX_HEADERS: usize = 100;
/// Bytes of a request's head.
const MAX_HEAD_BYTES: u32 = 16 << 10;
/// Bytes that an HTTP/1 connection buffers each way.
const HTTP1_BUFFER: usize = 64 << 10;
/// Resets by the peer that the server has not yet seen; more is an attack (rapid reset).
const PENDING_RESETS: usize = 20;
/// Streams of a connection that the server reset for errors; more is an attack.
const ERROR_RESETS: usize = 64;
/// Bytes that a peer may send ahead on one stream: 5 MB/s at 100 ms.
const STREAM_WINDOW: u32 = 512 << 10;
/// The same for all streams of a connection.
const CONNECTION_WINDOW: u32 = 1 << 20;
/// Bytes of an answer that wait for the peer, for each stream.
const SEND_BUFFER: usize = 64 << 10;

/// What all connections of a server hear and obey.
pub(super) struct House {
    pub(super) limits: Limits,
    /// Finish what runs, begin nothing.
    pub(super) stop: CancellationToken,
}

/// Serves `stream` until its peer leaves or the house asks.
pub(super) async fn run<S, B>(stream: TcpStream, peer: SocketAddr, service: S, house: Arc<House>)
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let limits = &house.limits;
    let sniffed = select! {
        () = house.stop.cancelled() => return,
        sniffed = begin(stream, limits) => sniffed,
    };
    let (protocol, io) = match sniffed {
        Ok(known) => known,
        Err(error) => return tracing::debug!(%peer, %error, "closed before a protocol was clear"),
    };
    let calls = Calls::new(service, peer, limits);
    let service = service_fn(move |request| calls.answer(request));
    let ended = match protocol {
        Protocol::Http1 => {
            let connection = http1(limits).serve_connection(io, service);
            live(connection, http1::Connection::graceful_shutdown, &house).await
        }
        Protocol::Http2 => {
            let connection = http2(limits).serve_connection(io, service);
            live(connection, http2::Connection::graceful_shutdown, &house).await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, error = &error as &dyn std::error::Error, "a connection failed");
    }
}

async fn begin(stream: TcpStream, limits: &Limits) -> io::Result<(Protocol, Replay)> {
    stream.set_nodelay(true)?;
    let milliseconds = u32::try_from(limits.unacknowledged.as_millis()).unwrap_or(u32::MAX);
    setsockopt(&stream, TcpUserTimeout, &milliseconds)?;
    sniff(stream, limits.first_bytes).await
}

/// Drives a connection to its end: its own, or the one that age or the house puts to it.
async fn live<C>(connection: C, retire: fn(Pin<&mut C>), house: &House) -> hyper::Result<()>
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut connection = pin!(connection);
    let grace = select! {
        // A call that has arrived comes before a reason to go.
        biased;
        ended = connection.as_mut() => return ended,
        // The house has its own clock, and counts who did not finish.
        () = house.stop.cancelled() => None,
        () = sleep(about(house.limits.age)) => Some(house.limits.age_grace),
    };
    retire(connection.as_mut());
    select! {
        ended = connection => ended,
        () = lapse(grace) => Ok(()),
    }
}

async fn lapse(grace: Option<Duration>) {
    match grace {
        Some(grace) => sleep(grace).await,
        None => pending().await,
    }
}

/// A tenth more or less, so that connections made together do not all come back together.
fn about(age: Duration) -> Duration {
    let tenth = age / 10;
    let roll = f64::from(Uuid::new_v4().as_u128() as u32) / f64::from(u32::MAX);
    age.saturating_sub(tenth).saturating_add(tenth.mul_f64(2.0 * roll))
}

fn http1(limits: &Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .keep_alive(true)
        .half_close(false)
        .header_read_timeout(limits.head)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD_BYTES as usize)
        .max_buf_size(HTTP1_BUFFER);
    builder
}

/// Each stream is a task of its own, which hyper ends when the stream or the connection is gone.
fn http2(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(MAX_HEAD_BYTES)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(ERROR_RESETS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(limits.ping_interval)
        .keep_alive_timeout(limits.ping_timeout);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_spread_over_a_tenth_each_way_and_no_further() {
        let ages: Vec<_> = (0..1_000).map(|_| about(Duration::from_secs(1_000)).as_secs()).collect();
        assert!(ages.iter().all(|age| (900..=1_100).contains(age)));
        assert!(ages.iter().any(|&age| age < 950) && ages.iter().any(|&age| age > 1_050));
        assert!(about(Duration::MAX) > Duration::from_secs(u64::MAX / 2));
    }
}
