use async_trait::async_trait;
use domain::{Delivery, OrderId, OutboxId, ShopTime};

use crate::{BoxError, Claimed, StoreError};

/// Order events that [`crate::PlacingTransaction::write`] and [`crate::LockedOrder::append`] wrote, on their way to the
/// webhook.
///
/// Of each order, only its first events that are not delivered are ever given out: what follows waits for them.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WebhookQueue: Send + Sync {
    /// Takes at most `limit` events that were due before `now`, the longest due first: they become due again at
    /// `lease_until`, one attempt later, so that no other process takes them meanwhile and none are lost if this one
    /// dies. What others are taking at the same moment is passed over.
    ///
    /// MUST NOT give out events of an order of which earlier ones are not delivered, even if another process has claimed those.
    async fn claim(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Delivery>>, StoreError>;

    /// Records that these were delivered: what follows them in their orders is next.
    async fn delivered(&self, ids: &[OutboxId], at: ShopTime) -> Result<(), StoreError>;

    /// Sets when events that are not delivered are due next, and with them what waits for them; `None` if nobody is to
    /// tell them until [`WebhookQueue::resend`].
    async fn put_off(&self, id: OutboxId, due_at: Option<ShopTime>) -> Result<(), StoreError>;

    /// Makes events due at `now`, delivered or not, as if they had never been delivered; gives how many.
    async fn resend(&self, which: &Resend, now: ShopTime) -> Result<u64, StoreError>;

    /// Forgets at most `limit` events that were delivered before that; says how many.
    async fn purge(&self, delivered_before: ShopTime, limit: u32) -> Result<u64, StoreError>;

    /// What is not delivered.
    async fn backlog(&self) -> Result<OutboxBacklog, StoreError>;
}

/// Which events to deliver once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resend {
    /// Those that were given up, and those that wait for them.
    GivenUp,
    /// All of one order.
    OfOrder(OrderId),
    /// All of what happened in a span of time.
    Happened {
        /// Not before.
        from: ShopTime,
        /// Before.
        until: ShopTime,
    },
}

/// Events that are not delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxBacklog {
    /// How many.
    pub undelivered: u64,
    /// How many of them are not delivered any more: given up, or behind such.
    pub given_up: u64,
    /// When the first of them happened.
    pub oldest: Option<ShopTime>,
}

/// A receiver of order events.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WebhookEndpoint: Send + Sync {
    /// Delivers the event. Delivered again, it MUST have the same content.
    ///
    /// MUST end within a bounded time.
    ///
    /// # Errors
    /// Whether the endpoint took them is not known: they are to be delivered again.
    async fn deliver(&self, delivery: &Delivery) -> Result<(), WebhookError>;
}

/// The endpoint did not confirm the event.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// It cannot be reached, or did not answer in time.
    #[error("the endpoint cannot be reached")]
    Unreachable(#[source] BoxError),
    /// It answered with another HTTP status than those of success.
    #[error("the endpoint answered with status {0}")]
    Refused(u16),
}
