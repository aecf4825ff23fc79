//! The tables `images` and `revisions`, and what they and `analyses` take.

use std::time::SystemTime;

use sqlx::{Any, AnyConnection, AnyPool, Row, any::AnyRow};
use uuid::Uuid;

use super::model::{FileName, Image, Revision, Size, Usage};
use crate::{
    clock,
    page::Page,
    rows::{self, query},
};

const IMAGE: &str = "images.id, images.owner, images.name, images.create_time, images.update_time";
const REVISION: &str = "revisions.number, revisions.operation, revisions.blob, revisions.format, \
     revisions.width, revisions.height, revisions.size, revisions.sha256, revisions.animated, revisions.create_time";
/// Columns of [`IMAGE`].
const IMAGE_COLUMNS: usize = 5;

pub(super) async fn insert(tx: &mut AnyConnection, image: &Image) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO images (id, owner, name, head, create_time, update_time) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(image.id.to_string())
        .bind(image.owner.to_string())
        .bind(image.name.as_str())
        .bind(i64::from(image.revision.number))
        .bind(clock::to_millis(image.create_time))
        .bind(clock::to_millis(image.update_time))
        .execute(&mut *tx)
        .await?;
    insert_revision(tx, image.id, &image.revision).await
}

/// Adds a state and makes it the newest; of the others, the upload and the newest stay, `kept` in all. `false` when the image is gone or has changed since `head`.
pub(super) async fn advance(
    tx: &mut AnyConnection,
    id: Uuid,
    head: i32,
    revision: &Revision,
    kept: i32,
) -> sqlx::Result<bool> {
    let moved = sqlx::query("UPDATE images SET head = $1, update_time = $2 WHERE id = $3 AND head = $4")
        .bind(i64::from(revision.number))
        .bind(clock::to_millis(revision.create_time))
        .bind(id.to_string())
        .bind(i64::from(head))
        .execute(&mut *tx)
        .await?;
    if moved.rows_affected() == 0 {
        return Ok(false);
    }
    insert_revision(tx, id, revision).await?;
    sqlx::query("DELETE FROM revisions WHERE image_id = $1 AND number > 1 AND number <= $2")
        .bind(id.to_string())
        .bind(i64::from(revision.number - kept))
        .execute(tx)
        .await?;
    Ok(true)
}

async fn insert_revision(tx: &mut AnyConnection, id: Uuid, revision: &Revision) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO revisions (image_id, number, operation, blob, format, width, height, size, sha256, animated, \
         create_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(id.to_string())
    .bind(i64::from(revision.number))
    .bind(&revision.operation)
    .bind(&revision.blob)
    .bind(revision.format.name())
    .bind(i64::from(revision.size.width))
    .bind(i64::from(revision.size.height))
    .bind(revision.bytes)
    .bind(&revision.sha256)
    .bind(i64::from(revision.animated))
    .bind(clock::to_millis(revision.create_time))
    .execute(tx)
    .await
    .map(drop)
}

/// The image with its newest state.
pub(super) async fn by_id<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
    id: Uuid,
) -> sqlx::Result<Option<Image>> {
    let sql = format!(
        "SELECT {IMAGE}, {REVISION} FROM images \
         JOIN revisions ON revisions.image_id = images.id AND revisions.number = images.head WHERE images.id = $1"
    );
    let row = query(sql).bind(id.to_string()).fetch_optional(db).await?;
    row.as_ref().map(read_image).transpose()
}

pub(super) async fn revision(db: &AnyPool, id: Uuid, number: i32) -> sqlx::Result<Option<Revision>> {
    let sql = format!("SELECT {REVISION} FROM revisions WHERE image_id = $1 AND number = $2");
    let row = query(sql).bind(id.to_string()).bind(i64::from(number)).fetch_optional(db).await?;
    row.as_ref().map(|row| read_revision(row, 0)).transpose()
}

/// A page of an account's images, the newest first.
pub(super) async fn list(db: &AnyPool, owner: Uuid, page: Page) -> sqlx::Result<Vec<Image>> {
    let sql = format!(
        "SELECT {IMAGE}, {REVISION} FROM images \
         JOIN revisions ON revisions.image_id = images.id AND revisions.number = images.head \
         WHERE images.owner = $1 ORDER BY images.create_time DESC, images.id LIMIT $2 OFFSET $3"
    );
    let rows = query(sql).bind(owner.to_string()).bind(page.size()).bind(page.skip()).fetch_all(db).await?;
    rows.iter().map(read_image).collect()
}

pub(super) async fn count<'e>(db: impl sqlx::Executor<'e, Database = Any>, owner: Uuid) -> sqlx::Result<i64> {
    sqlx::query("SELECT COUNT(*) FROM images WHERE owner = $1")
        .bind(owner.to_string())
        .fetch_one(db)
        .await?
        .try_get(0)
}

/// What an account's images take, with their analyses.
pub(super) async fn usage<'e>(
    db: impl sqlx::Executor<'e, Database = Any>,
    owner: Uuid,
) -> sqlx::Result<Usage> {
    let sql = "SELECT COUNT(DISTINCT image_id), CAST(COALESCE(SUM(size), 0) + \
               (SELECT COALESCE(SUM(analyses.bytes), 0) FROM analyses \
               JOIN images ON images.id = analyses.image_id WHERE images.owner = $1) AS BIGINT), \
               CAST(COALESCE(SUM(width * height), 0) AS BIGINT) FROM \
               (SELECT DISTINCT image_id, blob, revisions.size, width, height FROM revisions \
               JOIN images ON images.id = revisions.image_id WHERE images.owner = $1) AS states";
    let row = sqlx::query(sql).bind(owner.to_string()).fetch_one(db).await?;
    Ok(Usage { images: row.try_get(0)?, bytes: row.try_get(1)?, pixels: row.try_get(2)? })
}

/// Forgets states older than a time that are neither an upload nor the newest of their image; how many.
pub(super) async fn expire(db: &mut AnyConnection, before: SystemTime) -> sqlx::Result<u64> {
    sqlx::query(
        "DELETE FROM revisions WHERE number > 1 AND create_time < $1 \
         AND number < (SELECT head FROM images WHERE images.id = revisions.image_id)",
    )
    .bind(clock::to_millis(before))
    .execute(db)
    .await
    .map(|done| done.rows_affected())
}

/// A page of an image's states, the oldest first.
pub(super) async fn revisions(db: &AnyPool, id: Uuid, page: Page) -> sqlx::Result<Vec<Revision>> {
    let sql =
        format!("SELECT {REVISION} FROM revisions WHERE image_id = $1 ORDER BY number LIMIT $2 OFFSET $3");
    let rows = query(sql).bind(id.to_string()).bind(page.size()).bind(page.skip()).fetch_all(db).await?;
    rows.iter().map(|row| read_revision(row, 0)).collect()
}

pub(super) async fn count_revisions(db: &AnyPool, id: Uuid) -> sqlx::Result<i64> {
    sqlx::query("SELECT COUNT(*) FROM revisions WHERE image_id = $1")
        .bind(id.to_string())
        .fetch_one(db)
        .await?
        .try_get(0)
}

/// Deletes an image with its states; the keys of their bytes. `None` when it is gone already.
pub(super) async fn delete(tx: &mut AnyConnection, id: Uuid) -> sqlx::Result<Option<Vec<String>>> {
    let rows = sqlx::query("SELECT DISTINCT blob FROM revisions WHERE image_id = $1")
        .bind(id.to_string())
        .fetch_all(&mut *tx)
        .await?;
    let deleted = sqlx::query("DELETE FROM images WHERE id = $1").bind(id.to_string()).execute(tx).await?;
    if deleted.rows_affected() == 0 {
        return Ok(None);
    }
    rows.iter().map(|row| row.try_get(0)).collect::<sqlx::Result<_>>().map(Some)
}

/// Deletes an account's images with their states; the keys of their bytes.
pub(super) async fn delete_of(tx: &mut AnyConnection, owner: Uuid) -> sqlx::Result<Vec<String>> {
    let rows = sqlx::query(
        "SELECT DISTINCT revisions.blob FROM revisions JOIN images ON images.id = revisions.image_id \
         WHERE images.owner = $1",
    )
    .bind(owner.to_string())
    .fetch_all(&mut *tx)
    .await?;
    sqlx::query("DELETE FROM images WHERE owner = $1").bind(owner.to_string()).execute(tx).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Whether some state needs these bytes.
pub(super) async fn is_needed(db: &AnyPool, blob: &str) -> sqlx::Result<bool> {
    let row =
        sqlx::query("SELECT 1 FROM revisions WHERE blob = $1 LIMIT 1").bind(blob).fetch_optional(db).await?;
    Ok(row.is_some())
}

fn read_image(row: &AnyRow) -> sqlx::Result<Image> {
    Ok(Image {
        id: rows::uuid(row, 0)?,
        owner: rows::uuid(row, 1)?,
        name: FileName::stored(rows::text(row, 2)?),
        revision: read_revision(row, IMAGE_COLUMNS)?,
        create_time: rows::time(row, 3)?,
        update_time: rows::time(row, 4)?,
    })
}

fn read_revision(row: &AnyRow, first: usize) -> sqlx::Result<Revision> {
    Ok(Revision {
        number: rows::number(row, first)?,
        operation: rows::text(row, first + 1)?,
        blob: rows::text(row, first + 2)?,
        format: rows::named(row, first + 3)?,
        size: Size { width: rows::number(row, first + 4)?, height: rows::number(row, first + 5)? },
        bytes: rows::number(row, first + 6)?,
        sha256: rows::text(row, first + 7)?,
        animated: rows::truth(row, first + 8)?,
        create_time: rows::time(row, first + 9)?,
    })
}
