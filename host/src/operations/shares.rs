//! Places of which nobody has more than a few, so that one owner cannot keep all others waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// Owners that are remembered before those are forgotten who have no place.
const MOST_REMEMBERED: usize = 100;

/// A number of places, and how many of them each owner may have. An owner is a token.
#[derive(Debug)]
pub struct Shares {
    all: Arc<Semaphore>,
    each: usize,
    owners: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub struct Share {
    _own: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crowded {
    /// The owner has as many as one may have.
    Own,
    /// Others have them.
    Others,
}

impl Shares {
    /// So many places, and so many of them for each owner.
    pub fn new(all: usize, each: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), each, owners: Mutex::default() }
    }

    /// A place, if there is one at once.
    pub fn try_take(&self, owner: &str) -> Result<Share, Crowded> {
        let own = self.places_of(owner).try_acquire_owned().map_err(|_| Crowded::Own)?;
        let place = Arc::clone(&self.all).try_acquire_owned().map_err(|_| Crowded::Others)?;
        Ok(Share { _own: own, _place: place })
    }

    /// A place, if there is one in time.
    pub async fn take(&self, owner: &str, patience: Duration) -> Result<Share, Crowded> {
        let end = Instant::now() + patience;
        let own = timeout_at(end, self.places_of(owner).acquire_owned()).await;
        let own = own.ok().and_then(Result::ok).ok_or(Crowded::Own)?;
        let place = timeout_at(end, Arc::clone(&self.all).acquire_owned()).await;
        let place = place.ok().and_then(Result::ok).ok_or(Crowded::Others)?;
        Ok(Share { _own: own, _place: place })
    }

    fn places_of(&self, owner: &str) -> Arc<Semaphore> {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if owners.len() >= MOST_REMEMBERED {
            // Whoever has a place, or waits for one, holds it too.
            owners.retain(|_, places| Arc::strong_count(places) > 1);
        }
        let places = owners.entry(owner.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(self.each)));
        Arc::clone(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nobody_has_all_places() {
        let shares = Shares::new(3, 2);
        let (first, _second) = (shares.try_take("a").unwrap(), shares.try_take("a").unwrap());
        assert_eq!(shares.try_take("a").unwrap_err(), Crowded::Own);
        let _third = shares.try_take("b").unwrap();
        assert_eq!(shares.take("b", Duration::from_secs(5)).await.unwrap_err(), Crowded::Others);
        drop(first);
        let _again = shares.take("b", Duration::from_secs(5)).await.unwrap();
        assert_eq!(shares.try_take("a").unwrap_err(), Crowded::Others);
    }

    #[test]
    fn owners_without_a_place_are_forgotten() {
        let shares = Shares::new(2, 1);
        let _place = shares.try_take("busy").unwrap();
        for number in 0..2 * MOST_REMEMBERED {
            drop(shares.try_take(&number.to_string()).unwrap());
        }
        assert!(shares.owners.lock().unwrap().len() <= MOST_REMEMBERED);
        assert_eq!(shares.try_take("busy").unwrap_err(), Crowded::Own);
    }
}
