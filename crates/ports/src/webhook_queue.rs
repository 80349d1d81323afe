use async_trait::async_trait;
use domain::{Delivery, DeliveryAttempt, EndpointName, EventFilter, EventId, OrderId, OutboxId, ShopTime};

use crate::{BoxError, Claimed, StoreError};

/// The outbox: order events that [`crate::PlacingTransaction::write`] and [`crate::LockedOrder::append`] wrote, to be
/// delivered to webhook endpoints.
///
/// Each endpoint has its own events and their state; an [`OutboxId`] belongs to one endpoint. The first endpoint
/// ([`EndpointName::first`]) has every event at once; the others get copies from [`WebhookQueue::distribute`]. For each
/// order and endpoint, [`WebhookQueue::claim`] returns only the first undelivered event: later ones wait for it.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait WebhookQueue: Send + Sync {
    /// Takes at most `limit` undistributed events, and copies each to every further endpoint that was registered before
    /// the event happened and was in the settings of a process since `seen_since`. If the first endpoint was in no
    /// settings since then, the events are marked as delivered to it. Returns the number of distributed events.
    ///
    /// MUST keep the sequence of an order's events, even if several processes distribute at once.
    async fn distribute(&self, now: ShopTime, seen_since: ShopTime, limit: u32) -> Result<u64, StoreError>;

    /// Takes at most `limit` events of the endpoint that were due before `now`, the longest due first. They become due
    /// again at `lease_until`, with one more attempt counted, so that no other process takes them meanwhile and none is
    /// lost if this process dies. Events that another process is taking at the same moment are skipped. A paused
    /// endpoint gets none.
    ///
    /// MUST NOT return an event while an earlier one of its order is undelivered, even if another process has claimed
    /// that one.
    async fn claim(
        &self,
        endpoint: &EndpointName,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Delivery>>, StoreError>;

    /// Records that these events are delivered, or are of kinds that the endpoint does not take. Events of the same
    /// orders that wait for them become due. A later event that was tried before keeps its lease and its due time; if
    /// it is given up, it stays so. Writes the attempts into the delivery log; an event that was not sent has no
    /// attempt. If there are attempts, the endpoint no longer counts as failing.
    async fn delivered(
        &self,
        endpoint: &EndpointName,
        ids: &[OutboxId],
        attempts: &[DeliveryAttempt],
        at: ShopTime,
    ) -> Result<(), StoreError>;

    /// Sets when an undelivered event is due next, together with the events that wait for it and were never tried.
    /// `None` gives the event up until [`WebhookQueue::resend`]. Writes the attempt into the delivery log, and records
    /// that the endpoint fails.
    async fn put_off(
        &self,
        endpoint: &EndpointName,
        id: OutboxId,
        attempt: &DeliveryAttempt,
        due_at: Option<ShopTime>,
    ) -> Result<(), StoreError>;

    /// Makes events of the endpoint due at `now`, delivered or not, as if they had never been delivered; returns how
    /// many. Delivered events of kinds that the endpoint does not take stay delivered; undelivered ones become due, so
    /// that they block no later event. [`Resend::Event`] also resends the given-up earlier events of the same order,
    /// which would block it.
    ///
    /// After a failure some of the events may be due already; a repeated call does no harm.
    async fn resend(
        &self,
        endpoint: &EndpointName,
        which: &Resend,
        sent: &EventFilter,
        now: ShopTime,
    ) -> Result<Resent, StoreError>;

    /// Deletes at most `limit` events of each endpoint that were delivered before `delivered_before`, and those that
    /// wait for endpoints that were in no settings since then. Returns how many.
    async fn purge(&self, delivered_before: ShopTime, limit: u32) -> Result<u64, StoreError>;

    /// The events that are not delivered to the endpoint.
    async fn backlog(&self, endpoint: &EndpointName) -> Result<OutboxBacklog, StoreError>;
}

/// Which events to deliver once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resend {
    /// Given-up events, and the events that wait for them.
    GivenUp,
    /// Events whose attempts have failed so far and that are still being tried: their attempts count from zero again.
    Failing,
    /// All events of one order.
    OfOrder(OrderId),
    /// One event.
    Event {
        /// The event's order.
        order_id: OrderId,
        /// The event.
        event_id: EventId,
    },
    /// All events of a span of time.
    Happened {
        /// The beginning of the span, included.
        from: ShopTime,
        /// The end of the span, not included.
        until: ShopTime,
    },
}

/// The result of [`WebhookQueue::resend`].
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
    /// Delivers the event, and returns the HTTP status that confirmed it. A repeated delivery MUST have the same
    /// content.
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
    /// The endpoint cannot be reached, or did not answer in time.
    #[error("the endpoint cannot be reached")]
    Unreachable(#[source] BoxError),
    /// The endpoint answered with an HTTP status other than success.
    #[error("the endpoint answered with status {0}")]
    Refused(u16),
}
