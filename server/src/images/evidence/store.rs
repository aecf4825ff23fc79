//! The tables `analyses` and `analysis_maps`, and the hashes of `revisions`.

use sqlx::{AnyConnection, AnyPool, Row, any::AnyRow};
use uuid::Uuid;

use super::model::{Analysis, Fingerprint, MAX_ANALYSES};
use crate::{
    clock,
    page::Page,
    rows::{self, query},
};

const ANALYSIS: &str = "id, image_id, number, sha256, blob, create_time, bytes";

/// Adds an analysis; those that are too many for its image go. The keys of their bytes.
pub(super) async fn insert(tx: &mut AnyConnection, analysis: &Analysis) -> sqlx::Result<Vec<String>> {
    let sql = format!("INSERT INTO analyses ({ANALYSIS}) VALUES ($1, $2, $3, $4, $5, $6, $7)");
    query(sql)
        .bind(analysis.id.to_string())
        .bind(analysis.image.to_string())
        .bind(i64::from(analysis.revision))
        .bind(&analysis.sha256)
        .bind(&analysis.blob)
        .bind(clock::to_millis(analysis.create_time))
        .bind(analysis.bytes)
        .execute(&mut *tx)
        .await?;
    for (place, (map, blob)) in analysis.maps.iter().enumerate() {
        sqlx::query("INSERT INTO analysis_maps (analysis_id, kind, place, blob) VALUES ($1, $2, $3, $4)")
            .bind(analysis.id.to_string())
            .bind(map.name())
            .bind(place as i64)
            .bind(blob)
            .execute(&mut *tx)
            .await?;
    }
    let old = sqlx::query(
        "SELECT id FROM analyses WHERE image_id = $1 ORDER BY create_time DESC, id DESC LIMIT 1000 OFFSET $2",
    )
    .bind(analysis.image.to_string())
    .bind(MAX_ANALYSES)
    .fetch_all(&mut *tx)
    .await?;
    let mut left_behind = Vec::new();
    for row in old {
        let id = rows::uuid(&row, 0)?;
        left_behind.extend(blobs(&mut *tx, "analyses.id", id).await?);
        sqlx::query("DELETE FROM analyses WHERE id = $1").bind(id.to_string()).execute(&mut *tx).await?;
    }
    Ok(left_behind)
}

/// The keys of all bytes of an image's analyses.
pub(super) async fn blobs_of_image(tx: &mut AnyConnection, image: Uuid) -> sqlx::Result<Vec<String>> {
    blobs(tx, "analyses.image_id", image).await
}

/// The keys of all bytes of the analyses of an account's images.
pub(super) async fn blobs_of_owner(tx: &mut AnyConnection, owner: Uuid) -> sqlx::Result<Vec<String>> {
    blobs(tx, "images.owner", owner).await
}

async fn blobs(tx: &mut AnyConnection, column: &str, value: Uuid) -> sqlx::Result<Vec<String>> {
    let sql = format!(
        "SELECT analyses.blob FROM analyses JOIN images ON images.id = analyses.image_id WHERE {column} = $1 \
         UNION ALL SELECT analysis_maps.blob FROM analysis_maps JOIN analyses ON analyses.id = analysis_maps.analysis_id \
         JOIN images ON images.id = analyses.image_id WHERE {column} = $1"
    );
    let rows = query(sql).bind(value.to_string()).fetch_all(tx).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Whether some analysis needs these bytes.
pub(super) async fn is_needed(db: &AnyPool, blob: &str) -> sqlx::Result<bool> {
    let row = sqlx::query(
        "SELECT 1 FROM analyses WHERE blob = $1 UNION ALL SELECT 1 FROM analysis_maps WHERE blob = $1 LIMIT 1",
    )
    .bind(blob)
    .fetch_optional(db)
    .await?;
    Ok(row.is_some())
}

pub(super) async fn by_id(db: &AnyPool, id: Uuid) -> sqlx::Result<Option<Analysis>> {
    let sql = format!("SELECT {ANALYSIS} FROM analyses WHERE id = $1");
    let Some(row) = query(sql).bind(id.to_string()).fetch_optional(db).await? else { return Ok(None) };
    with_maps(db, read(&row)?).await.map(Some)
}

/// A page of an image's analyses, the newest first.
pub(super) async fn list(db: &AnyPool, image: Uuid, page: Page) -> sqlx::Result<Vec<Analysis>> {
    let sql = format!(
        "SELECT {ANALYSIS} FROM analyses WHERE image_id = $1 ORDER BY create_time DESC, id DESC LIMIT $2 OFFSET $3"
    );
    let rows = query(sql).bind(image.to_string()).bind(page.size()).bind(page.skip()).fetch_all(db).await?;
    let mut analyses = Vec::with_capacity(rows.len());
    for row in &rows {
        analyses.push(with_maps(db, read(row)?).await?);
    }
    Ok(analyses)
}

pub(super) async fn count(db: &AnyPool, image: Uuid) -> sqlx::Result<i64> {
    sqlx::query("SELECT COUNT(*) FROM analyses WHERE image_id = $1")
        .bind(image.to_string())
        .fetch_one(db)
        .await?
        .try_get(0)
}

fn read(row: &AnyRow) -> sqlx::Result<Analysis> {
    Ok(Analysis {
        id: rows::uuid(row, 0)?,
        image: rows::uuid(row, 1)?,
        revision: rows::number(row, 2)?,
        sha256: rows::text(row, 3)?,
        blob: rows::text(row, 4)?,
        maps: Vec::new(),
        create_time: rows::time(row, 5)?,
        bytes: rows::number(row, 6)?,
    })
}

async fn with_maps(db: &AnyPool, analysis: Analysis) -> sqlx::Result<Analysis> {
    let rows = sqlx::query("SELECT kind, blob FROM analysis_maps WHERE analysis_id = $1 ORDER BY place")
        .bind(analysis.id.to_string())
        .fetch_all(db)
        .await?;
    let maps = rows.iter().map(|row| Ok((rows::named(row, 0)?, rows::text(row, 1)?)));
    Ok(Analysis { maps: maps.collect::<sqlx::Result<_>>()?, ..analysis })
}

/// The hashes of a state: `None` when nobody has tried or it is to be tried again. (`hashed` is 1 when it is settled,
/// else 0 less the tries without an answer.) `Some(None)` of what can't be decoded.
pub(super) async fn fingerprint(
    db: &AnyPool,
    image: Uuid,
    number: i32,
) -> sqlx::Result<Option<Option<Fingerprint>>> {
    let row = sqlx::query("SELECT hashed, phash, dhash FROM revisions WHERE image_id = $1 AND number = $2")
        .bind(image.to_string())
        .bind(i64::from(number))
        .fetch_optional(db)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(if is_settled(&row, 0)? { Some(hashes(&row, 1)?) } else { None })
}

/// Counts a try without an answer; whether it was the last of so many, and the state counts as one that can't be hashed.
pub(super) async fn unanswered(
    tx: &mut AnyConnection,
    image: Uuid,
    number: i32,
    tries: i64,
) -> sqlx::Result<bool> {
    let row = sqlx::query(
        "UPDATE revisions SET hashed = CASE WHEN hashed <= 1 - $1 THEN 1 ELSE hashed - 1 END \
         WHERE image_id = $2 AND number = $3 AND hashed <= 0 RETURNING hashed",
    );
    let row = row.bind(tries).bind(image.to_string()).bind(i64::from(number)).fetch_optional(tx).await?;
    // Of what is gone or was hashed meanwhile nothing is to be tried.
    row.map_or(Ok(true), |row| is_settled(&row, 0))
}

fn is_settled(row: &AnyRow, column: usize) -> sqlx::Result<bool> {
    Ok(row.try_get::<i64, _>(column)? > 0)
}

pub(super) async fn set_fingerprint(
    tx: &mut AnyConnection,
    image: Uuid,
    number: i32,
    hashes: Option<Fingerprint>,
) -> sqlx::Result<()> {
    sqlx::query("UPDATE revisions SET hashed = 1, phash = $1, dhash = $2 WHERE image_id = $3 AND number = $4")
        .bind(hashes.map(|hashes| hashes.phash.cast_signed()))
        .bind(hashes.map(|hashes| hashes.dhash.cast_signed()))
        .bind(image.to_string())
        .bind(i64::from(number))
        .execute(tx)
        .await
        .map(drop)
}

/// Some of an account's images whose states have no hashes yet: image and number, those of the fewest tries first, and
/// then the newest.
pub(super) async fn unhashed(db: &AnyPool, owner: Uuid, most: i64) -> sqlx::Result<Vec<(Uuid, i32)>> {
    let rows = sqlx::query(
        "SELECT images.id, images.head FROM images \
         JOIN revisions ON revisions.image_id = images.id AND revisions.number = images.head \
         WHERE images.owner = $1 AND revisions.hashed <= 0 \
         ORDER BY revisions.hashed DESC, images.create_time DESC LIMIT $2",
    )
    .bind(owner.to_string())
    .bind(most)
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| Ok((rows::uuid(row, 0)?, rows::number(row, 1)?))).collect()
}

/// What an account's images show: image, whether somebody has tried to hash it, and the hashes.
pub(super) async fn fingerprints(
    db: &AnyPool,
    owner: Uuid,
) -> sqlx::Result<Vec<(Uuid, bool, Option<Fingerprint>)>> {
    let rows = sqlx::query(
        "SELECT images.id, revisions.hashed, revisions.phash, revisions.dhash FROM images \
         JOIN revisions ON revisions.image_id = images.id AND revisions.number = images.head \
         WHERE images.owner = $1",
    )
    .bind(owner.to_string())
    .fetch_all(db)
    .await?;
    rows.iter().map(|row| Ok((rows::uuid(row, 0)?, is_settled(row, 1)?, hashes(row, 2)?))).collect()
}

fn hashes(row: &AnyRow, first: usize) -> sqlx::Result<Option<Fingerprint>> {
    let part = |column| row.try_get::<Option<i64>, _>(column);
    let both = part(first)?.zip(part(first + 1)?);
    Ok(both.map(|(phash, dhash)| Fingerprint { phash: phash.cast_unsigned(), dhash: dhash.cast_unsigned() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{db::testing, images::tests};

    #[tokio::test]
    async fn what_took_too_long_is_tried_again_but_not_for_ever() {
        for scratch in testing::each().await {
            let image = tests::uploaded(&scratch.db).await;
            let todo = async || unhashed(scratch.db.read(), image.owner, 9).await.unwrap();
            let known = async || fingerprint(scratch.db.read(), image.id, 1).await.unwrap();
            let mut tx = scratch.db.begin().await.unwrap();
            assert!(!unanswered(&mut tx, image.id, 1, 3).await.unwrap());
            assert!(!unanswered(&mut tx, image.id, 1, 3).await.unwrap());
            tx.commit().await.unwrap();
            assert_eq!((todo().await.len(), known().await), (1, None));
            assert!(!fingerprints(scratch.db.read(), image.owner).await.unwrap()[0].1);
            let mut tx = scratch.db.begin().await.unwrap();
            assert!(unanswered(&mut tx, image.id, 1, 3).await.unwrap());
            tx.commit().await.unwrap();
            assert_eq!((todo().await.len(), known().await), (0, Some(None)));
            // What was hashed meanwhile stays so.
            let hashes = Fingerprint { phash: 7, dhash: 9 };
            let mut tx = scratch.db.begin().await.unwrap();
            set_fingerprint(&mut tx, image.id, 1, Some(hashes)).await.unwrap();
            assert!(unanswered(&mut tx, image.id, 1, 3).await.unwrap());
            tx.commit().await.unwrap();
            assert_eq!(known().await, Some(Some(hashes)));
        }
    }
}
