//! The REST door as somebody who expects the worst finds it: whatever happens to a request is an answer or
//! a failure, never a panic.

use std::{net::SocketAddr, time::Duration};

use atalaya_tests::{form::Form, rest::Answer};
use bytes::Bytes;
use http::{
    Request,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};

/// How long an answer may take: longer than the server's own limit for one call.
const LIMIT: Duration = Duration::from_secs(45);

/// How the document's dialect says that the server can't do its work now.
const UNAVAILABLE: &str = "Service temporarily unavailable. Please try again later.";

/// A caller of REST, with or without a bearer token.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    address: SocketAddr,
    token: Option<String>,
    key: Option<String>,
}

impl Door {
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self { address, token: None, key: None }
    }

    pub(crate) fn with(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// The same caller, whose next request can be repeated.
    pub(crate) fn keyed(&self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, String> {
        self.send("GET", path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer, String> {
        self.send("POST", path, Some(("application/json".to_owned(), body.to_string().into()))).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<Answer, String> {
        self.send("PATCH", path, Some(("application/json".to_owned(), body.to_string().into()))).await
    }

    /// Uploads a picture.
    pub(crate) async fn upload(&self, picture: &[u8]) -> Result<Answer, String> {
        let form = Form::image("picture", "image/*", picture);
        self.send("POST", "/api/v1/image/", Some((form.content_type(), form.end().into()))).await
    }

    async fn send(&self, method: &str, path: &str, body: Option<(String, Bytes)>) -> Result<Answer, String> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, self.address.to_string());
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(key) = &self.key {
            request = request.header(atalaya_proto::IDEMPOTENCY_HEADER, key);
        }
        let mut bytes = Bytes::new();
        if let Some((content_type, body)) = body {
            request = request.header(CONTENT_TYPE, content_type);
            bytes = body;
        }
        let request = request.body(Full::new(bytes)).map_err(|cause| cause.to_string())?;
        match timeout(LIMIT, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer to {method} {path} within {LIMIT:?}")),
        }
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer, String> {
        let stream = TcpStream::connect(self.address).await.map_err(|cause| cause.to_string())?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|cause| cause.to_string())?;
        let _connection = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(connection));
        let (head, body) =
            sender.send_request(request).await.map_err(|cause| cause.to_string())?.into_parts();
        let body = body.collect().await.map_err(|cause| cause.to_string())?.to_bytes();
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }
}

/// Fails the test unless the answer is that the server can't do its work now.
pub(crate) fn unavailable(answer: &Answer) {
    assert_eq!((answer.status, answer.json()), (503, json!({ "description": UNAVAILABLE })), "{answer:?}");
}
