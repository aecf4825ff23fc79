//! Every certificate once, the first to end first.

use std::{
    collections::{HashMap, hash_map::Entry},
    io,
    net::IpAddr,
};

use super::{Page, ROWS, SHORT, Sheet, TEXT, left_out, words};
use crate::scans::{
    drift::{EXPIRING_DAYS, URGENT_DAYS},
    record::{Certificate, Port},
    shown::shown,
};

/// Names of a certificate that are shown.
const NAMES: usize = 50;
/// Places of a certificate that are shown.
const PLACES: usize = 5;
/// Days that fill the bar of a certificate's life: those of most public authorities.
const LIFE: i64 = 90;

const OPEN: &str = "<section aria-labelledby=\"certificates\">
<h2 id=\"certificates\">Certificates</h2>
";
const TABLE: &str = "<p class=\"lead\">The first to end stands first.</p>
<div class=\"card\"><div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Certificates\">
<table><thead><tr><th scope=\"col\">Good for</th><th scope=\"col\">For whom</th><th scope=\"col\">By whom</th>\
<th scope=\"col\">Key and signature</th><th scope=\"col\">Where</th></tr></thead>
<tbody>
";

/// A certificate and where it was seen.
struct Seen<'a> {
    certificate: &'a Certificate,
    places: Vec<(&'a str, IpAddr, &'a Port)>,
}

pub(super) fn write(sheet: &Sheet<'_>, page: &mut Page<'_>) -> io::Result<()> {
    page.raw(OPEN)?;
    let all = collect(sheet);
    if all.is_empty() {
        page.raw("<p class=\"lead\">No server has shown one.</p>\n")?;
    } else {
        page.raw(TABLE)?;
        all.iter().take(ROWS).try_for_each(|seen| row(sheet, page, seen))?;
        page.raw("</tbody></table></div>\n")?;
        left_out(page, all.len(), ROWS)?;
        page.raw("</div>\n")?;
    }
    page.raw("</section>\n")
}

fn collect<'a>(sheet: &Sheet<'a>) -> Vec<Seen<'a>> {
    let mut all: Vec<Seen<'a>> = Vec::new();
    let mut known = HashMap::new();
    for (site, host) in sheet.material.report.hosts() {
        for port in &host.ports {
            let tls = port.service.as_ref().and_then(|service| service.tls.as_ref());
            for certificate in tls.into_iter().flat_map(|tls| &tls.certificates) {
                let at = match known.entry(certificate.sha256.as_str()) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(new) => {
                        all.push(Seen { certificate, places: Vec::new() });
                        *new.insert(all.len() - 1)
                    }
                };
                all[at].places.push((site, host.address, port));
            }
        }
    }
    all.sort_by_key(|seen| seen.certificate.not_valid_after);
    all
}

fn row(sheet: &Sheet<'_>, page: &mut Page<'_>, seen: &Seen<'_>) -> io::Result<()> {
    let one = seen.certificate;
    page.raw("<tr>")?;
    life(sheet, page, one)?;
    page.put("<td>{}", [&shown(&one.subject, TEXT)])?;
    names(page, one)?;
    page.put("</td><td>{}<br>", [&shown(&one.issuer, TEXT)])?;
    trust(page, one)?;
    page.put("</td><td>{}", [&shown(&one.key, SHORT)])?;
    // The name of a curve says how long its keys are.
    if one.key_bits > 0 && !one.key.contains(char::is_numeric) {
        page.put(", {} bits", [&one.key_bits])?;
    }
    page.put("<br><small>{}</small></td><td>", [&shown(&one.signature_algorithm, SHORT)])?;
    places(sheet, page, seen)?;
    page.raw("</td></tr>\n")
}

/// How long it is still good, in words and in a bar.
fn life(sheet: &Sheet<'_>, page: &mut Page<'_>, one: &Certificate) -> io::Result<()> {
    let days = sheet.material.now.days_until(one.not_valid_after);
    let expired = one.not_valid_after < sheet.material.now;
    let class = match days {
        ..URGENT_DAYS => "high",
        URGENT_DAYS..EXPIRING_DAYS => "medium",
        _ => "good",
    };
    let width = days.clamp(0, LIFE) * 100 / LIFE;
    page.put("<th scope=\"row\"><span class=\"tag {}\">", [&class])?;
    if expired {
        page.raw("expired")?;
    } else {
        page.put("{}", [&words::count(usize::try_from(days).unwrap_or_default(), "day", "days")])?;
    }
    let (end, day) = (one.not_valid_after, words::day(one.not_valid_after));
    page.put(
        "</span><span class=\"life\" aria-hidden=\"true\"><i class=\"{}\" style=\"width:{}%\"></i></span>",
        [&class, &width],
    )?;
    page.put("<small>until <time datetime=\"{}\">{}</time></small>", [&end, &day])?;
    if one.not_valid_before > sheet.material.now {
        page.put("<br><span class=\"tag warn\">not before {}</span>", [&words::day(one.not_valid_before)])?;
    }
    page.raw("</th>")
}

fn names(page: &mut Page<'_>, one: &Certificate) -> io::Result<()> {
    let total = one.sans.len().max(one.sans_total as usize);
    if total == 0 {
        return Ok(());
    }
    page.put("<details><summary>{}</summary><small>", [&words::count(total, "name", "names")])?;
    for (at, name) in one.sans.iter().take(NAMES).enumerate() {
        page.raw(if at == 0 { "" } else { ", " })?;
        page.put("{}", [&shown(name, SHORT)])?;
    }
    if total > one.sans.len().min(NAMES) {
        page.put(", and {} more", [&(total - one.sans.len().min(NAMES))])?;
    }
    page.raw("</small></details>")
}

fn trust(page: &mut Page<'_>, one: &Certificate) -> io::Result<()> {
    if one.is_trusted {
        return page.raw("<span class=\"tag good\">trusted</span>");
    }
    let what = if one.is_self_signed { "self-signed" } else { "not trusted" };
    page.put("<span class=\"tag warn\">{}</span>", [&what])?;
    if one.untrusted_because.is_empty() {
        return Ok(());
    }
    page.put("<br><small>{}</small>", [&shown(&one.untrusted_because, TEXT)])
}

fn places(sheet: &Sheet<'_>, page: &mut Page<'_>, seen: &Seen<'_>) -> io::Result<()> {
    page.raw("<ul class=\"plain\">")?;
    for (site, address, port) in seen.places.iter().take(PLACES) {
        page.raw("<li class=\"keep\">")?;
        sheet.link(page, site, *address)?;
        page.put(" <span class=\"mono\">{}</span></li>", [&port.name()])?;
    }
    if seen.places.len() > PLACES {
        page.put("<li class=\"muted\">and at {} more</li>", [&(seen.places.len() - PLACES)])?;
    }
    page.raw("</ul>")
}
