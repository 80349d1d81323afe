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
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn so_many_may_fail_and_others_are_not_concerned() {
        let failures = Failures::new(2, LONG, 10);
        for _ in 0..2 {
            assert!(!failures.are_too_many(&failures.of("a")));
            failures.of("a").add();
        }
        assert!(failures.are_too_many(&failures.of("a")));
        assert!(!failures.are_too_many(&failures.of("b")));
        failures.of("a").forgive();
        assert!(!failures.are_too_many(&failures.of("a")));
    }

    #[test]
    fn they_are_forgotten_after_the_window() {
        let failures = Failures::new(1, Duration::from_millis(1), 10);
        failures.of("a").add();
        while failures.are_too_many(&failures.of("a")) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn memory_is_bounded() {
        let failures = Failures::new(1, LONG, 10);
        for key in 0..1_000 {
            failures.of(key).add();
        }
        failures.remembered.run_pending_tasks();
        assert!(failures.remembered.entry_count() <= 10, "{}", failures.remembered.entry_count());
    }
}
