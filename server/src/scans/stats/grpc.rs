//! `StatsService` on the wire.

use atalaya_proto::scans::v1::{self as pb, stats_service_server::StatsService};
use chrono::DateTime;
use tonic::{Request, Response, Status};

use super::{
    model::{DAYS, Day, MAX_DAYS, MAX_POINTS, POINTS, Point},
    service::Service,
};
use crate::{auth, scans::model::Id, status};

/// Seconds of a day.
const DAY: i64 = 86_400;

#[tonic::async_trait]
impl StatsService for Service {
    async fn get_summary(
        &self,
        request: Request<pb::GetSummaryRequest>,
    ) -> Result<Response<pb::GetSummaryResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let summary = self.summary(surveyor).await?;
        Ok(Response::new(pb::GetSummaryResponse {
            total_scans: status::total(summary.scans.total),
            running_scans: status::total(summary.scans.running),
            completed_scans: status::total(summary.scans.completed),
            failed_scans: status::total(summary.scans.failed),
            cancelled_scans: status::total(summary.scans.cancelled),
            recent_scans: status::total(summary.scans.recent),
            schedules: status::total(summary.schedules.all),
            enabled_schedules: status::total(summary.schedules.enabled),
            next_run: summary.schedules.next_run.map(Into::into),
        }))
    }

    async fn get_scan_trend(
        &self,
        request: Request<pb::GetScanTrendRequest>,
    ) -> Result<Response<pb::GetScanTrendResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let days = within("days", request.get_ref().days, DAYS, MAX_DAYS)?;
        let days = self.trend(surveyor, days).await?.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::GetScanTrendResponse { days }))
    }

    async fn get_scan_history(
        &self,
        request: Request<pb::GetScanHistoryRequest>,
    ) -> Result<Response<pb::GetScanHistoryResponse>, Status> {
        let surveyor = auth::require_surveyor(&request)?;
        let limit = within("limit", request.get_ref().limit, POINTS, MAX_POINTS)?;
        let (config, points) = self.history(surveyor, Id(request.get_ref().id), limit).await?;
        let points = points.into_iter().map(Into::into).collect();
        Ok(Response::new(pb::GetScanHistoryResponse { config, points }))
    }
}

/// A number from 1 to the most; 0 means the default.
fn within(field: &str, asked: i32, default: u16, most: u16) -> Result<u16, Status> {
    match u16::try_from(asked) {
        Ok(0) => Ok(default),
        Ok(number) if number <= most => Ok(number),
        Ok(_) | Err(_) => Err(status::malformed(field, &format!("is not 1 to {most}"))),
    }
}

impl From<Day> for pb::ScanDay {
    fn from(day: Day) -> Self {
        let begin = DateTime::from_timestamp(day.number.saturating_mul(DAY), 0).unwrap_or_default();
        Self {
            date: begin.format("%Y-%m-%d").to_string(),
            scans: status::total(day.scans),
            completed: status::total(day.completed),
            failed: status::total(day.failed),
            findings: day.findings,
        }
    }
}

impl From<Point> for pb::ScanPoint {
    fn from(point: Point) -> Self {
        Self {
            id: point.scan.0,
            title: point.title,
            start_time: Some(point.time.into()),
            hosts_up: point.counts.hosts_up,
            open_ports: point.counts.open_ports,
            findings: point.counts.findings,
        }
    }
}
