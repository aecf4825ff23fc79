//! One id per request: the caller's if it is harmless, else a fresh UUID; the answer repeats it, unless it has
//! another way to write it.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tower::{Layer, Service};
use uuid::Uuid;

/// Where the id stands, in requests behind the edge and in every answer.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Bytes of an id that is taken from a caller.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=64;

/// Puts [`RequestId`] around a service. It belongs outside of whatever logs or answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct RequestIdLayer;

impl<S> Layer<S> for RequestIdLayer {
    type Service = RequestId<S>;

    fn layer(&self, inner: S) -> RequestId<S> {
        RequestId { inner }
    }
}

/// A service whose requests all have one valid `x-request-id`, and whose answers repeat it
/// unless they say it themselves.
#[derive(Debug, Clone)]
pub struct RequestId<S> {
    inner: S,
}

impl<S, B, R> Service<Request<B>> for RequestId<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let id = harmless(request.headers()).unwrap_or_else(fresh);
        request.headers_mut().insert(X_REQUEST_ID, id.clone());
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            response.headers_mut().entry(X_REQUEST_ID).or_insert(id);
            Ok(response)
        })
    }
}

/// The caller's id if it cannot break a log line: letters, digits and dashes, 8 to 64 of them.
fn harmless(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(X_REQUEST_ID)?;
    let plain = id.as_bytes().iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (plain && LENGTH.contains(&id.len())).then(|| id.clone())
}

fn fresh() -> HeaderValue {
    let mut text = Uuid::encode_buffer();
    let text = Uuid::new_v4().hyphenated().encode_lower(&mut text);
    HeaderValue::from_str(text).expect("hex digits and dashes")
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tower::{ServiceExt, service_fn};

    use super::*;

    /// The id that the service saw and the id of the answer.
    async fn ids(sent: &[&'static str]) -> (String, String) {
        let echo = service_fn(|request: Request<()>| async move {
            let all: Vec<_> = request.headers().get_all(X_REQUEST_ID).iter().collect();
            assert_eq!(all.len(), 1);
            Ok::<_, Infallible>(Response::new(all[0].to_str().unwrap().to_owned()))
        });
        let mut request = Request::new(());
        for id in sent {
            request.headers_mut().append(X_REQUEST_ID, HeaderValue::from_static(id));
        }
        let response = RequestIdLayer.layer(echo).oneshot(request).await.unwrap();
        let answered = response.headers()[X_REQUEST_ID].to_str().unwrap().to_owned();
        (response.into_body(), answered)
    }

    #[tokio::test]
    async fn a_harmless_id_is_kept_and_repeated() {
        for id in
            ["12345678", "Az09-----", "0123456789012345678901234567890123456789012345678901234567890123"]
        {
            assert_eq!(ids(&[id]).await, (id.to_owned(), id.to_owned()));
        }
        assert_eq!(ids(&["first-one", "second-one"]).await.0, "first-one");
    }

    #[tokio::test]
    async fn an_answer_that_says_its_id_is_left_alone() {
        let short = service_fn(|_: Request<()>| async {
            let mut response = Response::new(());
            response.headers_mut().insert(X_REQUEST_ID, HeaderValue::from_static("0c8ba68a"));
            Ok::<_, Infallible>(response)
        });
        let response = RequestIdLayer.layer(short).oneshot(Request::new(())).await.unwrap();
        assert_eq!(response.headers()[X_REQUEST_ID], "0c8ba68a");
    }

    #[tokio::test]
    async fn any_other_id_is_replaced_with_a_fresh_uuid() {
        let long = "01234567890123456789012345678901234567890123456789012345678901234";
        for sent in [&[][..], &["1234567"], &[long], &["with space"], &["under_score"], &["line%0abreak"]] {
            let (seen, answered) = ids(sent).await;
            assert_eq!(seen, answered);
            assert_eq!(Uuid::parse_str(&seen).unwrap().get_version_num(), 4, "{sent:?}");
        }
        assert_ne!(ids(&[]).await, ids(&[]).await);
    }
}
