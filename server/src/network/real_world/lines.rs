//! Questions that a datagram asks and a datagram answers, which most are. A socket that has brought an answer takes the
//! next question too, so often and while others are asking: a new one for each takes longer than all the rest.
//!
//! Answers stay as hard to forge: a port has one question at a time, whose id is drawn anew, and is closed after a few.

use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hickory_proto::op::{DnsRequest, Message, MessageType, ResponseCode};
use tokio::{
    net::UdpSocket,
    time::{Instant, timeout},
};

use super::datagram;
use crate::network::world::MAX_DATAGRAM;

/// How long an answer is waited for. Resolvers that know it take less; who asks again has the others to ask as well.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);
/// Questions that a port is used for, one after the other.
pub(super) const MAX_USES: u32 = 32;
/// Datagrams that answer something else after which a port is left: somebody guesses.
pub(super) const MAX_STRANGE: usize = 8;
/// Questions in a row that a resolver may leave without an answer, and how long it is then asked nothing here.
const MAX_SILENT: u32 = 8;
const REST: Duration = Duration::from_secs(30);

/// Resolvers, and sockets that are connected with them.
pub(super) struct Lines(Mutex<State>);

struct State {
    servers: Vec<Server>,
    /// Of questions that were answered, the last at the end.
    idle: Vec<Line>,
    asking: usize,
}

struct Server {
    at: SocketAddr,
    /// How long its answers took lately; of one that was never asked, nothing.
    slowness: Duration,
    /// Questions without an answer since the last one.
    silent: u32,
    rests_until: Option<Instant>,
}

/// A socket, and to which server.
struct Line {
    socket: UdpSocket,
    server: usize,
    uses: u32,
}

/// What a datagram is to a question.
enum Heard {
    /// Its answer.
    Answer(Message),
    /// That there is more to do: over TCP, or with another resolver.
    Unplain,
    /// Something else.
    Strange,
}

impl Lines {
    /// To these resolvers.
    pub(super) fn new(servers: impl Iterator<Item = SocketAddr>) -> Self {
        Self(Mutex::new(State::new(servers)))
    }

    /// What the fastest resolver says; `None` where it says nothing, or nothing plain. Whoever drops this has asked
    /// nothing.
    pub(super) async fn ask(&self, request: &DnsRequest) -> Option<Message> {
        let begin = Instant::now();
        let asking = Asking::begin(self, begin)?;
        let line = asking.line().await.ok()?;
        let said = timeout(PATIENCE, line.ask(request)).await;
        let now = Instant::now();
        let mut state = self.state();
        match said {
            Ok(Ok(answer)) => {
                state.answered(asking.server, now - begin);
                let answer = answer?;
                state.keep(line);
                return Some(answer);
            }
            // Nobody listens there.
            Ok(Err(_)) => state.unanswered(asking.server, MAX_SILENT, now),
            Err(_) => state.unanswered(asking.server, 1, now),
        }
        None
    }

    /// How many sockets are open that ask nothing, and how many questions are asked.
    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.idle.len(), state.asking)
    }

    /// Never held across an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(servers: impl Iterator<Item = SocketAddr>) -> Self {
        let server = |at| Server { at, slowness: Duration::ZERO, silent: 0, rests_until: None };
        Self { servers: servers.map(server).collect(), idle: Vec::new(), asking: 0 }
    }

    /// The fastest server of those that answer.
    fn choose(&self, now: Instant) -> Option<usize> {
        let awake = |server: &Server| server.rests_until.is_none_or(|until| until <= now);
        let awake = self.servers.iter().enumerate().filter(|(_, server)| awake(server));
        awake.min_by_key(|(_, server)| server.slowness).map(|(at, _)| at)
    }

    /// A socket that is connected with it and on which nothing was heard since its last answer.
    fn idle(&mut self, server: usize) -> Option<Line> {
        std::iter::from_fn(|| self.idle.pop()).find(|line| line.server == server && line.is_quiet())
    }

    fn keep(&mut self, line: Line) {
        if line.uses < MAX_USES {
            self.idle.push(Line { uses: line.uses + 1, ..line });
        }
    }

    fn answered(&mut self, server: usize, took: Duration) {
        if let Some(server) = self.servers.get_mut(server) {
            server.slow(took);
            (server.silent, server.rests_until) = (0, None);
        }
    }

    fn unanswered(&mut self, server: usize, questions: u32, now: Instant) {
        if let Some(server) = self.servers.get_mut(server) {
            server.slow(PATIENCE);
            server.silent += questions;
            if server.silent >= MAX_SILENT {
                (server.silent, server.rests_until) = (0, Some(now + REST));
            }
        }
    }
}

impl Server {
    /// Smooths as TCP smooths its round trips (RFC 6298).
    fn slow(&mut self, took: Duration) {
        let first = self.slowness.is_zero();
        self.slowness = if first { took } else { (self.slowness * 7 + took) / 8 };
    }
}

/// A question under way. With the last one all idle sockets are closed: a port that stays open can be found.
struct Asking<'l> {
    lines: &'l Lines,
    server: usize,
}

impl<'l> Asking<'l> {
    fn begin(lines: &'l Lines, now: Instant) -> Option<Self> {
        let mut state = lines.state();
        let server = state.choose(now)?;
        state.asking += 1;
        Some(Self { lines, server })
    }

    async fn line(&self) -> io::Result<Line> {
        let (idle, at) = {
            let mut state = self.lines.state();
            (state.idle(self.server), state.servers.get(self.server).map(|server| server.at))
        };
        match (idle, at) {
            (Some(line), _) => Ok(line),
            (None, Some(at)) => {
                Ok(Line { socket: datagram::connected(at).await?, server: self.server, uses: 1 })
            }
            (None, None) => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        let mut state = self.lines.state();
        state.asking -= 1;
        if state.asking == 0 {
            state.idle.clear();
        }
    }
}

impl Line {
    /// Its answer; `None` if what comes is not plain. Errors are of the socket, which hears that nobody listens there.
    async fn ask(&self, request: &DnsRequest) -> io::Result<Option<Message>> {
        let question = request.to_vec().map_err(io::Error::other)?;
        self.socket.send(&question).await?;
        let mut strange = 0;
        while strange < MAX_STRANGE {
            self.socket.readable().await?;
            match self.hear(request) {
                Ok(Heard::Answer(answer)) => return Ok(Some(answer)),
                Ok(Heard::Unplain) => return Ok(None),
                Ok(Heard::Strange) => strange += 1,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    fn hear(&self, request: &DnsRequest) -> io::Result<Heard> {
        let mut datagram = [0; MAX_DATAGRAM];
        let length = self.socket.try_recv(&mut datagram)?;
        Ok(heard(request, datagram.get(..length).unwrap_or_default()))
    }

    fn is_quiet(&self) -> bool {
        matches!(self.socket.try_recv(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

fn heard(request: &DnsRequest, datagram: &[u8]) -> Heard {
    if !datagram.starts_with(&request.id.to_be_bytes()) {
        return Heard::Strange;
    }
    let Ok(message) = Message::from_vec(datagram) else { return Heard::Unplain };
    let is_plain = !message.truncation
        && matches!(message.response_code, ResponseCode::NoError | ResponseCode::NXDomain);
    if !is_plain {
        Heard::Unplain
    } else if message.message_type == MessageType::Response && message.queries == request.queries {
        Heard::Answer(message)
    } else {
        Heard::Strange
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State::new([53, 54].map(|port| SocketAddr::from(([127, 0, 0, 1], port))).into_iter())
    }

    #[test]
    fn each_resolver_is_tried_and_then_the_fastest_is_asked() {
        let (mut state, now) = (state(), Instant::now());
        state.answered(0, Duration::from_millis(1));
        assert_eq!(state.choose(now), Some(1));
        state.answered(1, Duration::from_millis(20));
        assert_eq!(state.choose(now), Some(0));
        // One that gets slow has to wait for the other to be slower.
        for _ in 0..4 {
            state.answered(0, Duration::from_millis(90));
        }
        assert_eq!(state.choose(now), Some(1));
        assert_eq!(State::new([].into_iter()).choose(now), None);
    }

    #[test]
    fn who_leaves_question_after_question_without_an_answer_is_asked_nothing_for_a_while() {
        let (mut state, now) = (state(), Instant::now());
        state.unanswered(1, MAX_SILENT, now);
        for _ in 1..MAX_SILENT {
            state.unanswered(0, 1, now);
        }
        assert_eq!(state.choose(now), Some(0));
        state.answered(0, PATIENCE);
        for _ in 1..MAX_SILENT {
            state.unanswered(0, 1, now);
        }
        assert_eq!(state.choose(now), Some(0));
        state.unanswered(0, 1, now);
        assert_eq!(state.choose(now), None);
        assert_eq!(state.choose(now + REST), Some(0));
        state.unanswered(0, 1, now + REST);
        assert_eq!(state.choose(now + REST), Some(0));
    }
}
