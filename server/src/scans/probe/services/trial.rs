//! The order in which a port is tried.

use std::{collections::VecDeque, pin::Pin, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use rustls::pki_types::ServerName;
use tokio::time::{Instant, sleep_until};

use super::{
    caller::Caller,
    exchange,
    finding::Finding,
    greeting, http,
    probes::{self, Probe},
    tunnel::Untunnelled,
};
use crate::network::world::Connection;

/// Ports of printers, which print whatever they are told (port 9100 and those beside it).
const PRINTERS: std::ops::RangeInclusive<u16> = 9100..=9107;

/// What was heard at a port.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// What was recognised.
    pub(super) finding: Option<Finding>,
    /// What was not.
    pub(super) unknown: Option<Vec<u8>>,
    /// Whether TLS is spoken from the first byte on.
    pub(super) is_tls: bool,
    /// Whether we could agree on it.
    pub(super) is_opened: bool,
}

/// What has happened.
enum Event {
    /// Somebody spoke first, or nobody did.
    Greeting(Option<Finding>, Vec<u8>),
    /// What `GET /` was answered with.
    Page(Vec<u8>),
    /// TLS was agreed on, or not.
    Tls(Result<Connection, Untunnelled>),
    /// What a probe has found, and what it heard.
    Probe(Option<Finding>, Vec<u8>),
    /// Nobody has spoken first for as long as that is waited for alone.
    Silence,
    /// Time for more.
    Bell,
}

type Attempt<'a> = Pin<Box<dyn Future<Output = Event> + Send + 'a>>;

/// One port, tried once in the clear or once inside TLS.
pub(super) struct Trial<'a> {
    caller: &'a Caller<'a>,
    host: Option<&'a str>,
    name: &'a ServerName<'static>,
    /// Whom the hello is for, inside TLS.
    secure: Option<&'a ServerName<'static>>,
    attempts: FuturesUnordered<Attempt<'a>>,
    queue: VecDeque<&'static Probe>,
    /// Attempts that are neither probes nor bells.
    first_words: usize,
    is_asking: bool,
    is_tls_pending: bool,
    /// Whether nobody has spoken first in time. Who does later is heard all the same.
    is_silent: bool,
    start: Instant,
    /// A connection with TLS on it, on which nothing was said yet.
    ready: Option<Connection>,
    page: Option<Finding>,
    unknown: Option<Vec<u8>>,
}

impl<'a> Trial<'a> {
    pub(super) fn new(caller: &'a Caller<'a>, host: Option<&'a str>, name: &'a ServerName<'static>) -> Self {
        Self {
            caller,
            host,
            name,
            secure: None,
            attempts: FuturesUnordered::new(),
            queue: probes::at(caller.port()).into(),
            first_words: 0,
            is_asking: false,
            is_tls_pending: false,
            is_silent: false,
            start: Instant::now(),
            ready: None,
            page: None,
            unknown: None,
        }
    }

    /// Tries until something is recognised, or there is nothing left to try, or no time.
    pub(super) async fn run(mut self) -> Heard {
        self.begin();
        while let Some(event) = self.next().await {
            if let Some(heard) = self.take(event).await {
                return heard;
            }
        }
        Heard {
            finding: self.page,
            unknown: self.unknown,
            is_tls: self.secure.is_some(),
            is_opened: self.secure.is_some(),
        }
    }

    async fn next(&mut self) -> Option<Event> {
        tokio::select! {
            event = self.attempts.next() => event,
            () = sleep_until(self.caller.deadline()) => {
                self.caller.cut_short();
                None
            }
        }
    }

    /// A greeting is heard for; unless one is expected here, we speak at once too. Where a protocol of its own is usual,
    /// its question comes first: who answers it is told nothing else.
    fn begin(&mut self) {
        self.first_words += 1;
        let (caller, secure) = (self.caller, self.secure);
        self.attempts.push(Box::pin(async move {
            let (finding, heard) = exchange::greet(caller, secure).await;
            Event::Greeting(finding, heard)
        }));
        self.ring(self.caller.limits.greeting, || Event::Silence);
        let is_printer = PRINTERS.contains(&self.caller.port());
        let is_usual = probes::is_usual(self.caller.port());
        if is_usual {
            self.ask();
        }
        if self.secure.is_some() || !(is_printer || is_usual || greeting::is_expected(self.caller.port())) {
            self.speak();
        }
    }

    fn speak(&mut self) {
        let (caller, host, secure) = (self.caller, self.host, self.secure);
        let ready = self.ready.take();
        self.attempts.push(Box::pin(async move {
            Event::Page(exchange::page(caller, host, secure, ready, "/").await)
        }));
        self.first_words += 1;
        if self.secure.is_none() {
            let name = self.name.clone();
            self.is_tls_pending = true;
            self.first_words += 1;
            self.attempts.push(Box::pin(async move { Event::Tls(caller.open_secure(name).await) }));
        }
        if !self.is_asking {
            self.ring(self.caller.limits.head_start, || Event::Bell);
        }
    }

    fn ring(&mut self, after: Duration, event: fn() -> Event) {
        let at = Instant::now() + after;
        self.attempts.push(Box::pin(async move {
            sleep_until(at).await;
            event()
        }));
    }

    /// Begins with the probes, as many at once as may be.
    fn ask(&mut self) {
        self.is_asking = true;
        let usual = self.queue.front().is_some_and(|probe| probe.ports.contains(&self.caller.port()));
        // The usual one first, and alone.
        let count =
            if usual { 1 } else { self.caller.limits.at_once.saturating_sub(self.attempts.len()).max(1) };
        for _ in 0..count {
            self.ask_next();
        }
    }

    fn ask_next(&mut self) {
        if let Some(probe) = self.queue.pop_front() {
            let (caller, secure) = (self.caller, self.secure);
            self.attempts.push(Box::pin(async move {
                let (finding, heard) = exchange::ask(caller, secure, probe).await;
                Event::Probe(finding, heard)
            }));
        }
    }

    /// Takes what has happened; what was heard in all, when that is enough.
    async fn take(&mut self, event: Event) -> Option<Heard> {
        match event {
            Event::Greeting(finding, heard) => self.greeted(finding, heard),
            Event::Page(heard) => self.answered(heard),
            Event::Tls(tls) => self.tunnelled(tls).await,
            Event::Probe(Some(finding), _) => Some(self.found(finding)),
            Event::Probe(None, heard) => {
                self.note(heard);
                self.ask_on();
                None
            }
            Event::Silence => {
                self.on_silence();
                None
            }
            Event::Bell => self.rung(),
        }
    }

    fn greeted(&mut self, finding: Option<Finding>, heard: Vec<u8>) -> Option<Heard> {
        if let Some(finding) = finding {
            return Some(self.found(finding));
        }
        self.note(heard);
        self.on_silence();
        None
    }

    /// Nobody has spoken first, or not in words that we know.
    fn on_silence(&mut self) {
        if std::mem::replace(&mut self.is_silent, true) {
            return;
        }
        self.first_words -= 1;
        let is_waiting = self.first_words == 0 && self.page.is_none();
        if PRINTERS.contains(&self.caller.port()) {
            self.queue.clear();
        } else if is_waiting && self.secure.is_none() {
            self.speak();
        }
    }

    fn answered(&mut self, heard: Vec<u8>) -> Option<Heard> {
        self.first_words -= 1;
        if let Some(response) = http::Response::parse(&heard) {
            let finding = response.finding();
            if !self.is_tls_pending {
                return Some(self.found(finding));
            }
            // TLS may be spoken here all the same: such servers answer in the clear what they think of that.
            // On a slow way both take longer.
            self.page = Some(finding);
            let patience = self.caller.limits.head_start.max(2 * self.start.elapsed());
            self.ring(patience, || Event::Bell);
            return None;
        }
        if let Some(finding) = greeting::read(&heard, self.caller.port()) {
            return Some(self.found(finding));
        }
        self.note(heard);
        self.on_nothing();
        None
    }

    async fn tunnelled(&mut self, tls: Result<Connection, Untunnelled>) -> Option<Heard> {
        self.first_words -= 1;
        self.is_tls_pending = false;
        match tls {
            Ok(connection) => Some(self.inside(connection).await),
            Err(Untunnelled::Disagreed) if self.page.is_none() => {
                Some(Heard { is_tls: true, unknown: self.unknown.take(), ..Heard::default() })
            }
            Err(_) => {
                if let Some(page) = self.page.take() {
                    return Some(self.found(page));
                }
                self.on_nothing();
                None
            }
        }
    }

    /// The same inside TLS.
    async fn inside(&mut self, connection: Connection) -> Heard {
        self.attempts.clear();
        let mut trial = Trial::new(self.caller, self.host, self.name);
        trial.secure = Some(self.name);
        trial.ready = Some(connection);
        Box::pin(trial.run()).await
    }

    fn rung(&mut self) -> Option<Heard> {
        if let Some(page) = self.page.take() {
            return Some(self.found(page));
        }
        if !self.is_asking {
            self.ask();
        }
        None
    }

    /// Nobody has said anything that we know: asks, once nothing else is waited for.
    fn on_nothing(&mut self) {
        if self.first_words == 0 && !self.is_asking {
            self.ask();
        } else {
            self.ask_on();
        }
    }

    fn ask_on(&mut self) {
        let running = self.attempts.len();
        for _ in running..self.caller.limits.at_once {
            if self.is_asking {
                self.ask_next();
            }
        }
    }

    fn note(&mut self, heard: Vec<u8>) {
        if !heard.is_empty() && self.unknown.is_none() {
            self.unknown = Some(heard);
        }
    }

    fn found(&mut self, finding: Finding) -> Heard {
        Heard {
            finding: Some(finding),
            unknown: None,
            is_tls: self.secure.is_some(),
            is_opened: self.secure.is_some(),
        }
    }
}
