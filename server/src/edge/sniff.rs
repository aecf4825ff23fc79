//! Which protocol a connection speaks, told by its first bytes, which are kept for whoever reads next.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    net::TcpStream,
    time::timeout,
};

/// What HTTP/2 clients send first (RFC 9113, 3.4).
const PREFACE: [u8; 24] = *b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

/// Reads until the protocol is clear. Errors: nothing clear came `within` that time, or the peer left.
pub(super) async fn sniff<T>(mut io: T, within: Duration) -> io::Result<(Protocol, Replay<T>)>
where
    T: AsyncRead + Unpin,
{
    let mut first = [0; PREFACE.len()];
    let (protocol, length) = timeout(within, read_first(&mut io, &mut first)).await??;
    Ok((protocol, Replay { first, next: 0, end: length, rest: TokioIo::new(io) }))
}

async fn read_first<T>(io: &mut T, first: &mut [u8; PREFACE.len()]) -> io::Result<(Protocol, usize)>
where
    T: AsyncRead + Unpin,
{
    let mut length = 0;
    while length < first.len() {
        let read = io.read(&mut first[length..]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        length += read;
        if first[..length] != PREFACE[..length] {
            return Ok((Protocol::Http1, length));
        }
    }
    Ok((Protocol::Http2, length))
}

/// A connection whose first bytes are read once more; writes go straight through.
pub(super) struct Replay<T = TcpStream> {
    first: [u8; PREFACE.len()],
    next: usize,
    end: usize,
    rest: TokioIo<T>,
}

impl<T> Read for Replay<T>
where
    TokioIo<T>: Read + Unpin,
    T: Unpin,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let me = self.get_mut();
        let again = &me.first[me.next..me.end];
        if again.is_empty() {
            return Pin::new(&mut me.rest).poll_read(cx, buf);
        }
        let length = again.len().min(buf.remaining());
        buf.put_slice(&again[..length]);
        me.next += length;
        Poll::Ready(Ok(()))
    }
}

impl<T> Write for Replay<T>
where
    TokioIo<T>: Write + Unpin,
    T: Unpin,
{
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().rest).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().rest).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().rest).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.rest.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().rest).poll_write_vectored(cx, bufs)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const SOON: Duration = Duration::from_secs(5);

    /// Sends each part only after the one before was read.
    async fn sniffed(parts: &[&[u8]]) -> io::Result<(Protocol, Replay<DuplexStream>)> {
        let (mut client, server) = duplex(1);
        let send = async {
            for part in parts {
                client.write_all(part).await?;
            }
            client.shutdown().await
        };
        let (_, found) = tokio::join!(send, sniff(server, SOON));
        found
    }

    #[tokio::test]
    async fn the_whole_preface_is_http2_and_its_first_difference_is_http1() {
        let (protocol, replay) = sniffed(&[&PREFACE]).await.unwrap();
        assert_eq!((protocol, replay.end), (Protocol::Http2, 24));
        for (text, needed) in [("GET / HTTP/1.1", 1), ("POST /", 2), ("PRI * HTTP/1.1", 12), ("\u{16}", 1)] {
            let (mut client, server) = duplex(64);
            client.write_all(&text.as_bytes()[..needed]).await.unwrap();
            let (protocol, replay) = sniff(server, SOON).await.unwrap();
            assert_eq!((protocol, replay.end), (Protocol::Http1, needed), "{text}");
        }
    }

    #[tokio::test]
    async fn a_peer_that_leaves_or_stays_silent_is_an_error() {
        let half: &[u8] = b"PRI * HT";
        for parts in [&[][..], &[half]] {
            assert_eq!(sniffed(parts).await.err().unwrap().kind(), io::ErrorKind::UnexpectedEof);
        }
        let (_client, server) = duplex(64);
        let error = sniff(server, Duration::from_millis(1)).await.err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn the_bytes_are_read_again_in_whatever_portions_and_then_the_rest() {
        let (mut client, server) = duplex(64);
        client.write_all(b"POXYZ").await.unwrap();
        client.shutdown().await.unwrap();
        let (_, replay) = sniff(server, SOON).await.unwrap();
        let mut again = TokioIo::new(replay);
        let mut two = [0; 2];
        again.read_exact(&mut two).await.unwrap();
        let mut rest = String::new();
        again.read_to_string(&mut rest).await.unwrap();
        assert_eq!((&two, rest.as_str()), (b"PO", "XYZ"));
    }
}
