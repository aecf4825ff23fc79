//! How many bytes all uploads may hold in memory together.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{error::Error, model::MAX_UPLOAD_BYTES};

/// Memory for all uploads that are under way.
const MAX_BYTES: usize = 256 << 20;
/// What one permit stands for.
const PERMIT_BYTES: usize = 4 << 10;

/// The memory that uploads share.
#[derive(Clone)]
pub(super) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_BYTES / PERMIT_BYTES)))
    }

    /// An upload that holds nothing yet.
    pub(super) fn upload(&self) -> Upload {
        Upload { budget: self.clone(), bytes: BytesMut::new(), held: None }
    }
}

/// The bytes of one upload so far, and the part of the budget that they take.
pub(super) struct Upload {
    budget: Budget,
    bytes: BytesMut,
    held: Option<OwnedSemaphorePermit>,
}

impl Upload {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Takes in some more bytes.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), Error> {
        let size = self.bytes.len() + chunk.len();
        if size > MAX_UPLOAD_BYTES {
            return Err(Error::TooLarge(MAX_UPLOAD_BYTES));
        }
        self.reserve(size)?;
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    fn reserve(&mut self, size: usize) -> Result<(), Error> {
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = size.div_ceil(PERMIT_BYTES).saturating_sub(held);
        if more == 0 {
            return Ok(());
        }
        let budget = Arc::clone(&self.budget.0);
        let permit = budget.try_acquire_many_owned(more as u32).map_err(|_| Error::ServerBusy)?;
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
        Ok(())
    }

    /// The bytes, and their part of the budget for as long as they are used.
    pub(super) fn finish(self) -> (Bytes, Option<OwnedSemaphorePermit>) {
        (self.bytes.freeze(), self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_gives_its_memory_back() {
        let budget = Budget::new();
        let full = budget.0.available_permits();
        let mut upload = budget.upload();
        upload.push(&[7; 10_000]).unwrap();
        assert_eq!(budget.0.available_permits(), full - 3);
        let (bytes, held) = upload.finish();
        assert_eq!(bytes.len(), 10_000);
        drop(held);
        assert_eq!(budget.0.available_permits(), full);
    }

    #[test]
    fn an_upload_is_bounded_and_so_are_all_together() {
        let budget = Budget::new();
        let mut upload = budget.upload();
        upload.push(&vec![0; MAX_UPLOAD_BYTES]).unwrap();
        assert!(matches!(upload.push(&[0]), Err(Error::TooLarge(_))));
        let rest: Vec<_> = (1..MAX_BYTES / MAX_UPLOAD_BYTES)
            .map(|_| {
                let mut upload = budget.upload();
                upload.push(&vec![0; MAX_UPLOAD_BYTES]).unwrap();
                upload
            })
            .collect();
        assert!(matches!(budget.upload().push(&[0]), Err(Error::ServerBusy)));
        drop(rest);
        budget.upload().push(&[0]).unwrap();
    }
}
