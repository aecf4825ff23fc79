//! HTTP/2: streams are bounded, attackers are sent away, the other streams do not notice.

use h2::client::{ResponseFuture, SendRequest};

use super::{
    frames::{Heard, half_open, hello, listen_to, open, reset},
    *,
};

/// RFC 9113, 7: `ENHANCE_YOUR_CALM`.
const CALM: Option<u32> = Some(11);
/// Tries of an attacker: far more than any bound here, as in the attack that this must stop.
const TRIES: u32 = 17_000;
/// Tries that it sends together.
const BURST: u32 = 500;

pub(super) type Client = SendRequest<Bytes>;

pub(super) async fn dial(edge: &Edge) -> (Client, JoinHandle<Result<(), h2::Error>>) {
    let (client, connection) = soon(h2::client::handshake(edge.connect().await)).await.unwrap();
    (client, tokio::spawn(connection))
}

/// Begins a call, with a body to come if it is not `whole`.
pub(super) async fn call(
    client: &Client,
    path: &str,
    whole: bool,
) -> Result<(ResponseFuture, h2::SendStream<Bytes>), h2::Error> {
    let request = Request::post(format!("http://atalaya{path}")).body(()).unwrap();
    soon(client.clone().ready()).await?.send_request(request, whole)
}

pub(super) async fn read(answer: ResponseFuture) -> Result<(StatusCode, String), h2::Error> {
    let (head, mut body) = soon(answer).await?.into_parts();
    let mut text = Vec::new();
    while let Some(chunk) = soon(body.data()).await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        text.extend_from_slice(&chunk);
    }
    Ok((head.status, String::from_utf8(text).unwrap()))
}

pub(super) async fn fetch(client: &Client, path: &str) -> Result<(StatusCode, String), h2::Error> {
    read(call(client, path, true).await?.0).await
}

/// Sends `part` of each try until the server has had enough; what the server said.
async fn attack(edge: &Edge, part: impl Fn(u32) -> Vec<u8> + Send + 'static) -> Heard {
    let (from, mut to) = edge.connect().await.into_split();
    let send = tokio::spawn(async move {
        let mut sent = to.write_all(&hello()).await;
        for burst in 0..TRIES / BURST {
            if sent.is_err() {
                break;
            }
            let tries: Vec<u8> = (0..BURST).flat_map(|n| part(2 * (burst * BURST + n) + 1)).collect();
            sent = to.write_all(&tries).await;
        }
        to
    });
    let heard = soon(listen_to(from)).await;
    drop(soon(send).await.unwrap());
    heard
}

#[tokio::test]
async fn both_protocols_are_served_on_one_port() {
    let edge = Edge::start(Limits::default());
    let (client, _connection) = dial(&edge).await;
    let (status, peer) = fetch(&client, "/peer").await.unwrap();
    assert!(status == StatusCode::OK && peer.starts_with("127.0.0.1:"), "{status} {peer}");
    assert!(ask(&mut edge.connect().await, &get("/peer")).await.unwrap().starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn opening_streams_without_end_gets_a_hundred_and_then_a_goaway() {
    let edge = Edge::start(Limits { in_flight: usize::MAX, ..Limits::default() });
    let heard = attack(&edge, |stream| open(stream, "/wait")).await;
    assert_eq!((heard.max_streams, heard.goaway), (Some(100), CALM), "{heard:?}");
    assert!(edge.desk.peak.load(Ordering::SeqCst) <= 100, "{heard:?}");
    let (client, _connection) = dial(&edge).await;
    assert!(fetch(&client, "/peer").await.is_ok());
}

#[tokio::test]
async fn calls_past_the_bound_in_flight_are_shed_without_work() {
    let edge = Edge::start(Limits::default());
    let (client, _connection) = dial(&edge).await;
    let mut waiting = Vec::new();
    for _ in 0..IN_FLIGHT {
        waiting.push(call(&client, "/wait", true).await.unwrap().0);
    }
    edge.desk.arrivals(IN_FLIGHT as u32).await;
    assert_eq!(fetch(&client, "/wait").await.unwrap().0, StatusCode::SERVICE_UNAVAILABLE);
    edge.desk.release(IN_FLIGHT);
    for answer in waiting {
        assert_eq!(read(answer).await.unwrap(), (StatusCode::OK, "waited".to_owned()));
    }
    assert_eq!(edge.desk.peak.load(Ordering::SeqCst), IN_FLIGHT);
    assert_eq!(fetch(&client, "/peer").await.unwrap().0, StatusCode::OK);
}

#[tokio::test]
async fn a_flood_of_calls_never_runs_more_than_the_bound() {
    let edge = Edge::start(Limits::default());
    let heard = attack(&edge, |stream| open(stream, "/wait")).await;
    assert!(edge.desk.peak.load(Ordering::SeqCst) <= IN_FLIGHT, "{heard:?}");
    assert_eq!(heard.goaway, CALM, "{heard:?}");
}

#[tokio::test]
async fn rapid_reset_gets_a_goaway() {
    let edge = Edge::start(Limits::default());
    let heard = attack(&edge, |stream| [open(stream, "/wait"), reset(stream)].concat()).await;
    assert_eq!(heard.goaway, CALM, "{heard:?}");
    let (client, _connection) = dial(&edge).await;
    assert!(fetch(&client, "/peer").await.is_ok());
}

#[tokio::test]
async fn a_peer_that_does_not_answer_pings_is_closed() {
    let edge = Edge::start(Limits { ping_interval: BRIEF, ping_timeout: BRIEF, ..Limits::default() });
    for bytes in [hello(), [hello(), open(1, "/wait")].concat(), [hello(), half_open(1, "/wait")].concat()] {
        let mut stream = edge.connect().await;
        stream.write_all(&bytes).await.unwrap();
        until_closed(&mut stream).await;
    }
    edge.desk.empties().await;
}

#[tokio::test]
async fn an_upload_larger_than_the_windows_arrives() {
    let edge = Edge::start(Limits::default());
    let (client, _connection) = dial(&edge).await;
    let (answer, mut body) = call(&client, "/read", false).await.unwrap();
    for _ in 0..64 {
        body.send_data(Bytes::from(vec![7; 64 << 10]), false).unwrap();
    }
    body.send_data(Bytes::new(), true).unwrap();
    assert_eq!(read(answer).await.unwrap(), (StatusCode::OK, (4 << 20).to_string()));
}

#[tokio::test]
async fn a_body_that_stops_is_cut_and_the_connection_lives_on() {
    let body = Pace { grace: BRIEF, ..Pace::default() };
    let edge = Edge::start(Limits { body, ..Limits::default() });
    let (client, _connection) = dial(&edge).await;
    let (answer, mut sending) = call(&client, "/read", false).await.unwrap();
    sending.send_data(Bytes::from_static(b"half"), false).unwrap();
    assert_eq!(read(answer).await.unwrap().0, StatusCode::REQUEST_TIMEOUT);
    assert!(fetch(&client, "/peer").await.is_ok());
}

#[tokio::test]
async fn a_call_that_panics_takes_only_its_stream_with_it() {
    let edge = Edge::start(Limits::default());
    let (client, _connection) = dial(&edge).await;
    let bystander = call(&client, "/wait", true).await.unwrap().0;
    edge.desk.arrivals(1).await;
    assert!(fetch(&client, "/panic").await.is_err());
    edge.desk.release(1);
    assert_eq!(read(bystander).await.unwrap().0, StatusCode::OK);
    assert_eq!(fetch(&client, "/peer").await.unwrap().0, StatusCode::OK);
}
