//! What has changed since the last scan.

use std::io;

use super::{Page, ROWS, Sheet, TEXT, left_out, words};
use crate::scans::{
    compare::{Change, Changes, Comparison, Kind},
    record::Head,
    shown::shown,
};

const OPEN: &str = "<section aria-labelledby=\"changes\">
<h2 id=\"changes\">Since last time</h2>
";
const SAME: &str = "<div class=\"card\"><p class=\"calm\">Ports, services and certificates are what they were.</p>\
</div>\n";
const TABLE: &str =
    "<div class=\"card\"><div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">
<table><caption>{} <small>{} added, {} removed, {} changed, {} as before</small></caption>
<thead><tr><th scope=\"col\">What</th><th scope=\"col\">Where</th><th scope=\"col\">Before</th>\
<th scope=\"col\">Now</th></tr></thead>
<tbody>
";

pub(super) fn write(sheet: &Sheet<'_>, page: &mut Page<'_>) -> io::Result<()> {
    page.raw(OPEN)?;
    match sheet.material.before {
        None => page.raw(
            "<p class=\"lead\">This is the first scan of its configuration: the next one will be held against it.</p>\n",
        )?,
        Some((head, comparison)) => compared(sheet, page, head, comparison)?,
    }
    page.raw("</section>\n")
}

fn compared(sheet: &Sheet<'_>, page: &mut Page<'_>, head: &Head, it: &Comparison) -> io::Result<()> {
    let then = words::moment(head.started_at);
    page.put("<p class=\"lead\">Held against scan {} of {}.</p>\n", [&head.id, &then])?;
    if it.is_empty() {
        page.raw(SAME)?;
    } else {
        gauge(page, it.drift_score())?;
    }
    for (name, changes) in
        [("Ports", &it.ports), ("Services", &it.services), ("Certificates", &it.certificates)]
    {
        table(sheet, page, name, changes)?;
    }
    uncertain(sheet, page, &it.uncertain)
}

/// How much has changed, in a bar. The bar's colours span its whole width, however short it is.
fn gauge(page: &mut Page<'_>, score: f64) -> io::Result<()> {
    let percent = (score * 100.0).clamp(0.0, 100.0);
    let full = 10_000.0 / percent.max(0.1);
    page.put(
        "<div class=\"card gauge\"><b>Drift score {}</b> <span class=\"muted\">0 is nothing, 1 is everything: ports \
         weigh most, certificates least</span><div aria-hidden=\"true\"><i style=\"width:{}%;--full:{}%\"></i></div>\
         </div>\n",
        [&format_args!("{score:.3}"), &format_args!("{percent:.2}"), &format_args!("{full:.0}")],
    )
}

fn table(sheet: &Sheet<'_>, page: &mut Page<'_>, name: &str, changes: &Changes) -> io::Result<()> {
    if changes.changes.is_empty() {
        return Ok(());
    }
    let [came, went, turned] = [Kind::Added, Kind::Removed, Kind::Changed].map(|kind| changes.count(kind));
    page.put(TABLE, [&name, &name, &came, &went, &turned, &changes.unchanged])?;
    changes.changes.iter().take(ROWS).try_for_each(|one| row(sheet, page, one))?;
    page.raw("</tbody></table></div>\n")?;
    left_out(page, changes.changes.len(), ROWS)?;
    page.raw("</div>\n")
}

fn row(sheet: &Sheet<'_>, page: &mut Page<'_>, one: &Change) -> io::Result<()> {
    let kind = one.kind.name();
    page.put(
        "<tr><th scope=\"row\"><span class=\"tag {}\">{}</span></th><td class=\"keep\">",
        [&kind, &kind],
    )?;
    sheet.link(page, &one.place.site, one.place.address)?;
    page.put(" <span class=\"mono\">{}</span></td>", [&one.place.port_name()])?;
    if one.details.is_empty() {
        let (before, after) = (shown(&one.before, TEXT), shown(&one.after, TEXT));
        page.put("<td class=\"muted\">{}</td><td>{}</td></tr>\n", [&before, &after])
    } else {
        page.raw("<td>")?;
        details(page, one, |one| &one.before)?;
        page.raw("</td><td>")?;
        details(page, one, |one| &one.after)?;
        page.raw("</td></tr>\n")
    }
}

fn details(
    page: &mut Page<'_>,
    change: &Change,
    side: impl Fn(&crate::scans::compare::Detail) -> &str,
) -> io::Result<()> {
    page.raw("<ul class=\"plain\">")?;
    for detail in &change.details {
        let text = side(detail);
        let text = if text.is_empty() { "–" } else { text };
        page.put("<li><small>{}</small> {}</li>", [&detail.what, &shown(text, TEXT)])?;
    }
    page.raw("</ul>")
}

fn uncertain(sheet: &Sheet<'_>, page: &mut Page<'_>, changes: &[Change]) -> io::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let ports = words::count(changes.len(), "port", "ports");
    page.put(
        "<div class=\"card below\"><details><summary>{} may have changed: one of the scans could not see</summary>\
         <ul class=\"plain\">\n",
        [&ports],
    )?;
    for one in changes.iter().take(ROWS) {
        page.raw("<li>")?;
        sheet.link(page, &one.place.site, one.place.address)?;
        let (text, when) = match one.kind {
            Kind::Removed => (&one.before, "was"),
            Kind::Added | Kind::Changed => (&one.after, "is"),
        };
        page.put(
            " <span class=\"mono\">{}</span> {} {}</li>\n",
            [&one.place.port_name(), &when, &shown(text, TEXT)],
        )?;
    }
    page.raw("</ul></details></div>\n")
}
