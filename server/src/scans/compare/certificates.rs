//! Certificates in two scans.

use std::collections::HashSet;

use super::{Changes, Detail, Place, TEXT};
use crate::scans::{
    record::{Certificate, Port, Service},
    shown::shown,
};

/// Names of a certificate that a change tells.
const NAMES: usize = 20;

/// Adds what became of the certificates at a port that is open in both scans. One that was replaced by another with
/// the same kind of key has changed; one that nothing replaces was removed. What one of the scans could not find out
/// is no change.
pub(super) fn compare(place: &Place, old: &Port, new: &Port, changes: &mut Changes) {
    if ![old, new].into_iter().all(|port| port.service.as_ref().is_none_or(Service::knows_certificates)) {
        return;
    }
    let (mut olds, mut news) = (certificates(old), certificates(new));
    for new in take(&mut news, |new| olds.iter().any(|old| old.sha256 == new.sha256)) {
        olds.retain(|old| old.sha256 != new.sha256);
        changes.unchanged += 1;
    }
    for new in news {
        match olds.iter().position(|old| old.key == new.key) {
            Some(at) => {
                let old = olds.remove(at);
                changes.both(place, [old, new].map(words), details(old, new));
            }
            None => changes.added(place, words(new)),
        }
    }
    for old in olds {
        changes.removed(place, words(old));
    }
}

fn certificates(port: &Port) -> Vec<&Certificate> {
    let tls = port.service.as_ref().and_then(|service| service.tls.as_ref());
    let mut certificates: Vec<&Certificate> = tls.into_iter().flat_map(|tls| &tls.certificates).collect();
    certificates.sort_by(|a, b| a.sha256.cmp(&b.sha256));
    certificates.dedup_by(|a, b| a.sha256 == b.sha256);
    certificates
}

/// Takes those out of a list that a condition holds for.
fn take<'a>(list: &mut Vec<&'a Certificate>, holds: impl Fn(&Certificate) -> bool) -> Vec<&'a Certificate> {
    let (taken, left) = list.iter().copied().partition(|one| holds(one));
    *list = left;
    taken
}

/// Such as `CN=example.com, until 2026-02-12T08:00:00Z`.
fn words(certificate: &Certificate) -> String {
    format!("{}, until {}", shown(&certificate.subject, TEXT), certificate.not_valid_after)
}

fn details(old: &Certificate, new: &Certificate) -> Vec<Detail> {
    let both = [old, new];
    let ends = both.map(|one| one.not_valid_after.to_string());
    let begins = both.map(|one| one.not_valid_before.to_string());
    let keys = both.map(|one| format!("{} {}", one.key, one.key_bits));
    let names = [only(&old.sans, &new.sans), only(&new.sans, &old.sans)];
    let signed = both.map(|one| if one.is_self_signed { "yes" } else { "no" });
    let details = [
        Detail::of("subject", Some(&old.subject), Some(&new.subject)),
        Detail::of("issuer", Some(&old.issuer), Some(&new.issuer)),
        Detail::of("good from", Some(&begins[0]), Some(&begins[1])),
        Detail::of("good until", Some(&ends[0]), Some(&ends[1])),
        Detail::of("names of this one only", Some(&names[0]), Some(&names[1])),
        Detail::of("key", Some(&keys[0]), Some(&keys[1])),
        Detail::of("signature", Some(&old.signature_algorithm), Some(&new.signature_algorithm)),
        Detail::of("self-signed", Some(signed[0]), Some(signed[1])),
        Detail::of("serial number", Some(&old.serial_number), Some(&new.serial_number)),
    ];
    let mut details: Vec<_> = details.into_iter().flatten().collect();
    if details.is_empty() {
        details.extend(Detail::of("SHA-256", Some(&old.sha256), Some(&new.sha256)));
    }
    details
}

/// The first names that the other certificate does not have.
fn only(names: &[String], others: &[String]) -> String {
    let others: HashSet<_> = others.iter().collect();
    let only: Vec<_> =
        names.iter().filter(|name| !others.contains(name)).take(NAMES).map(String::as_str).collect();
    only.join(", ")
}
