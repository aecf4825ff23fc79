//! HTTP/2 frames by hand, for clients that do not keep the rules (RFC 9113, 6; RFC 7541, 6.2.2).

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
const CANCEL: [u8; 4] = [0, 0, 0, 8];
/// The longest frame that a server takes by default.
const MAX_FRAME: usize = 16 << 10;
/// Frames that are sent together.
const BURST: u32 = 250;
/// How long a server may take to have enough, on a busy machine.
const LIMIT: Duration = Duration::from_secs(90);

/// The code of a GOAWAY to those who overdo it (RFC 9113, 7).
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

/// Begins a gRPC call as whoever has this token, and sends no message.
pub(crate) fn call(stream: u32, path: &str, token: &str) -> Vec<u8> {
    // POST and http from the static table; the rest as literals that are not kept.
    let mut block = vec![0x83, 0x86];
    for (name, value) in [
        (":path", path),
        (":authority", "atalaya"),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
        ("authorization", &format!("Bearer {token}")),
    ] {
        block.push(0);
        block.extend(text(name));
        block.extend(text(value));
    }
    frame(HEADERS, END_HEADERS, stream, &block)
}

/// Takes a call back.
pub(crate) fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &CANCEL)
}

/// Headers without an end: the first frame and each that follows.
pub(crate) fn endless(number: u32) -> Vec<u8> {
    let kind = if number == 1 { HEADERS } else { CONTINUATION };
    // A literal whose name and value are empty takes three bytes.
    frame(kind, 0, 1, &vec![0; MAX_FRAME / 3 * 3])
}

/// Sends `part` of 1, 3, 5 and so on until the server closes; the code of its GOAWAY.
pub(crate) async fn flood(server: SocketAddr, parts: u32, part: impl Fn(u32) -> Vec<u8>) -> Option<u32> {
    let (mut from, mut to) = TcpStream::connect(server).await.expect("the server listens").into_split();
    let mut hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    hello.extend(frame(SETTINGS, 0, 0, &[]));
    let send = async {
        let mut sent = to.write_all(&hello).await;
        let mut next = 0;
        while next < parts && sent.is_ok() {
            let burst: Vec<u8> = (next..next + BURST).flat_map(|number| part(2 * number + 1)).collect();
            sent = to.write_all(&burst).await;
            next += BURST;
        }
        // What was sent stays so until the server closes.
        std::future::pending::<()>().await;
    };
    let listen = async {
        let mut goaway = None;
        while let Ok(start) = from.read_u64().await {
            let Ok(_last_byte_of_the_stream) = from.read_u8().await else { break };
            let mut payload = vec![0; (start >> 40) as usize];
            if from.read_exact(&mut payload).await.is_err() {
                break;
            }
            if (start >> 32) as u8 == GOAWAY {
                goaway = payload.get(4..8).and_then(|code| code.try_into().ok()).map(u32::from_be_bytes);
            }
        }
        goaway
    };
    tokio::select! {
        () = send => None,
        heard = timeout(LIMIT, listen) => heard.expect("the server has had enough"),
    }
}

fn text(text: &str) -> Vec<u8> {
    // Seven bits of length, and the rest in groups of seven (RFC 7541, 5.1).
    let mut bytes = Vec::new();
    match text.len() {
        short @ 0..127 => bytes.push(short as u8),
        long => {
            bytes.push(127);
            let mut rest = long - 127;
            while rest >= 128 {
                bytes.push((rest % 128 + 128) as u8);
                rest /= 128;
            }
            bytes.push(rest as u8);
        }
    }
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}
