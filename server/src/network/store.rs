//! The table `probe_counts`.

use sqlx::{AnyConnection, Row};
use uuid::Uuid;

/// Counts probes of an account in a day; how many it has sent in that day now. Forgets the days before.
pub(super) async fn add_probes(
    tx: &mut AnyConnection,
    account: Uuid,
    day: i64,
    probes: i64,
) -> sqlx::Result<i64> {
    sqlx::query("DELETE FROM probe_counts WHERE account_id = $1 AND day < $2")
        .bind(account.to_string())
        .bind(day)
        .execute(&mut *tx)
        .await?;
    let counted = sqlx::query(
        "INSERT INTO probe_counts (account_id, day, probes) VALUES ($1, $2, $3) \
         ON CONFLICT (account_id, day) DO UPDATE SET probes = probe_counts.probes + excluded.probes \
         RETURNING probes",
    )
    .bind(account.to_string())
    .bind(day)
    .bind(probes)
    .fetch_one(tx)
    .await?;
    counted.try_get(0)
}
