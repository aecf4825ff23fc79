//! What differs from what was expected, on the wire.

use atalaya_proto::scans::v1 as pb;

use crate::scans::drift::{Finding, Severity};

impl From<Finding> for pb::Finding {
    fn from(finding: Finding) -> Self {
        let severity = match finding.severity {
            Severity::Low => pb::FindingSeverity::Low,
            Severity::Medium => pb::FindingSeverity::Medium,
            Severity::High => pb::FindingSeverity::High,
        };
        let (protocol, port) = finding.key.port.map_or(("", 0), |(protocol, port)| (protocol.name(), port));
        Self {
            kind: finding.key.kind.name().to_owned(),
            severity: severity.into(),
            site: finding.key.site,
            address: finding.key.address.to_string(),
            port: port.into(),
            protocol: protocol.to_owned(),
            is_confirmed: finding.confirmed,
            text: finding.text,
        }
    }
}
