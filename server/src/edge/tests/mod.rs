//! The edge from the street: real sockets on 127.0.0.1, and a service that does what its paths say.

mod capacity;
mod frames;
mod http1;
mod http2;
mod leaving;

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, oneshot},
    task::JoinHandle,
    time::timeout,
};

use super::*;

/// Far longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// A limit that a test waits for.
const BRIEF: Duration = Duration::from_millis(150);
/// A limit that no test reaches.
const AGES: Duration = Duration::from_hours(1);

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("this takes far too long")
}

/// More than the kernel takes from a server whose client does not read.
const LARGE: usize = 64 << 20;

/// The service: `/peer`, `/read`, `/wait` for [`Desk::release`], `/large`, `/panic`.
struct Desk {
    running: AtomicUsize,
    peak: AtomicUsize,
    arrived: Semaphore,
    released: Semaphore,
}

impl Desk {
    fn new() -> Arc<Self> {
        let (running, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { running, peak, arrived: Semaphore::new(0), released: Semaphore::new(0) })
    }

    /// Pends until `calls` more have begun to wait or to read.
    async fn arrivals(&self, calls: u32) {
        soon(self.arrived.acquire_many(calls)).await.unwrap().forget();
    }

    /// Pends until no call is running any more.
    async fn empties(&self) {
        soon(async {
            while self.running.load(Ordering::SeqCst) > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    fn release(&self, calls: usize) {
        self.released.add_permits(calls);
    }

    async fn answer(self: Arc<Self>, request: Request<Body>) -> Result<Response<Full<Bytes>>, Infallible> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(running, Ordering::SeqCst);
        let _leave = Leave(Arc::clone(&self));
        let (status, text) = match request.uri().path() {
            "/peer" => (StatusCode::OK, request.extensions().get::<Peer>().unwrap().0.to_string()),
            "/read" => {
                self.arrived.add_permits(1);
                match request.into_body().collect().await {
                    Ok(all) => (StatusCode::OK, all.to_bytes().len().to_string()),
                    Err(error) => (StatusCode::REQUEST_TIMEOUT, error.to_string()),
                }
            }
            "/wait" => {
                self.arrived.add_permits(1);
                self.released.acquire().await.unwrap().forget();
                (StatusCode::OK, "waited".to_owned())
            }
            "/large" => {
                self.arrived.add_permits(1);
                return Ok(Response::new(Full::from(vec![0; LARGE])));
            }
            path => panic!("asked to panic by {path}"),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        Ok(response)
    }
}

struct Leave(Arc<Desk>);

impl Drop for Leave {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Edge {
    address: SocketAddr,
    desk: Arc<Desk>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Report>,
}

impl Edge {
    fn start(limits: Limits) -> Self {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Desk::new();
        let at_desk = Arc::clone(&desk);
        let service = tower::service_fn(move |request| Arc::clone(&at_desk).answer(request));
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve(listener, service, limits, async { drop(stopped.await) }));
        Self { address, desk, stop, served }
    }

    async fn connect(&self) -> TcpStream {
        soon(TcpStream::connect(self.address)).await.unwrap()
    }

    async fn stop(self) -> Report {
        self.stop.send(()).unwrap();
        soon(self.served).await.unwrap()
    }
}

/// Sends `text` and reads the head and body of one answer, whose length it states.
async fn ask(stream: &mut TcpStream, text: &str) -> io::Result<String> {
    stream.write_all(text.as_bytes()).await?;
    soon(read_answer(stream)).await
}

async fn read_answer(stream: &mut TcpStream) -> io::Result<String> {
    let mut answer = String::new();
    while !answer.ends_with("\r\n\r\n") {
        answer.push(char::from(stream.read_u8().await?));
    }
    let length = answer.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await?;
    Ok(answer + std::str::from_utf8(&body).unwrap())
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: atalaya\r\n\r\n")
}

/// Reads until the server has closed the connection; what still came.
async fn until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    match soon(stream.read_to_end(&mut rest)).await {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
    }
    rest
}
