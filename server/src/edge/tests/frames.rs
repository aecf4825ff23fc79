//! HTTP/2 frames by hand, for clients that do not keep the rules.

use super::*;

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const END_HEADERS: u8 = 4;
const CANCEL: [u8; 4] = [0, 0, 0, 8];
const MAX_CONCURRENT_STREAMS: u16 = 3;

/// The preface and empty settings.
pub(super) fn hello() -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes
}

/// Opens a stream with `GET path` and leaves it open.
pub(super) fn open(stream: u32, path: &str) -> Vec<u8> {
    // HPACK: indexed GET and http, then literals for :path and :authority.
    let mut block = vec![0x82, 0x86, 0x04, path.len() as u8];
    block.extend_from_slice(path.as_bytes());
    block.extend_from_slice(&[0x01, 1, b'a']);
    frame(HEADERS, END_HEADERS, stream, &block)
}

/// The first half of the same frame.
pub(super) fn half_open(stream: u32, path: &str) -> Vec<u8> {
    let whole = open(stream, path);
    whole[..whole.len() / 2].to_vec()
}

pub(super) fn reset(stream: u32) -> Vec<u8> {
    frame(RST_STREAM, 0, stream, &CANCEL)
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// What a server said until it closed.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The streams that it offers.
    pub(super) max_streams: Option<u32>,
    /// The code of its last GOAWAY.
    pub(super) goaway: Option<u32>,
}

/// Listens until the server closes.
pub(super) async fn listen_to(mut stream: impl tokio::io::AsyncRead + Unpin) -> Heard {
    let mut heard = Heard::default();
    while let Ok(start) = stream.read_u64().await {
        let Ok(_last_byte_of_stream_id) = stream.read_u8().await else { break };
        let mut payload = vec![0; (start >> 40) as usize];
        if stream.read_exact(&mut payload).await.is_err() {
            break;
        }
        match (start >> 32) as u8 {
            GOAWAY => heard.goaway = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap())),
            SETTINGS => heard.max_streams = heard.max_streams.or(max_streams(&payload)),
            _ => {}
        }
    }
    heard
}

fn max_streams(settings: &[u8]) -> Option<u32> {
    let mut entries = settings.chunks_exact(6);
    let entry = entries.find(|entry| entry[..2] == MAX_CONCURRENT_STREAMS.to_be_bytes())?;
    Some(u32::from_be_bytes(entry[2..].try_into().unwrap()))
}
