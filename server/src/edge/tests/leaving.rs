//! Leaving: at shutdown and at a connection's age, running calls finish, and those that cannot are cut in time.

use super::{
    http2::{call, dial, fetch, read},
    *,
};

/// Long enough to begin a call, give or take a tenth.
const SHORT_LIFE: Duration = Duration::from_millis(600);

/// Pends until nothing listens on the edge's port any more.
async fn refuses(address: SocketAddr) {
    soon(async { while TcpStream::connect(address).await.is_ok() {} }).await;
}

#[tokio::test]
async fn at_shutdown_nothing_new_is_taken_and_running_calls_finish() {
    let edge = Edge::start(Limits { drain: AGES, ..Limits::default() });
    let (client, connection) = dial(&edge).await;
    let answer = call(&client, "/wait", true).await.unwrap().0;
    let mut plain = edge.connect().await;
    plain.write_all(get("/wait").as_bytes()).await.unwrap();
    edge.desk.arrivals(2).await;

    edge.stop.send(()).unwrap();
    refuses(edge.address).await;
    edge.desk.release(2);

    assert_eq!(read(answer).await.unwrap(), (StatusCode::OK, "waited".to_owned()));
    assert!(soon(read_answer(&mut plain)).await.unwrap().ends_with("waited"));
    assert!(until_closed(&mut plain).await.is_empty());
    soon(connection).await.unwrap().unwrap();
    assert_eq!(soon(edge.served).await.unwrap().cut, 0);
}

#[tokio::test]
async fn at_shutdown_idle_and_silent_connections_are_closed_at_once() {
    let edge = Edge::start(Limits { drain: AGES, head: AGES, first_bytes: AGES, ..Limits::default() });
    let mut silent = edge.connect().await;
    let mut idle = edge.connect().await;
    assert!(ask(&mut idle, &get("/peer")).await.is_ok());
    let (client, connection) = dial(&edge).await;
    read(call(&client, "/peer", true).await.unwrap().0).await.unwrap();
    let report = edge.stop().await;
    assert_eq!(report, Report { accepted: 3, refused: 0, cut: 0 });
    soon(connection).await.unwrap().unwrap();
    assert!(until_closed(&mut idle).await.is_empty() && until_closed(&mut silent).await.is_empty());
}

#[tokio::test]
async fn half_sent_bodies_hold_a_shutdown_no_longer_than_the_drain() {
    let edge = Edge::start(Limits { drain: BRIEF, ..Limits::default() });
    let (client, _connection) = dial(&edge).await;
    let (answer, mut sending) = call(&client, "/read", false).await.unwrap();
    sending.send_data(Bytes::from_static(b"half"), false).unwrap();
    let mut plain = edge.connect().await;
    plain.write_all(b"POST /read HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
    edge.desk.arrivals(2).await;
    let desk = Arc::clone(&edge.desk);
    assert_eq!(edge.stop().await, Report { accepted: 2, refused: 0, cut: 2 });
    assert!(read(answer).await.is_err());
    assert!(until_closed(&mut plain).await.is_empty());
    desk.empties().await;
}

#[tokio::test]
async fn past_its_age_an_http2_connection_takes_nothing_new_and_finishes() {
    let edge = Edge::start(Limits { age: SHORT_LIFE, age_grace: AGES, ..Limits::default() });
    let (client, connection) = dial(&edge).await;
    let answer = call(&client, "/wait", true).await.unwrap().0;
    soon(async { while fetch(&client, "/peer").await.is_ok() {} }).await;
    edge.desk.release(1);
    assert_eq!(read(answer).await.unwrap(), (StatusCode::OK, "waited".to_owned()));
    soon(connection).await.unwrap().unwrap();
}

#[tokio::test]
async fn past_its_age_an_http1_connection_answers_once_more_and_closes() {
    let edge = Edge::start(Limits { age: SHORT_LIFE, age_grace: AGES, ..Limits::default() });
    let (mut busy, mut idle) = (edge.connect().await, edge.connect().await);
    busy.write_all(get("/wait").as_bytes()).await.unwrap();
    edge.desk.arrivals(1).await;
    assert!(ask(&mut idle, &get("/peer")).await.is_ok());
    assert!(until_closed(&mut idle).await.is_empty());
    edge.desk.release(1);
    assert!(soon(read_answer(&mut busy)).await.unwrap().ends_with("waited"));
    assert!(until_closed(&mut busy).await.is_empty());
}

#[tokio::test]
async fn past_its_age_and_its_grace_a_connection_is_cut() {
    let edge = Edge::start(Limits { age: SHORT_LIFE, age_grace: BRIEF, ..Limits::default() });
    let (client, _connection) = dial(&edge).await;
    let answer = call(&client, "/wait", true).await.unwrap().0;
    let mut plain = edge.connect().await;
    plain.write_all(get("/wait").as_bytes()).await.unwrap();
    edge.desk.arrivals(2).await;
    assert!(read(answer).await.is_err());
    assert!(until_closed(&mut plain).await.is_empty());
    edge.desk.empties().await;
}

#[tokio::test]
async fn dropping_the_server_cuts_everything() {
    let edge = Edge::start(Limits { head: AGES, ..Limits::default() });
    let mut stream = edge.connect().await;
    assert!(ask(&mut stream, &get("/peer")).await.is_ok());
    edge.served.abort();
    assert!(until_closed(&mut stream).await.is_empty());
    refuses(edge.address).await;
}
