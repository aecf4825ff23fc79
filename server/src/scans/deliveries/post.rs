//! One POST over HTTP/1.1 (RFC 9112). Redirects are not followed, and of the answer only the head counts.

use std::{
    fmt::Write,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{
    HeaderMap, Request, Response, StatusCode,
    header::{CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT},
};
use http_body_util::Full;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use ring::hmac;
use tokio::task::JoinSet;

use super::{
    digest::Digest,
    model::{Failed, Taken, Tried},
    sender::{self, Sender},
    shapes,
};
use crate::{
    clock,
    scans::webhooks::model::{Format, Terms},
};

/// Most bytes of an answer's head.
const MAX_HEAD: usize = 16 << 10;
/// Who posts.
const AGENT: &str = concat!("Atalaya/", env!("CARGO_PKG_VERSION"));
const DELIVERY: &str = "x-atalaya-delivery";
const TIMESTAMP: &str = "x-atalaya-timestamp";
const SIGNATURE: &str = "x-atalaya-signature";

/// Posts a digest.
pub(super) async fn post(sender: &Sender, hook: &Terms, id: i64, digest: &Digest, now: SystemTime) -> Tried {
    let target = hook.url.target();
    let request = request(hook, id, digest, now)?;
    let connection = sender::reach(sender, &target).await?;
    let broken = |_| Failed::so_far("the server does not speak HTTP, or broke off");
    let mut builder = http1::Builder::new();
    let shaken = builder.max_buf_size(MAX_HEAD).handshake(TokioIo::new(connection)).await;
    let (mut post, connection) = shaken.map_err(broken)?;
    // Ends with this call, whatever becomes of it.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    judge(&post.send_request(request).await.map_err(broken)?)
}

fn request(hook: &Terms, id: i64, digest: &Digest, now: SystemTime) -> Result<Request<Full<Bytes>>, Failed> {
    let target = hook.url.target();
    let usual = if target.secure { 443 } else { 80 };
    let host = target.host.in_url();
    let host = if target.port == usual { host } else { format!("{host}:{}", target.port) };
    let body = shapes::body(hook, digest).to_string();
    let request = Request::post(target.path)
        .header(HOST, host)
        .header(USER_AGENT, AGENT)
        .header(CONTENT_TYPE, "application/json")
        .header(CONNECTION, "close")
        .header(DELIVERY, id);
    let request = match (&hook.secret, hook.format) {
        (Some(secret), Format::Generic) => {
            let timestamp = (clock::to_millis(now) / 1000).to_string();
            let signature = signature(secret, &timestamp, &body);
            request.header(TIMESTAMP, timestamp).header(SIGNATURE, signature)
        }
        _ => request,
    };
    request.body(Full::new(body.into())).map_err(|_| Failed::for_good("the address is none for HTTP"))
}

/// HMAC-SHA-256 over `TIMESTAMP.BODY`.
fn signature(secret: &str, timestamp: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{timestamp}.{body}").as_bytes());
    tag.as_ref().iter().fold("sha256=".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn judge(response: &Response<Incoming>) -> Tried {
    let status = response.status();
    if status.is_success() {
        return Ok(Taken::whole(status.as_u16()));
    }
    let why = format!("the server answered {status}");
    let failed = if is_passing(status) {
        Failed { retry_after: retry_after(response.headers()), ..Failed::so_far(why) }
    } else {
        Failed::for_good(why)
    };
    Err(failed.answered(status.as_u16()))
}

/// Whether such an answer may be another one later.
fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
}

/// Seconds; dates are too rare to be read.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_that_receivers_compute() {
        // python3 -c "import hmac; print(hmac.new(b'0123456789abcdef', b'1763116200.{}', 'sha256').hexdigest())"
        assert_eq!(
            signature("0123456789abcdef", "1763116200", "{}"),
            "sha256=eec09d0bbd4fd29b795bf64649b4ef2771c1917b4d2f419fbe4568da8c4c8d00"
        );
    }

    #[test]
    fn what_passes_is_tried_again_and_what_stays_is_not() {
        for (status, passing) in [
            (500, true),
            (503, true),
            (429, true),
            (408, true),
            (301, false),
            (302, false),
            (400, false),
            (401, false),
            (404, false),
            (410, false),
        ] {
            let status = StatusCode::from_u16(status).expect("a status");
            assert_eq!(is_passing(status), passing, "{status}");
        }
    }
}
