//! What the scan was, how it ended, and its figures.

use std::io;

use super::{Page, Sheet, TEXT, words};
use crate::scans::{
    drift::{Finding, Severity},
    shown::shown,
};

/// Characters of the title.
const TITLE: usize = 120;

const OPEN: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
img-src data:; base-uri 'none'; form-action 'none'\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<meta name=\"color-scheme\" content=\"light dark\">
<meta name=\"referrer\" content=\"no-referrer\">
<meta name=\"robots\" content=\"noindex\">
<title>{} – scan {}</title>
<style>
";
const BRAND: &str = "</style>
</head>
<body>
<a class=\"skip\" href=\"#main\">Skip to what was found</a>
<header>
<div class=\"wide\">
<p class=\"brand\"><svg viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.6\" \
stroke-linejoin=\"round\" stroke-linecap=\"round\" aria-hidden=\"true\"><path d=\"M6 8V3h2.5v2h2V3h3v2h2V3H18v5l-1.5 \
2v11h-9V10z\"/><path d=\"M10.5 21v-4.5a1.5 1.5 0 0 1 3 0V21M12 11v2.2\"/></svg>Atalaya scan report</p>
<h1>{}</h1>
<dl class=\"meta\">
<div><dt>Scan</dt><dd>{}</dd></div>
<div><dt>Configuration</dt><dd>{}</dd></div>
<div><dt>Begun</dt><dd><time datetime=\"{}\">{}</time></dd></div>
<div><dt>Took</dt><dd>{}</dd></div>
<div><dt>Asked for</dt><dd>{}</dd></div>
</dl>
</div>
</header>
<main id=\"main\">
<div class=\"wide\">
";

/// Everything above the first section.
pub(super) fn write(sheet: &Sheet<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let head = &sheet.material.report.scan;
    let title = shown(&head.title, TITLE);
    page.put(OPEN, [&title, &head.id])?;
    page.raw(super::STYLE)?;
    let took =
        head.completed_at.map_or_else(|| "not over".to_owned(), |end| words::span(head.started_at, end));
    let asked = if head.triggered_by == "scheduled" { "by a schedule" } else { "by hand" };
    let began = (head.started_at, words::moment(head.started_at));
    let config = shown(&head.config, TEXT);
    page.put(BRAND, [&title, &head.id, &config, &began.0, &began.1, &took, &asked])?;
    verdict(sheet, page)?;
    page.raw("</div>\n")?;
    contents(sheet, page)
}

/// The worst first, in a sentence.
fn verdict(sheet: &Sheet<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let findings = sheet.material.findings;
    let worst = findings.iter().map(|one| one.severity).max();
    page.put("<div class=\"verdict {}\">\n<h2>", [&worst.map_or("calm", Severity::name)])?;
    let things = words::count(findings.len(), "thing is", "things are");
    match worst {
        None => page.raw("Everything is as expected")?,
        Some(_) => page.put("{} not as expected", [&things])?,
    }
    page.put("</h2>\n<p>{}</p>\n<dl class=\"tiles\">\n", [&explanation(sheet, findings)])?;
    tiles(sheet, page)?;
    page.raw("</dl>\n</div>\n")
}

fn explanation(sheet: &Sheet<'_>, findings: &[Finding]) -> String {
    let of = |severity| findings.iter().filter(|one| one.severity == severity).count();
    let counts =
        [Severity::High, Severity::Medium, Severity::Low].map(|severity| (of(severity), severity.name()));
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, name)| format!("{count} of {name} severity")).collect();
    let incomplete = sheet.material.report.hosts().filter(|(_, host)| !host.complete).count();
    let unconfirmed = findings.iter().filter(|one| !one.confirmed).count();
    let mut sentences = Vec::new();
    if !counts.is_empty() {
        sentences.push(format!("{}.", counts.join(", ")));
    }
    if unconfirmed > 0 {
        sentences.push(format!("{unconfirmed} of them unconfirmed."));
    }
    if incomplete > 0 {
        let hosts = words::count(incomplete, "host", "hosts");
        sentences.push(format!("Of {hosts} not everything could be asked."));
    }
    if sentences.is_empty() {
        sentences.push(
            "Every port, certificate and ping that the configuration speaks of is as it says.".to_owned(),
        );
    }
    sentences.join(" ")
}

/// A figure: its class, its value, of how many, what it counts, and how it was before.
struct Tile(&'static str, u32, Option<u32>, &'static str, Option<u32>);

fn tiles(sheet: &Sheet<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let now = sheet.summary;
    let before = sheet.material.history.last().map(|past| past.summary);
    let bad = |number| if number > 0 { "bad" } else { "" };
    let warn = |number| if number > 0 { "warn" } else { "" };
    let tiles = [
        Tile("", now.hosts_up, Some(now.hosts), "hosts answered", before.map(|it| it.hosts_up)),
        Tile("", now.ports_open, None, "open ports", before.map(|it| it.ports_open)),
        Tile("", now.services, None, "services known", before.map(|it| it.services)),
        Tile(bad(now.unexpected), now.unexpected, None, "unexpected ports", before.map(|it| it.unexpected)),
        Tile(bad(now.missing), now.missing, None, "missing ports", before.map(|it| it.missing)),
        Tile(warn(now.expiring), now.expiring, None, "certificates ending", before.map(|it| it.expiring)),
        Tile(warn(now.weak), now.weak, None, "weak in TLS", before.map(|it| it.weak)),
    ];
    tiles.into_iter().try_for_each(|tile| figure(page, &tile))
}

fn figure(page: &mut Page<'_>, Tile(class, value, all, what, before): &Tile) -> io::Result<()> {
    page.put("<div class=\"{}\">", [class])?;
    if let Some(before) = before {
        let change = i64::from(*value) - i64::from(*before);
        match change {
            0 => page.raw("<dd class=\"delta\">as before</dd>")?,
            1.. => page.put("<dd class=\"delta\">▲ {} more</dd>", [&change])?,
            _ => page.put("<dd class=\"delta\">▼ {} fewer</dd>", [&-change])?,
        }
    }
    page.put("<dt>{}</dt><dd>{}", [what, value])?;
    if let Some(all) = all {
        page.put(" <small>of {}</small>", [all])?;
    }
    page.raw("</dd></div>\n")
}

const CONTENTS: &str = "<nav aria-label=\"Contents\"><div class=\"wide\"><ul>
<li><a href=\"#drift\">Expectations<b>{}</b></a></li>
<li><a href=\"#changes\">Since last time</a></li>
<li><a href=\"#history\">Over time</a></li>
<li><a href=\"#certificates\">Certificates<b>{}</b></a></li>
<li><a href=\"#tls\">TLS</a></li>
<li><a href=\"#hosts\">Hosts<b>{}</b></a></li>
</ul></div></nav>
<div class=\"wide\">
";

fn contents(sheet: &Sheet<'_>, page: &mut Page<'_>) -> io::Result<()> {
    page.put(CONTENTS, [&sheet.material.findings.len(), &sheet.summary.certificates, &sheet.summary.hosts])
}
