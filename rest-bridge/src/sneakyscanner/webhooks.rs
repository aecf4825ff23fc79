//! Webhooks API, of later versions: where digests of alerts go, tests of it, and the log. Addresses and secrets are
//! masked by the server and never come here.

use atalaya_client::Error;
use atalaya_proto::scans::v1::{
    AlertSeverity, CreateWebhookRequest, DeleteWebhookRequest, Delivery, DeliveryState, GetWebhookRequest,
    ListDeliveriesRequest, ListWebhooksRequest, TestWebhookRequest, UpdateWebhookRequest, Webhook,
    WebhookFormat,
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
    Asked, Route, Sneakyscanner,
    alerts::{number, severity, severity_of},
    body,
    error::{Answer, Fault},
    fields::{text, zulu},
    given::Given,
    paging::Paging,
};
use crate::dialect::Caller;

pub(super) fn routes() -> [Route; 4] {
    [
        ("/api/webhooks", get(list).post(create)),
        ("/api/webhooks/{id}", get(details).put(update).delete(delete)),
        ("/api/webhooks/{id}/test", post(test)),
        ("/api/webhooks/{id}/logs", get(logs)),
    ]
}

/// Shapes by their names here.
const FORMATS: [(WebhookFormat, &str); 4] = [
    (WebhookFormat::Generic, "generic"),
    (WebhookFormat::Slack, "slack"),
    (WebhookFormat::Discord, "discord"),
    (WebhookFormat::Pagerduty, "pagerduty"),
];

#[derive(Serialize)]
struct Shown {
    id: i64,
    name: String,
    url: String,
    webhook_type: Option<&'static str>,
    enabled: bool,
    min_severity: Option<&'static str>,
    secret: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
}

impl From<Webhook> for Shown {
    fn from(webhook: Webhook) -> Self {
        let format = webhook.format();
        Self {
            id: webhook.id,
            webhook_type: FORMATS.iter().find(|(known, _)| *known == format).map(|(_, name)| *name),
            enabled: webhook.enabled,
            min_severity: severity(webhook.min_severity()),
            created_at: webhook.create_time.as_ref().map(zulu),
            updated_at: webhook.update_time.as_ref().map(zulu),
            name: webhook.name,
            url: webhook.url,
            secret: text(webhook.secret),
        }
    }
}

#[derive(Serialize)]
struct Listing {
    webhooks: Vec<Shown>,
    total: usize,
}

async fn list(caller: Caller<Sneakyscanner>) -> Answer<Json<Listing>> {
    let found = caller.scan_webhooks().list_webhooks(ListWebhooksRequest {}).await?.into_inner();
    let webhooks: Vec<_> = found.webhooks.into_iter().map(Shown::from).collect();
    Ok(Json(Listing { total: webhooks.len(), webhooks }))
}

async fn details(Asked { calls, path }: Asked<String>) -> Answer<Json<Shown>> {
    let id = number(&path)?;
    let found = calls.scan_webhooks().get_webhook(GetWebhookRequest { id }).await?.into_inner();
    Ok(Json(found.webhook.ok_or_else(|| Error::missing("webhook"))?.into()))
}

#[derive(Serialize)]
struct Changed {
    message: &'static str,
    webhook: Shown,
}

async fn create(caller: Caller<Sneakyscanner>, body: Body) -> Answer<impl IntoResponse> {
    let fields = body::json(body).await?;
    for name in ["name", "url"] {
        if !fields.contains_key(name) {
            return Err(Fault::missing(name));
        }
    }
    let usual = Webhook { format: WebhookFormat::Generic.into(), enabled: true, ..Webhook::default() };
    let webhook = Some(overlaid(usual, fields)?);
    let made = caller.scan_webhooks().create_webhook(CreateWebhookRequest { webhook }).await?.into_inner();
    let webhook = made.webhook.ok_or_else(|| Error::missing("webhook"))?.into();
    Ok((StatusCode::CREATED, Json(Changed { message: "Webhook created successfully", webhook })))
}

async fn update(Asked { calls, path }: Asked<String>, body: Body) -> Answer<Json<Changed>> {
    let id = number(&path)?;
    let fields = body::json(body).await?;
    let before = calls.scan_webhooks().get_webhook(GetWebhookRequest { id }).await?.into_inner();
    let before = before.webhook.ok_or_else(|| Error::missing("webhook"))?;
    let webhook = Some(overlaid(before, fields)?);
    let done = calls.scan_webhooks().update_webhook(UpdateWebhookRequest { webhook }).await?.into_inner();
    let webhook = done.webhook.ok_or_else(|| Error::missing("webhook"))?.into();
    Ok(Json(Changed { message: "Webhook updated successfully", webhook }))
}

/// A webhook with what a body says of it. What is masked is the server's to know.
fn overlaid(mut webhook: Webhook, fields: Map<String, Value>) -> Answer<Webhook> {
    const ERROR: &str = "Invalid webhook";
    let given = Given { fields, error: ERROR };
    if let Some(name) = given.text("name")? {
        webhook.name = name;
    }
    if let Some(url) = given.text("url")? {
        webhook.url = url;
    }
    if let Some(name) = given.text("webhook_type")? {
        let format = FORMATS.iter().find(|(_, known)| *known == name).map(|(format, _)| *format);
        let message = "webhook_type must be one of generic, slack, discord, pagerduty";
        webhook.set_format(format.ok_or_else(|| Fault::said(StatusCode::BAD_REQUEST, ERROR, message))?);
    }
    if let Some(name) = given.text("min_severity")? {
        let least = if name.is_empty() { Ok(AlertSeverity::Unspecified) } else { severity_of(&name, ERROR) };
        webhook.set_min_severity(least?);
    }
    if let Some(secret) = given.text("secret")? {
        webhook.secret = secret;
    }
    if let Some(enabled) = given.truth("enabled")? {
        webhook.enabled = enabled;
    }
    Ok(webhook)
}

#[derive(Serialize)]
struct Message {
    message: String,
}

async fn delete(Asked { calls, path }: Asked<String>) -> Answer<Json<Message>> {
    let id = number(&path)?;
    calls.scan_webhooks().delete_webhook(DeleteWebhookRequest { id }).await?;
    Ok(Json(Message { message: format!("Webhook {id} deleted successfully") }))
}

#[derive(Serialize)]
struct Tested {
    success: bool,
    status_code: Option<u32>,
    message: String,
}

async fn test(Asked { calls, path }: Asked<String>) -> Answer<Json<Tested>> {
    let id = number(&path)?;
    let tested = calls.scan_webhooks().test_webhook(TestWebhookRequest { id }).await?.into_inner();
    let delivery = tested.delivery.ok_or_else(|| Error::missing("delivery"))?;
    let success = delivery.state() == DeliveryState::Delivered;
    let message = if success { "Webhook test delivered".to_owned() } else { delivery.error };
    Ok(Json(Tested { success, status_code: some(delivery.status_code), message }))
}

fn some(status: u32) -> Option<u32> {
    Some(status).filter(|status| *status > 0)
}

/// An entry of the log.
#[derive(Serialize)]
struct Entry {
    id: i64,
    webhook_id: i64,
    scan_id: Option<i64>,
    status: &'static str,
    attempts: u32,
    response_code: Option<u32>,
    error_message: Option<String>,
    created_at: Option<String>,
    next_attempt_at: Option<String>,
    completed_at: Option<String>,
}

impl From<Delivery> for Entry {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id,
            webhook_id: delivery.webhook_id,
            scan_id: Some(delivery.scan_id).filter(|id| *id > 0),
            status: match delivery.state() {
                DeliveryState::Unspecified | DeliveryState::Pending => "pending",
                DeliveryState::Delivered => "delivered",
                DeliveryState::Failed => "failed",
            },
            attempts: delivery.attempts,
            response_code: some(delivery.status_code),
            created_at: delivery.create_time.as_ref().map(zulu),
            next_attempt_at: delivery.next_time.as_ref().map(zulu),
            completed_at: delivery.end_time.as_ref().map(zulu),
            error_message: text(delivery.error),
        }
    }
}

#[derive(Serialize)]
struct Log {
    logs: Vec<Entry>,
    total: u32,
    page: u32,
    per_page: u32,
    pages: u32,
}

async fn logs(Asked { calls, path }: Asked<String>, RawQuery(query): RawQuery) -> Answer<Json<Log>> {
    let webhook_id = number(&path)?;
    let paging = Paging::plain(query.as_deref())?;
    // 0 is everybody's log on gRPC, and nobody's webhook here.
    calls.scan_webhooks().get_webhook(GetWebhookRequest { id: webhook_id }).await?;
    let (page_size, skip) = (paging.size(), paging.skip());
    let request = ListDeliveriesRequest { page_size, skip, webhook_id };
    let found = calls.scan_webhooks().list_deliveries(request).await?.into_inner();
    let total = u32::try_from(found.total_size).unwrap_or_default();
    let logs = found.deliveries.into_iter().map(Entry::from).collect();
    let Paging { page, per_page, .. } = paging;
    Ok(Json(Log { logs, total, page, per_page, pages: paging.pages(total) }))
}
