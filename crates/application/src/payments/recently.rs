use std::{hash::Hash, time::Duration};

use moka::{policy::EvictionPolicy, sync::Cache};

/// Keys that were asked about recently, and whether there was an answer, by the monotonic clock. Memory is bounded: if
/// there are too many keys, the least recently used one is forgotten.
pub struct Recently<K>(Cache<K, bool>);

/// Whether a key was asked about within the span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It was not: the caller asks now.
    First,
    /// It was, and the answer was processed.
    Answered,
    /// It was, and no answer has been processed yet.
    Unanswered,
}

impl<K: Hash + Eq + Send + Sync + 'static> Recently<K> {
    /// Remembers each key for `span`, and at most `most` keys.
    pub fn new(span: Duration, most: u64) -> Self {
        let remembered = Cache::builder().eviction_policy(EvictionPolicy::lru());
        Self(remembered.time_to_live(span).max_capacity(most).build())
    }

    /// Whether the key was asked about. Of concurrent callers, exactly one gets [`Asked::First`].
    pub(crate) fn ask(&self, key: K) -> Asked {
        let entry = self.0.entry(key).or_insert(false);
        match (entry.is_fresh(), entry.into_value()) {
            (true, _) => Asked::First,
            (false, true) => Asked::Answered,
            (false, false) => Asked::Unanswered,
        }
    }

    /// Records that the answer about the key was processed.
    pub(crate) fn answered(&self, key: K) {
        self.0.insert(key, true);
    }
}

#[cfg(test)]
mod tests;
