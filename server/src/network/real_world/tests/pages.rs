//! Pages and certificates.

use std::{io::Write, net::SocketAddr, sync::Arc, time::Duration};

use flate2::{Compression, write::GzEncoder};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsAcceptor;

use super::{permit, server};
use crate::network::{
    Host, RealWorld, World,
    web::{MAX_PAGE, Page, Unreached, Visit},
};

fn visit(port: u16, secure: bool) -> Visit {
    let host = "www.example.com".parse().expect("a host");
    Visit { server: permit(), port, secure, host, path: "/a?b=c".into() }
}

async fn page(server: SocketAddr) -> Result<Page, Unreached> {
    RealWorld::new(&[]).visit(&visit(server.port(), false)).await
}

/// The request's head.
async fn read_head(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    String::from_utf8(head).expect("text")
}

/// A server that answers with these bytes and hangs up.
async fn answering(bytes: impl Into<Vec<u8>>) -> SocketAddr {
    let bytes: Arc<[u8]> = bytes.into().into();
    server(move |mut stream| {
        let bytes = Arc::clone(&bytes);
        async move {
            read_head(&mut stream).await;
            // Whoever does not hear it has left.
            let _ = stream.write_all(&bytes).await;
        }
    })
    .await
}

/// A server that writes this again and again behind a beginning, as long as somebody listens.
async fn endless(begin: &'static str, more: &'static [u8], pause: Duration) -> SocketAddr {
    server(move |mut stream| async move {
        read_head(&mut stream).await;
        let mut alive = stream.write_all(begin.as_bytes()).await.is_ok();
        while alive {
            tokio::time::sleep(pause).await;
            alive = stream.write_all(more).await.is_ok();
        }
    })
    .await
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(body).expect("memory");
    packer.finish().expect("memory")
}

fn packed(body: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n".as_slice(), body].concat()
}

#[tokio::test]
async fn a_page_comes_with_what_is_said_of_it_and_the_host_is_named() {
    let address = server(|mut stream: TcpStream| async move {
        let head = read_head(&mut stream).await;
        let (status, host) = match head.lines().find(|line| line.to_lowercase().starts_with("host:")) {
            Some(host) if head.starts_with("GET /a?b=c HTTP/1.1\r\n") => ("404 Not Found", host),
            _ => ("500 What", "host: none"),
        };
        let body = format!("<title>{host}</title>");
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: Text/HTML\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.expect("a reader");
    })
    .await;
    let page = page(address).await.expect("a page");
    assert_eq!((page.status, page.content_type.as_deref(), page.location), (404, Some("Text/HTML"), None));
    let body = String::from_utf8(page.body).expect("text");
    assert_eq!(body.to_lowercase(), format!("<title>host: www.example.com:{}</title>", address.port()));
}

#[tokio::test]
async fn redirects_are_told_and_not_followed() {
    let answer =
        "HTTP/1.1 301 Moved\r\nLocation: https://elsewhere.example/\r\nContent-Length: 1000000\r\n\r\n";
    let page = page(answering(answer).await).await.expect("a page");
    assert_eq!((page.status, page.location.as_deref()), (301, Some("https://elsewhere.example/")));
    assert!(page.body.is_empty());
}

#[tokio::test]
async fn packed_pages_are_unpacked_and_what_swells_is_cut_off() {
    let title = b"<title>packed</title>";
    assert_eq!(page(answering(packed(&gzip(title))).await).await.expect("a page").body, title);
    // 64 MiB of nothing in 64 KiB, and a page that stops in the middle of its packing.
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert_eq!(page(answering(packed(&bomb)).await).await.expect("a page").body.len(), MAX_PAGE);
    let half = gzip(&title.repeat(50));
    let cut = page(answering(packed(&half[..half.len() / 2])).await).await.expect("a page");
    assert!(cut.body.len() < title.len() * 50);
    let wrong = page(answering(packed(b"this is not packed at all")).await).await.expect("a page");
    assert!(wrong.body.is_empty());
}

#[tokio::test]
async fn a_page_of_a_gigabyte_is_read_no_further_than_it_is_looked_at() {
    let begin = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n";
    let large = endless(begin, &[b'x'; 16_384], Duration::ZERO).await;
    assert_eq!(page(large).await.expect("a page").body.len(), MAX_PAGE);
    // Nobody waits for the rest of a page whose title is there.
    let titled = server(|mut stream: TcpStream| async move {
        read_head(&mut stream).await;
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n<title>here</TITLE>";
        stream.write_all(answer.as_bytes()).await.expect("a reader");
        std::future::pending::<()>().await;
    });
    assert!(page(titled.await).await.expect("a page").body.ends_with(b"</TITLE>"));
}

#[tokio::test(start_paused = true)]
async fn servers_that_drip_or_keep_still_are_not_waited_for_without_end() {
    let second = Duration::from_secs(1);
    let in_body = endless("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", b"x", second).await;
    let in_head = endless("HTTP/1.1 200 OK\r\n", b"X: y\r\n", second).await;
    let silent = server(async |_stream| std::future::pending::<()>().await).await;
    for address in [in_body, in_head, silent] {
        assert_eq!(page(address).await, Err(Unreached::TimedOut));
        let secure = RealWorld::new(&[]).visit(&visit(address.port(), true)).await;
        assert!(secure.is_err(), "{secure:?}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_named_so() {
    for answer in ["SSH-2.0-OpenSSH_9.2\r\n", "", "HTTP/1.1 200 OK\r\nX", "HTTP/9.9 200 OK\r\n\r\n"] {
        assert!(matches!(page(answering(answer).await).await, Err(Unreached::Http(_))), "{answer}");
    }
    let head = endless("HTTP/1.1 200 OK\r\nX: ", &[b'x'; 4096], Duration::ZERO).await;
    assert!(matches!(page(head).await, Err(Unreached::Http(_))));
    let closed =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    assert_eq!(page(closed).await, Err(Unreached::Connection("connection refused".into())));
    let plain = server(|mut stream: TcpStream| async move {
        stream.write_all(b"HTTP/1.1 400 No\r\n\r\n").await.expect("a reader");
        // Not before the other side has: what it still sends would reset the connection.
        while read_some(&mut stream).await {}
    });
    let no_tls = RealWorld::new(&[]).visit(&visit(plain.await.port(), true)).await;
    assert!(matches!(no_tls, Err(Unreached::Tls(_))), "{no_tls:?}");
}

/// A server with a certificate that nobody has signed, for these names.
async fn secure_server(names: &[&str]) -> SocketAddr {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    server(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let name = stream.get_ref().1.server_name().unwrap_or("nobody").to_owned();
            if read_some(&mut stream).await {
                let answer = format!("HTTP/1.1 200 OK\r\n\r\n<title>{name}</title>");
                write_last(&mut stream, answer.as_bytes()).await;
            }
        }
    })
    .await
}

async fn read_some(stream: &mut (impl AsyncReadExt + Unpin)) -> bool {
    stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0)
}

async fn write_last(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) {
    // Whoever does not hear it has left.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
}

#[tokio::test]
async fn certificates_that_nobody_has_signed_are_read_and_their_pages_too() {
    let address = secure_server(&["www.example.com", "*.Example.com", "192.0.2.7"]).await;
    let world = RealWorld::new(&[]);
    let host: Host = "other.example".parse().expect("a host");
    let names = world.certified(permit(), address.port(), &host).await.expect("names");
    assert_eq!(names, ["www.example.com", "*.example.com"]);
    let by_address: Host = "127.0.0.1".parse().expect("a host");
    assert!(world.certified(permit(), address.port(), &by_address).await.is_ok());
    let page = world.visit(&visit(address.port(), true)).await.expect("a page");
    assert_eq!(page.body, b"<title>www.example.com</title>");
}
