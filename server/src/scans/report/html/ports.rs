//! A host's ports, one row each.

use std::io;

use super::{PORTS, Page, SHORT, TEXT, left_out};
use crate::scans::{
    record::{Host, Port, Service, State, Support},
    shown::shown,
};

const TABLE: &str = "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Ports of {}\">
<table><thead><tr><th scope=\"col\">Port</th><th scope=\"col\">State</th><th scope=\"col\">Service</th>\
<th scope=\"col\">Product</th><th scope=\"col\">Says of itself</th></tr></thead>
<tbody>
";

pub(super) fn table(page: &mut Page<'_>, host: &Host) -> io::Result<()> {
    if host.ports.is_empty() {
        return page.raw("<p class=\"facts\">No port is open, and none was expected to be.</p>\n");
    }
    page.put(TABLE, [&host.address])?;
    host.ports.iter().take(PORTS).try_for_each(|port| row(page, port))?;
    page.raw("</tbody></table></div>\n")?;
    left_out(page, host.ports.len(), PORTS)
}

fn row(page: &mut Page<'_>, port: &Port) -> io::Result<()> {
    let is_missing = port.expected && matches!(port.state, State::Closed | State::Filtered);
    let is_unexpected = port.is_open() && !port.expected;
    let class = if is_missing || is_unexpected {
        "bad"
    } else if port.is_open() {
        ""
    } else {
        "off"
    };
    page.put(
        "<tr class=\"{}\"><th scope=\"row\" class=\"mono\">{}</th><td class=\"keep\">",
        [&class, &port.name()],
    )?;
    state(page, port)?;
    if is_missing {
        page.raw(" <span class=\"tag bad\">missing</span>")?;
    }
    if is_unexpected {
        page.raw(" <span class=\"tag bad\">unexpected</span>")?;
    }
    page.put(" <small>{}</small></td>", [&shown(&port.reason, SHORT)])?;
    match &port.service {
        Some(it) => service(page, it)?,
        None => page.raw("<td class=\"muted\">–</td><td></td><td></td>")?,
    }
    page.raw("</tr>\n")
}

fn state(page: &mut Page<'_>, port: &Port) -> io::Result<()> {
    let class = match port.state {
        State::Open => "yes",
        State::Closed | State::Filtered => "no",
        State::OpenOrFiltered | State::Unknown => "unknown",
    };
    page.put("<span class=\"{}\">{}</span>", [&class, &port.state.name()])
}

fn service(page: &mut Page<'_>, it: &Service) -> io::Result<()> {
    let name = it.name.as_deref().unwrap_or("unknown");
    page.put("<td>{}", [&shown(name, SHORT)])?;
    if it.guessed && it.name.is_some() {
        page.raw(" <small>(by its number)</small>")?;
    }
    security(page, it)?;
    page.raw("</td><td>")?;
    if let Some(product) = &it.product {
        page.put("<b>{}</b> ", [&shown(product, SHORT)])?;
    }
    page.put("{}", [&shown(it.version.as_deref().unwrap_or_default(), SHORT)])?;
    if let Some(system) = &it.ostype {
        page.put(" <small>{}</small>", [&shown(system, SHORT)])?;
    }
    page.raw("</td><td>")?;
    if let Some(title) = it.title.as_ref().filter(|title| !title.is_empty()) {
        page.put("“{}” ", [&shown(title, TEXT)])?;
    }
    page.put("<small>{}</small></td>", [&shown(it.extrainfo.as_deref().unwrap_or_default(), TEXT)])
}

/// What it speaks in TLS, in a few letters: the newest version, and whether something is weak.
fn security(page: &mut Page<'_>, it: &Service) -> io::Result<()> {
    let Some(tls) = &it.tls else { return Ok(()) };
    let newest = tls
        .versions
        .iter()
        .filter(|version| version.support == Support::Supported)
        .map(|one| &one.name)
        .max();
    page.put(" <small>{}</small>", [&shown(newest.map_or("TLS", String::as_str), SHORT)])?;
    if tls.weaknesses.is_empty() { Ok(()) } else { page.raw(" <span class=\"tag warn\">weak</span>") }
}
