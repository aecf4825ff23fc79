//! Connections for the questions of every call: whose a token is, and what its account is.
//!
//! Whenever a connection goes back to its pool, sqlx asks it whether it lives. On `SQLite` that takes two switches
//! between threads, as many as a small question itself, and no connection to a file is ever half dead. So here a
//! connection that has just answered well is kept at hand; one that failed or was left goes back to the pool.

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::{Any, AnyPool, any::AnyRow, pool::PoolConnection};
use tokio::sync::Semaphore;

use super::Error;
use crate::rows::Query;

/// Connections that are kept at hand.
#[derive(Debug, Clone)]
pub struct AtHand {
    pool: AnyPool,
    kept: Option<Arc<Kept>>,
}

#[derive(Debug)]
struct Kept {
    idle: Mutex<Vec<PoolConnection<Any>>>,
    /// As many as the pool has connections: who has a turn finds one here or there.
    turns: Semaphore,
}

impl AtHand {
    /// Those of a pool that nobody else takes from, which has so many.
    pub(super) fn all_of(pool: AnyPool, connections: u32) -> Self {
        let turns = Semaphore::new(usize::try_from(connections).unwrap_or(Semaphore::MAX_PERMITS));
        Self { pool, kept: Some(Arc::new(Kept { idle: Mutex::default(), turns })) }
    }

    /// None: the pool itself, where a connection may have died since it last answered.
    pub(super) fn none_of(pool: AnyPool) -> Self {
        Self { pool, kept: None }
    }

    /// The first row that answers a question, if there is one.
    pub async fn optional(&self, query: Query<'_>) -> Result<Option<AnyRow>, Error> {
        let Some(kept) = &self.kept else { return query.fetch_optional(&self.pool).await };
        let _turn = kept.turns.acquire().await.map_err(|_| Error::PoolClosed)?;
        let idle = kept.idle().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.pool.acquire().await?,
        };
        let row = query.fetch_optional(&mut *connection).await?;
        kept.idle().push(connection);
        Ok(row)
    }

    pub(super) async fn close(&self) {
        if let Some(kept) = &self.kept {
            // Who waits for a turn is turned away; who has one gives its connection back to a pool that closes.
            kept.turns.close();
            drop(std::mem::take(&mut *kept.idle()));
        }
        self.pool.close().await;
    }
}

impl Kept {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<PoolConnection<Any>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use crate::{db::testing, rows::query};

    #[tokio::test]
    async fn many_ask_at_once_and_see_what_was_written_and_a_failure_costs_no_connection() {
        for scratch in testing::each().await {
            let db = &scratch.db;
            for _ in 0..20 {
                assert!(db.at_hand().optional(query("SELECT nonsense".into())).await.is_err());
            }
            for expected in 1..=3_i64 {
                let mut tx = db.begin().await.unwrap();
                query(format!("UPDATE audit_head SET number = {expected}")).execute(&mut *tx).await.unwrap();
                tx.commit().await.unwrap();
                let asked =
                    (0..50).map(|_| db.at_hand().optional(query("SELECT number FROM audit_head".into())));
                for row in futures::future::join_all(asked).await {
                    assert_eq!(row.unwrap().unwrap().get::<i64, _>(0), expected);
                }
            }
        }
    }

    #[tokio::test]
    async fn who_asks_a_closed_database_is_told() {
        for scratch in testing::each().await {
            let ask = || scratch.db.at_hand().optional(query("SELECT 1".into()));
            assert!(ask().await.is_ok());
            scratch.db.close().await;
            assert!(ask().await.is_err());
        }
    }
}
