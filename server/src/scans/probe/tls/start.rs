//! How TLS is asked for where a conversation has begun without it: a few lines of each protocol, all bounded.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::model::StartTls;

/// Most bytes of all that a server says before TLS begins.
const MAX_TALK: usize = 32 << 10;
/// How we call ourselves: a name that nobody has (RFC 6761).
const OUR_NAME: &str = "atalaya.invalid";
/// PostgreSQL's SSLRequest: its length, and a number that is no version.
const POSTGRES: [u8; 8] = [0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F];
/// MySQL's flags: TLS, the protocol of 4.1, and passwords as since then.
const MYSQL_TLS: u32 = 0x0800;
const MYSQL_CLIENT: u32 = MYSQL_TLS | 0x0200 | 0x8000;
/// MySQL's version of its greeting, and the packet of an error.
const MYSQL_GREETING: u8 = 10;
/// LDAP's request: a message with number 1, an extended request (tag 23), the OID of StartTLS.
const LDAP: &[u8] = b"\x30\x1D\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";
/// What its answer says if all is well: an extended response (tag 24) that begins with the result 0.
const LDAP_YES: &[u8] = &[0x0A, 1, 0];

/// Why TLS does not begin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unstarted {
    /// The server said no, or nothing that was to be expected.
    #[error("the server does not begin TLS: {0}")]
    Refused(&'static str),
    /// It hung up.
    #[error("the server hung up before TLS began")]
    Closed,
}

/// A talk before TLS.
struct Talk<'a, S> {
    stream: &'a mut S,
    heard: usize,
}

/// Brings a connection to where TLS begins. Whoever calls gives up after some time. The stream had better be buffered:
/// it is read byte by byte, so that nothing of TLS is taken away.
pub(super) async fn begin<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    start: StartTls,
    host: &str,
) -> Result<(), Unstarted> {
    let mut talk = Talk { stream, heard: 0 };
    match start {
        StartTls::Direct => Ok(()),
        StartTls::Smtp => talk.smtp().await,
        StartTls::Imap => talk.imap().await,
        StartTls::Pop3 => talk.pop3().await,
        StartTls::Ftp => talk.ftp().await,
        StartTls::Ldap => talk.ldap().await,
        StartTls::Postgres => talk.postgres().await,
        StartTls::Mysql => talk.mysql().await,
        StartTls::Xmpp => talk.xmpp(host).await,
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<'_, S> {
    async fn smtp(&mut self) -> Result<(), Unstarted> {
        self.reply(b"220").await?;
        self.say(format!("EHLO {OUR_NAME}\r\n").as_bytes()).await?;
        self.reply(b"250").await?;
        self.say(b"STARTTLS\r\n").await?;
        self.reply(b"220").await
    }

    async fn imap(&mut self) -> Result<(), Unstarted> {
        let greeting = self.line().await?;
        check(greeting.starts_with(b"* OK"), "it greets as no IMAP server")?;
        self.say(b"a STARTTLS\r\n").await?;
        loop {
            let line = self.line().await?;
            if line.starts_with(b"a ") {
                return check(line.starts_with(b"a OK"), "it has no STARTTLS");
            }
        }
    }

    async fn pop3(&mut self) -> Result<(), Unstarted> {
        let greeting = self.line().await?;
        check(greeting.starts_with(b"+OK"), "it greets as no POP3 server")?;
        self.say(b"STLS\r\n").await?;
        let answer = self.line().await?;
        check(answer.starts_with(b"+OK"), "it has no STLS")
    }

    async fn ftp(&mut self) -> Result<(), Unstarted> {
        self.reply(b"220").await?;
        self.say(b"AUTH TLS\r\n").await?;
        self.reply(b"234").await
    }

    async fn ldap(&mut self) -> Result<(), Unstarted> {
        self.say(LDAP).await?;
        check(self.byte().await? == 0x30, "it answers as no LDAP server")?;
        let first = usize::from(self.byte().await?);
        let mut length = first;
        if first > 0x80 {
            length = 0;
            for _ in 0..(first & 0x7F) {
                length = length << 8 | usize::from(self.byte().await?);
                check(length <= MAX_TALK, "it says too much")?;
            }
        }
        let answer = self.bytes(length).await?;
        // The message's number in three bytes, the tag, its length in one or more.
        let mut head = answer.iter().skip(3);
        check(head.next() == Some(&0x78), "it answers as no LDAP server")?;
        let result = answer.windows(LDAP_YES.len()).take(10).any(|part| part == LDAP_YES);
        check(result, "it has no StartTLS")
    }

    async fn postgres(&mut self) -> Result<(), Unstarted> {
        self.say(&POSTGRES).await?;
        check(self.byte().await? == b'S', "it has no TLS")
    }

    async fn mysql(&mut self) -> Result<(), Unstarted> {
        let header = self.bytes(4).await?;
        let length = usize::from(u16::from_le_bytes([header[0], header[1]]));
        check(header[2] == 0 && length > 0, "it greets as no MySQL server")?;
        let greeting = self.bytes(length).await?;
        check(greeting[0] == MYSQL_GREETING, "it greets as no MySQL server")?;
        // The version's text up to its zero, a thread's number, 8 bytes of salt, a zero, then the flags.
        let text = greeting.iter().position(|byte| *byte == 0).unwrap_or(greeting.len());
        let flags =
            greeting.get(text + 14..text + 16).ok_or(Unstarted::Refused("it greets as no MySQL server"))?;
        let flags = u32::from(u16::from_le_bytes([flags[0], flags[1]]));
        check(flags & MYSQL_TLS != 0, "it has no TLS")?;
        let mut request = vec![32, 0, 0, 1];
        request.extend(MYSQL_CLIENT.to_le_bytes());
        // The longest packet that we would take, 16 MB, and the character set utf8mb4; then 23 zeros.
        request.extend([0, 0, 0, 1, 45]);
        request.extend([0; 23]);
        self.say(&request).await
    }

    async fn xmpp(&mut self, host: &str) -> Result<(), Unstarted> {
        let hello = format!(
            "<?xml version='1.0'?><stream:stream to='{host}' version='1.0' xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams'>"
        );
        self.say(hello.as_bytes()).await?;
        let features = self.until(b"</stream:features>").await?;
        check(memchr::memmem::find(&features, b"<starttls").is_some(), "it has no STARTTLS")?;
        self.say(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>").await?;
        let answer = self.until(b">").await?;
        check(memchr::memmem::find(&answer, b"<proceed").is_some(), "it refuses STARTTLS")
    }

    /// A reply of SMTP or FTP with this code, of as many lines as it has.
    async fn reply(&mut self, code: &[u8; 3]) -> Result<(), Unstarted> {
        loop {
            let line = self.line().await?;
            let ends = line.starts_with(code) && line.get(3) != Some(&b'-');
            let goes_on =
                line.get(3) == Some(&b'-') || line.first().is_none_or(|byte| !byte.is_ascii_digit());
            if ends {
                return Ok(());
            }
            check(goes_on && !line.starts_with(b"5"), "it answers with another code")?;
        }
    }

    async fn line(&mut self) -> Result<Vec<u8>, Unstarted> {
        self.until(b"\n").await
    }

    async fn until(&mut self, end: &[u8]) -> Result<Vec<u8>, Unstarted> {
        let mut heard = Vec::new();
        while !heard.ends_with(end) {
            heard.push(self.byte().await?);
        }
        Ok(heard)
    }

    async fn bytes(&mut self, count: usize) -> Result<Vec<u8>, Unstarted> {
        let mut heard = Vec::new();
        while heard.len() < count {
            heard.push(self.byte().await?);
        }
        Ok(heard)
    }

    async fn byte(&mut self) -> Result<u8, Unstarted> {
        self.heard += 1;
        check(self.heard <= MAX_TALK, "it says too much")?;
        self.stream.read_u8().await.map_err(|_| Unstarted::Closed)
    }

    async fn say(&mut self, words: &[u8]) -> Result<(), Unstarted> {
        let said = async {
            self.stream.write_all(words).await?;
            self.stream.flush().await
        };
        said.await.map_err(|_: std::io::Error| Unstarted::Closed)
    }
}

fn check(holds: bool, otherwise: &'static str) -> Result<(), Unstarted> {
    if holds { Ok(()) } else { Err(Unstarted::Refused(otherwise)) }
}

#[cfg(test)]
mod tests {
    use tokio::io::{BufReader, duplex};

    use super::*;

    /// A server that says its part each time it has heard the client's, and then `!`.
    async fn talk(start: StartTls, parts: &[(&[u8], &[u8])]) -> Result<(), Unstarted> {
        let (ours, mut theirs) = duplex(1 << 16);
        let serve = async move {
            for (says, hears) in parts {
                theirs.write_all(says).await.expect("it is heard");
                let mut heard = vec![0; hears.len()];
                theirs.read_exact(&mut heard).await.expect("it is said");
                assert_eq!(heard, *hears);
            }
            // It may have been left already.
            let _ = theirs.write_all(b"!").await;
        };
        let ask = async move {
            let mut stream = BufReader::new(ours);
            begin(&mut stream, start, "example.com").await?;
            assert_eq!(stream.read_u8().await.expect("a byte"), b'!', "something of TLS was taken away");
            Ok(())
        };
        tokio::join!(ask, serve).0
    }

    #[tokio::test]
    async fn each_protocol_is_asked_in_its_own_words() {
        let ehlo = format!("EHLO {OUR_NAME}\r\n");
        let smtp: &[(&[u8], &[u8])] = &[
            (b"220-mail.example\r\n220 ready\r\n", ehlo.as_bytes()),
            (b"250-mail.example\r\n250-SIZE\r\n250 STARTTLS\r\n", b"STARTTLS\r\n"),
            (b"220 go ahead\r\n", b""),
        ];
        assert_eq!(talk(StartTls::Smtp, smtp).await, Ok(()));
        let imap: &[(&[u8], &[u8])] = &[
            (b"* OK [CAPABILITY IMAP4rev1] hi\r\n", b"a STARTTLS\r\n"),
            (b"* BYE not yet\r\na OK now\r\n", b""),
        ];
        assert_eq!(talk(StartTls::Imap, imap).await, Ok(()));
        let pop3: &[(&[u8], &[u8])] = &[(b"+OK hi\r\n", b"STLS\r\n"), (b"+OK now\r\n", b"")];
        assert_eq!(talk(StartTls::Pop3, pop3).await, Ok(()));
        let ftp: &[(&[u8], &[u8])] =
            &[(b"220-hi\r\n all\r\n220 .\r\n", b"AUTH TLS\r\n"), (b"234 now\r\n", b"")];
        assert_eq!(talk(StartTls::Ftp, ftp).await, Ok(()));
        let ldap: &[(&[u8], &[u8])] =
            &[(b"", LDAP), (b"\x30\x0C\x02\x01\x01\x78\x07\x0A\x01\x00\x04\x00\x04\x00", b"")];
        assert_eq!(talk(StartTls::Ldap, ldap).await, Ok(()));
        assert_eq!(talk(StartTls::Postgres, &[(b"", &POSTGRES), (b"S", b"")]).await, Ok(()));
        let features = b"<stream:stream id='1'><stream:features><starttls xmlns='x'/></stream:features>";
        let xmpp: &[(&[u8], &[u8])] = &[
            (
                b"",
                b"<?xml version='1.0'?><stream:stream to='example.com' version='1.0' xmlns='jabber:client' ",
            ),
            (b"", b"xmlns:stream='http://etherx.jabber.org/streams'>"),
            (features, b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            (b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", b""),
        ];
        assert_eq!(talk(StartTls::Xmpp, xmpp).await, Ok(()));
    }

    #[tokio::test]
    async fn mysql_is_asked_only_where_its_greeting_knows_tls() {
        let greeting = |flags: [u8; 2]| {
            let mut body = b"\x0A8.0.36\0\x01\0\0\0saltsalt\0".to_vec();
            body.extend(flags);
            body.extend([45, 2, 0]);
            [&[body.len() as u8, 0, 0, 0], &body[..]].concat()
        };
        let mut request = vec![32, 0, 0, 1, 0, 0x8A, 0, 0, 0, 0, 0, 1, 45];
        request.extend([0; 23]);
        assert_eq!(talk(StartTls::Mysql, &[(&greeting([0xFF, 0xFF]), &request)]).await, Ok(()));
        let refused = talk(StartTls::Mysql, &[(&greeting([0xFF, 0xF7]), b"")]).await;
        assert_eq!(refused, Err(Unstarted::Refused("it has no TLS")));
    }

    #[tokio::test]
    async fn whoever_refuses_hangs_up_or_never_ends_is_left() {
        let refusals: &[(StartTls, &[u8])] = &[
            (StartTls::Smtp, b"554 no\r\n"),
            (StartTls::Smtp, b"421 busy\r\n"),
            (StartTls::Imap, b"* PREAUTH\r\n"),
            (StartTls::Pop3, b"-ERR\r\n"),
            (StartTls::Ftp, b"530 no\r\n"),
            (StartTls::Ldap, b"\x30\x0C\x02\x01\x01\x78\x07\x0A\x01\x02\x04\x00\x04\x00"),
            (StartTls::Ldap, b"\x30\x84\xFF\xFF\xFF\xFF"),
            (StartTls::Postgres, b"N"),
            (StartTls::Mysql, b"\x01\0\0\0\xFF"),
            (StartTls::Xmpp, b"<stream:features></stream:features>"),
        ];
        for (start, says) in refusals {
            let answer = talk(*start, &[(says, b"")]).await;
            assert!(matches!(answer, Err(Unstarted::Refused(_))), "{start:?}: {answer:?}");
        }
        assert_eq!(talk(StartTls::Smtp, &[(b"22", b"")]).await, Err(Unstarted::Closed));
        let endless = b"220-again\r\n".repeat(MAX_TALK / 11 + 1);
        let answer = talk(StartTls::Smtp, &[(&endless, b"")]).await;
        assert_eq!(answer, Err(Unstarted::Refused("it says too much")));
    }
}
