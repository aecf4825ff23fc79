//! Zone transfers.

use std::{net::SocketAddr, str::FromStr};

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{self, RData, rdata},
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{owner, permit, read_message, server, write_message};
use crate::network::{
    dns::{Data, Record},
    real_world::transfer::transfer_at,
    world::Untransferred,
};

async fn transferred(server: SocketAddr) -> Result<Vec<Record>, Untransferred> {
    transfer_at(permit(), server.port(), &owner("example.com")).await
}

fn name(text: &str) -> rr::Name {
    rr::Name::from_str(text).expect("a name")
}

fn soa(zone: &str) -> rr::Record {
    let soa = rdata::SOA::new(name("ns.example.com."), name("me.example.com."), 1, 2, 3, 4, 5);
    rr::Record::from_rdata(name(zone), 300, RData::SOA(soa))
}

fn host(label: &str) -> rr::Record {
    let address = RData::A(rdata::A::new(192, 0, 2, 1));
    rr::Record::from_rdata(name(&format!("{label}.example.com.")), 300, address)
}

/// An answer to a question with these records.
fn answer(question: &[u8], records: Vec<rr::Record>) -> Vec<u8> {
    let mut answer = Message::from_vec(question).expect("a question").into_response();
    answer.answers = records;
    answer.to_vec().expect("bytes")
}

/// A server that answers each question with these messages, one after the other, and then keeps still.
async fn zone(messages: Vec<Vec<rr::Record>>) -> SocketAddr {
    server(move |mut stream| {
        let messages = messages.clone();
        async move {
            let question = read_message(&mut stream).await;
            for records in messages {
                write_message(&mut stream, &answer(&question, records)).await;
            }
            std::future::pending::<()>().await;
        }
    })
    .await
}

/// A server that does this with what it is asked.
async fn odd<F>(serve: impl Fn(TcpStream, Vec<u8>) -> F + Copy + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    server(move |mut stream| async move {
        let question = read_message(&mut stream).await;
        serve(stream, question).await;
    })
    .await
}

#[tokio::test]
async fn a_zone_comes_in_messages_and_ends_with_its_second_soa() {
    let begin = vec![soa("example.com."), host("a")];
    let records =
        transferred(zone(vec![begin, vec![host("b"), host("c")], vec![soa("EXAMPLE.com.")]]).await).await;
    let names: Vec<String> = records.expect("a zone").iter().map(|record| record.owner.to_string()).collect();
    assert_eq!(names, ["example.com", "a.example.com", "b.example.com", "c.example.com"]);
    // What comes behind the end does not count; the SOA of a zone below is no end.
    let whole = vec![soa("example.com."), soa("sub.example.com."), host("a"), soa("example.com."), host("x")];
    let records = transferred(zone(vec![whole]).await).await.expect("a zone");
    assert_eq!(records.len(), 3);
    assert!(matches!(records[1].data, Data::Soa(_)));
}

#[tokio::test]
async fn what_is_no_zone_is_none() {
    for (messages, why) in [
        (vec![vec![host("a"), soa("example.com.")]], Untransferred::Garbled),
        (vec![vec![soa("other.example.")]], Untransferred::Garbled),
        (vec![vec![]], Untransferred::Refused("nothing".into())),
        (vec![vec![soa("example.com.")], vec![]], Untransferred::Garbled),
    ] {
        assert_eq!(transferred(zone(messages).await).await, Err(why));
    }
    let refusing = odd(async |mut stream, question| {
        let mut answer = Message::from_vec(&question).expect("a question").into_response();
        answer.metadata.response_code = ResponseCode::Refused;
        write_message(&mut stream, &answer.to_vec().expect("bytes")).await;
    });
    assert_eq!(transferred(refusing.await).await, Err(Untransferred::Refused("REFUSED".into())));
    let another = odd(async |mut stream, question| {
        let mut bytes = answer(&question, vec![soa("example.com."), soa("example.com.")]);
        bytes[0] ^= 0xff;
        write_message(&mut stream, &bytes).await;
    });
    assert_eq!(transferred(another.await).await, Err(Untransferred::Garbled));
}

#[tokio::test]
async fn lies_about_lengths_counts_and_names_are_seen_through() {
    let longer = odd(async |mut stream, _| {
        // Whoever does not hear it has left.
        let _ = stream.write_all(&[0xff, 0xff, 1, 2, 3]).await;
    });
    assert!(matches!(transferred(longer.await).await, Err(Untransferred::Connection(_))));
    let empty = odd(async |mut stream, _| {
        write_message(&mut stream, &[]).await;
    });
    assert_eq!(transferred(empty.await).await, Err(Untransferred::Garbled));
    let many = odd(async |mut stream, question| {
        let mut bytes = answer(&question, vec![soa("example.com.")]);
        bytes[6..8].copy_from_slice(&[0xff, 0xff]);
        write_message(&mut stream, &bytes).await;
    });
    assert_eq!(transferred(many.await).await, Err(Untransferred::Garbled));
    let turning = odd(async |mut stream, question| {
        let mut bytes = question.clone();
        bytes[2] |= 0x80;
        bytes[6..8].copy_from_slice(&[0, 1]);
        // A name that is a pointer to itself.
        let here = u16::try_from(bytes.len()).expect("a place");
        bytes.extend((0xc000 | here).to_be_bytes());
        bytes.extend([0, 6, 0, 1, 0, 0, 0, 0, 0, 0]);
        write_message(&mut stream, &bytes).await;
    });
    assert_eq!(transferred(turning.await).await, Err(Untransferred::Garbled));
}

#[tokio::test]
async fn zones_without_end_are_cut_off() {
    let endless = odd(async |mut stream, question| {
        let first = answer(&question, vec![soa("example.com.")]);
        let next = answer(&question, vec![host("a"); 1000]);
        write_message(&mut stream, &first).await;
        while write_message(&mut stream, &next).await {}
    });
    assert_eq!(transferred(endless.await).await, Err(Untransferred::TooLarge("50000 records".into())));
}

/// An answer with so many addresses of one name. Nothing of it can be printed, so that each of its bytes becomes four;
/// and only the first record has it in full, the others point there.
fn swelling(question: &[u8], records: u16) -> Vec<u8> {
    let mut bytes = question.to_vec();
    bytes[2] |= 0x80;
    bytes[6..8].copy_from_slice(&records.to_be_bytes());
    let here = 0xc000 | u16::try_from(bytes.len()).expect("a place");
    let labels = [1, 2, 3].map(|byte| [&[63][..], &[byte; 63]].concat()).concat();
    // Behind the header is the name of the zone.
    bytes.extend([&labels[..], &[0xc0, 12]].concat());
    for record in 0..records {
        if record > 0 {
            bytes.extend(here.to_be_bytes());
        }
        bytes.extend([0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 192, 0, 2, 1]);
    }
    bytes
}

#[tokio::test]
async fn names_that_are_long_only_once_they_are_read_are_cut_off_too() {
    let server = odd(async |mut stream, question| {
        let first = answer(&question, vec![soa("example.com.")]);
        let next = swelling(&question, 1000);
        assert!(next.len() < 20_000, "{}", next.len());
        write_message(&mut stream, &first).await;
        while write_message(&mut stream, &next).await {}
    });
    assert_eq!(transferred(server.await).await, Err(Untransferred::TooLarge("16 MiB of text".into())));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_keeps_still_is_not_waited_for_without_end() {
    assert_eq!(transferred(zone(vec![vec![soa("example.com.")]]).await).await, Err(Untransferred::TimedOut));
}
