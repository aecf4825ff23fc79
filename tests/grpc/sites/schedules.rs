//! Schedules: made, changed, come due, deleted; and what is told of scans in numbers.

use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{
        CreateScheduleRequest, DeleteConfigRequest, DeleteScheduleRequest, GetScanHistoryRequest,
        GetScanTrendRequest, GetScheduleRequest, GetSummaryRequest, ListSchedulesRequest,
        PreviewScheduleRequest, ScanState, ScanTrigger, Schedule, TriggerScheduleRequest,
        UpdateScheduleRequest, create_schedule_request::Config, schedule,
    },
};
use atalaya_tests::{House, Person, failure, wait::until};
use prost_types::Timestamp;
use tonic::Status;

use super::{each, ended, put, scan, staged};

const SITE: &str = "title: A site\ntcp_ports: 80\nsites: [{name: All, cidr: 10.0.0.1/32}]\n";

fn new(cron: &str) -> CreateScheduleRequest {
    CreateScheduleRequest {
        name: "Nightly".into(),
        config: Some(Config::ConfigName("site".into())),
        cron: cron.into(),
        time_zone: "Europe/Berlin".into(),
        disabled: false,
    }
}

async fn create(who: &Person, request: CreateScheduleRequest) -> Result<Schedule, Status> {
    let made = who.calls.schedules().create_schedule(request).await?.into_inner();
    Ok(made.schedule.expect("a schedule"))
}

async fn update(who: &Person, request: UpdateScheduleRequest) -> Result<Schedule, Status> {
    let changed = who.calls.schedules().update_schedule(request).await?.into_inner();
    Ok(changed.schedule.expect("a schedule"))
}

/// A schedule with the numbers of its scans.
async fn get(who: &Person, id: i64) -> Result<(Schedule, Vec<i64>), Status> {
    let found = who.calls.schedules().get_schedule(GetScheduleRequest { id }).await?.into_inner();
    Ok((found.schedule.expect("a schedule"), found.scans.iter().map(|scan| scan.id).collect()))
}

fn seconds(time: Option<Timestamp>) -> i64 {
    time.expect("a time").seconds
}

/// Lets a schedule be due since an hour, and wakes whoever begins its scans by a change.
async fn make_due(house: &House, who: &Person, id: i64) {
    let hour = 3_600_000;
    let (schedule, _) = get(who, id).await.expect("a schedule");
    let now = seconds(schedule.update_time) * 1000;
    house
        .database()
        .write(&format!("UPDATE scan_schedules SET next_run = {} WHERE id = {id}", now - hour))
        .await;
    let request = UpdateScheduleRequest { id, enabled: Some(true), ..Default::default() };
    update(who, request).await.expect("a change");
}

#[tokio::test]
async fn a_schedule_is_made_seen_changed_and_deleted() {
    let (_, plan) = staged();
    each(&plan, async |house, operator| {
        put(operator, "site", SITE).await;
        let made = create(operator, new("30 2 * * mon-fri")).await.expect("a schedule");
        assert_eq!((made.cron.as_str(), made.time_zone.as_str()), ("30 2 * * MON-FRI", "Europe/Berlin"));
        assert_eq!(made.config, Some(schedule::Config::ConfigName("site".into())));
        assert!(
            made.enabled && seconds(made.next_run) > seconds(made.create_time) && made.last_run.is_none()
        );
        assert_eq!(get(operator, made.id).await.expect("a schedule"), (made.clone(), vec![]));
        let off = UpdateScheduleRequest { id: made.id, enabled: Some(false), ..Default::default() };
        let off = update(operator, off).await.expect("a change");
        assert_eq!((off.enabled, off.next_run, off.name.as_str()), (false, None, "Nightly"));
        let other = create(operator, CreateScheduleRequest { time_zone: String::new(), ..new("0 0 * * *") });
        let other = other.await.expect("a schedule");
        assert_eq!(other.time_zone, "UTC");
        let list = async |enabled| {
            let request = ListSchedulesRequest { enabled, ..Default::default() };
            let answer =
                operator.calls.schedules().list_schedules(request).await.expect("a list").into_inner();
            (answer.schedules.iter().map(|one| one.id).collect::<Vec<_>>(), answer.total_size)
        };
        assert_eq!(list(None).await, (vec![made.id, other.id], 2));
        assert_eq!(list(Some(true)).await, (vec![other.id], 1));
        assert_eq!(list(Some(false)).await, (vec![made.id], 1));
        for id in [made.id, other.id] {
            operator
                .calls
                .schedules()
                .delete_schedule(DeleteScheduleRequest { id })
                .await
                .expect("it is deleted");
        }
        let gone = failure(get(operator, made.id).await);
        assert_eq!((gone.reason, gone.metadata["id"].as_str()), (Some(Reason::ScheduleNotFound), "1"));
        let log = house.database().audited(&made.id.to_string()).await;
        for action in ["scan_schedule.create", "scan_schedule.update", "scan_schedule.delete"] {
            assert!(log.iter().any(|entry| entry.contains(action)), "{action}: {log:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_schedule_is_refused_with_what_is_wrong() {
    let (_, plan) = staged();
    each(&plan, async |_, operator| {
        put(operator, "site", SITE).await;
        for (request, field) in [
            (new("* * * *"), "cron"),
            (new("61 * * * *"), "cron"),
            (new("@reboot"), "cron"),
            (new("0 0 30 2 *"), "cron"),
            (CreateScheduleRequest { time_zone: "Europe/Atlantis".into(), ..new("0 0 * * *") }, "time_zone"),
            (CreateScheduleRequest { name: "a\u{202e}b".into(), ..new("0 0 * * *") }, "name"),
        ] {
            let refused = failure(create(operator, request.clone()).await);
            assert_eq!(refused.reason, Some(Reason::ScheduleInvalid), "{request:?}");
            assert_eq!(refused.metadata["field"], field, "{request:?}");
            assert!(!refused.metadata["detail"].is_empty());
        }
        for (config, reason) in [
            (None, Reason::RequestInvalid),
            (Some(Config::ConfigName("none".into())), Reason::ScanConfigNotFound),
            (Some(Config::ConfigFile("../site.yaml".into())), Reason::ScanConfigInvalid),
        ] {
            let request = CreateScheduleRequest { config, ..new("0 0 * * *") };
            assert_eq!(failure(create(operator, request).await).reason, Some(reason));
        }
        let preview = async |cron: &str, count| {
            let request = PreviewScheduleRequest { cron: cron.into(), time_zone: String::new(), count };
            operator.calls.schedules().preview_schedule(request).await
        };
        let runs = preview("0 12 * * *", 3).await.expect("times").into_inner().runs;
        assert_eq!(runs.len(), 3);
        assert!(runs.windows(2).all(|two| two[1].seconds - two[0].seconds == 86_400), "{runs:?}");
        assert_eq!(preview("* * * * *", 0).await.expect("times").into_inner().runs.len(), 5);
        for count in [-1, 51] {
            assert_eq!(failure(preview("* * * * *", count).await).reason, Some(Reason::ScheduleInvalid));
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_due_is_scanned_once_and_its_scans_outlive_it() {
    let (world, plan) = staged();
    world.ports.open("10.0.0.1:80");
    each(&plan, async |house, operator| {
        put(operator, "site", SITE).await;
        let admin = house.admin().await;
        let made = create(&admin, new("0 * * * *")).await.expect("a schedule");
        make_due(house, &admin, made.id).await;
        let begun = until("its scan", async || {
            let (schedule, scans) = get(operator, made.id).await.expect("a schedule");
            scans.first().map(|scan| (schedule, *scan))
        });
        let (due, id) = begun.await;
        let (scan, _) = ended(operator, id).await;
        assert_eq!((scan.state(), scan.trigger()), (ScanState::Completed, ScanTrigger::Scheduled));
        let of = scan.schedule.expect("its schedule");
        assert_eq!((of.id, of.name.as_str()), (made.id, "Nightly"));
        assert_eq!((due.last_scan_id, due.last_problem.as_str()), (id, ""));
        assert!(seconds(due.next_run) > seconds(due.last_run), "{due:?}");
        let report = std::fs::read_to_string(&scan.files.expect("reports").json_path).expect("a report");
        assert!(
            report.contains("\"triggered_by\": \"scheduled\"")
                || report.contains("\"triggered_by\":\"scheduled\"")
        );
        let request = TriggerScheduleRequest { id: made.id };
        let by_hand =
            operator.calls.schedules().trigger_schedule(request).await.expect("a scan").into_inner();
        let by_hand = by_hand.scan.expect("a scan");
        assert_eq!((by_hand.trigger(), by_hand.schedule), (ScanTrigger::Manual, Some(of.clone())));
        ended(operator, by_hand.id).await;
        assert_eq!(get(operator, made.id).await.expect("a schedule").1, [by_hand.id, id]);
        // What is used stays.
        let name = || DeleteConfigRequest { name: "site".into() };
        let used = failure(operator.calls.scan_configs().delete_config(name()).await);
        assert_eq!((used.reason, used.metadata["name"].as_str()), (Some(Reason::ScanConfigInUse), "site"));
        let request = DeleteScheduleRequest { id: made.id };
        operator.calls.schedules().delete_schedule(request).await.expect("it is deleted");
        operator.calls.scan_configs().delete_config(name()).await.expect("nobody uses it");
        assert_eq!(super::get(operator, id).await.expect("it stays").schedule, Some(of));
    })
    .await;
}

#[tokio::test]
async fn scans_are_told_in_numbers() {
    let (world, plan) = staged();
    world.ports.open("10.0.0.1:80");
    each(&plan, async |_, operator| {
        put(operator, "site", SITE).await;
        put(operator, "other", SITE).await;
        let (first, _) = scan(operator, "site").await;
        let (second, _) = scan(operator, "site").await;
        scan(operator, "other").await;
        create(operator, new("0 0 * * *")).await.expect("a schedule");
        let stats = || operator.calls.scan_stats();
        let summary = stats().get_summary(GetSummaryRequest {}).await.expect("figures").into_inner();
        assert_eq!((summary.total_scans, summary.completed_scans, summary.recent_scans), (3, 3, 3));
        assert_eq!((summary.running_scans, summary.failed_scans, summary.cancelled_scans), (0, 0, 0));
        assert_eq!((summary.schedules, summary.enabled_schedules), (1, 1));
        assert!(summary.next_run.is_some());
        let trend = async |days| stats().get_scan_trend(GetScanTrendRequest { days }).await;
        let days = trend(7).await.expect("days").into_inner().days;
        assert_eq!((days.len(), days.iter().map(|day| day.scans).sum::<i32>()), (7, 3));
        let is_sorted = days.windows(2).all(|two| two[0].date < two[1].date);
        assert!(is_sorted && days.iter().all(|day| day.date.len() == 10), "{days:?}");
        assert_eq!(trend(0).await.expect("days").into_inner().days.len(), 30);
        for days in [-1, 366] {
            assert_eq!(failure(trend(days).await).reason, Some(Reason::RequestInvalid));
        }
        let history = async |id, limit| stats().get_scan_history(GetScanHistoryRequest { id, limit }).await;
        let told = history(first.id, 0).await.expect("a history").into_inner();
        let ids: Vec<i64> = told.points.iter().map(|point| point.id).collect();
        assert_eq!((told.config.as_str(), ids), ("site", vec![first.id, second.id]));
        assert_eq!((told.points[0].open_ports, told.points[0].title.as_str()), (1, "A site"));
        let last = history(first.id, 1).await.expect("a history").into_inner();
        assert_eq!(last.points.iter().map(|point| point.id).collect::<Vec<_>>(), [second.id]);
        assert_eq!(failure(history(9999, 1).await).reason, Some(Reason::ScanNotFound));
        assert_eq!(failure(history(first.id, 101).await).reason, Some(Reason::RequestInvalid));
    })
    .await;
}
