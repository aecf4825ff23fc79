//! A request body that must keep a pace: a client that sends half of it cannot hold a call, or a shutdown, for long.

use std::{
    error::Error,
    fmt,
    num::NonZeroU32,
    pin::Pin,
    sync::LazyLock,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::Status;

use super::{
    BoxError,
    limits::{BODY_BYTES_PER_SECOND, BODY_GRACE},
};

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// The slowest that a request body may come.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Bytes a second, on average over `grace`.
    pub bytes_per_second: NonZeroU32,
    /// How long the service may wait in vain before the body is cut.
    pub grace: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { bytes_per_second: BODY_BYTES_PER_SECOND, grace: BODY_GRACE }
    }
}

impl Pace {
    /// The waiting that a client earns with `bytes`.
    fn worth(self, bytes: usize) -> Duration {
        let rate = u64::from(self.bytes_per_second.get());
        Duration::from_nanos((bytes as u64).saturating_mul(NANOS_PER_SECOND) / rate)
    }
}

/// A request body that ends with [`BodyError::TooSlow`] when it falls behind its [`Pace`].
///
/// Only the time that the service waits for bytes counts, never the time that it takes to use them.
#[derive(Debug)]
pub struct Body<B = Incoming> {
    inner: B,
    pace: Pace,
    /// Waiting that is left: at most the grace, spent by waiting, earned by bytes.
    credit: Duration,
    waiting_since: Option<Instant>,
    alarm: Option<Pin<Box<Sleep>>>,
    cut: bool,
}

impl<B> Body<B> {
    pub(super) fn new(inner: B, pace: Pace) -> Self {
        Self { inner, pace, credit: pace.grace, waiting_since: None, alarm: None, cut: false }
    }

    /// Books the wait that has just ended and what `bytes` earn.
    fn book(&mut self, bytes: usize) {
        if let Some(since) = self.waiting_since.take() {
            self.credit = self.credit.saturating_sub(since.elapsed());
        }
        self.credit = self.credit.saturating_add(self.pace.worth(bytes)).min(self.pace.grace);
    }

    /// Pends until more has come or the credit is spent.
    fn poll_spent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let begins = self.waiting_since.is_none();
        let deadline = *self.waiting_since.get_or_insert_with(Instant::now) + self.credit;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if begins {
            alarm.as_mut().reset(deadline);
        }
        alarm.as_mut().poll(cx)
    }
}

impl<B> http_body::Body for Body<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let body = self.get_mut();
        if body.cut {
            return Poll::Ready(None);
        }
        if let Poll::Ready(frame) = Pin::new(&mut body.inner).poll_frame(cx) {
            let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
            body.book(data.map_or(0, Bytes::len));
            return Poll::Ready(frame.map(|frame| frame.map_err(|error| BodyError::Broken(error.into()))));
        }
        ready!(body.poll_spent(cx));
        body.cut = true;
        Poll::Ready(Some(Err(BodyError::TooSlow)))
    }

    fn is_end_stream(&self) -> bool {
        self.cut || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Why a request body ended early.
#[derive(Debug)]
pub enum BodyError {
    /// It fell behind its [`Pace`]. Its source is a gRPC status, `DEADLINE_EXCEEDED`, which tonic answers with.
    TooSlow,
    /// The connection broke, or the client reset the stream or broke the protocol.
    Broken(BoxError),
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooSlow => "the request body came too slowly",
            Self::Broken(_) => "the request body broke off",
        })
    }
}

impl Error for BodyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        static TOO_SLOW: LazyLock<Status> =
            LazyLock::new(|| Status::deadline_exceeded("the request body came too slowly"));
        match self {
            Self::TooSlow => Some(&*TOO_SLOW),
            Self::Broken(error) => Some(&**error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use futures::channel::mpsc;
    use http_body_util::{BodyExt, StreamBody};
    use tokio::time::sleep;

    use super::*;

    type Part = Result<Frame<Bytes>, io::Error>;

    const PACE: Pace =
        Pace { bytes_per_second: NonZeroU32::new(1_000).unwrap(), grace: Duration::from_secs(10) };

    fn paced() -> (mpsc::UnboundedSender<Part>, Body<StreamBody<mpsc::UnboundedReceiver<Part>>>) {
        let (parts, stream) = mpsc::unbounded();
        (parts, Body::new(StreamBody::new(stream), PACE))
    }

    fn bytes(count: usize) -> Frame<Bytes> {
        Frame::data(Bytes::from(vec![0; count]))
    }

    /// Sends `count` bytes every `every` seconds; how long the body was read, and what it came to.
    async fn fed(count: usize, every: u64, times: usize) -> (u64, Result<usize, BodyError>) {
        let (parts, body) = paced();
        let start = Instant::now();
        tokio::spawn(async move {
            for _ in 0..times {
                sleep(Duration::from_secs(every)).await;
                if parts.unbounded_send(Ok(bytes(count))).is_err() {
                    return;
                }
            }
        });
        let read = body.collect().await.map(|all| all.to_bytes().len());
        (start.elapsed().as_secs(), read)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_comes_is_cut_after_the_grace() {
        let (_parts, mut body) = paced();
        let start = Instant::now();
        assert!(matches!(body.frame().await, Some(Err(BodyError::TooSlow))));
        assert_eq!(start.elapsed().as_secs(), 10);
        assert!(body.frame().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_below_the_pace_is_cut_and_one_at_the_pace_is_not() {
        // Half the pace spends half a second of the grace in each second.
        let (seconds, read) = fed(500, 1, 60).await;
        assert!(matches!(read, Err(BodyError::TooSlow)), "{read:?}");
        assert!((18..=20).contains(&seconds), "{seconds}");
        let (seconds, read) = fed(1_001, 1, 60).await;
        assert_eq!((seconds, read.unwrap()), (60, 60_060));
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_start_buys_no_more_than_the_grace() {
        let (parts, mut body) = paced();
        parts.unbounded_send(Ok(bytes(1_000_000))).unwrap();
        assert!(body.frame().await.unwrap().is_ok());
        let start = Instant::now();
        assert!(matches!(body.frame().await, Some(Err(BodyError::TooSlow))));
        assert_eq!(start.elapsed().as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn time_that_the_service_takes_does_not_count() {
        let (parts, mut body) = paced();
        for _ in 0..5 {
            parts.unbounded_send(Ok(bytes(1))).unwrap();
            assert!(body.frame().await.unwrap().is_ok());
            sleep(Duration::from_mins(1)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn trailers_and_errors_pass_through() {
        let (parts, mut body) = paced();
        parts.unbounded_send(Ok(Frame::trailers(http::HeaderMap::new()))).unwrap();
        parts.unbounded_send(Err(io::Error::other("gone"))).unwrap();
        assert!(body.frame().await.unwrap().unwrap().is_trailers());
        let broken = body.frame().await.unwrap().unwrap_err();
        assert_eq!(broken.source().unwrap().to_string(), "gone");
    }

    #[test]
    fn tonic_finds_the_status_of_a_slow_body() {
        let status = Status::from_error(Box::new(BodyError::TooSlow));
        assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
    }
}
