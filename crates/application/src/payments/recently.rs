use std::{hash::Hash, time::Duration};

use moka::{policy::EvictionPolicy, sync::Cache};

/// Keys about which somebody asked a moment ago, and whether there was an answer. Time is the machine's monotonic one, and memory
/// is bounded: of more keys than are remembered, the one that was used longest ago is forgotten.
pub struct Recently<K>(Cache<K, bool>);

/// Whether somebody asked within the span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Nobody has: the caller does it now.
    First,
    /// Somebody has, and there was an answer.
    Answered,
    /// Somebody has, and there is no answer so far that was dealt with.
    Unanswered,
}

impl<K: Hash + Eq + Send + Sync + 'static> Recently<K> {
    /// Remembers each key for `span`, and `most` of them.
    pub fn new(span: Duration, most: u64) -> Self {
        let remembered = Cache::builder().eviction_policy(EvictionPolicy::lru());
        Self(remembered.time_to_live(span).max_capacity(most).build())
    }

    /// Whether somebody asks or has asked about this key. Of those who do so at the same moment one is the first.
    pub(crate) fn ask(&self, key: K) -> Asked {
        let entry = self.0.entry(key).or_insert(false);
        match (entry.is_fresh(), entry.into_value()) {
            (true, _) => Asked::First,
            (false, true) => Asked::Answered,
            (false, false) => Asked::Unanswered,
        }
    }

    /// There is an answer, and it is dealt with.
    pub(crate) fn answered(&self, key: K) {
        self.0.insert(key, true);
    }
}

#[cfg(test)]
mod tests;
