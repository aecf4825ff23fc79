//! Services that mean us no good: each costs so much time, so many bytes and connections, and no more.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::sleep,
};

use super::{
    Limits, told,
    town::{answer, hear_out, meet, say},
};
use crate::scans::probe::services::MAX_FIELD;

/// More than the deadline would be a bug; a little is the time of our own work.
fn bounded(limits: &Limits) -> Duration {
    limits.deadline + Duration::from_millis(10)
}

#[tokio::test(start_paused = true)]
async fn an_endless_banner_ends() {
    for port in [21, 41000] {
        let limits = Limits::default();
        let (detected, cost) = meet(port, &limits, |mut stream| async move {
            while stream.write_all(b"Lorem ipsum dolor sit amet ").await.is_ok() {}
        })
        .await;
        assert!(detected.is_guess && cost.time <= bounded(&limits), "{cost:?}");
        assert!(detected.banner.as_ref().is_some_and(|banner| banner.chars().count() <= MAX_FIELD));
        assert!(cost.calls <= limits.connections, "{cost:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_banner_that_drips_ends_too() {
    let limits = Limits::default();
    let (detected, cost) = meet(41000, &limits, |mut stream| async move {
        while stream.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    assert!(detected.is_guess && cost.time <= bounded(&limits), "{cost:?}");
}

#[tokio::test(start_paused = true)]
async fn endless_heads_and_bodies_end() {
    for begin in [
        b"HTTP/1.1 200 OK\r\nServer: nginx\r\n".as_slice(),
        b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 99999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nServer: nginx\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
    ] {
        let limits = Limits::default();
        let (detected, cost) = meet(8000, &limits, move |mut stream| async move {
            if stream.read(&mut [0; 1024]).await.is_ok() && stream.write_all(begin).await.is_ok() {
                while stream.write_all(b"X-More: and more\r\n").await.is_ok() {}
            }
        })
        .await;
        assert_eq!(told(&detected), (Some("http"), Some("nginx"), None));
        assert!(cost.time <= bounded(&limits), "{cost:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_is_nobody_s_greeting() {
    let garbage: Vec<u8> = (0..4096_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for length in [1, 2, 7, 100, 4096] {
        let garbage = garbage[..length].to_vec();
        let limits = Limits::default();
        let (detected, cost) = meet(41000, &limits, move |stream| {
            let garbage = garbage.clone();
            async move { say(stream, &garbage).await }
        })
        .await;
        assert!(detected.is_guess && detected.product.is_none(), "{detected:?}");
        assert!(cost.time <= bounded(&limits), "{cost:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_answers_everything_with_his_own_words_is_not_believed() {
    let limits = Limits::default();
    let (detected, cost) =
        meet(41000, &limits, |stream| async move { answer(stream, |words| Some(words.to_vec())).await })
            .await;
    assert!(detected.is_guess && detected.product.is_none(), "{detected:?}");
    assert!(cost.time <= bounded(&limits), "{cost:?}");
}

#[tokio::test(start_paused = true)]
async fn half_a_handshake_is_tls_and_no_more() {
    let (detected, _) = meet(443, &Limits::default(), |stream| async move {
        // A fatal alert: handshake_failure.
        answer(stream, |words| words.starts_with(&[0x16, 3]).then(|| vec![0x15, 3, 3, 0, 2, 2, 40])).await;
    })
    .await;
    assert!(detected.is_tls && detected.is_guess && detected.http_protocol.is_none(), "{detected:?}");
    assert_eq!(told(&detected), (Some("https"), None, None));
    let limits = Limits::default();
    let (detected, cost) = meet(443, &limits, |mut stream| async move {
        if stream.write_all(&[0x16, 3, 3, 0x40, 0, 2, 0, 0x3f]).await.is_ok() {
            hear_out(&mut stream).await;
        }
    })
    .await;
    assert!(!detected.is_tls && cost.time <= bounded(&limits), "{detected:?} {cost:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_told_is_clean() {
    let (detected, _) = meet(8000, &Limits::default(), |stream| async move {
        answer(stream, |words| {
            let page = "HTTP/1.1 302 Found\r\nServer: ev\u{202e}il/6.6\u{7}6 (\u{1b}[31m)\r\nLocation: /\u{0}x\r\n\
                Content-Length: 45\r\n\r\n<title>\u{2066}<script>alert(1)</script></title>\r\n\r\n";
            words.starts_with(b"GET ").then(|| page.as_bytes().to_vec())
        })
        .await;
    })
    .await;
    assert_eq!(told(&detected), (Some("http"), Some("evil"), Some("6.6")));
    assert_eq!(detected.extrainfo.as_deref(), Some("6 ( [31m"));
    assert_eq!(detected.location.as_deref(), Some("/ x"));
    assert_eq!(detected.title.as_deref(), Some("<script>alert(1)</script>"));
}

#[tokio::test(start_paused = true)]
async fn connections_and_bytes_are_counted() {
    let limits = Limits { connections: 3, ..Limits::default() };
    let (detected, cost) =
        meet(41000, &limits, |mut stream| async move { hear_out(&mut stream).await }).await;
    assert!(detected.is_cut_short && detected.is_guess);
    assert_eq!(cost.calls, 3);
    let limits = Limits { bytes: 1000, ..Limits::default() };
    let (detected, _) = meet(41000, &limits, |stream| async move { say(stream, &[b'x'; 4000]).await }).await;
    assert!(detected.is_cut_short && detected.is_guess);
}
