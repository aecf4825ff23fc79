//! Ports in two scans.

use super::{Change, Comparison, Detail, Pair, Place, TEXT};
use crate::scans::{
    drift,
    record::{Host, Port, State},
    shown::shown,
};

/// Adds what became of a port. At least one of the two lists it.
pub(super) fn compare(
    pair: &Pair<'_>,
    place: &Place,
    old: Option<&Port>,
    new: Option<&Port>,
    comparison: &mut Comparison,
) {
    let (was_open, is_open) = (old.is_some_and(Port::is_open), new.is_some_and(Port::is_open));
    match (was_open, is_open) {
        (true, true) => comparison.ports.both(place, both(old, new), details(old, new)),
        (false, true) if is_blind(pair.old, old) => {
            comparison.uncertain.push(Change::added(place, words(new)));
        }
        (false, true) => comparison.ports.added(place, words(new)),
        (true, false) if is_blind(pair.new, new) => {
            comparison.uncertain.push(Change::removed(place, words(old)));
        }
        (true, false) => comparison.ports.removed(place, words(old)),
        // Of a port that is open nowhere, a scan that does not list it says nothing.
        (false, false) if old.is_some() && new.is_some() => closed(place, old, new, comparison),
        (false, false) => {}
    }
}

fn closed(place: &Place, old: Option<&Port>, new: Option<&Port>, comparison: &mut Comparison) {
    if [old, new].into_iter().flatten().all(|port| port.state != State::Unknown) {
        comparison.ports.both(place, both(old, new), details(old, new));
    }
}

/// Whether a scan that did not see a port open may have been unable to: it has the host, and did not ask everything,
/// or got no answer where packets were lost.
fn is_blind(host: Option<&Host>, port: Option<&Port>) -> bool {
    let Some(host) = host else { return false };
    let lossy = host.loss_estimate.is_some_and(|loss| loss > 0.0);
    match port.map(|port| port.state) {
        None => !host.complete || lossy,
        Some(State::Unknown | State::OpenOrFiltered) => true,
        Some(State::Filtered) => lossy,
        Some(State::Open | State::Closed) => false,
    }
}

fn details(old: Option<&Port>, new: Option<&Port>) -> Vec<Detail> {
    let Some((old, new)) = old.zip(new) else { return Vec::new() };
    let expected = |port: &Port| if port.expected { "yes" } else { "no" };
    let details = [
        Detail::of("state", Some(old.state.name()), Some(new.state.name())),
        Detail::of("expected", Some(expected(old)), Some(expected(new))),
    ];
    details.into_iter().flatten().collect()
}

fn both(old: Option<&Port>, new: Option<&Port>) -> [String; 2] {
    [old, new].map(words)
}

/// Such as `open, https, nginx 1.24.0`.
fn words(port: Option<&Port>) -> String {
    let Some(port) = port else { return String::new() };
    let service = port.service.as_ref().map(drift::service_words).filter(|words| !words.is_empty());
    let words =
        service.map_or_else(|| port.state.name().to_owned(), |it| format!("{}, {it}", port.state.name()));
    let expected = if port.expected { "" } else { ", not expected" };
    shown(&format!("{words}{expected}"), TEXT).to_string()
}
