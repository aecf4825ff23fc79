//! From what was heard to what is told.

use super::{
    clean::{MAX_FIELD, clean, clean_to},
    finding::{Clue, Finding},
    model::{Detected, Http},
    naming,
    trial::Heard,
};
use crate::{
    network::ports::{Port, Protocol, service_name},
    scans::probe::fingerprints::{Facts, Fingerprints, kinds},
};

/// Most pieces of what else a service gives away.
const MAX_EXTRAS: usize = 6;

/// What is told of a port.
pub(super) fn detected(heard: &Heard, prints: &Fingerprints, port: u16) -> Detected {
    let mut detected = Detected { is_tls: heard.is_tls, ..Detected::default() };
    match &heard.finding {
        Some(finding) => tell(finding, prints, &mut detected),
        None => detected.banner = heard.unknown.as_deref().and_then(clean),
    }
    if let Some(finding) = heard.finding.as_ref().filter(|finding| !finding.service.is_empty()) {
        detected.service_name = Some(naming::name(finding.service, port, heard.is_tls).to_owned());
    } else {
        detected.is_guess = true;
        detected.service_name = usual(port).map(str::to_owned);
    }
    if heard.finding.as_ref().is_some_and(|finding| finding.page.is_some()) {
        detected.http_protocol = Some(if heard.is_tls { Http::Secure } else { Http::Plain });
    }
    if heard.is_tls && !heard.is_opened {
        detected.extrainfo = Some("speaks TLS, of no version and suite that could be agreed on".to_owned());
    }
    detected
}

/// What a datagram's answer, read by itself, tells.
pub(super) fn alone(finding: &Finding, prints: &Fingerprints) -> Detected {
    let mut detected = Detected::default();
    tell(finding, prints, &mut detected);
    detected.service_name = Some(finding.service.to_owned());
    detected
}

fn usual(port: u16) -> Option<&'static str> {
    service_name(Port::new(port)?, Protocol::Tcp)
}

fn tell(finding: &Finding, prints: &Fingerprints, detected: &mut Detected) {
    let mut extras: Vec<String> = finding.notes.iter().filter_map(|note| clean(note.as_bytes())).collect();
    for clue in &finding.clues {
        if let Some(facts) = prints.look_up(clue.kind, &clue.text) {
            add(&facts, detected, &mut extras);
        }
    }
    if detected.product.is_none() {
        plainly(finding, detected, &mut extras);
    }
    if let Some(page) = &finding.page {
        detected.http_status = Some(page.status);
        detected.location = page.location.as_deref().and_then(clean);
        detected.title = page.title.as_ref().and_then(|title| clean(title.as_bytes()));
    }
    detected.banner = finding.banner.as_deref().and_then(clean);
    extras.truncate(MAX_EXTRAS);
    detected.extrainfo = clean_to(extras.join("; ").as_bytes(), MAX_FIELD);
}

/// The first that names a product names it; the others add what is not known yet.
fn add(facts: &Facts, detected: &mut Detected, extras: &mut Vec<String>) {
    let field = |name: &str| facts.get(name).and_then(|value| clean(value.as_bytes()));
    let product = field("service.product").or_else(|| field("hw.product"));
    let version = field("service.version");
    if let Some(product) = product {
        if detected.product.is_none() {
            detected.product = Some(product);
            detected.version = version;
            detected.cpe = field("service.cpe23");
        } else if detected.product.as_ref() == Some(&product) {
            detected.version = detected.version.take().or(version);
        } else {
            remember(
                extras,
                version.map_or_else(|| product.clone(), |version| format!("{product} {version}")),
            );
        }
    }
    if let Some(component) = field("service.component.product") {
        let version = field("service.component.version");
        remember(
            extras,
            version.map_or_else(|| component.clone(), |version| format!("{component} {version}")),
        );
    }
    if let Some(extra) = field("service.extra") {
        remember(extras, extra);
    }
    let family = field("os.family").or_else(|| field("os.product"));
    // Who makes it, where the family does not say so.
    let vendor = field("os.vendor").filter(|vendor| vendor != "Microsoft" && Some(vendor) != family.as_ref());
    if let Some(vendor) = vendor {
        let version = field("os.version");
        remember(extras, version.map_or_else(|| vendor.clone(), |version| format!("{vendor} {version}")));
    }
    detected.ostype = detected.ostype.take().or(family);
    detected.hostname = detected.hostname.take().or_else(|| field("host.name"));
}

fn remember(extras: &mut Vec<String>, text: String) {
    if !extras.contains(&text) {
        extras.push(text);
    }
}

/// What no fingerprint knows tells its name and version itself, if it is written as RFC 9110, 10.2.4 has it.
fn plainly(finding: &Finding, detected: &mut Detected, extras: &mut Vec<String>) {
    let headers = [kinds::HTTP_SERVER, kinds::SIP_SERVER, kinds::RTSP_SERVER, kinds::SIP_AGENT];
    let Some(clue) = finding.clues.iter().find(|clue| headers.contains(&clue.kind)) else { return };
    let Clue { text, .. } = clue;
    let Some(text) = clean(text) else { return };
    let (first, rest) = text.split_once(' ').unwrap_or((&text, ""));
    match first.split_once('/') {
        Some((product, version))
            if !product.is_empty() && version.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            detected.product = Some(product.to_owned());
            detected.version = Some(version.to_owned());
            if !rest.is_empty() {
                remember(extras, rest.trim_matches(['(', ')']).to_owned());
            }
        }
        _ => detected.product = Some(text),
    }
}
