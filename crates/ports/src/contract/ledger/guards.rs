//! The guards of events, which the writing statements must check.

use std::sync::Arc;

use super::*;
use crate::contract::{
    StockRecord,
    samples::{a_sku, allocation, take},
};

/// If the order has another status, it does not change, and no timeline entry is written.
pub async fn changes_status_from_the_expected_one_alone(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    stocked.place(&[stocked.order(ORDER), stocked.order(OTHER)]).await;
    let shop = &*stocked.shop;
    let changed = async |from, to, reason: &str| {
        !lost(append(shop, ORDER, &[Event::StatusChanged(change(ORDER, from, to, reason))]).await)
    };
    assert!(changed(AwaitingPayment, AwaitingShipment, "支付成功").await);
    assert!(!changed(AwaitingPayment, AwaitingShipment, "again").await);
    assert!(!changed(AwaitingReceipt, OrderStatus::Completed, "too early").await);
    assert!(changed(AwaitingShipment, AwaitingReceipt, "已发货").await);
    assert_eq!(stocked.find(ORDER).await.map(|order| order.status), Some(AwaitingReceipt));
    assert_eq!(stocked.find(OTHER).await.map(|order| order.status), Some(AwaitingPayment));
    let entry = |from, to, reason: &str| TimelineEntry {
        from: Some(from),
        to,
        cause: Cause::channel(domain::Channel::Alipay, Some("req-1".to_owned())),
        reason: reason.to_owned(),
        amendment: None,
        at: micros(9_000_000),
    };
    let expected = [
        entry(AwaitingPayment, AwaitingShipment, "支付成功"),
        entry(AwaitingShipment, AwaitingReceipt, "已发货"),
    ];
    assert_eq!(timeline(shop, ORDER).await, expected);
    assert_eq!(timeline(shop, OTHER).await, []);
    let nobodys = "2019112812000099";
    let of_no_order = change(nobodys, AwaitingPayment, Cancelled, "");
    assert!(lost(append(shop, nobodys, &[Event::StatusChanged(of_no_order)]).await));
}

/// Of twenty concurrent callers with the same change, one makes it.
pub async fn changes_status_once_however_many_try(shop: Arc<dyn Shop>) {
    let stocked = Arc::new(Stocked::new(shop).await);
    stocked.place(&[stocked.order(ORDER)]).await;
    let changed = how_many(20, |_| {
        let stocked = Arc::clone(&stocked);
        async move {
            until_let_through(|| async {
                let paid = Event::StatusChanged(change(ORDER, AwaitingPayment, AwaitingShipment, "支付成功"));
                written(stocked.shop.ledgers().lock(ORDER).await?.append(&[paid]).await)
            })
            .await
        }
    });
    assert_eq!(changed.await, 1);
    assert_eq!(timeline(&*stocked.shop, ORDER).await.len(), 1);
}

/// If the guard of an event fails, the events before it are not written either.
pub async fn writes_all_events_or_none(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    stocked.place(&[stocked.order(ORDER)]).await;
    let shop = &*stocked.shop;
    let before = read(shop, ORDER).await;
    let paid = payment("A1", ORDER, PaymentStatus::Settled);
    let events = [
        Event::StatusChanged(change(ORDER, AwaitingPayment, AwaitingShipment, "支付成功")),
        Event::PaymentRecorded(paid.clone()),
        Event::PaymentRecorded(paid),
    ];
    assert!(lost(append(shop, ORDER, &events).await));
    assert_eq!(read(shop, ORDER).await, before);
    assert_eq!(timeline(shop, ORDER).await, []);
    append(shop, ORDER, &events[..2]).await.unwrap();
    assert_eq!(read(shop, ORDER).await.payments.len(), 1);
}

/// A trade has one record, the first one. Numbers that differ in case are different trades.
pub async fn records_a_trade_once(shop: Arc<dyn Shop>) {
    let record = async |payment: &PaymentRecord| {
        let number = payment.trade.out_trade_no.clone();
        !lost(append(&*shop, &number, &[Event::PaymentRecorded(payment.clone())]).await)
    };
    let first = payment("2019a", ORDER, PaymentStatus::UnknownOrder);
    assert!(record(&first).await);
    assert!(!record(&PaymentRecord { status: PaymentStatus::WrongAmount, ..first.clone() }).await);
    assert!(!record(&payment("2019a", OTHER, PaymentStatus::UnknownOrder)).await);
    let other_trade = payment("2019A", ORDER, PaymentStatus::UnknownOrder);
    assert!(record(&other_trade).await);
    assert_eq!(read(&*shop, ORDER).await.payments, [first, other_trade]);
    assert_eq!(read(&*shop, OTHER).await.payments, []);
}

/// Of twenty concurrent callers with the same trade, one records it.
pub async fn records_a_trade_once_however_many_try(shop: Arc<dyn Shop>) {
    let recorded = how_many(20, |_| {
        let shop = Arc::clone(&shop);
        async move {
            until_let_through(|| async {
                let paid = Event::PaymentRecorded(payment("A1", ORDER, PaymentStatus::UnknownOrder));
                written(shop.ledgers().lock(ORDER).await?.append(&[paid]).await)
            })
            .await
        }
    });
    assert_eq!(recorded.await, 1);
    assert_eq!(read(&*shop, ORDER).await.payments.len(), 1);
}

/// A refund's request number is used once among all order numbers; a used one has a separate error.
pub async fn gives_a_request_number_once(shop: Arc<dyn Shop>) {
    append(&*shop, ORDER, &[requested(refund("r1", "A1", "1.00"), 9)]).await.unwrap();
    let elsewhere = Refund { out_trade_no: OTHER.to_owned(), ..refund("r1", "A9", "1.00") };
    let done = Event::RefundSucceeded {
        refund: Refund { status: RefundStatus::Succeeded, ..elsewhere.clone() },
        before: None,
        trade_refunded: money("1.00"),
        order_refunded: None,
    };
    for event in [requested(elsewhere, 9), done] {
        let outcome = append(&*shop, OTHER, &[event]).await;
        assert!(matches!(outcome, Err(AppendError::RequestNumberInUse)), "{outcome:?}");
    }
    assert_eq!(read(&*shop, OTHER).await.refunds, []);
    let other_case = Refund { out_trade_no: OTHER.to_owned(), ..refund("R1", "A9", "1.00") };
    append(&*shop, OTHER, &[requested(other_case, 9)]).await.unwrap();
}

/// A finished refund keeps its status, except a failed one that succeeded after all.
pub async fn finishes_refunds_in_their_status_alone(shop: Arc<dyn Shop>) {
    use RefundStatus::{Failed, Requested, Succeeded};
    let done = |number: &str, before| Event::RefundSucceeded {
        refund: Refund { status: Succeeded, finished_at: Some(micros(9)), ..refund(number, "A1", "1.00") },
        before: Some(before),
        trade_refunded: money("1.00"),
        order_refunded: None,
    };
    let failed = |number: &str| Event::RefundFailed {
        out_request_no: number.to_owned(),
        failure: "no".to_owned(),
        at: micros(8),
    };
    let postponed = |number: &str| Event::RefundPostponed {
        out_request_no: number.to_owned(),
        due_at: micros(1),
        failure: None,
    };
    let reopened =
        |number: &str| Event::RefundReopened { refund: refund(number, "A1", "1.00"), due_at: micros(1) };
    let is_lost = async |event: Event| lost(append(&*shop, ORDER, &[event]).await);
    let paid = payment("A1", ORDER, PaymentStatus::UnknownOrder);
    append(&*shop, ORDER, &[Event::PaymentRecorded(paid)]).await.unwrap();
    for number in ["r1", "r2"] {
        append(&*shop, ORDER, &[requested(refund(number, "A1", "1.00"), 1)]).await.unwrap();
    }
    assert!(is_lost(done("r1", Failed)).await && is_lost(done("r1", Succeeded)).await);
    assert!(is_lost(reopened("r1")).await, "it is open");
    assert!(!is_lost(failed("r1")).await && !is_lost(done("r2", Requested)).await);
    for event in [
        failed("r1"),
        postponed("r1"),
        done("r1", Requested),
        failed("r2"),
        postponed("r2"),
        done("r2", Requested),
        reopened("r2"),
        failed("r3"),
        reopened("r3"),
    ] {
        assert!(is_lost(event.clone()).await, "{event:?}");
    }
    let due = shop.ledgers().claim_due_refunds(micros(99), micros(100), 9).await.unwrap();
    assert_eq!(due.len(), 0, "what has ended is not due any more");
    assert!(!is_lost(done("r1", Failed)).await);
    let statuses: Vec<_> = read(&*shop, ORDER).await.refunds.iter().map(|refund| refund.status).collect();
    assert_eq!(statuses, [Succeeded, Succeeded]);
}

/// A return restores stock and sales, adds one to the version, and records a movement with its reason. A second return
/// for the same reason changes nothing; for another reason it is another movement. A deleted SKU takes no pieces back.
pub async fn returns_pieces_once_for_each_reason(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    let shop = &*stocked.shop;
    let first = shop.add_sku(a_sku("甲", "1.50", 10)).await;
    let second = shop.add_sku(a_sku("乙", "1.50", 4)).await;
    let sold = [allocation(first, 3, "1.50"), allocation(second, 4, "1.50")];
    assert!(take(shop, &sold).await.unwrap());
    stocked.place(&[stocked.order(ORDER), stocked.order(OTHER)]).await;
    let pieces = [Restock { sku_id: first, pieces: 3 }, Restock { sku_id: second, pieces: 1 }];
    let give_back = async |number: &str, reason: StockMoveKind, pieces: &[Restock]| {
        let event = Event::StockReturned { reason, pieces: pieces.to_vec(), at: noon() };
        !lost(append(shop, number, &[event]).await)
    };
    let refunded = |number: &str| StockMoveKind::Refunded(number.to_owned());
    assert!(give_back(ORDER, StockMoveKind::Cancelled, &pieces).await);
    let cancelled = change(ORDER, AwaitingPayment, Cancelled, "");
    append(shop, ORDER, &[Event::StatusChanged(cancelled)]).await.unwrap();
    assert!(!give_back(ORDER, StockMoveKind::Cancelled, &pieces[1..]).await, "a second time");
    assert_eq!(shop.stock_record(first).await, StockRecord { stock: 10, sales: 0, version: 2 });
    assert_eq!(shop.stock_record(second).await, StockRecord { stock: 1, sales: 3, version: 2 });
    assert!(give_back(ORDER, refunded("r1"), &pieces[1..]).await);
    assert!(!give_back(ORDER, refunded("r1"), &pieces).await, "one of them went back before");
    assert!(give_back(ORDER, refunded("R1"), &pieces[1..]).await);
    assert!(give_back(OTHER, StockMoveKind::Cancelled, &pieces[1..]).await);
    let gone = [Restock { sku_id: domain::SkuId(999_999), pieces: 1 }];
    assert!(!give_back(OTHER, refunded("r2"), &gone).await, "there is no such SKU");
    assert_eq!(shop.stock_record(first).await, StockRecord { stock: 10, sales: 0, version: 2 });
    assert_eq!(shop.stock_record(second).await, StockRecord { stock: 4, sales: 0, version: 5 });
    let moves: Vec<_> = read(shop, ORDER)
        .await
        .movements
        .into_iter()
        .map(|moved| (moved.sku_id, moved.pieces, moved.kind))
        .collect();
    let expected = [
        (first, 3, StockMoveKind::Cancelled),
        (second, 1, StockMoveKind::Cancelled),
        (second, 1, refunded("r1")),
        (second, 1, refunded("R1")),
    ];
    assert_eq!(moves, expected);
}

/// Pieces are taken once, at any price, on the shelf or not, if the stock has all of them; otherwise none is taken.
pub async fn retakes_pieces_that_are_there(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    stocked.place(&[stocked.order(ORDER), stocked.order(OTHER)]).await;
    let shop = &*stocked.shop;
    let few = shop.add_sku(a_sku("乙", "1.50", 1)).await;
    shop.change_sku(stocked.sku_id, "另一件", "other.jpg", money("999.99")).await;
    let retake = async |number: &str, wanted: &[(domain::SkuId, u32)]| {
        let pieces =
            wanted.iter().map(|(sku_id, pieces)| Restock { sku_id: *sku_id, pieces: *pieces }).collect();
        !lost(append(shop, number, &[Event::StockRetaken { pieces, at: noon() }]).await)
    };
    assert!(!retake(ORDER, &[(stocked.sku_id, 2), (few, 2)]).await);
    assert_eq!(shop.stock_record(stocked.sku_id).await, StockRecord { stock: 50, sales: 0, version: 0 });
    assert!(retake(ORDER, &[(stocked.sku_id, 2), (few, 1)]).await);
    assert!(!retake(ORDER, &[(stocked.sku_id, 2)]).await, "a second time");
    assert!(!retake(OTHER, &[(few, 1)]).await);
    assert_eq!(shop.stock_record(stocked.sku_id).await, StockRecord { stock: 48, sales: 2, version: 1 });
    assert_eq!(shop.stock_record(few).await, StockRecord { stock: 0, sales: 1, version: 1 });
}
