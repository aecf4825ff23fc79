//! The nouns of alerts.

use std::time::SystemTime;

use crate::scans::{
    drift::{EXPIRING_DAYS, Finding, Key, Kind, Severity},
    model::Id,
};

/// Most rules.
pub const MAX_RULES: i64 = 100;
/// Most days that a certificate's end is told of before.
pub const MAX_THRESHOLD_DAYS: u32 = 365;
/// Most characters of a rule's name, and of the configuration that it names.
const MAX_NAME: usize = 100;
const MAX_CONFIG: usize = 255;

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// Its number.
    pub id: i64,
    /// The first rule that it met.
    pub rule: i64,
    /// The scan that found it.
    pub scan: Id,
    /// The scan's configuration.
    pub config: String,
    /// What and where.
    pub key: Key,
    /// How bad it may be.
    pub severity: Severity,
    /// A sentence.
    pub text: String,
    /// When it was found.
    pub create_time: SystemTime,
    /// When somebody acknowledged it.
    pub acknowledge_time: Option<SystemTime>,
    /// When it was so no more.
    pub resolve_time: Option<SystemTime>,
}

/// Which alerts are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only those that were acknowledged, or were not.
    pub acknowledged: Option<bool>,
    /// Only those of a severity.
    pub severity: Option<Severity>,
    /// Only those of a kind.
    pub kind: Option<Kind>,
    /// Only those of a scan.
    pub scan: Option<Id>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its number.
    pub id: i64,
    /// What it says.
    pub terms: Terms,
    /// When somebody last changed it.
    pub update_time: Option<SystemTime>,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Its name.
    pub name: String,
    /// Which findings.
    pub kind: Kind,
    /// So many days before a certificate expires; 0 of other kinds.
    pub threshold_days: u32,
    /// How bad they are; `None`: as the finding has it.
    pub severity: Option<Severity>,
    /// Whether by e-mail.
    pub email: bool,
    /// Whether to webhooks.
    pub webhook: bool,
    /// Whether it holds.
    pub enabled: bool,
    /// Only of this configuration; empty for all.
    pub config: String,
}

/// What is wrong with a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalid {
    /// Where.
    pub field: &'static str,
    /// What it must be.
    pub detail: &'static str,
}

impl Terms {
    /// The same with its defaults, if it can be so.
    pub fn checked(self) -> Result<Self, Invalid> {
        let invalid = |field, detail| Err(Invalid { field, detail });
        let is_plain = |text: &str| !text.chars().any(char::is_control);
        let name = self.name.trim().to_owned();
        if !(1..=MAX_NAME).contains(&name.chars().count()) || !is_plain(&name) {
            return invalid("name", "it has 1 to 100 characters, none of them a control character");
        }
        if self.config.chars().count() > MAX_CONFIG || !is_plain(&self.config) {
            return invalid("config", "it has at most 255 characters, none of them a control character");
        }
        let usual = EXPIRING_DAYS.unsigned_abs() as u32;
        let threshold_days = match (self.kind, self.threshold_days) {
            (Kind::CertificateExpiring, 0) => usual,
            (Kind::CertificateExpiring, days) if days <= MAX_THRESHOLD_DAYS => days,
            (Kind::CertificateExpiring, _) => return invalid("threshold_days", "it is 1 to 365"),
            (_, 0) => 0,
            (_, _) => return invalid("threshold_days", "only certificates that expire have one"),
        };
        Ok(Self { name, threshold_days, ..self })
    }

    /// Whether a finding in a scan of a configuration meets the rule; `days_left` of the certificate that it is about,
    /// if it is about one.
    pub fn meets(&self, finding: &Finding, config: &str, days_left: Option<i64>) -> bool {
        let in_time = || days_left.is_none_or(|days| days < i64::from(self.threshold_days));
        self.is_about(finding.key.kind, config) && (self.kind != Kind::CertificateExpiring || in_time())
    }

    /// Whether the rule is about findings of a kind in scans of a configuration.
    pub fn is_about(&self, kind: Kind, config: &str) -> bool {
        self.enabled && self.kind == kind && (self.config.is_empty() || self.config == config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(kind: Kind, threshold_days: u32) -> Terms {
        let (name, config) = ("A rule".to_owned(), String::new());
        Terms {
            name,
            kind,
            threshold_days,
            severity: None,
            email: true,
            webhook: true,
            enabled: true,
            config,
        }
    }

    #[test]
    fn rules_are_checked() {
        let days = |kind, days| terms(kind, days).checked().map(|terms| terms.threshold_days).ok();
        assert_eq!(days(Kind::CertificateExpiring, 0), Some(30));
        assert_eq!(days(Kind::CertificateExpiring, 14), Some(14));
        assert_eq!(days(Kind::CertificateExpiring, 365), Some(365));
        assert_eq!(days(Kind::CertificateExpiring, 366), None);
        assert_eq!((days(Kind::MissingPort, 0), days(Kind::MissingPort, 1)), (Some(0), None));
        for name in ["", "  ", "a\nb", &"x".repeat(101)] {
            assert!(Terms { name: name.into(), ..terms(Kind::WeakTls, 0) }.checked().is_err(), "{name}");
        }
        assert!(Terms { config: "x".repeat(256), ..terms(Kind::WeakTls, 0) }.checked().is_err());
    }
}
