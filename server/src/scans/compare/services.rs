//! Services in two scans.

use super::{Changes, Detail, Place, TEXT};
use crate::scans::{
    drift,
    record::{Service, Support, Tls},
    shown::shown,
};

/// Adds what became of the service at a port that is open in both scans.
pub(super) fn compare(place: &Place, old: Option<&Service>, new: Option<&Service>, changes: &mut Changes) {
    match (old, new) {
        (Some(old), Some(new)) => changes.both(place, [old, new].map(words), details(old, new)),
        (Some(old), None) => changes.removed(place, words(old)),
        (None, Some(new)) => changes.added(place, words(new)),
        (None, None) => {}
    }
}

fn words(service: &Service) -> String {
    let words = drift::service_words(service);
    let words = if words.is_empty() { "a service that nobody knows".to_owned() } else { words };
    let title = service.title.as_ref().map(|title| format!(" \u{201c}{title}\u{201d}")).unwrap_or_default();
    shown(&format!("{words}{title}"), TEXT).to_string()
}

fn details(old: &Service, new: &Service) -> Vec<Detail> {
    let pairs = texts(old).into_iter().zip(texts(new));
    let details = pairs.filter_map(|((what, old), (_, new))| Detail::of(what, old, new));
    details.chain(tls(old.tls.as_ref(), new.tls.as_ref())).collect()
}

/// What a service says of itself, each text with what it is.
fn texts(service: &Service) -> [(&'static str, Option<&str>); 7] {
    let Service { name, product, version, extrainfo, ostype, http_protocol, title, .. } = service;
    [
        ("name", name.as_deref()),
        ("product", product.as_deref()),
        ("version", version.as_deref()),
        ("extra information", extrainfo.as_deref()),
        ("operating system", ostype.as_deref()),
        ("HTTP", http_protocol.as_deref()),
        ("title", title.as_deref()),
    ]
}

/// Versions and suites. A version of which one scan does not know whether it is spoken is left out of both.
fn tls(old: Option<&Tls>, new: Option<&Tls>) -> Vec<Detail> {
    let unknown: Vec<&str> = [old, new]
        .into_iter()
        .flatten()
        .flat_map(|tls| &tls.versions)
        .filter(|version| version.support == Support::Unknown)
        .map(|version| version.name.as_str())
        .collect();
    let spoken = |tls: Option<&Tls>| {
        let versions = tls.into_iter().flat_map(|tls| &tls.versions);
        let spoken =
            versions.filter(|one| one.support == Support::Supported && !unknown.contains(&one.name.as_str()));
        spoken.map(|one| (one.name.clone(), one.suites.clone())).collect::<Vec<_>>()
    };
    let (old, new) = (spoken(old), spoken(new));
    let names =
        |list: &[(String, _)]| list.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    let versions = Detail::of("TLS versions", Some(&names(&old)), Some(&names(&new)));
    let suites = old.iter().filter_map(|(name, suites)| {
        let (_, others) = new.iter().find(|(other, _)| other == name)?;
        Detail::of("TLS suites", Some(&only(name, suites, others)), Some(&only(name, others, suites)))
    });
    versions.into_iter().chain(suites).collect()
}

/// The suites that the other list does not have.
fn only(version: &str, suites: &[String], others: &[String]) -> String {
    let only: Vec<_> = suites.iter().filter(|suite| !others.contains(suite)).map(String::as_str).collect();
    if only.is_empty() { String::new() } else { format!("{version}: {}", only.join(", ")) }
}
