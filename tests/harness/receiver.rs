//! A receiver of webhooks: takes what is posted on a port of this machine, and answers as a test says.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Router, body::Bytes, extract::State, response::IntoResponse};
use http::{HeaderMap, StatusCode, Uri, header};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};

/// What was posted.
#[derive(Clone, Debug)]
pub struct Post {
    /// Path and query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Post {
    /// The body, which is JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

#[derive(Default)]
struct Script {
    posts: Vec<Post>,
    answers: VecDeque<u16>,
}

/// The receiver. It ends when it is dropped.
pub struct Receiver {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    serving: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Receiver {
    /// Opens one, which answers 200 to everything.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let script = Arc::<Mutex<Script>>::default();
        let router = Router::new().fallback(take).with_state(Arc::clone(&script));
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                let service = TowerToHyperService::new(router.clone());
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, script, serving }
    }

    /// An address of it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The next posts are answered with these; what follows them, with 200.
    pub fn answer(&self, statuses: &[u16]) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).answers.extend(statuses);
    }

    /// What was posted so far.
    pub fn posts(&self) -> Vec<Post> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).posts.clone()
    }
}

async fn take(
    State(script): State<Arc<Mutex<Script>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
    let path = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    script.posts.push(Post { path, headers, body });
    let status = StatusCode::from_u16(script.answers.pop_front().unwrap_or(200)).expect("a status");
    // Where redirects point is here, so that whoever follows one is seen.
    (status, [(header::LOCATION, "/followed")])
}
