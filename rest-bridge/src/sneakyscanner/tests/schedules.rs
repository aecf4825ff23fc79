//! Schedules and figures, as bodies come and go.

use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{
        CreateScheduleRequest, CreateScheduleResponse, GetScanHistoryRequest, GetScanHistoryResponse,
        GetScanTrendRequest, GetScanTrendResponse, ListSchedulesRequest, ListSchedulesResponse, Scan,
        ScanDay, ScanPoint, Schedule, TriggerScheduleResponse, UpdateScheduleRequest, UpdateScheduleResponse,
        create_schedule_request, schedule::Config, update_schedule_request,
    },
};
use http::header::{CONTENT_TYPE, COOKIE};
use prost_types::Timestamp;
use serde_json::json;
use tonic::Code;

use super::{
    NEW_SCHEDULE,
    fake::{Fake, SESSION, ask},
};

const CREATE: &str = "ScheduleService/CreateSchedule";
const UPDATE: &str = "ScheduleService/UpdateSchedule";
const LIST: &str = "ScheduleService/ListSchedules";

fn schedule() -> Schedule {
    Schedule {
        id: 7,
        name: "Nightly".into(),
        config: Some(Config::ConfigName("site".into())),
        cron: "0 2 * * *".into(),
        time_zone: "UTC".into(),
        enabled: true,
        next_run: Some(Timestamp { seconds: 1_763_172_000, nanos: 0 }),
        last_problem: "its scan 42 had not ended".into(),
        ..Schedule::default()
    }
}

#[tokio::test]
async fn a_schedule_is_made_of_a_file_or_of_a_name() {
    use create_schedule_request::Config as New;
    let fake = Fake::default().says(CREATE, [CreateScheduleResponse { schedule: Some(schedule()) }]);
    let answer = fake.signed("POST", "/api/schedules", NEW_SCHEDULE).await;
    assert_eq!(answer.status, 201);
    assert_eq!(
        answer.json(),
        json!({
            "schedule_id": 7,
            "message": "Schedule created successfully",
            "schedule": {
                "id": 7,
                "name": "Nightly",
                "config_file": null,
                "config_name": "site",
                "cron_expression": "0 2 * * *",
                "timezone": "UTC",
                "enabled": true,
                "next_run": "2025-11-15T02:00:00Z",
                "last_run": null,
                "last_scan_id": null,
                "last_error": "its scan 42 had not ended",
                "created_at": null,
                "updated_at": null,
            },
        })
    );
    let heard: CreateScheduleRequest = fake.heard(CREATE);
    assert_eq!(heard.config, Some(New::ConfigFile("a.yaml".into())));
    assert_eq!((heard.cron.as_str(), heard.time_zone.as_str(), heard.disabled), ("0 2 * * *", "", false));
    let body = json!({
        "name": "n", "config_name": "site", "config_file": null, "cron_expression": "* * * * *",
        "timezone": "Asia/Tokyo", "enabled": false,
    });
    fake.signed("POST", "/api/schedules", body.to_string()).await;
    let heard: CreateScheduleRequest = fake.heard(CREATE);
    assert_eq!(heard.config, Some(New::ConfigName("site".into())));
    assert_eq!((heard.time_zone.as_str(), heard.disabled), ("Asia/Tokyo", true));
}

#[tokio::test]
async fn a_body_that_is_no_schedule_is_refused_without_a_call() {
    let fake = Fake::default();
    for (body, error) in [
        (json!({}), "Missing required field: name"),
        (json!({ "name": "n" }), "Missing required field: config_file"),
        (json!({ "name": "n", "config_file": "a" }), "Missing required field: cron_expression"),
        (json!({ "name": 7, "config_file": "a", "cron_expression": "* * * * *" }), "Invalid schedule"),
        (json!({ "name": "n", "config_file": "a", "config_name": "b" }), "Invalid schedule"),
        (
            json!({ "name": "n", "config_file": "a", "cron_expression": "* * * * *", "enabled": "yes" }),
            "Invalid schedule",
        ),
    ] {
        let answer = fake.signed("POST", "/api/schedules", body.to_string()).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!(error)), "{body}");
    }
    for query in ["page=0", "per_page=x", "enabled=perhaps"] {
        assert_eq!(fake.signed("GET", &format!("/api/schedules?{query}"), "").await.status, 400, "{query}");
    }
    for path in [
        "/api/stats/scan-trend?days=0",
        "/api/stats/scan-trend?days=x",
        "/api/stats/scan-history/1?limit=101",
    ] {
        assert_eq!(fake.signed("GET", path, "").await.status, 400, "{path}");
    }
    let answer = fake.signed("GET", "/api/schedules/99999999999999999999", "").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (404, &json!("Schedule not found")));
    assert_eq!(fake.calls(), 0);
}

#[tokio::test]
async fn only_what_is_said_is_changed() {
    use update_schedule_request::Config as New;
    let fake = Fake::default().says(UPDATE, [UpdateScheduleResponse { schedule: Some(schedule()) }]);
    let answer = fake.signed("PUT", "/api/schedules/7", "{\"enabled\":false,\"name\":null}").await;
    assert_eq!((answer.status.as_u16(), &answer.json()["schedule"]["id"]), (200, &json!(7)));
    let heard: UpdateScheduleRequest = fake.heard(UPDATE);
    assert_eq!(heard, UpdateScheduleRequest { id: 7, enabled: Some(false), ..Default::default() });
    let body = "{\"config_file\":\"b.yaml\",\"cron_expression\":\"1 2 3 4 5\",\"timezone\":\"\"}";
    fake.signed("PUT", "/api/schedules/7", body).await;
    let heard: UpdateScheduleRequest = fake.heard(UPDATE);
    assert_eq!(heard.config, Some(New::ConfigFile("b.yaml".into())));
    assert_eq!((heard.cron.as_deref(), heard.time_zone.as_deref()), (Some("1 2 3 4 5"), Some("")));
    let refused = Fake::default().refuses(UPDATE, Code::InvalidArgument, Reason::ScheduleInvalid);
    let answer = refused.signed("PUT", "/api/schedules/7", "{}").await;
    let told = json!({ "error": "Invalid schedule", "message": "the server's words" });
    assert_eq!((answer.status.as_u16(), answer.json()), (400, told));
}

#[tokio::test]
async fn schedules_are_listed_in_pages_with_or_without_a_filter() {
    let page = || ListSchedulesResponse { schedules: vec![schedule()], total_size: 41 };
    let fake = Fake::default().says(LIST, [page()]);
    for (query, expected) in [
        ("", (20, 0, None)),
        ("?page=2&per_page=200&enabled=true", (100, 100, Some(true))),
        ("?enabled=False&status=nonsense", (20, 0, Some(false))),
    ] {
        let answer = fake.signed("GET", &format!("/api/schedules{query}"), "").await;
        assert_eq!((answer.status.as_u16(), &answer.json()["total"]), (200, &json!(41)), "{query}");
        let heard: ListSchedulesRequest = fake.heard(LIST);
        assert_eq!((heard.page_size, heard.skip, heard.enabled), expected, "{query}");
    }
}

#[tokio::test]
async fn figures_are_rows_for_charts() {
    let day = |date: &str, scans| ScanDay { date: date.into(), scans, ..ScanDay::default() };
    let trend = GetScanTrendResponse { days: vec![day("2025-11-13", 0), day("2025-11-14", 3)] };
    let point = ScanPoint {
        id: 42,
        title: "A site".into(),
        start_time: Some(Timestamp { seconds: 1_763_116_200, nanos: 5 }),
        hosts_up: 3,
        open_ports: 15,
        findings: 2,
    };
    let history = GetScanHistoryResponse { config: "site".into(), points: vec![point] };
    let fake = Fake::default()
        .says("StatsService/GetScanTrend", [trend])
        .says("StatsService/GetScanHistory", [history]);
    let told = fake.signed("GET", "/api/stats/scan-trend?days=2", "").await.json();
    assert_eq!(
        told,
        json!({
            "labels": ["2025-11-13", "2025-11-14"], "values": [0, 3], "start_date": "2025-11-13",
            "end_date": "2025-11-14", "total_scans": 3,
        })
    );
    let heard: GetScanTrendRequest = fake.heard("StatsService/GetScanTrend");
    assert_eq!(heard.days, 2);
    let told = fake.signed("GET", "/api/stats/scan-history/42?limit=3", "").await.json();
    assert_eq!(
        told,
        json!({
            "config_file": "site",
            "scans": [{
                "id": 42, "timestamp": "2025-11-14T10:30:00Z", "title": "A site", "host_count": 3,
                "port_count": 15, "findings": 2,
            }],
            "labels": ["2025-11-14T10:30:00Z"],
            "port_counts": [15],
        })
    );
    let heard: GetScanHistoryRequest = fake.heard("StatsService/GetScanHistory");
    assert_eq!((heard.id, heard.limit), (42, 3));
}

#[tokio::test]
async fn the_page_shows_schedules_and_its_forms_do_what_they_say() {
    let hostile = Schedule { name: "<script>\"'".into(), last_problem: "<b>".into(), ..schedule() };
    let fake = Fake::default()
        .says(LIST, [ListSchedulesResponse { schedules: vec![hostile], total_size: 41 }])
        .says(CREATE, [CreateScheduleResponse { schedule: Some(schedule()) }])
        .says(UPDATE, [UpdateScheduleResponse { schedule: Some(schedule()) }])
        .says(
            "ScheduleService/TriggerSchedule",
            [TriggerScheduleResponse { scan: Some(Scan { id: 43, ..Scan::default() }) }],
        )
        .says("ScheduleService/DeleteSchedule", [()]);
    let page = fake.signed("GET", "/schedules?page=2", "").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    for words in ["0 2 * * *", "2025-11-15 02:00:00Z", "/schedules/7/trigger", "Disable", "?page=3&amp;"] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    assert!(!page.text.contains("<script") && !page.text.contains("<b>"));
    let form = async |path: &str, body: &'static str| {
        let request = ask("POST", path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = fake.send(request.header(COOKIE, SESSION), body).await;
        assert_eq!(answer.status, 302, "{path}");
        answer.header("location").to_owned()
    };
    let new = "name=Nightly&config_file=a.yaml&cron_expression=0+2+*+*+*&timezone=";
    assert_eq!(form("/schedules", new).await, "/schedules");
    let heard: CreateScheduleRequest = fake.heard(CREATE);
    assert_eq!((heard.cron.as_str(), heard.disabled), ("0 2 * * *", false));
    assert_eq!(form("/schedules/7/trigger", "").await, "/scans/43");
    for (body, enabled) in [("enabled=on", true), ("enabled=off", false)] {
        assert_eq!(form("/schedules/7/switch", body).await, "/schedules");
        let heard: UpdateScheduleRequest = fake.heard(UPDATE);
        assert_eq!(heard, UpdateScheduleRequest { id: 7, enabled: Some(enabled), ..Default::default() });
    }
    assert_eq!(form("/schedules/7/delete", "").await, "/schedules");
}
