//! [`crate::WebhookQueue`]: each behaviour for the first endpoint, and for another one, which gets its events from
//! [`crate::WebhookQueue::distribute`].

mod cases;

use std::{sync::Arc, time::Duration};

use domain::{
    AttemptOutcome, Delivery, DeliveryAttempt, EndpointName, EventFilter, EventId, OrderEventKind, OrderId,
    OutboxId,
};

use super::{
    Shop,
    samples::{Stocked, micros, order_id},
};
use crate::{Claimed, OutboxBacklog, Resend, Resent, StoreError};

const HOUR: Duration = Duration::from_secs(3600);

/// The queue of one endpoint of a shop.
pub(super) struct Queue {
    pub(super) stocked: Stocked,
    pub(super) endpoint: EndpointName,
}

impl Queue {
    /// Registers the endpoint before any event.
    async fn new(shop: Arc<dyn Shop>, endpoint: &str) -> Self {
        let endpoint = EndpointName::parse(endpoint).unwrap();
        let names = [EndpointName::first(), endpoint.clone()];
        shop.endpoints().register(&names, micros(0), HOUR).await.unwrap();
        Self { stocked: Stocked::new(shop).await, endpoint }
    }

    /// Distributes all events, and then claims the due ones.
    pub(super) async fn claim(
        &self,
        now: u64,
        lease_until: u64,
        limit: u32,
    ) -> Result<Vec<Claimed<Delivery>>, StoreError> {
        let queue = self.stocked.shop.webhooks();
        while queue.distribute(micros(now), micros(0), 2).await? > 0 {}
        queue.claim(&self.endpoint, micros(now), micros(lease_until), limit).await
    }

    pub(super) async fn delivered(&self, ids: &[OutboxId], at: u64) -> Result<(), StoreError> {
        self.stocked.shop.webhooks().delivered(&self.endpoint, ids, &[], micros(at)).await
    }

    pub(super) async fn put_off(&self, id: OutboxId, due_at: Option<u64>) -> Result<(), StoreError> {
        let failed = attempt("2019112812000001", 1, AttemptOutcome::Unreachable);
        self.stocked.shop.webhooks().put_off(&self.endpoint, id, &failed, due_at.map(micros)).await
    }

    /// Resends to an endpoint that takes events of every kind.
    pub(super) async fn resend(&self, which: &Resend, now: u64) -> Result<u64, StoreError> {
        let Resent { due, unwanted } = self.resend_filtered(which, &EventFilter::All, now).await?;
        assert_eq!(unwanted, 0);
        Ok(due)
    }

    pub(super) async fn resend_filtered(
        &self,
        which: &Resend,
        sent: &EventFilter,
        now: u64,
    ) -> Result<Resent, StoreError> {
        self.stocked.shop.webhooks().resend(&self.endpoint, which, sent, micros(now)).await
    }

    /// Purges events of this endpoint: no event was delivered to the other one.
    pub(super) async fn purge(&self, delivered_before: u64, limit: u32) -> Result<u64, StoreError> {
        let shop = &self.stocked.shop;
        shop.endpoints().register(&[EndpointName::first(), self.endpoint.clone()], micros(99), HOUR).await?;
        shop.webhooks().purge(micros(delivered_before), limit).await
    }

    pub(super) async fn backlog(&self) -> Result<OutboxBacklog, StoreError> {
        self.stocked.shop.webhooks().backlog(&self.endpoint).await
    }
}

/// An attempt to deliver an event of this order.
pub(super) fn attempt(number: &str, at: u64, outcome: AttemptOutcome) -> DeliveryAttempt {
    let order_id: OrderId = order_id(number);
    DeliveryAttempt {
        event_id: EventId::of_row(OutboxId(7)),
        order_id,
        kind: OrderEventKind::Created,
        at: micros(at),
        took: Duration::from_millis(12),
        outcome,
    }
}

macro_rules! of_each_endpoint {
    ($($(#[doc = $doc:literal])* $behaviour:ident;)*) => {
        $(
            $(#[doc = $doc])*
            pub async fn $behaviour(shop: Arc<dyn Shop>) {
                cases::$behaviour(Queue::new(shop, EndpointName::FIRST).await).await;
            }
        )*

        /// The same behaviours for an endpoint other than the first one.
        pub mod of_another {
            use super::{Arc, Queue, Shop, cases};

            $(
                $(#[doc = $doc])*
                pub async fn $behaviour(shop: Arc<dyn Shop>) {
                    cases::$behaviour(Queue::new(shop, "warehouse").await).await;
                }
            )*
        }
    };
}

of_each_endpoint! {
    /// Every field is read back. An event whose transaction was dropped is never delivered.
    are_read_as_they_were_written;
    /// The longest due event comes first, up to the limit. It is claimed again only after the lease, with one more
    /// attempt and the same id.
    are_claimed_once_and_again_after_the_lease;
    /// Each event has a unique id, which stays the same in every delivery.
    keep_a_name_of_their_own;
    /// The second event is claimed only after the first one is delivered.
    are_delivered_in_their_order;
    /// Given-up events and all later events of the same orders wait until they are resent.
    are_given_up_until_resent;
    /// Events are resent by order or by time, delivered or not, under the same ids.
    are_resent;
    /// An event is resent by its id; with another order's number, no event is resent.
    are_resent_one_by_one;
    /// Any number of events is resent, and no others.
    are_resent_however_many;
    /// Only events that were delivered long ago are deleted, up to the limit.
    are_forgotten_after_delivery;
    /// Events of unwanted kinds are not delivered again and block no other event.
    are_resent_as_far_as_they_are_sent;
    /// Resending one event also resends the given-up events before it.
    are_resent_with_what_stands_in_their_way;
    /// An event that was tried keeps its lease, its due time and its given-up state when an earlier event is resent.
    keep_their_time_while_earlier_ones_are_resent;
    /// An event has the trace of the request that caused it.
    have_the_trace_of_their_request;
    /// Eight tasks that distribute and claim at once share the due events. No event overtakes an earlier one, while
    /// more events are written.
    are_claimed_by_one_alone;
}
