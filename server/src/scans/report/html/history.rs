//! How the figures went over the scans of the same configuration.

use std::io;

use super::{Page, Sheet, chart::Chart, words};
use crate::scans::report::{Past, Summary};

/// Scans that are drawn: the newest.
const DRAWN: usize = 60;

const OPEN: &str = "<section aria-labelledby=\"history\">
<h2 id=\"history\">Over time</h2>
";
const TABLE: &str = "<details class=\"below numbers\"><summary>The numbers</summary><div class=\"card scroll\" role=\"region\" \
tabindex=\"0\" aria-label=\"Numbers of the scans\"><table><thead><tr><th scope=\"col\">Scan</th><th scope=\"col\">\
Begun</th><th scope=\"col\" class=\"n\">Hosts</th><th scope=\"col\" class=\"n\">Open ports</th><th scope=\"col\" \
class=\"n\">Findings</th><th scope=\"col\" class=\"n\">Unexpected</th><th scope=\"col\" class=\"n\">Missing</th>\
<th scope=\"col\" class=\"n\">Certificates ending</th><th scope=\"col\" class=\"n\">Weak TLS</th></tr></thead>
<tbody>
";

pub(super) fn write(sheet: &Sheet<'_>, page: &mut Page<'_>) -> io::Result<()> {
    page.raw(OPEN)?;
    let scan = &sheet.material.report.scan;
    let now = Past { id: scan.id, at: scan.started_at, summary: sheet.summary };
    let all: Vec<Past> = sheet.material.history.iter().copied().chain([now]).collect();
    let drawn = all.get(all.len().saturating_sub(DRAWN)..).unwrap_or_default();
    if drawn.len() < 2 {
        page.raw("<p class=\"lead\">There is nothing to draw before the second scan.</p>\n")?;
    } else {
        charts(page, drawn)?;
        table(page, drawn)?;
    }
    page.raw("</section>\n")
}

fn charts(page: &mut Page<'_>, scans: &[Past]) -> io::Result<()> {
    let scans_are = words::count(scans.len(), "scan", "scans");
    page.put(
        "<p class=\"lead\">The last {} of this configuration.</p>\n<div class=\"charts\">\n",
        [&scans_are],
    )?;
    let (Some(first), Some(last)) = (scans.first(), scans.last()) else { return Ok(()) };
    let days = words::ends(first.at, last.at);
    let series =
        |value: fn(&Summary) -> u32| scans.iter().map(|past| value(&past.summary)).collect::<Vec<u32>>();
    for (title, class, bars, values) in [
        ("Open ports", "", false, series(|it| it.ports_open)),
        ("Findings", "bad", true, series(|it| it.findings)),
        ("Certificates ending soon", "warn", true, series(|it| it.expiring)),
    ] {
        Chart { title, class, bars, values: &values, days: days.clone() }.write(page)?;
    }
    page.raw("</div>\n")
}

/// The same for those who can't see the drawing, or want to know exactly.
fn table(page: &mut Page<'_>, scans: &[Past]) -> io::Result<()> {
    page.raw(TABLE)?;
    for past in scans.iter().rev() {
        let Summary { hosts_up, ports_open, findings, unexpected, missing, expiring, weak, .. } =
            past.summary;
        let begun = words::moment(past.at);
        page.put("<tr><th scope=\"row\">{}</th><td class=\"keep\">{}</td>", [&past.id, &begun])?;
        for number in [hosts_up, ports_open, findings, unexpected, missing, expiring, weak] {
            page.put("<td class=\"n\">{}</td>", [&number])?;
        }
        page.raw("</tr>\n")?;
    }
    page.raw("</tbody></table></div></details>\n")
}
