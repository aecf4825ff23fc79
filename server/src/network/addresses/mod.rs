//! Whose an address is and where it is said to be: files of data that the operator puts into a folder, read anew when
//! they change.

mod attribution;
mod countries;
mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
mod merge;
mod mmdb;
pub mod model;
mod ranges;
mod rdap;

use std::{
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{task::spawn_blocking, time::Instant};

use self::files::Files;
pub use self::{
    merge::merge,
    model::{Finding, Known, Location, Network, Source},
    rdap::{Failed, Registries},
};

/// How often the folder is looked at, at most.
const PAUSE: Duration = Duration::from_secs(2);

/// A folder of data about addresses.
pub struct Data {
    folder: PathBuf,
    files: Mutex<Option<Arc<Files>>>,
    /// Held by who looks at the folder; when that was.
    looked: tokio::sync::Mutex<Option<Instant>>,
}

impl Data {
    /// Of a folder, which need not be there.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, files: Mutex::default(), looked: tokio::sync::Mutex::default() }
    }

    /// What the files say of an address, in the order of their names, and which of them can't be read.
    pub async fn find(&self, address: IpAddr) -> (Vec<Finding>, Vec<String>) {
        self.current().await.find(address)
    }

    /// The files as they are, or were a moment ago.
    async fn current(&self) -> Arc<Files> {
        let mut looked = match (self.loaded(), self.looked.try_lock()) {
            (_, Ok(looked)) => looked,
            // Somebody looks already. Who has old files does not wait.
            (Some(files), Err(_)) => return files,
            (None, Err(_)) => self.looked.lock().await,
        };
        let old = self.loaded().unwrap_or_default();
        if looked.is_some_and(|at| at.elapsed() < PAUSE) {
            return old;
        }
        // Before the work: a caller who leaves does not make the next one begin it at once.
        *looked = Some(Instant::now());
        let folder = self.folder.clone();
        let before = Arc::clone(&old);
        // A reader that panicked has told so; what was there stays.
        let files = spawn_blocking(move || Arc::new(Files::read(&folder, &before))).await.unwrap_or(old);
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&files));
        files
    }

    fn loaded(&self) -> Option<Arc<Files>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
