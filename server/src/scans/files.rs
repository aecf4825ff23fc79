//! The files of finished scans, in one folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tokio::task::spawn_blocking;

use super::{
    error::Error,
    model::{Id, Scan},
    record::{Moment, Report},
    service::Service,
};

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For programs.
    Json,
    /// A page for people.
    Html,
    /// All of it.
    Zip,
    /// One line per port.
    Csv,
}

impl Format {
    /// How its file's name ends.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Html => "html",
            Self::Zip => "zip",
            Self::Csv => "csv",
        }
    }

    /// What it is, for HTTP.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
            Self::Zip => "application/zip",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }
}

/// What the names of a scan's files begin with.
pub(super) fn stem(start: Moment) -> String {
    start.date_time().format("scan_report_%Y%m%d_%H%M%S").to_string()
}

/// Where the pictures of a scan lie.
pub(super) fn screenshots(stem: &str) -> String {
    format!("{stem}_screenshots")
}

impl Service {
    /// The paths of a scan's files: JSON, HTML, ZIP, and the folder of screenshots, if there are any.
    pub fn paths(&self, stem: &str) -> [PathBuf; 4] {
        let file = |format: Format| self.folders.output.join(format!("{stem}.{}", format.extension()));
        let [json, html, zip] = [Format::Json, Format::Html, Format::Zip].map(file);
        [json, html, zip, self.folders.output.join(screenshots(stem))]
    }

    /// A report's file: its name, and its bytes.
    pub async fn report(&self, id: Id, format: Format) -> Result<(String, Vec<u8>), Error> {
        let scan = self.find(id).await?;
        let report = scan.report.ok_or(Error::NoReport(id))?;
        let name = format!("{}.{}", report.stem, format.extension());
        let path = self.folders.output.join(&name);
        let read = spawn_blocking(move || fs::read(path))
            .await
            .map_err(|gone| Error::Files(io::Error::other(gone)))?;
        match read {
            Ok(bytes) => Ok((name, bytes)),
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => Err(Error::NoReport(id)),
            Err(error) => Err(Error::Files(error)),
        }
    }

    /// A stem that no other scan has.
    pub(super) async fn free_stem(&self, scan: &Scan, start: Moment) -> Result<String, Error> {
        let stem = stem(start);
        let path = self.folders.output.join(format!("{stem}.json"));
        let is_taken = spawn_blocking(move || path.exists()).await.unwrap_or(true);
        Ok(if is_taken { format!("{stem}_{}", scan.id.0) } else { stem })
    }

    /// Where the pictures of a scan go.
    pub(super) fn pictures(&self, stem: &str) -> PathBuf {
        self.folders.output.join(screenshots(stem))
    }

    /// Writes the reports of a scan; whether there are screenshots.
    pub(super) async fn write(&self, stem: &str, report: &Report) -> Result<bool, Error> {
        let json = serde_json::to_vec_pretty(report)?;
        let path = self.folders.output.join(format!("{stem}.json"));
        let pictures = self.pictures(stem);
        let writing = move || fs::write(path, json).map(|()| pictures.exists());
        spawn_blocking(writing)
            .await
            .map_err(|gone| Error::Files(io::Error::other(gone)))?
            .map_err(Error::Files)
    }

    /// Removes the files of a scan. What is not there is no failure; what stays is told in the log.
    pub(super) async fn remove_files(&self, stem: &str) {
        let output = self.folders.output.clone();
        let stem = stem.to_owned();
        let removed = spawn_blocking(move || remove(&output, &stem)).await;
        if let Err(error) = removed.unwrap_or_else(|gone| Err(io::Error::other(gone))) {
            tracing::warn!("the files of a scan can't be removed: {error}");
        }
    }
}

fn remove(output: &Path, stem: &str) -> io::Result<()> {
    let forms = [Format::Json, Format::Html, Format::Zip, Format::Csv];
    for form in forms {
        unless_gone(fs::remove_file(output.join(format!("{stem}.{}", form.extension()))))?;
    }
    unless_gone(fs::remove_dir_all(output.join(screenshots(stem))))
}

fn unless_gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
