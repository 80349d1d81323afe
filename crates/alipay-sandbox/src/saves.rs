use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{Notify, watch};

/// Tracks which changes of the trades are in the state file. No change is confirmed before it is in the file.
pub(crate) struct Saves {
    /// Whether there is a state file.
    are_kept: bool,
    /// How many changes there were.
    made: AtomicU64,
    outcome: watch::Sender<Outcome>,
    wanted: Notify,
    stopping: AtomicBool,
}

#[derive(Default)]
struct Outcome {
    /// How many changes are in the file.
    kept: u64,
    /// How many times the file could not be written.
    failures: u64,
}

/// A due write of the file.
pub(crate) struct Due {
    made: u64,
    /// Whether it is the last write.
    pub(crate) is_last: bool,
}

impl Saves {
    pub(crate) fn new(are_kept: bool) -> Self {
        Self {
            are_kept,
            made: AtomicU64::new(0),
            outcome: watch::Sender::default(),
            wanted: Notify::new(),
            stopping: AtomicBool::new(false),
        }
    }

    /// Reports a change of the trades.
    pub(crate) fn changed(&self) {
        self.made.fetch_add(1, Ordering::SeqCst);
        self.wanted.notify_one();
    }

    /// Waits until all changes so far are in the file. Returns false if it cannot be written; the next call tries
    /// again.
    pub(crate) async fn kept(&self) -> bool {
        let made = self.made.load(Ordering::SeqCst);
        let mut outcomes = self.outcome.subscribe();
        let failures = {
            let now = outcomes.borrow();
            if !self.are_kept || now.kept >= made {
                return true;
            }
            now.failures
        };
        self.wanted.notify_one();
        let outcome = outcomes.wait_for(|now| now.kept >= made || now.failures > failures).await;
        outcome.is_ok_and(|now| now.kept >= made)
    }

    /// Waits until a write is due, which may be for several changes. The caller must read the trades afterwards, and
    /// report the result with [`Saves::note`], which wakes [`Saves::kept`].
    pub(crate) async fn due(&self) -> Due {
        self.wanted.notified().await;
        let is_last = self.stopping.load(Ordering::SeqCst);
        Due { made: self.made.load(Ordering::SeqCst), is_last }
    }

    /// Reports whether the due write succeeded.
    pub(crate) fn note(&self, due: &Due, is_written: bool) {
        self.outcome.send_modify(|outcome| {
            if is_written {
                outcome.kept = due.made;
            } else {
                outcome.failures += 1;
            }
        });
    }

    /// Makes one last write due.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.wanted.notify_one();
    }
}
