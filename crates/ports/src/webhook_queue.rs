use async_trait::async_trait;
use domain::{Delivery, DeliveryAttempt, EndpointName, EventFilter, EventId, OrderId, OutboxId, ShopTime};

use crate::{BoxError, Claimed, StoreError};

/// Order events that [`crate::PlacingTransaction::write`] and [`crate::LockedOrder::append`] wrote, on their way to
/// webhook endpoints.
///
/// Each endpoint has events and their state to itself; an [`OutboxId`] is one of its own. The first endpoint
/// ([`EndpointName::first`]) has all events at once, the others have them once [`WebhookQueue::distribute`] has copied them. Of
/// each order and endpoint, only the first events that are not delivered are ever given out: what follows waits for them.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WebhookQueue: Send + Sync {
    /// Copies at most `limit` events that are not distributed to each further endpoint that was registered before the event
    /// happened and was in the settings of a process since `seen_since`. Marks them delivered to the first endpoint if that
    /// was in no settings since then. Returns how many events it distributed.
    ///
    /// MUST keep the order of an order's events, whichever processes do it at once.
    async fn distribute(&self, now: ShopTime, seen_since: ShopTime, limit: u32) -> Result<u64, StoreError>;

    /// Takes at most `limit` events of the endpoint that were due before `now`, the longest due first: they become due
    /// again at `lease_until`, one attempt later, so that no other process takes them meanwhile and none are lost if this
    /// one dies. Events that another process is taking at the same moment are skipped. A paused endpoint gets none.
    ///
    /// MUST NOT give out events of an order of which earlier ones are not delivered, even if another process has claimed those.
    async fn claim(
        &self,
        endpoint: &EndpointName,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Delivery>>, StoreError>;

    /// Records that these events are delivered, or not to be sent to the endpoint: the events of their orders that wait for them
    /// become due. What was itself tried already, and stands behind an event that was resent, keeps its lease, its time and
    /// its end. Writes the attempts into the delivery log; an event that is not sent has none. The endpoint is no longer failing
    /// if an attempt succeeded.
    async fn delivered(
        &self,
        endpoint: &EndpointName,
        ids: &[OutboxId],
        attempts: &[DeliveryAttempt],
        at: ShopTime,
    ) -> Result<(), StoreError>;

    /// Sets when an event that is not delivered, and with it the events that wait for it and were not tried, is due next;
    /// `None` gives it up until [`WebhookQueue::resend`]. Writes the attempt into the delivery log, and records that the endpoint fails.
    async fn put_off(
        &self,
        endpoint: &EndpointName,
        id: OutboxId,
        attempt: &DeliveryAttempt,
        due_at: Option<ShopTime>,
    ) -> Result<(), StoreError>;

    /// Makes events of the endpoint due at `now`, delivered or not, as if they had never been delivered; says how many. Those that
    /// it is not sent are not delivered again; where they wait they become due all the same, so that what is behind them goes on.
    /// One event alone brings with it those of its order before it that were given up, for which it would wait.
    ///
    /// Of many events, some may be due where it fails: to do it again does no harm.
    async fn resend(
        &self,
        endpoint: &EndpointName,
        which: &Resend,
        sent: &EventFilter,
        now: ShopTime,
    ) -> Result<Resent, StoreError>;

    /// Deletes at most `limit` events of each endpoint that were delivered before that time, and those that wait for
    /// endpoints that were in no settings since then. Returns how many.
    async fn purge(&self, delivered_before: ShopTime, limit: u32) -> Result<u64, StoreError>;

    /// The events that are not delivered to the endpoint.
    async fn backlog(&self, endpoint: &EndpointName) -> Result<OutboxBacklog, StoreError>;
}

/// Which events to deliver once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resend {
    /// Those that were given up, and those that wait for them.
    GivenUp,
    /// Those that were tried in vain, and are to be tried again: as if they had never been tried.
    Failing,
    /// All of one order.
    OfOrder(OrderId),
    /// One.
    Event {
        /// Of which order.
        order_id: OrderId,
        /// Which.
        event_id: EventId,
    },
    /// All of what happened in a span of time.
    Happened {
        /// Not before.
        from: ShopTime,
        /// Before.
        until: ShopTime,
    },
}

/// What came of [`WebhookQueue::resend`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resent {
    /// How many events are due.
    pub due: u64,
    /// How many are meant as well, and of kinds that the endpoint is not sent.
    pub unwanted: u64,
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
    /// Delivers the event, and gives the HTTP status that confirmed it. Delivered again, it MUST have the same content.
    ///
    /// MUST end within a bounded time.
    ///
    /// # Errors
    /// The endpoint did not confirm the event, which must be delivered again.
    async fn deliver(&self, delivery: &Delivery) -> Result<u16, WebhookError>;
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
