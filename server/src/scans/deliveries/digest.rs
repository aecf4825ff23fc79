//! What is told of a scan: its news, one line each, for every channel the same.

use serde::{Deserialize, Serialize};

use crate::scans::{
    drift::{Kind, Severity},
    record::Moment,
    shown::shown,
};

/// Lines of a digest; of more news it tells the number.
pub const MAX_LINES: usize = 50;
/// Characters of each of its texts of others.
const TEXT: usize = 300;
const NAME: usize = 80;

/// A digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// The scan; 0 of a test.
    pub scan_id: i64,
    /// What its configuration calls itself.
    pub title: String,
    /// Its configuration.
    pub config: String,
    /// When it ended.
    pub completed_at: Moment,
    /// How many news there are.
    pub total: usize,
    /// The first of them, the worst first.
    pub alerts: Vec<Line>,
    /// How much of what was told before is over.
    pub resolved: usize,
}

/// One of the news.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The alert's number.
    pub id: i64,
    /// What it is about, such as `missing_port`.
    pub kind: String,
    /// `low`, `medium` or `high`.
    pub severity: String,
    /// The site's name.
    pub site: String,
    /// The host.
    pub address: String,
    /// Such as `443/tcp`; nothing of what is about the whole host.
    pub port: Option<String>,
    /// A sentence.
    pub text: String,
}

impl Digest {
    /// A digest of no alert, that says so.
    pub fn test(now: Moment) -> Self {
        let line = Line {
            id: 0,
            kind: "test".to_owned(),
            severity: Severity::Low.name().to_owned(),
            site: "Test".to_owned(),
            address: "192.0.2.1".to_owned(),
            port: None,
            text: "This is a test of the webhook. Nothing was found".to_owned(),
        };
        Self {
            scan_id: 0,
            title: "Test".to_owned(),
            config: "test".to_owned(),
            completed_at: now,
            total: 1,
            alerts: vec![line],
            resolved: 0,
        }
    }

    /// The worst of what it tells.
    pub fn severity(&self) -> Severity {
        let is = |severity: Severity| self.alerts.iter().any(|line| line.severity == severity.name());
        [Severity::High, Severity::Medium].into_iter().find(|one| is(*one)).unwrap_or(Severity::Low)
    }

    /// In one line, without what deceives: `Data center: 3 alerts (scan 42)`.
    pub fn headline(&self) -> String {
        let title = shown(&self.title, NAME);
        if self.scan_id == 0 {
            return format!("{title} of the alerts of site scans");
        }
        let plural = if self.total == 1 { "" } else { "s" };
        format!("{title}: {} alert{plural} (scan {})", self.total, self.scan_id)
    }

    /// How many news it does not tell one by one.
    pub fn more(&self) -> usize {
        self.total.saturating_sub(self.alerts.len())
    }
}

impl Line {
    /// What it is about, for people: `Missing port`.
    pub fn what(&self) -> &str {
        self.kind.parse().map_or("Test", Kind::title)
    }

    /// Where: `192.0.2.1 443/tcp (Web)`, without what deceives.
    pub fn place(&self) -> String {
        let port = self.port.as_ref().map(|port| format!(" {port}")).unwrap_or_default();
        format!("{}{port} ({})", self.address, shown(&self.site, NAME))
    }

    /// Its sentence, without what deceives, and no longer than it is read.
    pub fn said(&self) -> String {
        shown(&self.text, TEXT).to_string()
    }
}
