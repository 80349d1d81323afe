use std::time::Duration;

use metrics::counter;
use ports::{Randomness, metric};

/// How often something is tried before the caller gets an error because others were faster each time.
pub(crate) const ATTEMPTS: u32 = 8;
/// The longest wait before the second attempt, in milliseconds; each further wait is longer by as much.
const LONGEST_FIRST_WAIT: u32 = 10;

/// Why an attempt came to nothing, and another one may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// Others changed meanwhile what it was decided on.
    Conflict,
    /// Others hold the rows.
    Busy,
}

/// The attempts at something from which others may keep us, counted and bounded.
pub(crate) struct Attempts<'a> {
    randomness: &'a dyn Randomness,
    nth: u32,
    most: u32,
}

impl Again {
    /// Each.
    pub(crate) const ALL: [Self; 2] = [Self::Conflict, Self::Busy];

    /// As metrics name it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Busy => "busy",
        }
    }
}

impl<'a> Attempts<'a> {
    /// So many at most.
    pub(crate) fn at_most(most: u32, randomness: &'a dyn Randomness) -> Self {
        Self { randomness, nth: 1, most }
    }

    /// Waits for the next attempt, or fails with this where there is none. The wait is random, which keeps those who wait for the
    /// same rows apart.
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
