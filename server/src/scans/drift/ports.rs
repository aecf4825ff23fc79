//! Pings and ports against what was expected of them.

use super::{Finding, Kind, Place, Severity, TEXT};
use crate::scans::{
    record::{Port, State},
    shown::shown,
};

/// Asked for so often in vain, what was open last time is missing, however many answers get lost.
pub(super) const CONFIRMING: u32 = 3;

/// A ping that was answered or not, against the configuration's word.
pub(super) fn ping(place: &Place<'_>) -> Option<Finding> {
    let (expected, actual) = (place.host.ping.expected?, place.host.ping.actual?);
    if expected == actual {
        return None;
    }
    let text = if actual {
        "Pings are answered, and were not expected to be"
    } else {
        "Pings are not answered, and were expected to be"
    };
    let answered_before = place.old.is_some_and(|old| old.ping.actual == Some(true));
    Some(Finding {
        key: place.key(Kind::PingMismatch, None),
        severity: Severity::Medium,
        confirmed: actual || !(answered_before && place.is_lossy()),
        text: text.to_owned(),
        substance: actual.to_string(),
    })
}

/// A port that is open or not, against the configuration's word. One that may be open is nothing to speak of, nor is
/// one that nobody asked.
pub(super) fn port(place: &Place<'_>, port: &Port, before: Option<&Port>) -> Option<Finding> {
    match (port.state, port.expected) {
        (State::Open, false) => Some(unexpected(place, port)),
        (State::Closed | State::Filtered, true) => Some(missing(place, port, before)),
        _ => None,
    }
}

fn unexpected(place: &Place<'_>, port: &Port) -> Finding {
    let service = port.service.as_ref().map(super::services::words).filter(|words| !words.is_empty());
    let service = service.map(|words| format!(": {words}")).unwrap_or_default();
    Finding {
        key: place.key(Kind::UnexpectedPort, Some((port.protocol, port.port))),
        severity: Severity::High,
        confirmed: true,
        text: format!("{} is open, and was not expected to be{service}", port.name()),
        substance: String::new(),
    }
}

fn missing(place: &Place<'_>, port: &Port, before: Option<&Port>) -> Finding {
    let was_open = before.is_some_and(Port::is_open);
    let is_sure = port.asked_again >= CONFIRMING;
    let lost = port.state == State::Filtered && was_open && place.is_lossy() && !is_sure;
    let name = port.name();
    let text = if lost {
        let percent = place.host.loss_estimate.unwrap_or_default() * 100.0;
        format!(
            "{name} did not answer, and was open last time; it may still be: {percent:.1} % of the probes got lost"
        )
    } else {
        let reason = shown(&port.reason, TEXT);
        format!("{name} is {}, and was expected to be open ({reason})", port.state.name())
    };
    Finding {
        key: place.key(Kind::MissingPort, Some((port.protocol, port.port))),
        severity: Severity::High,
        confirmed: !lost,
        text,
        // Closed today and filtered tomorrow is missing all the same.
        substance: String::new(),
    }
}
