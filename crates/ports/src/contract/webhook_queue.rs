//! [`crate::WebhookQueue`], filled by the orders that are placed and by what happens to them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use domain::{
    Actor, Cause, Delivery, EventId, NewOrder, OrderEvent, OrderEventKind, OrderId, OrderStatus, OutboxId,
    PaymentStatus, Refund, RefundKind, RefundStatus, StatusChange, ledger::Event,
};

use super::{
    Shop,
    samples::{Stocked, append, key, micros, money, order_id, payment, until_let_through},
};
use crate::{AppendError, Claimed, OutboxBacklog, PlacingOutcome, Resend, StoreError, WebhookQueue};

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
    fn created(&self, number: &str, at: u64) -> NewOrder {
        let mut new = self.order(number);
        new.order.created_at = micros(at);
        new
    }

    /// Places orders at these moments.
    async fn create(&self, orders: &[(&str, u64)]) {
        let orders: Vec<_> = orders.iter().map(|(number, at)| self.created(number, *at)).collect();
        self.place(&orders).await;
    }

    /// Lets the next thing happen to an order.
    async fn change(&self, number: &str, at: u64) {
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

/// Order, moment and attempts of what is claimed, and its ids.
async fn claim(
    shop: &dyn Shop,
    now: u64,
    lease_until: u64,
    limit: u32,
) -> (Vec<(String, u64, u32)>, Vec<OutboxId>) {
    let claimed = shop.webhooks().claim(micros(now), micros(lease_until), limit).await.unwrap();
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

/// What is due at a moment, and is delivered at once.
async fn delivered(shop: &dyn Shop, now: u64) -> Vec<OrderEvent> {
    let claimed = shop.webhooks().claim(micros(now), micros(now + 10), 9).await.unwrap();
    let ids: Vec<_> = claimed.iter().map(|claimed| claimed.item.id).collect();
    shop.webhooks().delivered(&ids, micros(now)).await.unwrap();
    claimed.into_iter().map(|claimed| claimed.item.event).collect()
}

/// Every field; and what was dropped with its transaction is never delivered.
pub async fn are_read_as_they_were_written(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    let keyed = |number, at| NewOrder { idempotency: key("k1", "digest"), ..stocked.created(number, at) };
    stocked.place(&[keyed(A, 5)]).await;
    assert_eq!(stocked.write(&[keyed(C, 1)]).await.unwrap(), PlacingOutcome::ClaimTaken);
    stocked.create(&[(B, 6)]).await;
    assert_eq!(delivered(shop, 9).await, [created(A, 5), created(B, 6)]);

    let long = changed(B, OrderStatus::AwaitingPayment, 10, &"因".repeat(300));
    append(shop, B, &[Event::StatusChanged(long)]).await.unwrap();
    let paid = OrderEvent {
        kind: OrderEventKind::StatusChanged,
        from: Some(OrderStatus::AwaitingPayment),
        to: OrderStatus::AwaitingShipment,
        amount: None,
        actor: Actor::Channel(domain::Channel::Alipay),
        reason: "因".repeat(200),
        ..created(B, 10)
    };
    assert_eq!(delivered(shop, 11).await, [paid]);

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
    append(shop, B, &events).await.unwrap();
    let refunded = OrderEvent {
        kind: OrderEventKind::Refund,
        to: OrderStatus::AwaitingShipment,
        amount: Some(amount),
        actor: Actor::Shop,
        reason: REASON.to_owned(),
        ..created(B, 13)
    };
    assert_eq!(delivered(shop, 14).await, [refunded]);
    assert_eq!(delivered(shop, 99).await, []);
}

/// The longest due first, no more than asked for; again only when the lease has ended, one attempt later, and under the
/// same id.
pub async fn are_claimed_once_and_again_after_the_lease(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    stocked.create(&[(A, 30), (B, 10), (C, 20)]).await;
    assert_eq!(claim(shop, 9, 50, 9).await.0, []);
    let (claimed, ids) = claim(shop, 30, 50, 2).await;
    assert_eq!(claimed, [named(B, 10, 0), named(C, 20, 0)]);
    assert_eq!(claim(shop, 30, 60, 9).await.0, [named(A, 30, 0)]);
    assert_eq!(claim(shop, 49, 60, 9).await.0, []);
    let (claimed, same_ids) = claim(shop, 50, 70, 9).await;
    assert_eq!(claimed, [named(B, 10, 1), named(C, 20, 1)]);
    assert_eq!(same_ids, ids);
}

/// Each is called by a name of its own, which it keeps however often it is delivered.
pub async fn keep_a_name_of_their_own(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    stocked.create(&[(A, 1), (B, 2)]).await;
    let names = |claimed: Vec<Claimed<Delivery>>| -> Vec<EventId> {
        claimed.into_iter().map(|claimed| claimed.item.event_id).collect()
    };
    let first = names(shop.webhooks().claim(micros(3), micros(5), 9).await.unwrap());
    assert_eq!(first.len(), 2);
    assert_ne!(first[0], first[1]);
    assert_eq!(names(shop.webhooks().claim(micros(5), micros(9), 9).await.unwrap()), first);
}

/// The second only when the first is delivered, whatever else becomes of the first.
pub async fn are_told_in_their_order(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    stocked.create(&[(A, 1), (B, 1)]).await;
    stocked.change(A, 2).await;
    let (claimed, ids) = claim(shop, 5, 20, 9).await;
    assert_eq!(claimed, [named(A, 1, 0), named(B, 1, 0)]);
    assert_eq!(claim(shop, 6, 20, 9).await.0, [], "the first is being told");
    shop.webhooks().put_off(ids[0], Some(micros(30))).await.unwrap();
    assert_eq!(claim(shop, 29, 40, 1).await.0, [named(B, 1, 1)]);
    let (claimed, again) = claim(shop, 30, 40, 9).await;
    assert_eq!((claimed, again[0]), (vec![named(A, 1, 1)], ids[0]));
    stocked.change(A, 31).await;
    shop.webhooks().delivered(&again, micros(32)).await.unwrap();
    let (claimed, second) = claim(shop, 32, 50, 9).await;
    assert_eq!(claimed, [named(A, 2, 0)]);
    shop.webhooks().delivered(&again, micros(33)).await.unwrap();
    assert_eq!(claim(shop, 33, 50, 9).await.0, [], "who says it late wakes nothing that is being told");
    shop.webhooks().delivered(&[second[0], ids[1]], micros(34)).await.unwrap();
    shop.webhooks().put_off(second[0], Some(micros(34))).await.unwrap();
    assert_eq!(claim(shop, 34, 50, 9).await.0, [named(A, 31, 0)], "what is delivered is not put off");
}

/// Given up, they wait with all that follows them, until they are resent.
pub async fn are_given_up_until_resent(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    stocked.create(&[(A, 1), (B, 3)]).await;
    stocked.change(A, 2).await;
    let (_, ids) = claim(shop, 5, 20, 9).await;
    shop.webhooks().put_off(ids[0], None).await.unwrap();
    shop.webhooks().delivered(&ids[1..], micros(6)).await.unwrap();
    assert_eq!(claim(shop, 99, 199, 9).await.0, []);
    let backlog = OutboxBacklog { undelivered: 2, given_up: 2, oldest: Some(micros(1)) };
    assert_eq!(shop.webhooks().backlog().await.unwrap(), backlog);
    let just_the_first = Resend::Happened { from: micros(1), until: micros(2) };
    assert_eq!(shop.webhooks().resend(&just_the_first, micros(100)).await.unwrap(), 1);
    let (claimed, first) = claim(shop, 100, 200, 9).await;
    assert_eq!(claimed, [named(A, 1, 0)], "attempts begin anew");
    shop.webhooks().delivered(&first, micros(101)).await.unwrap();
    let (claimed, second) = claim(shop, 101, 200, 9).await;
    assert_eq!(claimed, [named(A, 2, 0)], "what waited for it goes on");
    shop.webhooks().put_off(second[0], None).await.unwrap();
    assert_eq!(shop.webhooks().resend(&Resend::GivenUp, micros(102)).await.unwrap(), 1);
    assert_eq!(claim(shop, 102, 200, 9).await.0, [named(A, 2, 0)]);
}

/// By order or by time, delivered or not, under the same ids.
pub async fn are_resent(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    assert_eq!(shop.webhooks().backlog().await.unwrap(), OutboxBacklog::default());
    stocked.create(&[(A, 1), (B, 2), (C, 3)]).await;
    stocked.change(A, 4).await;
    let (_, ids) = claim(shop, 5, 20, 9).await;
    shop.webhooks().delivered(&ids, micros(6)).await.unwrap();
    let backlog = OutboxBacklog { undelivered: 1, given_up: 0, oldest: Some(micros(4)) };
    assert_eq!(shop.webhooks().backlog().await.unwrap(), backlog);
    assert_eq!(shop.webhooks().resend(&Resend::OfOrder(order_id(A)), micros(10)).await.unwrap(), 2);
    let (claimed, again) = claim(shop, 10, 20, 9).await;
    assert_eq!((claimed, again), (vec![named(A, 1, 0)], vec![ids[0]]));
    let two_and_three = Resend::Happened { from: micros(2), until: micros(4) };
    assert_eq!(shop.webhooks().resend(&two_and_three, micros(11)).await.unwrap(), 2);
    assert_eq!(claim(shop, 11, 20, 9).await.0, [named(B, 2, 0), named(C, 3, 0)]);
    assert_eq!(shop.webhooks().resend(&Resend::GivenUp, micros(12)).await.unwrap(), 0);
}

/// What was delivered long ago, and nothing else; no more than asked for.
pub async fn are_forgotten_after_delivery(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    stocked.create(&[(A, 1), (B, 2), (C, 3)]).await;
    let (_, ids) = claim(shop, 5, 20, 9).await;
    shop.webhooks().delivered(&ids[..1], micros(6)).await.unwrap();
    shop.webhooks().delivered(&ids[1..2], micros(8)).await.unwrap();
    assert_eq!(shop.webhooks().purge(micros(6), 9).await.unwrap(), 0);
    assert_eq!(shop.webhooks().purge(micros(9), 1).await.unwrap(), 1);
    assert_eq!(shop.webhooks().resend(&Resend::OfOrder(order_id(A)), micros(9)).await.unwrap(), 0);
    assert_eq!(shop.webhooks().purge(micros(9), 9).await.unwrap(), 1);
    assert_eq!(shop.webhooks().purge(micros(99), 9).await.unwrap(), 0);
    assert_eq!(shop.webhooks().backlog().await.unwrap().undelivered, 1);
}

/// Eight who claim at once share what is due, and no event overtakes those before it, while more are written.
pub async fn are_claimed_by_one_alone(shop: Arc<dyn Shop>) {
    const NEWS: u64 = 4;
    let stocked = Arc::new(Stocked::new(shop).await);
    let orders: Vec<String> = (10..22).map(|number| format!("20191128120000{number}")).collect();
    let told = Arc::new(Told::default());
    let mut tasks = tokio::task::JoinSet::new();
    for order in orders.clone() {
        let stocked = Arc::clone(&stocked);
        tasks.spawn(async move {
            let new = [stocked.created(&order, 1)];
            let committed = PlacingOutcome::Committed(stocked.shop.removal_mode());
            assert_eq!(until_let_through(|| stocked.write(&new)).await, committed);
            for at in 2..=NEWS {
                until_let_through(|| stocked.try_to_change(&order, at)).await;
            }
        });
    }
    for _ in 0..8 {
        let (shop, told) = (Arc::clone(&stocked.shop), Arc::clone(&told));
        tasks.spawn(async move {
            for _ in 0..20 {
                told.claim_and_deliver(shop.webhooks()).await;
            }
        });
    }
    tasks.join_all().await;
    while told.claim_and_deliver(stocked.shop.webhooks()).await > 0 {}
    let all = orders.iter().map(|order| (order_id(order), NEWS));
    assert_eq!(*told.0.lock().unwrap(), all.collect());
}

/// The last event delivered of each order.
#[derive(Default)]
struct Told(Mutex<BTreeMap<OrderId, u64>>);

impl Told {
    /// Each is the next one of its order, once. Says how many there were.
    async fn claim_and_deliver(&self, events: &dyn WebhookQueue) -> usize {
        let claimed = until_let_through(|| events.claim(micros(1_000), micros(2_000), 3)).await;
        for Delivery { event, .. } in claimed.iter().map(|claimed| &claimed.item) {
            let mut told = self.0.lock().unwrap();
            let last = told.entry(event.order_id.clone()).or_default();
            assert_eq!(event.at, micros(*last + 1), "{}", event.order_id);
            *last += 1;
        }
        let ids: Vec<_> = claimed.iter().map(|claimed| claimed.item.id).collect();
        until_let_through(|| events.delivered(&ids, micros(1_000))).await;
        claimed.len()
    }
}
