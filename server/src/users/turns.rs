//! Turns: logins to one handle come one after the other, so that no crowd of guesses overtakes its lockout.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// How many may stand in line for one handle.
const MAX_LINE: usize = 64;

/// The lines; a handle for which nobody stands in line takes no room.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<Mutex<HashMap<String, Arc<Turn<()>>>>>);

/// A turn. It ends when it is dropped.
pub(super) struct Held {
    turns: Turns,
    subject: String,
    turn: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for a turn; `None` when the line is too long.
    pub(super) async fn wait(&self, subject: &str) -> Option<Held> {
        let turn = {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = lines.entry(subject.to_owned()).or_default();
            // The map holds one, each that stands in line another.
            if Arc::strong_count(turn) > MAX_LINE {
                return None;
            }
            Arc::clone(turn)
        };
        let mut held = Held { turns: self.clone(), subject: subject.to_owned(), turn: None };
        held.turn = Some(turn.lock_owned().await);
        Some(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut lines = self.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.turn = None;
        if lines.get(&self.subject).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            lines.remove(&self.subject);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_goes_after_the_other_and_nobody_is_remembered() {
        let turns = Turns::default();
        let first = turns.wait("a").await;
        assert!(turns.wait("a").now_or_never().is_none(), "the second waits");
        assert!(turns.wait("b").now_or_never().is_some(), "another handle does not");
        drop(first);
        assert!(turns.wait("a").now_or_never().is_some());
        assert_eq!(turns.0.lock().unwrap().len(), 0);
    }

    #[tokio::test]
    async fn a_line_has_an_end() {
        let turns = Turns::default();
        let _first = turns.wait("a").await;
        let mut line: Vec<_> = (1..MAX_LINE).map(|_| Box::pin(turns.wait("a"))).collect();
        for waiting in &mut line {
            assert!(waiting.now_or_never().is_none());
        }
        assert!(matches!(turns.wait("a").now_or_never(), Some(None)));
    }
}
