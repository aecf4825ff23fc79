//! Reads what is left of a request once it is answered, so that the sender gets to read the answer:
//! unread bytes reset the connection (HTTP/1) or the stream (HTTP/2), and senders that are still at it
//! take the reset for a failure and never look at the answer.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, extract::Request, middleware::Next, response::Response};
use bytes::Bytes;
use http::header::EXPECT;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;

/// Bytes that are read and thrown away; more is cut off after all.
const LIMIT: u64 = 64 * 1024 * 1024;
/// How long a sender may take to send them.
const PATIENCE: Duration = Duration::from_secs(10);

/// The layer. It answers at once and reads on behind.
pub(crate) async fn drain(request: Request, next: Next) -> Response {
    // Who expects to be asked before sending has not sent yet, and need not.
    if request.headers().contains_key(EXPECT) || request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let shared = Shared(Arc::new(Mutex::new(body)));
    let response = next.run(Request::from_parts(parts, Body::new(shared.clone()))).await;
    // Whoever still holds the other end finds it empty from here on.
    let rest = std::mem::take(&mut *shared.0.lock().unwrap_or_else(PoisonError::into_inner));
    if !rest.is_end_stream() {
        // A sender that is too slow or sends too much has only itself to blame.
        tokio::spawn(tokio::time::timeout(PATIENCE, discard(rest)));
    }
    response
}

async fn discard(mut body: Body) {
    let mut left = LIMIT;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
        let Some(rest) = left.checked_sub(length) else { return };
        left = rest;
    }
}

/// A body that its reader can be relieved of.
#[derive(Clone)]
struct Shared(Arc<Mutex<Body>>);

impl http_body::Body for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use axum::{
        Router, middleware,
        routing::{MethodRouter, post},
    };
    use futures::{Stream, StreamExt, stream};
    use tokio::sync::oneshot;
    use tower::ServiceExt;

    use super::*;

    /// Sends chunks to a handler; how many of them had been read when the body was let go.
    async fn read_of<S>(handler: MethodRouter, request: http::request::Builder, chunks: S) -> usize
    where
        S: Stream<Item = Bytes> + Send + 'static,
    {
        let (held, let_go) = oneshot::channel::<()>();
        let count = Arc::new(AtomicUsize::new(0));
        let counter = count.clone();
        let body = chunks.map(move |chunk| {
            let _ = &held;
            counter.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Infallible>(chunk)
        });
        let router = Router::new().route("/", handler).layer(middleware::from_fn(drain));
        let request = request.method("POST").uri("/").body(Body::from_stream(body)).expect("a request");
        router.oneshot(request).await.expect("infallible");
        assert!(let_go.await.is_err());
        count.load(Ordering::SeqCst)
    }

    fn hundred() -> impl Stream<Item = Bytes> + Send + 'static {
        stream::iter((0..100).map(|_| Bytes::from_static(&[0; 1024])))
    }

    #[tokio::test]
    async fn what_a_handler_leaves_is_read() {
        assert_eq!(read_of(post(async || "refused"), Request::builder(), hundred()).await, 100);
    }

    #[tokio::test]
    async fn a_reader_that_outlives_the_answer_finds_the_end() {
        let (sender, receiver) = oneshot::channel();
        let sender = Arc::new(Mutex::new(Some(sender)));
        let handler = post(async move |request: Request| {
            let sender = sender.lock().expect("nobody panicked").take().expect("one request");
            sender.send(request.into_body()).expect("a receiver");
        });
        assert_eq!(read_of(handler, Request::builder(), hundred()).await, 100);
        let rest = receiver.await.expect("a body").collect().await.expect("an end").to_bytes();
        assert!(rest.is_empty());
    }

    #[tokio::test]
    async fn who_expects_to_be_asked_is_not_made_to_send() {
        let request = Request::builder().header(EXPECT, "100-continue");
        assert_eq!(read_of(post(async || "refused"), request, hundred()).await, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_endless_sender_is_let_go() {
        assert_eq!(read_of(post(async || "refused"), Request::builder(), stream::pending()).await, 0);
        let endless = stream::repeat(Bytes::from(vec![0; 1024 * 1024]));
        assert_eq!(read_of(post(async || "refused"), Request::builder(), endless).await, 65);
    }
}
