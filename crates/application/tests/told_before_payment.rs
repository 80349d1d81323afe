//! Refunds that Alipay tells of before we have heard of their payment, against mocked ports.

mod support;

use std::sync::Arc;

use application::{SettleError, SettlePayment, Settled};
use domain::{
    Actor, Cause, EvidenceSource, Money, Order, OrderNewsKind, OrderStatus, PaymentRecord, PaymentStatus,
    Refund, RefundKind, RefundStatus, Trade, TradeStatus,
};
use ports::{
    GatewayError, StockOutcome,
    mock::{MockPaymentGateway, MockUnitOfWork, PreparedUnits},
};
use support::*;

const ALL: &str = "323.91";

async fn settle(
    trade: Trade,
    answer: Result<Option<&str>, GatewayError>,
    units: &Arc<PreparedUnits>,
) -> Result<Settled, SettleError> {
    let mut gateway = MockPaymentGateway::new();
    let answer = answer.map(|amount| amount.map(money));
    gateway
        .expect_refund_query()
        .times(1..)
        .withf(|trade_no, number| (trade_no, number) == ("A", "x"))
        .returning(move |_, _| match &answer {
            Ok(amount) => Ok(*amount),
            Err(_) => Err(alipay_down()),
        });
    let settle = SettlePayment {
        gateway: Arc::new(gateway),
        units: Arc::clone(units) as _,
        merchant: merchant(),
        clock: Arc::new(clock()),
    };
    settle.by_trade(&trade, EvidenceSource::Notification, Cause::alipay(None)).await
}

/// A message that tells of the refund x of trade A, and that so much of it went back so far.
fn telling(refunded: &str) -> Trade {
    let status = if refunded == ALL { TradeStatus::Closed } else { TradeStatus::Success };
    let refund_request_no = Some("x".to_owned());
    Trade { status, refunded: money(refunded), refund_request_no, ..trade("A", ALL) }
}

/// The order, of whose trade A nothing is on record.
fn unheard(found: Option<Order>) -> MockUnitOfWork {
    books(found, vec![], vec![])
}

fn found(status: OrderStatus) -> Option<Order> {
    Some(order(status))
}

/// The same, which must then write the payment down in this status, and nothing as gone back of it so far.
fn paying(mut unit: MockUnitOfWork, status: PaymentStatus) -> MockUnitOfWork {
    unit.payments
        .expect_record()
        .times(1)
        .withf(move |payment: &PaymentRecord| {
            (payment.status, payment.source) == (status, EvidenceSource::Notification)
                && (payment.trade.trade_no.as_str(), payment.trade.refunded) == ("A", Money::ZERO)
                && payment.trade.refund_request_no.is_none()
        })
        .returning(|_| Ok(true));
    unit
}

/// The same, which must then make the order paid.
fn settling(mut unit: MockUnitOfWork, from: OrderStatus) -> MockUnitOfWork {
    unit.orders
        .expect_change_status()
        .times(1)
        .withf(move |change| {
            (change.from, change.to) == (from, OrderStatus::AwaitingShipment)
                && change.cause.actor == Actor::Alipay
        })
        .returning(|_| Ok(true));
    unit
}

/// The same, which must then write down a refund past this service of this amount.
fn recording(mut unit: MockUnitOfWork, amount: &str) -> MockUnitOfWork {
    let amount = money(amount);
    unit.refunds
        .expect_record()
        .times(1)
        .withf(move |refund, due_at| {
            (refund.kind, refund.status) == (RefundKind::External, RefundStatus::Succeeded)
                && (refund.out_request_no.as_str(), refund.amount) == ("x", amount)
                && (refund.trade_no.as_str(), *due_at) == ("A", None)
        })
        .returning(|_, _| Ok(true));
    unit
}

/// The same, which must then write down what is owed to the buyer under this number.
fn owing(mut unit: MockUnitOfWork, number: &'static str, amount: &str) -> MockUnitOfWork {
    let amount = money(amount);
    unit.refunds
        .expect_record()
        .times(1)
        .withf(move |refund, due_at| {
            (refund.out_request_no.as_str(), refund.amount) == (number, amount)
                && refund.kind.is_owed()
                && *due_at == Some(noon())
        })
        .returning(|_, _| Ok(true));
    unit
}

/// The same, which must then give up what was owed, for a part went back otherwise.
fn giving_up_owed(mut unit: MockUnitOfWork) -> MockUnitOfWork {
    unit.refunds
        .expect_finish()
        .times(1)
        .withf(|number, status, why, _| {
            (number, *status) == ("back-A", RefundStatus::Failed) && why.is_some()
        })
        .returning(|_, _, _, _| Ok(true));
    unit
}

#[tokio::test]
async fn all_of_it_makes_the_order_paid_and_refunded_at_once() {
    let unpaid = OrderStatus::AwaitingPayment;
    let second = settling(paying(unheard(found(unpaid)), PaymentStatus::Settled), unpaid);
    let second = summing(recording(second, ALL), ALL, true);
    let second = ending(second, OrderStatus::AwaitingShipment, Actor::Alipay);
    let news = second.news.clone();
    let units = units(vec![unheard(found(unpaid)), second]);
    assert_eq!(settle(telling(ALL), Ok(Some(ALL)), &units).await.unwrap(), Settled::RefundTold);
    assert_eq!((units.commits(), units.left()), (1, 0), "nobody ever sees it paid");
    let told: Vec<_> = news.all().into_iter().map(|told| (told.kind, told.to)).collect();
    let expected = [
        (OrderNewsKind::StatusChanged, OrderStatus::AwaitingShipment),
        (OrderNewsKind::Refund, OrderStatus::AwaitingShipment),
        (OrderNewsKind::StatusChanged, OrderStatus::Refunded),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_part_of_it_makes_the_order_paid_less_that_part() {
    let unpaid = OrderStatus::AwaitingPayment;
    let second = settling(paying(unheard(found(unpaid)), PaymentStatus::Settled), unpaid);
    let units = units(vec![unheard(found(unpaid)), summing(recording(second, "9.90"), "9.90", true)]);
    assert_eq!(settle(telling("9.90"), Ok(Some("9.90")), &units).await.unwrap(), Settled::RefundTold);
    assert_eq!(units.commits(), 1);
}

#[tokio::test]
async fn the_last_part_of_several_is_on_record_as_the_last() {
    let unpaid = OrderStatus::AwaitingPayment;
    let mut second = settling(unheard(found(unpaid)), unpaid);
    second
        .payments
        .expect_record()
        .times(1)
        .withf(|payment| payment.trade.status == TradeStatus::Closed)
        .returning(|_| Ok(true));
    let units = units(vec![unheard(found(unpaid)), summing(recording(second, "9.90"), "9.90", true)]);
    assert_eq!(settle(telling(ALL), Ok(Some("9.90")), &units).await.unwrap(), Settled::RefundTold);
    assert_eq!(units.commits(), 1);
}

#[tokio::test]
async fn an_order_that_is_paid_without_a_record_gets_both() {
    for status in [OrderStatus::AwaitingShipment, OrderStatus::AwaitingReceipt, OrderStatus::Completed] {
        let second = recording(paying(unheard(found(status)), PaymentStatus::Settled), ALL);
        let second = ending(summing(second, ALL, true), status, Actor::Alipay);
        let units = units(vec![unheard(found(status)), second]);
        assert_eq!(settle(telling(ALL), Ok(Some(ALL)), &units).await.unwrap(), Settled::RefundTold);
        assert_eq!(units.commits(), 1);
    }
}

#[tokio::test]
async fn a_cancelled_order_stays_cancelled_where_all_of_it_went_back() {
    let second = paying(unheard(found(OrderStatus::Cancelled)), PaymentStatus::Late);
    let second = summing(recording(second, ALL), ALL, false);
    let units = units(vec![unheard(found(OrderStatus::Cancelled)), second]);
    assert_eq!(settle(telling(ALL), Ok(Some(ALL)), &units).await.unwrap(), Settled::RefundTold);
    assert_eq!(units.commits(), 1, "nothing is owed, and no stock is taken");
}

#[tokio::test]
async fn a_cancelled_order_of_which_a_part_went_back_takes_its_stock_again_or_owes_the_rest() {
    let retaking = |mut unit: MockUnitOfWork, outcome| {
        unit.stock.expect_retake().times(1).returning(move |_, _, _| Ok(outcome));
        unit
    };
    let cancelled = || unheard(found(OrderStatus::Cancelled));
    let second = retaking(paying(cancelled(), PaymentStatus::Settled), StockOutcome::Taken);
    let second = summing(recording(settling(second, OrderStatus::Cancelled), "9.90"), "9.90", true);
    let taken = units(vec![cancelled(), second]);
    assert_eq!(settle(telling("9.90"), Ok(Some("9.90")), &taken).await.unwrap(), Settled::RefundTold);
    assert_eq!(taken.commits(), 1);

    let late = owing(paying(cancelled(), PaymentStatus::Late), "back-A", ALL);
    let late = giving_up_owed(summing(recording(late, "9.90"), "9.90", false));
    let late = owing(late, "back-A-1", "314.01");
    let gone = units(vec![cancelled(), retaking(cancelled(), StockOutcome::Changed), cancelled(), late]);
    assert_eq!(settle(telling("9.90"), Ok(Some("9.90")), &gone).await.unwrap(), Settled::RefundTold);
    assert_eq!((gone.commits(), gone.left()), (1, 0));
}

#[tokio::test]
async fn money_that_pays_no_order_is_on_record_with_what_went_back() {
    let paid_by_b = || {
        let others = vec![recorded("B", PaymentStatus::Settled)];
        books(found(OrderStatus::AwaitingShipment), others, vec![])
    };
    let second = owing(paying(paid_by_b(), PaymentStatus::Duplicate), "back-A", ALL);
    let second = giving_up_owed(summing(recording(second, "9.90"), "9.90", false));
    let duplicate = units(vec![paid_by_b(), owing(second, "back-A-1", "314.01")]);
    assert_eq!(settle(telling("9.90"), Ok(Some("9.90")), &duplicate).await.unwrap(), Settled::RefundTold);
    assert_eq!(duplicate.commits(), 1);

    let second = summing(recording(paying(unheard(None), PaymentStatus::UnknownOrder), ALL), ALL, false);
    let unknown = units(vec![unheard(None), second]);
    assert_eq!(settle(telling(ALL), Ok(Some(ALL)), &unknown).await.unwrap(), Settled::RefundTold);
    assert_eq!(unknown.commits(), 1);

    let wrong = Trade { total_amount: money("219.00"), ..telling("9.90") };
    let second = paying(unheard(found(OrderStatus::AwaitingPayment)), PaymentStatus::WrongAmount);
    let second = summing(recording(second, "9.90"), "9.90", false);
    let wrongly = units(vec![unheard(found(OrderStatus::AwaitingPayment)), second]);
    assert_eq!(settle(wrong, Ok(Some("9.90")), &wrongly).await.unwrap(), Settled::RefundTold);
    assert_eq!(wrongly.commits(), 1);
}

#[tokio::test]
async fn what_alipay_does_not_confirm_changes_nothing_and_is_to_be_told_again() {
    for status in OrderStatus::ALL {
        for answer in [Ok(None), Err(alipay_down())] {
            let is_down = answer.is_err();
            let units = units(vec![unheard(found(status))]);
            match settle(telling(ALL), answer, &units).await {
                Err(SettleError::Gateway(_)) => assert!(is_down),
                Err(SettleError::NotKnownYet) => assert!(!is_down),
                other => panic!("{other:?}"),
            }
            assert_eq!((units.commits(), units.left()), (0, 0));
        }
    }
}

#[tokio::test]
async fn it_looks_again_when_the_payment_comes_in_meanwhile() {
    let unpaid = OrderStatus::AwaitingPayment;
    let mut changed = unheard(found(unpaid));
    changed.orders.expect_change_status().times(1).returning(|_| Ok(false));
    let mut recorded_meanwhile = settling(unheard(found(unpaid)), unpaid);
    recorded_meanwhile.payments.expect_record().times(1).returning(|_| Ok(false));
    for lost in [changed, recorded_meanwhile] {
        let by_now = || {
            let payment = vec![recorded("A", PaymentStatus::Settled)];
            books(found(OrderStatus::AwaitingShipment), payment, vec![])
        };
        let last = summing(recording(by_now(), "9.90"), "9.90", true);
        let units = units(vec![unheard(found(unpaid)), lost, by_now(), last]);
        assert_eq!(settle(telling("9.90"), Ok(Some("9.90")), &units).await.unwrap(), Settled::RefundTold);
        assert_eq!((units.commits(), units.left()), (1, 0));
    }
}

#[tokio::test]
async fn each_failure_of_the_database_is_passed_on_so_that_alipay_sends_again() {
    let unpaid = OrderStatus::AwaitingPayment;
    let mut change = unheard(found(unpaid));
    change.orders.expect_change_status().returning(|_| Err(store_down()));
    let mut payment = settling(unheard(found(unpaid)), unpaid);
    payment.payments.expect_record().returning(|_| Err(store_down()));
    let mut refund = settling(paying(unheard(found(unpaid)), PaymentStatus::Settled), unpaid);
    refund.refunds.expect_record().returning(|_: &Refund, _| Err(store_down()));
    for unit in [change, payment, refund] {
        let units = units(vec![unheard(found(unpaid)), unit]);
        let outcome = settle(telling("9.90"), Ok(Some("9.90")), &units).await;
        assert!(matches!(outcome, Err(SettleError::Store(_))), "{outcome:?}");
        assert_eq!(units.commits(), 0);
    }
}
