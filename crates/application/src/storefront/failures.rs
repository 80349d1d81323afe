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

/// Counts the failed attempts of each key, by the monotonic clock. Memory is bounded: if there are too many keys, the least
/// recently used one is forgotten.
pub(crate) struct Failures<K> {
    remembered: Cache<K, Arc<Count>>,
    most: u32,
}

/// The failures of one key, and a lock for its attempts.
#[derive(Default)]
pub(crate) struct Count {
    failed: AtomicU32,
    /// Held by attempts that must not run concurrently.
    pub(crate) turn: Mutex<()>,
}

impl<K: Hash + Eq + Send + Sync + 'static> Failures<K> {
    /// At most `most` attempts of a key may fail within a `window`, which begins with its first attempt. Remembers at most
    /// `keys` keys.
    pub(crate) fn new(most: u32, window: Duration, keys: u64) -> Self {
        let remembered = Cache::builder().eviction_policy(EvictionPolicy::lru());
        Self { remembered: remembered.time_to_live(window).max_capacity(keys).build(), most }
    }

    /// The count of a key.
    pub(crate) fn of(&self, key: K) -> Arc<Count> {
        self.remembered.entry(key).or_default().into_value()
    }

    /// Whether further attempts of the key are refused.
    pub(crate) fn are_too_many(&self, count: &Count) -> bool {
        count.failed.load(Ordering::Relaxed) >= self.most
    }
}

impl Count {
    /// Counts a failed attempt.
    pub(crate) fn add(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Resets the count after a successful attempt.
    pub(crate) fn forgive(&self) {
        self.failed.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
