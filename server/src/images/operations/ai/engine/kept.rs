//! Networks that were read for one edit and are kept for the next: to read one by ONNX Runtime takes a fifth as long as
//! to run it.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use ring::digest::{SHA256, digest};

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
pub(super) struct Kept<N>(Mutex<Vec<(Name, N)>>);

impl<N> Kept<N> {
    /// Takes the network out, if it is there.
    pub(super) fn take(&self, name: &Name) -> Option<N> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|(other, _)| other == name)?;
        Some(kept.remove(at).1)
    }

    /// Keeps a network, and drops the one that was used longest ago when there are too many.
    pub(super) fn keep(&self, name: Name, network: N) {
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

impl<N> Default for Kept<N> {
    /// None.
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<N> fmt::Debug for Kept<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_taken_by_its_own_file_and_once() {
        let (kept, one, other) = (Kept::default(), Name::of(b"one"), Name::of(b"other"));
        kept.keep(one, 1);
        assert_eq!(kept.take(&other), None);
        assert_eq!(kept.take(&Name::of(b"one")), Some(1));
        assert_eq!(kept.take(&one), None);
    }

    #[test]
    fn the_one_used_longest_ago_goes_first_and_a_large_one_is_not_kept() {
        let (kept, names) = (Kept::default(), [b"a", b"b", b"c"].map(|file| Name::of(file)));
        for (number, name) in names.into_iter().enumerate() {
            kept.keep(name, number);
        }
        kept.keep(Name::of(&vec![0; MAX_FILE + 1]), 3);
        assert_eq!(kept.take(&Name::of(&vec![0; MAX_FILE + 1])), None);
        assert_eq!(names.map(|name| kept.take(&name)), [None, Some(1), Some(2)]);
    }
}
