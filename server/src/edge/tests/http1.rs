//! HTTP/1: silence, slowness and panics cost the client its own connection and nobody else anything.

use super::*;

#[tokio::test]
async fn a_silent_connection_is_closed_when_its_first_bytes_are_due() {
    let edge = Edge::start(Limits { first_bytes: BRIEF, ..Limits::default() });
    assert!(until_closed(&mut edge.connect().await).await.is_empty());
}

#[tokio::test]
async fn half_a_preface_is_closed_as_well() {
    let edge = Edge::start(Limits { first_bytes: BRIEF, ..Limits::default() });
    let mut stream = edge.connect().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();
    assert!(until_closed(&mut stream).await.is_empty());
}

#[tokio::test]
async fn half_a_head_is_closed_when_the_head_is_due() {
    let edge = Edge::start(Limits { head: BRIEF, ..Limits::default() });
    let mut stream = edge.connect().await;
    stream.write_all(b"GET /peer HTTP/1.1\r\nhost: ata").await.unwrap();
    until_closed(&mut stream).await;
    assert_eq!(edge.stop().await, Report { accepted: 1, refused: 0, cut: 0 });
}

#[tokio::test]
async fn an_idle_connection_is_closed_too() {
    let edge = Edge::start(Limits { head: BRIEF, ..Limits::default() });
    let mut stream = edge.connect().await;
    assert!(ask(&mut stream, &get("/peer")).await.unwrap().starts_with("HTTP/1.1 200"));
    assert!(until_closed(&mut stream).await.is_empty());
}

#[tokio::test]
async fn a_body_that_stops_half_way_is_cut_and_the_service_may_say_so() {
    let body = Pace { grace: BRIEF, ..Pace::default() };
    let edge = Edge::start(Limits { body, ..Limits::default() });
    let mut stream = edge.connect().await;
    let half = "POST /read HTTP/1.1\r\nhost: atalaya\r\ncontent-length: 10\r\n\r\nhalf!";
    let answer = ask(&mut stream, half).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.ends_with("the request body came too slowly"), "{answer}");
    assert!(until_closed(&mut stream).await.is_empty());
}

#[tokio::test]
async fn a_client_that_does_not_read_its_answer_is_cut() {
    let edge = Edge::start(Limits { unacknowledged: BRIEF, drain: AGES, ..Limits::default() });
    let mut stream = edge.connect().await;
    stream.write_all(get("/large").as_bytes()).await.unwrap();
    edge.desk.arrivals(1).await;
    // The connection is open here, and yet a shutdown that waits for it ends.
    assert_eq!(edge.stop().await, Report { accepted: 1, refused: 0, cut: 0 });
}

#[tokio::test]
async fn one_connection_serves_call_after_call_and_each_knows_its_peer() {
    let edge = Edge::start(Limits::default());
    let mut stream = edge.connect().await;
    let me = stream.local_addr().unwrap().to_string();
    for _ in 0..3 {
        assert!(ask(&mut stream, &get("/peer")).await.unwrap().ends_with(&me));
    }
    let post = "POST /read HTTP/1.1\r\nhost: atalaya\r\ncontent-length: 5\r\n\r\nwhole";
    assert!(ask(&mut stream, post).await.unwrap().ends_with("\r\n\r\n5"));
}

#[tokio::test]
async fn too_many_or_too_long_headers_are_refused() {
    let edge = Edge::start(Limits::default());
    for lines in ["a: b\r\n".repeat(101), format!("a: {}\r\n", "b".repeat(17 << 10))] {
        let request = format!("GET /peer HTTP/1.1\r\nhost: atalaya\r\n{lines}\r\n");
        let answer = ask(&mut edge.connect().await, &request).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    let fits = format!("GET /peer HTTP/1.1\r\nhost: atalaya\r\n{}\r\n", "a: b\r\n".repeat(99));
    assert!(ask(&mut edge.connect().await, &fits).await.unwrap().starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_call_that_panics_takes_only_its_connection_with_it() {
    let edge = Edge::start(Limits { connections: 2, ..Limits::default() });
    let mut bystander = edge.connect().await;
    assert!(ask(&mut bystander, &get("/peer")).await.is_ok());
    for _ in 0..5 {
        assert!(ask(&mut edge.connect().await, &get("/panic")).await.is_err());
    }
    assert!(ask(&mut bystander, &get("/peer")).await.is_ok());
    assert!(ask(&mut edge.connect().await, &get("/peer")).await.is_ok());
    assert_eq!(edge.stop().await, Report { accepted: 7, refused: 0, cut: 0 });
}
