//! Streams that outlive the right to them are cut: who is shut out hears nothing more, on whichever server.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use tokio::time::sleep;

use super::{Origin, Role, layer::not_authenticated};
use crate::users::{Credentials, credentials::Error};

/// How long a stream may outlive the right to it.
const BEAT: Duration = Duration::from_secs(2);

/// How methods begin that answer for as long as something goes on.
const STREAMS: [&str; 2] = ["Watch", "Scan"];

/// What opened a stream.
pub(super) struct Pass {
    pub(super) credentials: Credentials,
    pub(super) token: String,
    pub(super) method: String,
    pub(super) origin: Origin,
    /// The account's role at the call, if it is one.
    pub(super) role: Option<Role>,
}

impl Pass {
    /// Whether a method answers for as long as something goes on.
    pub(super) fn is_needed(method: &str) -> bool {
        let name = method.rsplit('/').next().unwrap_or_default();
        STREAMS.iter().any(|prefix| name.starts_with(prefix))
    }

    /// Ends when the pass is no longer good: ended, or for a role that the caller has lost.
    async fn lapse(self) {
        loop {
            sleep(BEAT).await;
            match self.credentials.authenticate(&self.token, &self.method, self.origin).await {
                Ok(now) if now.role() < self.role => return,
                Err(Error::NotAuthenticated | Error::NotAuthorized | Error::ScopeMissing(_)) => return,
                // A database that does not answer has shut nobody out.
                Ok(_)
                | Err(Error::Session(_) | Error::Token(_) | Error::PersonalToken(_) | Error::Operator(_)) => {
                }
            }
        }
    }
}

/// A body that ends with UNAUTHENTICATED when its pass lapses.
pub(super) struct Guarded<B> {
    body: B,
    lapse: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<B> Guarded<B> {
    /// For as long as the pass is good; for ever without one.
    pub(super) fn new(body: B, pass: Option<Pass>) -> Self {
        Self { body, lapse: pass.map(|pass| Box::pin(pass.lapse()) as Pin<Box<_>>) }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Guarded<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some(lapse) = &mut self.lapse
            && lapse.as_mut().poll(context).is_ready()
        {
            self.lapse = None;
            let mut trailers = HeaderMap::new();
            // It fails for a message that no header can hold; ours can.
            let _ = not_authenticated().add_header(&mut trailers);
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}
