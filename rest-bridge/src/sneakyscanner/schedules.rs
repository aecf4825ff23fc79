//! Schedules API, of later versions: list, make, see, change, delete, trigger.

use atalaya_client::Error;
use atalaya_proto::scans::v1::{
    CreateScheduleRequest, DeleteScheduleRequest, GetScheduleRequest, ListSchedulesRequest, Schedule,
    TriggerScheduleRequest, UpdateScheduleRequest, create_schedule_request, schedule::Config,
    update_schedule_request,
};
use axum::{
    Json,
    body::Body,
    extract::RawQuery,
    response::IntoResponse,
    routing::{get, post},
};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Asked, Route, Sneakyscanner, body,
    error::{Answer, Fault},
    fields::{text, zulu},
    number,
    paging::{Paging, parameter},
    scans::Listed,
};
use crate::dialect::Caller;

pub(super) fn routes() -> [Route; 3] {
    [
        ("/api/schedules", get(list).post(create)),
        ("/api/schedules/{id}", get(details).put(update).delete(delete)),
        ("/api/schedules/{id}/trigger", post(trigger)),
    ]
}

/// A schedule's number. What is none is no route; one beyond all is no schedule's.
pub(super) fn number(text: &str) -> Answer<i64> {
    number::in_path(text)?.ok_or_else(|| Fault::no_schedule(text))
}

/// A schedule.
#[derive(Serialize)]
struct Shown {
    id: i64,
    name: String,
    config_file: Option<String>,
    config_name: Option<String>,
    cron_expression: String,
    timezone: String,
    enabled: bool,
    next_run: Option<String>,
    last_run: Option<String>,
    last_scan_id: Option<i64>,
    last_error: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
}

impl From<Schedule> for Shown {
    fn from(schedule: Schedule) -> Self {
        let (config_file, config_name) = match schedule.config {
            Some(Config::ConfigFile(path)) => (Some(path), None),
            Some(Config::ConfigName(name)) => (None, Some(name)),
            None => (None, None),
        };
        Self {
            id: schedule.id,
            name: schedule.name,
            config_file,
            config_name,
            cron_expression: schedule.cron,
            timezone: schedule.time_zone,
            enabled: schedule.enabled,
            next_run: schedule.next_run.as_ref().map(zulu),
            last_run: schedule.last_run.as_ref().map(zulu),
            last_scan_id: (schedule.last_scan_id != 0).then_some(schedule.last_scan_id),
            last_error: text(schedule.last_problem),
            created_at: schedule.create_time.as_ref().map(zulu),
            updated_at: schedule.update_time.as_ref().map(zulu),
        }
    }
}

fn shown(schedule: Option<Schedule>) -> Answer<Shown> {
    Ok(schedule.ok_or_else(|| Error::missing("schedule"))?.into())
}

#[derive(Serialize)]
struct Listing {
    schedules: Vec<Shown>,
    total: u32,
    page: u32,
    per_page: u32,
    pages: u32,
}

async fn list(caller: Caller<Sneakyscanner>, RawQuery(query): RawQuery) -> Answer<Json<Listing>> {
    let paging = Paging::plain(query.as_deref())?;
    let enabled = enabled(query.as_deref())?;
    let request = ListSchedulesRequest { page_size: paging.size(), skip: paging.skip(), enabled };
    let found = caller.schedules().list_schedules(request).await?.into_inner();
    let total = u32::try_from(found.total_size).unwrap_or_default();
    let schedules = found.schedules.into_iter().map(Shown::from).collect();
    let Paging { page, per_page, .. } = paging;
    Ok(Json(Listing { schedules, total, page, per_page, pages: paging.pages(total) }))
}

/// Which are asked for; all where nothing is said.
fn enabled(query: Option<&str>) -> Answer<Option<bool>> {
    match parameter(query, "enabled").unwrap_or_default().to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "true" | "1" => Ok(Some(true)),
        "false" | "0" => Ok(Some(false)),
        _ => {
            let message = "Enabled must be true or false";
            Err(Fault::said(StatusCode::BAD_REQUEST, "Invalid enabled filter", message))
        }
    }
}

/// The fields of a body; what is null is not there.
struct Fields(Map<String, Value>);

impl Fields {
    async fn read(body: Body) -> Answer<Self> {
        Ok(Self(body::json(body).await?))
    }

    fn text(&mut self, name: &str) -> Answer<Option<String>> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(unfit(format!("{name} must be a string"))),
        }
    }

    /// A text that is there and not empty.
    fn needed(&mut self, name: &str) -> Answer<String> {
        self.text(name)?.filter(|text| !text.is_empty()).ok_or_else(|| Fault::missing(name))
    }

    fn truth(&mut self, name: &str) -> Answer<Option<bool>> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(truth)),
            Some(_) => Err(unfit(format!("{name} must be true or false"))),
        }
    }

    /// A file, or the name of a stored configuration; not both.
    fn config(&mut self) -> Answer<Option<Config>> {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        match (some(self.text("config_file")?), some(self.text("config_name")?)) {
            (Some(_), Some(_)) => Err(unfit("config_file and config_name can't be given both".to_owned())),
            (Some(path), None) => Ok(Some(Config::ConfigFile(path))),
            (None, name) => Ok(name.map(Config::ConfigName)),
        }
    }
}

fn unfit(message: String) -> Fault {
    Fault::said(StatusCode::BAD_REQUEST, "Invalid schedule", message)
}

#[derive(Serialize)]
struct Created {
    schedule_id: i64,
    message: &'static str,
    schedule: Shown,
}

async fn create(caller: Caller<Sneakyscanner>, body: Body) -> Answer<impl IntoResponse> {
    use create_schedule_request::Config as New;
    let mut fields = Fields::read(body).await?;
    let name = fields.needed("name")?;
    let config = match fields.config()?.ok_or_else(|| Fault::missing("config_file"))? {
        Config::ConfigFile(path) => New::ConfigFile(path),
        Config::ConfigName(name) => New::ConfigName(name),
    };
    let request = CreateScheduleRequest {
        name,
        config: Some(config),
        cron: fields.needed("cron_expression")?,
        time_zone: fields.text("timezone")?.unwrap_or_default(),
        disabled: !fields.truth("enabled")?.unwrap_or(true),
    };
    let created = caller.schedules().create_schedule(request).await?.into_inner();
    let schedule = shown(created.schedule)?;
    let message = "Schedule created successfully";
    Ok((StatusCode::CREATED, Json(Created { schedule_id: schedule.id, message, schedule })))
}

/// A schedule with its last scans.
#[derive(Serialize)]
struct Details {
    #[serde(flatten)]
    schedule: Shown,
    history: Vec<Listed>,
}

async fn details(Asked { calls, path }: Asked<String>) -> Answer<Json<Details>> {
    let id = number(&path)?;
    let found = calls.schedules().get_schedule(GetScheduleRequest { id }).await?.into_inner();
    let history = found.scans.into_iter().map(Listed::from).collect();
    Ok(Json(Details { schedule: shown(found.schedule)?, history }))
}

#[derive(Serialize)]
struct Updated {
    message: &'static str,
    schedule: Shown,
}

async fn update(Asked { calls, path }: Asked<String>, body: Body) -> Answer<Json<Updated>> {
    use update_schedule_request::Config as New;
    let id = number(&path)?;
    let mut fields = Fields::read(body).await?;
    let config = fields.config()?.map(|config| match config {
        Config::ConfigFile(path) => New::ConfigFile(path),
        Config::ConfigName(name) => New::ConfigName(name),
    });
    let request = UpdateScheduleRequest {
        id,
        name: fields.text("name")?,
        config,
        cron: fields.text("cron_expression")?,
        time_zone: fields.text("timezone")?,
        enabled: fields.truth("enabled")?,
    };
    let updated = calls.schedules().update_schedule(request).await?.into_inner();
    Ok(Json(Updated { message: "Schedule updated successfully", schedule: shown(updated.schedule)? }))
}

#[derive(Serialize)]
struct Deleted {
    message: String,
    schedule_id: i64,
}

async fn delete(Asked { calls, path }: Asked<String>) -> Answer<Json<Deleted>> {
    let id = number(&path)?;
    calls.schedules().delete_schedule(DeleteScheduleRequest { id }).await?;
    Ok(Json(Deleted { message: format!("Schedule {id} deleted successfully"), schedule_id: id }))
}

#[derive(Serialize)]
struct Triggered {
    scan_id: i64,
    schedule_id: i64,
    message: &'static str,
}

async fn trigger(Asked { calls, path }: Asked<String>) -> Answer<impl IntoResponse> {
    let id = number(&path)?;
    let begun = calls.schedules().trigger_schedule(TriggerScheduleRequest { id }).await?.into_inner();
    let scan = begun.scan.ok_or_else(|| Error::missing("scan"))?;
    let message = "Scan triggered successfully";
    Ok((StatusCode::CREATED, Json(Triggered { scan_id: scan.id, schedule_id: id, message })))
}
