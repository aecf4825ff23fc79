//! The pages behind the door: the scans, one of them, its reports.

use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{
        DownloadReportRequest, DownloadReportResponse, GetScanResponse, ListScansResponse, ReportFormat,
        Scan, ScanCounts, ScanProgress, ScanState, StartScanRequest, StartScanResponse, StopScanResponse,
        start_scan_request::Config,
    },
};
use http::header::{CONTENT_TYPE, COOKIE};
use tonic::Code;

use super::{
    fake::{Answer, Fake, SESSION, ask},
    operations::scan,
};

const LIST: &str = "ScanService/ListScans";
const GET: &str = "ScanService/GetScan";
const REPORT: &str = "ScanService/DownloadReport";
const HOSTILE: &str = "<script>alert(1)</script>\"'";

fn listing(scans: Vec<Scan>, total_size: i32) -> Fake {
    Fake::default().says(LIST, [ListScansResponse { scans, total_size }])
}

async fn form(fake: &Fake, path: &str, body: &'static str) -> Answer {
    let request = ask("POST", path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    fake.send(request.header(COOKIE, SESSION), body).await
}

#[tokio::test]
async fn all_scans_are_shown_with_ways_to_them_and_to_other_pages() {
    let counts = Some(ScanCounts { hosts_up: 3, open_ports: 15, findings: 2 });
    let hostile = Scan { title: HOSTILE.into(), counts, ..scan(ScanState::Completed) };
    for path in ["/dashboard?page=2", "/scans?page=2"] {
        let answer =
            listing(vec![hostile.clone(), scan(ScanState::Running)], 60).signed("GET", path, "").await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (200, "text/html; charset=utf-8")
        );
        for words in [
            "href=\"/scans/42\"",
            "completed",
            "running",
            "125.5",
            ">15<",
            "page=1&amp;",
            "page=3&amp;",
            "http-equiv=\"refresh\"",
        ] {
            assert!(answer.text.contains(words), "{path}: {words}");
        }
        assert!(!answer.text.contains("<script") && answer.text.contains("&lt;script&gt;"));
    }
    let answer = listing(vec![], 0).signed("GET", "/dashboard", "").await;
    assert!(answer.text.contains("There are none here") && !answer.text.contains("<table"));
    let answer = listing(vec![], 0).signed("GET", "/dashboard?page=0", "").await;
    assert!(answer.status == 400 && answer.text.contains("Invalid pagination parameters"));
}

#[tokio::test]
async fn a_finished_scan_shows_its_report_in_place() {
    let fake = Fake::default().says(GET, [GetScanResponse { scan: Some(scan(ScanState::Completed)) }]);
    let answer = fake.signed("GET", "/scans/42", "").await;
    for end in ["html", "json", "zip"] {
        assert!(
            answer.text.contains(&format!("<a href=\"/output/scan_report_20251114_103000.{end}\">")),
            "{end}"
        );
    }
    assert!(answer.text.contains("<iframe src=\"/output/scan_report_20251114_103000.html\""));
    assert!(!answer.text.contains("http-equiv"));
}

#[tokio::test]
async fn a_running_scan_is_looked_at_again_and_can_be_stopped() {
    let progress =
        Some(ScanProgress { permille: 420, hosts_done: 2, hosts_total: 5, ..ScanProgress::default() });
    let running = Scan { progress, ..scan(ScanState::Running) };
    let fake = Fake::default().says(GET, [GetScanResponse { scan: Some(running) }]);
    let answer = fake.signed("GET", "/scans/42", "").await;
    for words in ["http-equiv=\"refresh\"", "value=\"420\"", "2 of 5 hosts", "action=\"/scans/42/stop\""] {
        assert!(answer.text.contains(words), "{words}");
    }
    let fake =
        fake.says("ScanService/StopScan", [StopScanResponse { scan: Some(scan(ScanState::Cancelled)) }]);
    let answer = form(&fake, "/scans/42/stop", "").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/scans/42"));
}

#[tokio::test]
async fn a_failed_scan_says_why_and_its_words_are_only_words() {
    let failed = Scan { error_message: HOSTILE.into(), config: HOSTILE.into(), ..scan(ScanState::Failed) };
    let fake = Fake::default().says(GET, [GetScanResponse { scan: Some(failed) }]);
    let answer = fake.signed("GET", "/scans/42", "").await;
    assert!(answer.text.contains("class=\"notice\"") && !answer.text.contains("<script"));
}

#[tokio::test]
async fn a_scan_is_begun_from_its_page() {
    let fake = Fake::default()
        .says("ScanService/StartScan", [StartScanResponse { scan: Some(scan(ScanState::Running)) }]);
    let answer = form(&fake, "/scans", "config_file=example-site.yaml").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/scans/42"));
    let heard: StartScanRequest = fake.heard("ScanService/StartScan");
    assert_eq!(heard.config, Some(Config::ConfigFile("example-site.yaml".into())));
    assert_eq!(form(&fake, "/scans", "config_file=").await.status, 400);
}

#[tokio::test]
async fn a_scan_that_nobody_has_is_a_page_or_json_as_is_asked() {
    let fake = Fake::default().refuses(GET, Code::NotFound, Reason::ScanNotFound);
    let ask = |accept| ask("GET", "/scans/42").header(COOKIE, SESSION).header("accept", accept);
    let page = fake.send(ask("text/html"), "").await;
    assert!(page.status == 404 && page.text.contains("<p>Scan with ID 42 does not exist</p>"));
    assert_eq!((page.header(CONTENT_TYPE), page.header("vary")), ("text/html; charset=utf-8", "accept"));
    let json = fake.send(ask("application/json"), "").await;
    let told = "{\"error\":\"Scan not found\",\"message\":\"Scan with ID 42 does not exist\"}";
    assert_eq!((json.status.as_u16(), json.text.as_str()), (404, told));
}

#[tokio::test]
async fn a_stale_session_leads_a_browser_to_the_door() {
    let fake = Fake::default().refuses(LIST, Code::Unauthenticated, Reason::NotAuthenticated);
    let answer = fake.signed("GET", "/dashboard", "").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (302, "/auth/login?next=/dashboard"));
}

#[tokio::test]
async fn a_report_is_found_by_its_name_and_does_nothing() {
    let piece = |chunk: &[u8]| DownloadReportResponse {
        name: "scan_report_20251114_103000.html".into(),
        content_type: "text/html; charset=utf-8".into(),
        chunk: chunk.to_vec(),
    };
    let fake = listing(vec![scan(ScanState::Running), scan(ScanState::Completed)], 2)
        .says(REPORT, [piece(b"<!doctype"), piece(b" html>")]);
    let answer = fake.signed("GET", "/output/scan_report_20251114_103000.html", "").await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, "<!doctype html>"));
    assert_eq!(answer.header(CONTENT_TYPE), "text/html; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "inline; filename=\"scan_report_20251114_103000.html\"");
    assert_eq!(
        (answer.header("x-frame-options"), answer.header("x-content-type-options")),
        ("SAMEORIGIN", "nosniff")
    );
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; ")
            && policy.contains("sandbox")
            && !policy.contains("script")
    );
    let heard: DownloadReportRequest = fake.heard(REPORT);
    assert_eq!((heard.scan_id, heard.format()), (42, ReportFormat::Html));
    let answer = fake.signed("GET", "/output/scan_report_20251114_103000.zip", "").await;
    assert!(answer.header("content-disposition").starts_with("attachment; "));
}

#[tokio::test]
async fn what_is_no_reports_name_is_not_found() {
    let fake = listing(vec![scan(ScanState::Completed)], 1);
    for name in [
        "scan_report_20251114_103001.html",
        "scan_report_20251114_103000.csv",
        ".html",
        "x",
        "a%0ab.html",
        "..%2Fscan_report_20251114_103000.html",
    ] {
        let answer = fake.signed("GET", &format!("/output/{name}"), "").await;
        assert!(answer.status == 404 && answer.text.contains("Report not found"), "{name}");
    }
}
