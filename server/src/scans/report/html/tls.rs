//! Which versions of TLS each server speaks, and what is weak about it.

use std::{collections::BTreeSet, io};

use super::{Page, ROWS, SHORT, Sheet, TEXT, left_out, words};
use crate::scans::{
    record::{Host, Order, Port, Support, Tls, Version},
    shown::shown,
};

/// Versions with a column of their own.
const COLUMNS: usize = 8;
/// Weaknesses of a server that are shown.
const WEAKNESSES: usize = 20;
/// Suites of a version that are shown.
const SUITES: usize = 100;

const OPEN: &str = "<section aria-labelledby=\"tls\">
<h2 id=\"tls\">TLS</h2>
";
const TABLE: &str =
    "<p class=\"lead\">Each version by its own handshake, with the number of suites that the server \
accepts.</p>
<div class=\"card\"><div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Versions of TLS\">
<table><thead><tr><th scope=\"col\">Server</th>";

pub(super) fn write(sheet: &Sheet<'_>, page: &mut Page<'_>) -> io::Result<()> {
    page.raw(OPEN)?;
    let hosts = sheet.material.report.hosts();
    let ports = hosts.flat_map(|(site, host)| host.ports.iter().map(move |port| (site, host, port)));
    let mut servers: Vec<_> = ports
        .filter_map(|(site, host, port)| Some((site, host, port, port.service.as_ref()?.tls.as_ref()?)))
        .collect();
    // Those with weaknesses first, else as they are.
    servers.sort_by_key(|(_, _, _, tls)| tls.weaknesses.is_empty());
    if servers.is_empty() {
        page.raw("<p class=\"lead\">No server speaks it.</p>\n")?;
    } else {
        let versions = columns(servers.iter().map(|server| server.3));
        header(page, &versions)?;
        for server in servers.iter().take(ROWS) {
            row(sheet, page, &versions, *server)?;
        }
        page.raw("</tbody></table></div>\n")?;
        left_out(page, servers.len(), ROWS)?;
        page.raw("</div>\n")?;
    }
    page.raw("</section>\n")
}

/// The names of all versions. `SSL 3.0` stands before `TLS 1.0` in the order of letters, too.
fn columns<'a>(servers: impl Iterator<Item = &'a Tls>) -> Vec<&'a str> {
    let names: BTreeSet<_> =
        servers.flat_map(|tls| &tls.versions).map(|version| version.name.as_str()).collect();
    names.into_iter().take(COLUMNS).collect()
}

fn header(page: &mut Page<'_>, versions: &[&str]) -> io::Result<()> {
    page.raw(TABLE)?;
    for version in versions {
        page.put("<th scope=\"col\" class=\"c\">{}</th>", [&shown(version, SHORT)])?;
    }
    page.raw("<th scope=\"col\">What is weak</th></tr></thead>\n<tbody>\n")
}

fn row(
    sheet: &Sheet<'_>,
    page: &mut Page<'_>,
    versions: &[&str],
    (site, host, port, tls): (&str, &Host, &Port, &Tls),
) -> io::Result<()> {
    page.raw("<tr><th scope=\"row\">")?;
    sheet.link(page, site, host.address)?;
    page.put(" <span class=\"mono\">{}</span>", [&port.name()])?;
    suites(page, tls)?;
    page.raw("</th>")?;
    for name in versions {
        cell(page, tls.versions.iter().find(|version| version.name == *name))?;
    }
    page.raw("<td>")?;
    weaknesses(page, tls)?;
    page.raw("</td></tr>\n")
}

/// Whether a version was called dead: SSL by RFC 6176 and 7568, TLS 1.0 and 1.1 by RFC 8996.
fn is_dead(name: &str) -> bool {
    name.starts_with("SSL") || matches!(name, "TLS 1.0" | "TLS 1.1")
}

fn cell(page: &mut Page<'_>, version: Option<&Version>) -> io::Result<()> {
    let Some(version) = version else { return page.raw("<td class=\"c no\">–</td>") };
    match version.support {
        Support::Supported => {
            let (class, mark) = if is_dead(&version.name) { ("weak", "✕ yes") } else { ("yes", "✓ yes") };
            page.put("<td class=\"c keep {}\">{}<br><small>", [&class, &mark])?;
            page.put("{}</small></td>", [&words::count(version.suites.len(), "suite", "suites")])
        }
        Support::NotSupported => page.raw("<td class=\"c no\">no</td>"),
        Support::Unknown => {
            page.put("<td class=\"c unknown\" title=\"{}\">unknown</td>", [&shown(&version.detail, TEXT)])
        }
    }
}

fn suites(page: &mut Page<'_>, tls: &Tls) -> io::Result<()> {
    let spoken = || tls.versions.iter().filter(|version| !version.suites.is_empty());
    if spoken().next().is_none() {
        return Ok(());
    }
    page.raw("<details><summary>Suites</summary>")?;
    for version in spoken() {
        let order = match version.order {
            Some(Order::Server) => ", by the server's preference",
            Some(Order::Client) => ", by the client's preference",
            None => "",
        };
        page.put("<small><b>{}</b>{}", [&shown(&version.name, SHORT), &order])?;
        for suite in version.suites.iter().take(SUITES) {
            page.put("<br>{}", [&shown(suite, SHORT)])?;
        }
        if version.suites.len() > SUITES {
            page.put("<br>and {} more", [&(version.suites.len() - SUITES)])?;
        }
        page.raw("<br></small>")?;
    }
    page.raw("</details>")
}

fn weaknesses(page: &mut Page<'_>, tls: &Tls) -> io::Result<()> {
    if tls.weaknesses.is_empty() {
        return page.raw("<span class=\"muted\">nothing</span>");
    }
    page.raw("<ul class=\"plain\">")?;
    for one in tls.weaknesses.iter().take(WEAKNESSES) {
        page.put("<li>{}</li>", [&words::sentence(&shown(&one.text, TEXT).to_string())])?;
    }
    if tls.weaknesses.len() > WEAKNESSES {
        page.put("<li class=\"muted\">and {} more</li>", [&(tls.weaknesses.len() - WEAKNESSES)])?;
    }
    page.raw("</ul>")
}
