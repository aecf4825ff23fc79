//! A good request of every method of the services that scan sites. The house has no workers: what is begun waits.

use atalaya_proto::scans::v1 as scans;
use atalaya_tests::{House, people::PASSWORD};
use bytes::Bytes;
use prost_types::value::Kind;

use super::requests::{one, unlisted};

const NAME: &str = "a-site";
const YAML: &str = "title: A site\nsites: [{name: All, cidr: 192.0.2.1/32}]";

/// A scan that waits for its turn, or a schedule, where the method is about one; and in each case a stored
/// configuration.
pub(super) async fn scan(house: &House, method: &str) -> i64 {
    let root = house.root().await;
    let put = scans::PutConfigRequest { name: NAME.into(), yaml: YAML.into() };
    root.calls.scan_configs().put_config(put).await.expect("a configuration");
    if method.contains("ScheduleService") {
        let request = new_schedule(NAME);
        let made = root.calls.schedules().create_schedule(request).await.expect("a schedule");
        return made.into_inner().schedule.expect("a schedule").id;
    }
    if method.contains("WebhookService") {
        // One at a time, however many calls there are.
        let webhooks = root.calls.scan_webhooks().list_webhooks(scans::ListWebhooksRequest {}).await;
        for scans::Webhook { id, .. } in webhooks.expect("a list").into_inner().webhooks {
            let delete = scans::DeleteWebhookRequest { id };
            root.calls.scan_webhooks().delete_webhook(delete).await.expect("it is deleted");
        }
        let webhook = Some(webhook(0));
        let made = root.calls.scan_webhooks().create_webhook(scans::CreateWebhookRequest { webhook }).await;
        return made.expect("a webhook").into_inner().webhook.expect("a webhook").id;
    }
    if !method.contains("ScanService") && !method.contains("StatsService") {
        return 0;
    }
    let config = Some(scans::start_scan_request::Config::ConfigName(NAME.into()));
    let begun = root.calls.scans().start_scan(scans::StartScanRequest { config }).await.expect("a scan");
    let id = begun.into_inner().scan.expect("a scan").id;
    // So that neither many wait nor a watch lasts.
    root.calls.scans().stop_scan(scans::StopScanRequest { id }).await.expect("it stops");
    id
}

/// Of a file, so that the stored configuration can be deleted.
fn new_schedule(name: &str) -> scans::CreateScheduleRequest {
    use scans::create_schedule_request::Config;
    let config = Some(Config::ConfigFile("example-site.yaml".into()));
    let cron = "0 2 * * SUN".into();
    scans::CreateScheduleRequest { name: name.into(), config, cron, disabled: true, ..Default::default() }
}

pub(super) fn of_operator(name: &str) -> Vec<Bytes> {
    let password = PASSWORD.to_owned();
    match name {
        "GetOperator" => one(&scans::GetOperatorRequest {}),
        "SetUpOperator" => one(&scans::SetUpOperatorRequest { password }),
        "SignInOperator" => one(&scans::SignInOperatorRequest { password, remember: false }),
        "SignOutOperator" => one(&scans::SignOutOperatorRequest {}),
        other => unlisted(other),
    }
}

pub(super) fn request(name: &str, id: i64) -> Vec<Bytes> {
    match name {
        "StartScan" => {
            let config = Some(scans::start_scan_request::Config::ConfigName("none".into()));
            one(&scans::StartScanRequest { config })
        }
        "GetScan" => one(&scans::GetScanRequest { id }),
        "GetScanResult" => one(&scans::GetScanResultRequest { id }),
        "ListFindings" => one(&scans::ListFindingsRequest { scan_id: id }),
        "ListScans" => one(&scans::ListScansRequest::default()),
        "WatchScan" => one(&scans::WatchScanRequest { id }),
        "StopScan" => one(&scans::StopScanRequest { id }),
        "DeleteScan" => one(&scans::DeleteScanRequest { id }),
        "CompareScans" => one(&scans::CompareScansRequest { old_id: id, new_id: id }),
        "GetReport" => one(&scans::GetReportRequest { scan_id: id, format: 0 }),
        "DownloadReport" => one(&scans::DownloadReportRequest { scan_id: id, format: 0 }),
        other => unlisted(other),
    }
}

pub(super) fn of_settings(name: &str) -> Vec<Bytes> {
    match name {
        "ListSettings" => one(&scans::ListSettingsRequest {}),
        "UpdateSetting" => {
            let value = Some(prost_types::Value { kind: Some(Kind::NumberValue(90.0)) });
            one(&scans::UpdateSettingRequest { key: "retention_days".into(), value })
        }
        other => unlisted(other),
    }
}

pub(super) fn of_configs(name: &str) -> Vec<Bytes> {
    match name {
        "PutConfig" => one(&scans::PutConfigRequest { name: NAME.into(), yaml: YAML.into() }),
        "GetConfig" => one(&scans::GetConfigRequest { name: NAME.into() }),
        "ListConfigs" => one(&scans::ListConfigsRequest::default()),
        "DeleteConfig" => one(&scans::DeleteConfigRequest { name: NAME.into() }),
        other => unlisted(other),
    }
}

pub(super) fn of_schedules(name: &str, id: i64) -> Vec<Bytes> {
    match name {
        "CreateSchedule" => one(&new_schedule("another")),
        "GetSchedule" => one(&scans::GetScheduleRequest { id }),
        "ListSchedules" => one(&scans::ListSchedulesRequest::default()),
        "UpdateSchedule" => {
            let name = Some("renamed".into());
            one(&scans::UpdateScheduleRequest { id, name, ..Default::default() })
        }
        "DeleteSchedule" => one(&scans::DeleteScheduleRequest { id }),
        "TriggerSchedule" => one(&scans::TriggerScheduleRequest { id }),
        "PreviewSchedule" => {
            one(&scans::PreviewScheduleRequest { cron: "0 2 * * *".into(), ..Default::default() })
        }
        other => unlisted(other),
    }
}

/// A webhook on a server's own machine, which nothing is sent to.
fn webhook(id: i64) -> scans::Webhook {
    scans::Webhook {
        id,
        name: "A hook".into(),
        url: "http://127.0.0.1:9/".into(),
        format: scans::WebhookFormat::Generic.into(),
        ..scans::Webhook::default()
    }
}

pub(super) fn of_alerts(name: &str) -> Vec<Bytes> {
    let rule = scans::AlertRule {
        id: 1,
        name: "Unexpected port".into(),
        kind: scans::AlertKind::UnexpectedPort.into(),
        ..scans::AlertRule::default()
    };
    match name {
        "ListAlerts" => one(&scans::ListAlertsRequest::default()),
        "AcknowledgeAlert" => one(&scans::AcknowledgeAlertRequest { id: 1_000_000 }),
        "AcknowledgeAllAlerts" => one(&scans::AcknowledgeAllAlertsRequest {}),
        "ListAlertRules" => one(&scans::ListAlertRulesRequest {}),
        "CreateAlertRule" => one(&scans::CreateAlertRuleRequest { rule: Some(rule) }),
        "UpdateAlertRule" => one(&scans::UpdateAlertRuleRequest { rule: Some(rule) }),
        "DeleteAlertRule" => one(&scans::DeleteAlertRuleRequest { id: 1_000_000 }),
        other => unlisted(other),
    }
}

pub(super) fn of_stats(name: &str, id: i64) -> Vec<Bytes> {
    match name {
        "GetSummary" => one(&scans::GetSummaryRequest {}),
        "GetScanTrend" => one(&scans::GetScanTrendRequest { days: 7 }),
        "GetScanHistory" => one(&scans::GetScanHistoryRequest { id, limit: 5 }),
        other => unlisted(other),
    }
}

pub(super) fn of_webhooks(name: &str, id: i64) -> Vec<Bytes> {
    match name {
        // Refused, so that they do not grow too many.
        "CreateWebhook" => {
            let webhook = scans::Webhook { name: String::new(), ..webhook(0) };
            one(&scans::CreateWebhookRequest { webhook: Some(webhook) })
        }
        "GetWebhook" => one(&scans::GetWebhookRequest { id }),
        "ListWebhooks" => one(&scans::ListWebhooksRequest {}),
        "UpdateWebhook" => one(&scans::UpdateWebhookRequest { webhook: Some(webhook(id)) }),
        "DeleteWebhook" => one(&scans::DeleteWebhookRequest { id }),
        "TestWebhook" => one(&scans::TestWebhookRequest { id }),
        "ListDeliveries" => one(&scans::ListDeliveriesRequest::default()),
        other => unlisted(other),
    }
}
