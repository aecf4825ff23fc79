//! What the fuzzer reaches of services.

use std::sync::OnceLock;

use super::{
    Detected, clean::MAX_FIELD, datagrams::Datagram, finding::Finding, greeting, http, probes, trial::Heard,
    verdict,
};
use crate::scans::probe::fingerprints::Fingerprints;

/// Reads bytes as a greeting, an answer of HTTP, and the answer to every question that we ask. Whatever they are, what is
/// told of them is clean.
pub fn banner(bytes: &[u8]) {
    static PRINTS: OnceLock<Fingerprints> = OnceLock::new();
    let prints = PRINTS.get_or_init(Fingerprints::builtin);
    for port in [0, 21, 25] {
        let _ = (greeting::is_whole(bytes), greeting::is_ambiguous(bytes, port));
        tell(greeting::read(bytes, port), prints);
    }
    tell(Some(greeting::decided(bytes, bytes)), prints);
    let _ = http::is_whole(bytes);
    tell(http::Response::parse(bytes).map(|response| response.finding()), prints);
    for probe in probes::PROBES {
        let _ = ((probe.is_whole)(bytes), probe.then.and_then(|then| then(bytes)));
        tell((probe.read)(bytes), prints);
    }
    for port in [53, 123, 161] {
        for datagram in Datagram::at(port) {
            if let Some(detected) = datagram.read(bytes, prints) {
                check(&detected);
            }
        }
    }
    tell(None, prints);
    let heard = Heard { unknown: Some(bytes.to_vec()), ..Heard::default() };
    check(&verdict::detected(&heard, prints, 80));
}

fn tell(finding: Option<Finding>, prints: &Fingerprints) {
    let heard = Heard { finding, ..Heard::default() };
    check(&verdict::detected(&heard, prints, 80));
}

fn check(detected: &Detected) {
    let Detected { service_name, product, version, extrainfo, ostype, hostname, cpe, .. } = detected;
    let Detected { location, title, banner, .. } = detected;
    for text in [service_name, product, version, extrainfo, ostype, hostname, cpe, location, title, banner] {
        let Some(text) = text else { continue };
        let is_clean = !text.chars().any(|c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}'));
        assert!(is_clean && (1..=MAX_FIELD).contains(&text.chars().count()), "{text:?}");
    }
}
