//! `atalaya scan compare`: what differs between two scans.

use atalaya_proto::scans::v1::{Change, Changes, CompareScansRequest, CompareScansResponse};
use atalaya_server::{config::Settings, scans::shown::shown};
use clap::Args;
use serde_json::Value;

use super::{Common, Ended, document, status};
use crate::cli::{network::sentence, output};

/// Characters of a text of others.
const TEXT: usize = 200;

/// Compare two scans.
#[derive(Args)]
pub(super) struct Compare {
    /// The earlier one's number
    #[arg(value_name = "OLD")]
    old_id: i64,
    /// The later one's number
    #[arg(value_name = "NEW")]
    new_id: i64,
    #[command(flatten)]
    common: Common,
}

impl Compare {
    pub(super) async fn run(self, settings: &Settings) -> Ended {
        let asked = self.common.open(settings).await?;
        let request = CompareScansRequest { old_id: self.old_id, new_id: self.new_id };
        let answer = asked.calls.scans().compare_scans(request).await.map_err(|status| sentence(&status));
        asked.close().await;
        let compared = answer?.into_inner();
        if self.common.form.is_json() {
            self.common.form.say("", &document::comparison(&compared))?;
        } else {
            self.common.form.say(text(&compared), &Value::Null)?;
        }
        Ok(status(kinds(&compared).iter().any(|(_, changes)| !changes.changes.is_empty())))
    }
}

fn kinds(compared: &CompareScansResponse) -> [(&'static str, Changes); 3] {
    let of = |changes: &Option<Changes>| changes.clone().unwrap_or_default();
    [
        ("port", of(&compared.ports)),
        ("service", of(&compared.services)),
        ("certificate", of(&compared.certificates)),
    ]
}

fn text(compared: &CompareScansResponse) -> String {
    let kinds = kinds(compared);
    let rows: Vec<_> = kinds
        .iter()
        .flat_map(|(what, changes)| changes.changes.iter().map(move |change| row(what, change)))
        .collect();
    let uncertain = compared.uncertain.iter().map(|change| {
        let [_, row @ ..] = row("port", change);
        let [what, host, port, before, after] = row;
        ["uncertain".to_owned(), what, host, port, before, after]
    });
    let rows: Vec<_> = rows.into_iter().chain(uncertain).collect();
    let same: Vec<_> = kinds.iter().map(|(what, changes)| format!("{} {what}s", changes.unchanged)).collect();
    let last = format!("unchanged: {}; drift score {:.3}", same.join(", "), compared.drift_score);
    if rows.is_empty() {
        return format!("nothing differs\n{last}");
    }
    format!("{}\n{last}", output::table(["CHANGE", "WHAT", "HOST", "PORT", "BEFORE", "AFTER"], &rows))
}

fn row(what: &str, change: &Change) -> [String; 6] {
    [
        document::kind(change.kind()).to_owned(),
        what.to_owned(),
        shown(&change.address, TEXT).to_string(),
        format!("{}/{}", change.port, shown(&change.protocol, TEXT)),
        shown(&change.before, TEXT).to_string(),
        shown(&change.after, TEXT).to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use atalaya_proto::scans::v1::ChangeKind;

    use super::*;

    #[test]
    fn changes_are_told_with_what_stayed() {
        let mut change =
            Change { address: "192.0.2.1".into(), port: 80, after: "http".into(), ..Change::default() };
        change.protocol = "tcp".into();
        change.set_kind(ChangeKind::Added);
        let ports = Some(Changes { changes: vec![change], unchanged: 3 });
        let lost = Change { port: 22, protocol: "tcp".into(), before: "ssh".into(), ..Change::default() };
        let uncertain = vec![Change { address: "192.0.2.2".into(), ..lost }];
        let compared =
            CompareScansResponse { ports, drift_score: 0.25, uncertain, ..CompareScansResponse::default() };
        let said = text(&compared);
        assert!(said.contains("added      port  192.0.2.1  80/tcp          http"), "{said}");
        assert!(said.contains("uncertain  port  192.0.2.2  22/tcp  ssh"), "{said}");
        assert!(
            said.ends_with("unchanged: 3 ports, 0 services, 0 certificates; drift score 0.250"),
            "{said}"
        );
        assert!(text(&CompareScansResponse::default()).starts_with("nothing differs\n"));
    }
}
