//! What can go wrong with schedules.

use super::{
    cron::Invalid,
    model::{Id, MAX_NAME, MAX_SCHEDULES},
};
use crate::{db, scans};

/// Why a call on schedules failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such schedule.
    #[error("schedule {} not found", .0.0)]
    NotFound(Id),
    /// No name.
    #[error("a name has 1 to {MAX_NAME} characters, none of them for control")]
    InvalidName,
    /// No rhythm.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// It would never begin a scan.
    #[error("the schedule never comes due")]
    Never,
    /// More times are asked for than are told.
    #[error("1 to {max} times are told", max = super::model::MAX_PREVIEW)]
    Count,
    /// There are as many as may be.
    #[error("there are {MAX_SCHEDULES} schedules, as many as may be")]
    TooMany,
    /// Its configuration, or its scan.
    #[error(transparent)]
    Scan(#[from] scans::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] db::Error),
}
