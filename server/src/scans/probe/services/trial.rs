//! The order in which a port is tried.

use std::{collections::VecDeque, pin::Pin, time::Duration};

use futures::{StreamExt, stream::FuturesUnordered};
use rustls::pki_types::ServerName;
use tokio::time::{Instant, sleep_until};

use super::{
    caller::{Caller, Reading},
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

    /// A greeting is heard for; unless one is expected here, we speak at once too.
    fn begin(&mut self) {
        self.first_words += 1;
        self.attempts.push(Box::pin(greet(self.caller, self.secure)));
        self.ring(self.caller.limits.greeting, || Event::Silence);
        let is_printer = PRINTERS.contains(&self.caller.port());
        if !is_printer && (self.secure.is_some() || !greeting::is_expected(self.caller.port())) {
            self.speak();
        }
    }

    fn speak(&mut self) {
        let (caller, host, secure) = (self.caller, self.host, self.secure);
        self.attempts.push(Box::pin(async move { Event::Page(page(caller, host, secure, "/").await) }));
        self.first_words += 1;
        if self.secure.is_none() {
            let name = self.name.clone();
            self.is_tls_pending = true;
            self.first_words += 1;
            self.attempts.push(Box::pin(async move { Event::Tls(caller.open_secure(name).await) }));
        }
        // Where a protocol of its own is usual, there is no reason to wait for answers to ours.
        if probes::is_usual(caller.port()) {
            self.ask();
        } else {
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
            self.attempts.push(Box::pin(ask(self.caller, self.secure, probe)));
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
        let is_waiting = self.first_words == 0 && !self.is_asking && self.page.is_none();
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
            self.page = Some(finding);
            self.ring(self.caller.limits.head_start, || Event::Bell);
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
            Ok(_) => Some(self.inside().await),
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
    async fn inside(&mut self) -> Heard {
        self.attempts.clear();
        let mut trial = Trial::new(self.caller, self.host, self.name);
        trial.secure = Some(self.name);
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

async fn open(caller: &Caller<'_>, secure: Option<&ServerName<'static>>) -> Option<Connection> {
    match secure {
        Some(name) => caller.open_secure(name.clone()).await.ok(),
        None => caller.open().await,
    }
}

async fn greet(caller: &Caller<'_>, secure: Option<&ServerName<'static>>) -> Event {
    let Some(mut connection) = open(caller, secure).await else { return Event::Greeting(None, Vec::new()) };
    let reading = Reading { patience: caller.limits.late, is_whole: greeting::is_whole };
    let heard = caller.hear(&mut connection, reading).await;
    let port = caller.port();
    if greeting::is_ambiguous(&heard, port) {
        let mut answer = Vec::new();
        if caller.say(&mut connection, b"EHLO atalaya.invalid\r\n").await {
            let reading = Reading { patience: caller.limits.answer, ..reading };
            answer = caller.hear(&mut connection, reading).await;
        }
        return Event::Greeting(Some(greeting::decided(&heard, &answer)), heard);
    }
    Event::Greeting(greeting::read(&heard, port), heard)
}

/// What a path is answered with.
pub(super) async fn page(
    caller: &Caller<'_>,
    host: Option<&str>,
    secure: Option<&ServerName<'static>>,
    path: &str,
) -> Vec<u8> {
    let Some(mut connection) = open(caller, secure).await else { return Vec::new() };
    let usual = if secure.is_some() { 443 } else { 80 };
    let request = http::request(host, caller.address(), caller.port(), usual, path);
    if !caller.say(&mut connection, &request).await {
        return Vec::new();
    }
    caller.hear(&mut connection, Reading { patience: caller.limits.answer, is_whole: http::is_whole }).await
}

async fn ask(caller: &Caller<'_>, secure: Option<&ServerName<'static>>, probe: &Probe) -> Event {
    let Some(mut connection) = open(caller, secure).await else { return Event::Probe(None, Vec::new()) };
    let is_usual = probe.ports.contains(&caller.port());
    let patience = if is_usual { caller.limits.answer } else { caller.limits.unlikely };
    let reading = Reading { patience, is_whole: probe.is_whole };
    let mut heard = Vec::new();
    if caller.say(&mut connection, &(probe.request)()).await {
        heard = caller.hear(&mut connection, reading).await;
    }
    if let Some(more) = probe.then.and_then(|then| then(&heard))
        && caller.say(&mut connection, &more).await
    {
        heard.extend(caller.hear(&mut connection, reading).await);
    }
    Event::Probe((probe.read)(&heard), heard)
}
