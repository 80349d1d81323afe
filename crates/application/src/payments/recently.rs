use std::{hash::Hash, time::Duration};

use moka::{policy::EvictionPolicy, sync::Cache};

/// Keys for which something was done a moment ago. Time is the machine's monotonic one, and memory is bounded: of more
/// keys than are remembered, the one that was used longest ago is forgotten.
pub struct Recently<K>(Cache<K, ()>);

impl<K: Hash + Eq + Send + Sync + 'static> Recently<K> {
    /// Remembers each key for `span`, and `most` of them.
    pub fn new(span: Duration, most: u64) -> Self {
        let remembered = Cache::builder().eviction_policy(EvictionPolicy::lru());
        Self(remembered.time_to_live(span).max_capacity(most).build())
    }

    /// Forgets that something was done for this key: it came to nothing.
    pub(crate) fn forget(&self, key: &K) {
        self.0.invalidate(key);
    }

    /// Whether nobody has asked so for this key within the span. Of those who ask at the same moment one is the first.
    pub(crate) fn is_first(&self, key: K) -> bool {
        self.0.entry(key).or_insert(()).is_fresh()
    }
}

#[cfg(test)]
mod tests;
