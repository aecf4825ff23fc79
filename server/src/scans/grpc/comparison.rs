//! What differs between two scans, on the wire.

use atalaya_proto::scans::v1 as pb;

use crate::scans::compare::{Change, Changes, Comparison, Kind};

impl From<Comparison> for pb::CompareScansResponse {
    fn from(comparison: Comparison) -> Self {
        let drift_score = comparison.drift_score();
        Self {
            ports: Some(comparison.ports.into()),
            services: Some(comparison.services.into()),
            certificates: Some(comparison.certificates.into()),
            drift_score,
            uncertain: comparison.uncertain.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Changes> for pb::Changes {
    fn from(changes: Changes) -> Self {
        Self {
            changes: changes.changes.into_iter().map(Into::into).collect(),
            unchanged: u32::try_from(changes.unchanged).unwrap_or(u32::MAX),
        }
    }
}

impl From<Change> for pb::Change {
    fn from(change: Change) -> Self {
        let kind = match change.kind {
            Kind::Added => pb::ChangeKind::Added,
            Kind::Removed => pb::ChangeKind::Removed,
            Kind::Changed => pb::ChangeKind::Changed,
        };
        Self {
            kind: kind.into(),
            site: change.place.site,
            address: change.place.address.to_string(),
            port: change.place.port.into(),
            protocol: change.place.protocol.name().to_owned(),
            before: change.before,
            after: change.after,
        }
    }
}
