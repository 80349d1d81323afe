//! The behaviours of every endpoint's queue. Placed orders and their changes fill it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use domain::{
    Actor, Cause, Delivery, EventFilter, EventId, NewOrder, OrderEvent, OrderEventKind, OrderId, OrderStatus,
    OutboxId, PaymentStatus, Refund, RefundKind, RefundStatus, StatusChange, TraceParent, ledger::Event,
};

use super::{
    super::samples::{Stocked, append, key, micros, money, order_id, payment, until_let_through},
    Queue,
};
use crate::{AppendError, Claimed, OutboxBacklog, PlacingOutcome, Resend, Resent, StoreError};

const A: &str = "2019112812000001";
const B: &str = "2019112812000002";
const C: &str = "2019112812000003";

const REASON: &str = "支付成功“😀”";

fn created(number: &str, at: u64) -> OrderEvent {
    OrderEvent {
        order_id: order_id(number),
        kind: OrderEventKind::Created,
        from: None,
        to: OrderStatus::AwaitingPayment,
        amount: Some(money("219.90")),
        actor: Actor::Buyer,
        reason: String::new(),
        at: micros(at),
        trace: None,
    }
}

fn changed(number: &str, from: OrderStatus, at: u64, reason: &str) -> StatusChange {
    let to = match from {
        OrderStatus::AwaitingPayment => OrderStatus::AwaitingShipment,
        OrderStatus::AwaitingShipment => OrderStatus::AwaitingReceipt,
        OrderStatus::AwaitingReceipt => OrderStatus::Completed,
        other => panic!("nothing follows {other:?}"),
    };
    StatusChange {
        order_id: order_id(number),
        from,
        to,
        cause: Cause::channel(domain::Channel::Alipay, None),
        due_at: None,
        reason: reason.to_owned(),
        at: micros(at),
    }
}

impl Stocked {
    pub(in super::super) fn created(&self, number: &str, at: u64) -> NewOrder {
        let mut new = self.order(number);
        new.order.created_at = micros(at);
        new
    }

    /// Places orders at these moments.
    pub(in super::super) async fn create(&self, orders: &[(&str, u64)]) {
        let orders: Vec<_> = orders.iter().map(|(number, at)| self.created(number, *at)).collect();
        self.place(&orders).await;
    }

    /// Moves an order to its next status.
    pub(in super::super) async fn change(&self, number: &str, at: u64) {
        self.try_to_change(number, at).await.unwrap();
    }

    async fn try_to_change(&self, number: &str, at: u64) -> Result<(), StoreError> {
        let locked = self.shop.ledgers().lock(number).await?;
        let status = locked.ledger().order.as_ref().unwrap().status;
        match locked.append(&[Event::StatusChanged(changed(number, status, at, REASON))]).await {
            Ok(()) => Ok(()),
            Err(AppendError::Store(error)) => Err(error),
            Err(error @ (AppendError::GuardLost | AppendError::RequestNumberInUse)) => panic!("{error}"),
        }
    }
}

/// Claims events; returns the order, time and attempts of each, and the ids.
async fn claim(
    queue: &Queue,
    now: u64,
    lease_until: u64,
    limit: u32,
) -> (Vec<(String, u64, u32)>, Vec<OutboxId>) {
    let claimed = queue.claim(now, lease_until, limit).await.unwrap();
    let ids = claimed.iter().map(|one| one.item.id).collect();
    let named = claimed.iter().map(|one| {
        let at = one.item.event.at.since(micros(0)).as_micros();
        (one.item.event.order_id.as_str().to_owned(), u64::try_from(at).unwrap(), one.attempts)
    });
    (named.collect(), ids)
}

fn named(number: &str, at: u64, attempts: u32) -> (String, u64, u32) {
    (number.to_owned(), at, attempts)
}

/// Claims the events due at a moment and marks them as delivered.
async fn delivered(queue: &Queue, now: u64) -> Vec<OrderEvent> {
    let claimed = queue.claim(now, now + 10, 9).await.unwrap();
    let ids: Vec<_> = claimed.iter().map(|claimed| claimed.item.id).collect();
    queue.delivered(&ids, now).await.unwrap();
    claimed.into_iter().map(|claimed| claimed.item.event).collect()
}

/// Every field is read back. An event whose transaction was dropped is never delivered.
pub(super) async fn are_read_as_they_were_written(queue: Queue) {
    let (stocked, queue) = (&queue.stocked, &queue);
    let keyed = |number, at| NewOrder { idempotency: key("k1", "digest"), ..stocked.created(number, at) };
    stocked.place(&[keyed(A, 5)]).await;
    assert_eq!(stocked.write(&[keyed(C, 1)]).await.unwrap(), PlacingOutcome::ClaimTaken);
    stocked.create(&[(B, 6)]).await;
    assert_eq!(delivered(queue, 9).await, [created(A, 5), created(B, 6)]);

    let long = changed(B, OrderStatus::AwaitingPayment, 10, &"因".repeat(300));
    append(&*stocked.shop, B, &[Event::StatusChanged(long)]).await.unwrap();
    let paid = OrderEvent {
        kind: OrderEventKind::StatusChanged,
        from: Some(OrderStatus::AwaitingPayment),
        to: OrderStatus::AwaitingShipment,
        amount: None,
        actor: Actor::Channel(domain::Channel::Alipay),
        reason: "因".repeat(200),
        ..created(B, 10)
    };
    assert_eq!(delivered(queue, 11).await, [paid]);

    let refund = Refund {
        channel: domain::Channel::Alipay,
        out_request_no: "r1".to_owned(),
        out_trade_no: B.to_owned(),
        trade_no: "A1".to_owned(),
        amount: money("0.01"),
        reason: REASON.to_owned(),
        kind: RefundKind::External,
        status: RefundStatus::Succeeded,
        restock: Vec::new(),
        cause: Cause::shop("小王".to_owned(), None),
        requested_at: micros(12),
        finished_at: Some(micros(13)),
        failure: None,
    };
    let amount = refund.amount;
    let done = Event::RefundSucceeded { refund, before: None, trade_refunded: amount, order_refunded: None };
    let events = [Event::PaymentRecorded(payment("A1", B, PaymentStatus::Settled)), done];
    append(&*stocked.shop, B, &events).await.unwrap();
    let refunded = OrderEvent {
        kind: OrderEventKind::Refund,
        to: OrderStatus::AwaitingShipment,
        amount: Some(amount),
        actor: Actor::Shop,
        reason: REASON.to_owned(),
        ..created(B, 13)
    };
    assert_eq!(delivered(queue, 14).await, [refunded]);
    assert_eq!(delivered(queue, 99).await, []);
}

/// The longest due event comes first, up to the limit. It is claimed again only after the lease, with one more attempt
/// and the same id.
pub(super) async fn are_claimed_once_and_again_after_the_lease(queue: Queue) {
    let (stocked, queue) = (&queue.stocked, &queue);
    stocked.create(&[(A, 30), (B, 10), (C, 20)]).await;
    assert_eq!(claim(queue, 9, 50, 9).await.0, []);
    let (claimed, ids) = claim(queue, 30, 50, 2).await;
    assert_eq!(claimed, [named(B, 10, 0), named(C, 20, 0)]);
    assert_eq!(claim(queue, 30, 60, 9).await.0, [named(A, 30, 0)]);
    assert_eq!(claim(queue, 49, 60, 9).await.0, []);
    let (claimed, same_ids) = claim(queue, 50, 70, 9).await;
    assert_eq!(claimed, [named(B, 10, 1), named(C, 20, 1)]);
    assert_eq!(same_ids, ids);
}

/// Each event has a unique id, which stays the same in every delivery.
pub(super) async fn keep_a_name_of_their_own(queue: Queue) {
    let (stocked, queue) = (&queue.stocked, &queue);
    stocked.create(&[(A, 1), (B, 2)]).await;
    let names = |claimed: Vec<Claimed<Delivery>>| -> Vec<EventId> {
        claimed.into_iter().map(|claimed| claimed.item.event_id).collect()
    };
    let first = names(queue.claim(3, 5, 9).await.unwrap());
    assert_eq!(first.len(), 2);
    assert_ne!(first[0], first[1]);
    assert_eq!(names(queue.claim(5, 9, 9).await.unwrap()), first);
}

/// The second event is claimed only after the first one is delivered.
pub(super) async fn are_delivered_in_their_order(queue: Queue) {
    let (stocked, queue) = (&queue.stocked, &queue);
    stocked.create(&[(A, 1), (B, 1)]).await;
    stocked.change(A, 2).await;
    let (claimed, ids) = claim(queue, 5, 20, 9).await;
    assert_eq!(claimed, [named(A, 1, 0), named(B, 1, 0)]);
    assert_eq!(claim(queue, 6, 20, 9).await.0, [], "the first is being delivered");
    queue.put_off(ids[0], Some(30)).await.unwrap();
    assert_eq!(claim(queue, 29, 40, 1).await.0, [named(B, 1, 1)]);
    let (claimed, again) = claim(queue, 30, 40, 9).await;
    assert_eq!((claimed, again[0]), (vec![named(A, 1, 1)], ids[0]));
    stocked.change(A, 31).await;
    queue.delivered(&again, 32).await.unwrap();
    let (claimed, second) = claim(queue, 32, 50, 9).await;
    assert_eq!(claimed, [named(A, 2, 0)]);
    queue.delivered(&again, 33).await.unwrap();
    assert_eq!(
        claim(queue, 33, 50, 9).await.0,
        [],
        "a late confirmation makes nothing due that is being delivered"
    );
    queue.delivered(&[second[0], ids[1]], 34).await.unwrap();
    queue.put_off(second[0], Some(34)).await.unwrap();
    assert_eq!(claim(queue, 34, 50, 9).await.0, [named(A, 31, 0)], "what is delivered is not put off");
}

/// Given-up events and all later events of the same orders wait until they are resent.
pub(super) async fn are_given_up_until_resent(queue: Queue) {
    let (stocked, queue) = (&queue.stocked, &queue);
    stocked.create(&[(A, 1), (B, 3)]).await;
    stocked.change(A, 2).await;
    let (_, ids) = claim(queue, 5, 20, 9).await;
    queue.put_off(ids[0], None).await.unwrap();
    queue.delivered(&ids[1..], 6).await.unwrap();
    assert_eq!(claim(queue, 99, 199, 9).await.0, []);
    let backlog = OutboxBacklog { undelivered: 2, given_up: 2, oldest: Some(micros(1)) };
    assert_eq!(queue.backlog().await.unwrap(), backlog);
    let just_the_first = Resend::Happened { from: micros(1), until: micros(2) };
    assert_eq!(queue.resend(&just_the_first, 100).await.unwrap(), 1);
    let (claimed, first) = claim(queue, 100, 200, 9).await;
    assert_eq!(claimed, [named(A, 1, 0)], "attempts begin anew");
    queue.delivered(&first, 101).await.unwrap();
    let (claimed, second) = claim(queue, 101, 200, 9).await;
    assert_eq!(claimed, [named(A, 2, 0)], "the event that waited for it is next");
    queue.put_off(second[0], None).await.unwrap();
    assert_eq!(queue.resend(&Resend::GivenUp, 102).await.unwrap(), 1);
    assert_eq!(claim(queue, 102, 200, 9).await.0, [named(A, 2, 0)]);
}

/// Events are resent by order or by time, delivered or not, under the same ids.
pub(super) async fn are_resent(queue: Queue) {
    let (stocked, queue) = (&queue.stocked, &queue);
    assert_eq!(queue.backlog().await.unwrap(), OutboxBacklog::default());
    stocked.create(&[(A, 1), (B, 2), (C, 3)]).await;
    stocked.change(A, 4).await;
    let (_, ids) = claim(queue, 5, 20, 9).await;
    queue.delivered(&ids, 6).await.unwrap();
    let backlog = OutboxBacklog { undelivered: 1, given_up: 0, oldest: Some(micros(4)) };
    assert_eq!(queue.backlog().await.unwrap(), backlog);
    assert_eq!(queue.resend(&Resend::OfOrder(order_id(A)), 10).await.unwrap(), 2);
    let (claimed, again) = claim(queue, 10, 20, 9).await;
    assert_eq!((claimed, again), (vec![named(A, 1, 0)], vec![ids[0]]));
    let two_and_three = Resend::Happened { from: micros(2), until: micros(4) };
    assert_eq!(queue.resend(&two_and_three, 11).await.unwrap(), 2);
    assert_eq!(claim(queue, 11, 20, 9).await.0, [named(B, 2, 0), named(C, 3, 0)]);
    assert_eq!(queue.resend(&Resend::GivenUp, 12).await.unwrap(), 0);

    assert_eq!(queue.resend(&Resend::Failing, 12).await.unwrap(), 3, "not the one that waits");
    let (claimed, failing) = claim(queue, 12, 20, 9).await;
    assert_eq!(claimed, [named(A, 1, 0), named(B, 2, 0), named(C, 3, 0)], "as if never tried");
    for id in failing {
        queue.put_off(id, None).await.unwrap();
    }
    assert_eq!(queue.resend(&Resend::Failing, 13).await.unwrap(), 0, "what is given up is not failing");
}

/// An event is resent by its id; with another order's number, no event is resent.
pub(super) async fn are_resent_one_by_one(queue: Queue) {
    let (stocked, queue) = (&queue.stocked, &queue);
    stocked.create(&[(A, 1), (B, 2)]).await;
    stocked.change(A, 3).await;
    let claimed = queue.claim(4, 20, 9).await.unwrap();
    let (id, event_id) = (claimed[0].item.id, claimed[0].item.event_id.clone());
    queue.delivered(&[id, claimed[1].item.id], 5).await.unwrap();
    let (_, second) = claim(queue, 5, 20, 9).await;
    queue.delivered(&second, 6).await.unwrap();
    let one = |number| Resend::Event { order_id: order_id(number), event_id: event_id.clone() };
    assert_eq!(queue.resend(&one(B), 7).await.unwrap(), 0);
    assert_eq!(queue.resend(&one(A), 7).await.unwrap(), 1);
    assert_eq!(claim(queue, 7, 20, 9).await, (vec![named(A, 1, 0)], vec![id]));
}

/// Any number of events is resent, and no others.
pub(super) async fn are_resent_however_many(queue: Queue) {
    const MANY: usize = 250;
    let (stocked, queue) = (&queue.stocked, &queue);
    stocked.create(&[(A, 1)]).await;
    let orders: Vec<NewOrder> =
        (0..MANY).map(|number| stocked.created(&format!("2019112812001{number:03}"), 2)).collect();
    stocked.place(&orders).await;
    let all = MANY + 1;
    let claim_all = async |now| claim(queue, now, now + 10, u32::try_from(2 * all).unwrap()).await.1;
    let ids = claim_all(5).await;
    assert_eq!(ids.len(), all);
    queue.delivered(&ids, 6).await.unwrap();
    let many = Resend::Happened { from: micros(2), until: micros(3) };
    assert_eq!(queue.resend(&many, 20).await.unwrap(), u64::try_from(MANY).unwrap());
    let again = claim_all(20).await;
    assert_eq!(again.len(), MANY);
    for id in &again {
        queue.put_off(*id, None).await.unwrap();
    }
    assert_eq!(queue.resend(&Resend::GivenUp, 30).await.unwrap(), u64::try_from(MANY).unwrap());
    assert_eq!(claim_all(30).await.len(), MANY);
}

/// Events of unwanted kinds are not delivered again and block no other event.
pub(super) async fn are_resent_as_far_as_they_are_sent(queue: Queue) {
    let (stocked, queue) = (&queue.stocked, &queue);
    stocked.create(&[(A, 1)]).await;
    stocked.change(A, 2).await;
    let changes = EventFilter::Kinds(vec![OrderEventKind::StatusChanged]);
    let claimed = queue.claim(5, 20, 9).await.unwrap();
    let (id, event_id) = (claimed[0].item.id, claimed[0].item.event_id.clone());
    queue.put_off(id, None).await.unwrap();
    let resent = queue.resend_filtered(&Resend::GivenUp, &changes, 30).await.unwrap();
    assert_eq!(resent, Resent { due: 1, unwanted: 1 });
    let (claimed, first) = claim(queue, 30, 40, 9).await;
    assert_eq!(claimed, [named(A, 1, 0)], "what is behind it goes on");
    queue.delivered(&first, 31).await.unwrap();
    let (_, second) = claim(queue, 31, 40, 9).await;
    queue.delivered(&second, 32).await.unwrap();

    let first_alone = Resend::Event { order_id: order_id(A), event_id };
    let all = Resend::Happened { from: micros(0), until: micros(9) };
    for (which, expected) in [
        (first_alone, Resent { due: 0, unwanted: 1 }),
        (Resend::OfOrder(order_id(A)), Resent { due: 1, unwanted: 1 }),
        (all, Resent { due: 1, unwanted: 1 }),
    ] {
        assert_eq!(queue.resend_filtered(&which, &changes, 50).await.unwrap(), expected);
        assert_eq!(queue.backlog().await.unwrap().undelivered, expected.due);
    }
    assert_eq!(claim(queue, 50, 60, 9).await.0, [named(A, 2, 0)]);
}

/// Resending one event also resends the given-up events before it.
pub(super) async fn are_resent_with_what_stands_in_their_way(queue: Queue) {
    let (stocked, queue) = (&queue.stocked, &queue);
    stocked.create(&[(A, 1), (B, 1)]).await;
    stocked.change(A, 2).await;
    let claimed = queue.claim(5, 20, 9).await.unwrap();
    for one in &claimed {
        queue.delivered(&[one.item.id], 6).await.unwrap();
    }
    let second = queue.claim(6, 20, 9).await.unwrap().remove(0).item;
    queue.resend(&Resend::Happened { from: micros(1), until: micros(2) }, 7).await.unwrap();
    for id in claim(queue, 7, 20, 9).await.1 {
        queue.put_off(id, None).await.unwrap();
    }
    let event_id = second.event_id;
    assert_eq!(queue.resend(&Resend::Event { order_id: order_id(A), event_id }, 30).await.unwrap(), 1);
    let (claimed, first) = claim(queue, 30, 40, 9).await;
    assert_eq!(claimed, [named(A, 1, 0)], "no other order's");
    queue.delivered(&first, 31).await.unwrap();
    assert_eq!(claim(queue, 31, 40, 9).await.1, [second.id]);
}

/// An event that was tried keeps its lease, its due time and its given-up state when an earlier event is resent.
pub(super) async fn keep_their_time_while_earlier_ones_are_resent(queue: Queue) {
    let (stocked, queue) = (&queue.stocked, &queue);
    stocked.create(&[(A, 1)]).await;
    stocked.change(A, 2).await;
    let (_, first) = claim(queue, 5, 20, 9).await;
    queue.delivered(&first, 6).await.unwrap();
    let (_, second) = claim(queue, 6, 50, 9).await;
    let first_again = Resend::Happened { from: micros(1), until: micros(2) };
    let resend_first = async |now| {
        assert_eq!(queue.resend(&first_again, now).await.unwrap(), 1);
        assert_eq!(claim(queue, now, now + 5, 9).await.0, [named(A, 1, 0)], "{now}");
    };
    resend_first(7).await;
    queue.put_off(first[0], Some(8)).await.unwrap();
    assert_eq!(claim(queue, 8, 10, 9).await.0, [named(A, 1, 1)]);
    queue.delivered(&first, 9).await.unwrap();
    assert_eq!(claim(queue, 49, 60, 9).await.0, [], "the second is being delivered");
    assert_eq!(claim(queue, 50, 60, 9).await.0, [named(A, 2, 1)], "its lease has ended");

    queue.put_off(second[0], Some(90)).await.unwrap();
    resend_first(61).await;
    queue.delivered(&first, 62).await.unwrap();
    assert_eq!(claim(queue, 89, 99, 9).await.0, [], "it was tried and waits");
    assert_eq!(claim(queue, 90, 99, 9).await.0, [named(A, 2, 2)]);

    queue.put_off(second[0], None).await.unwrap();
    resend_first(100).await;
    queue.delivered(&first, 101).await.unwrap();
    assert_eq!(claim(queue, 200, 300, 9).await.0, [], "it was given up itself");
    assert_eq!(queue.resend(&Resend::GivenUp, 201).await.unwrap(), 1);
    assert_eq!(claim(queue, 201, 300, 9).await, (vec![named(A, 2, 0)], second));
}

/// An event has the trace of the request that caused it.
pub(super) async fn have_the_trace_of_their_request(queue: Queue) {
    let (stocked, queue) = (&queue.stocked, &queue);
    let trace = |last: char| {
        TraceParent::parse(&format!("00-4bf92f3577b34da6a3ce929d0e0e473{last}-00f067aa0ba902b7-01"))
    };
    stocked.place(&[NewOrder { trace: trace('1'), ..stocked.created(A, 1) }]).await;
    let mut locked = stocked.shop.ledgers().lock(A).await.unwrap();
    locked.set_trace(trace('2').unwrap());
    let paid = changed(A, OrderStatus::AwaitingPayment, 2, REASON);
    locked.append(&[Event::StatusChanged(paid)]).await.unwrap();
    stocked.change(A, 3).await;
    let mut traces = Vec::new();
    for now in 4..7 {
        traces.extend(delivered(queue, now).await.into_iter().map(|event| event.trace));
    }
    assert_eq!(traces, [trace('1'), trace('2'), None]);
}

/// Only events that were delivered long ago are deleted, up to the limit.
pub(super) async fn are_forgotten_after_delivery(queue: Queue) {
    let (stocked, queue) = (&queue.stocked, &queue);
    stocked.create(&[(A, 1), (B, 2), (C, 3)]).await;
    let (_, ids) = claim(queue, 5, 20, 9).await;
    queue.delivered(&ids[..1], 6).await.unwrap();
    queue.delivered(&ids[1..2], 8).await.unwrap();
    assert_eq!(queue.purge(6, 9).await.unwrap(), 0);
    assert_eq!(queue.purge(9, 1).await.unwrap(), 1);
    assert_eq!(queue.resend(&Resend::OfOrder(order_id(A)), 9).await.unwrap(), 0);
    assert_eq!(queue.purge(9, 9).await.unwrap(), 1);
    assert_eq!(queue.purge(99, 9).await.unwrap(), 0);
    assert_eq!(queue.backlog().await.unwrap().undelivered, 1);
}

/// Eight tasks that distribute and claim at once share the due events. No event overtakes an earlier one, while more
/// events are written.
pub(super) async fn are_claimed_by_one_alone(queue: Queue) {
    const EVENTS: u64 = 4;
    let queue = Arc::new(queue);
    let orders: Vec<String> = (10..22).map(|number| format!("20191128120000{number}")).collect();
    let last_delivered = Arc::new(LastDelivered::default());
    let mut tasks = tokio::task::JoinSet::new();
    for order in orders.clone() {
        let queue = Arc::clone(&queue);
        tasks.spawn(async move {
            let stocked = &queue.stocked;
            let new = [stocked.created(&order, 1)];
            let committed = PlacingOutcome::Committed(stocked.shop.removal_mode());
            assert_eq!(until_let_through(|| stocked.write(&new)).await, committed);
            for at in 2..=EVENTS {
                until_let_through(|| stocked.try_to_change(&order, at)).await;
            }
        });
    }
    for _ in 0..8 {
        let (queue, last_delivered) = (Arc::clone(&queue), Arc::clone(&last_delivered));
        tasks.spawn(async move {
            for _ in 0..20 {
                last_delivered.claim_and_deliver(&queue).await;
            }
        });
    }
    tasks.join_all().await;
    while last_delivered.claim_and_deliver(&queue).await > 0 {}
    let all = orders.iter().map(|order| (order_id(order), EVENTS));
    assert_eq!(*last_delivered.0.lock().unwrap(), all.collect());
}

/// The last event delivered of each order.
#[derive(Default)]
struct LastDelivered(Mutex<BTreeMap<OrderId, u64>>);

impl LastDelivered {
    /// Checks that each claimed event is the next one of its order. Returns the number of events.
    async fn claim_and_deliver(&self, queue: &Queue) -> usize {
        let claimed = until_let_through(|| queue.claim(1_000, 2_000, 3)).await;
        for Delivery { event, .. } in claimed.iter().map(|claimed| &claimed.item) {
            let mut last_delivered = self.0.lock().unwrap();
            let last = last_delivered.entry(event.order_id.clone()).or_default();
            assert_eq!(event.at, micros(*last + 1), "{}", event.order_id);
            *last += 1;
        }
        let ids: Vec<_> = claimed.iter().map(|claimed| claimed.item.id).collect();
        until_let_through(|| queue.delivered(&ids, 1_000)).await;
        claimed.len()
    }
}
