use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

/// Whose turn it is when notifications are to overtake each other.
#[derive(Default)]
pub(crate) struct Turns(Mutex<Option<oneshot::Sender<()>>>);

/// A notification's place.
pub(crate) enum Turn {
    /// It is sent at once.
    Now,
    /// It is sent at once, and then the one that waits for it.
    Overtakes(oneshot::Sender<()>),
    /// It is sent after another one.
    Waits(oneshot::Receiver<()>),
}

impl Turns {
    /// The place of the next notification; of each two, the first one waits for the second one.
    pub(crate) fn next(&self, reorder: bool) -> Turn {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.take() {
            // One that has waited in vain has gone, and its receiver with it.
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
    /// Waits for the turn, but not longer than `longest`. Answers whom to release afterwards.
    pub(crate) async fn come(self, longest: Duration) -> Option<oneshot::Sender<()>> {
        match self {
            Self::Now => None,
            Self::Overtakes(release) => Some(release),
            Self::Waits(released) => {
                // Released, never to be released, or waited long enough: in each case it is its turn.
                let _ = timeout(longest, released).await;
                None
            }
        }
    }
}
