//! What was found and not expected: the first thing that a person looks for.

use std::{collections::HashMap, io};

use super::{Page, ROWS, SHORT, Sheet, TEXT, left_out, words};
use crate::scans::{drift::Finding, shown::shown};

/// Places of a finding that are shown.
const PLACES: usize = 20;

const OPEN: &str = "<section aria-labelledby=\"drift\">
<h2 id=\"drift\">Against what was expected</h2>
<p class=\"lead\">The configuration says which ports are open and who answers pings; certificates are to be good for \
a month at least, and TLS is to be what is called safe today.</p>
<div class=\"card\">
";
const CALM: &str = "<p class=\"calm\"><svg viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" \
stroke-width=\"2\" stroke-linecap=\"round\" stroke-linejoin=\"round\" aria-hidden=\"true\"><circle cx=\"12\" \
cy=\"12\" r=\"9.5\"/><path d=\"m7.5 12.5 3 3 6-6.5\"/></svg>Nothing differs from it.</p>\n";

pub(super) fn write(sheet: &Sheet<'_>, page: &mut Page<'_>) -> io::Result<()> {
    page.raw(OPEN)?;
    let findings = sheet.material.findings;
    if findings.is_empty() {
        page.raw(CALM)?;
    } else {
        page.raw("<ul class=\"findings\">\n")?;
        let groups = grouped(findings);
        groups.iter().take(ROWS).try_for_each(|group| finding(sheet, page, group))?;
        page.raw("</ul>\n")?;
        left_out(page, findings.len(), groups.iter().take(ROWS).map(Vec::len).sum())?;
    }
    page.raw("</div>\n</section>\n")
}

/// Findings that say the same of several places, in the order of the first of each.
fn grouped(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut known = HashMap::new();
    for one in findings {
        let at = *known.entry((one.key.kind, one.severity, one.confirmed, &one.text)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(one),
            None => groups.push(vec![one]),
        }
    }
    groups
}

fn finding(sheet: &Sheet<'_>, page: &mut Page<'_>, group: &[&Finding]) -> io::Result<()> {
    let Some(one) = group.first() else { return Ok(()) };
    let (severity, kind) = (one.severity.name(), one.key.kind.title());
    page.put("<li class=\"{}\"><div><span class=\"tag {}\">{}</span>", [&severity, &severity, &kind])?;
    if !one.confirmed {
        page.raw(" <span class=\"tag quiet\">unconfirmed</span>")?;
    }
    page.put("<span class=\"how\">{} severity</span></div>", [&severity])?;
    page.put("<div><p>{}</p>", [&words::sentence(&shown(&one.text, 2 * TEXT).to_string())])?;
    group.iter().take(PLACES).try_for_each(|one| place(sheet, page, one))?;
    if group.len() > PLACES {
        page.put("<p class=\"where\">and at {} more places</p>", [&(group.len() - PLACES)])?;
    }
    page.raw("</div></li>\n")
}

fn place(sheet: &Sheet<'_>, page: &mut Page<'_>, one: &Finding) -> io::Result<()> {
    page.raw("<p class=\"where\">")?;
    sheet.link(page, &one.key.site, one.key.address)?;
    if let Some((protocol, port)) = one.key.port {
        page.put(" · {}/{}", [&port, &protocol.name()])?;
    }
    page.put(" · {}</p>", [&shown(&one.key.site, SHORT)])
}
