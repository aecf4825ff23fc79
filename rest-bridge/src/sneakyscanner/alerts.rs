//! Alerts API, of later versions: see and acknowledge alerts, and the rules of what becomes one.

use atalaya_client::{Calls, Error};
use atalaya_proto::scans::v1::{
    AcknowledgeAlertRequest, AcknowledgeAllAlertsRequest, Alert, AlertKind, AlertRule, AlertSeverity,
    CreateAlertRuleRequest, DeleteAlertRuleRequest, ListAlertRulesRequest, ListAlertsRequest,
    UpdateAlertRuleRequest,
};
use axum::{
    Json,
    body::Body,
    extract::RawQuery,
    response::IntoResponse,
    routing::{get, post, put},
};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Asked, Route, Sneakyscanner, body,
    error::{Answer, Fault},
    fields::{text, zulu},
    given::Given,
    number,
    paging::Paging,
};
use crate::dialect::Caller;

pub(super) fn routes() -> [Route; 5] {
    [
        ("/api/alerts", get(list)),
        ("/api/alerts/{id}/acknowledge", post(acknowledge)),
        ("/api/alerts/acknowledge-all", post(acknowledge_all)),
        ("/api/alerts/rules", get(rules).post(create)),
        ("/api/alerts/rules/{id}", put(update).delete(delete)),
    ]
}

/// The number of something in a path. What is none is no route; one beyond all is nobody's.
pub(super) fn number(text: &str) -> Answer<i64> {
    Ok(number::in_path(text)?.unwrap_or(i64::MAX))
}

/// Kinds by their names here.
const KINDS: [(AlertKind, &str); 9] = [
    (AlertKind::UnexpectedPort, "unexpected_port"),
    (AlertKind::MissingPort, "missing_port"),
    (AlertKind::PingMismatch, "ping_mismatch"),
    (AlertKind::CertificateExpired, "certificate_expired"),
    (AlertKind::CertificateExpiring, "certificate_expiring"),
    (AlertKind::CertificateNotYetValid, "certificate_not_yet_valid"),
    (AlertKind::WeakTls, "weak_tls"),
    (AlertKind::WeakCertificate, "weak_certificate"),
    (AlertKind::ServiceChanged, "service_changed"),
];

/// Severities by their names here.
const SEVERITIES: [(AlertSeverity, &str); 3] =
    [(AlertSeverity::High, "critical"), (AlertSeverity::Medium, "warning"), (AlertSeverity::Low, "info")];

fn kind(kind: AlertKind) -> Option<&'static str> {
    KINDS.iter().find(|(known, _)| *known == kind).map(|(_, name)| *name)
}

/// A severity's name; nothing of none.
pub(super) fn severity(severity: AlertSeverity) -> Option<&'static str> {
    SEVERITIES.iter().find(|(known, _)| *known == severity).map(|(_, name)| *name)
}

/// The severity of a name, or 400 in these words.
pub(super) fn severity_of(name: &str, error: &'static str) -> Answer<AlertSeverity> {
    let found = SEVERITIES.iter().find(|(_, known)| *known == name).map(|(severity, _)| *severity);
    found.ok_or_else(|| {
        Fault::said(StatusCode::BAD_REQUEST, error, "Severity must be one of critical, warning, info")
    })
}

fn kind_of(name: &str, error: &'static str) -> Answer<AlertKind> {
    let found = KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind);
    found.ok_or_else(|| {
        let names: Vec<_> = KINDS.iter().map(|(_, name)| *name).collect();
        let message = format!("The type must be one of {}", names.join(", "));
        Fault::said(StatusCode::BAD_REQUEST, error, message)
    })
}

#[derive(Serialize)]
struct Shown {
    id: i64,
    alert_type: Option<&'static str>,
    severity: Option<&'static str>,
    scan_id: i64,
    rule_id: i64,
    config_file: String,
    site: String,
    ip_address: String,
    port: Option<u32>,
    protocol: Option<String>,
    message: String,
    acknowledged: bool,
    acknowledged_at: Option<String>,
    resolved_at: Option<String>,
    created_at: Option<String>,
}

impl From<Alert> for Shown {
    fn from(alert: Alert) -> Self {
        Self {
            id: alert.id,
            alert_type: kind(alert.kind()),
            severity: severity(alert.severity()),
            scan_id: alert.scan_id,
            rule_id: alert.rule_id,
            port: Some(alert.port).filter(|port| *port > 0),
            acknowledged: alert.acknowledge_time.is_some(),
            acknowledged_at: alert.acknowledge_time.as_ref().map(zulu),
            resolved_at: alert.resolve_time.as_ref().map(zulu),
            created_at: alert.create_time.as_ref().map(zulu),
            config_file: alert.config,
            site: alert.site,
            ip_address: alert.address,
            protocol: text(alert.protocol),
            message: alert.text,
        }
    }
}

#[derive(Serialize)]
struct Listing {
    alerts: Vec<Shown>,
    total: u32,
    page: u32,
    per_page: u32,
    pages: u32,
}

async fn list(caller: Caller<Sneakyscanner>, RawQuery(query): RawQuery) -> Answer<Json<Listing>> {
    let query = query.as_deref();
    let paging = Paging::plain(query)?;
    let found = caller.scan_alerts().list_alerts(request(query, paging)?).await?.into_inner();
    let total = u32::try_from(found.total_size).unwrap_or_default();
    let alerts = found.alerts.into_iter().map(Shown::from).collect();
    let Paging { page, per_page, .. } = paging;
    Ok(Json(Listing { alerts, total, page, per_page, pages: paging.pages(total) }))
}

fn request(query: Option<&str>, paging: Paging) -> Answer<ListAlertsRequest> {
    const ERROR: &str = "Invalid filter";
    let (page_size, skip) = (paging.size(), paging.skip());
    let mut request = ListAlertsRequest { page_size, skip, ..ListAlertsRequest::default() };
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    for (name, value) in pairs.filter(|(_, value)| !value.is_empty()) {
        match name.as_ref() {
            "acknowledged" => request.acknowledged = Some(truth(&value)?),
            "severity" => request.set_severity(severity_of(&value, ERROR)?),
            "alert_type" => request.set_kind(kind_of(&value, ERROR)?),
            "scan_id" => {
                let number = value.parse().ok().filter(|number| *number > 0);
                request.scan_id = number.ok_or_else(|| {
                    Fault::said(StatusCode::BAD_REQUEST, ERROR, "scan_id must be a positive integer")
                })?;
            }
            _ => {}
        }
    }
    Ok(request)
}

fn truth(text: &str) -> Answer<bool> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => {
            Err(Fault::said(StatusCode::BAD_REQUEST, "Invalid filter", "acknowledged must be true or false"))
        }
    }
}

#[derive(Serialize)]
struct Acknowledged {
    message: String,
    alert: Shown,
}

async fn acknowledge(Asked { calls, path }: Asked<String>) -> Answer<Json<Acknowledged>> {
    let id = number(&path)?;
    let done = calls.scan_alerts().acknowledge_alert(AcknowledgeAlertRequest { id }).await?.into_inner();
    let alert = done.alert.ok_or_else(|| Error::missing("alert"))?.into();
    Ok(Json(Acknowledged { message: format!("Alert {id} acknowledged successfully"), alert }))
}

#[derive(Serialize)]
struct AllAcknowledged {
    message: &'static str,
    count: i32,
}

async fn acknowledge_all(caller: Caller<Sneakyscanner>) -> Answer<Json<AllAcknowledged>> {
    let done =
        caller.scan_alerts().acknowledge_all_alerts(AcknowledgeAllAlertsRequest {}).await?.into_inner();
    Ok(Json(AllAcknowledged { message: "All alerts acknowledged successfully", count: done.count }))
}

#[derive(Serialize)]
struct Told {
    id: i64,
    name: String,
    rule_type: Option<&'static str>,
    threshold: Option<u32>,
    severity: Option<&'static str>,
    email_enabled: bool,
    webhook_enabled: bool,
    enabled: bool,
    config_file: Option<String>,
    updated_at: Option<String>,
}

impl From<AlertRule> for Told {
    fn from(rule: AlertRule) -> Self {
        Self {
            id: rule.id,
            rule_type: kind(rule.kind()),
            threshold: Some(rule.threshold_days).filter(|days| *days > 0),
            severity: severity(rule.severity()),
            email_enabled: rule.email_enabled,
            webhook_enabled: rule.webhook_enabled,
            enabled: rule.enabled,
            updated_at: rule.update_time.as_ref().map(zulu),
            config_file: text(rule.config),
            name: rule.name,
        }
    }
}

#[derive(Serialize)]
struct Rules {
    rules: Vec<Told>,
    total: usize,
}

async fn rules(caller: Caller<Sneakyscanner>) -> Answer<Json<Rules>> {
    let rules: Vec<_> = all(&caller).await?.into_iter().map(Told::from).collect();
    Ok(Json(Rules { total: rules.len(), rules }))
}

async fn all(calls: &Calls) -> Answer<Vec<AlertRule>> {
    Ok(calls.scan_alerts().list_alert_rules(ListAlertRulesRequest {}).await?.into_inner().rules)
}

#[derive(Serialize)]
struct Changed {
    message: &'static str,
    rule: Told,
}

async fn create(caller: Caller<Sneakyscanner>, body: Body) -> Answer<impl IntoResponse> {
    let fields = body::json(body).await?;
    for name in ["name", "rule_type"] {
        if !fields.contains_key(name) {
            return Err(Fault::missing(name));
        }
    }
    // What is not said of a new rule is as of those that are there from the beginning.
    let usual =
        AlertRule { email_enabled: true, webhook_enabled: true, enabled: true, ..AlertRule::default() };
    let rule = Some(overlaid(usual, fields)?);
    let made = caller.scan_alerts().create_alert_rule(CreateAlertRuleRequest { rule }).await?.into_inner();
    let rule = made.rule.ok_or_else(|| Error::missing("rule"))?.into();
    Ok((StatusCode::CREATED, Json(Changed { message: "Alert rule created successfully", rule })))
}

async fn update(Asked { calls, path }: Asked<String>, body: Body) -> Answer<Json<Changed>> {
    let id = number(&path)?;
    let fields = body::json(body).await?;
    // The server says so of a rule that nobody has.
    let before = all(&calls).await?.into_iter().find(|rule| rule.id == id);
    let before = before.unwrap_or(AlertRule { id, kind: 1, ..AlertRule::default() });
    let rule = Some(overlaid(before, fields)?);
    let done = calls.scan_alerts().update_alert_rule(UpdateAlertRuleRequest { rule }).await?.into_inner();
    let rule = done.rule.ok_or_else(|| Error::missing("rule"))?.into();
    Ok(Json(Changed { message: "Alert rule updated successfully", rule }))
}

/// A rule with what a body says of it.
fn overlaid(mut rule: AlertRule, fields: Map<String, Value>) -> Answer<AlertRule> {
    const ERROR: &str = "Invalid alert rule";
    let given = Given { fields, error: ERROR };
    if let Some(name) = given.text("name")? {
        rule.name = name;
    }
    if let Some(name) = given.text("rule_type")? {
        rule.set_kind(kind_of(&name, ERROR)?);
    }
    if let Some(days) = given.number("threshold")? {
        rule.threshold_days = days;
    }
    if let Some(name) = given.text("severity")? {
        rule.set_severity(if name.is_empty() {
            AlertSeverity::Unspecified
        } else {
            severity_of(&name, ERROR)?
        });
    }
    if let Some(config) = given.text("config_file")? {
        rule.config = config;
    }
    for (name, is) in [
        ("email_enabled", &mut rule.email_enabled),
        ("webhook_enabled", &mut rule.webhook_enabled),
        ("enabled", &mut rule.enabled),
    ] {
        if let Some(given) = given.truth(name)? {
            *is = given;
        }
    }
    Ok(rule)
}

#[derive(Serialize)]
struct Message {
    message: String,
}

async fn delete(Asked { calls, path }: Asked<String>) -> Answer<Json<Message>> {
    let id = number(&path)?;
    calls.scan_alerts().delete_alert_rule(DeleteAlertRuleRequest { id }).await?;
    Ok(Json(Message { message: format!("Alert rule {id} deleted successfully") }))
}
