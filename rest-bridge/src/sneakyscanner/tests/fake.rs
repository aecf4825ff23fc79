//! A server that answers each method as it is told, and remembers what it was asked.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use atalaya_client::Api;
use atalaya_proto::{ERROR_DOMAIN, errors::v1::Reason};
use axum::{Router, body::Body, extract::Request, response::Response};
use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body::Frame;
use http_body_util::StreamBody;
use prost::Message;
use serde_json::Value;
use tonic::{Code, Status, service::Routes};
use tonic_types::{ErrorDetails, StatusExt};
use tower::ServiceExt;

use super::super::router;
use crate::{Door, Settings};

/// The session that every signed request has.
pub(super) const SESSION: &str = "session=ato_x";

type Script = BTreeMap<&'static str, Result<Vec<Vec<u8>>, Status>>;
type Heard = Arc<Mutex<Vec<(String, Bytes)>>>;

/// The server and the bridge before it.
#[derive(Default)]
pub(super) struct Fake {
    script: Script,
    heard: Heard,
    pub(super) settings: Settings,
}

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub(super) fn header(&self, name: impl http::header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }
}

impl Fake {
    /// That answers a method, such as `ScanService/GetScan`, with a message, or with several one after the other.
    pub(super) fn says<M: Message>(
        mut self,
        method: &'static str,
        messages: impl IntoIterator<Item = M>,
    ) -> Self {
        let messages = messages.into_iter().map(|message| message.encode_to_vec()).collect();
        self.script.insert(method, Ok(messages));
        self
    }

    /// That refuses a method for a reason.
    pub(super) fn refuses(mut self, method: &'static str, code: Code, reason: Reason) -> Self {
        let metadata = [("id".to_owned(), "42".to_owned()), ("detail".to_owned(), "no such file".to_owned())];
        let details = ErrorDetails::with_error_info(reason.token(), ERROR_DOMAIN, metadata);
        self.script.insert(method, Err(Status::with_error_details(code, "the server's words", details)));
        self
    }

    /// What a method was last asked.
    pub(super) fn heard<M: Message + Default>(&self, method: &str) -> M {
        let heard = self.heard.lock().expect("nobody panicked");
        let (_, message) = heard.iter().rev().find(|(name, _)| name == method).expect("it was asked");
        M::decode(&message[5..]).expect("a message")
    }

    /// How many calls were made.
    pub(super) fn calls(&self) -> usize {
        self.heard.lock().expect("nobody panicked").len()
    }

    pub(super) async fn send(&self, request: http::request::Builder, body: impl Into<Body>) -> Answer {
        let (script, heard) = (self.script.clone(), Arc::clone(&self.heard));
        let server = Router::new().fallback(async move |call: Request| {
            let path = call.uri().path().trim_start_matches("/atalaya.scans.v1.").to_owned();
            let message = axum::body::to_bytes(call.into_body(), 1 << 20).await.expect("a call");
            let answer = script.get(path.as_str()).cloned();
            heard.lock().expect("nobody panicked").push((path, message));
            match answer {
                Some(Ok(messages)) => stream_of(messages),
                Some(Err(status)) => status.into_http(),
                None => Status::unimplemented("not in the script").into_http(),
            }
        });
        let api = Api::in_process(Routes::from(server));
        answer(Door { api, settings: Arc::new(self.settings.clone()) }, request, body).await
    }

    /// As the operator.
    pub(super) async fn signed(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        self.send(ask(method, path).header(header::COOKIE, SESSION), body).await
    }
}

/// A bridge whose server nobody runs.
pub(super) async fn lonely(request: http::request::Builder, body: impl Into<Body>) -> Answer {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let api = Api::connect(&address).expect("an address");
    answer(Door { api, settings: Arc::default() }, request, body).await
}

pub(super) fn ask(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path)
}

async fn answer(door: Door, request: http::request::Builder, body: impl Into<Body>) -> Answer {
    let request = request.header(header::HOST, "a.example").body(body.into()).expect("a request");
    let response: Response = router(door).oneshot(request).await.expect("infallible");
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let text = String::from_utf8(body.to_vec()).expect("text");
    Answer { status: parts.status, headers: parts.headers, text }
}

/// A gRPC stream.
fn stream_of(messages: Vec<Vec<u8>>) -> Response {
    let frame = |message: Vec<u8>| {
        let length = u32::try_from(message.len()).expect("a small message");
        Frame::data(Bytes::from([&[0][..], &length.to_be_bytes(), &message].concat()))
    };
    let end = (HeaderName::from_static("grpc-status"), HeaderValue::from_static("0"));
    let end = Frame::trailers(HeaderMap::from_iter([end]));
    let frames = messages.into_iter().map(frame).chain([end]).map(Ok::<_, Infallible>);
    let body = Body::new(StreamBody::new(stream::iter(frames.collect::<Vec<_>>())));
    Response::builder().header("content-type", "application/grpc").body(body).expect("an answer")
}
