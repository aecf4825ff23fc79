//! `atalaya scan list`: which scans there are.

use atalaya_proto::scans::v1::{ListScansRequest, Scan, ScanState};
use atalaya_server::{config::Settings, scans::shown::shown};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{Common, Ended, document, show, status};
use crate::cli::{network::sentence, output};

/// Characters of a title and of a configuration's name.
const TEXT: usize = 60;

/// List scans.
#[derive(Args)]
pub(super) struct List {
    /// Those in this state alone
    #[arg(long, value_enum)]
    state: Option<State>,
    /// At most so many
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=1000))]
    limit: i32,
    /// Pass over so many, the newest first
    #[arg(long, value_name = "NUMBER", default_value_t = 0, value_parser = clap::value_parser!(i32).range(0..))]
    skip: i32,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, ValueEnum)]
enum State {
    Running,
    Completed,
    Failed,
    Cancelled,
}

impl From<State> for ScanState {
    fn from(state: State) -> Self {
        match state {
            State::Running => Self::Running,
            State::Completed => Self::Completed,
            State::Failed => Self::Failed,
            State::Cancelled => Self::Cancelled,
        }
    }
}

impl List {
    pub(super) async fn run(self, settings: &Settings) -> Ended {
        let asked = self.common.open(settings).await?;
        let state = self.state.map_or(ScanState::Unspecified, Into::into).into();
        let request = ListScansRequest { page_size: self.limit, skip: self.skip, state };
        let answer = asked.calls.scans().list_scans(request).await.map_err(|status| sentence(&status));
        asked.close().await;
        let page = answer?.into_inner();
        let form = self.common.form;
        if form.is_json() {
            let scans: Value = page.scans.iter().map(document::scan).collect();
            form.say("", &json!({ "scans": scans, "total": page.total_size }))?;
        } else {
            form.say(text(&page.scans, self.skip, page.total_size), &Value::Null)?;
        }
        Ok(status(false))
    }
}

fn text(scans: &[Scan], skip: i32, total: i32) -> String {
    let Some(last) = i32::try_from(scans.len()).ok().filter(|count| *count > 0) else {
        return if total == 0 { "there are no scans".to_owned() } else { format!("none of {total}") };
    };
    let rows: Vec<_> = scans.iter().map(row).collect();
    let headings =
        ["ID", "STATE", "BEGAN", "TOOK", "HOSTS UP", "OPEN PORTS", "FINDINGS", "CONFIGURATION", "TITLE"];
    let table = output::table(headings, &rows);
    if total > last { format!("{table}\n{} to {} of {total}", skip + 1, skip + last) } else { table }
}

fn row(scan: &Scan) -> [String; 9] {
    let counts = scan.counts.filter(|_| scan.state() == ScanState::Completed);
    let count = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    let began = scan.start_time.map(|time| prost_types::Timestamp { nanos: 0, ..time }.to_string());
    [
        scan.id.to_string(),
        document::state(scan.state()).to_owned(),
        began.unwrap_or_default(),
        show::took(scan).map(|seconds| format!("{seconds:.1} s")).unwrap_or_default(),
        count(counts.map(|counts| counts.hosts_up)),
        count(counts.map(|counts| counts.open_ports)),
        count(counts.map(|counts| counts.findings)),
        shown(&scan.config, TEXT).to_string(),
        shown(&scan.title, TEXT).to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_which_part_it_is() {
        let scans = [Scan { id: 9, title: "x".into(), ..Scan::default() }];
        assert!(text(&scans, 3, 9).ends_with("x\n4 to 4 of 9"), "{}", text(&scans, 3, 9));
        assert_eq!(text(&scans, 0, 1).lines().count(), 2);
        assert_eq!(text(&[], 0, 0), "there are no scans");
        assert_eq!(text(&[], 9, 3), "none of 3");
    }
}
