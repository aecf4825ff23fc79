//! `atalaya scan run | watch | stop`: a scan from its beginning to its end.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
    pin::pin,
    time::Duration,
};

use atalaya_client::Error as Failure;
use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{
        PutConfigRequest, Scan, ScanState, StartScanRequest, WatchScanRequest, WatchScanResponse,
        start_scan_request,
    },
};
use atalaya_server::{config::Settings, scans::site_config::MAX_BYTES};
use clap::Args;
use futures::FutureExt;
use serde_json::Value;
use tokio::time::{interval, sleep, timeout};
use tonic::{Status, Streaming};

use super::{
    Common, Ended,
    asked::{Asked, nothing},
    document,
    progress::Progress,
    report::Wanted,
    show, status,
};
use crate::{
    cli::{network::sentence, output::plain},
    front,
};

/// Longest name of a stored configuration.
const NAME: usize = 100;
/// How often a terminal is told that time passes.
const TICK: Duration = Duration::from_millis(250);
/// How often in a row a watch may break off before anything is heard again, and the time between.
const BREAKS: u32 = 5;
const PAUSE: Duration = Duration::from_secs(1);
/// How long a scan that was stopped may take to end.
const STOPPING: Duration = Duration::from_secs(10);

/// Scan a site.
#[derive(Args)]
pub(super) struct Run {
    /// A YAML file, which is stored under its name; or the name of a stored configuration
    #[arg(value_name = "FILE")]
    config: String,
    /// The name to store the file under [default: the file's own]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Wait for the end, and tell what was found: the default
    #[arg(long, conflicts_with = "detach")]
    wait: bool,
    /// Leave the scan to the server, and tell its number
    #[arg(long, conflicts_with = "report")]
    detach: bool,
    /// Keep a report: `json`, `html`, `zip` or `csv`, and where; may be repeated
    #[arg(long, value_name = "FORMAT=PATH")]
    report: Vec<Wanted>,
    #[command(flatten)]
    common: Common,
}

/// Follow a scan.
#[derive(Args)]
pub(super) struct Watch {
    /// The scan's number
    #[arg(value_name = "ID")]
    id: i64,
    #[command(flatten)]
    common: Common,
}

/// Stop a scan.
#[derive(Args)]
pub(super) struct Stop {
    /// The scan's number
    #[arg(value_name = "ID")]
    id: i64,
    #[command(flatten)]
    common: Common,
}

impl Run {
    pub(super) async fn run(self, settings: &Settings) -> Ended {
        let interrupted = front::ended(front::ends());
        let asked = self.common.open(settings).await?;
        let ended = self.scan(&asked, settings, interrupted).await;
        asked.close().await;
        ended
    }

    async fn scan(&self, asked: &Asked, settings: &Settings, interrupted: impl Future<Output = ()>) -> Ended {
        if self.detach && asked.is_alone(settings)? {
            return Err(
                "no server runs on this data folder that could do the scan: leave --detach out".into()
            );
        }
        let scan = self.start(asked).await?;
        if self.detach {
            let text = format!("scan {} has begun", scan.id);
            self.common.form.say(text, &document::scan(&scan))?;
            return Ok(status(false));
        }
        let mut interrupted = pin!(interrupted.fuse());
        let hands = asked.lend_hands(settings, scan.id);
        let ended = self.follow(asked, scan.id, &mut interrupted).await;
        hands.leave().await;
        let scan = ended?;
        let id = scan.id;
        let kept = async {
            let status = tell(asked, &self.common, scan).await?;
            for wanted in &self.report {
                wanted.keep(asked, id).await?;
            }
            Ok(status)
        };
        tokio::select! {
            kept = kept => kept,
            () = interrupted => Err(format!("interrupted: scan {id} is over, but not every report was kept").into()),
        }
    }

    /// Watches the scan to its end; who is interrupted stops it first.
    async fn follow(
        &self,
        asked: &Asked,
        id: i64,
        interrupted: impl Future<Output = ()>,
    ) -> Result<Scan, String> {
        tokio::select! {
            ended = watch(asked, &self.common, id) => return ended,
            () = interrupted => {}
        }
        asked.stop(id).await?;
        let ended = timeout(STOPPING, watch(asked, &self.common, id)).await;
        ended.unwrap_or_else(|_| Err(format!("scan {id} was told to stop, and has not ended yet")))
    }

    async fn start(&self, asked: &Asked) -> Result<Scan, String> {
        let shown = plain(&self.config);
        let file = read(Path::new(&self.config)).map_err(|why| format!("{shown} {why}"))?;
        let name = match (&file, &self.name) {
            (None, Some(_)) => return Err(format!("there is no file {shown}")),
            (None, None) => self.config.clone(),
            (Some(_), Some(name)) => name.clone(),
            (Some(_), None) => file_name(&self.config),
        };
        let is_file = file.is_some();
        if let Some(yaml) = file {
            let put = PutConfigRequest { name: name.clone(), yaml };
            let stored = asked.calls.scan_configs().put_config(put).await;
            stored.map_err(|status| format!("{shown}: {}", sentence(&status)))?;
        }
        let config = Some(start_scan_request::Config::ConfigName(name));
        match asked.calls.scans().start_scan(StartScanRequest { config }).await {
            Ok(answer) => answer.into_inner().scan.ok_or_else(nothing),
            Err(status) if !is_file && is_unknown(&status) => {
                Err(format!("there is no file {shown}, and no stored configuration of that name"))
            }
            Err(status) => Err(sentence(&status)),
        }
    }
}

impl Watch {
    pub(super) async fn run(self, settings: &Settings) -> Ended {
        let asked = self.common.open(settings).await?;
        let ended = self.watch(&asked, settings).await;
        asked.close().await;
        ended
    }

    async fn watch(&self, asked: &Asked, settings: &Settings) -> Ended {
        let scan = asked.scan(self.id).await?;
        // It is what a dead server had under way.
        if scan.state() == ScanState::Running && asked.is_alone(settings)? {
            let id = self.id;
            let why = "no server runs on this data folder that could go on with it";
            return Err(
                format!("scan {id} is not over, and {why}: start one, or atalaya scan stop {id}").into()
            );
        }
        let scan = watch(asked, &self.common, self.id).await?;
        tell(asked, &self.common, scan).await
    }
}

impl Stop {
    pub(super) async fn run(self, settings: &Settings) -> Ended {
        let asked = self.common.open(settings).await?;
        let stopped = self.stop(&asked, settings).await;
        asked.close().await;
        let (text, scan) = stopped?;
        self.common.form.say(text, &document::scan(&scan))?;
        Ok(status(false))
    }

    async fn stop(&self, asked: &Asked, settings: &Settings) -> Result<(String, Scan), String> {
        asked.recover(settings).await.map_err(|error| error.to_string())?;
        let before = asked.scan(self.id).await?;
        if before.state() != ScanState::Running {
            return Ok((format!("scan {} had ended: it {}", self.id, show::end(&before)), before));
        }
        let mut scan = asked.stop(self.id).await?;
        if scan.state() == ScanState::Running {
            let ended = timeout(STOPPING, last(asked, self.id, |_| async {})).await;
            scan =
                ended.map_err(|_| format!("scan {} was told to stop, and has not ended yet", self.id))??;
        }
        Ok((format!("scan {} {}", self.id, show::end(&scan)), scan))
    }
}

/// Follows a scan to its end, and shows how far it is.
async fn watch(asked: &Asked, common: &Common, id: i64) -> Result<Scan, String> {
    let progress = Progress::new(common.form.is_json());
    let ticks = async {
        let mut ticks = interval(TICK);
        loop {
            ticks.tick().await;
            progress.draw();
        }
    };
    let ended = tokio::select! {
        ended = last(asked, id, |scan| progress.hear(asked, scan)) => ended,
        () = ticks => Err(nothing()),
    };
    progress.clear();
    ended
}

/// A scan as it is at its end; `hear` hears of each state on the way. A server ends connections that grow old, and a
/// scan may take longer: the scan is asked for again on the next one.
async fn last<F: Future<Output = ()>>(
    asked: &Asked,
    id: i64,
    hear: impl Fn(Scan) -> F,
) -> Result<Scan, String> {
    let gone = |why: String| format!("{why}; the scan may go on: see atalaya scan watch {id}");
    let mut heard = asked.calls.scans().watch_scan(WatchScanRequest { id }).await;
    let mut breaks = 0;
    loop {
        let why = match heard {
            Ok(answer) => match to_the_end(answer.into_inner(), &hear, &mut breaks).await {
                Ok(Some(scan)) => return Ok(scan),
                Ok(None) => "the server tells no more".to_owned(),
                Err(status) if is_said(&status) => return Err(gone(sentence(&status))),
                Err(status) => sentence(&status),
            },
            Err(status) if breaks == 0 || is_said(&status) => return Err(sentence(&status)),
            Err(status) => sentence(&status),
        };
        if breaks == BREAKS {
            return Err(gone(why));
        }
        breaks += 1;
        sleep(PAUSE).await;
        heard = asked.calls.scans().watch_scan(WatchScanRequest { id }).await;
    }
}

/// What is heard of a scan, up to its end or the connection's.
async fn to_the_end<F: Future<Output = ()>>(
    mut answers: Streaming<WatchScanResponse>,
    hear: impl Fn(Scan) -> F,
    breaks: &mut u32,
) -> Result<Option<Scan>, Status> {
    while let Some(answer) = answers.message().await? {
        *breaks = 0;
        let scan = answer.scan.ok_or_else(|| Status::unknown(nothing()))?;
        hear(scan.clone()).await;
        if scan.state() != ScanState::Running {
            return Ok(Some(scan));
        }
    }
    Ok(None)
}

/// Whether a failure is the server's word, and not a connection's end.
fn is_said(status: &Status) -> bool {
    Failure::from(status.clone()).reason.is_some()
}

/// Tells what a scan that has ended has found.
async fn tell(asked: &Asked, common: &Common, scan: Scan) -> Ended {
    let (_, sites) = asked.result(scan.id).await?;
    let findings = asked.findings(scan.id).await?;
    let text = show::text(&scan, &sites, &findings);
    let completed = scan.state() == ScanState::Completed;
    let document = if common.form.is_json() { document::all(&scan, &sites, &findings) } else { Value::Null };
    if common.form.is_json() || completed || !sites.is_empty() {
        common.form.say(text, &document)?;
    }
    if completed {
        Ok(status(!findings.is_empty()))
    } else {
        Err(format!("scan {} {}", scan.id, show::end(&scan)).into())
    }
}

/// The text of a configuration, if there is such a file; or what is wrong with it.
fn read(path: &Path) -> Result<Option<String>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(format!("can't be read: {error}")),
    };
    let mut bytes = Vec::new();
    let read = file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("can't be read: {error}"))?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("is larger than {} KiB", MAX_BYTES >> 10));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| "is not UTF-8".to_owned())
}

/// The name under which a file is stored.
fn file_name(path: &str) -> String {
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    name.chars().take(NAME).map(plain).collect()
}

fn is_unknown(status: &Status) -> bool {
    let reason = Failure::from(status.clone()).reason;
    matches!(reason, Some(Reason::ScanConfigNotFound | Reason::NameInvalid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_stored_under_a_name_that_can_be_one() {
        assert_eq!(file_name("sites/lab.yaml"), "lab.yaml");
        assert_eq!(file_name("/tmp/my site (1).yml"), "my-site--1-.yml");
        assert_eq!(file_name(&"é".repeat(200)), "-".repeat(100));
    }

    #[test]
    fn files_that_are_no_configurations_are_told_by_what_is_wrong() {
        let folder = tempfile::tempdir().expect("a folder");
        let put = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).expect("a file");
            path
        };
        assert_eq!(read(&put("a", b"title: x")), Ok(Some("title: x".to_owned())));
        assert_eq!(read(&folder.path().join("b")), Ok(None));
        assert_eq!(read(&put("c", &[0xff])), Err("is not UTF-8".to_owned()));
        assert_eq!(read(&put("d", &vec![b'#'; MAX_BYTES + 1])), Err("is larger than 256 KiB".to_owned()));
        assert!(read(folder.path()).expect_err("a folder").starts_with("can't be read"));
    }
}
