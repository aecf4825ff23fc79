//! One answer of a source of data, over a connection to the address that was checked, and no other.

use std::time::Duration;

use reqwest::{Client, Response, header, redirect::Policy};
use rustls::crypto::ring;
use tokio::time::timeout;

use crate::network::{
    model::Host,
    web::{MAX_SOURCE, Page, Unreached, Visit},
};

/// How long a connection may take, with TLS on it, and all of it: logs of certificates take their time, and whoever
/// asks others has a deadline of his own.
const CONNECT: Duration = Duration::from_secs(3);
const DEADLINE: Duration = Duration::from_secs(20);
/// Who asks.
const AGENT: &str = concat!("Atalaya/", env!("CARGO_PKG_VERSION"));
/// What is understood.
const ACCEPT: &str = "application/rdap+json, application/json";

/// Asks, and reads the whole answer.
pub(super) async fn consult(visit: &Visit) -> Result<Page, Unreached> {
    let asked = async {
        let request = client(visit)?.get(url(visit)).header(header::ACCEPT, ACCEPT);
        read(request.send().await.map_err(|error| broken(&error))?).await
    };
    timeout(DEADLINE, asked).await.map_err(|_| Unreached::TimedOut)?
}

/// One that knows no other address of the host, and goes nowhere by itself.
fn client(visit: &Visit) -> Result<Client, Unreached> {
    // It takes the process's provider of TLS; whoever set one before is right as well.
    let _ = ring::default_provider().install_default();
    let address = visit.server.socket(visit.port)?;
    let builder = Client::builder().no_proxy().redirect(Policy::none()).connect_timeout(CONNECT);
    let builder = match &visit.host {
        Host::Name(name) => builder.resolve(name.as_str(), address),
        Host::Address(_) => builder,
    };
    builder.user_agent(AGENT).http1_only().build().map_err(|error| broken(&error))
}

fn url(visit: &Visit) -> String {
    let scheme = if visit.secure { "https" } else { "http" };
    let host = match &visit.host {
        Host::Name(name) => name.to_string(),
        // The one that was checked, in whatever notation it was asked for.
        Host::Address(_) => match visit.server.address() {
            std::net::IpAddr::V4(v4) => v4.to_string(),
            std::net::IpAddr::V6(v6) => format!("[{v6}]"),
        },
    };
    format!("{scheme}://{host}:{}{}", visit.port, visit.path)
}

async fn read(mut response: Response) -> Result<Page, Unreached> {
    let value = |name| {
        let value = response.headers().get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
        value.map(str::to_owned)
    };
    let (status, location, content_type) =
        (response.status().as_u16(), value(header::LOCATION), value(header::CONTENT_TYPE));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        if body.len() + chunk.len() > MAX_SOURCE {
            return Err(Unreached::Http(format!("the answer has more than {MAX_SOURCE} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Page { status, location, content_type, body })
}

fn broken(error: &reqwest::Error) -> Unreached {
    if error.is_timeout() {
        return Unreached::TimedOut;
    }
    // The outer error names the URL, which is the caller's business; the innermost says what happened.
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let cause = causes.last().map_or_else(|| "the request failed".to_owned(), ToString::to_string);
    if error.is_connect() { Unreached::Connection(cause) } else { Unreached::Http(cause) }
}
