//! `atalaya scan report`: a report into a file, or on standard output.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, IsTerminal, Write, stdout},
    path::{Path, PathBuf},
    str::FromStr,
};

use atalaya_proto::scans::v1::{DownloadReportRequest, ReportFormat};
use atalaya_server::config::Settings;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{Common, Ended, asked::Asked, status};
use crate::cli::network::sentence;

/// Fetch a report.
#[derive(Args)]
pub(super) struct Fetch {
    /// The scan's number
    #[arg(value_name = "ID")]
    id: i64,
    /// Its form
    #[arg(long, value_enum)]
    format: Format,
    /// Where to keep it [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Json,
    Html,
    Zip,
    Csv,
}

impl From<Format> for ReportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Json => Self::Json,
            Format::Html => Self::Html,
            Format::Zip => Self::Zip,
            Format::Csv => Self::Csv,
        }
    }
}

/// A report that is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    format: Format,
    path: PathBuf,
}

impl FromStr for Wanted {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = text.split_once('=').filter(|(_, path)| !path.is_empty());
        let (format, path) = known.ok_or("it is FORMAT=PATH, such as html=report.html")?;
        let format = Format::from_str(format, false).map_err(|_| "the format is json, html, zip or csv")?;
        Ok(Self { format, path: path.into() })
    }
}

impl Wanted {
    /// Fetches it; the file is there when it is whole.
    pub(super) async fn keep(&self, asked: &Asked, id: i64) -> Result<u64, String> {
        let failed = |error: io::Error| format!("{} can't be written: {error}", self.path.display());
        let part = self.path.with_added_extension("part");
        let mut file = File::create(&part).map_err(failed)?;
        let fetched = fetch(asked, id, self.format, &mut file, failed).await;
        drop(file);
        let fetched = match fetched {
            Ok(bytes) => fs::rename(&part, &self.path).map(|()| bytes).map_err(failed),
            Err(error) => Err(error),
        };
        if fetched.is_err() {
            // What can't be removed is named by its ending.
            let _ = fs::remove_file(&part);
        }
        fetched
    }
}

impl Fetch {
    pub(super) async fn run(self, settings: &Settings) -> Ended {
        if self.output.is_none() {
            if self.common.form.is_json() {
                return Err("--json needs a file for the report: name it with -o".into());
            }
            if self.format == Format::Zip && stdout().is_terminal() {
                return Err("an archive is nothing for a terminal: name a file with -o".into());
            }
        }
        let asked = self.common.open(settings).await?;
        let fetched = self.fetch(&asked).await;
        asked.close().await;
        if let (Some(path), bytes) = (&self.output, fetched?) {
            let text = format!("{}: {bytes} bytes", path.display());
            self.common.form.say(text, &told(path, bytes))?;
        }
        Ok(status(false))
    }

    async fn fetch(&self, asked: &Asked) -> Result<u64, String> {
        if let Some(path) = &self.output {
            return Wanted { format: self.format, path: path.clone() }.keep(asked, self.id).await;
        }
        let failed = |error: io::Error| format!("the report can't be told: {error}");
        fetch(asked, self.id, self.format, &mut Pipe, failed).await
    }
}

fn told(path: &Path, bytes: u64) -> Value {
    json!({ "file": path.to_string_lossy(), "bytes": bytes })
}

/// Writes a report as it comes; how long it is.
async fn fetch(
    asked: &Asked,
    id: i64,
    format: Format,
    out: &mut (dyn Write + Send),
    failed: impl Fn(io::Error) -> String,
) -> Result<u64, String> {
    let request = DownloadReportRequest { scan_id: id, format: ReportFormat::from(format).into() };
    let pieces = asked.calls.scans().download_report(request).await;
    let mut pieces = pieces.map_err(|status| sentence(&status))?.into_inner();
    let mut bytes = 0;
    while let Some(piece) = pieces.message().await.map_err(|status| sentence(&status))? {
        out.write_all(&piece.chunk).map_err(&failed)?;
        bytes += piece.chunk.len() as u64;
    }
    out.flush().map_err(&failed)?;
    Ok(bytes)
}

/// Standard output, whose reader may leave early.
struct Pipe;

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match stdout().write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match stdout().flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wanted_report_has_a_format_and_a_path() {
        let wanted = Wanted { format: Format::Html, path: "a=b.html".into() };
        assert_eq!("html=a=b.html".parse(), Ok(wanted));
        for text in ["html", "html=", "pdf=x", "=x", ""] {
            assert!(text.parse::<Wanted>().is_err(), "{text}");
        }
    }
}
