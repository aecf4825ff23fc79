//! Reports in every form, of scans that are calm, busy, hostile and large.

use std::{fs, io, path::Path};

use super::*;
use crate::scans::{
    compare, drift,
    record::{Host, Port, Protocol, Screenshot, Service, Site, State, Support, Tls, Weakness},
    testing::{address, certificate, days, host, https, now, port, report, service, serving, tls, weakness},
};

/// A report in a form.
fn made(material: &Material<'_>, form: Form) -> Vec<u8> {
    let mut out = Vec::new();
    write(material, form, &Names::at(now()), &mut out).expect("written");
    out
}

fn text(material: &Material<'_>, form: Form) -> String {
    String::from_utf8(made(material, form)).expect("UTF-8")
}

/// What a record gives, held against another.
struct Made {
    report: Report,
    findings: Vec<Finding>,
    before: Option<(Head, Comparison)>,
    history: Vec<Past>,
    pictures: Pictures,
}

impl Made {
    fn of(report: Report, before: Option<&Report>) -> Self {
        let findings = drift::findings(&report, before, now());
        let before = before.map(|before| (before.scan.clone(), compare::compare(before, &report)));
        Self { report, findings, before, history: Vec::new(), pictures: Pictures::none() }
    }

    fn material(&self) -> Material<'_> {
        Material {
            report: &self.report,
            findings: &self.findings,
            before: self.before.as_ref().map(|(head, comparison)| (head, comparison)),
            history: &self.history,
            pictures: &self.pictures,
            now: now(),
        }
    }
}

mod example;
mod markup;

use self::markup::check;

#[test]
fn the_page_tells_drift_first_and_everything_after() {
    let example = example::example();
    let html = text(&example.material(), Form::Html);
    check(&html);
    let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("no {text}"));
    let order = [
        "Production, weekly",
        "things are not as expected",
        "8080/tcp is open, and was not expected to be: http, Jetty 9.4.51",
        "11211/tcp did not answer, and was open last time",
        "Held against scan 41",
        "Certificates ending soon",
        "until <time datetime=\"2025-11-11T10:30:00Z\">11 Nov 2025</time>",
        "until <time datetime=\"2026-01-14T10:30:00Z\">14 Jan 2026</time>",
        "TLS 1.0 is spoken, which RFC 8996 forbids</li>",
        "Data center Frankfurt <span",
        "Back office <span",
        "scan_report_20251114_103000.zip",
    ];
    let places: Vec<_> = order.into_iter().map(at).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(html.matches("<article").count(), 3);
    assert!(html.contains("<span class=\"tag quiet\">unconfirmed</span>"));
}

#[test]
fn a_calm_first_scan_and_an_empty_one_are_told_as_such() {
    let calm = Made::of(report(vec![host(vec![port(22, State::Open)])]), None);
    let html = text(&calm.material(), Form::Html);
    check(&html);
    for words in
        ["Everything is as expected", "first scan", "before the second scan", "No server has shown one"]
    {
        assert!(html.contains(words), "{words}");
    }
    let empty = Made::of(Report { sites: Vec::new(), ..report(Vec::new()) }, None);
    check(&text(&empty.material(), Form::Html));
    assert_eq!(text(&empty.material(), Form::Csv).lines().count(), 1);
    let same = Made::of(calm.report.clone(), Some(&calm.report));
    assert!(text(&same.material(), Form::Html).contains("are what they were"));
}

#[test]
fn json_is_the_record_and_reads_back() {
    let example = example::example();
    let json = made(&example.material(), Form::Json);
    assert_eq!(serde_json::from_slice::<Report>(&json).expect("a record"), example.report);
    assert!(json.starts_with(b"{\n  \"format\": 1,\n"));
}

#[test]
fn csv_has_a_line_per_port_with_as_many_cells_each() {
    let example = example::example();
    let csv = text(&example.material(), Form::Csv);
    let ports: usize = example.report.hosts().map(|(_, host)| host.ports.len()).sum();
    let lines: Vec<_> = csv.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), ports + 1);
    assert!(lines[1..].iter().all(|line| line.matches("\",\"").count() == lines[0].matches(',').count()));
    let https = "\"Data center Frankfurt\",\"192.0.2.10\",\"443\",\"tcp\",\"open\",\"syn-ack\",\"yes\",\"https\",\"nginx\",\
                 \"1.26.2\",\"\",\"Linux\",\"https\",\"www.example.com\",\"TLS 1.2; TLS 1.3\",\"CN=www.example.com\",\
                 \"2026-01-14T10:30:00Z\",\"61\",\"\"";
    assert!(lines.contains(&https), "{csv}");
}

/// A folder with a picture of some bytes for every page of a report.
fn shoot(report: &Report, bytes: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let services = report.hosts().flat_map(|(_, host)| &host.ports).filter_map(|port| port.service.as_ref());
    for shot in services.filter_map(|service| service.screenshot.as_ref()) {
        let png = [b"\x89PNG\r\n\x1a\n", &vec![7; bytes][..]].concat();
        fs::write(folder.path().join(&shot.file), png).expect("a picture");
    }
    folder
}

#[test]
fn an_archive_has_all_forms_and_pictures_by_names_of_ours() {
    let mut example = example::example();
    let folder = shoot(&example.report, 10_000);
    example.pictures = Pictures::of(folder.path().to_owned());
    let bytes = made(&example.material(), Form::Zip);
    let mut archive = zip::ZipArchive::new(io::Cursor::new(bytes)).expect("an archive");
    let names: Vec<_> = archive.file_names().map(|name| name.expect("a name").into_owned()).collect();
    let stem = "scan_report_20251114_103000";
    let pictures = ["192_0_2_10_80", "192_0_2_10_443", "192_0_2_10_8080", "192_0_2_20_8443"];
    let expected = ["json", "html", "csv"].map(|end| format!("{stem}.{end}")).into_iter();
    let expected: Vec<_> =
        expected.chain(pictures.map(|name| format!("{stem}_screenshots/{name}.png"))).collect();
    assert_eq!(names, expected);
    for (name, form) in expected.iter().zip([Form::Json, Form::Html, Form::Csv]) {
        let mut entry = archive.by_name(name).expect("an entry");
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut entry, &mut bytes).expect("whole");
        assert!(bytes == made(&example.material(), form), "{name}");
    }
    let html = text(&example.material(), Form::Html);
    check(&html);
    assert_eq!(html.matches("data:image/png;base64,iVBORw0KGgo").count(), 4);
}

#[test]
fn pictures_that_are_too_many_for_a_page_are_named() {
    let mut example = example::example();
    for number in 0..30 {
        let mut port = example.report.sites[0].hosts[0].ports[1].clone();
        port.port = 10_000 + number;
        if let Some(shot) = port.service.as_mut().and_then(|service| service.screenshot.as_mut()) {
            shot.file = format!("a_{number}.png");
        }
        example.report.sites[0].hosts[0].ports.push(port);
    }
    let folder = shoot(&example.report, 1_000_000);
    example.pictures = Pictures::of(folder.path().to_owned());
    let html = text(&example.material(), Form::Html);
    check(&html);
    assert!(html.len() < 36 * 1024 * 1024, "{}", html.len());
    assert_eq!(html.matches("data:image/png").count() + html.matches("The picture is in").count(), 34);
    assert!(html.contains("scan_report_20251114_103000_screenshots/192_0_2_20_8443.png"));
}

#[test]
fn hostile_texts_stay_texts_in_every_form() {
    let nasty = "</style></title><script>alert(1)</script><img src=x onerror=alert(1)>\" ' & \u{202e}\0\r\n=1+1\u{1b}[31m";
    let mut hostile = hostile(&[nasty, &"<b>".repeat(400)].concat());
    if let Some(service) = hostile.sites[0].hosts[0].ports[0].service.as_mut() {
        service.extrainfo = Some([nasty, &"<b>".repeat(400_000)].concat());
    }
    let made_of = Made::of(hostile.clone(), Some(&calm_of(&hostile)));
    let material = made_of.material();
    let html = text(&material, Form::Html);
    check(&html);
    assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("<b><b>"));
    assert!(!html.chars().any(|one| crate::scans::shown::is_deceptive(one) && one != '\n'));
    assert!(html.len() < 200_000, "{}", html.len());
    let csv = text(&material, Form::Csv);
    assert_eq!(csv.split_terminator("\r\n").count(), 2);
    assert!(csv.len() < 20_000 && !csv.contains('\u{1b}'), "{}", csv.len());
    let json = made(&material, Form::Json);
    assert_eq!(serde_json::from_slice::<Report>(&json).expect("a record"), hostile);
    let zip = made(&material, Form::Zip);
    let archive = zip::ZipArchive::new(io::Cursor::new(zip)).expect("an archive");
    assert_eq!(archive.len(), 3, "no picture by a hostile name");
}

/// A record whose every text is this one.
fn hostile(nasty: &str) -> Report {
    let text = || Some(nasty.to_owned());
    let mut certificate = certificate(nasty, 3);
    certificate.issuer = nasty.to_owned();
    certificate.sans = vec![nasty.to_owned(); 1_000];
    certificate.sans_total = 5_000;
    for field in [
        &mut certificate.serial_number,
        &mut certificate.key,
        &mut certificate.signature_algorithm,
        &mut certificate.untrusted_because,
    ] {
        nasty.clone_into(field);
    }
    certificate.is_trusted = false;
    let mut tls = tls(certificate);
    for version in &mut tls.versions {
        (version.name, version.detail) = (nasty.to_owned(), nasty.to_owned());
        version.suites = vec![nasty.to_owned()];
    }
    tls.versions[0].support = Support::Unknown;
    tls.weaknesses = vec![Weakness { text: nasty.to_owned(), of_certificate: true }; 50];
    let screenshot = Screenshot { file: nasty.to_owned(), width: 1, height: 1, url: nasty.to_owned() };
    let service = Service {
        name: text(),
        guessed: true,
        product: text(),
        version: text(),
        extrainfo: text(),
        ostype: text(),
        http_protocol: text(),
        title: text(),
        screenshot: Some(screenshot),
        tls: Some(tls),
    };
    let port = Port { reason: nasty.to_owned(), expected: false, ..serving(443, service) };
    let mut report = report(vec![Host { problems: vec![nasty.to_owned(); 50], ..host(vec![port]) }]);
    nasty.clone_into(&mut report.sites[0].name);
    for field in [&mut report.scan.title, &mut report.scan.config, &mut report.scan.triggered_by] {
        nasty.clone_into(field);
    }
    report
}

/// The same place with another service, so that there is something to compare.
fn calm_of(report: &Report) -> Report {
    let mut calm = report.clone();
    calm.sites[0].hosts[0].ports[0].service = Some(https("example.com", 60));
    calm
}

#[test]
fn a_large_scan_is_written_in_bounds() {
    let port = |number: u16| match number % 4 {
        0 => Port {
            port: number,
            ..serving(number, https(&format!("h{number}.example.com"), i64::from(number % 200)))
        },
        1 => serving(number, service("ssh", "OpenSSH", "9.2p1")),
        _ => Port { expected: number % 8 == 2, ..port(number, State::Closed) },
    };
    let hosts = (0..=255)
        .map(|last| Host { address: address(last), ..host((1..=100).map(port).collect()) })
        .collect();
    let large = Made::of(report(hosts), None);
    let html = text(&large.material(), Form::Html);
    check(&html);
    assert_eq!(html.matches("<article").count(), 256);
    assert!(html.len() < 16 * 1024 * 1024, "{}", html.len());
    assert!(html.contains("more are not shown here"));

    let many = (1..=u16::MAX).map(|number| serving(number, https("example.com", 60))).collect();
    let busy = Made::of(report(vec![host(many)]), None);
    let html = text(&busy.material(), Form::Html);
    assert!(html.len() < 4 * 1024 * 1024, "{}", html.len());
    assert_eq!(text(&busy.material(), Form::Csv).lines().count(), 65_536);
}

#[test]
fn a_page_that_grows_too_large_leaves_hosts_out_and_says_so() {
    let host = |last| {
        let ports = (1..=1_000).map(|number| {
            let filler = "&".repeat(300);
            let long =
                Service { extrainfo: Some(filler.clone()), title: Some(filler), ..service("x", "y", "z") };
            serving(number, long)
        });
        Host { address: address(last), ..host(ports.collect()) }
    };
    let large = Made::of(report((0..40).map(host).collect()), None);
    let html = text(&large.material(), Form::Html);
    check(&html);
    assert!(html.len() < 64 * 1024 * 1024, "{}", html.len());
    assert!(html.contains("hosts are not shown here, as the page would be too large"));
}

#[test]
fn a_full_disk_fails_every_form() {
    let example = example::example();
    for form in [Form::Json, Form::Html, Form::Csv, Form::Zip] {
        let mut full = fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
        let error = write(&example.material(), form, &Names::at(now()), &mut full).expect_err("full");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{form:?}: {error}");
    }
}

#[test]
fn a_report_is_stored_under_its_names_or_not_at_all() {
    let (folder, example) = (tempfile::tempdir().expect("a folder"), example::example());
    let names = Names::reserve(folder.path(), now()).expect("names");
    let written = keep(&example.material(), &names, folder.path()).expect("stored");
    assert_eq!(written.html, folder.path().join("scan_report_20251114_103000.html"));
    for (path, form) in [(&written.json, Form::Json), (&written.html, Form::Html), (&written.zip, Form::Zip)]
    {
        assert!(fs::read(path).expect("a file") == made(&example.material(), form));
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 4);

    let missing = keep(&example.material(), &names, Path::new("/nonexistent")).expect_err("no folder");
    assert_eq!(missing.source.kind(), io::ErrorKind::NotFound);
    assert!(
        missing.to_string().starts_with("could not write /nonexistent/scan_report_20251114_103000.json: ")
    );
}
