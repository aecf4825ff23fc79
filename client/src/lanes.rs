//! A connection for each kind of call: transfers last as long as their senders and readers like, and leave
//! all other calls alone.

use std::{sync::Arc, time::Duration};

use atalaya_proto::{ERROR_DOMAIN, errors::v1::Reason};
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tonic::{Code, Status, body::Body};
use tonic_types::{ErrorDetails, StatusExt};
use tower::{ServiceExt, service_fn, util::BoxCloneSyncService};

use crate::Upstream;

/// Calls of one kind at once: a server bears 64 unanswered ones of a connection.
const PLACES: usize = 64;
/// The longest that a call may take, the wait for its place included: a server gives it 30 seconds.
const CALL_LIMIT: Duration = Duration::from_secs(35);
/// How long a download waits for its place.
const DOWNLOAD_PATIENCE: Duration = Duration::from_secs(5);
/// How long a caller shall wait that found no place.
const AGAIN: Duration = Duration::from_secs(2);

/// Calls that last as long as their sender likes.
const UPLOADS: [&str; 1] = ["/atalaya.images.v1.ImageService/UploadImage"];
/// Calls that last as long as their reader likes.
const DOWNLOADS: [&str; 4] = [
    "/atalaya.images.v1.ImageService/DownloadImage",
    "/atalaya.scans.v1.ScanService/DownloadReport",
    "/atalaya.scans.v1.ScanService/WatchScan",
    "/atalaya.tasks.v1.TaskService/WatchTask",
];
/// Calls that wait for others as long as their sender says; the server ends them after 310 seconds.
const PROBES: [&str; 3] = [
    "/atalaya.network.v1.NetworkService/AnalyzeDomain",
    "/atalaya.network.v1.NetworkService/Ping",
    "/atalaya.network.v1.NetworkService/ScanPorts",
];

/// One upstream made of four, each over a connection of its own.
pub(crate) fn lanes(connect: impl Fn() -> Upstream) -> Upstream {
    let lane = || Lane { upstream: connect(), places: Arc::new(Semaphore::new(PLACES)) };
    let (calls, uploads, downloads, probes) = (lane(), lane(), lane(), lane());
    BoxCloneSyncService::new(service_fn(move |request: Request<Body>| {
        let (calls, uploads) = (calls.clone(), uploads.clone());
        let (downloads, probes) = (downloads.clone(), probes.clone());
        async move {
            let path = request.uri().path();
            if UPLOADS.contains(&path) {
                uploads.upload(request).await
            } else if DOWNLOADS.contains(&path) {
                downloads.download(request).await
            } else if PROBES.contains(&path) {
                probes.download(request).await
            } else {
                calls.call(request).await
            }
        }
    }))
}

/// A connection, and the places for calls on it.
#[derive(Clone)]
struct Lane {
    upstream: Upstream,
    places: Arc<Semaphore>,
}

impl Lane {
    /// A call waits for its place, and ends in time with its answer or without.
    async fn call(self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let answered = timeout(CALL_LIMIT, async {
            let _place = self.place(CALL_LIMIT).await?;
            self.upstream.oneshot(request).await
        });
        answered.await.unwrap_or_else(|_| Err(Status::deadline_exceeded("the server did not answer in time")))
    }

    /// An upload is answered at its end; its sender is not kept waiting before its beginning.
    async fn upload(self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let _place = self.place(Duration::ZERO).await?;
        self.upstream.oneshot(request).await
    }

    /// A download, or a probe, has its place until its answer is read, or dropped.
    async fn download(self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let place = self.place(DOWNLOAD_PATIENCE).await?;
        let answer = self.upstream.oneshot(request).await?;
        Ok(answer.map(|body| {
            Body::new(body.map_frame(move |frame| {
                let _held = &place;
                frame
            }))
        }))
    }

    async fn place(&self, patience: Duration) -> Result<OwnedSemaphorePermit, Status> {
        let place = timeout(patience, Arc::clone(&self.places).acquire_owned()).await;
        place.ok().and_then(Result::ok).ok_or_else(busy)
    }
}

/// What a server says that has no hand free: nothing has begun, and it is safe to repeat.
fn busy() -> Status {
    let mut details = ErrorDetails::with_error_info(Reason::ServerBusy.token(), ERROR_DOMAIN, []);
    details.set_retry_info(Some(AGAIN));
    Status::with_error_details(Code::ResourceExhausted, "too many transfers at once", details)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures::future::{FutureExt, join_all};
    use http_body_util::Full;

    use super::*;
    use crate::Error;

    const CALL: &str = "/atalaya.users.v1.AccountService/GetOwnAccount";

    /// A server that answers every call but those to this path.
    fn silent_on(path: &'static str) -> Upstream {
        lanes(|| {
            BoxCloneSyncService::new(service_fn(move |request: Request<Body>| async move {
                if request.uri().path() == path {
                    std::future::pending::<()>().await;
                }
                Ok(Response::new(Body::new(Full::new(Bytes::from_static(b"an answer")))))
            }))
        })
    }

    fn ask(upstream: &Upstream, path: &str) -> impl Future<Output = Result<Response<Body>, Status>> + use<> {
        let request = Request::post(path).body(Body::empty()).expect("a request");
        upstream.clone().oneshot(request)
    }

    fn is_busy(answer: Result<Response<Body>, Status>) -> bool {
        answer.is_err_and(|status| {
            let error = Error::from(status);
            error.reason == Some(Reason::ServerBusy) && error.retry_after.is_some()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn slow_uploads_keep_no_other_call_waiting_and_one_too_many_is_refused_at_once() {
        let upstream = silent_on(UPLOADS[0]);
        let mut slow = Box::pin(join_all((0..PLACES).map(|_| ask(&upstream, UPLOADS[0]))));
        assert!((&mut slow).now_or_never().is_none());
        let begin = tokio::time::Instant::now();
        assert!(is_busy(ask(&upstream, UPLOADS[0]).await));
        assert!(begin.elapsed() < Duration::from_secs(1));
        for path in [CALL, DOWNLOADS[0]] {
            assert!(ask(&upstream, path).await.is_ok(), "{path}");
        }
        drop(slow);
        assert!((ask(&upstream, UPLOADS[0])).now_or_never().is_none(), "its place is free again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_ends_in_time_though_the_server_is_silent() {
        let upstream = silent_on(CALL);
        let begin = tokio::time::Instant::now();
        // Twice as many as there are places: half of them never get one.
        for answer in join_all((0..PLACES * 2).map(|_| ask(&upstream, CALL))).await {
            assert_eq!(answer.expect_err("silence").code(), Code::DeadlineExceeded);
        }
        assert!(begin.elapsed() < CALL_LIMIT + Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_reads_keeps_its_place_until_it_is_dropped() {
        let upstream = silent_on(CALL);
        let mut unread = join_all((0..PLACES).map(|_| ask(&upstream, DOWNLOADS[0]))).await;
        assert!(is_busy(ask(&upstream, DOWNLOADS[0]).await));
        drop(unread.pop());
        assert!(ask(&upstream, DOWNLOADS[0]).await.is_ok());
    }
}
