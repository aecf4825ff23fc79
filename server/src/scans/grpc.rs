//! `ScanService` on the wire.

mod comparison;
mod finding;
mod result;

use std::{collections::VecDeque, pin::Pin, sync::Arc, time::Duration};

use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{self as pb, scan_service_server::ScanService},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use tokio::time::{MissedTickBehavior, interval};
use tonic::{Code, Request, Response, Status};

use super::{
    error::Error,
    model::{Id, Scan, Source, Stage, State, Trigger},
    record::moment,
    report::Form,
    service::{Asked, Service},
};
use crate::{
    auth,
    status::{self, failure},
};

/// How soon watchers hear of a change.
const BEAT: Duration = Duration::from_millis(500);
/// Bytes of one piece of a report.
const PIECE: usize = 64 << 10;
/// Bytes of a report that is told in one answer.
const WHOLE: usize = 7 << 20;
/// When a busy server is to be asked again.
const BUSY_DELAY: Duration = Duration::from_secs(5);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl ScanService for Service {
    async fn start_scan(
        &self,
        request: Request<pb::StartScanRequest>,
    ) -> Result<Response<pb::StartScanResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let source = match request.into_inner().config {
            Some(pb::start_scan_request::Config::ConfigFile(path)) => Source::File(path),
            Some(pb::start_scan_request::Config::ConfigName(name)) => Source::Stored(name),
            None => return Err(status::missing("config_file")),
        };
        let scan = self.start(Asked::by_call(surveyor), source).await?;
        Ok(Response::new(pb::StartScanResponse { scan: Some(self.shown(scan)) }))
    }

    async fn get_scan(
        &self,
        request: Request<pb::GetScanRequest>,
    ) -> Result<Response<pb::GetScanResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let scan = self.get(surveyor, Id(request.get_ref().id)).await?;
        Ok(Response::new(pb::GetScanResponse { scan: Some(self.shown(scan)) }))
    }

    async fn get_scan_result(
        &self,
        request: Request<pb::GetScanResultRequest>,
    ) -> Result<Response<pb::GetScanResultResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let (scan, sites) = self.result(surveyor, Id(request.get_ref().id)).await?;
        let now = moment(self.clock.now());
        let sites = result::sites(&scan, sites, now);
        Ok(Response::new(pb::GetScanResultResponse { scan: Some(self.shown(scan)), sites }))
    }

    async fn list_findings(
        &self,
        request: Request<pb::ListFindingsRequest>,
    ) -> Result<Response<pb::ListFindingsResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let findings = self.findings(surveyor, Id(request.get_ref().scan_id)).await?;
        let findings = findings.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListFindingsResponse { findings }))
    }

    async fn list_scans(
        &self,
        request: Request<pb::ListScansRequest>,
    ) -> Result<Response<pb::ListScansResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let state = match request.get_ref().state() {
            pb::ScanState::Unspecified => None,
            pb::ScanState::Running => Some(State::Running),
            pb::ScanState::Completed => Some(State::Completed),
            pb::ScanState::Failed => Some(State::Failed),
            pb::ScanState::Cancelled => Some(State::Cancelled),
        };
        let page = status::page(request.get_ref().page_size, request.get_ref().skip)?;
        let (scans, total) = self.list(surveyor, state, page).await?;
        let scans = scans.into_iter().map(|scan| self.shown(scan)).collect();
        Ok(Response::new(pb::ListScansResponse { scans, total_size: status::total(total) }))
    }

    type WatchScanStream = Answers<pb::WatchScanResponse>;

    async fn watch_scan(
        &self,
        request: Request<pb::WatchScanRequest>,
    ) -> Result<Response<Self::WatchScanStream>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let scan = self.get(surveyor, Id(request.get_ref().id)).await?;
        let seat = Arc::clone(&self.watchers).try_acquire_owned().map_err(|_| Error::TooManyWatchers)?;
        let service = self.clone();
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let begin = (Some(scan), None, beats, seat);
        let heard = stream::unfold(begin, move |(next, last, mut beats, seat)| {
            let service = service.clone();
            async move {
                let scan = match next {
                    Some(scan) => scan,
                    None => match changed(&service, last?, &mut beats).await {
                        Ok(scan) => scan,
                        Err(error) => return Some((Err(error.into()), (None, None, beats, seat))),
                    },
                };
                let last = (scan.state == State::Running).then(|| scan.clone());
                let answer = pb::WatchScanResponse { scan: Some(service.shown(scan)) };
                Some((Ok(answer), (None, last, beats, seat)))
            }
        });
        Ok(Response::new(heard.boxed()))
    }

    async fn stop_scan(
        &self,
        request: Request<pb::StopScanRequest>,
    ) -> Result<Response<pb::StopScanResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let scan = self.stop(surveyor, Id(request.get_ref().id)).await?;
        Ok(Response::new(pb::StopScanResponse { scan: Some(self.shown(scan)) }))
    }

    async fn delete_scan(
        &self,
        request: Request<pb::DeleteScanRequest>,
    ) -> Result<Response<pb::DeleteScanResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        self.delete(surveyor, Id(request.get_ref().id)).await?;
        Ok(Response::new(pb::DeleteScanResponse {}))
    }

    async fn compare_scans(
        &self,
        request: Request<pb::CompareScansRequest>,
    ) -> Result<Response<pb::CompareScansResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let request = request.into_inner();
        let compared = self.compare(surveyor, Id(request.old_id), Id(request.new_id)).await?;
        Ok(Response::new(compared.into()))
    }

    async fn get_report(
        &self,
        request: Request<pb::GetReportRequest>,
    ) -> Result<Response<pb::GetReportResponse>, Status> {
        auth::require_surveyor(&request)?;
        let form = form(request.get_ref().format());
        let (name, data) = self.report(Id(request.get_ref().scan_id), form).await?;
        if data.len() > WHOLE {
            return Err(Error::ReportTooLarge(WHOLE).into());
        }
        let content_type = form.content_type().to_owned();
        Ok(Response::new(pb::GetReportResponse { name, content_type, data }))
    }

    type DownloadReportStream = Answers<pb::DownloadReportResponse>;

    async fn download_report(
        &self,
        request: Request<pb::DownloadReportRequest>,
    ) -> Result<Response<Self::DownloadReportStream>, Status> {
        auth::require_surveyor(&request)?;
        let form = form(request.get_ref().format());
        let (name, data) = self.report(Id(request.get_ref().scan_id), form).await?;
        let content_type = form.content_type().to_owned();
        Ok(Response::new(stream::iter(pieces(name, content_type, data.into())).boxed()))
    }
}

/// A scan as soon as it is no longer as it was.
async fn changed(service: &Service, last: Scan, beats: &mut tokio::time::Interval) -> Result<Scan, Error> {
    loop {
        beats.tick().await;
        let scan = service.find(last.id).await?;
        if scan != last {
            return Ok(scan);
        }
    }
}

/// A report in pieces, at least one.
fn pieces(
    name: String,
    content_type: String,
    mut data: Bytes,
) -> VecDeque<Result<pb::DownloadReportResponse, Status>> {
    let chunk = data.split_to(data.len().min(PIECE)).to_vec();
    let mut pieces = VecDeque::from([Ok(pb::DownloadReportResponse { name, content_type, chunk })]);
    while !data.is_empty() {
        let chunk = data.split_to(data.len().min(PIECE)).to_vec();
        pieces.push_back(Ok(pb::DownloadReportResponse { chunk, ..Default::default() }));
    }
    pieces
}

fn form(format: pb::ReportFormat) -> Form {
    match format {
        pb::ReportFormat::Unspecified | pb::ReportFormat::Json => Form::Json,
        pb::ReportFormat::Html => Form::Html,
        pb::ReportFormat::Zip => Form::Zip,
        pb::ReportFormat::Csv => Form::Csv,
    }
}

impl Service {
    /// A scan on the wire, with the paths of its files.
    pub(super) fn shown(&self, scan: Scan) -> pb::Scan {
        let files = scan.report.as_ref().map(|report| {
            let [json, html, zip, pictures] =
                self.paths(&report.stem).map(|path| path.to_string_lossy().into_owned());
            let screenshot_dir = if report.has_screenshots { pictures } else { String::new() };
            pb::ReportFiles { json_path: json, html_path: html, zip_path: zip, screenshot_dir }
        });
        pb::Scan {
            id: scan.id.0,
            title: scan.title,
            config: scan.source.text().to_owned(),
            state: state(scan.state).into(),
            trigger: trigger(scan.trigger).into(),
            progress: Some(pb::ScanProgress {
                stage: stage(scan.progress.stage).into(),
                permille: scan.progress.permille.into(),
                hosts_done: scan.progress.hosts_done,
                hosts_total: scan.progress.hosts_total,
            }),
            start_time: Some(scan.start_time.into()),
            end_time: scan.end_time.map(Into::into),
            error_message: scan.error_message,
            files,
            schedule: scan.schedule.map(|of| pb::ScanSchedule { id: of.id, name: of.name }),
            counts: scan.end_time.map(|_| pb::ScanCounts {
                hosts_up: scan.counts.hosts_up,
                open_ports: scan.counts.open_ports,
                findings: scan.counts.findings,
            }),
        }
    }
}

fn state(state: State) -> pb::ScanState {
    match state {
        State::Running => pb::ScanState::Running,
        State::Completed => pb::ScanState::Completed,
        State::Failed => pb::ScanState::Failed,
        State::Cancelled => pb::ScanState::Cancelled,
    }
}

fn trigger(trigger: Trigger) -> pb::ScanTrigger {
    match trigger {
        Trigger::Manual => pb::ScanTrigger::Manual,
        Trigger::Scheduled => pb::ScanTrigger::Scheduled,
    }
}

fn stage(stage: Stage) -> pb::ScanStage {
    match stage {
        Stage::Preparation => pb::ScanStage::Preparation,
        Stage::Discovery => pb::ScanStage::Discovery,
        Stage::Ports => pb::ScanStage::Ports,
        Stage::Services => pb::ScanStage::Services,
        Stage::Reports => pb::ScanStage::Reports,
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        let bad = |detail: &str| {
            failure(Code::InvalidArgument, Reason::ScanConfigInvalid, text.clone(), &[("detail", detail)])
        };
        match error {
            Error::NotFound(id) => {
                let id = id.0.to_string();
                failure(Code::NotFound, Reason::ScanNotFound, text, &[("id", &id)])
            }
            Error::Unread { cause, .. } => bad(&cause.to_string()),
            Error::BadConfig(config) => bad(&config.to_string()),
            Error::NoSuchConfig(name) => {
                failure(Code::NotFound, Reason::ScanConfigNotFound, text, &[("name", &name)])
            }
            Error::InvalidName => {
                let max = super::configs::MAX_NAME.to_string();
                failure(Code::InvalidArgument, Reason::NameInvalid, text, &[("min", "1"), ("max", &max)])
            }
            Error::ConfigInUse(name) => {
                failure(Code::FailedPrecondition, Reason::ScanConfigInUse, text, &[("name", &name)])
            }
            Error::TooManyConfigs => {
                let max = super::configs::model::MAX_CONFIGS.to_string();
                failure(Code::ResourceExhausted, Reason::TooManyConfigs, text, &[("max", &max)])
            }
            Error::TooManyScans => {
                let max = super::model::MAX_RUNNING.to_string();
                failure(Code::ResourceExhausted, Reason::TooManyTasks, text, &[("max", &max)])
            }
            Error::TooManyWatchers => status::wait(Reason::ServerBusy, text, BUSY_DELAY),
            Error::NoReport(id) => {
                let id = id.0.to_string();
                failure(Code::NotFound, Reason::ReportNotFound, text, &[("id", &id)])
            }
            Error::ReportTooLarge(max) => {
                let max = max.to_string();
                failure(Code::FailedPrecondition, Reason::ResultTooLarge, text, &[("max", &max)])
            }
            Error::Files(cause) => status::internal(&cause),
            Error::Record(cause) => status::internal(&cause),
            Error::Task(cause) => cause.into(),
            Error::Database(cause) => status::database(&cause),
        }
    }
}
