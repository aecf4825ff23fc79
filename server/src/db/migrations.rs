//! The schema, step by step: one SQL text for both databases, run when a database is opened.

use sqlx::{
    AnyConnection, SqlSafeStr,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
};
use std::borrow::Cow;

/// Steps in order. A step that was ever released is never edited; a change is a new step.
const STEPS: [(i64, &str, &str); 11] = [
    (1, "users", include_str!("../../migrations/0001_users.sql")),
    (2, "images", include_str!("../../migrations/0002_images.sql")),
    (3, "tasks", include_str!("../../migrations/0003_tasks.sql")),
    (4, "audit", include_str!("../../migrations/0004_audit.sql")),
    (5, "identities", include_str!("../../migrations/0005_identities.sql")),
    (6, "evidence", include_str!("../../migrations/0006_evidence.sql")),
    (7, "network", include_str!("../../migrations/0007_network.sql")),
    (8, "scans", include_str!("../../migrations/0008_scans.sql")),
    (9, "schedules", include_str!("../../migrations/0009_schedules.sql")),
    (10, "alerts", include_str!("../../migrations/0010_alerts.sql")),
    (11, "analysis bytes", include_str!("../../migrations/0011_analysis_bytes.sql")),
];

/// The last step that this program knows.
pub(super) const LATEST: i64 = STEPS[STEPS.len() - 1].0;

/// Runs the steps that `connection`'s database lacks. Safe when several processes do it at once:
/// on `PostgreSQL` the migrator takes an advisory lock, on `SQLite` the caller's transaction is the lock.
pub(super) async fn run(connection: &mut AnyConnection) -> Result<(), MigrateError> {
    migrator().run_direct(None, connection, false).await
}

fn migrator() -> Migrator {
    let steps = STEPS.map(|(version, name, sql)| {
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(steps.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_from_one_without_gaps() {
        let numbers: Vec<i64> = STEPS.iter().map(|(version, ..)| *version).collect();
        assert_eq!(numbers, (1..=LATEST).collect::<Vec<_>>());
    }

    #[test]
    fn columns_have_only_the_types_that_both_databases_share() {
        for (_, name, sql) in STEPS {
            for word in sql.split(|c: char| !c.is_ascii_alphanumeric()) {
                assert!(
                    !["BOOLEAN", "INTEGER", "INT", "BLOB", "JSON", "TIMESTAMP"].contains(&word),
                    "{name}: {word}"
                );
            }
        }
    }
}
