//! The tables `alerts`, `alert_rules`, `alerts_told` and their numbers.

use std::time::SystemTime;

use sqlx::{Any, AnyConnection, AnyPool, Row, any::AnyRow};

use super::model::{Alert, Filter, Rule, Terms};
use crate::{
    clock,
    page::Page,
    rows::{self, query},
    scans::{
        drift::{Finding, Key, Kind, Severity, alerts::Told},
        model::{Id, Source},
        record::Protocol,
    },
};

const ALERT: &str = "kind, site, address, protocol, port, id, rule_id, scan_id, config, severity, text, create_time, \
     acknowledge_time, resolve_time";
const RULE: &str = "id, name, kind, threshold_days, severity, email_enabled, webhook_enabled, enabled, config, \
     update_time";

/// Makes everybody else wait who settles a scan, until the transaction ends.
pub(super) async fn lock(tx: &mut AnyConnection) -> sqlx::Result<()> {
    take_ids(tx, 0).await.map(drop)
}

/// Takes so many numbers of alerts; the first of them.
pub(super) async fn take_ids(tx: &mut AnyConnection, count: usize) -> sqlx::Result<i64> {
    let sql = "UPDATE alert_numbers SET next = next + $1 WHERE name = 'alerts' RETURNING next";
    let count = count as i64;
    let next: i64 = sqlx::query(sql).bind(count).fetch_one(tx).await?.try_get(0)?;
    Ok(next - count)
}

/// Adds an alert of a configuration.
pub(super) async fn insert(tx: &mut AnyConnection, source: &Source, alert: &Alert) -> sqlx::Result<()> {
    let (protocol, port) = port(&alert.key);
    sqlx::query(
        "INSERT INTO alerts (id, rule_id, scan_id, config, is_stored, finding, kind, severity, site, address, \
         protocol, port, text, create_time, acknowledge_time, resolve_time) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULL, NULL)",
    )
    .bind(alert.id)
    .bind(alert.rule)
    .bind(alert.scan.0)
    .bind(&alert.config)
    .bind(is_stored(source))
    .bind(alert.key.to_string())
    .bind(alert.key.kind.name())
    .bind(alert.severity.name())
    .bind(&alert.key.site)
    .bind(alert.key.address.to_string())
    .bind(protocol)
    .bind(port)
    .bind(&alert.text)
    .bind(clock::to_millis(alert.create_time))
    .execute(tx)
    .await
    .map(drop)
}

/// What was told of a finding is so no more.
pub(super) async fn resolve(
    tx: &mut AnyConnection,
    source: &Source,
    key: &Key,
    now: SystemTime,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE alerts SET resolve_time = $4 WHERE config = $1 AND is_stored = $2 AND finding = $3 \
         AND resolve_time IS NULL",
    )
    .bind(source.text())
    .bind(is_stored(source))
    .bind(key.to_string())
    .bind(clock::to_millis(now))
    .execute(tx)
    .await
    .map(drop)
}

/// What people were told of a configuration.
pub(super) async fn told(tx: &mut AnyConnection, source: &Source) -> sqlx::Result<Told> {
    let sql = "SELECT kind, site, address, protocol, port, substance FROM alerts_told \
         WHERE config = $1 AND is_stored = $2";
    let asked = sqlx::query(sql).bind(source.text()).bind(is_stored(source));
    let told = asked.fetch_all(tx).await?;
    told.iter().map(|row| Ok((key(row)?, rows::text(row, 5)?))).collect()
}

/// Remembers that people were told of a finding.
pub(super) async fn remember(tx: &mut AnyConnection, source: &Source, finding: &Finding) -> sqlx::Result<()> {
    let (protocol, port) = port(&finding.key);
    sqlx::query(
        "INSERT INTO alerts_told (config, is_stored, finding, kind, site, address, protocol, port, substance) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (config, is_stored, finding) DO UPDATE SET substance = excluded.substance",
    )
    .bind(source.text())
    .bind(is_stored(source))
    .bind(finding.key.to_string())
    .bind(finding.key.kind.name())
    .bind(&finding.key.site)
    .bind(finding.key.address.to_string())
    .bind(protocol)
    .bind(port)
    .bind(&finding.substance)
    .execute(tx)
    .await
    .map(drop)
}

/// Forgets that people were told of a finding.
pub(super) async fn forget(tx: &mut AnyConnection, source: &Source, key: &Key) -> sqlx::Result<()> {
    let sql = "DELETE FROM alerts_told WHERE config = $1 AND is_stored = $2 AND finding = $3";
    let forget = sqlx::query(sql).bind(source.text()).bind(is_stored(source)).bind(key.to_string());
    forget.execute(tx).await.map(drop)
}

/// A page of alerts, the newest first, and how many there are.
pub(super) async fn list(db: &AnyPool, filter: Filter, page: Page) -> sqlx::Result<(Vec<Alert>, i64)> {
    let mut met =
        String::from("($1 = '' OR severity = $1) AND ($2 = '' OR kind = $2) AND ($3 = 0 OR scan_id = $3)");
    match filter.acknowledged {
        Some(true) => met.push_str(" AND acknowledge_time IS NOT NULL"),
        Some(false) => met.push_str(" AND acknowledge_time IS NULL"),
        None => {}
    }
    let severity = filter.severity.map_or("", Severity::name);
    let kind = filter.kind.map_or("", Kind::name);
    let scan = filter.scan.map_or(0, |scan| scan.0);
    let sql = format!("SELECT {ALERT} FROM alerts WHERE {met} ORDER BY id DESC LIMIT $4 OFFSET $5");
    let found = query(sql).bind(severity).bind(kind).bind(scan).bind(page.size()).bind(page.skip());
    let found = found.fetch_all(db).await?;
    let count =
        query(format!("SELECT COUNT(*) FROM alerts WHERE {met}")).bind(severity).bind(kind).bind(scan);
    let count = count.fetch_one(db).await?.try_get(0)?;
    Ok((found.iter().map(alert).collect::<sqlx::Result<_>>()?, count))
}

/// An alert.
pub(super) async fn by_id(tx: &mut AnyConnection, id: i64) -> sqlx::Result<Option<Alert>> {
    let found = query(format!("SELECT {ALERT} FROM alerts WHERE id = $1")).bind(id);
    found.fetch_optional(tx).await?.as_ref().map(alert).transpose()
}

/// Acknowledges an alert, or all, that were not; how many.
pub(super) async fn acknowledge(
    tx: &mut AnyConnection,
    id: Option<i64>,
    now: SystemTime,
) -> sqlx::Result<u64> {
    let sql =
        "UPDATE alerts SET acknowledge_time = $1 WHERE acknowledge_time IS NULL AND ($2 = 0 OR id = $2)";
    // No alert has the number 0 or less.
    let id = id.map_or(0, |id| if id > 0 { id } else { -1 });
    let done = sqlx::query(sql).bind(clock::to_millis(now)).bind(id).execute(tx).await?;
    Ok(done.rows_affected())
}

/// Forgets alerts from before a time.
pub(super) async fn expire(tx: &mut AnyConnection, before: SystemTime) -> sqlx::Result<()> {
    let sql = "DELETE FROM alerts WHERE create_time < $1";
    sqlx::query(sql).bind(clock::to_millis(before)).execute(tx).await.map(drop)
}

/// All rules, by number.
pub(super) async fn rules<'e>(db: impl sqlx::Executor<'e, Database = Any>) -> sqlx::Result<Vec<Rule>> {
    let found = query(format!("SELECT {RULE} FROM alert_rules ORDER BY id")).fetch_all(db).await?;
    found.iter().map(rule).collect()
}

/// The number of the next rule.
pub(super) async fn next_rule(tx: &mut AnyConnection) -> sqlx::Result<i64> {
    let sql = "UPDATE alert_numbers SET next = next + 1 WHERE name = 'alert_rules' RETURNING next - 1";
    sqlx::query(sql).fetch_one(tx).await?.try_get(0)
}

/// Adds a rule.
pub(super) async fn put_rule(tx: &mut AnyConnection, rule: &Rule) -> sqlx::Result<()> {
    let Terms { name, kind, threshold_days, severity, email, webhook, enabled, config } = &rule.terms;
    let sql = format!("INSERT INTO alert_rules ({RULE}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    query(sql)
        .bind(rule.id)
        .bind(name)
        .bind(kind.name())
        .bind(i64::from(*threshold_days))
        .bind(severity.map_or("", Severity::name))
        .bind(i64::from(*email))
        .bind(i64::from(*webhook))
        .bind(i64::from(*enabled))
        .bind(config)
        .bind(rule.update_time.map(clock::to_millis))
        .execute(tx)
        .await
        .map(drop)
}

/// Deletes a rule; whether it was there.
pub(super) async fn delete_rule(tx: &mut AnyConnection, id: i64) -> sqlx::Result<bool> {
    let deleted = sqlx::query("DELETE FROM alert_rules WHERE id = $1").bind(id).execute(tx).await?;
    Ok(deleted.rows_affected() == 1)
}

fn is_stored(source: &Source) -> i64 {
    i64::from(matches!(source, Source::Stored(_)))
}

fn port(key: &Key) -> (&'static str, i64) {
    key.port.map_or(("", 0), |(protocol, port)| (protocol.name(), i64::from(port)))
}

/// The first five columns.
fn key(row: &AnyRow) -> sqlx::Result<Key> {
    let protocol = match rows::text(row, 3)?.as_str() {
        "tcp" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        _ => None,
    };
    let port: u16 = rows::number(row, 4)?;
    let address =
        rows::text(row, 2)?.parse().map_err(|e: std::net::AddrParseError| sqlx::Error::Decode(e.into()))?;
    Ok(Key {
        kind: rows::named(row, 0)?,
        site: rows::text(row, 1)?,
        address,
        port: protocol.map(|protocol| (protocol, port)),
    })
}

fn alert(row: &AnyRow) -> sqlx::Result<Alert> {
    let time = |column: usize| -> sqlx::Result<_> {
        Ok(row.try_get::<Option<i64>, _>(column)?.map(clock::from_millis))
    };
    Ok(Alert {
        key: key(row)?,
        id: row.try_get(5)?,
        rule: row.try_get(6)?,
        scan: Id(row.try_get(7)?),
        config: rows::text(row, 8)?,
        severity: rows::named(row, 9)?,
        text: rows::text(row, 10)?,
        create_time: rows::time(row, 11)?,
        acknowledge_time: time(12)?,
        resolve_time: time(13)?,
    })
}

fn rule(row: &AnyRow) -> sqlx::Result<Rule> {
    let severity = if rows::text(row, 4)?.is_empty() { None } else { Some(rows::named(row, 4)?) };
    Ok(Rule {
        id: row.try_get(0)?,
        terms: Terms {
            name: rows::text(row, 1)?,
            kind: rows::named(row, 2)?,
            threshold_days: rows::number(row, 3)?,
            severity,
            email: rows::truth(row, 5)?,
            webhook: rows::truth(row, 6)?,
            enabled: rows::truth(row, 7)?,
            config: rows::text(row, 8)?,
        },
        update_time: row.try_get::<Option<i64>, _>(9)?.map(clock::from_millis),
    })
}
