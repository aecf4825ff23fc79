//! Failures on the wire: a gRPC code, a sentence, and the contract's reason as `google.rpc.ErrorInfo`.

use std::{collections::HashMap, error::Error, time::Duration};

use atalaya_proto::{ERROR_DOMAIN, errors::v1::Reason};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use uuid::Uuid;

use crate::page::{self, Page};

/// A failure with its reason and what the reason's comment in the contract promises as metadata.
pub fn failure(code: Code, reason: Reason, message: impl Into<String>, metadata: &[(&str, &str)]) -> Status {
    Status::with_error_details(code, message, details(reason, metadata))
}

/// RESOURCE_EXHAUSTED with how long to wait before another try.
pub fn wait(reason: Reason, message: impl Into<String>, delay: Duration) -> Status {
    let mut details = details(reason, &[]);
    details.set_retry_info(Some(delay));
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// INTERNAL with nothing attached; the cause is logged here, once.
pub fn internal(cause: &dyn Error) -> Status {
    tracing::error!(?cause, "internal failure: {cause}");
    failure(Code::Internal, Reason::Internal, "internal error", &[])
}

/// A failed query: UNAVAILABLE when the database does not answer, otherwise INTERNAL.
pub fn database(cause: &sqlx::Error) -> Status {
    if !is_outage(cause) {
        return internal(cause);
    }
    tracing::error!("database unavailable: {cause}");
    failure(Code::Unavailable, Reason::DatabaseUnavailable, "the database does not answer", &[])
}

/// A UUID, or INVALID_ARGUMENT (ID_INVALID).
pub fn id(field: &str, text: &str) -> Result<Uuid, Status> {
    let refuse = |_| {
        let text = format!("{field} is not a UUID");
        failure(Code::InvalidArgument, Reason::IdInvalid, text, &[("field", field)])
    };
    text.parse().map_err(refuse)
}

/// A UUID that may be left out.
pub fn optional_id(field: &str, text: &str) -> Result<Option<Uuid>, Status> {
    if text.is_empty() { Ok(None) } else { id(field, text).map(Some) }
}

/// A page, or INVALID_ARGUMENT (PAGE_INVALID).
pub fn page(size: i32, skip: i32) -> Result<Page, Status> {
    Page::new(size, skip).map_err(|invalid| {
        let (field, max) = match invalid {
            page::Invalid::Size => ("page_size", page::MAX_SIZE.to_string()),
            page::Invalid::Skip => ("skip", page::MAX_SKIP.to_string()),
        };
        let text = format!("{field} is not 0 to {max}");
        let metadata = [("field", field), ("min", "0"), ("max", &max)];
        failure(Code::InvalidArgument, Reason::PageInvalid, text, &metadata)
    })
}

/// How many there are in all, as lists tell it.
pub fn total(count: i64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// INVALID_ARGUMENT for a required part that is missing.
pub fn missing(field: &str) -> Status {
    malformed(field, "is required")
}

/// INVALID_ARGUMENT for a part that has more bytes than the contract allows.
pub fn too_long(field: &str) -> Status {
    malformed(field, "is too long")
}

/// INVALID_ARGUMENT for a part that can't be what it is.
pub fn malformed(field: &str, how: &str) -> Status {
    let text = format!("{field} {how}");
    failure(Code::InvalidArgument, Reason::RequestInvalid, text, &[("field", field)])
}

fn details(reason: Reason, metadata: &[(&str, &str)]) -> ErrorDetails {
    let metadata: HashMap<String, String> =
        metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    ErrorDetails::with_error_info(reason.token(), ERROR_DOMAIN, metadata)
}

fn is_outage(cause: &sqlx::Error) -> bool {
    let unreachable = matches!(
        cause,
        sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
    );
    let code = cause.as_database_error().and_then(sqlx::error::DatabaseError::code);
    unreachable || code.is_some_and(|code| is_outage_code(&code))
}

/// Whether a database's own code says that another try may go well.
fn is_outage_code(code: &str) -> bool {
    /// SQLSTATE classes: connection exception, transaction rollback (deadlock, serialization), insufficient
    /// resources, operator intervention. Then single ones: a read-only server, as a standby is; a transaction
    /// that stood still too long; a lock that was not to be had in time.
    const OUTAGES: [&str; 7] = ["08", "40", "53", "57", "25006", "25P03", "55P03"];
    /// SQLite's primary result codes BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
    const OUTAGE_RESULTS: [i32; 6] = [5, 6, 8, 10, 13, 14];
    match code.parse::<i32>() {
        Ok(number) if code.len() < 5 => OUTAGE_RESULTS.contains(&(number & 0xff)),
        Ok(_) | Err(_) => OUTAGES.iter().any(|outage| code.starts_with(outage)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_carries_its_reason_and_metadata() {
        let status = failure(Code::NotFound, Reason::ImageNotFound, "gone", &[("id", "7")]);
        let info = status.get_details_error_info().expect("error info");
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("IMAGE_NOT_FOUND", "atalaya"));
        assert_eq!(info.metadata["id"], "7");
    }

    #[test]
    fn an_internal_failure_tells_nothing_of_its_cause() {
        let status = internal(&sqlx::Error::ColumnNotFound("secret".into()));
        assert_eq!(status.code(), Code::Internal);
        assert!(!format!("{status:?}").contains("secret"));
    }

    #[test]
    fn an_outage_is_told_from_a_defect() {
        assert_eq!(database(&sqlx::Error::PoolTimedOut).code(), Code::Unavailable);
        assert_eq!(database(&sqlx::Error::RowNotFound).code(), Code::Internal);
    }

    #[test]
    fn a_database_that_is_busy_with_others_or_away_is_out_and_one_that_refuses_a_query_is_not() {
        for code in ["08006", "40001", "40P01", "53300", "57014", "25006", "25P03", "55P03", "5", "517", "13"]
        {
            assert!(is_outage_code(code), "{code}");
        }
        for code in ["23505", "25001", "42601", "22P02", "1", "19", "2067"] {
            assert!(!is_outage_code(code), "{code}");
        }
    }
}
