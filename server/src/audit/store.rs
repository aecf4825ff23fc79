//! The tables `audit_events` and `audit_head`.

use std::time::SystemTime;

use sqlx::{AnyConnection, AnyPool, Row, any::AnyRow};

use super::model::{Entry, Event, Filter, Head};
use crate::{
    clock,
    rows::{self, Query, query},
};

const COLUMNS: &str =
    "number, time, actor_kind, actor_id, action, target, outcome, address, request_id, detail, hash";

/// Adds an entry at the end of the chain, which is locked until the transaction ends.
pub(super) async fn append(tx: &mut AnyConnection, now: SystemTime, entry: &Entry) -> sqlx::Result<()> {
    let head = sqlx::query("UPDATE audit_head SET number = number + 1 WHERE id = 1 RETURNING number, hash")
        .fetch_one(&mut *tx)
        .await?;
    let event = Event::chained(head.try_get(0)?, &head.try_get::<String, _>(1)?, now, entry);
    insert(tx, &event).await?;
    sqlx::query("UPDATE audit_head SET hash = $1 WHERE id = 1").bind(&event.hash).execute(tx).await.map(drop)
}

async fn insert(tx: &mut AnyConnection, event: &Event) -> sqlx::Result<()> {
    let sql =
        format!("INSERT INTO audit_events ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)");
    query(sql)
        .bind(event.number)
        .bind(clock::to_millis(event.time))
        .bind(event.actor_kind.as_str())
        .bind(event.actor_id.as_str())
        .bind(event.action.as_str())
        .bind(event.target.as_str())
        .bind(event.outcome.as_str())
        .bind(event.address.as_str())
        .bind(event.request_id.as_str())
        .bind(event.detail.as_str())
        .bind(event.hash.as_str())
        .execute(tx)
        .await
        .map(drop)
}

/// The entries that a filter lets through, the newest first.
pub(super) async fn list(db: &AnyPool, filter: &Filter, size: i64, skip: i64) -> sqlx::Result<Vec<Event>> {
    let conditions = Conditions::of(filter);
    let (limit, offset) = (conditions.values.len() + 1, conditions.values.len() + 2);
    let text = conditions.text();
    let sql = format!(
        "SELECT {COLUMNS} FROM audit_events {text} ORDER BY number DESC LIMIT ${limit} OFFSET ${offset}"
    );
    let rows = conditions.bind(query(sql)).bind(size).bind(skip).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

/// How many entries a filter lets through.
pub(super) async fn count(db: &AnyPool, filter: &Filter) -> sqlx::Result<i64> {
    let conditions = Conditions::of(filter);
    let sql = format!("SELECT COUNT(*) FROM audit_events {}", conditions.text());
    conditions.bind(query(sql)).fetch_one(db).await?.try_get(0)
}

/// The end of the chain.
pub(super) async fn head(db: &AnyPool) -> sqlx::Result<Head> {
    let row = sqlx::query("SELECT number, hash FROM audit_head WHERE id = 1").fetch_optional(db).await?;
    // Without the row nothing can be added: somebody took it away.
    row.map_or_else(|| Ok(Head::default()), |row| Ok(Head { number: row.try_get(0)?, hash: row.try_get(1)? }))
}

/// The largest number of an entry; 0 if there is none.
pub(super) async fn last_number(db: &AnyPool) -> sqlx::Result<i64> {
    sqlx::query("SELECT COALESCE(MAX(number), 0) FROM audit_events").fetch_one(db).await?.try_get(0)
}

/// Some entries in their order: those after a number, or from the first on, up to another number.
pub(super) async fn portion(
    db: &AnyPool,
    after: Option<i64>,
    end: i64,
    size: i32,
) -> sqlx::Result<Vec<Event>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM audit_events WHERE number > $1 AND number <= $2 ORDER BY number LIMIT $3"
    );
    let rows = query(sql).bind(after.unwrap_or(i64::MIN)).bind(end).bind(i64::from(size)).fetch_all(db);
    rows.await?.iter().map(read).collect()
}

/// What a filter asks for, as SQL and the values in it.
#[derive(Default)]
struct Conditions<'a> {
    texts: Vec<String>,
    values: Vec<Value<'a>>,
}

enum Value<'a> {
    Text(&'a str),
    Time(i64),
}

impl<'a> Conditions<'a> {
    fn of(filter: &'a Filter) -> Self {
        let mut all = Self::default();
        all.text_is("actor_kind", filter.actor_kind);
        all.text_is("actor_id", filter.actor_id.as_deref());
        match &filter.action {
            // A prefix may hold what LIKE takes for wildcards.
            Some(prefix) if prefix.ends_with('.') => {
                let characters = prefix.chars().count();
                all.add(&format!("SUBSTR(action, 1, {characters}) ="), Value::Text(prefix));
            }
            whole => all.text_is("action", whole.as_deref()),
        }
        all.text_is("target", filter.target.as_deref());
        all.text_is("outcome", filter.outcome.map(super::Outcome::name));
        let times = [("time >=", filter.after), ("time <", filter.before)];
        for (comparison, time) in times {
            if let Some(time) = time {
                all.add(comparison, Value::Time(clock::to_millis(time)));
            }
        }
        all
    }

    fn text_is(&mut self, column: &str, value: Option<&'a str>) {
        if let Some(value) = value {
            self.add(&format!("{column} ="), Value::Text(value));
        }
    }

    fn add(&mut self, comparison: &str, value: Value<'a>) {
        self.values.push(value);
        self.texts.push(format!("{comparison} ${}", self.values.len()));
    }

    fn text(&self) -> String {
        if self.texts.is_empty() { String::new() } else { format!("WHERE {}", self.texts.join(" AND ")) }
    }

    fn bind(self, query: Query<'a>) -> Query<'a> {
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Time(millis) => query.bind(millis),
        })
    }
}

fn read(row: &AnyRow) -> sqlx::Result<Event> {
    Ok(Event {
        number: row.try_get(0)?,
        time: rows::time(row, 1)?,
        actor_kind: rows::text(row, 2)?,
        actor_id: rows::text(row, 3)?,
        action: rows::text(row, 4)?,
        target: rows::text(row, 5)?,
        outcome: rows::text(row, 6)?,
        address: rows::text(row, 7)?,
        request_id: rows::text(row, 8)?,
        detail: rows::text(row, 9)?,
        hash: rows::text(row, 10)?,
    })
}
