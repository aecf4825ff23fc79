//! Port scans: `POST scan-ports/{single,multiple,range,common}` (facts 1.3, decision 15).

use std::time::Duration;

use atalaya_proto::{
    OUT_OF_TIME,
    network::v1::{self as pb, PortReason, PortState, scan_ports_response::Event},
};
use axum::Json;
use http::StatusCode;
use prost_types::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::UtoipaMethodRouter, routes};

use super::{
    Pixerase,
    error::{Answer, Fault, UNAVAILABLE},
    form::Valid,
    port_forms::{Common, Multiple, Range, Single},
    responses::{BadValue, NotAuthenticated, NotAuthorized, TimedOut, TooMany, Unavailable, WrongShape},
};
use crate::{Door, dialect::Caller};

/// What `common` is: the well-known ports.
const COMMON: (u16, u16) = (1, 1023);
/// What is said of a network in the place of a target, as of any other text that is none: this dialect's answers have
/// no place for the address of a port.
const NO_HOST: &str =
    "a host name has labels of 1 to 63 letters, digits and inner hyphens, at most 253 characters in all";
/// Names of services in this dialect's words; others it has none for.
const SERVICES: [(u32, &str); 16] = [
    (21, "FTP"),
    (22, "SSH"),
    (23, "Telnet"),
    (25, "SMTP"),
    (53, "DNS"),
    (80, "HTTP"),
    (110, "POP3"),
    (143, "IMAP"),
    (443, "HTTPS"),
    (993, "IMAPS"),
    (995, "POP3S"),
    (3306, "MySQL"),
    (3389, "RDP"),
    (5432, "PostgreSQL"),
    (6379, "Redis"),
    (27017, "MongoDB"),
];

pub(super) fn routes() -> [UtoipaMethodRouter<Door>; 4] {
    [routes!(single), routes!(multiple), routes!(range), routes!(common)]
}

/// What one port is.
#[derive(Serialize, ToSchema)]
pub(super) struct PortScan {
    #[schema(minimum = 1, maximum = 65535, example = 80)]
    port: u32,
    #[schema(inline)]
    status: State,
    /// Seconds; null without an answer.
    #[schema(example = 0.0013)]
    response_time: Option<f64>,
    /// What usually listens there, if it is open.
    #[schema(example = "HTTP")]
    service: Option<&'static str>,
    /// Why it is not open.
    error_message: Option<&'static str>,
    #[schema(format = "date-time")]
    scanned_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum State {
    Open,
    Closed,
    Filtered,
}

/// What the ports of a host are.
#[derive(Serialize, ToSchema)]
pub(super) struct PortScanSummary {
    #[schema(example = "192.168.1.1")]
    target: String,
    #[schema(example = "1-1000")]
    port_range: String,
    total_ports: u64,
    open_ports: u64,
    closed_ports: u64,
    filtered_ports: u64,
    /// Seconds.
    scan_duration: f64,
    #[schema(format = "date-time")]
    started_at: String,
    #[schema(format = "date-time")]
    completed_at: String,
    /// Which part of the ports answered, 0 to 1.
    success_rate: f64,
    /// Every port, in order.
    results: Vec<PortScan>,
}

/// Scans a single port on a target host.
#[utoipa::path(
    post, path = "/api/v1/ip/scan-ports/single/", tag = "Internet Protocol",
    request_body = Single, security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 200, body = PortScan),
        BadValue, NotAuthenticated, NotAuthorized, TimedOut, WrongShape, TooMany, Unavailable
    )
)]
async fn single(caller: Caller<Pixerase>, Valid(asked): Valid<Single>) -> Answer<Json<PortScan>> {
    let request = request(&asked.target, asked.port.to_string(), asked.timeout, 1)?;
    let (mut ports, _) = scan(caller, request).await?;
    ports.pop().map(Json).ok_or_else(|| incomplete(""))
}

/// Scans multiple ports on a target host concurrently.
#[utoipa::path(
    post, path = "/api/v1/ip/scan-ports/multiple/", tag = "Internet Protocol",
    request_body = Multiple, security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 200, body = PortScanSummary),
        BadValue, NotAuthenticated, NotAuthorized, TimedOut, WrongShape, TooMany, Unavailable
    )
)]
async fn multiple(caller: Caller<Pixerase>, Valid(asked): Valid<Multiple>) -> Answer<Json<PortScanSummary>> {
    let (first, last) = (asked.ports.first().copied(), asked.ports.last().copied());
    let ports: Vec<String> = asked.ports.iter().map(u16::to_string).collect();
    let request = request(&asked.target, ports.join(","), asked.timeout, asked.max_concurrent)?;
    summary(caller, request, (first.unwrap_or_default(), last.unwrap_or_default())).await
}

/// Scans a range of ports on a target host.
#[utoipa::path(
    post, path = "/api/v1/ip/scan-ports/range/", tag = "Internet Protocol",
    request_body = Range, security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 200, body = PortScanSummary),
        BadValue, NotAuthenticated, NotAuthorized, TimedOut, WrongShape, TooMany, Unavailable
    )
)]
async fn range(caller: Caller<Pixerase>, Valid(asked): Valid<Range>) -> Answer<Json<PortScanSummary>> {
    let range = (asked.start_port, asked.end_port);
    let request = request(&asked.target, text(range), asked.timeout, asked.max_concurrent)?;
    summary(caller, request, range).await
}

/// Scans common ports (well-known service ports) on a target host.
#[utoipa::path(
    post, path = "/api/v1/ip/scan-ports/common/", tag = "Internet Protocol",
    request_body = Common, security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 200, body = PortScanSummary),
        BadValue, NotAuthenticated, NotAuthorized, TimedOut, WrongShape, TooMany, Unavailable
    )
)]
async fn common(caller: Caller<Pixerase>, Valid(asked): Valid<Common>) -> Answer<Json<PortScanSummary>> {
    let request = request(&asked.target, text(COMMON), asked.timeout, asked.max_concurrent)?;
    summary(caller, request, COMMON).await
}

fn text((first, last): (u16, u16)) -> String {
    format!("{first}-{last}")
}

fn request(
    target: &str,
    ports: String,
    timeout: Duration,
    max_concurrent: u32,
) -> Answer<pb::ScanPortsRequest> {
    if target.contains('/') {
        return Err(Fault::bad_value(NO_HOST));
    }
    Ok(pb::ScanPortsRequest {
        hosts: vec![target.to_owned()],
        ports,
        // A span of this dialect is at most 30 seconds.
        timeout: timeout.try_into().ok(),
        max_concurrent,
        ..Default::default()
    })
}

async fn summary(
    caller: Caller<Pixerase>,
    request: pb::ScanPortsRequest,
    range: (u16, u16),
) -> Answer<Json<PortScanSummary>> {
    let target = request.hosts.concat();
    let (results, summary) = scan(caller, request).await?;
    let (begin, end) = (summary.start_time.unwrap_or_default(), summary.end_time.unwrap_or_default());
    let answered = (summary.open + summary.closed) as f64;
    Ok(Json(PortScanSummary {
        target,
        port_range: text(range),
        total_ports: summary.total,
        open_ports: summary.open,
        closed_ports: summary.closed,
        filtered_ports: summary.filtered,
        scan_duration: seconds_between(begin, end),
        started_at: begin.to_string(),
        completed_at: in_millis(end).to_string(),
        success_rate: if summary.total == 0 { 0.0 } else { answered / summary.total as f64 },
        results,
    }))
}

/// Counted in whole nanoseconds: the nearest number to what a clock shows, across the turn of a second too.
fn seconds_between(begin: Timestamp, end: Timestamp) -> f64 {
    let nanos = (end.seconds - begin.seconds) * 1_000_000_000 + i64::from(end.nanos - begin.nanos);
    nanos as f64 / 1e9
}

/// A time as all others of this dialect are: clients in Python read no more than microseconds.
fn in_millis(time: Timestamp) -> Timestamp {
    Timestamp { nanos: time.nanos / 1_000_000 * 1_000_000, ..time }
}

/// Every port in order, and the summary. A scan that did not come to its end is none.
async fn scan(
    caller: Caller<Pixerase>,
    request: pb::ScanPortsRequest,
) -> Answer<(Vec<PortScan>, pb::ScanSummary)> {
    let mut events = caller.network().scan_ports(request).await?.into_inner();
    let mut ports = Vec::new();
    let mut summary = None;
    while let Some(answer) = events.message().await? {
        match answer.event {
            Some(Event::Port(port)) => ports.push(shaped(&port)),
            Some(Event::Summary(last)) => summary = Some(last),
            Some(Event::Progress(_)) | None => {}
        }
    }
    let summary = summary.ok_or_else(|| incomplete(""))?;
    if summary.unscanned > 0 {
        return Err(incomplete(&summary.detail));
    }
    ports.sort_unstable_by_key(|port| port.port);
    Ok((ports, summary))
}

/// What is said of a scan after which not every port is known: it took too long, or this server can't do it now.
fn incomplete(detail: &str) -> Fault {
    match detail {
        OUT_OF_TIME => Fault::described(StatusCode::REQUEST_TIMEOUT, "Port scan timeout"),
        "" => Fault::described(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE),
        why => Fault::described(StatusCode::SERVICE_UNAVAILABLE, format!("Port scan incomplete: {why}")),
    }
}

fn shaped(port: &pb::Port) -> PortScan {
    let status = match port.state() {
        PortState::Open => State::Open,
        PortState::Closed => State::Closed,
        PortState::Unspecified | PortState::Filtered | PortState::OpenOrFiltered => State::Filtered,
    };
    let service = || SERVICES.iter().find(|(number, _)| *number == port.port).map(|(_, name)| *name);
    let seconds = |span: prost_types::Duration| span.seconds as f64 + f64::from(span.nanos) / 1e9;
    PortScan {
        port: port.port,
        service: if matches!(status, State::Open) { service() } else { None },
        status,
        response_time: port.response_time.map(seconds),
        error_message: why(port.reason()),
        scanned_at: port.scan_time.map(|time| time.to_string()),
    }
}

/// Why a port is not open.
fn why(reason: PortReason) -> Option<&'static str> {
    match reason {
        PortReason::SynAck | PortReason::HollowSynAck | PortReason::Response | PortReason::Unspecified => {
            None
        }
        PortReason::ConnectionRefused => Some("Connection refused"),
        PortReason::NoResponse => Some("No response"),
        PortReason::HostUnreachable => Some("Host unreachable"),
        PortReason::NetworkUnreachable => Some("Network unreachable"),
        PortReason::AdminProhibited => Some("Prohibited by a firewall"),
        PortReason::PortUnreachable => Some("Port unreachable"),
        PortReason::Policy => Some("Not allowed by this server"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_over_the_turn_of_a_second_takes_no_longer_than_it_took() {
        let begin = Timestamp { seconds: 9, nanos: 992_000_000 };
        assert_eq!(seconds_between(begin, Timestamp { seconds: 10, nanos: 4_000_000 }).to_string(), "0.012");
    }

    #[test]
    fn times_have_milliseconds() {
        let time = Timestamp { seconds: 1_795_687_200, nanos: 761_389_919 };
        assert_eq!(in_millis(time).to_string(), "2026-11-26T10:00:00.761Z");
    }
}
