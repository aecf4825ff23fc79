//! An HTTP/1.1 client that hides nothing: no cookies of its own, no redirects, a connection for each request.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request,
    header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, SET_COOKIE},
};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{form::Form, wait::PATIENCE};

/// The name of the session's cookie.
pub const COOKIE_NAME: &str = "access_token";
/// The same, of the operator of site scans.
pub const OPERATOR_COOKIE: &str = "session";

/// A REST server.
#[derive(Clone, Copy, Debug)]
pub struct Rest {
    address: SocketAddr,
}

/// A request that is being put together.
#[derive(Debug)]
pub struct Ask {
    address: SocketAddr,
    request: Request<Full<Bytes>>,
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Rest {
    /// The server at this address.
    pub fn at(address: SocketAddr) -> Self {
        Self { address }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request with this method, for this path and query as they are.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        let request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).expect("a method"))
            .uri(path)
            .header(HOST, self.address.to_string())
            .body(Full::default())
            .expect("a request");
        Ask { address: self.address, request }
    }

    /// GET.
    pub fn get(&self, path: &str) -> Ask {
        self.ask("GET", path)
    }

    /// POST.
    pub fn post(&self, path: &str) -> Ask {
        self.ask("POST", path)
    }

    /// PATCH.
    pub fn patch(&self, path: &str) -> Ask {
        self.ask("PATCH", path)
    }

    /// DELETE.
    pub fn delete(&self, path: &str) -> Ask {
        self.ask("DELETE", path)
    }

    /// Sends bytes as they are, says that there are no more, and reads until the server closes.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("the server listens");
        stream.write_all(bytes).await.expect("the server reads");
        stream.shutdown().await.expect("the connection is open");
        let mut answer = Vec::new();
        // A server that cuts the connection has answered before, or not at all.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes");
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Ask {
    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_ref()).expect("a header's name");
        self.request.headers_mut().append(name, HeaderValue::from_bytes(value.as_ref()).expect("a header"));
        self
    }

    /// With the session's cookie.
    #[must_use]
    pub fn cookie(self, token: &str) -> Self {
        self.header(COOKIE, format!("{COOKIE_NAME}={token}"))
    }

    /// With a bearer token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header(AUTHORIZATION, format!("Bearer {token}"))
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header(CONTENT_TYPE, "application/json").body(body.to_string())
    }

    /// With a form as pages send it that have no files.
    #[must_use]
    pub fn url_encoded(self, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
    }

    /// With a form.
    #[must_use]
    pub fn form(self, form: Form) -> Self {
        self.header(CONTENT_TYPE, form.content_type()).body(form.end())
    }

    /// With these bytes.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = Full::new(bytes.into());
        self
    }

    /// The request itself.
    pub fn into_request(self) -> Request<Full<Bytes>> {
        self.request
    }

    /// Sends it and reads the answer.
    pub async fn send(self) -> Answer {
        timeout(PATIENCE, self.exchange()).await.expect("the server answers in time")
    }

    async fn exchange(self) -> Answer {
        let stream = TcpStream::connect(self.address).await.expect("the server listens");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
        let connection = tokio::spawn(connection);
        let response = sender.send_request(self.request).await.expect("an answer");
        let (head, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        connection.abort();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }
}

impl Answer {
    /// A header as text; empty when it is not there.
    pub fn header(&self, name: impl http::header::AsHeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// `{"description": ..}` of a failure.
    pub fn description(&self) -> String {
        self.json()["description"].as_str().expect("a description").to_owned()
    }

    /// The token that the answer sets as its cookie; empty when it clears it, `None` when it does neither.
    pub fn set_token(&self) -> Option<String> {
        self.set_session().filter(|(name, _)| name == COOKIE_NAME).map(|(_, token)| token)
    }

    /// The same with the cookie's name, also of the operator of site scans.
    pub fn set_session(&self) -> Option<(String, String)> {
        let cookie = self.headers.get(SET_COOKIE)?.to_str().expect("ASCII");
        let (name, value) = cookie.split_once('=')?;
        let is_session = [COOKIE_NAME, OPERATOR_COOKIE].contains(&name);
        is_session.then(|| (name.to_owned(), value.split(';').next().unwrap_or_default().to_owned()))
    }

    /// Fails the test unless the answer has this status.
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }
}
