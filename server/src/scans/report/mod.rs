//! Reports of a scan that people read and send on: JSON, a page, a table, and an archive of all with the pictures.
//!
//! Every text of a record is hostile. What is written here is bounded by it, but never trusts it: pages are made by
//! [`page::Page`], which can't write a text without escaping it, and names of files are made by [`Names`].

mod archive;
mod csv;
mod folder;
mod html;
mod names;
mod page;
mod pictures;
mod summary;
#[cfg(test)]
mod tests;

use std::io::{self, BufWriter, Write};

pub use self::{
    folder::{Error, Written, keep},
    names::Names,
    pictures::{PICTURE_BYTES, Pictures},
    summary::{Past, Summary},
};
use super::{
    compare::Comparison,
    drift::Finding,
    record::{Head, Moment, Report},
};

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// What the scan found.
    pub report: &'a Report,
    /// What of it was not expected.
    pub findings: &'a [Finding],
    /// The last scan of the same configuration, and what has changed since; `None` for the first.
    pub before: Option<(&'a Head, &'a Comparison)>,
    /// Earlier scans of the same configuration, the oldest first, without this one.
    pub history: &'a [Past],
    /// Where the screenshots are.
    pub pictures: &'a Pictures,
    /// When the report is made: certificates are told by it.
    pub now: Moment,
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// The record itself, indented.
    Json,
    /// A page that is whole in one file.
    Html,
    /// One line per port, by RFC 4180.
    Csv,
    /// All of them with the screenshots, as the folder of reports has them.
    Zip,
}

impl Form {
    /// How HTTP calls it.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Zip => "application/zip",
        }
    }
}

/// Writes a report in a form, piece by piece; `names` are those within an archive, and are told in a page.
pub fn write(material: &Material<'_>, form: Form, names: &Names, out: &mut dyn Write) -> io::Result<()> {
    let mut out = BufWriter::new(out);
    match form {
        Form::Json => json(material.report, &mut out)?,
        Form::Html => html::write(material, names, &mut out)?,
        Form::Csv => csv::write(material, &mut out)?,
        Form::Zip => archive::write(material, names, &mut out)?,
    }
    out.flush()
}

fn json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}
