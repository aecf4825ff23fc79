//! The files of finished scans, in one folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::task::spawn_blocking;

use super::{
    compare::{self, Comparison},
    drift::{self, Finding},
    error::Error,
    model::{Counts, End, Id, Report as Files, Scan, State},
    record::{Moment, Report, moment},
    report::{self, Form, Material, Names, Past, Pictures, Summary},
    service::Service,
    store,
};

/// Earlier scans that are drawn beside one.
const HISTORY: i64 = 50;

/// How long pictures are those of a scan that may be under way: longer than any task may take.
const ABANDONED: Duration = Duration::from_hours(4);

/// Names that a scan has taken, with their folder of screenshots. All of it is gone with this, unless the scan keeps it.
#[derive(Debug)]
pub(super) struct Reserved {
    names: Names,
    folder: PathBuf,
    is_kept: bool,
}

impl Reserved {
    /// Where the pictures go.
    pub(super) fn pictures(&self) -> PathBuf {
        self.folder.join(self.names.screenshots())
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.is_kept
            && let Err(error) = remove(&paths(&self.names, &self.folder))
        {
            tracing::warn!("the files of a scan can't be removed: {error}");
        }
    }
}

/// All that a report is made of.
struct Made {
    report: Report,
    findings: Vec<Finding>,
    before: Option<(Report, Comparison)>,
    history: Vec<Past>,
    now: Moment,
}

impl Made {
    fn material<'a>(&'a self, pictures: &'a Pictures) -> Material<'a> {
        Material {
            report: &self.report,
            findings: &self.findings,
            before: self.before.as_ref().map(|(before, comparison)| (&before.scan, comparison)),
            history: &self.history,
            pictures,
            now: self.now,
        }
    }
}

impl Service {
    /// The paths of a scan's files: JSON, HTML, ZIP, and the folder of screenshots, if there are any.
    pub fn paths(&self, stem: &str) -> [PathBuf; 4] {
        paths(&Names::stored(stem.to_owned()), &self.folders.output)
    }

    /// A report: its file's name, and its bytes. A table is made when it is asked for.
    pub async fn report(&self, id: Id, form: Form) -> Result<(String, Vec<u8>), Error> {
        let scan = self.find(id).await?;
        let stem = scan.report.as_ref().ok_or(Error::NoReport(id))?.stem.clone();
        let names = Names::stored(stem);
        let name = names.file(form);
        if form == Form::Csv {
            let made = self.made(&scan).await?;
            return Ok((name, blocking(move || written(&made, form, &names)).await?));
        }
        let path = self.folders.output.join(&name);
        match blocking(move || fs::read(path)).await {
            Err(Error::Files(missing)) if missing.kind() == io::ErrorKind::NotFound => {
                Err(Error::NoReport(id))
            }
            read => Ok((name, read?)),
        }
    }

    /// Takes names for the reports of a scan.
    pub(super) async fn reserve(&self, scan: &Scan) -> Result<Reserved, Error> {
        let (folder, start) = (self.folders.output.clone(), moment(scan.start_time));
        let names = blocking({
            let folder = folder.clone();
            move || Names::reserve(&folder, start)
        });
        Ok(Reserved { names: names.await?, folder, is_kept: false })
    }

    /// Writes the reports of a scan, and sums up.
    pub(super) async fn conclude(&self, scan: &Scan, reserved: Reserved) -> Result<End, Error> {
        let mut made = self.made(scan).await?;
        made.report.scan.completed_at = Some(made.now);
        let summary = Summary::of(&made.report, &made.findings);
        let counts =
            Counts { hosts_up: summary.hosts_up, open_ports: summary.ports_open, findings: summary.findings };
        let has_screenshots = blocking(move || {
            let folder = reserved.pictures();
            let has_screenshots = fs::read_dir(&folder)?.next().is_some();
            let pictures = Pictures::of(folder);
            report::keep(&made.material(&pictures), &reserved.names, &reserved.folder)
                .map_err(|error| error.source)?;
            if !has_screenshots {
                fs::remove_dir(reserved.pictures())?;
            }
            Ok((has_screenshots, reserved))
        });
        // Nobody waits any more for what a scan writes that is stopped now: its files go with their names.
        let (has_screenshots, mut reserved) = has_screenshots.await?;
        reserved.is_kept = true;
        let files = Files { stem: reserved.names.stem().to_owned(), has_screenshots };
        Ok(End {
            state: State::Completed,
            error_message: String::new(),
            counts,
            summary: serde_json::to_string(&summary)?,
            report: Some(files),
        })
    }

    async fn made(&self, scan: &Scan) -> Result<Made, Error> {
        let now = moment(self.clock.now());
        let report = self.record(scan).await?;
        let before = self.record_before(scan).await?;
        let findings = drift::findings(&report, before.as_ref(), now);
        let before = before.map(|before| {
            let comparison = compare::compare(&before, &report);
            (before, comparison)
        });
        let mut history = Vec::new();
        for (id, start, summary) in store::summaries(self.db.read(), scan, HISTORY).await? {
            history.push(Past { id: id.0, at: moment(start), summary: serde_json::from_str(&summary)? });
        }
        history.reverse();
        Ok(Made { report, findings, before, history, now })
    }

    /// Removes pictures of scans whose process was killed before their report was written.
    pub(super) async fn remove_abandoned(&self) -> Result<(), Error> {
        let (folder, now) = (self.folders.output.clone(), self.clock.now());
        let removed = blocking(move || {
            let since = now.checked_sub(ABANDONED).unwrap_or(SystemTime::UNIX_EPOCH);
            Names::abandoned(&folder, since)?
                .iter()
                .try_for_each(|folder| unless_gone(fs::remove_dir_all(folder)))
        });
        removed.await
    }

    /// Removes the files of a scan. What is not there is no failure; what stays is told in the log.
    pub(super) async fn remove_files(&self, stem: &str) {
        let paths = self.paths(stem);
        if let Err(error) = blocking(move || remove(&paths)).await {
            tracing::warn!("the files of a scan can't be removed: {error}");
        }
    }
}

fn paths(names: &Names, folder: &Path) -> [PathBuf; 4] {
    let [json, html, zip] = [Form::Json, Form::Html, Form::Zip].map(|form| names.file(form));
    [json, html, zip, names.screenshots()].map(|name| folder.join(name))
}

fn written(made: &Made, form: Form, names: &Names) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    report::write(&made.material(&Pictures::none()), form, names, &mut bytes)?;
    Ok(bytes)
}

/// Work with files, off the threads that must not wait.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let done = spawn_blocking(work).await.unwrap_or_else(|gone| Err(io::Error::other(gone)));
    done.map_err(Error::Files)
}

fn remove(paths: &[PathBuf; 4]) -> io::Result<()> {
    let [json, html, zip, pictures] = paths;
    for file in [json, html, zip] {
        unless_gone(fs::remove_file(file))?;
    }
    unless_gone(fs::remove_dir_all(pictures))
}

fn unless_gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
