//! Reading rows of the database into values, and queries made of constants.

use std::{error::Error, time::SystemTime};

use sqlx::{Any, Row, any::AnyRow};
use uuid::Uuid;

use crate::clock;

/// A query whose text was put together.
pub type Query<'q> = sqlx::query::Query<'q, Any, sqlx::any::AnyArguments>;

/// A query of a text that was put together from constants; never from what a caller sent.
pub fn query<'q>(sql: String) -> Query<'q> {
    sqlx::query(sqlx::AssertSqlSafe(sql))
}

/// A text.
pub fn text(row: &AnyRow, column: usize) -> sqlx::Result<String> {
    row.try_get(column)
}

/// A whole number that fits its type.
pub fn number<T: TryFrom<i64, Error: Error + Send + Sync + 'static>>(
    row: &AnyRow,
    column: usize,
) -> sqlx::Result<T> {
    T::try_from(row.try_get::<i64, _>(column)?).map_err(|e| sqlx::Error::Decode(e.into()))
}

/// 0 or 1.
pub fn truth(row: &AnyRow, column: usize) -> sqlx::Result<bool> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

/// A UUID in its text form.
pub fn uuid(row: &AnyRow, column: usize) -> sqlx::Result<Uuid> {
    text(row, column)?.parse().map_err(|e: uuid::Error| sqlx::Error::Decode(e.into()))
}

/// Milliseconds since 1970.
pub fn time(row: &AnyRow, column: usize) -> sqlx::Result<SystemTime> {
    Ok(clock::from_millis(row.try_get(column)?))
}

/// A name of a set that we know, such as a role's.
pub fn named<T: std::str::FromStr>(row: &AnyRow, column: usize) -> sqlx::Result<T> {
    text(row, column)?
        .parse()
        .map_err(|_| sqlx::Error::Decode(format!("column {column} holds an unknown name").into()))
}
