//! TLS of one open port, as the record has it.

use std::time::SystemTime;

use crate::scans::{
    probe::{
        Door,
        services::Detected,
        tls::{Chain, Examined, Limits, Order, StartTls, Support, Version, examine, weaknesses},
    },
    record,
};

/// What a service does in TLS, from the first byte on or after it is asked for it; `None` if it has none. Also what
/// could not be found out, a sentence each.
pub(super) async fn look(
    door: &Door,
    detected: &Detected,
    now: SystemTime,
) -> (Option<record::Tls>, Vec<String>) {
    let within = detected.service_name.as_deref().and_then(StartTls::within);
    let start = if detected.is_tls { Some(StartTls::Direct) } else { within.filter(|_| !detected.is_guess) };
    let Some(start) = start else { return (None, Vec::new()) };
    let examined = examine(door, None, start, &Limits::default(), now).await;
    if !examined.speaks() && examined.declines {
        // Most of those that could have it have none.
        return (None, Vec::new());
    }
    let port = door.port();
    let problems = examined.problems.iter().map(|problem| format!("TLS at port {port}: {problem}")).collect();
    (Some(recorded(examined, now)), problems)
}

fn recorded(examined: Examined, now: SystemTime) -> record::Tls {
    let weak = weaknesses(&examined, now).into_iter();
    record::Tls {
        weaknesses: weak
            .map(|weak| record::Weakness { text: weak.text, of_certificate: weak.of_certificate })
            .collect(),
        versions: examined.versions.into_iter().map(version).collect(),
        certificates: examined.chains.into_iter().filter_map(certificate).collect(),
    }
}

fn version((version, support): (Version, Support)) -> record::Version {
    let name = version.name().to_owned();
    match support {
        Support::Supported(found) => record::Version {
            name,
            support: record::Support::Supported,
            suites: found.accepted.iter().map(|suite| suite.name.to_owned()).collect(),
            order: found.order.map(|order| match order {
                Order::Server => record::Order::Server,
                Order::Client => record::Order::Client,
            }),
            detail: found.unfinished.unwrap_or_default(),
        },
        Support::NotSupported => unspoken(name, record::Support::NotSupported, String::new()),
        Support::Unknown(why) => unspoken(name, record::Support::Unknown, why),
    }
}

fn unspoken(name: String, support: record::Support, detail: String) -> record::Version {
    record::Version { name, support, suites: Vec::new(), order: None, detail }
}

fn certificate(chain: Chain) -> Option<record::Certificate> {
    let mut certificates = chain.certificates.into_iter();
    let first = certificates.next()?;
    Some(record::Certificate {
        subject: first.subject,
        issuer: first.issuer,
        serial_number: first.serial_number,
        not_valid_before: record::Moment::from_seconds(first.not_before),
        not_valid_after: record::Moment::from_seconds(first.not_after),
        sans: first.sans,
        sans_total: first.sans_total,
        key: first.key,
        key_bits: first.key_bits,
        signature_algorithm: first.signature_algorithm,
        sha256: first.sha256,
        is_self_signed: first.is_self_signed,
        is_trusted: chain.trusted.is_ok(),
        untrusted_because: chain.trusted.err().unwrap_or_default(),
        chain: certificates.map(|above| above.subject).collect(),
    })
}
