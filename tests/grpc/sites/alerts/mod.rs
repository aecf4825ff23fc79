//! What people are told of scans: once per change, by mail and by webhooks that are really there.

mod hooks;
mod mail;
mod rules;

use atalaya_proto::scans::v1::{
    Alert, CreateWebhookRequest, Delivery, DeliveryState, ListAlertsRequest, ListDeliveriesRequest, Scan,
    ScanState, UpdateSettingRequest, Webhook, WebhookFormat,
};
use atalaya_tests::{House, Person, Plan, process::quiet_address, wait::until};
use prost_types::{ListValue, Value, value::Kind};
use tokio::net::TcpListener;

use super::{ended, put, start};

/// A site of one port on this machine that is expected to be open.
struct Site {
    port: u16,
}

impl Site {
    /// With nobody there, under the name `site`.
    async fn dark(who: &Person) -> Self {
        // One that the system gives to nobody else meanwhile.
        let port = quiet_address().port();
        let yaml = format!(
            "title: A site\ntcp_ports: \"{port}\"\nsites:\n  - name: Web\n    ips:\n      - address: 127.0.0.1\n        \
             expected: {{tcp_ports: [{port}]}}\n"
        );
        put(who, "site", &yaml).await;
        Self { port }
    }

    /// Somebody listens until this is dropped.
    async fn light(&self) -> TcpListener {
        TcpListener::bind(("127.0.0.1", self.port)).await.expect("the port")
    }
}

/// Houses that may look at this machine, and tell it.
fn plan() -> Plan {
    Plan::default().with("ATALAYA_ALLOW_TARGETS", "127.0.0.0/8")
}

async fn each(plan: &Plan, test: impl AsyncFn(&House, &Person)) {
    House::each_as(plan, async |house| {
        let operator = house.operator().await;
        test(house, &operator).await;
    })
    .await;
}

/// Does a scan of the site.
async fn scan(who: &Person) -> Scan {
    let id = start(who, "site").await.expect("a scan begins").id;
    let (scan, _) = ended(who, id).await;
    assert_eq!((scan.state(), scan.error_message.as_str()), (ScanState::Completed, ""));
    scan
}

/// Alerts, the newest first.
async fn alerts(who: &Person) -> Vec<Alert> {
    let answer = who.calls.scan_alerts().list_alerts(ListAlertsRequest::default()).await;
    answer.expect("a list").into_inner().alerts
}

/// The log of deliveries, the newest first.
async fn deliveries(who: &Person) -> Vec<Delivery> {
    let answer = who.calls.scan_webhooks().list_deliveries(ListDeliveriesRequest::default()).await;
    answer.expect("a list").into_inner().deliveries
}

/// The log once nothing of it is pending.
async fn settled(who: &Person) -> Vec<Delivery> {
    until("the deliveries", async || {
        let all = deliveries(who).await;
        all.iter().all(|one| one.state() != DeliveryState::Pending).then_some(all)
    })
    .await
}

/// The last delivery once a try of this number was answered so; 0 is no answer.
async fn tried(who: &Person, attempts: u32, status: u32) -> Delivery {
    until("a try", async || {
        let last = deliveries(who).await.into_iter().next()?;
        // Of a try that is under way nothing is known yet.
        let is_so = last.attempts >= attempts && last.status_code == status && !last.error.is_empty();
        is_so.then_some(last)
    })
    .await
}

fn hook(url: &str, format: WebhookFormat) -> Webhook {
    let (url, format) = (url.to_owned(), format.into());
    Webhook { name: "Ops".into(), url, format, enabled: true, ..Webhook::default() }
}

async fn add(who: &Person, webhook: Webhook) -> Webhook {
    let request = CreateWebhookRequest { webhook: Some(webhook) };
    let made = who.calls.scan_webhooks().create_webhook(request).await.expect("a webhook");
    made.into_inner().webhook.expect("a webhook")
}

async fn set(who: &Person, key: &str, kind: Kind) {
    let request = UpdateSettingRequest { key: key.to_owned(), value: Some(Value { kind: Some(kind) }) };
    who.calls.scan_settings().update_setting(request).await.expect("a setting");
}

/// Mail goes from `atalaya@example.com` to two people, by a server on this machine.
async fn set_mail(who: &Person, port: u16) {
    let text = |text: &str| Kind::StringValue(text.to_owned());
    set(who, "smtp_server", text("127.0.0.1")).await;
    set(who, "smtp_port", Kind::NumberValue(port.into())).await;
    set(who, "smtp_from_email", text("atalaya@example.com")).await;
    let to = ["ops@example.com", "boss@example.org"].map(|one| Value { kind: Some(text(one)) });
    set(who, "smtp_to_emails", Kind::ListValue(ListValue { values: to.into() })).await;
}
