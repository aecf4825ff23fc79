//! Web sites of a scripted world, which say what they are told to say.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use atalaya_server::{
    auth::Role,
    network::{
        Host,
        shot::{Ask, Shot},
        targets::{Clearance, Denied, Permit, Purpose, TargetPolicy},
    },
};
use atalaya_tests::ScriptedWorld;
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio_rustls::TlsAcceptor;

/// The site that is looked at.
pub(crate) const SITE: &str = "192.0.2.10";
/// A site that may be looked at as well.
pub(crate) const FRIEND: &str = "192.0.2.20";
/// What nobody may look at: a cloud's metadata.
pub(crate) const FORBIDDEN: &str = "169.254.169.254";

/// Whole answers by path; of one that ends in `...` no end ever comes.
pub(crate) type Answers = HashMap<String, Vec<u8>>;

/// The requests that sites have heard: their first lines.
pub(crate) type Heard = Arc<Mutex<Vec<String>>>;

/// An answer with HTML.
pub(crate) fn html(body: &str) -> Vec<u8> {
    answer("200 OK", "content-type: text/html; charset=utf-8", body)
}

/// An answer of this status with a header.
pub(crate) fn answer(status: &str, header: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{header}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

/// A site with these answers at an address and port; what it has heard.
pub(crate) fn site(world: &ScriptedWorld, server: &str, answers: &[(&str, Vec<u8>)]) -> Heard {
    let (answers, heard) = (collect(answers), Heard::default());
    let requests = Arc::clone(&heard);
    world.talk.serve(server, move |stream| serve(stream, Arc::clone(&answers), Arc::clone(&requests)));
    heard
}

/// The same by TLS, with a certificate that nobody else has signed.
pub(crate) fn secure_site(world: &ScriptedWorld, server: &str, answers: &[(&str, Vec<u8>)]) {
    let signed = rcgen::generate_simple_self_signed(["elsewhere.example".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).expect("a key");
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("versions of TLS");
    let config = builder.with_no_client_auth().with_single_cert(vec![signed.cert.der().clone()], key);
    let acceptor = TlsAcceptor::from(Arc::new(config.expect("a server")));
    let answers = collect(answers);
    world.talk.serve(server, move |stream| {
        let (accepting, answers) = (acceptor.accept(stream), Arc::clone(&answers));
        async move {
            if let Ok(stream) = accepting.await {
                serve(stream, answers, Heard::default()).await;
            }
        }
    });
}

fn collect(answers: &[(&str, Vec<u8>)]) -> Arc<Answers> {
    Arc::new(answers.iter().map(|(path, answer)| ((*path).to_owned(), answer.clone())).collect())
}

/// Answers one request after another.
pub(crate) async fn serve<S>(stream: S, answers: Arc<Answers>, heard: Heard)
where
    S: AsyncReadExt + AsyncWrite + Unpin,
{
    let (from, mut to) = tokio::io::split(stream);
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(request)) = lines.next_line().await {
        while lines.next_line().await.is_ok_and(|line| line.is_some_and(|line| !line.is_empty())) {}
        let path = request.split(' ').nth(1).unwrap_or_default();
        let found = answers.get(path).cloned();
        let answer = found.unwrap_or_else(|| answer("404 Not Found", "content-type: text/plain", "nothing"));
        heard.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let (said, goes_on) = match answer.strip_suffix(b"...") {
            Some(begun) => (begun, true),
            None => (&answer[..], false),
        };
        if to.write_all(said).await.is_err() || (!said.is_empty() && !said.starts_with(b"HTTP/")) {
            return;
        }
        if goes_on {
            std::future::pending::<()>().await;
        }
    }
}

/// What was heard, in order.
pub(crate) fn requests(heard: &Heard) -> Vec<String> {
    heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The policy of these tests: documentation's addresses (RFC 5737) are open, all that is special is not.
fn ask() -> Ask {
    let open = vec!["192.0.2.0/24".parse().expect("a range")];
    let policy = TargetPolicy::new(open, Vec::new());
    policy.listens_at(format!("{SITE}:8080").parse().expect("an address"));
    let user = Clearance::Account(Role::User, Arc::new([]));
    Arc::new(move |address: IpAddr| policy.check(&user, Purpose::Page, address))
}

/// The right to look at an address.
pub(crate) fn permit(address: &str) -> Result<Permit, Denied> {
    ask()(address.parse().expect("an address"))
}

/// A picture of a path of the site.
pub(crate) fn shot(path: &str) -> Shot {
    let host: Host = SITE.parse().expect("a host");
    let server = permit(SITE).expect("a permit");
    Shot { secure: false, host, server, port: 80, path: path.to_owned(), ask: ask() }
}
