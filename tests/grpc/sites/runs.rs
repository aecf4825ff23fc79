//! A scan from its beginning to its end, and what is found on the way.

use std::time::Duration;

use atalaya_client::Error;
use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{
        ChangeKind, CompareScansRequest, DeleteScanRequest, GetReportRequest, GetScanRequest,
        ListScansRequest, ReportFormat, ScanStage, ScanState, ScanTrigger, StartScanRequest, StopScanRequest,
        WatchScanRequest, start_scan_request::Config,
    },
};
use atalaya_tests::{failure, wait::until};

use super::{each, ended, get, put, scan, staged, start};

const SITE: &str = "\
title: A site
tcp_ports: 22,80,443,8080
sites:
  - name: Web
    ips:
      - address: 10.0.0.1
        expected: {ping: true, tcp_ports: [22, 443]}
      - address: 10.0.0.2
        expected: {ping: true, tcp_ports: [80]}
  - name: Dark
    cidr: 10.0.9.0/31
    ping_expected: false
";

#[tokio::test]
async fn a_scan_tells_what_is_there_and_what_was_expected() {
    let (world, plan) = staged();
    world.pings.echo("10.0.0.1", Duration::from_millis(3), 60);
    for open in ["10.0.0.1:22", "10.0.0.1:8080", "10.0.0.2:80"] {
        world.ports.open(open);
    }
    each(&plan, async |_, operator| {
        put(operator, "site", SITE).await;
        let (scan, sites) = scan(operator, "site").await;
        assert_eq!((scan.state(), scan.error_message.as_str()), (ScanState::Completed, ""));
        assert_eq!((scan.title.as_str(), scan.config.as_str()), ("A site", "site"));
        assert_eq!(scan.trigger(), ScanTrigger::Manual);
        assert!(scan.start_time.is_some() && scan.end_time.is_some());
        let progress = scan.progress.expect("progress");
        assert_eq!((progress.stage(), progress.hosts_done, progress.hosts_total), (ScanStage::Reports, 4, 4));
        let names: Vec<_> = sites.iter().map(|site| (site.name.as_str(), site.hosts.len())).collect();
        assert_eq!(names, [("Web", 2), ("Dark", 2)]);
        let host = &sites[0].hosts[0];
        assert_eq!(
            (host.address.as_str(), host.ping_expected, host.ping_actual),
            ("10.0.0.1", Some(true), Some(true))
        );
        let ports: Vec<_> =
            host.ports.iter().map(|port| (port.port, port.state.as_str(), port.expected)).collect();
        assert_eq!(ports, [(22, "open", true), (443, "closed", true), (8080, "open", false)]);
        assert!(host.complete && host.problems.is_empty(), "{host:?}");
        assert_eq!(sites[0].hosts[1].ping_actual, Some(false));
        assert_eq!((sites[1].hosts[0].ping_expected, sites[1].hosts[0].ports.len()), (Some(false), 0));
        let counts = scan.counts.expect("counts");
        assert_eq!((counts.hosts_up, counts.open_ports), (2, 3));
        assert!(counts.findings >= 3, "{counts:?}");
        let mut ids: Vec<i64> = sites.iter().flat_map(|site| &site.hosts).map(|host| host.id).collect();
        ids.dedup();
        assert_eq!(ids.len(), 4);
    })
    .await;
}

const TIME: &str = "\
title: Time
tcp_ports: 22,443
sites:
  - name: Time
    ips:
      - address: 10.0.0.7
        expected: {tcp_ports: [22, 443], udp_ports: [123, 161]}
";

#[tokio::test]
async fn services_are_asked_in_datagrams_and_what_is_missing_is_asked_again() {
    let (world, plan) = staged();
    world.ports.open_late("10.0.0.7:22", 3);
    world.ports.open_late("10.0.0.7:443", 100);
    world.ports.open_udp("10.0.0.7:123");
    world.ports.open_udp("10.0.0.7:161");
    let variables = b"version=\"ntpd 4.2.8p15@1.3728-o\", system=\"Linux/6.1\"";
    world.talk.reply("10.0.0.7:123", |asked| {
        let is_control = asked.first().is_some_and(|first| first & 7 == 6);
        let length = variables.len() as u8;
        is_control.then(|| [&[0x16, 0x82, asked[2], asked[3]][..], &[0; 7], &[length], variables].concat())
    });
    each(&plan, async |_, operator| {
        // For the next house too.
        world.ports.open_late("10.0.0.7:22", 3);
        put(operator, "time", TIME).await;
        let (scan, sites) = scan(operator, "time").await;
        assert_eq!(scan.state(), ScanState::Completed);
        let ports = &sites[0].hosts[0].ports;
        let seen: Vec<_> = ports.iter().map(|port| (port.port, port.state.as_str())).collect();
        assert_eq!(seen, [(22, "open"), (443, "closed"), (123, "open"), (161, "open")]);
        let ntp = ports[2].service.as_ref().expect("a service");
        assert_eq!((ntp.name.as_str(), ntp.product.as_str()), ("ntp", "ntpd"), "{ntp:?}");
        let snmp = ports[3].service.as_ref().expect("a service");
        assert_eq!((snmp.name.as_str(), snmp.product.as_str()), ("snmp", ""), "it answers nothing: {snmp:?}");
    })
    .await;
}

#[tokio::test]
async fn a_file_of_the_folder_is_a_configuration_and_nothing_outside_it() {
    let (world, plan) = staged();
    world.ports.open("192.168.1.1:80");
    each(&plan, async |house, operator| {
        let start = async |path: &str| {
            let config = Some(Config::ConfigFile(path.to_owned()));
            operator.calls.scans().start_scan(StartScanRequest { config }).await
        };
        let begun = start("/app/configs/example-site.yaml").await.expect("the example is a configuration");
        let (scan, sites) = ended(operator, begun.into_inner().scan.expect("a scan").id).await;
        assert_eq!(
            (scan.state(), scan.config.as_str()),
            (ScanState::Completed, "/app/configs/example-site.yaml")
        );
        assert_eq!(sites[0].hosts[0].address, "192.168.1.1");
        let folder = house.folder().join("configs");
        std::fs::write(folder.join("bad.yaml"), "title: x\nsitez: []\n").expect("a file");
        std::fs::write(house.folder().join("outside.yaml"), SITE).expect("a file");
        std::os::unix::fs::symlink(house.folder().join("outside.yaml"), folder.join("link.yaml"))
            .expect("a link");
        for path in ["missing.yaml", "../outside.yaml", "link.yaml", "bad.yaml", "/etc/passwd", ""] {
            let error = failure(start(path).await);
            assert_eq!(error.reason, Some(Reason::ScanConfigInvalid), "{path}");
            assert!(!error.metadata["detail"].contains(house.folder().to_str().expect("UTF-8")), "{error:?}");
        }
        let error = failure(start("bad.yaml").await);
        assert!(error.metadata["detail"].contains("line 2"), "{error:?}");
        std::fs::copy(house.folder().join("outside.yaml"), folder.join("gone.yaml")).expect("a copy");
        let begun = start("gone.yaml").await.expect("a configuration").into_inner().scan.expect("a scan");
        operator.calls.scans().delete_scan(DeleteScanRequest { id: begun.id }).await.expect("it is deleted");
        assert_eq!(failure(get(operator, begun.id).await).reason, Some(Reason::ScanNotFound));
    })
    .await;
}

#[tokio::test]
async fn whom_the_policy_denies_fails_the_scan_before_a_packet_is_sent() {
    let (world, plan) = staged();
    let plan = plan.with("ATALAYA_DENY_TARGETS", "10.0.0.2");
    each(&plan, async |_, operator| {
        put(operator, "site", SITE).await;
        let before = world.pings.sent().len();
        let (scan, sites) = scan(operator, "site").await;
        assert_eq!(scan.state(), ScanState::Failed);
        assert!(scan.error_message.contains("10.0.0.2"), "{}", scan.error_message);
        assert!(sites.is_empty() && scan.files.is_none());
        assert_eq!(world.pings.sent().len(), before);
    })
    .await;
}

#[tokio::test]
async fn a_scan_is_watched_stopped_and_deleted() {
    let (world, plan) = staged();
    world.ports.hold();
    each(&plan, async |_, operator| {
        put(operator, "site", SITE).await;
        let id = start(operator, "site").await.expect("a scan").id;
        let watch = operator.calls.scans().watch_scan(WatchScanRequest { id }).await.expect("a watch");
        let mut watch = watch.into_inner();
        loop {
            let heard = watch.message().await.expect("a word").expect("it goes on").scan.expect("a scan");
            assert_eq!(heard.state(), ScanState::Running);
            if heard.progress.expect("progress").stage() == ScanStage::Ports {
                break;
            }
        }
        operator.calls.scans().stop_scan(StopScanRequest { id }).await.expect("it stops");
        let mut last = None;
        while let Some(heard) = watch.message().await.expect("a word") {
            last = heard.scan;
        }
        assert_eq!(last.expect("a last word").state(), ScanState::Cancelled);
        let (scan, _) = ended(operator, id).await;
        assert_eq!((scan.state(), scan.error_message.as_str()), (ScanState::Cancelled, ""));
        // What only waits is stopped too; what has ended stays as it is.
        let again = operator.calls.scans().stop_scan(StopScanRequest { id }).await.expect("an answer");
        assert_eq!(again.into_inner().scan.expect("a scan").state(), ScanState::Cancelled);
        operator.calls.scans().delete_scan(DeleteScanRequest { id }).await.expect("it is deleted");
        let gone = operator.calls.scans().delete_scan(DeleteScanRequest { id }).await;
        assert_eq!(failure(gone).reason, Some(Reason::ScanNotFound));
    })
    .await;
}

#[tokio::test]
async fn scans_are_listed_compared_and_reported() {
    let (world, plan) = staged();
    let port = |number: usize| format!("10.0.0.1:{}", [22, 8080][number]);
    world.ports.open(&port(0));
    each(&plan, async |_, operator| {
        put(operator, "site", SITE).await;
        let (first, _) = scan(operator, "site").await;
        world.ports.open(&port(1));
        let (second, _) = scan(operator, "site").await;
        let list = async |state: ScanState, size| {
            let request = ListScansRequest { page_size: size, skip: 0, state: state.into() };
            let answer = operator.calls.scans().list_scans(request).await.expect("a list").into_inner();
            (answer.scans.iter().map(|scan| scan.id).collect::<Vec<_>>(), answer.total_size)
        };
        assert_eq!(list(ScanState::Unspecified, 0).await, (vec![second.id, first.id], 2));
        assert_eq!(list(ScanState::Completed, 1).await, (vec![second.id], 2));
        assert_eq!(list(ScanState::Failed, 0).await, (vec![], 0));
        let request = CompareScansRequest { old_id: first.id, new_id: second.id };
        let compared =
            operator.calls.scans().compare_scans(request).await.expect("a comparison").into_inner();
        // The second database's house finds the port open both times.
        let ports = compared.ports.expect("ports").changes;
        if let [change] = ports.as_slice() {
            assert_eq!(
                (change.kind(), change.address.as_str(), change.port),
                (ChangeKind::Added, "10.0.0.1", 8080)
            );
            assert!(compared.drift_score > 0.0);
        }
        let files = second.files.expect("reports");
        let json = std::fs::read(&files.json_path).expect("the JSON report lies where it is said to");
        let request = GetReportRequest { scan_id: second.id, format: ReportFormat::Json.into() };
        let report = operator.calls.scans().get_report(request).await.expect("a report").into_inner();
        assert_eq!(report.data, json);
        assert!(report.name.starts_with("scan_report_"), "{}", report.name);
        operator.calls.scans().delete_scan(DeleteScanRequest { id: second.id }).await.expect("it is deleted");
        assert!(!std::path::Path::new(&files.json_path).exists());
        assert!(
            failure(operator.calls.scans().get_report(request).await).reason == Some(Reason::ScanNotFound)
        );
    })
    .await;
}

#[tokio::test]
async fn only_the_operator_and_admins_scan_sites() {
    let (_, plan) = staged();
    each(&plan, async |house, operator| {
        put(operator, "site", SITE).await;
        let admin = house.admin().await;
        let (scan, _) = scan(&admin, "site").await;
        assert_eq!(scan.state(), ScanState::Completed);
        let user = house.user("A user").await;
        assert_eq!(failure(start(&user, "site").await).reason, Some(Reason::NotAuthorized));
        let request = GetScanRequest { id: scan.id };
        assert_eq!(failure(user.calls.scans().get_scan(request).await).reason, Some(Reason::NotAuthorized));
        let nobody = failure(house.anonymous().scans().get_scan(request).await);
        assert_eq!(nobody.reason, Some(Reason::NotAuthenticated));
        let unknown = failure(get(operator, scan.id + 1000).await);
        assert_eq!(unknown.reason, Some(Reason::ScanNotFound));
        let missing: Error = failure(start(operator, "missing").await);
        assert_eq!(missing.reason, Some(Reason::ScanConfigNotFound));
    })
    .await;
}

#[tokio::test]
async fn so_many_run_at_once_and_the_others_wait_for_their_turn() {
    let (world, plan) = staged();
    let plan = plan.with("ATALAYA_SITE_SCANS", "2");
    world.ports.hold();
    each(&plan, async |_, operator| {
        put(operator, "site", SITE).await;
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(start(operator, "site").await.expect("a scan").id);
        }
        let at_ports = async || {
            let mut count = 0;
            for id in &ids {
                let scan = get(operator, *id).await.expect("a scan");
                count += usize::from(scan.progress.expect("progress").stage() == ScanStage::Ports);
            }
            (count == 2).then_some(())
        };
        until("two scans under way", at_ports).await;
        for id in &ids {
            operator.calls.scans().stop_scan(StopScanRequest { id: *id }).await.expect("it stops");
        }
        for id in ids {
            assert_eq!(ended(operator, id).await.0.state(), ScanState::Cancelled);
        }
    })
    .await;
}
