//! A page that is whole in one file: no script, nothing fetched, good to read on a screen, in the dark and on paper.

mod certificates;
mod changes;
mod chart;
mod drift;
mod head;
mod history;
mod hosts;
mod ports;
mod tls;
mod words;

use std::{
    collections::HashMap,
    io::{self, Write},
    net::IpAddr,
};

use super::{Material, Names, Summary, page::Page};

/// How everything looks.
const STYLE: &str = include_str!("style.css");
/// Rows of findings, of changes of a kind, of certificates and of servers with TLS. What is beyond is counted.
const ROWS: usize = 500;
/// Rows of a host's ports.
const PORTS: usize = 1_000;
/// Bytes of a page beyond which no further host is shown, but counted.
const BYTES: u64 = 48 * 1024 * 1024;
/// Bytes of all pictures within a page. What is beyond is named.
const PICTURES: u64 = 24 * 1024 * 1024;
/// Characters of a short text of others, such as a version.
const SHORT: usize = 80;
/// Characters of a text of others.
const TEXT: usize = 300;

/// What all parts of a page know.
struct Sheet<'a> {
    material: &'a Material<'a>,
    names: &'a Names,
    summary: Summary,
    /// Numbers of the hosts by site and address, to be linked to.
    hosts: HashMap<(&'a str, IpAddr), usize>,
}

/// Writes the page.
pub(super) fn write(material: &Material<'_>, names: &Names, out: &mut dyn Write) -> io::Result<()> {
    let mut hosts = HashMap::new();
    for (number, (site, host)) in material.report.hosts().enumerate() {
        hosts.entry((site, host.address)).or_insert(number);
    }
    let summary = Summary::of(material.report, material.findings);
    let sheet = Sheet { material, names, summary, hosts };
    let page = &mut Page::new(out);
    head::write(&sheet, page)?;
    drift::write(&sheet, page)?;
    changes::write(&sheet, page)?;
    history::write(&sheet, page)?;
    certificates::write(&sheet, page)?;
    tls::write(&sheet, page)?;
    hosts::write(&sheet, page)?;
    foot(&sheet, page)
}

impl Sheet<'_> {
    /// Writes a host's address, and leads to its section if there is one.
    fn link(&self, page: &mut Page<'_>, site: &str, address: IpAddr) -> io::Result<()> {
        match self.hosts.get(&(site, address)) {
            Some(number) => page.put("<a class=\"mono\" href=\"#h{}\">{}</a>", [number, &address]),
            None => page.put("<span class=\"mono\">{}</span>", [&address]),
        }
    }
}

/// Says how many rows are not shown, if any are not.
fn left_out(page: &mut Page<'_>, all: usize, shown: usize) -> io::Result<()> {
    let more = all.saturating_sub(shown);
    if more == 0 {
        return Ok(());
    }
    page.put(
        "<p class=\"below muted\">{} more are not shown here; the JSON report has them all.</p>\n",
        [&more],
    )
}

const FOOT: &str = "</main>
<footer class=\"wide\">
<h2>How to read this</h2>
<dl>
<dt>open</dt><dd>Somebody accepts connections, or answers.</dd>
<dt>closed</dt><dd>The host says that nobody does.</dd>
<dt>filtered</dt><dd>No answer, or a router's refusal: a firewall, most often.</dd>
<dt>open|filtered</dt><dd>UDP without an answer, as open ports and firewalls both have it.</dd>
<dt>unexpected</dt><dd>Open, and the configuration does not list it.</dd>
<dt>missing</dt><dd>Listed by the configuration, and not open.</dd>
<dt>unconfirmed</dt><dd>No answer where packets got lost on the way: it is asked again before anyone is told.</dd>
<dt>unknown</dt><dd>The server did not say. It is never counted as a no.</dd>
</dl>
<p>Titles, versions and names are what the servers say of themselves; nobody has proved them.
The same in files: <span class=\"mono\">{}</span>, <span class=\"mono\">{}</span>. Made by Atalaya {} on {}.</p>
</footer>
</body>
</html>
";

fn foot(sheet: &Sheet<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let (json, zip) = (sheet.names.file(super::Form::Json), sheet.names.file(super::Form::Zip));
    let made = words::moment(sheet.material.now);
    page.put(FOOT, [&json, &zip, &env!("CARGO_PKG_VERSION"), &made])
}
