//! [`crate::OrderRepo`].

mod amendments;
mod attempts;
mod due;
mod guards;
mod rebuilt;

use std::sync::Arc;

use domain::{
    Cause, EndpointName, EvidenceSource, Money, OrderLedger, OrderStatus, PaymentRecord, PaymentStatus,
    Refund, RefundKind, RefundStatus, Restock, Shipment, StockMoveKind, TimelineEntry, TradeStatus,
    ledger::Event,
};

use super::{
    Shop,
    samples::{Stocked, append, change, how_many, micros, money, noon, order_id, payment, until_let_through},
};
use crate::{AppendError, StoreError};

pub use amendments::{
    changes_an_address_in_the_expected_status_alone, lowers_an_amount_from_the_expected_one_alone,
    lowers_an_amount_once_however_many_try,
};
pub use attempts::{
    closes_and_pays_attempts_in_their_states_alone, finds_an_order_by_an_attempt_that_is_not_on_record,
    finds_an_order_by_any_attempt, opens_an_attempt_once,
};
pub use due::{
    due_orders_are_claimed_by_one_alone, due_orders_are_claimed_once_and_again_after_the_lease,
    due_refunds_are_claimed_by_one_alone, due_refunds_are_claimed_once_and_again_after_the_lease,
    timers_are_set_in_their_status_alone,
};
pub use guards::{
    changes_status_from_the_expected_one_alone, changes_status_once_however_many_try,
    finishes_refunds_in_their_status_alone, gives_a_request_number_once, records_a_trade_once,
    records_a_trade_once_however_many_try, retakes_pieces_that_are_there,
    returns_pieces_once_for_each_reason, writes_all_events_or_none,
};

pub use rebuilt::is_rebuilt_from_its_events;

use OrderStatus::{AwaitingPayment, AwaitingReceipt, AwaitingShipment, Cancelled, Refunded};

const ORDER: &str = "2019112812000004";
const OTHER: &str = "2019112812000005";

async fn read(shop: &dyn Shop, number: &str) -> OrderLedger {
    shop.ledgers().lock(number).await.unwrap().ledger().clone()
}

async fn timeline(shop: &dyn Shop, number: &str) -> Vec<TimelineEntry> {
    shop.orders().timeline(&order_id(number)).await.unwrap()
}

fn refund(out_request_no: &str, trade_no: &str, amount: &str) -> Refund {
    Refund {
        channel: domain::Channel::Alipay,
        out_request_no: out_request_no.to_owned(),
        out_trade_no: ORDER.to_owned(),
        trade_no: trade_no.to_owned(),
        amount: money(amount),
        reason: "质量问题“😀”".to_owned(),
        kind: RefundKind::Shop,
        status: RefundStatus::Requested,
        restock: Vec::new(),
        cause: Cause::shop("小王".to_owned(), Some("req-1".to_owned())),
        requested_at: micros(5),
        finished_at: None,
        failure: None,
    }
}

fn requested(refund: Refund, due_at: u64) -> Event {
    Event::RefundRequested { refund, due_at: micros(due_at) }
}

fn lost(outcome: Result<(), AppendError>) -> bool {
    match outcome {
        Ok(()) => false,
        Err(AppendError::GuardLost) => true,
        Err(error) => panic!("{error:?}"),
    }
}

/// The ledger that is read after a write agrees with the events, field by field.
pub async fn reads_what_was_appended(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    stocked.place(&[stocked.order(ORDER), stocked.order(OTHER)]).await;
    let shop = &*stocked.shop;
    let mut expected = read(shop, ORDER).await;
    assert_eq!(expected.order.as_ref(), Some(&stocked.order(ORDER).order));
    assert_eq!(expected.in_stock, [(stocked.sku_id, 50)].into());
    let pieces = |count| vec![Restock { sku_id: stocked.sku_id, pieces: count }];
    let returned = |reason, count| Event::StockReturned { reason, pieces: pieces(count), at: noon() };
    let again = Refund {
        reason: "再退".to_owned(),
        restock: pieces(1),
        cause: Cause::shop("小李".to_owned(), Some("req-2".to_owned())),
        requested_at: micros(9),
        ..refund("r2", "A1", "1.00")
    };
    let part = Refund { restock: pieces(1), ..refund("r1", "A1", "9.90") };
    let done = |refund: Refund, before, in_all: &str| Event::RefundSucceeded {
        refund: Refund { status: RefundStatus::Succeeded, finished_at: Some(micros(7)), ..refund },
        before,
        trade_refunded: money(in_all),
        order_refunded: Some(money(in_all)),
    };
    let mut second = payment("A2", ORDER, PaymentStatus::Duplicate);
    second.source = EvidenceSource::Query;
    (second.trade.buyer, second.trade.paid_at, second.trade.status) = (None, None, TradeStatus::Finished);
    let owed = Refund::automatic(&second).unwrap();
    let wrong = payment("A3", ORDER, PaymentStatus::WrongAmount);
    let console = Refund {
        kind: RefundKind::External,
        cause: Cause::channel(domain::Channel::Alipay, None),
        ..refund("x", "A1", "0.01")
    };
    for events in [
        vec![
            returned(StockMoveKind::Cancelled, 2),
            Event::StatusChanged(change(ORDER, AwaitingPayment, Cancelled, "")),
        ],
        vec![
            Event::StockRetaken { pieces: pieces(2), at: noon() },
            Event::StatusChanged(change(ORDER, Cancelled, AwaitingShipment, "取消后付款")),
            Event::PaymentRecorded(payment("A1", ORDER, PaymentStatus::Settled)),
        ],
        vec![Event::PaymentRecorded(second), requested(owed, 9), Event::PaymentRecorded(wrong)],
        vec![requested(part.clone(), 9), requested(refund("r2", "A1", "1.00"), 9)],
        vec![
            Event::RefundPostponed {
                out_request_no: "r1".to_owned(),
                due_at: micros(9),
                failure: Some("支付宝处理中".to_owned()),
            },
            Event::RefundFailed {
                out_request_no: "r2".to_owned(),
                failure: "ACQ.SELLER_BALANCE_NOT_ENOUGH 余额不足".to_owned(),
                at: micros(8),
            },
        ],
        vec![Event::RefundReopened { refund: again.clone(), due_at: micros(99) }],
        vec![Event::RefundFailed {
            out_request_no: "r2".to_owned(),
            failure: "ACQ.TRADE_STATUS_ERROR".to_owned(),
            at: micros(10),
        }],
        vec![
            done(part, Some(RefundStatus::Requested), "9.90"),
            returned(StockMoveKind::Refunded("r1".to_owned()), 1),
        ],
        vec![
            done(Refund { amount: money("0.90"), ..again }, Some(RefundStatus::Failed), "10.80"),
            done(console, None, "10.81"),
        ],
        vec![
            Event::StatusChanged(change(ORDER, AwaitingShipment, AwaitingReceipt, "发货")),
            Event::Shipped(Shipment::new("顺丰速运😀", &"S".repeat(64), micros(70_000_001)).unwrap()),
            returned(StockMoveKind::Returned("g1".to_owned()), 1),
        ],
        vec![
            Event::TradeClosed { channel: domain::Channel::Alipay, trade_no: "A1".to_owned() },
            Event::StatusChanged(change(ORDER, AwaitingReceipt, Refunded, "")),
            Event::TimerSet { status: Refunded, due_at: None, restart: true },
        ],
    ] {
        append(shop, ORDER, &events).await.unwrap();
        for event in &events {
            expected.apply(event).unwrap();
        }
        let found = read(shop, ORDER).await;
        assert_eq!(found, expected, "after {events:?}");
        assert_eq!(stocked.find(ORDER).await, expected.order);
    }
    let changes: Vec<_> =
        timeline(shop, ORDER).await.into_iter().map(|entry| (entry.from, entry.to)).collect();
    let steps = [
        (AwaitingPayment, Cancelled),
        (Cancelled, AwaitingShipment),
        (AwaitingShipment, AwaitingReceipt),
        (AwaitingReceipt, Refunded),
    ];
    assert_eq!(changes, steps.map(|(from, to)| (Some(from), to)));
    let untouched = OrderLedger { order: Some(stocked.order(OTHER).order), ..read(shop, OTHER).await };
    assert_eq!(read(shop, OTHER).await, untouched);
    assert_eq!((untouched.payments.len(), untouched.refunds.len(), untouched.movements.len()), (0, 0, 0));
}

/// Alipay may report numbers that belong to no order, and texts that are no order numbers.
pub async fn keeps_what_is_of_no_order(shop: Arc<dyn Shop>) {
    for (trade_no, number) in
        [("A1", "other-shop_1"), ("A2", "订单"), ("A3", "x"), ("A4", "X"), ("A5", ORDER)]
    {
        assert_eq!(read(&*shop, number).await, OrderLedger::empty(number));
        let stray = payment(trade_no, number, PaymentStatus::UnknownOrder);
        append(&*shop, number, &[Event::PaymentRecorded(stray.clone())]).await.unwrap();
        let refund = Refund { out_trade_no: number.to_owned(), ..refund(trade_no, trade_no, "1.00") };
        append(&*shop, number, &[requested(refund.clone(), 9)]).await.unwrap();
        let expected =
            OrderLedger { payments: vec![stray], refunds: vec![refund], ..OrderLedger::empty(number) };
        assert_eq!(read(&*shop, number).await, expected);
    }
}

/// The largest amount is stored exactly.
pub async fn keeps_the_largest_amount(shop: Arc<dyn Shop>) {
    let mut largest: PaymentRecord = payment("A1", ORDER, PaymentStatus::UnknownOrder);
    largest.trade.total_amount = Money::MAX;
    append(&*shop, ORDER, &[Event::PaymentRecorded(largest.clone())]).await.unwrap();
    assert_eq!(read(&*shop, ORDER).await.payments, [largest]);
}

/// Longer texts are cut, not refused.
pub async fn keeps_two_hundred_characters_of_words(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    stocked.place(&[stocked.order(ORDER)]).await;
    let shop = &*stocked.shop;
    let long = "因".repeat(300);
    let refund = Refund { reason: long.clone(), ..refund("r1", "A1", "1.00") };
    append(
        shop,
        ORDER,
        &[
            Event::StatusChanged(change(ORDER, AwaitingPayment, AwaitingShipment, &long)),
            Event::PaymentRecorded(payment("A1", ORDER, PaymentStatus::Settled)),
            requested(refund, 9),
            Event::RefundFailed { out_request_no: "r1".to_owned(), failure: long, at: noon() },
        ],
    )
    .await
    .unwrap();
    let cut = "因".repeat(200);
    assert_eq!(timeline(shop, ORDER).await[0].reason, cut);
    let refunds = read(shop, ORDER).await.refunds;
    assert_eq!((&refunds[0].reason, refunds[0].failure.as_ref()), (&cut, Some(&cut)));
}

/// Webhooks get the written events, and no others.
pub async fn tells_webhooks_of_what_was_appended(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    stocked.place(&[stocked.order(ORDER)]).await;
    let shop = &*stocked.shop;
    let stale = Event::StatusChanged(change(ORDER, AwaitingShipment, AwaitingReceipt, ""));
    assert!(lost(append(shop, ORDER, &[stale]).await));
    drop(shop.ledgers().lock(ORDER).await.unwrap());
    let cancelled = Event::StatusChanged(change(ORDER, AwaitingPayment, Cancelled, "缺货"));
    append(shop, ORDER, &[cancelled]).await.unwrap();
    let mut told = Vec::new();
    for second in 99..102 {
        let now = micros(second * 1_000_000);
        let first = EndpointName::first();
        for claimed in shop.webhooks().claim(&first, now, now, 9).await.unwrap() {
            shop.webhooks().delivered(&first, &[claimed.item.id], &[], now).await.unwrap();
            told.push((claimed.item.event.to, claimed.item.event.reason));
        }
    }
    assert_eq!(told, [(AwaitingPayment, String::new()), (Cancelled, "缺货".to_owned())]);
}

/// Of twenty concurrent callers that refund the same whole payment, one succeeds: for a payment of an order, without an
/// order, and of an attempt without an order.
pub async fn decides_one_refund_at_a_time(shop: Arc<dyn Shop>) {
    let stocked = Arc::new(Stocked::new(shop).await);
    stocked.place(&[stocked.order(ORDER)]).await;
    for (number, out_trade_no, trade_no, status) in [
        (ORDER, ORDER, "A1", PaymentStatus::Settled),
        ("nobodys", "nobodys", "A2", PaymentStatus::UnknownOrder),
        (OTHER, "2019112812000005_2", "A3", PaymentStatus::UnknownOrder),
    ] {
        let paid = payment(trade_no, out_trade_no, status);
        append(&*stocked.shop, out_trade_no, &[Event::PaymentRecorded(paid)]).await.unwrap();
        let decided = how_many(20, |nth| {
            let stocked = Arc::clone(&stocked);
            async move {
                until_let_through(|| async {
                    let locked = stocked.shop.ledgers().lock(number).await?;
                    if locked.ledger().refundable(domain::Channel::Alipay.trade(trade_no)) < money("219.90") {
                        return Ok(false);
                    }
                    let out_trade_no = out_trade_no.to_owned();
                    let whole =
                        Refund { out_trade_no, ..refund(&format!("{trade_no}-{nth}"), trade_no, "219.90") };
                    written(locked.append(&[requested(whole, 9)]).await)
                })
                .await
            }
        });
        assert_eq!(decided.await, 1, "{number}");
        assert_eq!(read(&*stocked.shop, number).await.refunds.len(), 1);
    }
}

/// Whether the events were written; `false` if others were faster.
fn written(outcome: Result<(), AppendError>) -> Result<bool, StoreError> {
    match outcome {
        Ok(()) => Ok(true),
        Err(AppendError::GuardLost | AppendError::RequestNumberInUse) => Ok(false),
        Err(AppendError::Store(error)) => Err(error),
    }
}
