//! One page of one server, over HTTP/1.1 on a connection of our own: to the address that was checked, and no other.

use std::{
    io::{self, Write},
    time::Duration,
};

use bytes::Bytes;
use flate2::write::GzDecoder;
use http::{
    HeaderMap, HeaderName, Request, Response,
    header::{
        ACCEPT, ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HOST, LOCATION, USER_AGENT,
    },
};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinSet,
    time::timeout,
};

use super::tls;
use crate::network::web::{MAX_PAGE, Page, Unreached, Visit};

/// How long a page may take, however slowly it drips.
const DEADLINE: Duration = Duration::from_secs(8);
/// Most bytes of a head.
const MAX_HEAD: usize = 64 << 10;
/// Most bytes of a body on the wire, packed or not.
const MAX_WIRE: usize = MAX_PAGE;
/// Longest value of a header that is looked at.
const MAX_VALUE: usize = 4096;
/// What ends a title.
const TITLE_END: &[u8] = b"</title";
/// Who asks.
const AGENT: &str = concat!("Mozilla/5.0 (compatible; Atalaya/", env!("CARGO_PKG_VERSION"), ")");

/// Asks for a page and reads as much of it as there may be of it.
pub(super) async fn visit(visit: &Visit) -> Result<Page, Unreached> {
    timeout(DEADLINE, async {
        let stream = tls::connect(visit.server, visit.port, tls::CONNECT).await?;
        if visit.secure {
            exchange(tls::secure(stream, &visit.host).await?, visit).await
        } else {
            exchange(stream, visit).await
        }
    })
    .await
    .map_err(|_| Unreached::TimedOut)?
}

async fn exchange<S>(stream: S, visit: &Visit) -> Result<Page, Unreached>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let request = request(visit)?;
    let mut builder = http1::Builder::new();
    let shaken = builder.max_buf_size(MAX_HEAD).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|error| broken(&error))?;
    // Ends with this call, whatever becomes of it.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
    read(response).await
}

fn request(visit: &Visit) -> Result<Request<Empty<Bytes>>, Unreached> {
    let usual = if visit.secure { 443 } else { 80 };
    let host = visit.host.in_url();
    let host = if visit.port == usual { host } else { format!("{host}:{}", visit.port) };
    Request::get(visit.path.as_str())
        .header(HOST, host)
        .header(USER_AGENT, AGENT)
        .header(ACCEPT, "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1")
        .header(ACCEPT_ENCODING, "gzip")
        .header(CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| Unreached::Http(error.to_string()))
}

async fn read(response: Response<Incoming>) -> Result<Page, Unreached> {
    let (head, mut body) = response.into_parts();
    let mut page = Page {
        status: head.status.as_u16(),
        location: value(&head.headers, &LOCATION),
        content_type: value(&head.headers, &CONTENT_TYPE),
        body: Vec::new(),
    };
    // What only points elsewhere has nothing to read.
    if head.status.is_redirection() && page.location.is_some() {
        return Ok(page);
    }
    let mut unpacked = Unpacked::of(value(&head.headers, &CONTENT_ENCODING).as_deref());
    let mut left = MAX_WIRE;
    while let Some(frame) = body.frame().await {
        // A page that breaks off may have had its title already.
        let Ok(frame) = frame else { break };
        let Some(data) = frame.data_ref() else { continue };
        let data = &data[..data.len().min(left)];
        left -= data.len();
        if !unpacked.take(data) || left == 0 {
            break;
        }
    }
    page.body = unpacked.into_bytes();
    Ok(page)
}

fn value(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.as_bytes();
    (value.len() <= MAX_VALUE).then(|| String::from_utf8_lossy(value).trim().to_owned())
}

fn broken(error: &hyper::Error) -> Unreached {
    Unreached::Http(error.to_string())
}

/// A body as it is read, no longer than it may be.
enum Unpacked {
    Plain(Capped),
    Gzip(Box<GzDecoder<Capped>>),
}

impl Unpacked {
    fn of(encoding: Option<&str>) -> Self {
        match encoding.map(str::to_ascii_lowercase).as_deref() {
            Some("gzip" | "x-gzip") => Self::Gzip(Box::new(GzDecoder::new(Capped::default()))),
            _ => Self::Plain(Capped::default()),
        }
    }

    /// Takes the next bytes; whether more is wanted.
    fn take(&mut self, data: &[u8]) -> bool {
        match self {
            Self::Plain(capped) => capped.write_all(data).is_ok() && !capped.is_enough(),
            // What is packed wrongly is of no use from there on.
            Self::Gzip(decoder) => {
                decoder.write_all(data).is_ok() && decoder.flush().is_ok() && !decoder.get_mut().is_enough()
            }
        }
    }

    fn into_bytes(mut self) -> Vec<u8> {
        match &mut self {
            Self::Plain(capped) => std::mem::take(&mut capped.bytes),
            Self::Gzip(decoder) => std::mem::take(&mut decoder.get_mut().bytes),
        }
    }
}

/// Takes [`MAX_PAGE`] bytes and refuses the next.
#[derive(Default)]
struct Capped {
    bytes: Vec<u8>,
    looked_at: usize,
}

impl Capped {
    /// Whether the end of a title is there. What was looked at before is not looked at again.
    fn is_enough(&mut self) -> bool {
        let from = self.looked_at.saturating_sub(TITLE_END.len());
        self.looked_at = self.bytes.len();
        self.bytes[from..].windows(TITLE_END.len()).any(|window| window.eq_ignore_ascii_case(TITLE_END))
    }
}

impl Write for Capped {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let room = MAX_PAGE - self.bytes.len();
        if room == 0 && !data.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = data.len().min(room);
        self.bytes.extend_from_slice(&data[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
