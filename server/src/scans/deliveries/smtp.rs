//! Mail to a server (RFC 5321), with TLS from the start on port 465 (RFC 8314) and STARTTLS wherever it is offered
//! (RFC 3207). A password never travels in the clear but within this machine.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use lettre::{
    Message,
    address::Envelope,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters},
        commands::{self, Data, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    model::{Failed, Taken, Tried},
    sender::{Sender, unreached},
    tls,
};
use crate::{
    network::{Host, world::Connection},
    scans::{settings::Mail, shown::shown},
};

/// The port where TLS begins at once.
const SUBMISSIONS: u16 = 465;
/// Most bytes that a server says before it is our turn again, its certificates included: the protocol's crate keeps
/// them all, and reads them from the beginning with each line.
const MAX_SAID: usize = 32 << 10;
/// Characters of a server's words that the log takes.
const WORDS: usize = 200;
/// Characters of all that is told of those who are refused.
const REFUSALS: usize = 1000;
/// What a server says that takes a mail.
const TAKEN: u16 = 250;

/// Hands a message to the server of the settings.
pub(super) async fn send(sender: &Sender, set: &Mail, message: &Message) -> Tried {
    let host: Host = set
        .server
        .parse()
        .map_err(|error| Failed::for_good(format!("smtp_server names no mail server: {error}")))?;
    let failed = |error: Error| failed(set, &error);
    let (connection, address) = sender.connect(&host, set.port).await?;
    let is_implicit = is_implicit(set.port);
    let connection =
        if is_implicit { tls::secure(connection, &host).await.map_err(unreached)? } else { connection };
    let peer = SocketAddr::new(address, set.port);
    let line = Box::new(Line::new(connection, peer));
    let hello = ClientId::Domain(hello(message));
    let mut smtp = AsyncSmtpConnection::connect_with_transport(line, &hello).await.map_err(failed)?;
    let is_started = !is_implicit && smtp.can_starttls();
    if is_started {
        smtp.starttls(parameters(&host).await?, &hello).await.map_err(failed)?;
    }
    if !set.username.is_empty() {
        sign_in(&mut smtp, set, is_implicit || is_started, address).await?;
    }
    let taken = hand_over(&mut smtp, set, message).await;
    // The mail is taken or is not, whatever the server says to a farewell.
    let _ = smtp.quit().await;
    taken
}

/// A mail for all who are not refused: one closed mailbox keeps nobody else's alerts back. Who is refused for now while
/// others are not gets none either, or the others would get it once more with each try.
async fn hand_over(smtp: &mut AsyncSmtpConnection, set: &Mail, message: &Message) -> Tried {
    let failed = |error: Error| failed(set, &error);
    let (envelope, text) = (message.envelope(), message.formatted());
    let parameters = parameters_of(smtp, envelope, &text)?;
    smtp.command(commands::Mail::new(envelope.from().cloned(), parameters)).await.map_err(failed)?;
    let (mut refused, mut last) = (Vec::new(), None);
    for to in envelope.to() {
        match smtp.command(Rcpt::new(to.clone(), Vec::new())).await {
            Ok(_) => {}
            Err(error) if error.status().is_none() => return Err(failed(error)),
            Err(error) => {
                let why = failed(error);
                refused.push(format!("{to}: {}", why.why));
                // If nobody is taken, another try may do as long as one refusal is for now.
                last = last.filter(|last: &Failed| !last.is_final).or(Some(why));
            }
        }
    }
    if let Some(last) = last.filter(|_| refused.len() == envelope.to().len()) {
        return Err(last);
    }
    smtp.command(Data).await.map_err(failed)?;
    smtp.message(&text).await.map_err(failed)?;
    let but =
        if refused.is_empty() { String::new() } else { format!("not to {}", refused.join("; not to ")) };
    Ok(Taken { status: TAKEN, but: shown(&but, REFUSALS).to_string() })
}

/// What the server has to know of the mail beforehand (RFC 6531, RFC 6152).
fn parameters_of(
    smtp: &AsyncSmtpConnection,
    envelope: &Envelope,
    text: &[u8],
) -> Result<Vec<MailParameter>, Failed> {
    let mut parameters = Vec::new();
    let lacks = |extension| !smtp.server_info().supports_feature(extension);
    if envelope.to().iter().chain(envelope.from()).any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        if lacks(Extension::SmtpUtfEight) {
            return Err(Failed::for_good("the mail server takes no addresses beyond ASCII"));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !text.is_ascii() {
        if lacks(Extension::EightBitMime) {
            return Err(Failed::for_good("the mail server takes no text beyond ASCII"));
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}

/// Whether TLS begins before a word is said.
fn is_implicit(port: u16) -> bool {
    port == SUBMISSIONS
}

/// Our name: the domain that mail is from.
fn hello(message: &Message) -> String {
    message.envelope().from().map_or_else(|| "localhost".to_owned(), |from| from.domain().to_owned())
}

async fn parameters(host: &Host) -> Result<TlsParameters, Failed> {
    let name = host.to_string();
    // It reads files.
    let made = tokio::task::spawn_blocking(move || TlsParameters::new_rustls(name)).await;
    let made = made.map_err(|_| Failed::so_far("no TLS"))?;
    made.map_err(|_| Failed::so_far("no TLS: no trusted certificates"))
}

async fn sign_in(
    smtp: &mut AsyncSmtpConnection,
    set: &Mail,
    is_encrypted: bool,
    address: IpAddr,
) -> Result<(), Failed> {
    if !is_encrypted && !address.is_loopback() {
        smtp.abort().await;
        return Err(Failed::for_good(
            "the mail server offers no TLS, and a password is not sent in the clear",
        ));
    }
    let password = set.password.clone().unwrap_or_default();
    let credentials = Credentials::new(set.username.clone(), password);
    let signed_in = smtp.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
    signed_in.map(drop).map_err(|error| failed(set, &error))
}

/// What a failure means: a refusal with 5xx is for good, one with 4xx and a line that broke are not.
fn failed(set: &Mail, error: &Error) -> Failed {
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let words = shown(&without_secrets(set, cause.trim()), WORDS).to_string();
    if let Some(code) = error.status() {
        let status: u16 = code.into();
        let why = format!("the mail server answered {status} {words}");
        let why = why.trim_end();
        let failed = if error.is_permanent() { Failed::for_good(why) } else { Failed::so_far(why) };
        return failed.answered(status);
    }
    if error.is_client() {
        Failed::for_good(format!("the mail server can't do what is needed: {words}"))
    } else if error.is_response() {
        Failed::so_far("the mail server does not speak SMTP")
    } else {
        Failed::so_far(format!("the connection with the mail server failed: {words}"))
    }
}

/// A server may say again what it was told, which was said in base64 (RFC 4954).
fn without_secrets(set: &Mail, words: &str) -> String {
    let password = set.password.as_deref().unwrap_or_default();
    let plain = BASE64_STANDARD.encode(format!("\0{}\0{password}", set.username));
    let told = [password, &BASE64_STANDARD.encode(password), &plain];
    if !password.is_empty() && told.iter().any(|told| words.contains(told)) {
        return "(its words hold the password)".to_owned();
    }
    words.to_owned()
}

/// A connection in the shape that the protocol's crate takes. The lock is never waited for: it is there because the
/// crate wants what may be shared.
struct Line {
    connection: Mutex<Connection>,
    peer: SocketAddr,
    /// Bytes that the other side has said since we last did.
    said: usize,
}

impl Line {
    fn new(connection: Connection, peer: SocketAddr) -> Self {
        Self { connection: Mutex::new(connection), peer, said: 0 }
    }

    fn pinned(&mut self) -> Pin<&mut Connection> {
        Pin::new(self.connection.get_mut().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl AsyncTokioStream for Line {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.said > MAX_SAID {
            return Poll::Ready(Err(io::Error::other("it says too much")));
        }
        let before = buf.filled().len();
        let read = self.pinned().poll_read(cx, buf);
        self.said += buf.filled().len() - before;
        read
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.said = 0;
        self.pinned().poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned().poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

    use super::*;

    #[test]
    fn tls_begins_at_once_on_its_own_port_alone() {
        let ports = (1..=u16::MAX).filter(|port| is_implicit(*port));
        assert_eq!(ports.collect::<Vec<_>>(), [465]);
    }

    #[tokio::test]
    async fn a_server_that_never_ends_its_words_is_left() {
        let peer = SocketAddr::from(([192, 0, 2, 1], 25));
        // A line without an end, and lines of which none is the last.
        for words in [b"x".repeat(60), b"2".repeat(60), [&b"220-".repeat(15)[..], b"\r\n"].concat()] {
            let (ours, mut theirs) = tokio::io::duplex(4096);
            let said = tokio::spawn(async move {
                let mut said = 0;
                while theirs.write_all(&words).await.is_ok() {
                    said += words.len();
                }
                said
            });
            let line = Box::new(Line::new(Box::new(ours), peer));
            let hello = ClientId::Domain("example.com".into());
            let smtp = AsyncSmtpConnection::connect_with_transport(line, &hello).await;
            assert!(smtp.is_err());
            let said = said.await.expect("what it said");
            assert!(said < 2 * MAX_SAID, "{said}");
        }
    }

    /// A mail to three, handed to a server that says this to whoever is to get it.
    async fn mailed(answers: [&'static str; 3]) -> Tried {
        let (ours, theirs) = tokio::io::duplex(4096);
        let server = tokio::spawn(async move {
            let (read, mut write) = tokio::io::split(theirs);
            let (mut lines, mut answers) = (BufReader::new(read).lines(), answers.into_iter());
            write.write_all(b"220 here\r\n").await.expect("sent");
            while let Ok(Some(line)) = lines.next_line().await {
                let answer = match line.split([' ', ':']).next() {
                    Some("RCPT") => answers.next().expect("three"),
                    Some("DATA") => "354 say it",
                    Some("EHLO" | "MAIL" | "QUIT" | ".") => "250 yes",
                    _ => continue,
                };
                write.write_all(format!("{answer}\r\n").as_bytes()).await.expect("sent");
            }
        });
        let line = Box::new(Line::new(Box::new(ours), SocketAddr::from(([192, 0, 2, 1], 25))));
        let hello = ClientId::Domain("example.com".into());
        let mut smtp = AsyncSmtpConnection::connect_with_transport(line, &hello).await.expect("a server");
        let to = ["a", "b", "c"].map(|name| format!("{name}@example.com").parse().expect("a mailbox"));
        let mail = to.into_iter().fold(Message::builder(), lettre::message::MessageBuilder::to);
        let mail =
            mail.from("d@example.com".parse().expect("a mailbox")).body(String::new()).expect("a mail");
        let tried = hand_over(&mut smtp, &Mail::default(), &mail).await;
        drop(smtp);
        server.await.expect("it served");
        tried
    }

    #[tokio::test]
    async fn who_is_refused_keeps_nobody_else_s_mail_back() {
        let all = mailed(["250 yes"; 3]).await;
        assert_eq!(all, Ok(Taken::whole(250)));
        for refusal in ["550 no such mailbox", "452 mailbox full"] {
            let taken = mailed(["250 yes", refusal, "250 yes"]).await.expect("a delivery");
            assert!(
                taken.but.starts_with("not to b@example.com: ") && taken.but.contains(&refusal[..3]),
                "{taken:?}"
            );
        }
        let nobody = mailed(["550 no such mailbox"; 3]).await.expect_err("nobody");
        assert!(nobody.is_final && nobody.status == 550, "{nobody:?}");
        let later = mailed(["550 no such mailbox", "451 greylisted", "550 no such mailbox"]).await;
        let later = later.expect_err("nobody");
        assert!(!later.is_final && later.status == 451, "{later:?}");
    }

    #[test]
    fn a_password_is_known_in_every_shape_in_which_it_was_told() {
        let set = Mail { username: "joe".into(), password: Some("open sesame".into()), ..Mail::default() };
        for told in ["open sesame", "b3BlbiBzZXNhbWU=", "AGpvZQBvcGVuIHNlc2FtZQ=="] {
            let said = without_secrets(&set, &format!("I was told {told}"));
            assert!(!said.contains(told), "{said}");
        }
        assert_eq!(without_secrets(&set, "Go away"), "Go away");
        assert_eq!(without_secrets(&Mail::default(), "Go away"), "Go away");
    }
}
