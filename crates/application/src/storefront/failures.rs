use std::{
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use moka::{policy::EvictionPolicy, sync::Cache};
use tokio::sync::Mutex;

/// Failed attempts of each key. Time is the machine's monotonic one, and memory is bounded: of more keys than are
/// remembered, the one that was used longest ago is forgotten.
pub(crate) struct Failures<K> {
    remembered: Cache<K, Arc<Count>>,
    most: u32,
}

/// The failures of one key, and whose turn it is to try.
#[derive(Default)]
pub(crate) struct Count {
    failed: AtomicU32,
    /// Attempts that must not be made side by side take it.
    pub(crate) turn: Mutex<()>,
}

impl<K: Hash + Eq + Send + Sync + 'static> Failures<K> {
    /// `most` attempts of a key may fail within a `window`, which begins with its first attempt; of `keys` keys at most.
    pub(crate) fn new(most: u32, window: Duration, keys: u64) -> Self {
        let remembered = Cache::builder().eviction_policy(EvictionPolicy::lru());
        Self { remembered: remembered.time_to_live(window).max_capacity(keys).build(), most }
    }

    /// Those of a key.
    pub(crate) fn of(&self, key: K) -> Arc<Count> {
        self.remembered.entry(key).or_default().into_value()
    }

    /// Whether no more attempts of the key are borne.
    pub(crate) fn are_too_many(&self, count: &Count) -> bool {
        count.failed.load(Ordering::Relaxed) >= self.most
    }
}

impl Count {
    /// An attempt failed.
    pub(crate) fn add(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// The caller has proved who they are.
    pub(crate) fn forgive(&self) {
        self.failed.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
