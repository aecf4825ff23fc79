//! Servers that lie, babble, or say nothing.

use std::{iter::repeat_n, time::Duration};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    super::*,
    BRIEF, THIRTEEN, TWELVE,
    fakes::{Model, hear, hello, message, record, say, serve},
    impatient, limits, look, names, suites, support,
};

/// Why nobody knows of any version after SSL 2.0.
fn unknown(examined: &Examined) -> Vec<&str> {
    let whys = examined.versions[1..].iter().map(|(version, support)| match support {
        Support::Unknown(why) => why.as_str(),
        other @ (Support::Supported(_) | Support::NotSupported) => panic!("{version:?}: {other:?}"),
    });
    whys.collect()
}

#[tokio::test]
async fn garbage_is_no_tls_and_nobody_knows_which() {
    let fake =
        serve(|mut stream, _| async move { say(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await })
            .await;
    let examined = look(&fake, &limits()).await;
    assert!(unknown(&examined).iter().all(|why| why.starts_with("what came is no TLS")), "{examined:?}");
    assert!(!examined.speaks() && examined.chains.is_empty());
    assert_eq!(examined.connections, 6, "once for each version");
}

#[tokio::test]
async fn silence_and_half_a_handshake_are_unknown() {
    let silent = serve(|mut stream, _| async move { say(&mut stream, b"").await }).await;
    let half = serve(|mut stream, _| async move {
        let choice = hello(0x0303, 0xC02F);
        say(&mut stream, &choice[..choice.len() / 2]).await;
    })
    .await;
    for fake in [silent, half] {
        let examined = look(&fake, &impatient()).await;
        let whys = unknown(&examined);
        assert!(whys.iter().all(|why| *why == "the server does not answer in time"), "{whys:?}");
    }
}

#[tokio::test]
async fn all_of_it_ends_when_the_time_is_over() {
    let fake = serve(|mut stream, _| async move { say(&mut stream, b"").await }).await;
    let limits = Limits { all: BRIEF, ..Limits::default() };
    let started = tokio::time::Instant::now();
    let examined = look(&fake, &limits).await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert!(unknown(&examined).iter().all(|why| *why == "the time for all of it is over"), "{examined:?}");
}

#[tokio::test]
async fn pauses_are_kept_between_connections() {
    let model = Model { versions: &[(0x0303, TWELVE)], ..Model::default() };
    let fake = model.serve().await;
    let pause = Duration::from_millis(20);
    let started = tokio::time::Instant::now();
    let examined = look(&fake, &Limits { at_once: 1, pause, ..limits() }).await;
    assert!(started.elapsed() >= pause * (examined.connections - 1));
    assert_eq!(fake.most.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn endless_records_are_read_to_a_bound() {
    let fake = serve(|mut stream, _| async move {
        let record = record(23, &[0; 1 << 14]);
        while stream.write_all(&record).await.is_ok() {}
    })
    .await;
    let examined = look(&fake, &limits()).await;
    assert!(unknown(&examined).iter().all(|why| why.contains("more than 262144 bytes")), "{examined:?}");
    let empty = serve(|mut stream, _| async move {
        let records: Vec<u8> = repeat_n(record(22, &[]), 1 << 12).flatten().collect();
        while stream.write_all(&records).await.is_ok() {}
    })
    .await;
    let examined = look(&empty, &limits()).await;
    assert!(unknown(&examined).iter().all(|why| why.contains("more than 262144 bytes")), "{examined:?}");
}

#[tokio::test]
async fn suites_that_were_not_offered_are_not_believed() {
    let fake = serve(|mut stream, _| async move {
        if let Some(said) = hear(&mut stream).await {
            say(&mut stream, &hello(said.version, 0x00FF)).await;
        }
    })
    .await;
    let examined = look(&fake, &limits()).await;
    let expected = "the server chooses suite 00ff, which was not offered";
    assert!(unknown(&examined).iter().all(|why| *why == expected), "{examined:?}");
}

#[tokio::test]
async fn a_server_that_always_says_the_same_is_asked_no_more() {
    let fake = serve(|mut stream, _| async move {
        if hear(&mut stream).await.is_some() {
            say(&mut stream, &hello(0x0303, 0xC02F)).await;
        }
    })
    .await;
    let examined = look(&fake, &impatient()).await;
    let twelve = suites(&examined, Version::Tls12);
    assert_eq!((twelve.accepted.len(), twelve.order), (1, None));
    assert!(twelve.unfinished.is_some_and(|why| why.contains("not offered")));
    assert_eq!(support(&examined, Version::Tls11), &Support::NotSupported, "it answered in another version");
}

#[tokio::test]
async fn one_silent_version_does_not_hide_the_others() {
    let fake = serve(|mut stream, _| async move {
        let model = Model { versions: &[(0x0304, THIRTEEN)], ..Model::default() };
        match hear(&mut stream).await {
            Some(said) if said.version == 0x0303 => say(&mut stream, b"").await,
            Some(said) => match model.choice(&said) {
                Some(suite) => say(&mut stream, &hello(said.version, suite)).await,
                None => say(&mut stream, &model.no).await,
            },
            None => {}
        }
    })
    .await;
    let examined = look(&fake, &impatient()).await;
    let silence = Support::Unknown("the server does not answer in time".into());
    assert_eq!(support(&examined, Version::Tls12), &silence);
    assert_eq!(names(&examined, Version::Tls13).len(), 2);
    assert_eq!(support(&examined, Version::Tls10), &Support::NotSupported);
    assert!(!examined.problems.is_empty(), "a certificate can't come from such a server");
}

#[tokio::test]
async fn ssl_2_shows_its_kinds_and_its_certificate() {
    let (der, _) = super::certified("old.example", &rcgen::KeyPair::generate().expect("a key"));
    let certificate = der.clone();
    let fake = serve(move |mut stream, _| {
        let der = der.clone();
        async move {
            let mut heard = [0; 5];
            if stream.read_exact(&mut heard).await.is_err() || heard[2..] != [1, 0, 2] {
                return;
            }
            let length = |length: usize| (length as u16).to_be_bytes();
            let kinds = [0x01, 0, 0x80, 0x02, 0, 0x80];
            let mut body = vec![4, 0, 1, 0, 2];
            body.extend([length(der.len()), length(kinds.len()), length(16)].concat());
            body.extend(&der);
            body.extend(kinds);
            body.extend([5; 16]);
            let mut bytes = length(body.len() | 0x8000).to_vec();
            bytes.extend(body);
            say(&mut stream, &bytes).await;
        }
    })
    .await;
    let examined = look(&fake, &limits()).await;
    let expected = ["SSL_CK_RC4_128_WITH_MD5", "SSL_CK_RC4_128_EXPORT40_WITH_MD5"];
    assert_eq!(names(&examined, Version::Ssl2), expected);
    assert_eq!(suites(&examined, Version::Ssl2).order, None);
    assert_eq!(examined.chains[0].certificates[0].der, certificate);
    assert_eq!(
        weaknesses(&examined, std::time::UNIX_EPOCH)[0].text,
        "SSL 2.0 is spoken, which RFC 6176 forbids"
    );
}

#[tokio::test]
async fn chains_that_are_none_are_told_as_problems() {
    for (chain, problem) in [
        (vec![b"<b>no certificate</b>".to_vec()], "can't be read"),
        (vec![vec![0; 300_000]], "more than 262144 bytes"),
    ] {
        let fake = Model { versions: &[(0x0303, TWELVE)], chain, ..Model::default() }.serve().await;
        let examined = look(&fake, &limits()).await;
        assert_eq!(names(&examined, Version::Tls12).len(), 5);
        assert!(examined.chains.is_empty() && examined.problems.len() == 1, "{:?}", examined.problems);
        assert!(examined.problems[0].contains(problem), "{:?}", examined.problems);
    }
}

#[tokio::test]
async fn lengths_that_lie_are_survived() {
    for lie in [
        record(22, &[2, 255, 255, 255]),
        record(22, &[2, 0, 0, 1, 3]),
        vec![22, 3, 3, 0xFF, 0xFF],
        record(21, &[2, 40, 0]),
        message(2, &[3, 3]),
        vec![0x80, 0],
        vec![0xFF, 0xFF, 4],
    ] {
        let fake = serve(move |mut stream, _| {
            let lie = lie.clone();
            async move { say(&mut stream, &lie).await }
        })
        .await;
        assert!(!look(&fake, &impatient()).await.speaks());
    }
}
