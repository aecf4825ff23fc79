//! Transfers that run at once: so many of one account, so many of all accounts together.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

use super::error::Error;

/// The places for transfers of one kind.
#[derive(Clone)]
pub(super) struct Places {
    all: usize,
    of_one: usize,
    /// How many each account has taken; accounts that have none are not here.
    taken: Arc<Mutex<HashMap<Uuid, usize>>>,
}

impl Places {
    pub(super) fn new(all: usize, of_one: usize) -> Self {
        Self { all, of_one, taken: Arc::default() }
    }

    /// A place until it is dropped, or [`Error::ServerBusy`].
    pub(super) fn take(&self, account: Uuid) -> Result<Place, Error> {
        let mut taken = self.taken();
        let own = taken.get(&account).copied().unwrap_or_default();
        if own >= self.of_one || taken.values().sum::<usize>() >= self.all {
            return Err(Error::ServerBusy);
        }
        taken.insert(account, own + 1);
        drop(taken);
        Ok(Place { places: self.clone(), account })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Uuid, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that is taken.
pub(super) struct Place {
    places: Places,
    account: Uuid,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(own) = taken.get_mut(&self.account) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_and_all_together_have_only_so_many_places() {
        let places = Places::new(3, 2);
        let [mara, olek, nina] = [1, 2, 3].map(Uuid::from_u128);
        let kept = [places.take(mara).unwrap(), places.take(mara).unwrap()];
        assert!(matches!(places.take(mara), Err(Error::ServerBusy)));
        let last = places.take(olek).unwrap();
        assert!(matches!(places.take(nina), Err(Error::ServerBusy)));
        drop(last);
        places.take(nina).unwrap();
        drop(kept);
        assert!(places.taken().is_empty());
    }
}
