use std::time::Duration;

use metrics::counter;
use ports::{Randomness, metric};

/// How often an operation is tried before the caller gets an error because of concurrent changes.
pub(crate) const ATTEMPTS: u32 = 8;
/// The upper bound of the wait before the second attempt, in milliseconds. It grows by this amount with each further
/// attempt.
const LONGEST_FIRST_WAIT: u32 = 10;

/// Why an attempt failed and another one may succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// The data that the decision was based on has changed in the meantime.
    Conflict,
    /// Other transactions hold the rows.
    Busy,
}

/// Counts and bounds the attempts of an operation that concurrent changes can disturb.
pub(crate) struct Attempts<'a> {
    randomness: &'a dyn Randomness,
    nth: u32,
    most: u32,
}

impl Again {
    /// All reasons.
    pub(crate) const ALL: [Self; 2] = [Self::Conflict, Self::Busy];

    /// The label value in metrics.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Busy => "busy",
        }
    }
}

impl<'a> Attempts<'a> {
    /// At most `most` attempts.
    pub(crate) fn at_most(most: u32, randomness: &'a dyn Randomness) -> Self {
        Self { randomness, nth: 1, most }
    }

    /// Waits before the next attempt, or returns `at_last` if no attempt is left. The wait is random, so that tasks
    /// that want the same rows do not collide again.
    pub(crate) async fn again<E>(&mut self, why: Again, at_last: E) -> Result<(), E> {
        counter!(metric::RETRIES, "cause" => why.word()).increment(1);
        if self.nth >= self.most {
            return Err(at_last);
        }
        let wait = self.randomness.draw() % LONGEST_FIRST_WAIT.saturating_mul(self.nth);
        self.nth += 1;
        tokio::time::sleep(Duration::from_millis(wait.into())).await;
        Ok(())
    }
}
