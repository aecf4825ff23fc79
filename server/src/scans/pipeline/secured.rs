//! What was found of a server's TLS, as the record has it.

use std::time::SystemTime;

use crate::scans::{
    probe::tls::{self, Chain, Examined},
    record::{Certificate, Moment, Order, Support, Tls, Version, Weakness},
};

/// All that was found.
pub(super) fn tls(examined: Examined, now: SystemTime) -> Tls {
    let weaknesses = tls::weaknesses(&examined, now).into_iter().map(weakness).collect();
    Tls {
        versions: examined.versions.into_iter().map(version).collect(),
        certificates: examined.chains.into_iter().filter_map(certificate).collect(),
        weaknesses,
    }
}

fn weakness(weakness: tls::Weakness) -> Weakness {
    Weakness { text: weakness.text, of_certificate: weakness.of_certificate }
}

fn version((version, found): (tls::Version, tls::Support)) -> Version {
    let name = version.name().to_owned();
    let bare =
        |support, detail| Version { name: name.clone(), support, suites: Vec::new(), order: None, detail };
    match found {
        tls::Support::NotSupported => bare(Support::NotSupported, String::new()),
        tls::Support::Unknown(why) => bare(Support::Unknown, why),
        tls::Support::Supported(suites) => Version {
            suites: suites.accepted.iter().map(|suite| suite.name.to_owned()).collect(),
            order: suites.order.map(order),
            ..bare(Support::Supported, suites.unfinished.unwrap_or_default())
        },
    }
}

fn order(order: tls::Order) -> Order {
    match order {
        tls::Order::Server => Order::Server,
        tls::Order::Client => Order::Client,
    }
}

fn certificate(chain: Chain) -> Option<Certificate> {
    let subjects: Vec<String> = chain.certificates.iter().map(|one| one.subject.clone()).collect();
    let first = chain.certificates.into_iter().next()?;
    Some(Certificate {
        subject: first.subject,
        issuer: first.issuer,
        serial_number: first.serial_number,
        not_valid_before: Moment::from_seconds(first.not_before),
        not_valid_after: Moment::from_seconds(first.not_after),
        sans: first.sans,
        sans_total: first.sans_total,
        key: first.key,
        key_bits: first.key_bits,
        signature_algorithm: first.signature_algorithm,
        sha256: first.sha256,
        is_self_signed: first.is_self_signed,
        is_trusted: chain.trusted.is_ok(),
        untrusted_because: chain.trusted.err().unwrap_or_default(),
        chain: subjects,
    })
}
