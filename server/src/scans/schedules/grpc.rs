//! `ScheduleService` on the wire.

use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{self as pb, schedule_service_server::ScheduleService},
};
use tonic::{Code, Request, Response, Status};

use super::{
    cron::Invalid,
    error::Error,
    model::{Change, Draft, Id, MAX_SCHEDULES, Schedule},
    service::Service,
};
use crate::{
    auth,
    scans::model::Source,
    status::{self, failure},
};

/// Times that a preview tells where nothing is said.
const PREVIEW: usize = 5;

/// The same oneof of several messages as a source.
macro_rules! source {
    ($config:expr, $oneof:ident) => {
        $config.map(|config| match config {
            pb::$oneof::Config::ConfigFile(path) => Source::File(path),
            pb::$oneof::Config::ConfigName(name) => Source::Stored(name),
        })
    };
}

#[tonic::async_trait]
impl ScheduleService for Service {
    async fn create_schedule(
        &self,
        request: Request<pb::CreateScheduleRequest>,
    ) -> Result<Response<pb::CreateScheduleResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let request = request.into_inner();
        let source = source!(request.config, create_schedule_request);
        let source = source.ok_or_else(|| status::missing("config_file"))?;
        let pb::CreateScheduleRequest { name, cron, time_zone: zone, disabled, .. } = request;
        let draft = Draft { name, source, cron, zone, enabled: !disabled };
        let schedule = self.create(surveyor, draft).await?;
        Ok(Response::new(pb::CreateScheduleResponse { schedule: Some(schedule.into()) }))
    }

    async fn get_schedule(
        &self,
        request: Request<pb::GetScheduleRequest>,
    ) -> Result<Response<pb::GetScheduleResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let (schedule, scans) = self.get(surveyor, Id(request.get_ref().id)).await?;
        let scans = scans.into_iter().map(|scan| self.scans.shown(scan)).collect();
        Ok(Response::new(pb::GetScheduleResponse { schedule: Some(schedule.into()), scans }))
    }

    async fn list_schedules(
        &self,
        request: Request<pb::ListSchedulesRequest>,
    ) -> Result<Response<pb::ListSchedulesResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let request = request.into_inner();
        let page = status::page(request.page_size, request.skip)?;
        let (schedules, total) = self.list(surveyor, request.enabled, page).await?;
        let schedules = schedules.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::ListSchedulesResponse { schedules, total_size: status::total(total) }))
    }

    async fn update_schedule(
        &self,
        request: Request<pb::UpdateScheduleRequest>,
    ) -> Result<Response<pb::UpdateScheduleResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let request = request.into_inner();
        let source = source!(request.config, update_schedule_request);
        let pb::UpdateScheduleRequest { id, name, cron, time_zone: zone, enabled, .. } = request;
        let change = Change { name, source, cron, zone, enabled };
        let schedule = self.update(surveyor, Id(id), change).await?;
        Ok(Response::new(pb::UpdateScheduleResponse { schedule: Some(schedule.into()) }))
    }

    async fn delete_schedule(
        &self,
        request: Request<pb::DeleteScheduleRequest>,
    ) -> Result<Response<pb::DeleteScheduleResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        self.delete(surveyor, Id(request.get_ref().id)).await?;
        Ok(Response::new(pb::DeleteScheduleResponse {}))
    }

    async fn trigger_schedule(
        &self,
        request: Request<pb::TriggerScheduleRequest>,
    ) -> Result<Response<pb::TriggerScheduleResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let scan = self.trigger(surveyor, Id(request.get_ref().id)).await?;
        Ok(Response::new(pb::TriggerScheduleResponse { scan: Some(self.scans.shown(scan)) }))
    }

    async fn preview_schedule(
        &self,
        request: Request<pb::PreviewScheduleRequest>,
    ) -> Result<Response<pb::PreviewScheduleResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let request = request.into_inner();
        let count = if request.count == 0 { PREVIEW } else { usize::try_from(request.count).unwrap_or(0) };
        let runs = self.preview(surveyor, &request.cron, &request.time_zone, count)?;
        Ok(Response::new(pb::PreviewScheduleResponse { runs: runs.into_iter().map(Into::into).collect() }))
    }
}

impl From<Schedule> for pb::Schedule {
    fn from(schedule: Schedule) -> Self {
        use pb::schedule::Config;
        let config = match schedule.source {
            Source::File(path) => Config::ConfigFile(path),
            Source::Stored(name) => Config::ConfigName(name),
        };
        Self {
            id: schedule.id.0,
            name: schedule.name.as_str().to_owned(),
            config: Some(config),
            cron: schedule.rhythm.text().to_owned(),
            time_zone: schedule.rhythm.zone().to_owned(),
            enabled: schedule.enabled,
            next_run: schedule.next_run.map(Into::into),
            last_run: schedule.last.time.map(Into::into),
            last_scan_id: schedule.last.scan.unwrap_or_default(),
            last_problem: schedule.last.problem,
            create_time: Some(schedule.create_time.into()),
            update_time: Some(schedule.update_time.into()),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        let invalid = |field: &str, detail: &str| {
            let metadata = [("field", field), ("detail", detail)];
            failure(Code::InvalidArgument, Reason::ScheduleInvalid, text.clone(), &metadata)
        };
        match error {
            Error::NotFound(id) => {
                let id = id.0.to_string();
                failure(Code::NotFound, Reason::ScheduleNotFound, text, &[("id", &id)])
            }
            Error::InvalidName => invalid("name", &text),
            Error::Invalid(Invalid::Cron(detail)) => invalid("cron", &detail),
            Error::Invalid(Invalid::Zone) => invalid("time_zone", &Invalid::Zone.to_string()),
            Error::Never => invalid("cron", "never comes due"),
            Error::Count => invalid("count", &text),
            Error::TooMany => {
                let max = MAX_SCHEDULES.to_string();
                failure(Code::ResourceExhausted, Reason::TooManySchedules, text, &[("max", &max)])
            }
            Error::Scan(cause) => cause.into(),
            Error::Database(cause) => status::database(&cause),
        }
    }
}
