//! Typed clients for one caller: they carry its credentials and whatever else each call should say.

use std::time::Duration;

use atalaya_proto::{
    audit::v1::audit_service_client::AuditServiceClient,
    errors::v1::Reason,
    images::v1::{evidence_service_client::EvidenceServiceClient, image_service_client::ImageServiceClient},
    network::v1::{network_service_client::NetworkServiceClient, target_service_client::TargetServiceClient},
    scans::v1::{
        alert_service_client::AlertServiceClient, config_service_client::ConfigServiceClient,
        operator_service_client::OperatorServiceClient, scan_service_client::ScanServiceClient,
        schedule_service_client::ScheduleServiceClient, setting_service_client::SettingServiceClient,
        stats_service_client::StatsServiceClient, webhook_service_client::WebhookServiceClient,
    },
    tasks::v1::{Task, TaskState, WatchTaskRequest, task_service_client::TaskServiceClient},
    users::v1::{
        account_service_client::AccountServiceClient, identity_service_client::IdentityServiceClient,
        omikron_service_client::OmikronServiceClient,
        personal_token_service_client::PersonalTokenServiceClient,
        session_service_client::SessionServiceClient, token_service_client::TokenServiceClient,
    },
};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::{Instant, sleep};
use tonic::{Code, body::Body};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tower::{ServiceExt, util::BoxCloneSyncService};

use crate::{Credentials, Error, Upstream};

/// Bytes of one message, but for images: a page of 1000 accounts fits.
const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;
/// Bytes of one message with an avatar as it was taken.
const IDENTITY_MESSAGE_LIMIT: usize = 9 * 1024 * 1024;
/// Bytes of one message with an image whole: its 32 MiB and room for the rest.
const IMAGE_MESSAGE_LIMIT: usize = 40 * 1024 * 1024;
/// Bytes of one message with a map or all metadata of an image.
const EVIDENCE_MESSAGE_LIMIT: usize = 24 * 1024 * 1024;
/// Bytes of one message about a network: a domain with 10,000 names below it.
const NETWORK_MESSAGE_LIMIT: usize = 8 * 1024 * 1024;
/// Bytes of one message about a scan: what was found at thousands of hosts.
const SCAN_MESSAGE_LIMIT: usize = 64 * 1024 * 1024;
/// How long to wait before a watch that ended too soon is begun again.
const WATCH_PAUSE: Duration = Duration::from_secs(1);
/// How long a server that said that it shuts down may be out of reach.
const RESTART: Duration = Duration::from_mins(1);

/// Methods that make a client: the generated types share no trait.
macro_rules! clients {
    ($($(#[$doc:meta])* $name:ident: $client:ident, $limit:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> $client<Upstream> {
            $client::new(self.upstream()).max_decoding_message_size($limit).max_encoding_message_size($limit)
        }
    )*};
}

/// Clients of one caller. Cheap to clone; clones share credentials.
#[derive(Clone, Debug)]
pub struct Calls {
    upstream: Upstream,
    credentials: Option<Credentials>,
    headers: HeaderMap,
}

impl Calls {
    pub(crate) fn new(upstream: Upstream, credentials: Option<Credentials>) -> Self {
        Self { upstream, credentials, headers: HeaderMap::new() }
    }

    /// The same clients, whose calls also carry this header, such as `x-request-id` or `idempotency-key`.
    #[must_use]
    pub fn carrying(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Who calls, unless nobody in particular.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    clients! {
        /// `AccountService`.
        accounts: AccountServiceClient, MESSAGE_LIMIT;
        /// `SessionService`.
        sessions: SessionServiceClient, MESSAGE_LIMIT;
        /// `TokenService`.
        tokens: TokenServiceClient, MESSAGE_LIMIT;
        /// `PersonalTokenService`.
        personal_tokens: PersonalTokenServiceClient, MESSAGE_LIMIT;
        /// `IdentityService`.
        identities: IdentityServiceClient, IDENTITY_MESSAGE_LIMIT;
        /// `OmikronService`.
        omikrons: OmikronServiceClient, MESSAGE_LIMIT;
        /// `AuditService`.
        audit: AuditServiceClient, MESSAGE_LIMIT;
        /// `ImageService`.
        images: ImageServiceClient, IMAGE_MESSAGE_LIMIT;
        /// `EvidenceService`.
        evidence: EvidenceServiceClient, EVIDENCE_MESSAGE_LIMIT;
        /// `NetworkService`.
        network: NetworkServiceClient, NETWORK_MESSAGE_LIMIT;
        /// `TargetService`.
        targets: TargetServiceClient, MESSAGE_LIMIT;
        /// `OperatorService`.
        operator: OperatorServiceClient, MESSAGE_LIMIT;
        /// `ScanService`.
        scans: ScanServiceClient, SCAN_MESSAGE_LIMIT;
        /// `ConfigService`, of site scans.
        scan_configs: ConfigServiceClient, MESSAGE_LIMIT;
        /// `ScheduleService`, of site scans.
        schedules: ScheduleServiceClient, MESSAGE_LIMIT;
        /// `StatsService`, of site scans.
        scan_stats: StatsServiceClient, MESSAGE_LIMIT;
        /// `SettingService`, of site scans.
        scan_settings: SettingServiceClient, MESSAGE_LIMIT;
        /// `AlertService`, of site scans.
        scan_alerts: AlertServiceClient, MESSAGE_LIMIT;
        /// `WebhookService`, of site scans.
        scan_webhooks: WebhookServiceClient, MESSAGE_LIMIT;
        /// `TaskService`.
        tasks: TaskServiceClient, MESSAGE_LIMIT;
    }

    /// Asks `grpc.health.v1` whether the server serves. UNAVAILABLE when it says no or can't be reached.
    pub async fn healthy(&self) -> Result<(), Error> {
        let mut health = HealthClient::new(self.upstream()).max_decoding_message_size(MESSAGE_LIMIT);
        let answer = health.check(HealthCheckRequest::default()).await?.into_inner();
        match answer.status() {
            ServingStatus::Serving => Ok(()),
            ServingStatus::Unknown | ServingStatus::NotServing | ServingStatus::ServiceUnknown => {
                Err(Error::new(Code::Unavailable, "the server does not serve now"))
            }
        }
    }

    /// Waits until a task has ended, well or not, and answers with its last state. Watches again when
    /// the server ends the watch before, as it does when it shuts down or is too busy, and outlasts its
    /// restart if that takes no longer than a minute; dropping the future ends the waiting.
    pub async fn wait(&self, task: &str) -> Result<Task, Error> {
        // Until then a server that is out of reach is one that comes back.
        let mut back_by = None;
        loop {
            let pause = match self.watch(task).await {
                Ok(Some(task)) => return Ok(task),
                Ok(None) => WATCH_PAUSE,
                Err(error) => match error.reason {
                    Some(Reason::ShuttingDown) => {
                        back_by = Some(Instant::now() + RESTART);
                        error.retry_after.unwrap_or(WATCH_PAUSE)
                    }
                    Some(Reason::ServerBusy) => error.retry_after.unwrap_or(WATCH_PAUSE),
                    None if error.code == Code::Unavailable && back_by > Some(Instant::now()) => WATCH_PAUSE,
                    _ => return Err(error),
                },
            };
            sleep(pause).await;
        }
    }

    /// Watches a task to its end; `None` when the watch ended before.
    async fn watch(&self, task: &str) -> Result<Option<Task>, Error> {
        let request = WatchTaskRequest { id: task.to_owned() };
        let mut states = self.tasks().watch_task(request).await?.into_inner();
        while let Some(state) = states.message().await? {
            if let Some(task) = state.task.filter(has_ended) {
                return Ok(Some(task));
            }
        }
        Ok(None)
    }

    /// The upstream as this caller sees it: calls go out signed, answers bring renewed tokens in.
    fn upstream(&self) -> Upstream {
        let (signer, renewed) = (self.credentials.clone(), self.credentials.clone());
        let extra = self.headers.clone();
        let sign = move |mut call: http::Request<Body>| {
            call.headers_mut().extend(extra.clone());
            if let Some(credentials) = &signer {
                credentials.sign(call.headers_mut());
            }
            call
        };
        let renew = move |answer: http::Response<Body>| {
            if let Some(credentials) = &renewed {
                credentials.renew(answer.headers());
            }
            answer
        };
        BoxCloneSyncService::new(self.upstream.clone().map_request(sign).map_response(renew))
    }
}

/// Whether a task is in a state that it never leaves.
pub fn has_ended(task: &Task) -> bool {
    match task.state() {
        TaskState::Succeeded | TaskState::Failed | TaskState::Cancelled => true,
        TaskState::Unspecified | TaskState::Queued | TaskState::Running | TaskState::Retrying => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use atalaya_proto::{
        ERROR_DOMAIN, SESSION_HEADER, tasks::v1::WatchTaskResponse, users::v1::GetOwnAccountRequest,
    };
    use bytes::Bytes;
    use http_body_util::Full;
    use prost::Message;
    use tonic::Status;
    use tonic_types::{ErrorDetails, StatusExt};

    use super::*;

    /// Answers every call UNIMPLEMENTED, with what the call carried in its answer's headers.
    fn echo() -> Upstream {
        BoxCloneSyncService::new(tower::service_fn(async |call: http::Request<Body>| {
            let mut answer = Status::unimplemented("").into_http::<Body>();
            for name in ["authorization", "x-request-id"] {
                if let Some(value) = call.headers().get(name) {
                    answer.headers_mut().insert(HeaderName::from_static(name), value.clone());
                }
            }
            answer.headers_mut().insert(SESSION_HEADER, HeaderValue::from_static("fresh"));
            Ok(answer)
        }))
    }

    #[tokio::test]
    async fn a_call_carries_the_token_and_the_headers_and_takes_the_renewed_token() {
        let credentials = Credentials::bearer("first").expect("a token");
        let calls = Calls::new(echo(), Some(credentials.clone()))
            .carrying(HeaderName::from_static("x-request-id"), HeaderValue::from_static("12345678"));

        let first =
            calls.accounts().get_own_account(GetOwnAccountRequest {}).await.expect_err("unimplemented");
        assert_eq!(first.metadata().get("authorization").expect("signed"), "Bearer first");
        assert_eq!(Error::from(first).request_id.as_deref(), Some("12345678"));
        assert_eq!(credentials.renewed().as_deref(), Some("fresh"));

        let second =
            calls.accounts().get_own_account(GetOwnAccountRequest {}).await.expect_err("unimplemented");
        assert_eq!(second.metadata().get("authorization").expect("signed"), "Bearer fresh");
    }

    #[tokio::test]
    async fn an_anonymous_call_carries_no_token() {
        let calls = Calls::new(echo(), None);
        let status =
            calls.accounts().get_own_account(GetOwnAccountRequest {}).await.expect_err("unimplemented");
        assert!(status.metadata().get("authorization").is_none());
    }

    /// A gRPC stream of one message.
    fn stream_of(task: Task) -> http::Response<Body> {
        let message = WatchTaskResponse { task: Some(task) }.encode_to_vec();
        let length = u32::try_from(message.len()).expect("a small message");
        let frame = [&[0][..], &length.to_be_bytes(), &message].concat();
        let body = Body::new(Full::new(Bytes::from(frame)));
        http::Response::builder().header("content-type", "application/grpc").body(body).expect("an answer")
    }

    /// A server that gives these answers, one after the other.
    fn scripted(answers: Vec<http::Response<Body>>) -> Upstream {
        let script = Arc::new(Mutex::new(answers.into_iter()));
        BoxCloneSyncService::new(tower::service_fn(move |_| {
            let answer = script.lock().expect("nobody panicked").next();
            std::future::ready(answer.ok_or_else(|| Status::internal("asked too often")))
        }))
    }

    fn draining() -> http::Response<Body> {
        let details = ErrorDetails::with_error_info(Reason::ShuttingDown.token(), ERROR_DOMAIN, []);
        Status::with_error_details(Code::Unavailable, "draining", details).into_http()
    }

    fn away() -> http::Response<Body> {
        Status::unavailable("the server can't be reached").into_http()
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_outlasts_watches_that_end_too_soon_and_a_restart() {
        let task = |state: TaskState| Task { state: state.into(), ..Task::default() };
        let too_soon = Status::new(Code::Ok, "").into_http();
        let end = stream_of(task(TaskState::Failed));
        let upstream = scripted(vec![draining(), away(), away(), too_soon, end]);
        let ended = Calls::new(upstream, None).wait("rotate_image:7").await.expect("an end");
        assert_eq!(ended.state(), TaskState::Failed);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_does_not_outlast_a_server_that_stays_away_or_never_said_that_it_leaves() {
        for answers in [vec![away()], [draining()].into_iter().chain((0..100).map(|_| away())).collect()] {
            let error = Calls::new(scripted(answers), None).wait("rotate_image:7").await;
            assert_eq!(error.expect_err("it is away").code, Code::Unavailable);
        }
    }

    #[tokio::test]
    async fn waiting_ends_with_an_error_that_will_not_pass() {
        let error = Calls::new(echo(), None).wait("rotate_image:7").await.expect_err("unimplemented");
        assert_eq!(error.code, Code::Unimplemented);
    }

    #[tokio::test]
    async fn an_unreachable_server_is_unavailable() {
        let port =
            std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let api = crate::Api::connect(&format!("http://127.0.0.1:{port}")).expect("an address");
        let error = api.anonymous().healthy().await.expect_err("nobody listens");
        assert_eq!((error.code, error.reason), (Code::Unavailable, None));
    }
}
