//! Every host with its ports and the pictures of its pages.

use std::io;

use super::{BYTES, PICTURES, Page, SHORT, Sheet, TEXT, ports, words};
use crate::scans::{
    record::{Host, Port, Screenshot},
    report::summary::is_up,
    shown::shown,
};

/// Problems of a host that are shown.
const PROBLEMS: usize = 20;

const OPEN: &str = "<section aria-labelledby=\"hosts\">
<h2 id=\"hosts\">Hosts</h2>
<p class=\"lead\">Every port that is open, and every other that was expected.</p>
";

pub(super) fn write(sheet: &Sheet<'_>, page: &mut Page<'_>) -> io::Result<()> {
    page.raw(OPEN)?;
    let (mut number, mut pictures) = (0, PICTURES);
    let all: usize = sheet.material.report.sites.iter().map(|site| site.hosts.len()).sum();
    for site in &sheet.material.report.sites {
        page.put("<h3>{} <span class=\"tag quiet\">", [&shown(&site.name, TEXT)])?;
        page.put("{}</span></h3>\n", [&words::count(site.hosts.len(), "host", "hosts")])?;
        for one in &site.hosts {
            if page.written() > BYTES {
                break;
            }
            host(sheet, page, one, number, &mut pictures)?;
            number += 1;
        }
    }
    if number < all {
        let hosts = words::count(all - number, "host is", "hosts are");
        page.put("<p class=\"lead\">{} not shown here, as the page would be too large; the JSON report has all.</p>\n", [&hosts])?;
    }
    page.raw("</section>\n</div>\n")
}

fn host(
    sheet: &Sheet<'_>,
    page: &mut Page<'_>,
    host: &Host,
    number: usize,
    pictures: &mut u64,
) -> io::Result<()> {
    page.put(
        "<article class=\"card host\" id=\"h{}\"><h4><span class=\"mono\">{}</span>",
        [&number, &host.address],
    )?;
    tags(page, host)?;
    page.put("</h4>\n<p class=\"facts\">{}</p>\n", [&facts(host)])?;
    problems(page, host)?;
    ports::table(page, host)?;
    shots(sheet, page, host, pictures)?;
    page.raw("</article>\n")
}

fn tags(page: &mut Page<'_>, host: &Host) -> io::Result<()> {
    let up = is_up(host);
    let (class, text) = if up { ("good", "answers") } else { ("quiet", "silent") };
    page.put(" <span class=\"tag {}\">{}</span>", [&class, &text])?;
    if host.ping.expected.zip(host.ping.actual).is_some_and(|(expected, actual)| expected != actual) {
        page.raw(" <span class=\"tag medium\">ping mismatch</span>")?;
    }
    if !host.complete {
        page.raw(" <span class=\"tag warn\">incomplete</span>")?;
    }
    Ok(())
}

fn facts(host: &Host) -> String {
    let ping = match (host.ping.actual, host.ping.round_trip_us) {
        (Some(true), Some(span)) => format!("answers pings in {}", words::round_trip(span)),
        (Some(true), None) => "answers pings".to_owned(),
        (Some(false), _) => "does not answer pings".to_owned(),
        (None, _) => "was not pinged".to_owned(),
    };
    let against =
        host.ping.expected.zip(host.ping.actual).is_some_and(|(expected, actual)| expected != actual);
    let against = if against { ", against what was expected" } else { "" };
    let open = host.ports.iter().filter(|port| port.is_open()).count();
    let open = words::count(open, "open port", "open ports");
    let loss = host.loss_estimate.filter(|loss| *loss > 0.0);
    let loss =
        loss.map(|loss| format!(" · {:.1} % of the probes got lost", loss * 100.0)).unwrap_or_default();
    format!("{open} · {ping}{against}{loss}")
}

fn problems(page: &mut Page<'_>, host: &Host) -> io::Result<()> {
    if host.problems.is_empty() {
        return Ok(());
    }
    page.raw("<ul class=\"problems\">")?;
    for problem in host.problems.iter().take(PROBLEMS) {
        page.put("<li>{}</li>", [&shown(problem, TEXT)])?;
    }
    if host.problems.len() > PROBLEMS {
        page.put("<li>and {} more</li>", [&(host.problems.len() - PROBLEMS)])?;
    }
    page.raw("</ul>\n")
}

fn shots(sheet: &Sheet<'_>, page: &mut Page<'_>, host: &Host, left: &mut u64) -> io::Result<()> {
    let all: Vec<(&Port, &Screenshot)> = host
        .ports
        .iter()
        .filter_map(|port| Some((port, port.service.as_ref()?.screenshot.as_ref()?)))
        .collect();
    if all.is_empty() {
        return Ok(());
    }
    page.raw("<div class=\"shots\">\n")?;
    for (port, shot) in all {
        picture(sheet, page, host, port, shot, left)?;
    }
    page.raw("</div>\n")
}

/// A page's picture, as long as pictures have room, and what it shows in words.
fn picture(
    sheet: &Sheet<'_>,
    page: &mut Page<'_>,
    host: &Host,
    port: &Port,
    shot: &Screenshot,
    left: &mut u64,
) -> io::Result<()> {
    let title = port.service.as_ref().and_then(|service| service.title.as_deref()).unwrap_or_default();
    let title = if title.is_empty() { "a page without a title" } else { title };
    let (title, name, url) = (shown(title, TEXT), port.name(), shown(&shot.url, TEXT));
    page.raw("<figure>")?;
    match sheet.material.pictures.read(shot) {
        Some(png) if png.len() as u64 <= *left => {
            *left -= png.len() as u64;
            page.put("<img alt=\"The page at {} {}: {}\" src=\"", [&host.address, &name, &title])?;
            page.picture(&png)?;
            page.raw("\">")?;
        }
        Some(_) => {
            let file = format!("{}/{}", sheet.names.screenshots(), shown(&shot.file, SHORT));
            page.put("<p class=\"muted\">The picture is in <span class=\"mono\">{}</span>.</p>", [&file])?;
        }
        None => page.raw("<p class=\"muted\">The picture is not kept.</p>")?,
    }
    page.put(
        "<figcaption><b>{}</b> {}<br><span class=\"muted\">{}</span></figcaption></figure>\n",
        [&name, &title, &url],
    )
}
