//! Scans API: trigger, list, see, poll, stop, compare, delete.

use atalaya_client::Error;
use atalaya_proto::scans::v1::{
    CompareScansRequest, DeleteScanRequest, GetScanRequest, GetScanResultRequest, Scan, StartScanRequest,
    StopScanRequest, start_scan_request::Config,
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
use serde_json::Value;

use super::{
    Asked, Route, Sneakyscanner, body,
    comparison::Comparison,
    error::{Answer, Fault},
    fields::{seconds, status, text, triggered_by, zulu},
    number,
    paging::Paging,
    results::Details,
};
use crate::dialect::Caller;

pub(super) fn routes() -> [Route; 5] {
    [
        ("/api/scans", get(list).post(trigger)),
        ("/api/scans/{id}", get(details).delete(delete)),
        ("/api/scans/{id}/status", get(poll)),
        ("/api/scans/{id}/stop", post(stop)),
        ("/api/scans/{id}/compare/{other}", get(compare)),
    ]
}

/// A scan's number. What is none is no route; one beyond all is no scan's.
pub(super) fn number(text: &str) -> Answer<i64> {
    number::in_path(text)?.ok_or_else(|| Fault::no_scan(text))
}

#[derive(Serialize)]
struct Triggered {
    scan_id: i64,
    status: &'static str,
    message: &'static str,
}

async fn trigger(caller: Caller<Sneakyscanner>, body: Body) -> Answer<impl IntoResponse> {
    let fields = body::json(body).await?;
    let config_file = match fields.get("config_file") {
        Some(Value::String(path)) if !path.is_empty() => path.clone(),
        Some(_) | None => return Err(Fault::missing("config_file")),
    };
    let request = StartScanRequest { config: Some(Config::ConfigFile(config_file)) };
    let began = caller.scans().start_scan(request).await;
    let began = began.map_err(|failed| {
        Fault::from(failed).or_if_internal("Failed to queue scan", "Internal server error")
    })?;
    let scan = began.into_inner().scan.ok_or_else(|| Error::missing("scan"))?;
    let message = "Scan queued successfully";
    Ok((StatusCode::CREATED, Json(Triggered { scan_id: scan.id, status: status(scan.state()), message })))
}

/// A scan in a list.
#[derive(Serialize)]
pub(super) struct Listed {
    id: i64,
    timestamp: Option<String>,
    duration: Option<f64>,
    status: &'static str,
    title: String,
    config_file: String,
    triggered_by: &'static str,
    started_at: Option<String>,
    completed_at: Option<String>,
}

impl From<Scan> for Listed {
    fn from(scan: Scan) -> Self {
        let started_at = scan.start_time.as_ref().map(zulu);
        Self {
            id: scan.id,
            timestamp: started_at.clone(),
            duration: duration(&scan),
            status: status(scan.state()),
            triggered_by: triggered_by(scan.trigger()),
            started_at,
            completed_at: scan.end_time.as_ref().map(zulu),
            title: scan.title,
            config_file: scan.config,
        }
    }
}

/// How long a scan has taken, in seconds; nothing of one that runs.
pub(super) fn duration(scan: &Scan) -> Option<f64> {
    scan.start_time.as_ref().zip(scan.end_time.as_ref()).map(|(begin, end)| seconds(begin, end))
}

#[derive(Serialize)]
struct Listing {
    scans: Vec<Listed>,
    total: u32,
    page: u32,
    per_page: u32,
    pages: u32,
}

async fn list(caller: Caller<Sneakyscanner>, RawQuery(query): RawQuery) -> Answer<Json<Listing>> {
    let paging = Paging::read(query.as_deref())?;
    let found = caller.scans().list_scans(paging.request()).await?.into_inner();
    let total = u32::try_from(found.total_size).unwrap_or_default();
    let scans = found.scans.into_iter().map(Listed::from).collect();
    let Paging { page, per_page, .. } = paging;
    Ok(Json(Listing { scans, total, page, per_page, pages: paging.pages(total) }))
}

async fn details(Asked { calls, path }: Asked<String>) -> Answer<Json<Details>> {
    let id = number(&path)?;
    let found = calls.scans().get_scan_result(GetScanResultRequest { id }).await?.into_inner();
    Ok(Json(Details::of(found)?))
}

#[derive(Serialize)]
struct Polled {
    scan_id: i64,
    status: &'static str,
    started_at: Option<String>,
    completed_at: Option<String>,
    error_message: Option<String>,
}

async fn poll(Asked { calls, path }: Asked<String>) -> Answer<Json<Polled>> {
    let id = number(&path)?;
    let found = calls.scans().get_scan(GetScanRequest { id }).await?.into_inner();
    let scan = found.scan.ok_or_else(|| Error::missing("scan"))?;
    Ok(Json(Polled {
        scan_id: scan.id,
        status: status(scan.state()),
        started_at: scan.start_time.as_ref().map(zulu),
        completed_at: scan.end_time.as_ref().map(zulu),
        error_message: text(scan.error_message),
    }))
}

#[derive(Serialize)]
struct Stopped {
    scan_id: i64,
    status: &'static str,
    message: &'static str,
}

async fn stop(Asked { calls, path }: Asked<String>) -> Answer<Json<Stopped>> {
    let id = number(&path)?;
    let stopped = calls.scans().stop_scan(StopScanRequest { id }).await?.into_inner();
    let scan = stopped.scan.ok_or_else(|| Error::missing("scan"))?;
    Ok(Json(Stopped { scan_id: scan.id, status: status(scan.state()), message: "Scan stop requested" }))
}

async fn compare(Asked { calls, path }: Asked<(String, String)>) -> Answer<Json<Comparison>> {
    let (old_id, new_id) = (number(&path.0)?, number(&path.1)?);
    let compared = calls.scans().compare_scans(CompareScansRequest { old_id, new_id }).await?.into_inner();
    Ok(Json(Comparison::of(old_id, new_id, compared)))
}

#[derive(Serialize)]
struct Message {
    message: String,
}

async fn delete(Asked { calls, path }: Asked<String>) -> Answer<Json<Message>> {
    let id = number(&path)?;
    calls.scans().delete_scan(DeleteScanRequest { id }).await?;
    Ok(Json(Message { message: format!("Scan {id} deleted successfully") }))
}
