use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

/// The order of notifications that must overtake each other.
#[derive(Default)]
pub(crate) struct Turns(Mutex<Option<oneshot::Sender<()>>>);

/// The turn of a notification.
pub(crate) enum Turn {
    /// It is sent at once.
    Now,
    /// It is sent at once, and then releases the one that waits for it.
    Overtakes(oneshot::Sender<()>),
    /// It is sent after the next one.
    Waits(oneshot::Receiver<()>),
}

impl Turns {
    /// The turn of the next notification. Of each two notifications, the first one waits for the second one.
    pub(crate) fn next(&self, reorder: bool) -> Turn {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.take() {
            // If the waiting notification has given up, its receiver is closed.
            Some(release) if !release.is_closed() => Turn::Overtakes(release),
            Some(_) | None if reorder => {
                let (release, released) = oneshot::channel();
                *waiting = Some(release);
                Turn::Waits(released)
            }
            Some(_) | None => Turn::Now,
        }
    }
}

impl Turn {
    /// Waits for the turn, at most for `longest`. Returns the sender that releases a waiting notification.
    pub(crate) async fn come(self, longest: Duration) -> Option<oneshot::Sender<()>> {
        match self {
            Self::Now => None,
            Self::Overtakes(release) => Some(release),
            Self::Waits(released) => {
                // Released, sender dropped or timed out: in each case it is its turn.
                let _ = timeout(longest, released).await;
                None
            }
        }
    }
}
