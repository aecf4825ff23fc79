//! The only way out of a browser: an HTTP proxy for one picture, which asks the policy before every connection, and
//! connects to the very address that was allowed.

use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    net::{IpAddr, Ipv4Addr},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use futures::{StreamExt, stream::FuturesUnordered};
use http::{Method, Request, Response, StatusCode, Uri, header::PROXY_AUTHORIZATION};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

use super::{
    forward::{self, Body, notice},
    meter::{Budget, Metered},
};
use crate::network::{
    World,
    model::Host,
    shot::{Shot, Unshot},
    targets::{
        Denied, Permit,
        model::{Class, Rule},
    },
    web::Unreached,
    world::Unresolved,
};

/// Connections of the browser at once; it opens 32 to a proxy.
const MAX_OPEN: usize = 64;
/// Connections to others for one picture.
const MAX_DIALS: u32 = 1000;
/// Bytes both ways for one picture.
const MAX_BYTES: u64 = 64 << 20;
/// Addresses of a host that are tried.
const MAX_TRIES: usize = 3;
/// Most hosts that were refused and are remembered.
const MAX_REMEMBERED: usize = 256;
/// How long a connection to others may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(10);
/// Most bytes of a head.
const MAX_HEAD: usize = 64 << 10;
/// Where pages are whose address has no port.
const HTTP: u16 = 80;
/// How long nobody is let in when no connection can be taken.
const BREATH: Duration = Duration::from_millis(50);
/// Who the browser is to the proxy.
pub(super) const USER: &str = "atalaya";

/// Why there is no connection, or no answer.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    /// The policy's word.
    #[error(transparent)]
    Denied(Denied),
    /// Not a host.
    #[error("there is no such host")]
    NoHost,
    /// As many as there may be.
    #[error("the page wants more connections than there may be")]
    Enough,
    /// Nobody is there.
    #[error("{0}")]
    Unresolved(Unresolved),
    /// Nobody who listens, or who speaks HTTP.
    #[error("{0}")]
    Unreached(Unreached),
}

/// What was refused, and what failed.
#[derive(Default)]
struct Ledger {
    denied: u32,
    hosts: HashMap<(String, u16), Denied>,
    first_denial: Option<Denied>,
    first_failure: Option<Unshot>,
}

/// The proxy of one picture.
pub(super) struct Proxy<'a> {
    world: &'a dyn World,
    shot: &'a Shot,
    listener: TcpListener,
    port: u16,
    secret: String,
    budget: Budget,
    dials: AtomicU32,
    ledger: Mutex<Ledger>,
    /// What goes on between the browser and others; ends with this value.
    lines: Mutex<JoinSet<()>>,
}

impl<'a> Proxy<'a> {
    /// Opens one on a port of loopback, for whoever knows its secret.
    pub(super) async fn open(world: &'a dyn World, shot: &'a Shot) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let mut random = [0; 24];
        SystemRandom::new().fill(&mut random).map_err(|_| io::Error::other("no random bytes"))?;
        Ok(Self {
            world,
            shot,
            listener,
            port,
            secret: STANDARD.encode(random),
            budget: Budget::new(MAX_BYTES),
            dials: AtomicU32::new(0),
            ledger: Mutex::default(),
            lines: Mutex::default(),
        })
    }

    /// Where the browser finds it.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What opens it.
    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// How many connections the policy has refused.
    pub(super) fn denied(&self) -> u32 {
        self.ledger().denied
    }

    /// The policy's first word against a page, if there was one.
    pub(super) fn first_denial(&self) -> Option<Denied> {
        self.ledger().first_denial
    }

    /// Why there was no connection for the first time, the policy apart.
    pub(super) fn first_failure(&self) -> Option<Unshot> {
        self.ledger().first_failure.clone()
    }

    /// The policy's word against what is at an address of the web, if there was one.
    pub(super) fn denial_of(&self, url: &str) -> Option<Denied> {
        let url = url::Url::parse(url).ok()?;
        let host: Host = bare(url.host_str()?).parse().ok()?;
        self.ledger().hosts.get(&(host.to_string(), url.port_or_known_default()?)).copied()
    }

    /// Serves the browser, and never ends by itself.
    pub(super) async fn serve(&self) -> Infallible {
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if open.len() < MAX_OPEN => match accepted {
                    Ok((stream, _)) => open.push(self.converse(stream)),
                    Err(_) => sleep(BREATH).await,
                },
                Some(()) = open.next(), if !open.is_empty() => {}
            }
        }
    }

    async fn converse(&self, stream: TcpStream) {
        // Else the end of an answer waits until the browser acknowledges its beginning. Without it all is only slower.
        let _slow = stream.set_nodelay(true);
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_HEAD).timer(TokioTimer::new()).header_read_timeout(HEAD);
        let service = service_fn(move |request| self.answer(request));
        // One that breaks off is the browser's affair.
        let _ended = builder.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    }

    /// An answer, or none at all: what a proxy says of who does not answer would be drawn as if it were the site's.
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        if !self.knows(&request) {
            return Ok(forward::challenge());
        }
        let is_tunnel = request.method() == Method::CONNECT;
        let answered = if is_tunnel { self.tunnel(request).await } else { self.forward(request).await };
        match answered {
            Err(Refusal::Denied(_)) => Ok(notice(StatusCode::FORBIDDEN, "This page may not lead there.\n")),
            Err(refusal) => {
                self.note_failure(&refusal);
                if is_tunnel { Ok(notice(StatusCode::BAD_GATEWAY, "")) } else { Err(refusal) }
            }
            Ok(answer) => Ok(answer),
        }
    }

    /// Whether it is our browser that asks.
    fn knows(&self, request: &Request<Incoming>) -> bool {
        let said = request.headers().get(PROXY_AUTHORIZATION).map(http::HeaderValue::as_bytes);
        let credential = said.and_then(|said| said.strip_prefix(b"Basic "));
        let decoded = credential.and_then(|credential| STANDARD.decode(credential).ok());
        decoded.is_some_and(|decoded| decoded == format!("{USER}:{}", self.secret).into_bytes())
    }

    /// Bytes both ways, as they are.
    async fn tunnel(&self, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        let mut far = self.reach(request.uri(), None).await?;
        self.lines().spawn(async move {
            if let Ok(near) = hyper::upgrade::on(request).await {
                // Either side may break off.
                let _ended = tokio::io::copy_bidirectional(&mut TokioIo::new(near), &mut far).await;
            }
        });
        Ok(notice(StatusCode::OK, ""))
    }

    /// One request and its answer, in the clear.
    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        if request.uri().scheme_str() != Some("http") {
            return Err(Refusal::NoHost);
        }
        let far = self.reach(request.uri(), Some(HTTP)).await?;
        let exchange = forward::exchange(far, request, |driver| drop(self.lines().spawn(driver)));
        exchange.await.map_err(|error| Refusal::Unreached(Unreached::Http(error.to_string())))
    }

    /// A connection to where an address of the web points, if the policy lets it be made.
    async fn reach(&self, uri: &Uri, usual: Option<u16>) -> Result<Metered, Refusal> {
        let authority = uri.authority().ok_or(Refusal::NoHost)?;
        let port = authority.port_u16().or(usual).ok_or(Refusal::NoHost)?;
        let host: Host = bare(authority.host()).parse().map_err(|_| Refusal::NoHost)?;
        if self.dials.fetch_add(1, Ordering::Relaxed) >= MAX_DIALS {
            return Err(Refusal::Enough);
        }
        let connected = self.connect(&host, port).await;
        if let Err(Refusal::Denied(denied)) = &connected {
            self.note(&host, port, *denied);
        }
        connected
    }

    async fn connect(&self, host: &Host, port: u16) -> Result<Metered, Refusal> {
        let mut failed = Refusal::Unresolved(Unresolved::NotFound);
        for permit in self.permits(host).await?.into_iter().take(MAX_TRIES) {
            permit.socket(port).map_err(Refusal::Denied)?;
            self.spare_ourselves(permit, port)?;
            match self.world.dial(permit, port, CONNECT).await {
                Ok(stream) => return Ok(Metered::new(stream, self.budget.clone())),
                Err(Unreached::Denied(denied)) => return Err(Refusal::Denied(denied)),
                Err(why) => failed = Refusal::Unreached(why),
            }
        }
        Err(failed)
    }

    /// Permits for every address of a host. One that is denied denies them all.
    async fn permits(&self, host: &Host) -> Result<Vec<Permit>, Refusal> {
        if *host == self.shot.host {
            return Ok(vec![self.shot.server]);
        }
        let addresses: Vec<IpAddr> = match host {
            Host::Address(address) => vec![*address],
            Host::Name(name) => self.world.resolve(name).await.map_err(Refusal::Unresolved)?,
        };
        let asked = addresses.into_iter().map(|address| (self.shot.ask)(address));
        asked.collect::<Result<_, _>>().map_err(Refusal::Denied)
    }

    /// Where this proxy itself listens nobody is led.
    fn spare_ourselves(&self, permit: Permit, port: u16) -> Result<(), Refusal> {
        let address = permit.address();
        let is_ours = port == self.port && (address.is_loopback() || address.is_unspecified());
        let denied = Denied { address, class: Class::Own, rule: Rule::Class };
        if is_ours { Err(Refusal::Denied(denied)) } else { Ok(()) }
    }

    fn note(&self, host: &Host, port: u16, denied: Denied) {
        tracing::debug!(%host, port, %denied, "a page was kept from a host");
        let mut ledger = self.ledger();
        ledger.denied = ledger.denied.saturating_add(1);
        ledger.first_denial.get_or_insert(denied);
        if ledger.hosts.len() < MAX_REMEMBERED {
            ledger.hosts.insert((host.to_string(), port), denied);
        }
    }

    fn note_failure(&self, refusal: &Refusal) {
        let is_late = matches!(
            refusal,
            Refusal::Unreached(Unreached::TimedOut) | Refusal::Unresolved(Unresolved::TimedOut)
        );
        let failure = if is_late { Unshot::TimedOut } else { Unshot::Unreached(refusal.to_string()) };
        self.ledger().first_failure.get_or_insert(failure);
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lines(&self) -> MutexGuard<'_, JoinSet<()>> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        while lines.try_join_next().is_some() {}
        lines
    }
}

/// A host without the brackets that an IPv6 address has in addresses of the web.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}
