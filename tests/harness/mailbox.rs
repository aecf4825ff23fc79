//! A mail server: takes letters on a port of this machine, or refuses them as a test says (RFC 5321).

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

const GREETING: &[u8] = b"220 mail.test ESMTP\r\n";

/// A letter that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Whom it is from, by the envelope.
    pub from: String,
    /// Whom it goes to, by the envelope.
    pub to: Vec<String>,
    /// Head and body as they came, with line feeds.
    pub text: String,
    /// Whether it came by TLS.
    pub by_tls: bool,
    /// Who had signed in, with which password.
    pub signed_in: Option<(String, String)>,
}

#[derive(Default)]
struct Script {
    letters: Vec<Letter>,
    refusals: VecDeque<(&'static str, &'static str)>,
    heard: Vec<String>,
}

/// The server. It ends when it is dropped.
pub struct Mailbox {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    serving: JoinHandle<()>,
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Mailbox {
    /// Opens one, with STARTTLS if it is given what proves who it is.
    pub async fn open(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Self::serve(listener, move |script, stream| plain(tls.clone(), script, stream))
    }

    /// Opens one at an address that says nothing before TLS, if that can be had.
    pub async fn open_behind(tls: TlsAcceptor, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self::serve(listener, move |script, stream| secure(tls.clone(), script, stream)))
    }

    fn serve<F: Future<Output = ()> + Send + 'static>(
        listener: TcpListener,
        visit: impl Fn(Arc<Mutex<Script>>, TcpStream) -> F + Send + 'static,
    ) -> Self {
        let address = listener.local_addr().expect("an address");
        let script = Arc::<Mutex<Script>>::default();
        let shared = Arc::clone(&script);
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                tokio::spawn(visit(Arc::clone(&shared), stream));
            }
        });
        Self { address, script, serving }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The next command that begins so is answered so, and not obeyed.
    pub fn refuse(&self, command: &'static str, answer: &'static str) {
        self.with(|script| script.refusals.push_back((command, answer)));
    }

    /// The letters so far.
    pub fn letters(&self) -> Vec<Letter> {
        self.with(|script| script.letters.clone())
    }

    /// Every command so far.
    pub fn heard(&self) -> Vec<String> {
        self.with(|script| script.heard.clone())
    }

    fn with<T>(&self, change: impl FnOnce(&mut Script) -> T) -> T {
        change(&mut self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Talks in the clear, and by TLS once the visitor begins it.
async fn plain(tls: Option<TlsAcceptor>, script: Arc<Mutex<Script>>, stream: TcpStream) {
    let mut visit = Visit { script, has_tls: tls.is_some(), ..Visit::default() };
    let mut stream = BufReader::new(stream);
    let greeted = stream.write_all(GREETING).await;
    if greeted.is_ok() && visit.talk(&mut stream).await == Some(Next::Tls) {
        let tls = tls.expect("it was offered");
        let Ok(stream) = tls.accept(stream.into_inner()).await else { return };
        visit.by_tls = true;
        visit.talk(&mut BufReader::new(stream)).await;
    }
}

/// Talks by TLS from the beginning.
async fn secure(tls: TlsAcceptor, script: Arc<Mutex<Script>>, stream: TcpStream) {
    let Ok(stream) = tls.accept(stream).await else { return };
    let mut visit = Visit { script, by_tls: true, ..Visit::default() };
    let mut stream = BufReader::new(stream);
    if stream.write_all(GREETING).await.is_ok() && stream.flush().await.is_ok() {
        visit.talk(&mut stream).await;
    }
}

#[derive(PartialEq, Eq)]
enum Next {
    Tls,
}

/// One connection.
#[derive(Default)]
struct Visit {
    script: Arc<Mutex<Script>>,
    has_tls: bool,
    by_tls: bool,
    signed_in: Option<(String, String)>,
    from: String,
    to: Vec<String>,
}

impl Visit {
    /// Answers commands until the end, or until TLS is to begin.
    async fn talk(&mut self, stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>) -> Option<Next> {
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end();
            if let Some(refusal) = self.refusal(line) {
                stream.write_all(format!("{refusal}\r\n").as_bytes()).await.ok()?;
                continue;
            }
            let answer = self.answer(line);
            stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
            match line {
                "STARTTLS" => return Some(Next::Tls),
                "QUIT" => return None,
                "DATA" => self.take(stream).await?,
                _ => {}
            }
        }
    }

    fn refusal(&self, line: &str) -> Option<&'static str> {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        script.heard.push(line.to_owned());
        let is_meant = script.refusals.front().is_some_and(|(command, _)| line.starts_with(command));
        is_meant.then(|| script.refusals.pop_front()).flatten().map(|(_, answer)| answer)
    }

    fn answer(&mut self, line: &str) -> &'static str {
        if line.starts_with("EHLO ") {
            let offers = self.has_tls && !self.by_tls;
            return if offers {
                "250-mail.test\r\n250 STARTTLS"
            } else {
                "250-mail.test\r\n250 AUTH PLAIN LOGIN"
            };
        }
        if let Some(from) = line.strip_prefix("MAIL FROM:") {
            address(from).clone_into(&mut self.from);
            self.to.clear();
        } else if let Some(to) = line.strip_prefix("RCPT TO:") {
            self.to.push(address(to).to_owned());
        } else if let Some(secret) = line.strip_prefix("AUTH PLAIN ") {
            let plain = BASE64_STANDARD.decode(secret).expect("base64");
            let plain = String::from_utf8(plain).expect("UTF-8");
            let mut parts = plain.split('\0').skip(1).map(str::to_owned);
            self.signed_in = parts.next().zip(parts.next());
            return "235 welcome";
        } else if line == "DATA" {
            return "354 go on";
        } else if line == "STARTTLS" {
            return "220 go on";
        }
        "250 fine"
    }

    /// Takes a letter up to its dot.
    async fn take(&mut self, stream: &mut BufReader<impl AsyncRead + AsyncWrite + Unpin>) -> Option<()> {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let line = line.trim_end_matches(['\r', '\n']);
            if line == "." {
                break;
            }
            text.push_str(line.strip_prefix('.').unwrap_or(line));
            text.push('\n');
        }
        let refusal = self.refusal("(the letter)");
        if refusal.is_none() {
            let letter = Letter {
                from: self.from.clone(),
                to: self.to.clone(),
                text,
                by_tls: self.by_tls,
                signed_in: self.signed_in.clone(),
            };
            self.script.lock().unwrap_or_else(PoisonError::into_inner).letters.push(letter);
        }
        let answer = refusal.unwrap_or("250 taken");
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()
    }
}

/// What stands between angle brackets.
fn address(text: &str) -> &str {
    text.trim().split(['<', '>']).nth(1).unwrap_or_default()
}
