//! What differs between two scans (facts 4.8).

use atalaya_proto::scans::v1::{Change, ChangeKind, Changes, CompareScansResponse};
use serde::Serialize;

use super::fields::text;

/// Everything that differs.
#[derive(Serialize)]
pub(super) struct Comparison {
    scan1_id: i64,
    scan2_id: i64,
    drift_score: f64,
    ports: Kinds,
    services: Kinds,
    certificates: Kinds,
}

/// What differs of one sort, by how it does; what does not is counted.
#[derive(Serialize, Default)]
struct Kinds {
    added: Vec<Difference>,
    removed: Vec<Difference>,
    changed: Vec<Difference>,
    unchanged: u32,
}

#[derive(Serialize)]
struct Difference {
    site_name: String,
    ip_address: String,
    port: u32,
    protocol: String,
    before: Option<String>,
    after: Option<String>,
}

impl Comparison {
    pub(super) fn of(scan1_id: i64, scan2_id: i64, compared: CompareScansResponse) -> Self {
        let kinds = |changes: Option<Changes>| changes.map(Kinds::from).unwrap_or_default();
        Self {
            scan1_id,
            scan2_id,
            drift_score: compared.drift_score,
            ports: kinds(compared.ports),
            services: kinds(compared.services),
            certificates: kinds(compared.certificates),
        }
    }
}

impl From<Changes> for Kinds {
    fn from(changes: Changes) -> Self {
        let mut kinds = Self { unchanged: changes.unchanged, ..Self::default() };
        for change in changes.changes {
            match change.kind() {
                ChangeKind::Added => kinds.added.push(change.into()),
                ChangeKind::Removed => kinds.removed.push(change.into()),
                ChangeKind::Changed | ChangeKind::Unspecified => kinds.changed.push(change.into()),
            }
        }
        kinds
    }
}

impl From<Change> for Difference {
    fn from(change: Change) -> Self {
        Self {
            site_name: change.site,
            ip_address: change.address,
            port: change.port,
            protocol: change.protocol,
            before: text(change.before),
            after: text(change.after),
        }
    }
}
