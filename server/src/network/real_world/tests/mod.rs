//! The real world against servers that mean it badly, all of them on loopback.

mod lines;
mod pages;
mod questions;
mod zones;

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::network::{
    dns::Owner,
    targets::{Clearance, Permit, Purpose, TargetPolicy},
};

/// The right to connect to this machine.
fn permit() -> Permit {
    let policy = TargetPolicy::new(vec!["127.0.0.0/8".parse().expect("a range")], Vec::new());
    let address = "127.0.0.1".parse().expect("an address");
    policy.check(&Clearance::Operator, Purpose::Page, address).expect("a permit")
}

fn owner(text: &str) -> Owner {
    Owner::from_labels(text.split('.').map(str::as_bytes))
}

/// A server on loopback that does this with each connection.
async fn server<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// Reads a message of DNS with its length before it.
async fn read_message(stream: &mut TcpStream) -> Vec<u8> {
    let length = stream.read_u16().await.expect("a length");
    let mut message = vec![0; usize::from(length)];
    stream.read_exact(&mut message).await.expect("a message");
    message
}

/// Writes one; whoever does not hear it has left.
async fn write_message(stream: &mut TcpStream, message: &[u8]) -> bool {
    let length = u16::try_from(message.len()).expect("a message's length");
    let framed = [&length.to_be_bytes()[..], message].concat();
    stream.write_all(&framed).await.is_ok()
}
