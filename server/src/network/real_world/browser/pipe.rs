//! The DevTools protocol on a pair of pipes: JSON messages, each with a NUL behind it. No port is opened for it, so that
//! nobody else can speak to the browser, and a browser whose pipes end does so too.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    time::{Instant, timeout_at},
};

use crate::network::shot::MAX_PNG;

/// Most bytes of a message: that of a picture in base64, and what stands around it.
pub(super) const MAX_MESSAGE: usize = MAX_PNG / 3 * 4 + (1 << 20);
/// Most answers that are kept for whoever asks for them later.
const MAX_KEPT: usize = 64;
/// What ends a message.
const END: u8 = 0;

/// Why a command has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Mute {
    /// The other side has ended, or speaks what is no protocol of ours.
    #[error("the browser is gone")]
    Gone,
    /// It took too long.
    #[error("timed out")]
    Late,
    /// The browser won't.
    #[error("{0}")]
    Refused(String),
}

/// What the browser tells unasked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    /// The session that it belongs to; none for the browser's own.
    pub(super) session: Option<String>,
    /// What happened, such as `Page.loadEventFired`.
    pub(super) method: String,
    /// With what.
    pub(super) params: Value,
}

/// A message as it comes: the answer to a command, or an event.
#[derive(Deserialize)]
struct Message {
    id: Option<u64>,
    #[serde(default)]
    result: Value,
    error: Option<Complaint>,
    method: Option<String>,
    #[serde(rename = "sessionId")]
    session: Option<String>,
    #[serde(default)]
    params: Value,
}

#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    message: String,
}

/// What was heard.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    /// The answer to the command of this number.
    Answer(u64),
    /// Something else.
    Event(Event),
}

/// Both pipes.
pub(super) struct Pipe {
    to: Box<dyn AsyncWrite + Send + Unpin>,
    from: BufReader<Box<dyn AsyncRead + Send + Unpin>>,
    /// What of a message is there.
    begun: Vec<u8>,
    last: u64,
    /// Answers that somebody will ask for.
    kept: HashMap<u64, Result<Value, Mute>>,
}

impl Pipe {
    pub(super) fn new(
        to: impl AsyncWrite + Send + Unpin + 'static,
        from: impl AsyncRead + Send + Unpin + 'static,
    ) -> Self {
        let from: Box<dyn AsyncRead + Send + Unpin> = Box::new(from);
        Self {
            to: Box::new(to),
            from: BufReader::with_capacity(64 << 10, from),
            begun: Vec::new(),
            last: 0,
            kept: HashMap::new(),
        }
    }

    /// Sends a command; its number. One that can't be written in time leaves the pipe in pieces.
    pub(super) async fn send(
        &mut self,
        session: Option<&str>,
        method: &str,
        params: Value,
        until: Instant,
    ) -> Result<u64, Mute> {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(END);
        let written = timeout_at(until, self.to.write_all(&bytes)).await.map_err(|_| Mute::Gone)?;
        written.map_err(|_| Mute::Gone)?;
        Ok(self.last)
    }

    /// The next that is heard. Nothing is lost when it comes too late.
    pub(super) async fn hear(&mut self, until: Instant) -> Result<Heard, Mute> {
        loop {
            let message = timeout_at(until, self.message()).await.map_err(|_| Mute::Late)??;
            match (message.id, message.method) {
                (Some(id), _) => {
                    let answer = match message.error {
                        Some(complaint) => Err(Mute::Refused(complaint.message)),
                        None => Ok(message.result),
                    };
                    // Most answers are of no interest; whoever wants one asks at once.
                    if self.kept.len() >= MAX_KEPT {
                        self.kept.clear();
                    }
                    self.kept.insert(id, answer);
                    return Ok(Heard::Answer(id));
                }
                (None, Some(method)) => {
                    let event = Event { session: message.session, method, params: message.params };
                    return Ok(Heard::Event(event));
                }
                (None, None) => {}
            }
        }
    }

    /// The answer to a command, if it was heard.
    pub(super) fn answer(&mut self, id: u64) -> Option<Result<Value, Mute>> {
        self.kept.remove(&id)
    }

    /// Hears the other side to its end.
    pub(super) async fn drain(&mut self, until: Instant) {
        while !matches!(self.hear(until).await, Err(Mute::Gone | Mute::Late)) {}
    }

    async fn message(&mut self) -> Result<Message, Mute> {
        let room = (MAX_MESSAGE + 1).saturating_sub(self.begun.len()) as u64;
        let read = (&mut self.from).take(room).read_until(END, &mut self.begun).await;
        read.map_err(|_| Mute::Gone)?;
        // No end of it: the pipe ended, or the message is longer than any may be.
        let Some(text) = self.begun.strip_suffix(&[END]) else { return Err(Mute::Gone) };
        let message = serde_json::from_slice(text).map_err(|_| Mute::Gone);
        self.begun.clear();
        message
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{DuplexStream, duplex, split};

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(5)
    }

    fn pipe() -> (Pipe, DuplexStream) {
        let (ours, theirs) = duplex(1 << 20);
        let (from, to) = split(ours);
        (Pipe::new(to, from), theirs)
    }

    #[tokio::test]
    async fn commands_and_answers_find_each_other() {
        let (mut pipe, mut browser) = pipe();
        let first = pipe.send(None, "Browser.getVersion", json!({}), soon()).await.expect("sent");
        let second =
            pipe.send(Some("s1"), "Page.navigate", json!({ "url": "x" }), soon()).await.expect("sent");
        let mut said = vec![0; 256];
        let length = browser.read(&mut said).await.expect("commands");
        let said: Vec<Value> = said[..length - 1]
            .split(|byte| *byte == 0)
            .map(|message| serde_json::from_slice(message).expect("JSON"))
            .collect();
        assert_eq!(
            said,
            [
                json!({ "id": 1, "method": "Browser.getVersion", "params": {} }),
                json!({ "id": 2, "method": "Page.navigate", "params": { "url": "x" }, "sessionId": "s1" }),
            ]
        );
        let answers = b"{\"id\":2,\"error\":{\"code\":-1,\"message\":\"no\"}}\0\
            {\"method\":\"A.b\",\"params\":{\"c\":1},\"sessionId\":\"s1\"}\0{\"id\":1,\"result\":{\"d\":2}}\0";
        browser.write_all(answers).await.expect("answers");
        assert_eq!(pipe.hear(soon()).await, Ok(Heard::Answer(second)));
        let event = Event { session: Some("s1".into()), method: "A.b".into(), params: json!({ "c": 1 }) };
        assert_eq!(pipe.hear(soon()).await, Ok(Heard::Event(event)));
        assert_eq!(pipe.hear(soon()).await, Ok(Heard::Answer(first)));
        assert_eq!(pipe.answer(second), Some(Err(Mute::Refused("no".into()))));
        assert_eq!(pipe.answer(first), Some(Ok(json!({ "d": 2 }))));
        assert_eq!(pipe.answer(first), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_in_pieces_is_put_together_even_when_somebody_gave_up_between() {
        let (mut pipe, mut browser) = pipe();
        browser.write_all(b"{\"id\":").await.expect("a piece");
        assert_eq!(pipe.hear(soon()).await, Err(Mute::Late));
        browser.write_all(b"7}\0").await.expect("the rest");
        assert_eq!(pipe.hear(soon()).await, Ok(Heard::Answer(7)));
    }

    #[tokio::test]
    async fn garbage_the_end_and_what_never_ends_break_the_pipe() {
        for garbage in [&b"no JSON\0"[..], b"[1]\0", b"{\"id\":", b""] {
            let (mut pipe, mut browser) = pipe();
            browser.write_all(garbage).await.expect("garbage");
            drop(browser);
            assert_eq!(pipe.hear(soon()).await, Err(Mute::Gone));
        }
        let (mut pipe, mut browser) = pipe();
        let flood = tokio::spawn(async move { while browser.write_all(&[b' '; 4096]).await.is_ok() {} });
        assert_eq!(pipe.hear(Instant::now() + Duration::from_mins(1)).await, Err(Mute::Gone));
        drop(pipe);
        flood.await.expect("an end");
    }
}
