use async_trait::async_trait;
use domain::{Delivery, NewsId, OrderId, ShopTime};

use crate::{BoxError, Claimed, StoreError};

/// The news of orders that units of work wrote to their [`crate::Outbox`], on their way to whoever listens.
///
/// Of each order, only its first news that are not delivered are ever given out: what follows waits for them.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait NewsDelivery: Send + Sync {
    /// Takes at most `limit` news that were due before `now`, the longest due first: they become due again at
    /// `lease_until`, one attempt later, so that no other process takes them meanwhile and none are lost if this one
    /// dies. What others are taking at the same moment is passed over.
    ///
    /// MUST NOT give out news of an order of which earlier ones are not delivered, whoever has those.
    async fn claim(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Delivery>>, StoreError>;

    /// Writes down that these were told: what follows them in their orders is next.
    async fn delivered(&self, ids: &[NewsId], at: ShopTime) -> Result<(), StoreError>;

    /// Sets when news that are not delivered are due next, and with them what waits for them; none where nobody is to
    /// tell them until [`NewsDelivery::resend`].
    async fn put_off(&self, id: NewsId, due_at: Option<ShopTime>) -> Result<(), StoreError>;

    /// Makes news due at `now`, delivered or not, as if they had never been told; says how many.
    async fn resend(&self, which: &Resend, now: ShopTime) -> Result<u64, StoreError>;

    /// Forgets at most `limit` news that were delivered before that; says how many.
    async fn purge(&self, delivered_before: ShopTime, limit: u32) -> Result<u64, StoreError>;

    /// What is not delivered.
    async fn backlog(&self) -> Result<NewsBacklog, StoreError>;
}

/// Which news to tell once more.
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

/// News that are not delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NewsBacklog {
    /// How many.
    pub undelivered: u64,
    /// How many of them are not told any more: given up, or waiting for such.
    pub given_up: u64,
    /// When the first of them happened.
    pub oldest: Option<ShopTime>,
}

/// Whoever listens to the news of orders.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait NewsListener: Send + Sync {
    /// Tells them. Told again, they MUST have the same content.
    ///
    /// MUST end within a bounded time.
    ///
    /// # Errors
    /// Whether the listener took them is not known: they are to be told again.
    async fn tell(&self, delivery: &Delivery) -> Result<(), ListenerError>;
}

/// The listener did not say that it took the news.
#[derive(Debug, thiserror::Error)]
pub enum ListenerError {
    /// It cannot be reached, or did not answer in time.
    #[error("the listener cannot be reached")]
    Unreachable(#[source] BoxError),
    /// It answered with another HTTP status than those of success.
    #[error("the listener answered with status {0}")]
    Refused(u16),
}
