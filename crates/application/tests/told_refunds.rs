//! Refunds that Alipay tells of, against mocked ports.

mod support;

use std::sync::Arc;

use application::{NotificationError, SettleError, SettlePayment, Settled};
use domain::{
    Actor, Addressee, Cause, EvidenceSource, Money, Order, OrderNewsKind, OrderStatus, PaymentRecord,
    PaymentStatus, Refund, RefundKind, RefundStatus, StockMoveKind, Trade, TradeStatus,
};
use ports::{
    GatewayError, StoreError, VerifiedNotification,
    mock::{MockPaymentGateway, MockUnitOfWork, PreparedUnits},
};
use support::*;

fn use_case(gateway: MockPaymentGateway, units: &Arc<PreparedUnits>) -> SettlePayment {
    SettlePayment {
        gateway: Arc::new(gateway),
        units: Arc::clone(units) as _,
        merchant: merchant(),
        clock: Arc::new(clock()),
    }
}

async fn settle(
    trade: Trade,
    gateway: MockPaymentGateway,
    units: &Arc<PreparedUnits>,
) -> Result<Settled, SettleError> {
    let source = EvidenceSource::Notification;
    use_case(gateway, units).by_trade(&trade, source, Cause::alipay(None)).await
}

/// A message that tells of the refund of this number, and that so much of trade A went back so far.
fn telling(number: &str, refunded: &str) -> Trade {
    Trade { refunded: money(refunded), refund_request_no: Some(number.to_owned()), ..trade("A", "323.91") }
}

/// Alipay, which is asked about these refunds of trade A, one after the other.
fn asked(answers: Vec<(&'static str, Result<Option<Money>, GatewayError>)>) -> MockPaymentGateway {
    let mut gateway = MockPaymentGateway::new();
    for (number, answer) in answers {
        gateway
            .expect_refund_query()
            .times(1)
            .withf(move |trade_no, asked| trade_no == "A" && asked == number)
            .return_once(|_, _| answer);
    }
    gateway
}

fn confirming(number: &'static str, amount: &str) -> MockPaymentGateway {
    asked(vec![(number, Ok(Some(money(amount))))])
}

fn nobody_asked() -> MockPaymentGateway {
    MockPaymentGateway::new()
}

fn paid() -> Vec<PaymentRecord> {
    vec![recorded("A", PaymentStatus::Settled)]
}

fn to_be_sent() -> Option<Order> {
    Some(order(OrderStatus::AwaitingShipment))
}

/// The order, paid by trade A, and these refunds.
fn paid_books(refunds: &[Refund]) -> MockUnitOfWork {
    books(to_be_sent(), paid(), refunds.to_vec())
}

/// The same, which must then record a refund past this service, of this number and amount.
fn recording(mut unit: MockUnitOfWork, number: &'static str, amount: &str) -> MockUnitOfWork {
    let amount = money(amount);
    unit.refunds
        .expect_record()
        .times(1)
        .withf(move |refund, due_at| {
            (refund.kind, refund.status) == (RefundKind::External, RefundStatus::Succeeded)
                && (refund.out_request_no.as_str(), refund.amount) == (number, amount)
                && (refund.trade_no.as_str(), refund.out_trade_no.as_str()) == ("A", ORDER)
                && (refund.finished_at, *due_at) == (Some(noon()), None)
                && refund.restock.is_empty()
        })
        .returning(|_, _| Ok(true));
    unit
}

/// The same, which must then write down that nothing is left of trade A.
fn closing(mut unit: MockUnitOfWork) -> MockUnitOfWork {
    unit.payments.expect_close().times(1).withf(|trade_no| trade_no == "A").returning(|_| Ok(()));
    unit
}

#[tokio::test]
async fn a_trade_of_which_nothing_is_left_is_closed_though_not_each_refund_is_on_record() {
    let last = |number| Trade { status: TradeStatus::Closed, ..telling(number, "323.91") };
    let second = closing(summing(recording(paid_books(&[]), "x", "9.90"), "9.90", true));
    let past_us = units(vec![paid_books(&[]), second]);
    let settled = settle(last("x"), confirming("x", "9.90"), &past_us).await;
    assert_eq!((settled.unwrap(), past_us.commits()), (Settled::RefundTold, 1));

    let known = [refund("r1", "9.90", RefundStatus::Succeeded)];
    let done_before = units(vec![closing(paid_books(&known))]);
    let settled = settle(last("r1"), nobody_asked(), &done_before).await;
    assert_eq!((settled.unwrap(), done_before.commits()), (Settled::NothingNew, 1));

    let mut down = paid_books(&known);
    down.payments.expect_close().returning(|_| Err(store_down()));
    let down = units(vec![down]);
    let outcome = settle(last("r1"), nobody_asked(), &down).await;
    assert!(matches!(outcome, Err(SettleError::Store(_))), "{outcome:?}");
    assert_eq!(down.commits(), 0);
}

#[tokio::test]
async fn a_refund_of_ours_is_asked_about_at_once() {
    for status in [TradeStatus::Success, TradeStatus::Closed] {
        let mut unit = paid_books(&[refund("r1", "9.90", RefundStatus::Requested)]);
        unit.refunds
            .expect_set_due()
            .times(1)
            .withf(|number, due_at, failure| (number, *due_at, failure) == ("r1", noon(), &None))
            .returning(|_, _, _| Ok(()));
        let unit = if status == TradeStatus::Closed { closing(unit) } else { unit };
        let units = units(vec![unit]);
        let message = Trade { status, ..telling("r1", "9.90") };
        assert_eq!(settle(message, nobody_asked(), &units).await.unwrap(), Settled::RefundTold);
        assert_eq!(units.commits(), 1);
    }
}

#[tokio::test]
async fn what_is_known_to_be_done_is_nothing_new() {
    let external = Refund { kind: RefundKind::External, ..refund("x", "9.90", RefundStatus::Succeeded) };
    let units =
        units(vec![paid_books(&[refund("r1", "9.90", RefundStatus::Succeeded)]), paid_books(&[external])]);
    for number in ["r1", "x"] {
        let settled = settle(telling(number, "9.90"), nobody_asked(), &units).await;
        assert_eq!(settled.unwrap(), Settled::NothingNew);
    }
    assert_eq!((units.commits(), units.left()), (0, 0));
}

#[tokio::test]
async fn without_a_number_it_is_no_payment_and_no_cancellation_and_is_told_again_until_it_is_on_record() {
    for status in OrderStatus::ALL {
        for closed in [TradeStatus::Success, TradeStatus::Finished, TradeStatus::Closed] {
            let gone = vec![refund("x", "323.91", RefundStatus::Succeeded)];
            let found = || Some(order(status));
            let units = units(vec![
                books(found(), vec![], vec![]),
                books(found(), paid(), vec![]),
                books(found(), paid(), gone),
            ]);
            let message = Trade { status: closed, refunded: money("323.91"), ..trade("A", "323.91") };
            for _ in 0..2 {
                let outcome = settle(message.clone(), nobody_asked(), &units).await;
                assert!(matches!(outcome, Err(SettleError::Unnumbered)), "{outcome:?}");
            }
            assert_eq!(settle(message, nobody_asked(), &units).await.unwrap(), Settled::NothingNew);
            assert_eq!((units.commits(), units.left()), (0, 0));
        }
    }
}

#[tokio::test]
async fn a_refund_past_us_is_booked_with_what_alipay_says_it_was_and_not_with_the_sum() {
    let known =
        [refund("r1", "2.10", RefundStatus::Succeeded), refund("r2", "1.00", RefundStatus::Requested)];
    let second = summing(recording(paid_books(&known), "x", "9.90"), "12.00", true);
    let news = second.news.clone();
    let units = units(vec![paid_books(&known), second]);
    let settled = settle(telling("x", "12.00"), confirming("x", "9.90"), &units).await;
    assert_eq!(settled.unwrap(), Settled::RefundTold);
    assert_eq!((units.commits(), units.left()), (1, 0));
    let [told] = news.all().try_into().unwrap();
    assert_eq!((told.kind, told.amount), (OrderNewsKind::Refund, Some(money("9.90"))));
    assert_eq!((told.to, told.actor), (OrderStatus::AwaitingShipment, Actor::Alipay));
}

#[tokio::test]
async fn the_last_fen_ends_the_order_as_refunded_and_never_as_cancelled() {
    for status in [OrderStatus::AwaitingShipment, OrderStatus::AwaitingReceipt, OrderStatus::Completed] {
        let all =
            || books(Some(order(status)), paid(), vec![refund("r1", "323.90", RefundStatus::Succeeded)]);
        let second = ending(summing(recording(all(), "x", "0.01"), "323.91", true), status, Actor::Alipay);
        let news = second.news.clone();
        let units = units(vec![all(), second]);
        let message = Trade { status: TradeStatus::Closed, ..telling("x", "323.91") };
        assert_eq!(settle(message, confirming("x", "0.01"), &units).await.unwrap(), Settled::RefundTold);
        assert_eq!(units.commits(), 1);
        let kinds: Vec<_> = news.all().into_iter().map(|told| (told.kind, told.to)).collect();
        let expected =
            [(OrderNewsKind::Refund, status), (OrderNewsKind::StatusChanged, OrderStatus::Refunded)];
        assert_eq!(kinds, expected);
    }
}

#[tokio::test]
async fn a_refund_of_money_that_did_not_pay_the_order_leaves_the_order_alone() {
    for status in [PaymentStatus::Duplicate, PaymentStatus::WrongAmount] {
        let all = || books(to_be_sent(), vec![recorded("A", status)], vec![]);
        let units = units(vec![all(), summing(recording(all(), "x", "323.91"), "323.91", false)]);
        let settled = settle(telling("x", "323.91"), confirming("x", "323.91"), &units).await;
        assert_eq!(settled.unwrap(), Settled::RefundTold);
        assert_eq!(units.commits(), 1);
    }
    let all = || books(None, vec![recorded("A", PaymentStatus::UnknownOrder)], vec![]);
    let units = units(vec![all(), summing(recording(all(), "x", "9.90"), "9.90", false)]);
    let settled = settle(telling("x", "9.90"), confirming("x", "9.90"), &units).await;
    assert_eq!((settled.unwrap(), units.commits()), (Settled::RefundTold, 1));
}

#[tokio::test]
async fn an_owed_refund_gives_way_to_one_of_what_is_left() {
    let late = recorded("A", PaymentStatus::Late);
    let owed = Refund::owed(&late).unwrap();
    for (gone, rest) in [("300.00", Some("23.91")), ("323.91", None)] {
        let all = || books(Some(order(OrderStatus::Cancelled)), vec![late.clone()], vec![owed.clone()]);
        let mut second = summing(recording(all(), "x", gone), gone, false);
        second
            .refunds
            .expect_finish()
            .times(1)
            .withf(|number, status, why, at| {
                (number, *status, *at) == ("back-A", RefundStatus::Failed, noon()) && why.is_some()
            })
            .returning(|_, _, _, _| Ok(true));
        if let Some(rest) = rest.map(money) {
            second
                .refunds
                .expect_record()
                .times(1)
                .withf(move |refund, due_at| {
                    (refund.out_request_no.as_str(), refund.amount) == ("back-A-1", rest)
                        && (refund.kind, refund.status) == (RefundKind::Late, RefundStatus::Requested)
                        && *due_at == Some(noon())
                })
                .returning(|_, _| Ok(true));
        }
        let units = units(vec![all(), second]);
        let settled = settle(telling("x", gone), confirming("x", gone), &units).await;
        assert_eq!((settled.unwrap(), units.commits()), (Settled::RefundTold, 1), "{gone}");
    }
}

/// A refund of ours that took back one piece, and was recorded as failed.
fn failed(amount: &str) -> Refund {
    let failure = Some("ACQ.TRADE_STATUS_ERROR 交易状态不合法".to_owned());
    Refund { restock: restock(&[(4, 1)]), failure, ..refund("r1", amount, RefundStatus::Failed) }
}

/// The order and a failed refund of it, which must then be written down as done, with the piece.
fn correcting(amount: &str) -> MockUnitOfWork {
    let mut unit = paid_books(&[failed(amount)]);
    let done = Refund {
        status: RefundStatus::Succeeded,
        failure: None,
        finished_at: Some(noon()),
        ..failed(amount)
    };
    unit.refunds.expect_correct().times(1).withf(move |refund| *refund == done).returning(|_| Ok(true));
    unit.stock
        .expect_give_back()
        .times(1)
        .withf(|id, kind, pieces, at| {
            *id == order_id()
                && *kind == StockMoveKind::Refunded("r1".to_owned())
                && pieces == restock(&[(4, 1)])
                && *at == noon()
        })
        .returning(|_, _, _, _| Ok(true));
    summing(unit, amount, true)
}

#[tokio::test]
async fn a_refund_that_was_taken_for_failed_and_happened_is_booked_as_done() {
    let second = correcting("9.90");
    let news = second.news.clone();
    let partly = units(vec![paid_books(&[failed("9.90")]), second]);
    let settled = settle(telling("r1", "9.90"), confirming("r1", "9.90"), &partly).await;
    assert_eq!((settled.unwrap(), partly.commits()), (Settled::RefundTold, 1));
    let told: Vec<_> = news.all().into_iter().map(|told| (told.kind, told.amount)).collect();
    assert_eq!(told, [(OrderNewsKind::Refund, Some(money("9.90")))]);

    let second = ending(correcting("323.91"), OrderStatus::AwaitingShipment, Actor::Shop);
    let wholly = units(vec![paid_books(&[failed("323.91")]), second]);
    let message = Trade { status: TradeStatus::Closed, ..telling("r1", "323.91") };
    let settled = settle(message, confirming("r1", "323.91"), &wholly).await;
    assert_eq!((settled.unwrap(), wholly.commits()), (Settled::RefundTold, 1));
}

#[tokio::test]
async fn what_alipay_does_not_confirm_is_to_be_told_again() {
    for known in [vec![], vec![failed("9.90")]] {
        for answer in [Ok(None), Err(alipay_down())] {
            let is_down = answer.is_err();
            let units = units(vec![paid_books(&known)]);
            let outcome = settle(telling("r1", "9.90"), asked(vec![("r1", answer)]), &units).await;
            match outcome {
                Err(SettleError::Gateway(_)) => assert!(is_down),
                Err(SettleError::NotKnownYet) => assert!(!is_down),
                other => panic!("{other:?}"),
            }
            assert_eq!(units.commits(), 0);
        }
    }
}

#[tokio::test]
async fn what_somebody_else_booked_meanwhile_is_not_booked_twice() {
    let done = || paid_books(&[refund("r1", "9.90", RefundStatus::Succeeded)]);
    let before = units(vec![paid_books(&[]), done()]);
    let settled = settle(telling("r1", "9.90"), confirming("r1", "9.90"), &before).await;
    assert_eq!((settled.unwrap(), before.commits()), (Settled::NothingNew, 0));

    let mut recorded = paid_books(&[]);
    recorded.refunds.expect_record().times(1).returning(|_, _| Ok(false));
    let mut corrected = paid_books(&[failed("9.90")]);
    corrected.refunds.expect_correct().times(1).returning(|_| Ok(false));
    for (known, lost) in [(vec![], recorded), (vec![failed("9.90")], corrected)] {
        let units = units(vec![paid_books(&known), lost, done()]);
        let settled = settle(telling("r1", "9.90"), confirming("r1", "9.90"), &units).await;
        assert_eq!(settled.unwrap(), Settled::NothingNew);
        assert_eq!((units.commits(), units.left()), (0, 0));
    }
}

#[tokio::test]
async fn it_gives_up_after_bounded_tries() {
    let locked = (0..100).map(|_| {
        let mut unit = MockUnitOfWork::default();
        unit.orders.expect_find_for_update().returning(|_| Err(rows_locked()));
        unit
    });
    let units = units(locked.collect());
    let outcome = settle(telling("x", "9.90"), nobody_asked(), &units).await;
    assert!(matches!(outcome, Err(SettleError::Conflict)));
    assert_eq!(units.left(), 92);
}

#[tokio::test]
async fn each_failure_of_the_database_is_passed_on_so_that_alipay_sends_again() {
    let mut moves = locking(to_be_sent());
    moves.stock.expect_moves_of().returning(|_| Err(store_down()));
    let mut refunds = locking(to_be_sent());
    refunds.stock.expect_moves_of().returning(|_| Ok(vec![]));
    refunds.payments.expect_of_order().returning(|_| Ok(paid()));
    refunds.refunds.expect_of_order().returning(|_| Err(store_down()));
    let mut due = paid_books(&[refund("x", "9.90", RefundStatus::Requested)]);
    due.refunds.expect_set_due().returning(|_, _, _| Err(store_down()));
    for unit in [moves, refunds, due] {
        let units = units(vec![unit]);
        let outcome = settle(telling("x", "9.90"), nobody_asked(), &units).await;
        assert!(matches!(outcome, Err(SettleError::Store(_))), "{outcome:?}");
        assert_eq!(units.commits(), 0);
    }

    let mut record = paid_books(&[]);
    record.refunds.expect_record().returning(|_, _| Err(store_down()));
    let mut sum = recording(paid_books(&[]), "x", "9.90");
    sum.payments.expect_set_refunded().returning(|_, _| Err(store_down()));
    let mut of_order = recording(paid_books(&[]), "x", "9.90");
    of_order.payments.expect_set_refunded().returning(|_, _| Ok(()));
    of_order.orders.expect_set_refunded().returning(|_, _| Err(store_down()));
    let mut commit = summing(recording(paid_books(&[]), "x", "9.90"), "9.90", true);
    commit.commit_error = Some(StoreError::OutcomeUnknown("connection lost".into()));
    for unit in [record, sum, of_order, commit] {
        let units = units(vec![paid_books(&[]), unit]);
        let outcome = settle(telling("x", "9.90"), confirming("x", "9.90"), &units).await;
        assert!(matches!(outcome, Err(SettleError::Store(_))), "{outcome:?}");
        assert_eq!(units.commits(), 0);
    }

    let mut correct = paid_books(&[failed("9.90")]);
    correct.refunds.expect_correct().returning(|_| Err(store_down()));
    let mut stock = paid_books(&[failed("9.90")]);
    stock.refunds.expect_correct().returning(|_| Ok(true));
    stock.payments.expect_set_refunded().returning(|_, _| Ok(()));
    stock.stock.expect_give_back().returning(|_, _, _, _| Err(store_down()));
    for unit in [correct, stock] {
        let units = units(vec![paid_books(&[failed("9.90")]), unit]);
        let outcome = settle(telling("r1", "9.90"), confirming("r1", "9.90"), &units).await;
        assert!(matches!(outcome, Err(SettleError::Store(_))), "{outcome:?}");
        assert_eq!(units.commits(), 0);
    }
}

#[tokio::test]
async fn a_notification_of_a_refund_ends_here_too() {
    let message = VerifiedNotification {
        addressee: Addressee { app_id: "2021".to_owned(), seller_id: Some("2088".to_owned()) },
        notify_id: "n".to_owned(),
        trade: telling("x", "9.90"),
    };
    let mut gateway = asked(vec![("x", Ok(None))]);
    gateway.expect_verify_notification().times(1).return_once(|_| Ok(message));
    let units = units(vec![paid_books(&[])]);
    let outcome = use_case(gateway, &units).by_notification(b"the form", Cause::alipay(None)).await;
    assert!(matches!(outcome, Err(NotificationError::Settle(SettleError::NotKnownYet))));
}
