//! All forms of a report and its screenshots in one ZIP archive.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use zip::{DateTime, ZipWriter, write::SimpleFileOptions};

use super::{Form, Material, Names, csv, html, json, pictures::is_name};
use crate::scans::record::Screenshot;

/// Bytes of all screenshots in an archive. What is beyond stays in its folder.
const PICTURES: u64 = 512 * 1024 * 1024;

/// Writes the archive as it is made: nothing of it is held but the entry that is being written.
pub(super) fn write(material: &Material<'_>, names: &Names, out: &mut dyn Write) -> io::Result<()> {
    let mut zip = ZipWriter::new_stream(out);
    let made = DateTime::try_from(material.now.date_time().naive_utc()).unwrap_or_default();
    // PNGs are compressed already; what is merely stored can't be read by whoever unpacks as it comes.
    let options = SimpleFileOptions::default().last_modified_time(made).unix_permissions(0o644);
    for form in [Form::Json, Form::Html, Form::Csv] {
        zip.start_file(names.file(form), options)?;
        let entry: &mut dyn Write = &mut io::BufWriter::new(&mut zip);
        match form {
            Form::Json => json(material.report, entry)?,
            Form::Html => html::write(material, names, entry)?,
            Form::Csv | Form::Zip => csv::write(material, entry)?,
        }
        entry.flush()?;
    }
    let mut left = PICTURES;
    for screenshot in screenshots(material) {
        let Some(png) = material.pictures.read(screenshot).filter(|png| png.len() as u64 <= left) else {
            continue;
        };
        left -= png.len() as u64;
        zip.start_file(format!("{}/{}", names.screenshots(), screenshot.file), options)?;
        zip.write_all(&png)?;
    }
    zip.finish()?.into_inner().flush()
}

/// Each once, by its name.
fn screenshots<'a>(material: &Material<'a>) -> Vec<&'a Screenshot> {
    let ports = material.report.hosts().flat_map(|(_, host)| &host.ports);
    let all = ports.filter_map(|port| port.service.as_ref()?.screenshot.as_ref());
    let mut seen = BTreeSet::new();
    all.filter(|one| is_name(&one.file) && seen.insert(one.file.as_str())).collect()
}
