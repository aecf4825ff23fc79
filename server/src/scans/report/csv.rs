//! One line per port, by RFC 4180, for spreadsheets.

use std::io::{self, Write};

use super::Material;
use crate::scans::{
    record::{Host, Port, Support, Tls},
    shown::shown,
};

/// Characters of a cell; spreadsheets take 32,767 at most.
const CELL: usize = 1_000;
/// What a spreadsheet may take for a formula if a cell begins with it.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];
/// The columns.
const HEAD: &str = "site,address,port,protocol,state,reason,expected,service,product,version,extrainfo,ostype,http,\
                    title,tls_versions,certificate_subject,certificate_expires,days_until_expiry,weaknesses\r\n";

/// Writes the table.
pub(super) fn write(material: &Material<'_>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    for (site, host) in material.report.hosts() {
        for port in &host.ports {
            let cells = cells(site, host, port, material);
            let cells: Vec<_> = cells.iter().map(|cell| quoted(cell)).collect();
            write!(out, "{}\r\n", cells.join(","))?;
        }
    }
    Ok(())
}

fn cells(site: &str, host: &Host, port: &Port, material: &Material<'_>) -> Vec<String> {
    let service = port.service.clone().unwrap_or_default();
    let tls = service.tls.unwrap_or_default();
    let first = tls.certificates.iter().min_by_key(|one| one.not_valid_after);
    let expected = if port.expected { "yes" } else { "no" };
    vec![
        site.to_owned(),
        host.address.to_string(),
        port.port.to_string(),
        port.protocol.name().to_owned(),
        port.state.name().to_owned(),
        port.reason.clone(),
        expected.to_owned(),
        service.name.unwrap_or_default(),
        service.product.unwrap_or_default(),
        service.version.unwrap_or_default(),
        service.extrainfo.unwrap_or_default(),
        service.ostype.unwrap_or_default(),
        service.http_protocol.unwrap_or_default(),
        service.title.unwrap_or_default(),
        spoken(&tls),
        first.map(|one| one.subject.clone()).unwrap_or_default(),
        first.map(|one| one.not_valid_after.to_string()).unwrap_or_default(),
        first.map(|one| material.now.days_until(one.not_valid_after).to_string()).unwrap_or_default(),
        tls.weaknesses.iter().map(|one| one.text.as_str()).collect::<Vec<_>>().join("; "),
    ]
}

fn spoken(tls: &Tls) -> String {
    let spoken = tls.versions.iter().filter(|version| version.support == Support::Supported);
    spoken.map(|version| version.name.as_str()).collect::<Vec<_>>().join("; ")
}

/// A cell: a spreadsheet shows it as the text that it is. A number stays one, even a negative one.
fn quoted(cell: &str) -> String {
    let text = shown(cell, CELL).to_string();
    let is_number = text.parse::<i64>().is_ok() && !text.starts_with('+');
    let guard = if text.trim_start().starts_with(FORMULA) && !is_number { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, expected) in [
            ("nginx", "\"nginx\""),
            ("a\"b", "\"a\"\"b\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "\"'+1\""),
            ("-1+cmd", "\"'-1+cmd\""),
            ("  =1", "\"'  =1\""),
            ("@SUM(1)", "\"'@SUM(1)\""),
            ("-3", "\"-3\""),
            ("\t=1", "\"\u{fffd}=1\""),
            ("a\r\nb", "\"a\u{fffd}\u{fffd}b\""),
        ] {
            assert_eq!(quoted(cell), expected);
        }
    }
}
