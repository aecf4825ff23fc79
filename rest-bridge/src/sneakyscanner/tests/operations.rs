//! The documented operations and the later ones, as the document writes them.

use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{
        Change, ChangeKind, Changes, CompareScansResponse, DeleteScanRequest, DeleteScanResponse,
        GetScanRequest, GetScanResponse, GetScanResultResponse, ListScansRequest, ListScansResponse,
        ListSettingsResponse, ReportFiles, Scan, ScanState, ScanTrigger, Setting, Site, SiteCertificate,
        SiteHost, SitePort, SiteService, StartScanRequest, StartScanResponse, StopScanResponse, TlsSupport,
        TlsVersion, UpdateSettingRequest, UpdateSettingResponse, start_scan_request::Config,
    },
};
use prost_types::{Timestamp, Value, value::Kind};
use serde_json::json;
use tonic::Code;

use super::fake::{Answer, Fake};

/// 2025-11-14, half past ten.
const BEGIN: i64 = 1_763_116_200;

fn time(seconds: i64, nanos: i32) -> Timestamp {
    Timestamp { seconds, nanos }
}

pub(super) fn scan(state: ScanState) -> Scan {
    let has_ended = state != ScanState::Running;
    let path = |end: &str| format!("/app/output/scan_report_20251114_103000{end}");
    Scan {
        id: 42,
        title: "Production Network Scan".into(),
        config: "/app/configs/production.yaml".into(),
        state: state.into(),
        trigger: ScanTrigger::Manual.into(),
        start_time: Some(time(BEGIN, 0)),
        end_time: has_ended.then(|| time(BEGIN + 125, 500_000_000)),
        files: (state == ScanState::Completed).then(|| ReportFiles {
            json_path: path(".json"),
            html_path: path(".html"),
            zip_path: path(".zip"),
            screenshot_dir: path("_screenshots"),
        }),
        ..Scan::default()
    }
}

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.text.as_str())
}

#[tokio::test]
async fn a_scan_is_triggered() {
    let began = StartScanResponse { scan: Some(scan(ScanState::Running)) };
    let fake = Fake::default().says("ScanService/StartScan", [began]);
    let body = "{\"config_file\":\"/app/configs/production.yaml\"}";
    let answer = fake.signed("POST", "/api/scans", body).await;
    assert_eq!(
        told(&answer),
        (201, "{\"scan_id\":42,\"status\":\"running\",\"message\":\"Scan queued successfully\"}")
    );
    let heard: StartScanRequest = fake.heard("ScanService/StartScan");
    assert_eq!(heard.config, Some(Config::ConfigFile("/app/configs/production.yaml".into())));
    for body in ["", "{}", "{\"config_file\":null}", "{\"config_file\":7}", "{\"config_file\":\"\"}"] {
        let answer = fake.signed("POST", "/api/scans", body).await;
        assert_eq!(told(&answer), (400, "{\"error\":\"Missing required field: config_file\"}"), "{body}");
    }
    assert_eq!(fake.calls(), 1);
}

#[tokio::test]
async fn a_scan_that_can_not_be_queued_says_why() {
    let failing = |code, reason| Fake::default().refuses("ScanService/StartScan", code, reason);
    let body = "{\"config_file\":\"missing.yaml\"}";
    let invalid = failing(Code::InvalidArgument, Reason::ScanConfigInvalid);
    let answer = invalid.signed("POST", "/api/scans", body).await;
    assert_eq!(
        told(&answer),
        (
            400,
            "{\"error\":\"Invalid config file\",\"message\":\"Config file does not exist or is not valid YAML\",\
             \"detail\":\"no such file\"}"
        )
    );
    let answer = failing(Code::Internal, Reason::Internal).signed("POST", "/api/scans", body).await;
    assert_eq!(
        told(&answer),
        (500, "{\"error\":\"Failed to queue scan\",\"message\":\"Internal server error\"}")
    );
    let answer =
        failing(Code::ResourceExhausted, Reason::TooManyTasks).signed("POST", "/api/scans", body).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "5"));
}

#[tokio::test]
async fn scans_are_listed_in_pages() {
    let running = Scan { id: 43, trigger: ScanTrigger::Scheduled.into(), ..scan(ScanState::Running) };
    let page = ListScansResponse { scans: vec![running, scan(ScanState::Completed)], total_size: 42 };
    let fake = Fake::default().says("ScanService/ListScans", [page]);
    let answer = fake.signed("GET", "/api/scans?page=2&per_page=200&status=completed", "").await;
    let heard: ListScansRequest = fake.heard("ScanService/ListScans");
    assert_eq!((heard.page_size, heard.skip, heard.state()), (100, 100, ScanState::Completed));
    let expected = "{\"scans\":[\
        {\"id\":43,\"timestamp\":\"2025-11-14T10:30:00Z\",\"duration\":null,\"status\":\"running\",\
        \"title\":\"Production Network Scan\",\"config_file\":\"/app/configs/production.yaml\",\
        \"triggered_by\":\"scheduled\",\"started_at\":\"2025-11-14T10:30:00Z\",\"completed_at\":null},\
        {\"id\":42,\"timestamp\":\"2025-11-14T10:30:00Z\",\"duration\":125.5,\"status\":\"completed\",\
        \"title\":\"Production Network Scan\",\"config_file\":\"/app/configs/production.yaml\",\
        \"triggered_by\":\"manual\",\"started_at\":\"2025-11-14T10:30:00Z\",\
        \"completed_at\":\"2025-11-14T10:32:05Z\"}],\"total\":42,\"page\":2,\"per_page\":100,\"pages\":1}";
    assert_eq!(told(&answer), (200, expected));
}

#[tokio::test]
async fn bad_paging_is_refused_without_a_call() {
    let fake = Fake::default();
    for query in ["page=0", "per_page=0", "page=a", "page=-1"] {
        let answer = fake.signed("GET", &format!("/api/scans?{query}"), "").await;
        let expected = "{\"error\":\"Invalid pagination parameters\",\
            \"message\":\"Page and per_page must be positive integers\"}";
        assert_eq!(told(&answer), (400, expected), "{query}");
    }
    let answer = fake.signed("GET", "/api/scans?status=queued", "").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!("Invalid status")));
    assert_eq!(fake.calls(), 0);
}

/// A site as the document's sample has it.
fn site() -> Site {
    let version = |id, name: &str, support: TlsSupport, suites: &[&str]| TlsVersion {
        id,
        name: name.into(),
        support: support.into(),
        cipher_suites: suites.iter().map(|suite| (*suite).to_owned()).collect(),
    };
    let certificate = SiteCertificate {
        id: 501,
        subject: "CN=example.com".into(),
        issuer: "CN=Let's Encrypt Authority X3,O=Let's Encrypt,C=US".into(),
        serial_number: "123456789012345678901234567890".into(),
        not_valid_before: Some(time(1_735_689_600, 0)),
        not_valid_after: Some(time(1_743_551_999, 0)),
        days_until_expiry: 89,
        sans: vec!["example.com".into(), "www.example.com".into()],
        ..SiteCertificate::default()
    };
    let service = SiteService {
        id: 401,
        name: "https".into(),
        product: "nginx".into(),
        version: "1.24.0".into(),
        ostype: "Linux".into(),
        http_protocol: "https".into(),
        screenshot_path: "scan_report_20251114_103000_screenshots/192_168_1_10_443.png".into(),
        certificates: vec![certificate],
        tls_versions: vec![
            version(601, "TLS 1.2", TlsSupport::Supported, &["TLS_A", "TLS_B"]),
            version(602, "TLS 1.1", TlsSupport::NotSupported, &[]),
            version(603, "TLS 1.0", TlsSupport::Unknown, &[]),
        ],
        ..SiteService::default()
    };
    let port = SitePort {
        id: 301,
        port: 443,
        protocol: "tcp".into(),
        state: "open".into(),
        expected: true,
        service: Some(service),
        ..SitePort::default()
    };
    let closed = SitePort { id: 302, port: 22, state: "closed".into(), service: None, ..port.clone() };
    let host = SiteHost {
        id: 201,
        address: "192.168.1.10".into(),
        ping_expected: Some(true),
        ping_actual: None,
        ports: vec![closed, port],
        ..SiteHost::default()
    };
    Site { id: 101, name: "Production Web Servers".into(), hosts: vec![host] }
}

#[tokio::test]
async fn a_scan_is_shown_with_all_that_it_has_found() {
    let found = GetScanResultResponse { scan: Some(scan(ScanState::Completed)), sites: vec![site()] };
    let answer =
        Fake::default().says("ScanService/GetScanResult", [found]).signed("GET", "/api/scans/42", "").await;
    let tls = "[{\"id\":601,\"tls_version\":\"TLS 1.2\",\"supported\":true,\
        \"cipher_suites\":\"[\\\"TLS_A\\\", \\\"TLS_B\\\"]\"},\
        {\"id\":602,\"tls_version\":\"TLS 1.1\",\"supported\":false,\"cipher_suites\":\"[]\"},\
        {\"id\":603,\"tls_version\":\"TLS 1.0\",\"supported\":null,\"cipher_suites\":\"[]\"}]";
    let expected = format!(
        "{{\"id\":42,\"timestamp\":\"2025-11-14T10:30:00Z\",\"duration\":125.5,\"status\":\"completed\",\
         \"title\":\"Production Network Scan\",\"config_file\":\"/app/configs/production.yaml\",\
         \"json_path\":\"/app/output/scan_report_20251114_103000.json\",\
         \"html_path\":\"/app/output/scan_report_20251114_103000.html\",\
         \"zip_path\":\"/app/output/scan_report_20251114_103000.zip\",\
         \"screenshot_dir\":\"/app/output/scan_report_20251114_103000_screenshots\",\
         \"triggered_by\":\"manual\",\"started_at\":\"2025-11-14T10:30:00Z\",\
         \"completed_at\":\"2025-11-14T10:32:05Z\",\"error_message\":null,\
         \"sites\":[{{\"id\":101,\"site_name\":\"Production Web Servers\",\"ips\":[{{\"id\":201,\
         \"ip_address\":\"192.168.1.10\",\"ping_expected\":true,\"ping_actual\":null,\"ports\":[\
         {{\"id\":302,\"port\":22,\"protocol\":\"tcp\",\"expected\":true,\"state\":\"closed\",\"services\":[]}},\
         {{\"id\":301,\"port\":443,\"protocol\":\"tcp\",\"expected\":true,\"state\":\"open\",\"services\":[{{\
         \"id\":401,\"service_name\":\"https\",\"product\":\"nginx\",\"version\":\"1.24.0\",\"extrainfo\":null,\
         \"ostype\":\"Linux\",\"http_protocol\":\"https\",\
         \"screenshot_path\":\"scan_report_20251114_103000_screenshots/192_168_1_10_443.png\",\
         \"certificates\":[{{\"id\":501,\"subject\":\"CN=example.com\",\
         \"issuer\":\"CN=Let's Encrypt Authority X3,O=Let's Encrypt,C=US\",\
         \"serial_number\":\"123456789012345678901234567890\",\
         \"not_valid_before\":\"2025-01-01T00:00:00+00:00\",\"not_valid_after\":\"2025-04-01T23:59:59+00:00\",\
         \"days_until_expiry\":89,\"sans\":\"[\\\"example.com\\\", \\\"www.example.com\\\"]\",\
         \"is_self_signed\":false,\"tls_versions\":{tls}}}]}}]}}]}}]}}]}}"
    );
    assert_eq!(told(&answer), (200, expected.as_str()));
}

#[tokio::test]
async fn a_scan_that_runs_has_nulls_where_nothing_is_yet() {
    let found = GetScanResultResponse { scan: Some(scan(ScanState::Running)), sites: vec![] };
    let answer =
        Fake::default().says("ScanService/GetScanResult", [found]).signed("GET", "/api/scans/42", "").await;
    let body = answer.json();
    for name in
        ["duration", "json_path", "html_path", "zip_path", "screenshot_dir", "completed_at", "error_message"]
    {
        assert_eq!(body[name], json!(null), "{name}");
    }
    assert_eq!((&body["status"], &body["sites"]), (&json!("running"), &json!([])));
}

#[tokio::test]
async fn a_scan_is_polled() {
    let failed = Scan { error_message: "Config file not found: a.yaml".into(), ..scan(ScanState::Failed) };
    for (scan, completed_at, error_message) in [
        (scan(ScanState::Running), "null", "null"),
        (scan(ScanState::Completed), "\"2025-11-14T10:32:05Z\"", "null"),
        (failed, "\"2025-11-14T10:32:05Z\"", "\"Config file not found: a.yaml\""),
    ] {
        let status = super::super::fields::status(scan.state());
        let fake = Fake::default().says("ScanService/GetScan", [GetScanResponse { scan: Some(scan) }]);
        let answer = fake.signed("GET", "/api/scans/42/status", "").await;
        assert_eq!(fake.heard::<GetScanRequest>("ScanService/GetScan").id, 42);
        let expected = format!(
            "{{\"scan_id\":42,\"status\":\"{status}\",\"started_at\":\"2025-11-14T10:30:00Z\",\
             \"completed_at\":{completed_at},\"error_message\":{error_message}}}"
        );
        assert_eq!(told(&answer), (200, expected.as_str()));
    }
}

#[tokio::test]
async fn a_scan_is_deleted_and_stopped() {
    let stopped = StopScanResponse { scan: Some(scan(ScanState::Cancelled)) };
    let fake = Fake::default()
        .says("ScanService/DeleteScan", [DeleteScanResponse {}])
        .says("ScanService/StopScan", [stopped]);
    let answer = fake.signed("DELETE", "/api/scans/42", "").await;
    assert_eq!(told(&answer), (200, "{\"message\":\"Scan 42 deleted successfully\"}"));
    assert_eq!(fake.heard::<DeleteScanRequest>("ScanService/DeleteScan").id, 42);
    let answer = fake.signed("POST", "/api/scans/42/stop", "").await;
    assert_eq!(
        told(&answer),
        (200, "{\"scan_id\":42,\"status\":\"cancelled\",\"message\":\"Scan stop requested\"}")
    );
}

#[tokio::test]
async fn a_scan_that_nobody_has_is_named() {
    let methods = [
        "ScanService/GetScan",
        "ScanService/GetScanResult",
        "ScanService/DeleteScan",
        "ScanService/StopScan",
        "ScanService/CompareScans",
    ]
    .into_iter();
    let fake = methods
        .fold(Fake::default(), |fake, method| fake.refuses(method, Code::NotFound, Reason::ScanNotFound));
    for (method, path) in [
        ("GET", "/api/scans/42"),
        ("GET", "/api/scans/42/status"),
        ("DELETE", "/api/scans/42"),
        ("POST", "/api/scans/42/stop"),
        ("GET", "/api/scans/41/compare/42"),
    ] {
        let answer = fake.signed(method, path, "").await;
        let expected = "{\"error\":\"Scan not found\",\"message\":\"Scan with ID 42 does not exist\"}";
        assert_eq!(told(&answer), (404, expected), "{method} {path}");
    }
    let answer = fake.signed("GET", "/api/scans/99999999999999999999", "").await;
    assert_eq!(answer.json()["message"], "Scan with ID 99999999999999999999 does not exist");
}

#[tokio::test]
async fn two_scans_are_compared() {
    let change = |kind: ChangeKind, port| Change {
        kind: kind.into(),
        site: "web".into(),
        address: "192.0.2.1".into(),
        port,
        protocol: "tcp".into(),
        before: if kind == ChangeKind::Added { String::new() } else { "open".into() },
        after: if kind == ChangeKind::Removed { String::new() } else { "open".into() },
    };
    let changes = vec![
        change(ChangeKind::Added, 80),
        change(ChangeKind::Removed, 22),
        change(ChangeKind::Changed, 443),
    ];
    let ports = Some(Changes { changes, unchanged: 5 });
    let compared = CompareScansResponse { ports, drift_score: 0.25, ..CompareScansResponse::default() };
    let fake = Fake::default().says("ScanService/CompareScans", [compared]);
    let body = fake.signed("GET", "/api/scans/41/compare/42", "").await.json();
    assert_eq!(
        (&body["scan1_id"], &body["scan2_id"], &body["drift_score"]),
        (&json!(41), &json!(42), &json!(0.25))
    );
    let side = |port: u32, before: Option<&str>, after: Option<&str>| {
        json!([{ "site_name": "web", "ip_address": "192.0.2.1", "port": port, "protocol": "tcp",
            "before": before, "after": after }])
    };
    assert_eq!(
        body["ports"],
        json!({
            "added": side(80, None, Some("open")),
            "removed": side(22, Some("open"), None),
            "changed": side(443, Some("open"), Some("open")),
            "unchanged": 5,
        })
    );
    assert_eq!(body["services"], json!({ "added": [], "removed": [], "changed": [], "unchanged": 0 }));
}

fn setting(key: &str, kind: Kind) -> Setting {
    Setting { key: key.into(), value: Some(Value { kind: Some(kind) }), is_secret: false }
}

#[tokio::test]
async fn settings_are_told_in_their_order() {
    let settings = vec![
        setting("smtp_server", Kind::StringValue("smtp.gmail.com".into())),
        setting("smtp_port", Kind::NumberValue(587.0)),
        setting("app_password", Kind::StringValue("********".into())),
        setting("smtp_password", Kind::NullValue(0)),
    ];
    let fake = Fake::default().says("SettingService/ListSettings", [ListSettingsResponse { settings }]);
    let answer = fake.signed("GET", "/api/settings", "").await;
    let expected = "{\"smtp_server\":\"smtp.gmail.com\",\"smtp_port\":587,\"app_password\":\"********\",\
        \"smtp_password\":null}";
    assert_eq!(told(&answer), (200, expected));
}

#[tokio::test]
async fn a_setting_is_updated() {
    let updated = setting("smtp_server", Kind::StringValue("smtp.example.com".into()));
    let updated = UpdateSettingResponse { setting: Some(updated) };
    let fake = Fake::default().says("SettingService/UpdateSetting", [updated]);
    let answer = fake.signed("PUT", "/api/settings/smtp_server", "{\"value\":\"smtp.example.com\"}").await;
    assert_eq!(
        told(&answer),
        (
            200,
            "{\"message\":\"Setting updated successfully\",\"key\":\"smtp_server\",\"value\":\"smtp.example.com\"}"
        )
    );
    let heard: UpdateSettingRequest = fake.heard("SettingService/UpdateSetting");
    let value = heard.value.and_then(|value| value.kind);
    assert_eq!(
        (heard.key.as_str(), value),
        ("smtp_server", Some(Kind::StringValue("smtp.example.com".into())))
    );
    for body in ["", "{}", "{\"Value\":1}"] {
        let answer = fake.signed("PUT", "/api/settings/smtp_server", body).await;
        assert_eq!(told(&answer), (400, "{\"error\":\"Missing required field: value\"}"), "{body}");
    }
    for (code, reason, status, error) in [
        (Code::NotFound, Reason::SettingNotFound, 404, "Setting not found"),
        (Code::InvalidArgument, Reason::SettingInvalid, 400, "Invalid setting value"),
    ] {
        let fake = Fake::default().refuses("SettingService/UpdateSetting", code, reason);
        let answer = fake.signed("PUT", "/api/settings/x", "{\"value\":1}").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (status, &json!(error)));
    }
}
