//! Clients that take their time.

use std::{net::SocketAddr, time::Duration};

use futures::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{Instant, interval, timeout},
};

/// Far longer than the server bears any of them.
const LIMIT: Duration = Duration::from_mins(1);
/// Time between two drops.
const DRIP: Duration = Duration::from_secs(1);
/// The smallest buffer that a client can have for what it does not read.
const SMALL: u32 = 4 << 10;

/// Says nothing; when the last one was closed.
pub(super) async fn silent(server: SocketAddr, count: usize) -> Duration {
    drip(server, count, "", "").await
}

/// Says half a head, a letter a second.
pub(super) async fn heads(server: SocketAddr, count: usize) -> Duration {
    drip(server, count, "GET /api/v1/healthcheck/ HTTP/1.1\r\nhost: atalaya\r\nx-slow: ", "a").await
}

/// Sends a body, a few bytes a second.
pub(super) async fn bodies(server: SocketAddr, count: usize) -> Duration {
    let head = "POST /api/v1/auth/login/ HTTP/1.1\r\nhost: atalaya\r\ncontent-type: application/json\r\n\
                content-length: 60000\r\n\r\n{\"email\":\"";
    drip(server, count, head, "aaaaaaaa").await
}

/// Asks for an image and reads nothing of it.
pub(super) async fn readers(server: SocketAddr, count: usize, image: &str, token: &str) -> Vec<TcpStream> {
    let request = format!(
        "GET /api/v1/image/id/{image}/ HTTP/1.1\r\nhost: atalaya\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    let mut readers = Vec::new();
    for _ in 0..count {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(SMALL).expect("a small buffer");
        let mut stream = socket.connect(server).await.expect("the server listens");
        stream.write_all(request.as_bytes()).await.expect("a request");
        readers.push(stream);
    }
    readers
}

async fn drip(server: SocketAddr, count: usize, first: &str, more: &str) -> Duration {
    let begin = Instant::now();
    join_all((0..count).map(|_| hold(server, first, more))).await;
    begin.elapsed()
}

/// Holds a connection for as long as the server lets it.
async fn hold(server: SocketAddr, first: &str, more: &str) {
    let (mut from, mut to) = TcpStream::connect(server).await.expect("the server listens").into_split();
    let keep_on = async {
        let mut drops = interval(DRIP);
        let mut sent = to.write_all(first.as_bytes()).await;
        while sent.is_ok() {
            drops.tick().await;
            sent = to.write_all(more.as_bytes()).await;
        }
    };
    let closed = async {
        // Closed or reset, it is over.
        let _all = from.read_to_end(&mut Vec::new()).await;
    };
    let over = async {
        tokio::select! {
            () = keep_on => {}
            () = closed => {}
        }
    };
    timeout(LIMIT, over).await.expect("the server lets go of the slow");
}
