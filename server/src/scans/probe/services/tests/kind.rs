//! Services that keep to their protocols.

use std::{sync::Arc, time::Duration};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ServerConfig, crypto::ring};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    sync::mpsc,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

use super::{
    Http, Limits, told,
    town::{answer, hear_out, meet, meet_nobody, say},
};

const PAGE: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: text/html\r\nSet-Cookie: PHPSESSID=1\r\n\
    Content-Length: 32\r\n\r\n<title>Fish &amp; Chips</title>\r\n\r\n";

fn acceptor() -> TlsAcceptor {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["example.org".into()]).expect("a certificate");
    let key = signing_key.serialize_der().try_into().expect("a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a certificate and its key");
    TlsAcceptor::from(Arc::new(config))
}

fn is_http(words: &[u8]) -> bool {
    words.starts_with(b"GET / HTTP/1.1\r\nHost: example.org")
}

/// Speaks first inside TLS, or answers there; in the clear it says what a web server says to that.
async fn inside(stream: DuplexStream, acceptor: TlsAcceptor, greeting: &[u8], reply: &[u8]) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    if stream.write_all(greeting).await.is_err() {
        return;
    }
    let mut heard = [0; 1024];
    if stream.read(&mut heard).await.is_ok_and(|length| length > 0) && stream.write_all(reply).await.is_ok() {
        // Whoever has left does not hear of the end.
        let _ = stream.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_expected_to_speak_first_is_told_nothing() {
    let (said, mut heard) = mpsc::unbounded_channel();
    let (detected, cost) = meet(22, &Limits::default(), move |mut stream| {
        let said = said.clone();
        async move {
            let greeting = stream.write_all(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10\r\n").await;
            let mut words = Vec::new();
            let listening = stream.read_to_end(&mut words).await;
            // The test may have ended.
            let _ = said.send((greeting.is_ok() && listening.is_ok(), words));
        }
    })
    .await;
    assert_eq!(told(&detected), (Some("ssh"), Some("OpenSSH"), Some("9.2p1")));
    assert_eq!(detected.ostype.as_deref(), Some("Linux"));
    assert_eq!(detected.extrainfo.as_deref(), Some("protocol 2.0; Debian 12"));
    assert_eq!(detected.cpe.as_deref(), Some("cpe:/a:openbsd:openssh:9.2p1"));
    assert!(
        !detected.is_guess && !detected.is_cut_short && !detected.is_tls && detected.http_protocol.is_none()
    );
    assert_eq!((cost.calls, heard.recv().await), (1, Some((true, Vec::new()))));
}

#[tokio::test(start_paused = true)]
async fn a_greeting_is_known_at_any_port() {
    for (greeting, service, product) in [
        (b"SSH-2.0-dropbear_2022.83\r\n\x00\x00\x01\xfc".as_slice(), "ssh", "Dropbear sshd"),
        (b"220 (vsFTPd 3.0.3)\r\n", "ftp", "vsftpd"),
        (b"220---------- Welcome to Pure-FTPd [TLS] ----------\r\n220 You\r\n", "ftp", "Pure-FTPd"),
        (b"220 mail.example.org ESMTP Exim 4.96 Thu, 26 Nov 2026 09:15:36 +0000\r\n", "smtp", "Exim smtpd"),
        (b"* OK [CAPABILITY IMAP4rev1 ID] Dovecot (Debian) ready.\r\n", "imap", "Dovecot imapd"),
        (b"+OK Dovecot (Debian) ready.\r\n", "pop3", "Dovecot pop3d"),
        (
            b"\x4c\0\0\0\n5.5.5-10.11.19-MariaDB-0+deb12u1\0\x04\0\0\0~MCGzQe)\0\xfe\xf7\x08",
            "mysql",
            "MariaDB",
        ),
        (b"RFB 003.008\n", "rfb", "VNC"),
        (b"@RSYNCD: 32.0 sha512 sha256 sha1 md5 md4\n", "rsync", "rsync"),
        (
            b"\xff\xfd\x18\xff\xfd\x20MikroTik v6.49.10 (long-term)\r\nLogin: ",
            "telnet",
            "MikroTik RouterOS telnetd",
        ),
        (b"INFO {\"server_id\":\"N\",\"version\":\"2.9.10\"} \r\n", "nats", "NATS Server"),
        (b"200 news.example.org InterNetNews NNRP server INN 2.7.1 ready (posting ok)\r\n", "nntp", "INN"),
    ] {
        let (detected, cost) =
            meet(40000, &Limits::default(), move |stream| async move { say(stream, greeting).await }).await;
        assert_eq!(told(&detected).0, Some(service), "{detected:?}");
        assert_eq!(told(&detected).1, Some(product), "{detected:?}");
        assert!(cost.calls <= 3 && cost.time < Duration::from_secs(1), "{cost:?}");
        assert!(detected.banner.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn an_unclear_greeting_is_asked_for_more() {
    for (reply, service) in [(b"250 host\r\n".as_slice(), "smtp"), (b"530 Please login.\r\n", "ftp")] {
        let (detected, _) = meet(40000, &Limits::default(), move |mut stream| async move {
            if stream.write_all(b"220 host.example.org ready\r\n").await.is_ok() {
                answer(stream, |words| words.starts_with(b"EHLO ").then(|| reply.to_vec())).await;
            }
        })
        .await;
        assert_eq!(told(&detected).0, Some(service));
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_tells_its_server_and_its_title() {
    let (detected, cost) = meet(8000, &Limits::default(), |stream| async move {
        answer(stream, |words| {
            Some(if words.starts_with(b"GET ") {
                PAGE.to_vec()
            } else {
                b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()
            })
        })
        .await;
    })
    .await;
    assert_eq!(told(&detected), (Some("http"), Some("nginx"), Some("1.22.1")));
    assert_eq!((detected.http_protocol, detected.http_status), (Some(Http::Plain), Some(200)));
    assert_eq!(detected.title.as_deref(), Some("Fish & Chips"));
    assert_eq!(detected.extrainfo.as_deref(), Some("PHP"));
    assert!(cost.calls == 3 && cost.time < Duration::from_millis(300), "{cost:?}");
}

#[tokio::test(start_paused = true)]
async fn a_page_inside_tls_is_https_even_if_something_is_said_in_the_clear() {
    let acceptor = acceptor();
    let (detected, _) = meet(4433, &Limits::default(), move |mut stream| {
        let acceptor = acceptor.clone();
        async move {
            // As nginx does: by the first byte it tells whether TLS is spoken.
            let mut first = [0; 1];
            if stream.read_exact(&mut first).await.is_err() {
                return;
            }
            if first == *b"G" {
                say(stream, b"HTTP/1.1 400 Bad Request\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\n\r\n")
                    .await;
                return;
            }
            let (mut near, far) = tokio::io::duplex(64 << 10);
            if near.write_all(&first).await.is_ok() {
                let both = async { tokio::io::copy_bidirectional(&mut stream, &mut near).await };
                let (_, ()) = tokio::join!(both, inside(far, acceptor, b"", PAGE));
            }
        }
    })
    .await;
    assert_eq!(told(&detected), (Some("https"), Some("nginx"), Some("1.22.1")));
    assert_eq!((detected.http_protocol, detected.is_tls), (Some(Http::Secure), true));
    assert_eq!(detected.title.as_deref(), Some("Fish & Chips"));
}

#[tokio::test(start_paused = true)]
async fn greetings_and_probes_work_inside_tls() {
    let acceptor = acceptor();
    let secure = acceptor.clone();
    let (detected, _) = meet(993, &Limits::default(), move |stream| {
        let acceptor = secure.clone();
        async move { inside(stream, acceptor, b"* OK Dovecot ready.\r\n", b"").await }
    })
    .await;
    assert_eq!(told(&detected), (Some("imaps"), Some("Dovecot imapd"), None));
    assert!(detected.is_tls && detected.http_protocol.is_none());
    let (detected, _) = meet(6380, &Limits::default(), move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut heard = [0; 1024];
            let length = stream.read(&mut heard).await.unwrap_or_default();
            if heard[..length].starts_with(b"PING") {
                // Whoever has left does not hear it.
                let _ = stream.write_all(b"+PONG\r\n$24\r\n# Server\r\nredis_version:7\r\n").await;
            }
            while stream.read(&mut heard).await.is_ok_and(|length| length > 0) {}
        }
    })
    .await;
    assert_eq!(told(&detected), (Some("redis"), Some("Redis key-value store"), Some("7")));
    assert!(detected.is_tls);
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_asked_in_his_own_protocol() {
    let zookeeper = b"Zookeeper version: 3.8.0-5a02, built on 2022\n".as_slice();
    for (port, begin, reply, service, version) in [
        (
            6379,
            b"PING\r\n".as_slice(),
            b"+PONG\r\n$24\r\n# Server\r\nredis_version:7\r\n".as_slice(),
            "redis",
            Some("7"),
        ),
        (41000, b"PING\r\n", b"-NOAUTH Authentication required.\r\n-NOAUTH x\r\n", "redis", None),
        (41000, b"version\r\n", b"VERSION 1.6.18\r\n", "memcache", Some("1.6.18")),
        (41000, b"srvr\n", zookeeper, "zookeeper", Some("3.8.0")),
        (41000, b"\x05\x01\x00", b"\x05\x00", "socks", None),
        (41000, b"OPTIONS * RTSP", b"RTSP/1.0 200 OK\r\nServer: GStreamer RTSP server\r\n\r\n", "rtsp", None),
        (
            41000,
            b"OPTIONS sip:",
            b"SIP/2.0 404 Not Found\r\nServer: kamailio (5.6.3 (x86_64/linux))\r\n\r\n",
            "sip",
            Some("5.6.3"),
        ),
        (41000, b"HELP\r\n", b"220 (vsFTPd 3.0.3)\r\n", "ftp", Some("3.0.3")),
        (11211, b"version\r\n", b"VERSION 1.6.18\r\n", "memcache", Some("1.6.18")),
    ] {
        let (detected, cost) = meet(port, &Limits::default(), move |stream| async move {
            answer(stream, |words| words.starts_with(begin).then(|| reply.to_vec())).await;
        })
        .await;
        assert_eq!((told(&detected).0, told(&detected).2), (Some(service), version), "{detected:?}");
        assert!(!detected.is_guess && cost.at_once <= Limits::default().at_once, "{cost:?}");
        if port != 41000 {
            assert!(cost.time < Duration::from_millis(400), "{service}: {cost:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_a_guess_and_so_is_who_only_listens() {
    let (detected, cost) = meet_nobody(5432).await;
    assert_eq!((told(&detected), detected.is_guess), ((Some("postgresql"), None, None), true));
    assert!(cost.time < Duration::from_secs(1), "{cost:?}");
    let (detected, cost) =
        meet(5432, &Limits::default(), |mut stream| async move { hear_out(&mut stream).await }).await;
    assert_eq!((told(&detected), detected.is_guess), ((Some("postgresql"), None, None), true));
    assert!(cost.time <= Limits::default().deadline && cost.at_once <= 6, "{cost:?}");
    let (detected, _) = meet_nobody(41000).await;
    assert_eq!((told(&detected), detected.is_guess), ((None, None, None), true));
}

#[tokio::test(start_paused = true)]
async fn a_late_greeting_is_heard_too() {
    let (detected, _) = meet(25, &Limits::default(), |mut stream| async move {
        sleep(Duration::from_millis(1500)).await;
        if stream.write_all(b"220 mail.example.org ESMTP Postfix (Debian/GNU)\r\n").await.is_ok() {
            hear_out(&mut stream).await;
        }
    })
    .await;
    assert_eq!(told(&detected), (Some("smtp"), Some("Postfix smtpd"), None));
    assert_eq!(detected.hostname.as_deref(), Some("mail.example.org"));
}

#[tokio::test(start_paused = true)]
async fn printers_are_told_nothing() {
    let (said, mut heard) = mpsc::unbounded_channel();
    let (detected, cost) = meet(9100, &Limits::default(), move |mut stream| {
        let said = said.clone();
        async move {
            let mut words = Vec::new();
            if stream.read_to_end(&mut words).await.is_ok() {
                // The test may have ended.
                let _ = said.send(words);
            }
        }
    })
    .await;
    assert!(detected.is_guess && cost.calls == 1 && detected.banner.is_none());
    assert_eq!(heard.recv().await, Some(Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn a_second_look_finds_the_version_at_its_place() {
    let (detected, _) = meet(9090, &Limits::default(), |stream| async move {
        answer(stream, |words| {
            let reply: &[u8] = if words.starts_with(b"GET /api/v1/status/buildinfo ") {
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"status\":\"success\",\"data\":\
                {\"version\":\"2.42.0+ds\",\"revision\":\"x\",\"goVersion\":\"go1.19.8\"}}"
            } else if is_http(words) {
                b"HTTP/1.1 302 Found\r\nLocation: /graph\r\nContent-Length: 0\r\n\r\n"
            } else {
                b"HTTP/1.1 400 Bad Request\r\n\r\n"
            };
            Some(reply.to_vec())
        })
        .await;
    })
    .await;
    assert_eq!(told(&detected), (Some("http"), Some("Prometheus"), Some("2.42.0")));
    assert_eq!((detected.location.as_deref(), detected.http_status), (Some("/graph"), Some(302)));
}
