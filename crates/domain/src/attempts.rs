use std::{collections::BTreeMap, time::Duration};

use crate::ShopTime;

/// How many failures are borne, and of how many names or addresses they are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptPolicy {
    /// So many attempts of one key may fail within the window.
    pub most: u32,
    /// How long the first failure of a key counts, and those after it.
    pub window: Duration,
    /// Of so many keys at most; the oldest one is forgotten for a new one.
    pub keys: usize,
}

/// Failed attempts of each key, such as sign-ins by name.
#[derive(Debug, Clone)]
pub struct Attempts<K> {
    policy: AttemptPolicy,
    failures: BTreeMap<K, Failures>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    since: ShopTime,
}

impl<K: Ord + Clone> Attempts<K> {
    /// None so far.
    pub fn new(policy: AttemptPolicy) -> Self {
        Self { policy, failures: BTreeMap::new() }
    }

    /// Whether the key may try. The attempt counts as a failure until [`Attempts::succeeded`] says otherwise, so that
    /// attempts at the same moment are not more than those one after the other.
    pub fn begin(&mut self, key: &K, now: ShopTime) -> bool {
        let window = self.policy.window;
        if self.failures.get(key).is_some_and(|failures| failures.are_over(window, now)) {
            self.failures.remove(key);
        }
        if !self.failures.contains_key(key) && self.failures.len() >= self.policy.keys {
            self.forget_some(now);
        }
        let failures = self.failures.entry(key.clone()).or_insert(Failures { count: 0, since: now });
        let may_try = failures.count < self.policy.most;
        failures.count = failures.count.saturating_add(u32::from(may_try));
        may_try
    }

    /// The attempt was no failure.
    pub fn succeeded(&mut self, key: &K) {
        if let Some(failures) = self.failures.get_mut(key) {
            failures.count = failures.count.saturating_sub(1);
            if failures.count == 0 {
                self.failures.remove(key);
            }
        }
    }

    /// How many keys are remembered.
    pub fn keys(&self) -> usize {
        self.failures.len()
    }

    fn forget_some(&mut self, now: ShopTime) {
        let window = self.policy.window;
        self.failures.retain(|_, failures| !failures.are_over(window, now));
        if self.failures.len() >= self.policy.keys {
            let oldest = self.failures.iter().min_by_key(|(_, failures)| failures.since);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.failures.remove(&oldest);
            }
        }
    }
}

impl Failures {
    fn are_over(&self, window: Duration, now: ShopTime) -> bool {
        now.since(self.since) >= window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: AttemptPolicy = AttemptPolicy { most: 3, window: Duration::from_secs(60), keys: 4 };

    fn at(second: u64) -> ShopTime {
        ShopTime::parse("2019-11-28 12:00:00").unwrap().after(Duration::from_secs(second))
    }

    #[test]
    fn so_many_may_fail_within_the_window() {
        let mut attempts = Attempts::new(POLICY);
        assert!((0..3).all(|second| attempts.begin(&"a", at(second))));
        assert!(!attempts.begin(&"a", at(3)));
        assert!(attempts.begin(&"b", at(3)), "another key");
        assert!(!attempts.begin(&"a", at(59)));
        assert!(attempts.begin(&"a", at(60)), "the window is over");
    }

    #[test]
    fn what_succeeds_does_not_count() {
        let mut attempts = Attempts::new(POLICY);
        for second in 0..20 {
            assert!(attempts.begin(&"a", at(second)));
            attempts.succeeded(&"a");
        }
        assert_eq!(attempts.keys(), 0);
        attempts.succeeded(&"nobody");
    }

    #[test]
    fn attempts_at_the_same_moment_count_before_they_end() {
        let mut attempts = Attempts::new(POLICY);
        let let_in = (0..10).filter(|_| attempts.begin(&"a", at(0))).count();
        assert_eq!(let_in, 3);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_key_goes_first() {
        let mut attempts = Attempts::new(POLICY);
        for second in 0..4 {
            for _ in 0..3 {
                attempts.begin(&second, at(second));
            }
        }
        assert!(attempts.begin(&99, at(5)));
        assert_eq!(attempts.keys(), 4);
        assert!(!attempts.begin(&1, at(6)), "a younger one is remembered");
        assert!(attempts.begin(&0, at(6)), "the oldest one was forgotten");
        for key in 100..200 {
            attempts.begin(&key, at(100));
        }
        assert_eq!(attempts.keys(), 4);
    }
}
