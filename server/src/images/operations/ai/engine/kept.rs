//! Networks that were read for one edit and are kept for the next: to read one by ONNX Runtime takes a fifth as long as
//! to run it.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use ring::digest::{SHA256, digest};

use super::Loaded;

/// Most networks that are kept: those of one enlarged photo.
const MAX_KEPT: usize = 2;
/// Largest file of a network that is kept, in bytes. A larger one would make an idle process large, and takes so long to
/// run that reading it does not matter.
const MAX_FILE: usize = 8 << 20;

/// What tells networks apart: the SHA-256 of the file; `None` of one that is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name(Option<[u8; 32]>);

impl Name {
    /// Of the network in this file.
    pub(super) fn of(file: &[u8]) -> Self {
        let sum = || digest(&SHA256, file).as_ref().try_into().ok();
        Self((file.len() <= MAX_FILE).then(sum).flatten())
    }
}

/// The networks that are kept, the one used last at the end.
#[derive(Default)]
pub(super) struct Kept(Mutex<Vec<(Name, Loaded)>>);

impl Kept {
    /// Takes the network out, if it is there.
    pub(super) fn take(&self, name: &Name) -> Option<Loaded> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(other, _)| other == name)?;
        Some(kept.remove(at).1)
    }

    /// Keeps a network, and drops the one that was used longest ago when there are too many.
    pub(super) fn keep(&self, name: Name, network: Loaded) {
        if name.0.is_none() {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push((name, network));
        if kept.len() > MAX_KEPT {
            kept.remove(0);
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}
