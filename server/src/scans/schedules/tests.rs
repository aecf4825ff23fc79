//! Schedules under simulated time, on each database.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use chrono::DateTime;
use tempfile::TempDir;

use super::{
    error::Error,
    model::{Change, Draft, Id, Last, MAX_SCHEDULES, Schedule},
    service::Service,
    store,
};
use crate::{
    auth::{Origin, SiteOperator, Surveyor},
    clock::{self, ManualClock},
    db::{Db, testing},
    page::Page,
    scans::{
        self, configs,
        model::{End, Planned, Scan, Source, State, Trigger},
        service::Folders,
        site_config::files::Folder,
    },
    tasks::Queue,
};

const YAML: &str = "title: A site\nsites: [{name: All, cidr: 192.0.2.1/32}]";

fn at(text: &str) -> SystemTime {
    let time = DateTime::parse_from_rfc3339(text).expect("a time");
    clock::from_millis(time.timestamp_millis())
}

fn operator() -> Surveyor {
    Surveyor::Operator(SiteOperator::new(uuid::Uuid::nil(), Origin::NONE))
}

/// The services of a server, with a clock of the test's.
struct Office {
    clock: Arc<ManualClock>,
    configs: configs::Service,
    scans: scans::Service,
    schedules: Service,
    folder: Arc<TempDir>,
}

impl Office {
    /// With the stored configuration `site`, on the evening before a Friday.
    async fn open(db: &Db) -> Self {
        let office = Self::beside(db, Arc::new(ManualClock::at(at("2025-11-13T20:00:00Z"))), None);
        let name = configs::Name::try_from("site").expect("a name");
        office.configs.put(operator(), name, YAML.to_owned()).await.expect("a configuration");
        office
    }

    /// Another server on the same database.
    fn beside(db: &Db, clock: Arc<ManualClock>, folder: Option<Arc<TempDir>>) -> Self {
        let folder = folder.unwrap_or_else(|| Arc::new(tempfile::tempdir().expect("a folder")));
        let configs = configs::Service::new(db.clone(), clock.clone());
        let queue = Queue::new(db.clone(), clock.clone());
        let files = Folder::open(&folder.path().join("configs")).expect("a folder");
        let folders = Folders { configs: files, output: folder.path().to_owned() };
        let scans = scans::Service::new(db.clone(), clock.clone(), queue, configs.clone(), folders);
        let schedules = Service::new(db.clone(), clock.clone(), configs.clone(), scans.clone());
        Self { clock, configs, scans, schedules, folder }
    }

    async fn create(&self, cron: &str, zone: &str) -> Schedule {
        self.schedules.create(operator(), draft(cron, zone)).await.expect("a schedule")
    }

    async fn find(&self, id: Id) -> Schedule {
        self.schedules.find(id).await.expect("a schedule")
    }

    /// Every scan, the oldest first.
    async fn scans(&self) -> Vec<Scan> {
        let (mut scans, _) = self.scans.list(operator(), None, Page::LARGEST).await.expect("scans");
        scans.reverse();
        scans
    }

    async fn end(&self, id: i64) {
        let end = End { state: State::Completed, ..End::failed("") };
        assert!(self.scans.end(scans::model::Id(id), &end).await.expect("an end"));
    }

    /// Steps through a span of time as the ticker does, ends each scan that begins, and tells when they began.
    async fn live(&self, until: &str) -> Vec<String> {
        let mut begun = Vec::new();
        let mut known = self.scans().await.len();
        loop {
            let next = self.schedules.run_due().await.expect("it runs");
            for scan in self.scans().await.split_off(known) {
                let time =
                    DateTime::from_timestamp_millis(clock::to_millis(scan.start_time)).expect("a time");
                begun.push(time.format("%m-%dT%H:%MZ").to_string());
                self.end(scan.id.0).await;
                known += 1;
            }
            let now = next.filter(|next| *next < at(until));
            let Some(now) = now else { return begun };
            self.clock.set(now);
        }
    }
}

fn draft(cron: &str, zone: &str) -> Draft {
    Draft {
        name: "Nightly".to_owned(),
        source: Source::Stored("site".to_owned()),
        cron: cron.to_owned(),
        zone: zone.to_owned(),
        enabled: true,
    }
}

#[tokio::test]
async fn a_schedule_begins_a_scan_when_it_is_due_and_not_before() {
    for scratch in testing::each().await {
        let office = Office::open(&scratch.db).await;
        let schedule = office.create("0 2 * * *", "").await;
        assert_eq!(schedule.next_run, Some(at("2025-11-14T02:00:00Z")));
        office.clock.set(at("2025-11-14T01:59:59.999Z"));
        assert_eq!(office.schedules.run_due().await.expect("it runs"), schedule.next_run);
        assert!(office.scans().await.is_empty());
        office.clock.set(at("2025-11-14T02:00:00Z"));
        assert_eq!(office.schedules.run_due().await.expect("it runs"), Some(at("2025-11-15T02:00:00Z")));
        let scans = office.scans().await;
        let [scan] = scans.as_slice() else { panic!("{scans:?}") };
        let planned = Planned { id: schedule.id.0, name: "Nightly".to_owned() };
        assert_eq!((scan.trigger, &scan.schedule, scan.asked_by), (Trigger::Scheduled, &Some(planned), None));
        assert_eq!((scan.title.as_str(), scan.state), ("A site", State::Running));
        let after = office.find(schedule.id).await;
        assert_eq!(after.last, Last::began(at("2025-11-14T02:00:00Z"), scan.id.0));
        assert_eq!(after.next_run, Some(at("2025-11-15T02:00:00Z")));
        // Who is gone begins nothing; what it began stays, and says whose it was.
        office.schedules.delete(operator(), schedule.id).await.expect("it is deleted");
        office.clock.set(at("2025-11-20T02:00:00Z"));
        assert_eq!(office.schedules.run_due().await.expect("it runs"), None);
        assert_eq!(office.scans().await, scans);
        assert!(matches!(office.schedules.delete(operator(), schedule.id).await, Err(Error::NotFound(_))));
    }
}

#[tokio::test]
async fn nights_on_which_clocks_are_set_have_one_run() {
    for scratch in testing::each().await {
        for (begin, end, expected) in [
            (
                "2025-03-28T12:00:00Z",
                "2025-04-01T00:00:00Z",
                ["03-29T01:30Z", "03-30T01:00Z", "03-31T00:30Z"],
            ),
            (
                "2025-10-24T12:00:00Z",
                "2025-10-28T00:00:00Z",
                ["10-25T00:30Z", "10-26T00:30Z", "10-27T01:30Z"],
            ),
        ] {
            let office = Office::open(&scratch.db).await;
            office.clock.set(at(begin));
            let schedule = office.create("30 2 * * *", "Europe/Berlin").await;
            assert_eq!(office.live(end).await, expected);
            office.schedules.delete(operator(), schedule.id).await.expect("it is deleted");
        }
    }
}

#[tokio::test]
async fn what_was_missed_is_made_up_for_by_one_scan() {
    for scratch in testing::each().await {
        let office = Office::open(&scratch.db).await;
        let schedule = office.create("*/5 * * * *", "").await;
        office.clock.set(at("2025-12-24T08:02:00Z"));
        assert_eq!(
            office.live("2025-12-24T08:11:00Z").await,
            ["12-24T08:02Z", "12-24T08:05Z", "12-24T08:10Z"]
        );
        // What was due while it was not enabled is not made up for.
        let change = Change { enabled: Some(false), ..Change::default() };
        let off = office.schedules.update(operator(), schedule.id, change).await.expect("it is off");
        assert_eq!((off.enabled, off.next_run), (false, None));
        office.clock.advance(Duration::from_hours(1));
        assert_eq!(office.schedules.run_due().await.expect("it runs"), None);
        let change = Change { enabled: Some(true), ..Change::default() };
        let on = office.schedules.update(operator(), schedule.id, change).await.expect("it is on");
        assert_eq!(on.next_run, Some(at("2025-12-24T09:15:00Z")));
        // Nor does another name move the time.
        let change = Change { name: Some("Often".to_owned()), ..Change::default() };
        let named = office.schedules.update(operator(), schedule.id, change).await.expect("it is named");
        assert_eq!((named.name.as_str(), named.next_run, named.version), ("Often", on.next_run, 4));
        let change = Change {
            zone: Some("Asia/Kathmandu".to_owned()),
            cron: Some("0 9 * * *".to_owned()),
            ..Change::default()
        };
        let moved = office.schedules.update(operator(), schedule.id, change).await.expect("it is moved");
        assert_eq!(moved.next_run, Some(at("2025-12-25T03:15:00Z")));
        assert_eq!(office.find(schedule.id).await, moved);
    }
}

#[tokio::test]
async fn of_many_servers_one_begins_the_scan() {
    for scratch in testing::each().await {
        let office = Office::open(&scratch.db).await;
        let schedule = office.create("0 * * * *", "").await;
        let mut databases = vec![scratch.db.clone()];
        for _ in 0..3 {
            databases.push(Db::open(&scratch.url).await.expect("the same database"));
        }
        for hour in 1..=5 {
            office.clock.set(at(&format!("2025-11-14T0{hour}:00:00Z")));
            let racers = databases.iter().cycle().take(12).map(|db| {
                let racer = Office::beside(db, Arc::clone(&office.clock), Some(Arc::clone(&office.folder)));
                tokio::spawn(async move { racer.schedules.run_due().await })
            });
            for racer in racers.collect::<Vec<_>>() {
                let next = racer.await.expect("no panic").expect("it runs");
                assert_eq!(next, Some(at(&format!("2025-11-14T0{}:00:00Z", hour + 1))));
            }
            let scans = office.scans().await;
            assert_eq!(scans.len(), hour, "{scans:?}");
            office.end(scans[hour - 1].id.0).await;
        }
        assert_eq!(office.find(schedule.id).await.last.problem, "");
        for db in databases.split_off(1) {
            db.close().await;
        }
    }
}

#[tokio::test]
async fn who_saw_a_schedule_before_it_was_changed_begins_nothing() {
    for scratch in testing::each().await {
        let office = Office::open(&scratch.db).await;
        let seen = office.create("0 2 * * *", "").await;
        let change = Change { name: Some("Other".to_owned()), ..Change::default() };
        let changed = office.schedules.update(operator(), seen.id, change).await.expect("a change");
        assert_eq!(seen.next_run, changed.next_run);
        let mut tx = scratch.db.begin().await.expect("a transaction");
        assert!(!store::claim(&mut tx, &seen, None).await.expect("an answer"));
        assert!(store::claim(&mut tx, &changed, None).await.expect("an answer"));
        assert!(!store::claim(&mut tx, &changed, None).await.expect("an answer"));
    }
}

#[tokio::test]
async fn a_schedule_whose_scan_has_not_ended_lets_its_time_pass_and_says_so() {
    for scratch in testing::each().await {
        let office = Office::open(&scratch.db).await;
        let schedule = office.create("0 * * * *", "").await;
        for hour in [1, 2] {
            office.clock.set(at(&format!("2025-11-14T0{hour}:00:00Z")));
            office.schedules.run_due().await.expect("it runs");
        }
        let first = office.scans().await[0].id.0;
        let passed = office.find(schedule.id).await;
        assert_eq!(passed.last.time, Some(at("2025-11-14T02:00:00Z")));
        assert_eq!(passed.last.scan, Some(first));
        assert_eq!(passed.last.problem, format!("its scan {first} had not ended"));
        // By hand it begins all the same, and comes due as before.
        let second = office.schedules.trigger(operator(), schedule.id).await.expect("a scan");
        assert_eq!((second.trigger, second.schedule.map(|of| of.id)), (Trigger::Manual, Some(schedule.id.0)));
        let triggered = office.find(schedule.id).await;
        assert_eq!((triggered.last.problem.as_str(), triggered.next_run), ("", passed.next_run));
        let (_, history) = office.schedules.get(operator(), schedule.id).await.expect("a schedule");
        assert_eq!(history.iter().map(|scan| scan.id.0).collect::<Vec<_>>(), [second.id.0, first]);
        for id in [first, second.id.0] {
            office.end(id).await;
        }
        office.clock.set(at("2025-11-14T03:00:00Z"));
        office.schedules.run_due().await.expect("it runs");
        assert_eq!(
            (office.scans().await.len(), office.find(schedule.id).await.last.problem),
            (3, String::new())
        );
    }
}

#[tokio::test]
async fn a_configuration_that_is_used_stays_and_a_file_that_is_gone_is_told_of() {
    for scratch in testing::each().await {
        let office = Office::open(&scratch.db).await;
        let schedule = office.create("0 * * * *", "").await;
        let name = configs::Name::try_from("site").expect("a name");
        let used = office.configs.delete(operator(), &name).await;
        assert!(matches!(used, Err(scans::Error::ConfigInUse(used)) if used == "site"));
        assert!(office.configs.get(&name).await.is_ok());
        let change =
            Change { source: Some(Source::File("example-site.yaml".to_owned())), ..Change::default() };
        office.schedules.update(operator(), schedule.id, change).await.expect("a change");
        office.configs.delete(operator(), &name).await.expect("nobody uses it");
        std::fs::remove_file(office.folder.path().join("configs/example-site.yaml")).expect("it was there");
        office.clock.set(at("2025-11-14T01:00:00Z"));
        office.schedules.run_due().await.expect("it runs");
        let passed = office.find(schedule.id).await;
        assert_eq!(passed.last.problem, "config file example-site.yaml: there is no such file");
        assert_eq!((office.scans().await.len(), passed.next_run), (0, Some(at("2025-11-14T02:00:00Z"))));
        for source in [Source::Stored("site".to_owned()), Source::File("../x".to_owned())] {
            let refused =
                office.schedules.create(operator(), Draft { source, ..draft("0 * * * *", "") }).await;
            assert!(matches!(refused, Err(Error::Scan(_))), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn what_is_no_schedule_is_refused_and_there_are_only_so_many() {
    for scratch in testing::each().await {
        let office = Office::open(&scratch.db).await;
        let refused = async |cron: &str, zone: &str, name: &str| {
            let draft = Draft { name: name.to_owned(), ..draft(cron, zone) };
            office.schedules.create(operator(), draft).await.expect_err("it is refused")
        };
        assert!(matches!(refused("* * *", "", "x").await, Error::Invalid(_)));
        assert!(matches!(refused("* * * * *", "Europe/Atlantis", "x").await, Error::Invalid(_)));
        assert!(matches!(refused("0 0 31 2 *", "", "x").await, Error::Never));
        assert!(matches!(refused("* * * * *", "", " ").await, Error::InvalidName));
        let mut known = Vec::new();
        for _ in 0..MAX_SCHEDULES {
            known.push(office.create("0 2 * * *", "").await.id);
        }
        assert!(matches!(refused("* * * * *", "", "x").await, Error::TooMany));
        // Numbers are not used twice.
        let last = known.pop().expect("many");
        office.schedules.delete(operator(), last).await.expect("it is deleted");
        assert!(office.create("0 2 * * *", "").await.id > last);
        let listed = |enabled| office.schedules.list(operator(), enabled, Page::LARGEST);
        assert_eq!(listed(Some(true)).await.expect("a list").1, MAX_SCHEDULES);
        assert_eq!(listed(Some(false)).await.expect("a list"), (Vec::new(), 0));
        // All at once are one scan each, as long as the line is not full; the others say so.
        office.clock.set(at("2025-11-14T02:00:00Z"));
        office.schedules.run_due().await.expect("it runs");
        let (all, _) = listed(None).await.expect("a list");
        let begun = all.iter().filter(|schedule| schedule.last.problem.is_empty()).count() as i64;
        assert_eq!((begun, office.scans().await.len() as i64), (scans::model::MAX_RUNNING, begun));
    }
}

#[tokio::test]
async fn a_preview_tells_the_next_times() {
    let scratch = testing::sqlite().await;
    let office = Office::open(&scratch.db).await;
    let runs = office.schedules.preview(operator(), "0 2 * * *", "Europe/Berlin", 2).expect("times");
    assert_eq!(runs, [at("2025-11-14T01:00:00Z"), at("2025-11-15T01:00:00Z")]);
    for count in [0, 51] {
        assert!(matches!(office.schedules.preview(operator(), "0 2 * * *", "", count), Err(Error::Count)));
    }
    assert_eq!(office.schedules.preview(operator(), "0 0 29 2 *", "", 50).expect("times").len(), 50);
}
