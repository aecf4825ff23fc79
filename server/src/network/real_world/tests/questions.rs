//! Resolvers.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{self, RData, RecordType, rdata},
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream, UdpSocket},
};

use super::{owner, read_message, write_message};
use crate::network::{
    Name, RealWorld, World,
    dns::{Data, Kind, Question, Reply, Unanswered},
    real_world::Resolver,
    targets::TargetPolicy,
    world::Unresolved,
};

/// A world with one resolver, which answers so, over UDP.
async fn world(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> RealWorld {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut bytes = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
            // Whoever does not hear it has left.
            let _ = socket.send_to(&answer(&bytes[..length]), from).await;
        }
    });
    RealWorld::new(&[resolver(address)])
}

pub(super) fn resolver(address: SocketAddr) -> Resolver {
    Resolver { server: TargetPolicy::default().resolver(address.ip()), port: address.port(), public: false }
}

async fn ask(world: &RealWorld, name: &str, kind: Kind) -> Result<Reply, Unanswered> {
    world.query(&Question::new(owner(name), kind)).await
}

/// An answer with these records.
pub(super) fn answer(question: &[u8], code: ResponseCode, records: &[(&str, RData)]) -> Vec<u8> {
    let mut answer = Message::from_vec(question).expect("a question").into_response();
    answer.metadata.response_code = code;
    answer.answers =
        records.iter().map(|(name, data)| rr::Record::from_rdata(owned(name), 60, data.clone())).collect();
    answer.to_vec().expect("bytes")
}

fn owned(name: &str) -> rr::Name {
    name.parse().expect("a name")
}

pub(super) fn a(last: u8) -> RData {
    RData::A(rdata::A::new(192, 0, 2, last))
}

pub(super) fn asked(question: &[u8]) -> (String, RecordType) {
    let message = Message::from_vec(question).expect("a question");
    (message.queries[0].name().to_string(), message.queries[0].query_type())
}

#[tokio::test]
async fn answers_are_told_with_their_aliases_and_missing_names_as_missing() {
    let world = world(|question| {
        let alias = ("www.example.com.", RData::CNAME(rdata::CNAME(owned("edge.example.net."))));
        match asked(question).0.as_str() {
            "www.example.com." => {
                answer(question, ResponseCode::NoError, &[alias, ("edge.example.net.", a(7))])
            }
            "bare.example.com." => answer(question, ResponseCode::NoError, &[]),
            "dangling.example.com." => {
                let alias = ("dangling.example.com.", RData::CNAME(rdata::CNAME(owned("gone.example.net."))));
                answer(question, ResponseCode::NXDomain, &[alias])
            }
            "broken.example.com." => answer(question, ResponseCode::ServFail, &[]),
            "shut.example.com." => answer(question, ResponseCode::Refused, &[]),
            _ => answer(question, ResponseCode::NXDomain, &[]),
        }
    })
    .await;
    let www = ask(&world, "www.example.com", Kind::A).await.expect("a reply");
    assert_eq!(www.records[0].data, Data::Cname(owner("edge.example.net")));
    assert_eq!(www.addresses().collect::<Vec<_>>(), [Ipv4Addr::new(192, 0, 2, 7)]);
    let bare = Reply { exists: true, records: Vec::new() };
    assert_eq!(ask(&world, "bare.example.com", Kind::A).await, Ok(bare));
    assert_eq!(ask(&world, "none.example.com", Kind::A).await, Ok(Reply::default()));
    assert!(ask(&world, "dangling.example.com", Kind::A).await.is_ok_and(|reply| reply.exists));
    for (name, code) in [("broken.example.com", "SERVFAIL"), ("shut.example.com", "REFUSED")] {
        assert_eq!(ask(&world, name, Kind::A).await, Err(Unanswered::Failed(code.into())));
    }
}

#[tokio::test]
async fn names_have_addresses_of_both_kinds() {
    let world = world(|question| {
        let v6 = RData::AAAA(rdata::AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7));
        match asked(question) {
            (name, RecordType::A) if name == "a.example." => {
                answer(question, ResponseCode::NoError, &[("a.example.", a(7)), ("a.example.", a(7))])
            }
            (name, RecordType::AAAA) if name == "a.example." => {
                answer(question, ResponseCode::NoError, &[("a.example.", v6)])
            }
            _ => answer(question, ResponseCode::NXDomain, &[]),
        }
    })
    .await;
    let name: Name = "a.example".parse().expect("a name");
    let addresses = ["192.0.2.7", "2001:db8::7"].map(|text| text.parse().expect("an address"));
    assert_eq!(world.resolve(&name).await, Ok(addresses.to_vec()));
    assert_eq!(world.resolve(&"b.example".parse().expect("a name")).await, Err(Unresolved::NotFound));
    // RFC 6761: no resolver is asked for these.
    let local = world.resolve(&"a.localhost".parse().expect("a name")).await.expect("addresses");
    assert!(local.iter().all(std::net::IpAddr::is_loopback));
}

#[tokio::test]
async fn of_names_with_very_many_addresses_so_many_are_looked_at() {
    let world = world(|question| {
        let (name, kind) = asked(question);
        let count = match (kind, &*name) {
            (RecordType::A, "twenty.example.") => 20,
            (RecordType::A, _) => 40,
            _ => 0,
        };
        let answers: Vec<(&str, RData)> = (1..=count).map(|last| (&*name, a(last))).collect();
        answer(question, ResponseCode::NoError, &answers)
    })
    .await;
    for (name, count) in [("twenty.example", 20), ("forty.example", 32)] {
        let addresses = world.resolve(&name.parse().expect("a name")).await.expect("addresses");
        let all: Vec<IpAddr> = (1..=count).map(|last| IpAddr::from([192, 0, 2, last])).collect();
        assert_eq!(addresses, all, "{name}");
    }
}

#[tokio::test]
async fn answers_that_are_none_are_seen_through() {
    let turning = world(|question| {
        let mut bytes = question.to_vec();
        // No EDNS behind the question, an answer instead, whose name is a pointer to itself.
        let end = 12 + "\u{7}example\u{3}com\0".len() + 4;
        bytes.truncate(end);
        bytes[2] |= 0x80;
        bytes[6..12].copy_from_slice(&[0, 1, 0, 0, 0, 0]);
        let here = u16::try_from(end).expect("a place");
        bytes.extend((0xc000 | here).to_be_bytes());
        bytes.extend([0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 192, 0, 2, 1]);
        bytes
    });
    assert_eq!(ask(&turning.await, "example.com", Kind::A).await, Err(Unanswered::Garbled));
    let many = world(|question| {
        let mut bytes = answer(question, ResponseCode::NoError, &[("example.com.", a(1))]);
        bytes[6..8].copy_from_slice(&[0xff, 0xff]);
        bytes
    });
    assert_eq!(ask(&many.await, "example.com", Kind::A).await, Err(Unanswered::Garbled));
}

#[tokio::test(start_paused = true)]
async fn what_answers_another_question_is_not_heard() {
    let mut worlds = Vec::new();
    for answer_wrongly in [wrong_id as fn(&[u8]) -> Vec<u8>, wrong_name, |_| Vec::new()] {
        worlds.push(world(answer_wrongly).await);
    }
    for world in worlds {
        assert_eq!(ask(&world, "example.com", Kind::A).await, Err(Unanswered::TimedOut));
    }
}

fn wrong_id(question: &[u8]) -> Vec<u8> {
    let mut bytes = answer(question, ResponseCode::NoError, &[("example.com.", a(1))]);
    bytes[0] ^= 0xff;
    bytes
}

fn wrong_name(question: &[u8]) -> Vec<u8> {
    let mut bytes = answer(question, ResponseCode::NoError, &[("example.com.", a(1))]);
    // Another first letter in the question.
    bytes[13] = b'x';
    bytes
}

#[tokio::test(start_paused = true)]
async fn resolvers_that_never_answer_are_waited_for_five_seconds_at_most() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let world = RealWorld::new(&[resolver(silent.local_addr().expect("an address"))]);
    let begin = tokio::time::Instant::now();
    assert_eq!(ask(&world, "example.com", Kind::A).await, Err(Unanswered::TimedOut));
    assert!(begin.elapsed().as_secs() <= 5, "{:?}", begin.elapsed());
    assert_eq!(world.resolve(&"example.com".parse().expect("a name")).await, Err(Unresolved::TimedOut));
}

#[tokio::test]
async fn one_resolver_that_answers_is_enough_and_none_is_none() {
    let dead = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let living = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut bytes = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
            let answer = answer(&bytes[..length], ResponseCode::NoError, &[("example.com.", a(1))]);
            let _ = socket.send_to(&answer, from).await;
        }
    });
    let world = RealWorld::new(&[resolver(dead), resolver(living)]);
    for _ in 0..3 {
        assert!(ask(&world, "example.com", Kind::A).await.is_ok());
    }
    assert_eq!(ask(&RealWorld::new(&[]), "example.com", Kind::A).await, Err(Unanswered::Unavailable));
}

/// A resolver whose answers over UDP are cut off, and which does this over TCP.
async fn cut_off<F>(serve: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> RealWorld
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let socket = UdpSocket::bind(address).await.expect("the same port");
    tokio::spawn(async move {
        let mut bytes = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
            let mut answer = answer(&bytes[..length], ResponseCode::NoError, &[]);
            answer[2] |= 0x02;
            let _ = socket.send_to(&answer, from).await;
        }
    });
    let serve = Arc::new(serve);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    RealWorld::new(&[resolver(address)])
}

#[tokio::test]
async fn long_answers_come_over_tcp() {
    let world = cut_off(async |mut stream| {
        loop {
            let question = &read_message(&mut stream).await;
            let text = RData::TXT(rdata::TXT::new(vec!["x".repeat(255); 100]));
            let answer = answer(question, ResponseCode::NoError, &[("example.com.", text)]);
            if !write_message(&mut stream, &answer).await {
                return;
            }
        }
    })
    .await;
    let reply = ask(&world, "example.com", Kind::Txt).await.expect("a reply");
    assert_eq!(reply.records[0].data, Data::Txt("x".repeat(25_500)));
}

#[tokio::test]
async fn lies_about_lengths_over_tcp_are_no_answers() {
    let world = cut_off(async |mut stream| {
        read_message(&mut stream).await;
        // Whoever does not hear it has left.
        let _ = stream.write_all(&[0xff, 0xff, 1, 2, 3]).await;
    })
    .await;
    assert!(ask(&world, "example.com", Kind::Txt).await.is_err());
}
