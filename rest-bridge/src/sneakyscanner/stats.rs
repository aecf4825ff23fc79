//! Stats API, of later versions: a dashboard's figures, scans day by day, and what scans of one configuration found.

use atalaya_proto::scans::v1::{GetScanHistoryRequest, GetScanTrendRequest, GetSummaryRequest, ScanPoint};
use axum::{Json, extract::RawQuery, routing::get};
use http::StatusCode;
use serde::Serialize;

use super::{
    Asked, Route, Sneakyscanner,
    error::{Answer, Fault},
    fields::zulu,
    paging::parameter,
    scans::number,
};
use crate::dialect::Caller;

/// Days of a trend.
const DAYS: i32 = 30;
const MAX_DAYS: i32 = 365;
/// Scans of a history.
const POINTS: i32 = 20;
const MAX_POINTS: i32 = 100;

pub(super) fn routes() -> [Route; 3] {
    [
        ("/api/stats/summary", get(summary)),
        ("/api/stats/scan-trend", get(trend)),
        ("/api/stats/scan-history/{id}", get(history)),
    ]
}

#[derive(Serialize)]
struct Summary {
    total_scans: i32,
    running_scans: i32,
    completed_scans: i32,
    failed_scans: i32,
    cancelled_scans: i32,
    recent_scans: i32,
    total_schedules: i32,
    enabled_schedules: i32,
    next_run: Option<String>,
}

async fn summary(caller: Caller<Sneakyscanner>) -> Answer<Json<Summary>> {
    let told = caller.scan_stats().get_summary(GetSummaryRequest {}).await?.into_inner();
    Ok(Json(Summary {
        total_scans: told.total_scans,
        running_scans: told.running_scans,
        completed_scans: told.completed_scans,
        failed_scans: told.failed_scans,
        cancelled_scans: told.cancelled_scans,
        recent_scans: told.recent_scans,
        total_schedules: told.schedules,
        enabled_schedules: told.enabled_schedules,
        next_run: told.next_run.as_ref().map(zulu),
    }))
}

/// Days and, in the same order, how many scans began on each.
#[derive(Serialize)]
struct Trend {
    labels: Vec<String>,
    values: Vec<i32>,
    start_date: Option<String>,
    end_date: Option<String>,
    total_scans: i32,
}

async fn trend(caller: Caller<Sneakyscanner>, RawQuery(query): RawQuery) -> Answer<Json<Trend>> {
    let days = within(query.as_deref(), "days", DAYS, MAX_DAYS)?;
    let told = caller.scan_stats().get_scan_trend(GetScanTrendRequest { days }).await?.into_inner();
    let values: Vec<i32> = told.days.iter().map(|day| day.scans).collect();
    let labels: Vec<String> = told.days.into_iter().map(|day| day.date).collect();
    Ok(Json(Trend {
        start_date: labels.first().cloned(),
        end_date: labels.last().cloned(),
        total_scans: values.iter().sum(),
        labels,
        values,
    }))
}

/// Scans of one configuration, the oldest first; and the same as rows for a chart.
#[derive(Serialize)]
struct History {
    config_file: String,
    scans: Vec<Point>,
    labels: Vec<Option<String>>,
    port_counts: Vec<u32>,
}

#[derive(Serialize)]
struct Point {
    id: i64,
    timestamp: Option<String>,
    title: String,
    host_count: u32,
    port_count: u32,
    findings: u32,
}

impl From<ScanPoint> for Point {
    fn from(point: ScanPoint) -> Self {
        Self {
            id: point.id,
            timestamp: point.start_time.as_ref().map(zulu),
            title: point.title,
            host_count: point.hosts_up,
            port_count: point.open_ports,
            findings: point.findings,
        }
    }
}

async fn history(Asked { calls, path }: Asked<String>, RawQuery(query): RawQuery) -> Answer<Json<History>> {
    let limit = within(query.as_deref(), "limit", POINTS, MAX_POINTS)?;
    let request = GetScanHistoryRequest { id: number(&path)?, limit };
    let told = calls.scan_stats().get_scan_history(request).await?.into_inner();
    let scans: Vec<Point> = told.points.into_iter().map(Point::from).collect();
    let labels = scans.iter().map(|point| point.timestamp.clone()).collect();
    let port_counts = scans.iter().map(|point| point.port_count).collect();
    Ok(Json(History { config_file: told.config, scans, labels, port_counts }))
}

/// A whole number of a query, from 1 to the most; the default where nothing is said.
fn within(query: Option<&str>, name: &str, default: i32, most: i32) -> Answer<i32> {
    let Some(text) = parameter(query, name) else { return Ok(default) };
    match text.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        Ok(_) | Err(_) => {
            let message = format!("{name} must be a whole number from 1 to {most}");
            Err(Fault::said(StatusCode::BAD_REQUEST, format!("Invalid {name} parameter"), message))
        }
    }
}
