use async_trait::async_trait;
use domain::{Delivery, DeliveryAttempt, EndpointName, EventFilter, EventId, OrderId, OutboxId, ShopTime};

use crate::{BoxError, Claimed, StoreError};

/// Order events that [`crate::PlacingTransaction::write`] and [`crate::LockedOrder::append`] wrote, on their way to
/// webhook endpoints.
///
/// Each endpoint has its own events and their state; an [`OutboxId`] belongs to one endpoint. The first endpoint
/// ([`EndpointName::first`]) has every event at once; the others get copies from [`WebhookQueue::distribute`]. For each order and
/// endpoint, [`WebhookQueue::claim`] returns only the first undelivered event: later ones wait for it.
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
    /// MUST NOT return an event while an earlier one of its order is undelivered, even if another process has claimed that one.
    async fn claim(
        &self,
        endpoint: &EndpointName,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Delivery>>, StoreError>;

    /// Records that these events are delivered, or are of kinds that the endpoint does not take. Events of the same orders that wait
    /// for them become due. A later event that was tried before keeps its lease and its due time, and stays given up if it is.
    /// Writes the attempts into the delivery log; an event that is not sent has none. With an attempt, the endpoint is no longer
    /// failing.
    async fn delivered(
        &self,
        endpoint: &EndpointName,
        ids: &[OutboxId],
        attempts: &[DeliveryAttempt],
        at: ShopTime,
    ) -> Result<(), StoreError>;

    /// Sets when an undelivered event is due next, and with it the events that wait for it and were never tried; `None` gives it up
    /// until [`WebhookQueue::resend`]. Writes the attempt into the delivery log, and records that the endpoint fails.
    async fn put_off(
        &self,
        endpoint: &EndpointName,
        id: OutboxId,
        attempt: &DeliveryAttempt,
        due_at: Option<ShopTime>,
    ) -> Result<(), StoreError>;

    /// Makes events of the endpoint due at `now`, delivered or not, as if they had never been delivered; returns how many. Delivered
    /// events of kinds that the endpoint does not take stay delivered; undelivered ones become due, so that they block no later
    /// event. [`Resend::Event`] also resends the given-up events before it of its order, which would block it.
    ///
    /// After a failure some of the events may be due already; a repeated call does no harm.
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
    /// Given-up events, and the events that wait for them.
    GivenUp,
    /// Events whose attempts failed so far and of which another one follows: they get all their attempts again.
    Failing,
    /// All events of one order.
    OfOrder(OrderId),
    /// One event.
    Event {
        /// Of which order.
        order_id: OrderId,
        /// Which.
        event_id: EventId,
    },
    /// All events of a span of time.
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
    /// How many selected events are of kinds that the endpoint does not take.
    pub unwanted: u64,
}

/// Events that are not delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxBacklog {
    /// How many.
    pub undelivered: u64,
    /// How many of them are given up, or wait for an event that is.
    pub given_up: u64,
    /// When the first of them happened.
    pub oldest: Option<ShopTime>,
}

/// A receiver of order events.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WebhookEndpoint: Send + Sync {
    /// Delivers the event, and returns the HTTP status that confirmed it. A repeated delivery MUST have the same content.
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
    /// It answered with an HTTP status other than success.
    #[error("the endpoint answered with status {0}")]
    Refused(u16),
}
