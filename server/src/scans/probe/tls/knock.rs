//! One connection after the other, each with one hello: gently, and never for longer than was allowed.

use std::{
    net::IpAddr,
    pin::Pin,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};

use super::{
    answer::{self, Garbled, Message, Reader, ServerHello, Ssl2Hello},
    hello::{self, Hello},
    model::{Limits, StartTls, Version},
    start::{self, Unstarted},
    suites::Suite,
};
use crate::{
    network::{web::Unreached, world::Connection},
    scans::probe::Door,
};

/// Most bytes that are read on a connection: a certificate of 1,000 names has some 40,000.
pub(super) const MAX_HEARD: usize = 256 << 10;
/// How much is read at once.
const CHUNK: usize = 16 << 10;

/// A server that is asked.
#[derive(Debug)]
pub(super) struct Probe<'a> {
    door: &'a Door,
    /// The name that hellos ask for.
    pub host: Option<&'a str>,
    start: StartTls,
    limits: &'a Limits,
    places: Semaphore,
    deadline: Instant,
    connections: AtomicU32,
    declined: AtomicBool,
}

/// A connection on which TLS may begin.
pub(super) type Stream = BufReader<Connection>;

/// How a connection ended that brought no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum End {
    /// The server said no.
    #[error("the server refuses with the alert {0} ({name})", name = answer::alert_name(*.0))]
    Alert(u8),
    /// It hung up without a word.
    #[error("the server hangs up")]
    Closed,
    /// It said nothing, or not enough, in time.
    #[error("the server does not answer in time")]
    Silent,
    /// It said too much, or no TLS.
    #[error("{0}")]
    Wrong(String),
    /// There was no connection, or TLS did not begin on it.
    #[error("{0}")]
    Unreached(String),
    /// All the time that there was is over.
    #[error("the time for all of it is over")]
    TimeUp,
}

impl From<Garbled> for End {
    fn from(garbled: Garbled) -> Self {
        Self::Wrong(garbled.to_string())
    }
}

impl<'a> Probe<'a> {
    /// Of what is behind a door. The time that there is for all begins now.
    pub(super) fn new(door: &'a Door, host: Option<&'a str>, start: StartTls, limits: &'a Limits) -> Self {
        Self {
            door,
            host,
            start,
            limits,
            places: Semaphore::new(limits.at_once.max(1)),
            deadline: Instant::now() + limits.all,
            connections: AtomicU32::new(0),
            declined: AtomicBool::new(false),
        }
    }

    /// Connections so far.
    pub(super) fn connections(&self) -> u32 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Whether the server has said once that it does not begin TLS.
    pub(super) fn declines(&self) -> bool {
        self.declined.load(Ordering::Relaxed)
    }

    /// The server's address.
    pub(super) fn address(&self) -> IpAddr {
        self.door.address()
    }

    /// What the server chooses of these suites.
    pub(super) async fn choice(&self, version: Version, suites: &[Suite]) -> Result<ServerHello, End> {
        let signatures = hello::signatures();
        let hello = Hello { version, suites, host: self.host, signatures: &signatures };
        self.visit(hello.bytes(), hear_choice).await
    }

    /// The certificates that it shows for these suites and signatures; `None` if it shows none.
    pub(super) async fn certificates(
        &self,
        version: Version,
        suites: &[Suite],
        signatures: &[u16],
    ) -> Result<Option<Vec<Vec<u8>>>, End> {
        let hello = Hello { version, suites, host: self.host, signatures };
        self.visit(hello.bytes(), hear_certificates).await
    }

    /// The answer to a hello of SSL 2.0.
    pub(super) async fn ssl2(&self, kinds: &[Suite]) -> Result<Ssl2Hello, End> {
        let hello = Hello { version: Version::Ssl2, suites: kinds, host: None, signatures: &[] };
        self.visit(hello.bytes(), hear_ssl2).await
    }

    /// Makes a connection, says hello, and hears.
    async fn visit<T: Send + 'static>(&self, hello: Vec<u8>, hear: Hearing<T>) -> Result<T, End> {
        let talk = move |mut stream: Stream| -> Heard<'static, T> {
            Box::pin(async move {
                stream.write_all(&hello).await.map_err(|_| End::Closed)?;
                stream.flush().await.map_err(|_| End::Closed)?;
                hear(&mut stream).await
            })
        };
        self.connect(talk).await
    }

    /// Does something with a new connection on which TLS may begin, when there is a place for it.
    pub(super) async fn connect<T>(
        &self,
        then: impl FnOnce(Stream) -> Heard<'static, T> + Send,
    ) -> Result<T, End> {
        let place = timeout_at(self.deadline, self.places.acquire()).await;
        let Ok(Ok(_place)) = place else { return Err(End::TimeUp) };
        self.connections.fetch_add(1, Ordering::Relaxed);
        let talk = async {
            let mut stream = BufReader::with_capacity(CHUNK, self.open().await?);
            let name = self.host.map_or_else(|| self.door.address().to_string(), str::to_owned);
            let started = start::begin(&mut stream, self.start, &name).await;
            if matches!(started, Err(Unstarted::Refused(_))) {
                self.declined.store(true, Ordering::Relaxed);
            }
            started.map_err(|unstarted| End::Unreached(unstarted.to_string()))?;
            then(stream).await
        };
        let patience = Instant::now() + self.limits.answer;
        let answer = timeout_at(patience.min(self.deadline), talk).await;
        if self.limits.pause > Duration::ZERO {
            // A deadline needs no pause.
            let _ = timeout_at(self.deadline, sleep(self.limits.pause)).await;
        }
        match answer {
            Ok(answer) => answer,
            Err(_) if Instant::now() >= self.deadline => Err(End::TimeUp),
            Err(_) => Err(End::Silent),
        }
    }

    async fn open(&self) -> Result<Connection, End> {
        self.door.open().await.map_err(|unreached| match unreached {
            Unreached::TimedOut => End::Silent,
            Unreached::Denied(_) | Unreached::Connection(_) | Unreached::Tls(_) | Unreached::Http(_) => {
                End::Unreached(unreached.to_string())
            }
        })
    }
}

/// Hears messages on a connection.
struct Ear<'a> {
    stream: &'a mut Stream,
    reader: Reader,
    heard: usize,
}

impl<'a> Ear<'a> {
    fn new(stream: &'a mut Stream) -> Self {
        Self { stream, reader: Reader::default(), heard: 0 }
    }

    async fn next(&mut self) -> Result<Message, End> {
        loop {
            if let Some(message) = self.reader.next()? {
                return Ok(message);
            }
            let new = read(self.stream, self.heard).await?;
            self.heard += new.len();
            self.reader.push(&new);
        }
    }
}

/// What comes next, after so much.
async fn read(stream: &mut Stream, heard: usize) -> Result<Vec<u8>, End> {
    if heard >= MAX_HEARD {
        return Err(End::Wrong(format!("the server says more than {MAX_HEARD} bytes")));
    }
    let mut new = vec![0; CHUNK];
    // A connection that is cut says as much as one that is closed.
    let count = stream.read(&mut new).await.unwrap_or_default();
    new.truncate(count);
    if new.is_empty() { Err(End::Closed) } else { Ok(new) }
}

/// What is heard on a connection. A type with a name: futures of closures that borrow their argument are not known to
/// be `Send` for every lifetime.
pub(super) type Heard<'a, T> = Pin<Box<dyn Future<Output = Result<T, End>> + Send + 'a>>;

/// How an answer is heard.
type Hearing<T> = for<'a> fn(&'a mut Stream) -> Heard<'a, T>;

fn hear_choice(stream: &mut Stream) -> Heard<'_, ServerHello> {
    Box::pin(async move {
        let mut ear = Ear::new(stream);
        loop {
            match ear.next().await? {
                Message::Hello(hello) => return Ok(hello),
                Message::Alert(kind) => return Err(End::Alert(kind)),
                Message::Certificates(_) | Message::Done | Message::Other => {}
            }
        }
    })
}

fn hear_certificates(stream: &mut Stream) -> Heard<'_, Option<Vec<Vec<u8>>>> {
    Box::pin(async move {
        let mut ear = Ear::new(stream);
        let mut greeted = false;
        loop {
            match ear.next().await? {
                Message::Hello(_) => greeted = true,
                Message::Certificates(chain) => return Ok((!chain.is_empty()).then_some(chain)),
                // Whoever stays without a name sends no certificate: waiting for one would be in vain.
                Message::Done | Message::Other if greeted => return Ok(None),
                Message::Done | Message::Other => {}
                Message::Alert(kind) => return Err(End::Alert(kind)),
            }
        }
    })
}

fn hear_ssl2(stream: &mut Stream) -> Heard<'_, Ssl2Hello> {
    Box::pin(async move {
        let mut heard = Vec::new();
        let mut reader = Reader::default();
        loop {
            let new = read(stream, heard.len()).await?;
            reader.push(&new);
            heard.extend(new);
            match answer::ssl2(&heard) {
                Ok(Some(hello)) => return Ok(hello),
                Ok(None) => {}
                // Later versions say no in their own words.
                Err(garbled) => match reader.next() {
                    Ok(Some(Message::Alert(kind))) => return Err(End::Alert(kind)),
                    Ok(None) => {}
                    Ok(Some(_)) | Err(_) => return Err(garbled.into()),
                },
            }
        }
    })
}
