//! Records to test with.

use std::net::{IpAddr, Ipv4Addr};

use super::record::{
    Certificate, FORMAT, Head, Host, Moment, Ping, Port, Protocol, Report, Service, Site, State, Support,
    Tls, Version, Weakness,
};

/// 2025-11-14T10:30:00Z.
pub(super) fn now() -> Moment {
    Moment::from_seconds(1_763_116_200)
}

pub(super) const DAY: i64 = 24 * 60 * 60;

/// So many days after [`now`].
pub(super) fn days(days: i64) -> Moment {
    Moment::from_seconds(now().seconds() + days * DAY)
}

pub(super) fn address(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(192, 0, 2, last))
}

/// A record of one site, `Site`.
pub(super) fn report(hosts: Vec<Host>) -> Report {
    let sites = vec![Site { name: "Site".to_owned(), hosts }];
    Report { format: FORMAT, scan: head(), sites }
}

pub(super) fn head() -> Head {
    Head {
        id: 42,
        title: "Data center".to_owned(),
        config: "example-site.yaml".to_owned(),
        triggered_by: "manual".to_owned(),
        started_at: now(),
        completed_at: Some(Moment::from_seconds(now().seconds() + 12)),
    }
}

/// The host 192.0.2.1, of which everything is known.
pub(super) fn host(ports: Vec<Port>) -> Host {
    Host {
        address: address(1),
        ping: Ping { expected: None, actual: Some(true), round_trip_us: Some(430) },
        ports,
        loss_estimate: Some(0.0),
        complete: true,
        problems: Vec::new(),
        completed_at: now(),
    }
}

/// A TCP port that was expected to be open.
pub(super) fn port(port: u16, state: State) -> Port {
    let reason = match state {
        State::Open => "syn-ack",
        State::Closed => "conn-refused",
        State::Filtered | State::OpenOrFiltered | State::Unknown => "no-response",
    };
    Port {
        port,
        protocol: Protocol::Tcp,
        state,
        reason: reason.to_owned(),
        expected: true,
        asked_again: 0,
        service: None,
    }
}

/// An open TCP port that was expected, and who serves there.
pub(super) fn serving(number: u16, service: Service) -> Port {
    Port { service: Some(service), ..port(number, State::Open) }
}

pub(super) fn service(name: &str, product: &str, version: &str) -> Service {
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Service { name: text(name), product: text(product), version: text(version), ..Service::default() }
}

/// TLS 1.2 and 1.3 with a certificate.
pub(super) fn tls(certificate: Certificate) -> Tls {
    let version = |name: &str, suites: &[&str]| Version {
        name: name.to_owned(),
        support: if suites.is_empty() { Support::NotSupported } else { Support::Supported },
        suites: suites.iter().map(|&suite| suite.to_owned()).collect(),
        order: None,
        detail: String::new(),
    };
    Tls {
        versions: vec![
            version("SSL 3.0", &[]),
            version("TLS 1.0", &[]),
            version("TLS 1.1", &[]),
            version(
                "TLS 1.2",
                &["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
            ),
            version("TLS 1.3", &["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"]),
        ],
        certificates: vec![certificate],
        weaknesses: Vec::new(),
    }
}

/// A certificate that ends so many days after [`now`].
pub(super) fn certificate(name: &str, days_left: i64) -> Certificate {
    Certificate {
        subject: format!("CN={name}"),
        issuer: "CN=Example CA,O=Example".to_owned(),
        serial_number: "1234567890".to_owned(),
        not_valid_before: days(days_left - 90),
        not_valid_after: days(days_left),
        sans: vec![name.to_owned(), format!("www.{name}")],
        sans_total: 2,
        key: "RSA".to_owned(),
        key_bits: 2048,
        signature_algorithm: "sha256WithRSAEncryption".to_owned(),
        sha256: format!("{name}-{days_left}"),
        is_self_signed: false,
        is_trusted: true,
        untrusted_because: String::new(),
        chain: vec!["CN=Example CA,O=Example".to_owned()],
    }
}

pub(super) fn weakness(text: &str) -> Weakness {
    Weakness { text: text.to_owned(), of_certificate: false }
}

/// An HTTPS server with a certificate of that name that ends so many days after [`now`].
pub(super) fn https(name: &str, days_left: i64) -> Service {
    Service {
        http_protocol: Some("https".to_owned()),
        title: Some(format!("Welcome to {name}")),
        tls: Some(tls(certificate(name, days_left))),
        ..service("https", "nginx", "1.24.0")
    }
}
