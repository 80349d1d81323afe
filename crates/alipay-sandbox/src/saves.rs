use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::{Notify, watch};

/// Which changes of the trades are in the state file: nothing is confirmed before it is kept.
pub(crate) struct Saves {
    /// Whether there is a state file at all.
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
    /// How many times it could not be written.
    failures: u64,
}

/// That the file is to be written.
pub(crate) struct Due {
    made: u64,
    /// Whether nothing is to be written after it.
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

    /// Tells that the trades have changed.
    pub(crate) fn changed(&self) {
        self.made.fetch_add(1, Ordering::SeqCst);
        self.wanted.notify_one();
    }

    /// Waits until all changes so far are in the file. False where it cannot be written; the next call tries again.
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

    /// Waits until there is something to write; several changes at once where they come fast. The trades are to be read
    /// after it, and [`Saves::note`] to wake it.
    pub(crate) async fn due(&self) -> Due {
        self.wanted.notified().await;
        let is_last = self.stopping.load(Ordering::SeqCst);
        Due { made: self.made.load(Ordering::SeqCst), is_last }
    }

    /// Tells whether what was due is written.
    pub(crate) fn note(&self, due: &Due, is_written: bool) {
        self.outcome.send_modify(|outcome| {
            if is_written {
                outcome.kept = due.made;
            } else {
                outcome.failures += 1;
            }
        });
    }

    /// Makes one more due, the last one.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.wanted.notify_one();
    }
}
