//! What can go wrong with scans.

use super::{model::Id, site_config::BadConfig, site_config::files::Unread};
use crate::{db, tasks};

/// Why a call on scans failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such scan.
    #[error("scan {} not found", .0.0)]
    NotFound(Id),
    /// The file of the configuration can't be had.
    #[error("config file {path}: {cause}")]
    Unread {
        /// As it was asked for.
        path: String,
        /// Why not.
        cause: Unread,
    },
    /// The text is no configuration.
    #[error(transparent)]
    BadConfig(#[from] BadConfig),
    /// No stored configuration has this name.
    #[error("there is no stored configuration of that name")]
    NoSuchConfig(String),
    /// Not a name of a stored configuration.
    #[error("a name has 1 to {max} letters, digits, `.`, `_` and `-`", max = super::configs::MAX_NAME)]
    InvalidName,
    /// A schedule uses the configuration.
    #[error("a schedule uses the configuration")]
    ConfigInUse(String),
    /// As many are stored as may be.
    #[error("as many configurations are stored as may be")]
    TooManyConfigs,
    /// As many scans wait as may.
    #[error("as many scans are waiting as may be")]
    TooManyScans,
    /// As many callers watch as may.
    #[error("as many scans are watched as may be")]
    TooManyWatchers,
    /// The scan has no such report.
    #[error("scan {} has no such report", .0.0)]
    NoReport(Id),
    /// The report is larger than one answer.
    #[error("the report is larger than {0} bytes: download it in pieces")]
    ReportTooLarge(usize),
    /// A file can't be read or written.
    #[error("the reports can't be read: {0}")]
    Files(std::io::Error),
    /// What the database holds is no record.
    #[error("a record can't be read: {0}")]
    Record(#[from] serde_json::Error),
    /// The queue.
    #[error(transparent)]
    Task(#[from] tasks::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}
