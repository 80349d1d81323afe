//! Removes ordered lines from the carts while the payment URLs are signed.

use std::{mem, sync::Arc, time::Duration};

use domain::OrderId;
use ports::CartRemoval;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout, timeout_at},
};

use crate::{RemoveOrderedLines, jobs::order_ids};

/// Removes the lines of new orders from the carts: all waiting removals in one call, while the payment URLs are signed.
#[derive(Clone)]
pub struct CartCleaner {
    queue: mpsc::Sender<Removals>,
}

/// The removals of one group of orders; dropped when they are done or have failed.
struct Removals {
    removals: Vec<CartRemoval>,
    _done: watch::Sender<()>,
}

/// Completes when the lines of an order have left the cart, or their removal has failed.
#[derive(Debug, Clone)]
pub struct CartCleaned(watch::Receiver<()>);

/// How many groups may wait. Further ones are left to the job [`RemoveOrderedLines`].
const MOST_WAITING: usize = 1_000;
/// Up to this many removals in one [`WINDOW`] are deleted from the removal queue at once; more are deleted together at its
/// end.
const FEW: usize = 4;
/// The longest time that a finished removal stays on record. Until it is deleted, a line that the buyer adds again unchanged
/// still counts as ordered.
const WINDOW: Duration = Duration::from_millis(20);

impl CartCleaner {
    /// A cleaner and its worker. The worker ends when the last clone is dropped and nothing waits.
    pub fn new(remover: Arc<RemoveOrderedLines>) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (queue, waiting) = mpsc::channel(MOST_WAITING);
        (Self { queue }, clean(remover, waiting))
    }

    /// Queues the removals and does not wait for them.
    pub(crate) fn clean(&self, removals: Vec<CartRemoval>) -> CartCleaned {
        let (done, cleaned) = watch::channel(());
        if self.queue.try_send(Removals { removals, _done: done }).is_err() {
            tracing::warn!("too many ordered lines are still in their carts; they are removed later");
        }
        CartCleaned(cleaned)
    }
}

impl CartCleaned {
    /// Waits until the lines have left the cart, but not longer than `patience`.
    pub(crate) async fn wait(mut self, patience: Duration) {
        // The sender never sends; it is dropped when the removal has ended.
        let _done = timeout(patience, self.0.changed()).await;
    }
}

/// How many records one statement deletes.
const MOST_AT_ONCE: usize = 1_000;

/// Orders whose lines were removed from the carts and whose records are still to be deleted.
struct Forgetting {
    order_ids: Vec<OrderId>,
    window: Instant,
    in_window: usize,
}

async fn clean(remover: Arc<RemoveOrderedLines>, mut waiting: mpsc::Receiver<Removals>) {
    let mut groups = Vec::new();
    let mut forgetting = Forgetting { order_ids: Vec::new(), window: Instant::now(), in_window: 0 };
    loop {
        let more = waiting.recv_many(&mut groups, MOST_WAITING);
        let received = if forgetting.order_ids.is_empty() {
            more.await
        } else {
            match timeout_at(forgetting.due(), more).await {
                Ok(received) => received,
                Err(_elapsed) => {
                    forgetting.forget(&remover).await;
                    continue;
                }
            }
        };
        if received == 0 {
            return forgetting.forget(&remover).await;
        }
        let (removals, done): (Vec<_>, Vec<_>) =
            groups.drain(..).map(|group| (group.removals, group._done)).unzip();
        let removals = removals.concat();
        let removed = remover.carts.remove_ordered(&removals).await;
        // Also if the queue never becomes empty.
        if forgetting.due() <= Instant::now() {
            forgetting.forget(&remover).await;
        }
        match removed {
            Ok(failed) => forgetting.add(order_ids(&removals, &failed)),
            Err(error) => {
                tracing::warn!(%error, "ordered lines are still in their carts; they are removed later");
            }
        }
        drop(done);
    }
}

impl Forgetting {
    fn add(&mut self, order_ids: Vec<OrderId>) {
        if self.window.elapsed() >= WINDOW {
            (self.window, self.in_window) = (Instant::now(), 0);
        }
        self.in_window += order_ids.len();
        self.order_ids.extend(order_ids);
    }

    /// When the records are to be deleted.
    fn due(&self) -> Instant {
        if self.in_window <= FEW { self.window } else { self.window + WINDOW }
    }

    async fn forget(&mut self, remover: &RemoveOrderedLines) {
        for some in mem::take(&mut self.order_ids).chunks(MOST_AT_ONCE) {
            if let Err(error) = remover.queue.forget(some).await {
                tracing::warn!(%error, "carts are cleaned of ordered lines, which is not on record yet");
            }
        }
    }
}

#[cfg(test)]
mod tests;
