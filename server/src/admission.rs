//! How long a call may take, how large its message may be, and how many large ones may be in memory at once.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use atalaya_proto::errors::v1::Reason;
use http::HeaderMap;
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use tonic::{Code, Status};
use tower::{Layer, Service};

use crate::status::{failure, wait};

/// Longest message of a call that carries no image.
pub const MAX_MESSAGE: usize = 64 << 10;
/// The longest that a unary call may take; a caller's `grpc-timeout` can shorten it.
pub const MAX_CALL: Duration = Duration::from_secs(30);
/// The same of calls that wait for others as long as their caller says: what that may be at most, and 10 seconds.
const MAX_PATIENT_CALL: Duration = Duration::from_secs(310);
/// How many calls with a whole image in one message run at once; each holds up to 32 MiB twice.
const MAX_LARGE: usize = 4;
/// How many calls that may carry a picture for an avatar run at once; each holds up to 8 MiB twice. They need no
/// credentials, so that they must not be in the way of those that do.
const MAX_AVATARS: usize = 16;
/// How long a call with a large message waits for its turn.
const MAX_LARGE_WAIT: Duration = Duration::from_secs(5);

/// Streams: bounded by the edge's pace for bodies and by their own rules, not by [`MAX_CALL`].
const STREAMS: [&str; 6] = [
    "/atalaya.images.v1.ImageService/UploadImage",
    "/atalaya.images.v1.ImageService/DownloadImage",
    "/atalaya.network.v1.NetworkService/ScanPorts",
    "/atalaya.tasks.v1.TaskService/WatchTask",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.",
];
/// Calls with a whole image, a map or a report in one message. Comparisons are bounded where they are made: they take
/// long, and would keep these waiting.
const LARGE: [&str; 4] = [
    "/atalaya.images.v1.ImageService/CreateImage",
    "/atalaya.images.v1.ImageService/GetImageContent",
    "/atalaya.images.v1.EvidenceService/GetAnalysis",
    "/atalaya.images.v1.EvidenceService/GetAnalysisMap",
];

/// Calls that wait for others as long as their caller says.
const PATIENT: [&str; 2] =
    ["/atalaya.network.v1.NetworkService/AnalyzeDomain", "/atalaya.network.v1.NetworkService/Ping"];
/// Calls that may carry a picture for an avatar.
const AVATARS: &str = "/atalaya.users.v1.IdentityService/ChangeIdentity";

/// Puts [`Admission`] before services.
#[derive(Clone)]
pub struct AdmissionLayer {
    large: Arc<Semaphore>,
    avatars: Arc<Semaphore>,
}

impl Default for AdmissionLayer {
    fn default() -> Self {
        let semaphore = |places| Arc::new(Semaphore::new(places));
        Self { large: semaphore(MAX_LARGE), avatars: semaphore(MAX_AVATARS) }
    }
}

impl<S> Layer<S> for AdmissionLayer {
    type Service = Admission<S>;

    fn layer(&self, inner: S) -> Admission<S> {
        Admission { large: Arc::clone(&self.large), avatars: Arc::clone(&self.avatars), inner }
    }
}

/// Ends calls that take too long, and lets few large ones in at a time.
#[derive(Clone)]
pub struct Admission<S> {
    large: Arc<Semaphore>,
    avatars: Arc<Semaphore>,
    inner: S,
}

impl<S, B, R> Service<http::Request<B>> for Admission<S>
where
    S: Service<http::Request<B>, Response = http::Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Default,
{
    type Response = http::Response<R>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let path = request.uri().path();
        if STREAMS.iter().any(|stream| path.starts_with(stream)) {
            return Box::pin(self.inner.call(request));
        }
        let turns = if LARGE.contains(&path) {
            Some(Arc::clone(&self.large))
        } else {
            (path == AVATARS).then(|| Arc::clone(&self.avatars))
        };
        let most = if PATIENT.contains(&path) { MAX_PATIENT_CALL } else { MAX_CALL };
        let limit = asked_for(request.headers()).map_or(most, |asked| asked.min(most));
        let deadline = Instant::now() + limit;
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            let _turn = match turn(turns, deadline).await {
                Ok(turn) => turn,
                Err(status) => return Ok(status.into_http()),
            };
            match timeout_at(deadline, inner.call(request)).await {
                Ok(answer) => answer,
                Err(_) => Ok(too_late().into_http()),
            }
        })
    }
}

async fn turn(
    large: Option<Arc<Semaphore>>,
    deadline: Instant,
) -> Result<Option<tokio::sync::OwnedSemaphorePermit>, Status> {
    let Some(large) = large else { return Ok(None) };
    let patience = deadline.min(Instant::now() + MAX_LARGE_WAIT);
    match timeout_at(patience, large.acquire_owned()).await {
        Ok(Ok(permit)) => Ok(Some(permit)),
        Ok(Err(_)) | Err(_) => {
            Err(wait(Reason::ServerBusy, "too many large messages at once", MAX_LARGE_WAIT))
        }
    }
}

fn too_late() -> Status {
    failure(Code::DeadlineExceeded, Reason::CallTimeout, "the call took too long", &[])
}

/// The caller's deadline: at most 8 digits and a unit ("PROTOCOL-HTTP2", Timeout). `None` when there is
/// none, or it can't be read.
fn asked_for(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_hours(amount)),
        "M" => Some(Duration::from_mins(amount)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use tonic::body::Body;
    use tower::{ServiceExt, service_fn};

    use super::*;

    fn asked(text: &'static str) -> Option<Duration> {
        asked_for(&HeaderMap::from_iter([("grpc-timeout".parse().unwrap(), HeaderValue::from_static(text))]))
    }

    #[test]
    fn grpc_timeouts_are_read_and_nonsense_is_none() {
        assert_eq!(asked("250m"), Some(Duration::from_millis(250)));
        assert_eq!(asked("99999999H"), Some(Duration::from_hours(99_999_999)));
        assert_eq!(asked("0n"), Some(Duration::ZERO));
        for nonsense in ["", "S", "1", "-1S", "1x", "123456789S", "1.5S"] {
            assert_eq!(asked(nonsense), None, "{nonsense}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn large_answers_share_few_places() {
        let hang = service_fn(|_: http::Request<()>| async move {
            std::future::pending::<()>().await;
            Ok::<_, Infallible>(http::Response::new(Body::empty()))
        });
        let service = AdmissionLayer::default().layer(hang);
        let call = |path| service.clone().oneshot(http::Request::builder().uri(path).body(()).unwrap());
        let waiting: Vec<_> =
            LARGE.iter().cycle().take(MAX_LARGE).map(|path| tokio::spawn(call(*path))).collect();
        tokio::task::yield_now().await;
        for path in LARGE {
            assert_eq!(call(path).await.unwrap().headers()["grpc-status"], "8", "{path}");
        }
        waiting.iter().for_each(tokio::task::JoinHandle::abort);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_hangs_ends_at_its_limit_and_a_stream_does_not() {
        let hang = service_fn(|request: http::Request<()>| async move {
            if request.uri().path() == "/slow" {
                std::future::pending::<()>().await;
            }
            Ok::<_, Infallible>(http::Response::new(Body::empty()))
        });
        let service = AdmissionLayer::default().layer(hang);
        let call = |path| service.clone().oneshot(http::Request::builder().uri(path).body(()).unwrap());
        let late = call("/slow").await.unwrap();
        assert_eq!(late.headers()["grpc-status"], "4");
        let stream = call(STREAMS[0]).await.unwrap();
        assert!(!stream.headers().contains_key("grpc-status"));
    }
}
