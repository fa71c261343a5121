//! How many connections there may be, of all and of one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ringfence_api::network_of;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places for connections.
pub(super) struct Places {
    all: Arc<Semaphore>,
    of_one: usize,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A place, given back when it is dropped.
pub(super) struct Place {
    network: IpAddr,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _one: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(all: usize, of_one: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all)),
            of_one,
            taken: Arc::default(),
        }
    }

    /// Waits until there is room for one more.
    pub(super) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// A place for an address, unless it has its share already: so that one who opens connections
    /// and says nothing keeps nobody else out.
    pub(super) fn take(&self, one: OwnedSemaphorePermit, address: IpAddr) -> Option<Place> {
        let network = network_of(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_it = taken.entry(network).or_insert(0);
        if *of_it >= self.of_one {
            return None;
        }
        *of_it += 1;
        let taken = Arc::clone(&self.taken);
        Some(Place {
            network,
            taken,
            _one: one,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_it) = taken.get_mut(&self.network) {
            *of_it = of_it.saturating_sub(1);
            if *of_it == 0 {
                taken.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_leaves_room_for_others() {
        let places = Places::new(3, 2);
        let at = async |address: &str| {
            let one = places.room().await.unwrap();
            places.take(one, address.parse().unwrap())
        };
        let (first, second) = (at("192.0.2.1").await, at("::ffff:192.0.2.1").await);
        assert!(first.is_some() && second.is_some());
        assert!(at("192.0.2.1").await.is_none());
        assert!(at("192.0.2.2").await.is_some());
        drop(first);
        assert!(at("192.0.2.1").await.is_some());
        drop(second);
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
