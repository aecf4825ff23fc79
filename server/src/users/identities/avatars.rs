//! Avatars: any picture becomes a small WebP, in a confined process of their own.

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use bytes::Bytes;
use tokio::{sync::Semaphore, time::sleep};

use super::{
    error::Error,
    model::{Invalid, MAX_PICTURE},
};
use crate::{
    images::{
        model::{Edit, Quality},
        preflight,
    },
    sandbox::{self, Pool, Work},
};

/// How many pictures wait or are worked on; each is up to 8 MiB in memory.
const MAX_LINE: usize = 8;
/// How long a caller waits for an avatar, within the limit of a call.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// Makes avatars. The process is started with the first of them.
pub struct Avatars {
    program: PathBuf,
    pool: OnceLock<Pool>,
    line: Semaphore,
}

impl Avatars {
    /// In a process of `program sandbox`.
    pub fn new(program: PathBuf) -> Self {
        Self { program, pool: OnceLock::new(), line: Semaphore::new(MAX_LINE) }
    }

    /// The avatar of a picture.
    pub(super) async fn make(&self, picture: Bytes, level: i32) -> Result<Bytes, Error> {
        if picture.len() > MAX_PICTURE {
            return Err(Invalid::length("avatar", 0, MAX_PICTURE).into());
        }
        let facts = preflight::inspect(&picture).map_err(|refusal| Error::Avatar(refusal.to_string()))?;
        let _place = self.line.try_acquire().map_err(|_| Error::Busy)?;
        let edit = Edit::Avatar(if level >= 1 { Quality::FINE_AVATAR } else { Quality::AVATAR });
        let pool = self.pool.get_or_init(|| Pool::new(self.program.clone(), 1));
        let deadline = Work::Edit(edit.clone()).deadline(facts.size).min(MAX_WAIT);
        let made = pool.edit(edit, &[picture], deadline, |_| {}, sleep(MAX_WAIT)).await;
        made.map(|made| made.bytes).map_err(|error| failure(&error))
    }
}

fn failure(error: &sandbox::Error) -> Error {
    match error {
        sandbox::Error::Failed(_) | sandbox::Error::Crashed | sandbox::Error::TimedOut => {
            Error::Avatar(error.to_string())
        }
        sandbox::Error::Cancelled | sandbox::Error::Unavailable => Error::Busy,
    }
}
