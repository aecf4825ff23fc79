//! A scan of three hosts with fifteen services, as a small company might have them, and the scan before it.

use super::*;

/// The scan, and the one before it with a version less, a port less and one more.
pub(super) fn example() -> Made {
    let now = current();
    let mut made = Made::of(now, Some(&earlier()));
    made.history = (1..=23).map(past).collect();
    made
}

fn past(number: u32) -> Past {
    let wave = [0, 1, 0, 2, 1, 0, 0, 3, 1, 0, 4, 2][number as usize % 12];
    let summary = Summary {
        hosts: 3,
        hosts_up: 3,
        ports_open: 12 + number / 8 + wave % 2,
        services: 11 + number / 8,
        certificates: 4,
        findings: wave + 2,
        unexpected: wave / 2,
        missing: wave % 2,
        expiring: u32::from(number > 14) + u32::from(number > 21),
        weak: 1,
    };
    Past { id: i64::from(number) + 18, at: days(i64::from(number) * 7 - 168), summary }
}

fn tcp(number: u16, name: &str, product: &str, version: &str, extra: &str) -> Port {
    let extrainfo = Some(extra.to_owned()).filter(|text| !text.is_empty());
    let ostype = Some("Linux".to_owned());
    serving(number, Service { extrainfo, ostype, ..service(name, product, version) })
}

fn page(number: u16, name: &str, product: &str, version: &str, title: &str, shot: &str) -> Port {
    let mut port = tcp(number, name, product, version, "");
    if let Some(service) = port.service.as_mut() {
        service.title = Some(title.to_owned());
        service.http_protocol = Some(name.to_owned());
        let file = shot.to_owned();
        service.screenshot =
            Some(Screenshot { file, width: 1280, height: 800, url: format!("{name}://{title}/") });
    }
    port
}

fn secured(mut port: Port, tls: Tls) -> Port {
    if let Some(service) = port.service.as_mut() {
        service.tls = Some(tls);
    }
    port
}

fn old_tls(certificate: crate::scans::record::Certificate) -> Tls {
    let mut old = tls(certificate);
    for version in &mut old.versions[1..3] {
        version.support = Support::Supported;
        version.suites =
            vec!["TLS_RSA_WITH_AES_128_CBC_SHA".to_owned(), "TLS_RSA_WITH_3DES_EDE_CBC_SHA".to_owned()];
    }
    old.versions[4].support = Support::Unknown;
    "no answer within 3 s".clone_into(&mut old.versions[4].detail);
    old.weaknesses = vec![
        weakness("TLS 1.0 is spoken, which RFC 8996 forbids"),
        weakness("TLS 1.1 is spoken, which RFC 8996 forbids"),
        weakness("3DES has blocks of 64 bits (CVE-2016-2183)"),
    ];
    old
}

fn self_signed(name: &str, left: i64) -> crate::scans::record::Certificate {
    let mut own = certificate(name, left);
    own.issuer.clone_from(&own.subject);
    own.not_valid_before = days(-200);
    own.is_self_signed = true;
    own.is_trusted = false;
    "it has signed itself".clone_into(&mut own.untrusted_because);
    own.key = "EC P-256".to_owned();
    own.key_bits = 256;
    "ecdsa-with-SHA256".clone_into(&mut own.signature_algorithm);
    own
}

fn web() -> Host {
    let ports = vec![
        tcp(22, "ssh", "OpenSSH", "9.2p1", "Debian-2+deb12u3, protocol 2.0"),
        page(80, "http", "nginx", "1.26.2", "www.example.com", "192_0_2_10_80.png"),
        secured(
            page(443, "https", "nginx", "1.26.2", "www.example.com", "192_0_2_10_443.png"),
            tls(certificate("www.example.com", 61)),
        ),
        Port { expected: false, ..page(8080, "http", "Jetty", "9.4.51", "Jenkins", "192_0_2_10_8080.png") },
        tcp(9100, "http", "Prometheus node exporter", "1.8.2", ""),
        Port {
            protocol: Protocol::Udp,
            reason: "udp-response".to_owned(),
            ..tcp(123, "ntp", "ntpsec", "1.2.2", "stratum 3")
        },
    ];
    Host { address: address(10), ping: ping(true), ..host(ports) }
}

fn ping(actual: bool) -> crate::scans::record::Ping {
    crate::scans::record::Ping {
        expected: Some(true),
        actual: Some(actual),
        round_trip_us: actual.then_some(412),
    }
}

fn mail() -> Host {
    let ports = vec![
        tcp(22, "ssh", "OpenSSH", "9.2p1", "Debian-2+deb12u3, protocol 2.0"),
        secured(
            tcp(25, "smtp", "Postfix", "", "mail.example.com ESMTP"),
            old_tls(certificate("mail.example.com", 12)),
        ),
        port(110, State::Closed),
        secured(tcp(143, "imap", "Dovecot", "2.3.19", "ready"), tls(certificate("mail.example.com", 12))),
        secured(tcp(993, "imaps", "Dovecot", "2.3.19", "ready"), tls(certificate("mail.example.com", 12))),
        secured(
            page(8443, "https", "Apache httpd", "2.4.62", "Webmail – sign in", "192_0_2_20_8443.png"),
            tls(self_signed("webmail.internal", -3)),
        ),
    ];
    Host { address: address(20), ping: ping(true), ..host(ports) }
}

fn data() -> Host {
    let ports = vec![
        tcp(22, "ssh", "OpenSSH", "9.2p1", "Debian-2+deb12u3, protocol 2.0"),
        secured(tcp(5432, "postgresql", "PostgreSQL", "15.8", ""), tls(self_signed("db.internal", 900))),
        tcp(6379, "redis", "Redis", "7.0.15", "no password"),
        port(11211, State::Filtered),
        Port {
            service: Some(Service { guessed: true, ..service("amqp", "", "") }),
            ..port(5672, State::Open)
        },
    ];
    Host {
        address: address(30),
        ping: ping(false),
        loss_estimate: Some(0.021),
        complete: false,
        problems: vec!["5672/tcp: the server closed the connection before it said anything".to_owned()],
        ..host(ports)
    }
}

fn current() -> Report {
    let mut report = report(Vec::new());
    report.sites = vec![
        Site { name: "Data center Frankfurt".to_owned(), hosts: vec![web(), mail()] },
        Site { name: "Back office".to_owned(), hosts: vec![data()] },
    ];
    report.scan.title = "Production, weekly".to_owned();
    report
}

fn earlier() -> Report {
    let mut report = current();
    (report.scan.id, report.scan.started_at) = (41, days(-7));
    let [frankfurt, office] = &mut report.sites[..] else { unreachable!("two sites") };
    let web = &mut frankfurt.hosts[0];
    web.ports.retain(|port| port.port != 8080);
    for service in web.ports.iter_mut().filter_map(|port| port.service.as_mut()) {
        if service.product.as_deref() == Some("nginx") {
            service.version = Some("1.24.0".to_owned());
        }
        if let Some(tls) = service.tls.as_mut() {
            tls.certificates[0] = certificate("www.example.com", 4);
        }
    }
    let mail = &mut frankfurt.hosts[1];
    mail.ports[2] = tcp(110, "pop3", "Dovecot", "2.3.19", "");
    office.hosts[0].ports[3] = tcp(11211, "memcached", "memcached", "1.6.18", "");
    office.hosts[0].ping = ping(true);
    report
}
