//! [`crate::WebhookQueue`]: each behaviour of the first endpoint, and of another one, which is given events by
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
    /// Registered before anything happens.
    async fn new(shop: Arc<dyn Shop>, endpoint: &str) -> Self {
        let endpoint = EndpointName::parse(endpoint).unwrap();
        let names = [EndpointName::first(), endpoint.clone()];
        shop.endpoints().register(&names, micros(0), HOUR).await.unwrap();
        Self { stocked: Stocked::new(shop).await, endpoint }
    }

    /// What is due once all events are distributed.
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

    /// To an endpoint that is sent everything.
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

    /// Of this endpoint: nothing is delivered to the other one.
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

        /// The same of another endpoint than the first one.
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
    /// Every field; and what was dropped with its transaction is never delivered.
    are_read_as_they_were_written;
    /// The longest due first, no more than asked for; again only when the lease has ended, one attempt later, and under
    /// the same id.
    are_claimed_once_and_again_after_the_lease;
    /// Each is called by a name of its own, which it keeps however often it is delivered.
    keep_a_name_of_their_own;
    /// The second only when the first is delivered, whatever else becomes of the first.
    are_delivered_in_their_order;
    /// Given up, they wait with all that follows them, until they are resent.
    are_given_up_until_resent;
    /// By order or by time, delivered or not, under the same ids.
    are_resent;
    /// An event is resent by its id; with the number of another order, none is.
    are_resent_one_by_one;
    /// However many there are, each of them, and no other.
    are_resent_however_many;
    /// What was delivered long ago, and nothing else; no more than asked for.
    are_forgotten_after_delivery;
    /// What the endpoint is not sent is not delivered again, and holds nothing up.
    are_resent_as_far_as_they_are_sent;
    /// One event alone brings with it what was given up before it.
    are_resent_with_what_stands_in_their_way;
    /// What was tried keeps its lease, its time and its end, whatever becomes of an earlier event that was resent.
    keep_their_time_while_earlier_ones_are_resent;
    /// The trace of the request that asked for it goes with an event.
    have_the_trace_of_their_request;
    /// Eight who distribute and claim at once share what is due, and no event overtakes those before it, while more are
    /// written.
    are_claimed_by_one_alone;
}
