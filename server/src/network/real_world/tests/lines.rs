//! Questions over sockets that are used again, and who would like to answer them.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use futures::{FutureExt, StreamExt, stream};
use hickory_proto::op::{DnsRequest, Message, ResponseCode};
use tokio::net::UdpSocket;

use super::{
    owner,
    questions::{a, answer, asked, resolver},
};
use crate::network::{
    RealWorld, World,
    dns::{Kind, Question},
    real_world::{
        lines::{Lines, MAX_STRANGE, MAX_USES, PATIENCE},
        wire,
    },
};

/// Questions as they came, and from which port.
type Heard = Arc<Mutex<Vec<(u16, Vec<u8>)>>>;

/// A resolver that sends all this for a question, of which it knows how many came before it.
async fn resolver_of(answers: impl Fn(usize, &[u8]) -> Vec<Vec<u8>> + Send + 'static) -> (SocketAddr, Heard) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    // Hundreds of questions wait there until they are read.
    socket2::SockRef::from(&socket).set_recv_buffer_size(1 << 20).expect("a buffer");
    let (address, heard) = (socket.local_addr().expect("an address"), Heard::default());
    let all = heard.clone();
    tokio::spawn(async move {
        let mut bytes = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut bytes).await {
            let before = all.lock().expect("no panic").len();
            all.lock().expect("no panic").push((from.port(), bytes[..length].to_vec()));
            for answer in answers(before, &bytes[..length]) {
                // Whoever does not hear it has left.
                let _ = socket.send_to(&answer, from).await;
            }
        }
    });
    (address, heard)
}

fn right(question: &[u8]) -> Vec<u8> {
    answer(question, ResponseCode::NoError, &[(&asked(question).0, a(7))])
}

/// The same, where not one of these bytes of it is right.
fn wrong(question: &[u8], bytes: &[usize]) -> Vec<u8> {
    let mut answer = right(question);
    for at in bytes {
        answer[*at] ^= 0x0f;
    }
    answer
}

fn request(name: &str) -> DnsRequest {
    wire::request(wire::query(&Question::new(owner(name), Kind::A)).expect("a question"))
}

fn lines(resolver: SocketAddr) -> Lines {
    Lines::new([resolver].into_iter())
}

/// What comes of it when the first question was heard and not answered in time.
async fn out_of_patience<T>(asking: impl Future<Output = T>, heard: &Heard) -> T {
    let mut asking = Box::pin(asking);
    tokio::time::pause();
    while heard.lock().expect("no panic").is_empty() {
        assert!(asking.as_mut().now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    tokio::time::advance(PATIENCE).await;
    tokio::time::resume();
    asking.await
}

#[tokio::test]
async fn hundreds_of_questions_are_answered_at_once_and_each_port_asks_a_few() {
    let (resolver, heard) = resolver_of(|_, question| vec![right(question)]).await;
    let lines = &lines(resolver);
    let count = 2000;
    let requests = stream::iter((0..count).map(|number| request(&format!("w{number}.example"))));
    let answers = requests.map(|request| async move { (lines.ask(&request).await, request) });
    let answers: Vec<(Option<Message>, DnsRequest)> = answers.buffer_unordered(256).collect().await;
    for (answer, request) in &answers {
        let answer = answer.as_ref().expect("an answer");
        assert_eq!(answer.answers[0].name, *request.queries[0].name());
    }
    assert_eq!(answers.len(), count);
    let (mut uses, mut ids) = (BTreeMap::<u16, u32>::new(), BTreeSet::new());
    for (port, question) in &*heard.lock().expect("no panic") {
        *uses.entry(*port).or_default() += 1;
        ids.insert([question[0], question[1]]);
    }
    // The system may draw a port twice.
    assert!(uses.values().all(|uses| *uses <= 2 * MAX_USES), "{uses:?}");
    assert!((60..=400).contains(&uses.len()), "{uses:?}");
    assert!(ids.len() > 1900, "{}", ids.len());
    assert_eq!(lines.counts(), (0, 0));
}

#[tokio::test]
async fn what_answers_something_else_or_comes_from_elsewhere_is_passed_over() {
    let elsewhere = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let (resolver, heard) = resolver_of(|_, question| {
        let mut loud = right(question);
        // RFC 4343: capitals are the same name.
        loud[13..20].make_ascii_uppercase();
        // An id, a name, a type, a class of others, and the question itself.
        let others = [&[0][..], &[1], &[13], &[26], &[28]].map(|bytes| wrong(question, bytes));
        [&others[..], &[question.to_vec(), loud]].concat()
    })
    .await;
    let lines = lines(resolver);
    let request = request("example.com");
    let mut asking = Box::pin(lines.ask(&request));
    while heard.lock().expect("no panic").is_empty() {
        assert!(asking.as_mut().now_or_never().is_none());
        // What else there is to do: the resolver hears the question.
        tokio::task::yield_now().await;
        if let Some((port, question)) = heard.lock().expect("no panic").first() {
            let forged = answer(question, ResponseCode::NXDomain, &[]);
            elsewhere.send_to(&forged, ("127.0.0.1", *port)).expect("sent");
        }
    }
    let answer = asking.await.expect("an answer");
    assert_eq!((answer.response_code, answer.answers.len()), (ResponseCode::NoError, 1));
    assert_eq!(heard.lock().expect("no panic").len(), 1);
}

#[tokio::test]
async fn where_somebody_guesses_ids_the_question_is_asked_anew_from_another_port() {
    let (address, heard) = resolver_of(|before, question| match before {
        0 => vec![wrong(question, &[0]); MAX_STRANGE],
        _ => vec![right(question)],
    })
    .await;
    let world = RealWorld::new(&[resolver(address)]);
    let reply = world.query(&Question::new(owner("example.com"), Kind::A)).await.expect("a reply");
    assert_eq!(
        reply.addresses().collect::<Vec<_>>(),
        ["192.0.2.7".parse::<std::net::IpAddr>().expect("one")]
    );
    let heard = heard.lock().expect("no panic");
    assert!(heard.len() >= 2 && heard[0].0 != heard[1].0 && heard[0].1[..2] != heard[1].1[..2], "{heard:?}");
}

#[tokio::test]
async fn a_question_that_gets_lost_is_asked_again() {
    let (address, heard) = resolver_of(|before, question| match before {
        0 => Vec::new(),
        _ => vec![right(question)],
    })
    .await;
    let world = RealWorld::new(&[resolver(address)]);
    let question = Question::new(owner("example.com"), Kind::A);
    assert!(out_of_patience(world.query(&question), &heard).await.is_ok());
    assert!(heard.lock().expect("no panic").len() >= 2);
}

#[tokio::test]
async fn a_resolver_that_falls_silent_is_left_for_one_that_answers() {
    let (silent, unheard) = resolver_of(|_, _| Vec::new()).await;
    let (living, _) = resolver_of(|_, question| vec![right(question)]).await;
    let lines = Lines::new([silent, living].into_iter());
    assert!(out_of_patience(lines.ask(&request("a.example")), &unheard).await.is_none());
    for number in 0..100 {
        assert!(lines.ask(&request(&format!("w{number}.example"))).await.is_some());
    }
    assert_eq!(unheard.lock().expect("no panic").len(), 1);
    assert_eq!(lines.counts(), (0, 0));
}

#[tokio::test]
async fn questions_that_nobody_waits_for_leave_nothing_behind() {
    let (resolver, _) = resolver_of(|_, _| Vec::new()).await;
    let lines = lines(resolver);
    let requests: Vec<DnsRequest> = (0..50).map(|number| request(&format!("w{number}.example"))).collect();
    let mut asking: Vec<_> = requests.iter().map(|request| Box::pin(lines.ask(request))).collect();
    for question in &mut asking {
        assert!(question.as_mut().now_or_never().is_none());
    }
    assert_eq!(lines.counts(), (0, 50));
    drop(asking);
    assert_eq!(lines.counts(), (0, 0));
}

#[tokio::test]
async fn a_port_that_hears_more_than_its_answer_asks_nothing_more() {
    let (resolver, heard) = resolver_of(|_, question| match &*asked(question).0 {
        "held.example." => Vec::new(),
        "twice.example." => vec![right(question), right(question)],
        _ => vec![right(question)],
    })
    .await;
    let lines = lines(resolver);
    let held = request("held.example");
    // As long as something is asked, ports stay open.
    let mut held = Box::pin(lines.ask(&held));
    assert!(held.as_mut().now_or_never().is_none());
    for name in ["once.example", "twice.example", "next.example"] {
        assert!(lines.ask(&request(name)).await.is_some());
    }
    assert_eq!(lines.counts(), (1, 1));
    let heard = heard.lock().expect("no panic");
    let port = |name: &str| heard.iter().find(|(_, question)| asked(question).0 == name).expect("asked").0;
    assert_eq!(port("once.example."), port("twice.example."));
    assert_ne!(port("twice.example."), port("next.example."));
}
