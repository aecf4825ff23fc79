mod fakes;
mod hostile;

use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, UNIX_EPOCH},
};

use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use self::fakes::{Fake, Model, serve};
use super::*;

/// Short, where silence is waited for.
const BRIEF: Duration = Duration::from_millis(300);

fn limits() -> Limits {
    Limits { answer: Duration::from_secs(20), ..Limits::default() }
}

fn impatient() -> Limits {
    Limits { answer: BRIEF, ..Limits::default() }
}

async fn look(fake: &Fake, limits: &Limits) -> Examined {
    let now = UNIX_EPOCH + Duration::from_secs(1_763_116_201);
    examine(&fake.door, Some("example.com"), StartTls::Direct, limits, now).await
}

fn support(examined: &Examined, version: Version) -> &Support {
    examined
        .versions
        .iter()
        .find(|(known, _)| *known == version)
        .map(|(_, support)| support)
        .expect("a version")
}

fn suites(examined: &Examined, version: Version) -> Suites {
    match support(examined, version) {
        Support::Supported(suites) => suites.clone(),
        other @ (Support::NotSupported | Support::Unknown(_)) => panic!("{version:?}: {other:?}"),
    }
}

fn names(examined: &Examined, version: Version) -> Vec<&'static str> {
    suites(examined, version).accepted.iter().map(|suite| suite.name).collect()
}

fn unsupported(examined: &Examined, versions: &[Version]) {
    for version in versions {
        assert_eq!(support(examined, *version), &Support::NotSupported, "{version:?}");
    }
}

/// A certificate with its key, in PKCS #8.
fn certified(name: &str, pair: &KeyPair) -> (Vec<u8>, Vec<u8>) {
    let params = CertificateParams::new(vec![name.into()]).expect("params");
    (params.self_signed(pair).expect("a certificate").der().to_vec(), pair.serialize_der())
}

/// AES-128-GCM, AES-256-GCM and AES-128-CBC with ECDHE and RSA; AES-256-CBC with RSA; two of TLS 1.3.
const TWELVE: &[u16] = &[0x002F, 0xC02F, 0xC030, 0xC013, 0x0035];
const ELEVEN: &[u16] = &[0xC013, 0x002F];
const THIRTEEN: &[u16] = &[0x1303, 0x1301];

#[tokio::test]
async fn suites_come_in_the_servers_order_where_that_counts() {
    let versions: &[_] = &[(0x0302, ELEVEN), (0x0303, TWELVE), (0x0304, THIRTEEN)];
    let chain = vec![certified("example.com", &KeyPair::generate().expect("a key")).0];
    let fake = Model { versions, chain: chain.clone(), ..Model::default() }.serve().await;
    let examined = look(&fake, &limits()).await;
    let twelve = suites(&examined, Version::Tls12);
    assert_eq!((twelve.order, twelve.unfinished), (Some(Order::Server), None));
    assert_eq!(
        names(&examined, Version::Tls12),
        [
            "TLS_RSA_WITH_AES_128_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
            "TLS_RSA_WITH_AES_256_CBC_SHA",
        ]
    );
    assert_eq!(names(&examined, Version::Tls11).len(), 2);
    assert_eq!(names(&examined, Version::Tls13), ["TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"]);
    unsupported(&examined, &[Version::Ssl2, Version::Ssl3, Version::Tls10]);
    assert_eq!((examined.chains.len(), &examined.chains[0].certificates[0].der), (1, &chain[0]));
    assert_eq!(examined.chains[0].trusted, Err("no trusted authority has signed it".into()));
    assert_eq!(examined.problems, Vec::<String>::new());
    assert!((20..40).contains(&examined.connections), "{} connections", examined.connections);
    assert!((1..=4).contains(&fake.most.load(Ordering::SeqCst)), "four at once is gentle");
}

#[tokio::test]
async fn suites_come_in_our_order_where_the_client_s_counts() {
    let fake = Model { versions: &[(0x0303, TWELVE)], orders: false, ..Model::default() }.serve().await;
    let examined = look(&fake, &limits()).await;
    let twelve = suites(&examined, Version::Tls12);
    assert_eq!((twelve.order, twelve.unfinished), (Some(Order::Client), None));
    assert_eq!(twelve.accepted.len(), TWELVE.len());
    assert_eq!(twelve.accepted[0].name, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
    assert_eq!(twelve.accepted[4].name, "TLS_RSA_WITH_AES_128_CBC_SHA");
}

#[tokio::test]
async fn a_server_of_one_suite_has_no_order() {
    let fake = Model { versions: &[(0x0300, &[0x0035])], ..Model::default() }.serve().await;
    let examined = look(&fake, &limits()).await;
    assert_eq!(suites(&examined, Version::Ssl3).order, None);
    assert_eq!(names(&examined, Version::Ssl3), ["TLS_RSA_WITH_AES_256_CBC_SHA"]);
}

#[tokio::test]
async fn servers_that_are_deaf_to_long_hellos_are_asked_in_parts() {
    let fake = Model { versions: &[(0x0303, TWELVE)], longest: 128, ..Model::default() }.serve().await;
    let examined = look(&fake, &impatient()).await;
    let twelve = suites(&examined, Version::Tls12);
    assert_eq!((twelve.accepted.len(), twelve.order, twelve.unfinished), (5, None, None));
    unsupported(&examined, &[Version::Tls13]);
    assert_eq!(support(&examined, Version::Tls11), &Support::NotSupported, "it said so to each part");
}

#[tokio::test]
async fn hanging_up_is_a_no_as_long_as_others_are_answered() {
    let fake = Model { versions: &[(0x0303, TWELVE)], no: Vec::new(), ..Model::default() }.serve().await;
    let examined = look(&fake, &limits()).await;
    let twelve = suites(&examined, Version::Tls12);
    assert_eq!((twelve.accepted.len(), twelve.unfinished), (5, None));
    unsupported(&examined, &[Version::Ssl2, Version::Ssl3, Version::Tls10, Version::Tls11, Version::Tls13]);
}

#[tokio::test]
async fn servers_that_have_had_enough_are_not_said_to_speak_nothing_else() {
    let model = Arc::new(Model { versions: &[(0x0303, TWELVE)], no: Vec::new(), ..Model::default() });
    let fake = serve(move |stream, number| {
        let model = Arc::clone(&model);
        async move {
            // The first ten are answered, then it hangs up.
            if number < 10 {
                model.answer(stream).await;
            }
        }
    })
    .await;
    let examined = look(&fake, &limits()).await;
    let unknown = Support::Unknown("the server hangs up on whatever is said".into());
    assert_eq!(support(&examined, Version::Tls11), &unknown);
    assert_eq!(suites(&examined, Version::Tls12).unfinished.as_deref(), Some("the server hangs up"));
}

#[tokio::test]
async fn whoever_shows_no_certificate_is_not_waited_for() {
    const ANONYMOUS: &[u16] = &[0x0034, 0x0018];
    let fake = Model { versions: &[(0x0303, ANONYMOUS)], ..Model::default() }.serve().await;
    let examined = look(&fake, &limits()).await;
    assert_eq!(names(&examined, Version::Tls12).len(), 2);
    assert_eq!((examined.chains.len(), examined.problems.len()), (0, 0));
}

/// A server of rustls with one certificate, after some words before TLS.
async fn rustls_server(before: &'static [(&'static [u8], &'static [u8])], pair: &KeyPair) -> (Fake, Vec<u8>) {
    let (certificate, key) = certified("example.com", pair);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.clone().into()],
            rustls::pki_types::PrivateKeyDer::Pkcs8(key.into()),
        )
        .expect("a certificate with its key");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let fake = serve(move |mut stream, _| {
        let acceptor = acceptor.clone();
        async move {
            for (says, hears) in before {
                let mut heard = vec![0; hears.len()];
                if stream.write_all(says).await.is_err() || stream.read_exact(&mut heard).await.is_err() {
                    return;
                }
                assert_eq!(heard, *hears);
            }
            // Most of what comes is no handshake.
            let _ = acceptor.accept(stream).await;
        }
    })
    .await;
    (fake, certificate)
}

#[tokio::test]
async fn certificates_of_tls_1_3_are_shown_by_a_real_handshake() {
    for pair in [KeyPair::generate(), KeyPair::generate_for(&PKCS_ED25519)] {
        let pair = pair.expect("a key");
        let (fake, certificate) = rustls_server(&[], &pair).await;
        let examined = look(&fake, &limits()).await;
        assert_eq!(names(&examined, Version::Tls13).len(), 3);
        unsupported(&examined, &[Version::Ssl2, Version::Ssl3, Version::Tls10, Version::Tls12]);
        assert_eq!(examined.chains.len(), 1, "{:?}", examined.problems);
        assert_eq!(examined.chains[0].certificates[0].der, certificate);
        assert_eq!(examined.problems, Vec::<String>::new());
    }
}

#[tokio::test]
async fn tls_is_found_behind_starttls() {
    let words: &[(&[u8], &[u8])] = &[(b"+OK hi\r\n", b"STLS\r\n"), (b"+OK\r\n", b"")];
    let (fake, certificate) = rustls_server(words, &KeyPair::generate().expect("a key")).await;
    let examined = examine(&fake.door, None, StartTls::Pop3, &limits(), UNIX_EPOCH).await;
    assert_eq!(names(&examined, Version::Tls13).len(), 3);
    assert_eq!(examined.chains[0].certificates[0].der, certificate);
}
