//! Services against last time, and their TLS against what is good today.

use super::{EXPIRING_DAYS, Finding, Kind, Place, Severity, TEXT, URGENT_DAYS};
use crate::scans::{
    record::{Certificate, Moment, Port, Service, Tls, Weakness},
    shown::shown,
};

/// Between two weaknesses of a list.
pub(super) const BETWEEN: &str = "; ";

/// Everything about the service at a port.
pub(super) fn of_port(place: &Place<'_>, port: &Port, before: Option<&Port>, now: Moment) -> Vec<Finding> {
    let Some(service) = port.service.as_ref() else { return Vec::new() };
    let spot = Spot { place, port };
    let mut findings = Vec::new();
    findings.extend(before.and_then(|before| changed(&spot, before.service.as_ref()?, service)));
    if let Some(tls) = &service.tls {
        findings.extend(of_tls(&spot, tls, now));
    }
    findings
}

/// A port of a host.
struct Spot<'a> {
    place: &'a Place<'a>,
    port: &'a Port,
}

impl Spot<'_> {
    fn finding(&self, kind: Kind, severity: Severity, text: String, substance: String) -> Finding {
        let key = self.place.key(kind, Some((self.port.protocol, self.port.port)));
        Finding { key, severity, confirmed: true, text, substance }
    }
}

/// A service in a few words, such as `https, nginx 1.24.0`.
pub(in crate::scans) fn words(service: &Service) -> String {
    let product = [service.product.as_deref(), service.version.as_deref()];
    let product: Vec<_> = product.into_iter().flatten().collect();
    let parts = [service.name.clone(), (!product.is_empty()).then(|| product.join(" "))];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    shown(&parts.join(", "), TEXT).to_string()
}

/// Whether one text has become another. What is not known on one side has not changed.
fn differs(old: Option<&String>, new: Option<&String>) -> bool {
    old.zip(new).is_some_and(|(old, new)| old != new)
}

/// Another service than last time, as far as both are known: a name that only the port's number suggests says nothing.
fn changed(spot: &Spot<'_>, old: &Service, new: &Service) -> Option<Finding> {
    let name = !old.guessed && !new.guessed && differs(old.name.as_ref(), new.name.as_ref());
    let product = differs(old.product.as_ref(), new.product.as_ref());
    let version = differs(old.version.as_ref(), new.version.as_ref());
    let http = differs(old.http_protocol.as_ref(), new.http_protocol.as_ref());
    if !(name || product || version || http) {
        return None;
    }
    let describe = |service: &Service| {
        let protocol = service.http_protocol.as_deref().filter(|_| http && !name);
        protocol.map_or_else(
            || words(service),
            |protocol| format!("{} over {}", words(service), shown(protocol, TEXT)),
        )
    };
    let (old, new) = (describe(old), describe(new));
    let text = format!("{} serves something else than last time: {new}, before {old}", spot.port.name());
    Some(spot.finding(Kind::ServiceChanged, Severity::Low, text, format!("{old} -> {new}")))
}

fn of_tls(spot: &Spot<'_>, tls: &Tls, now: Moment) -> Vec<Finding> {
    let about =
        |certificate: bool| tls.weaknesses.iter().filter(move |one| one.of_certificate == certificate);
    let weak = [(Kind::WeakTls, about(false).collect()), (Kind::WeakCertificate, about(true).collect())];
    let weak = weak.into_iter().filter_map(|(kind, list): (Kind, Vec<_>)| weak_tls(spot, kind, &list));
    weak.chain(validity(spot, &tls.certificates, now)).collect()
}

fn weak_tls(spot: &Spot<'_>, kind: Kind, weaknesses: &[&Weakness]) -> Option<Finding> {
    let mut texts: Vec<_> = weaknesses.iter().map(|one| shown(&one.text, 2 * TEXT).to_string()).collect();
    texts.sort_unstable();
    texts.dedup();
    let text = texts.join(BETWEEN);
    let substance = text.clone();
    (!texts.is_empty())
        .then(|| spot.finding(kind, Severity::Medium, shown(&text, 5 * TEXT).to_string(), substance))
}

/// At most one finding of each kind: of several certificates the one that ends first, or begins last.
fn validity(spot: &Spot<'_>, certificates: &[Certificate], now: Moment) -> Vec<Finding> {
    let first_end = |expired: bool| {
        let those = certificates.iter().filter(|one| (one.not_valid_after < now) == expired);
        those.min_by_key(|one| one.not_valid_after)
    };
    let not_yet = certificates.iter().filter(|one| one.not_valid_before > now);
    let findings = [
        first_end(true).map(|one| expired(spot, one, now)),
        first_end(false).and_then(|one| expiring(spot, one, now)),
        not_yet.max_by_key(|one| one.not_valid_before).map(|one| not_yet_valid(spot, one)),
    ];
    findings.into_iter().flatten().collect()
}

fn expired(spot: &Spot<'_>, one: &Certificate, now: Moment) -> Finding {
    let past = ago(-now.days_until(one.not_valid_after));
    let text = format!("The certificate of {} expired {past} ({})", name(one), day(one.not_valid_after));
    spot.finding(Kind::CertificateExpired, Severity::High, text, one.sha256.clone())
}

fn expiring(spot: &Spot<'_>, one: &Certificate, now: Moment) -> Option<Finding> {
    let days = now.days_until(one.not_valid_after);
    let within = spot.place.days;
    (days < within).then(|| {
        let (name, end) = (name(one), day(one.not_valid_after));
        let text = format!("The certificate of {name} expires {} ({end})", ahead(days));
        let (severity, stage) = if days < URGENT_DAYS {
            (Severity::High, URGENT_DAYS)
        } else if days < EXPIRING_DAYS {
            (Severity::Medium, EXPIRING_DAYS)
        } else {
            (Severity::Low, within)
        };
        let substance = expiring_within(one, stage);
        spot.finding(Kind::CertificateExpiring, severity, text, substance)
    })
}

/// What is news of a certificate that expires: that this one does so, within another number of days.
pub(in crate::scans) fn expiring_within(one: &Certificate, days: i64) -> String {
    format!("{} within {days} days", one.sha256)
}

/// The number of days of such news about this certificate.
pub(in crate::scans) fn days_of(one: &Certificate, substance: &str) -> Option<i64> {
    let days = substance.strip_prefix(one.sha256.as_str())?.strip_prefix(" within ")?;
    days.strip_suffix(" days")?.parse().ok()
}

fn not_yet_valid(spot: &Spot<'_>, one: &Certificate) -> Finding {
    let text = format!("The certificate of {} is good only from {} on", name(one), day(one.not_valid_before));
    spot.finding(Kind::CertificateNotYetValid, Severity::Medium, text, one.sha256.clone())
}

fn name(one: &Certificate) -> String {
    shown(&one.subject, TEXT).to_string()
}

/// Such as `14 November 2025`.
fn day(moment: Moment) -> String {
    moment.date_time().format("%-d %B %Y").to_string()
}

/// Days that are over, in words. A part of a day counts as one.
fn ago(days: i64) -> String {
    match days {
        ..=1 => "less than a day ago".to_owned(),
        2 => "1 day ago".to_owned(),
        days => format!("{} days ago", days - 1),
    }
}

/// Days to come, in words.
fn ahead(days: i64) -> String {
    match days {
        ..=0 => "in less than a day".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    }
}
