//! The one way in which an order becomes paid: the queries to Alipay, and the effects of its evidence.

use std::sync::Arc;

use application::{NotificationError, OrderService, SettleError, Settled, TransactError};
use domain::{
    Addressee, Cause, EvidenceSource, NotForUs, OrderStatus, PaymentStatus, Refund, RefundKind, RefundStatus,
    Trade, TradeStatus, Unstorable, UnstorableTrade,
    ledger::{Command, Event, Refusal},
};
use ports::{
    AppendError, GatewayError, NotVerified, VerifiedNotification,
    mock::{Ledgers, MockPaymentGateway, MockRefusedMessages},
};

use crate::support::*;

const ALL: &str = "323.91";

async fn settle_with(
    gateway: MockPaymentGateway,
    trade: &Trade,
    ledgers: &Ledgers,
) -> Result<Settled, SettleError> {
    let cause = Cause::channel(domain::Channel::Alipay, None);
    service(gateway, ledgers).settle_trade(trade, EvidenceSource::Notification, &cause).await
}

async fn settle(trade: &Trade, ledgers: &Ledgers) -> Result<Settled, SettleError> {
    settle_with(MockPaymentGateway::new(), trade, ledgers).await
}

#[tokio::test]
async fn evidence_is_settled_once() {
    let paid = trade("A", ALL);
    for (before, expected, after) in [
        (only(OrderStatus::AwaitingPayment), Settled::Paid, OrderStatus::AwaitingShipment),
        (only(OrderStatus::Cancelled), Settled::Revived, OrderStatus::AwaitingShipment),
        (only(OrderStatus::Completed), Settled::RecordedOnly(PaymentStatus::Settled), OrderStatus::Completed),
    ] {
        let ledgers = Ledgers::of(before);
        assert_eq!(settle(&paid, &ledgers).await.unwrap(), expected);
        assert_eq!((status(&ledgers), ledgers.get(ORDER).payments.len()), (after, 1));
        let events = ledgers.appended().len();
        assert_eq!(settle(&paid, &ledgers).await.unwrap(), Settled::NothingNew);
        assert_eq!(ledgers.appended().len(), events, "a replay writes nothing");
    }
}

#[tokio::test]
async fn what_does_not_pay_is_recorded_and_what_must_not_be_kept_goes_back() {
    let recorded_only = |status| Settled::RecordedOnly(status);
    let ledgers = Ledgers::of(only(OrderStatus::AwaitingPayment));
    let wrong = settle(&trade("A", "219.00"), &ledgers).await.unwrap();
    assert_eq!(
        (wrong, status(&ledgers)),
        (recorded_only(PaymentStatus::WrongAmount), OrderStatus::AwaitingPayment)
    );

    let ledgers = Ledgers::of(paid_ledger(&[]));
    assert_eq!(settle(&trade("B", ALL), &ledgers).await.unwrap(), recorded_only(PaymentStatus::Duplicate));
    assert_eq!(ledgers.get(ORDER).refunds[0].kind, RefundKind::Duplicate);

    let mut sold_out = only(OrderStatus::Cancelled);
    sold_out.in_stock.clear();
    let ledgers = Ledgers::of(sold_out);
    assert_eq!(settle(&trade("A", ALL), &ledgers).await.unwrap(), recorded_only(PaymentStatus::Late));
    assert_eq!(ledgers.get(ORDER).refunds[0].kind, RefundKind::Late);

    for number in [ORDER, "ORD_20250102_0001"] {
        let ledgers = Ledgers::default();
        let foreign = Trade { out_trade_no: number.to_owned(), ..trade("A", ALL) };
        assert_eq!(settle(&foreign, &ledgers).await.unwrap(), recorded_only(PaymentStatus::UnknownOrder));
        assert_eq!(ledgers.get(number).payments.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_others_recorded_meanwhile_is_seen_at_the_next_attempt() {
    let ledgers = Ledgers::of(only(OrderStatus::AwaitingPayment)).failing_to_append([changed_meanwhile()]);
    assert_eq!(settle(&trade("A", ALL), &ledgers).await.unwrap(), Settled::Paid);
    assert_eq!(ledgers.locks(), 2);
}

#[tokio::test]
async fn each_failure_of_the_database_is_passed_on_so_that_alipay_sends_again() {
    let lock = Ledgers::of(only(OrderStatus::AwaitingPayment)).failing_to_lock([store_down()]);
    let append = Ledgers::of(only(OrderStatus::AwaitingPayment)).failing_to_append([connection_lost()]);
    for ledgers in [lock, append] {
        let outcome = settle(&trade("A", ALL), &ledgers).await;
        assert!(matches!(outcome, Err(SettleError::Transact(TransactError::Store(_)))), "{outcome:?}");
        assert_eq!(ledgers.appended(), []);
    }
}

/// A message about the refund with this number, with the amount refunded so far.
fn telling(number: &str, refunded: &str) -> Trade {
    let status = if refunded == ALL { TradeStatus::Closed } else { TradeStatus::Success };
    let refund_request_no = Some(number.to_owned());
    Trade { status, refunded: money(refunded), refund_request_no, ..trade("A", ALL) }
}

/// An Alipay that expects this many queries about the refund x.
fn knowing(answer: Result<Option<&str>, GatewayError>, times: usize) -> MockPaymentGateway {
    let mut gateway = MockPaymentGateway::new();
    let answer = answer.map(|amount| amount.map(money));
    gateway
        .expect_refund_query()
        .times(times)
        .withf(|trade_no, number| (trade_no, number) == ("A", "x"))
        .returning(move |_, _| match &answer {
            Ok(amount) => Ok(*amount),
            Err(_) => Err(alipay_down()),
        });
    gateway
}

#[tokio::test]
async fn a_refund_under_way_is_asked_about_now() {
    let ledgers = Ledgers::of(paid_ledger(&[refund("r1", "9.90", RefundStatus::Requested)]));
    assert_eq!(settle(&telling("r1", "9.90"), &ledgers).await.unwrap(), Settled::RefundNotified);
    let done = Ledgers::of(paid_ledger(&[refund("r1", "9.90", RefundStatus::Succeeded)]));
    assert_eq!(settle(&telling("r1", "9.90"), &done).await.unwrap(), Settled::NothingNew);
}

#[tokio::test]
async fn a_refund_made_elsewhere_is_booked_with_what_alipay_confirms_and_not_with_the_message() {
    let ledgers = Ledgers::of(paid_ledger(&[]));
    let settled = settle_with(knowing(Ok(Some("9.80")), 1), &telling("x", "9.90"), &ledgers).await;
    assert_eq!(settled.unwrap(), Settled::RefundNotified);
    assert_eq!(ledgers.get(ORDER).refunded(domain::Channel::Alipay.trade("A")), money("9.80"));
    assert_eq!(ledgers.get(ORDER).refund("x").unwrap().kind, RefundKind::External);

    let failed = refund("x", "9.90", RefundStatus::Failed);
    let ledgers = Ledgers::of(paid_ledger(&[failed]));
    settle_with(knowing(Ok(Some("9.90")), 1), &telling("x", "9.90"), &ledgers).await.unwrap();
    let corrected = ledgers.get(ORDER).refund("x").cloned().unwrap();
    assert_eq!((corrected.status, corrected.kind), (RefundStatus::Succeeded, RefundKind::Shop));
}

#[tokio::test]
async fn a_refund_that_comes_before_its_payment_is_booked_with_it() {
    for (found, expected) in [
        (Some(OrderStatus::AwaitingPayment), PaymentStatus::Settled),
        (Some(OrderStatus::Cancelled), PaymentStatus::Late),
        (None, PaymentStatus::UnknownOrder),
    ] {
        let ledgers = Ledgers::of(ledger(found.map(order), vec![], vec![]));
        let settled = settle_with(knowing(Ok(Some(ALL)), 1), &telling("x", ALL), &ledgers).await;
        assert_eq!(settled.unwrap(), Settled::RefundNotified);
        let after = ledgers.get(ORDER);
        assert_eq!(
            (after.payments[0].status, after.refunded(domain::Channel::Alipay.trade("A"))),
            (expected, money(ALL))
        );
        assert_eq!(after.payments[0].trade.refunded, money(ALL));
        let open = |refund: &&Refund| refund.status == RefundStatus::Requested;
        assert_eq!(after.refunds.iter().find(open), None, "nothing more is to go back");
        let again = settle_with(knowing(Ok(Some(ALL)), 0), &telling("x", ALL), &ledgers).await;
        assert_eq!(again.unwrap(), Settled::NothingNew);
    }
}

#[tokio::test]
async fn what_alipay_does_not_confirm_is_sent_again() {
    let ledgers = Ledgers::of(paid_ledger(&[]));
    let unknown = settle_with(knowing(Ok(None), 1), &telling("x", "9.90"), &ledgers).await;
    assert!(matches!(unknown, Err(SettleError::NotKnownYet)), "{unknown:?}");
    let down = settle_with(knowing(Err(alipay_down()), 1), &telling("x", "9.90"), &ledgers).await;
    assert!(matches!(down, Err(SettleError::Gateway(_))), "{down:?}");
    let unnumbered = Trade { refund_request_no: None, ..telling("x", "9.90") };
    let outcome = settle(&unnumbered, &ledgers).await;
    let expected = Refusal::RefundUnnumbered;
    assert!(
        matches!(&outcome, Err(SettleError::Transact(TransactError::Refused(refusal))) if *refusal == expected),
        "{outcome:?}"
    );
    assert_eq!(ledgers.appended(), []);
}

/// Whether Alipay can be asked about the refunds or not, and whether its message names them or not.
#[tokio::test]
async fn nothing_is_shipped_of_a_trade_that_is_known_to_be_wholly_refunded() {
    let whole = Trade { status: TradeStatus::Closed, ..telling("x", ALL) };
    let unnumbered = Trade { refund_request_no: None, ..whole.clone() };
    for (answer, times, trade) in
        [(Ok(None), 1, &whole), (Err(alipay_down()), 1, &whole), (Ok(None), 0, &unnumbered)]
    {
        let ledgers = Ledgers::of(paid_ledger(&[]));
        let gateway = knowing(answer, times);
        assert!(settle_with(gateway, trade, &ledgers).await.is_err(), "it is to be sent again");
        let closed = Event::TradeClosed { channel: domain::Channel::Alipay, trade_no: "A".to_owned() };
        assert_eq!(ledgers.appended(), [closed]);
        let ship = Command::Ship { shipment: shipment(), receipt_after: RECEIPT_AFTER };
        let shipped = ledgers.get(ORDER).decide(&ship, &Cause::system(), noon());
        assert_eq!(shipped, Err(Refusal::BeingRefunded));
        // The refund is recorded once Alipay names it.
        settle_with(knowing(Ok(Some(ALL)), 1), &whole, &ledgers).await.unwrap();
        assert_eq!(ledgers.get(ORDER).order.unwrap().status, OrderStatus::Refunded);
    }
}

#[tokio::test(start_paused = true)]
async fn a_confirmed_refund_is_tried_again_and_its_failures_are_passed_on() {
    let ledgers = Ledgers::of(paid_ledger(&[])).failing_to_append([changed_meanwhile(), changed_meanwhile()]);
    settle_with(knowing(Ok(Some("9.90")), 1), &telling("x", "9.90"), &ledgers).await.unwrap();
    assert_eq!(ledgers.get(ORDER).refunds.len(), 1);
    let ledgers = Ledgers::of(paid_ledger(&[])).failing_to_append([AppendError::Store(store_down())]);
    let outcome = settle_with(knowing(Ok(Some("9.90")), 1), &telling("x", "9.90"), &ledgers).await;
    assert!(matches!(outcome, Err(SettleError::Transact(TransactError::Store(_)))), "{outcome:?}");
}

/// In Alipay, the number is unique only within a trade.
#[tokio::test]
async fn a_refund_made_elsewhere_under_a_number_of_another_order_is_booked_all_the_same() {
    let ledgers = Ledgers::of(paid_ledger(&[])).failing_to_append([AppendError::RequestNumberInUse]);
    let settled = settle_with(knowing(Ok(Some(ALL)), 1), &telling("x", ALL), &ledgers).await;
    assert_eq!((settled.unwrap(), status(&ledgers)), (Settled::RefundNotified, OrderStatus::Refunded));
    let again = settle_with(knowing(Ok(Some(ALL)), 0), &telling("x", ALL), &ledgers).await;
    assert_eq!(again.unwrap(), Settled::NothingNew);
    let ledgers = Ledgers::of(paid_ledger(&[]))
        .failing_to_append([AppendError::RequestNumberInUse, AppendError::RequestNumberInUse]);
    let outcome = settle_with(knowing(Ok(Some(ALL)), 1), &telling("x", ALL), &ledgers).await;
    assert!(matches!(outcome, Err(SettleError::Transact(TransactError::Refused(_)))), "{outcome:?}");
}

fn notification(app_id: &str, seller_id: Option<&str>) -> VerifiedNotification {
    VerifiedNotification {
        addressee: Addressee { app_id: app_id.to_owned(), seller_id: seller_id.map(str::to_owned) },
        trade: Ok(trade("A", ALL)),
    }
}

async fn notify(
    answer: Result<VerifiedNotification, NotVerified>,
    ledgers: &Ledgers,
) -> Result<Settled, NotificationError> {
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_verify_notification().times(1).withf(|form| form == b"the form").return_once(|_| answer);
    service(gateway, ledgers).settle_notification(domain::Channel::Alipay, b"the form", None).await
}

#[tokio::test]
async fn a_notification_settles_like_any_evidence() {
    let ledgers = Ledgers::of(only(OrderStatus::AwaitingPayment));
    let settled = notify(Ok(notification("2021", Some("2088"))), &ledgers).await;
    assert_eq!(settled.unwrap(), Settled::Paid);
    let payment = &ledgers.get(ORDER).payments[0];
    assert_eq!((payment.source, payment.recorded_at), (EvidenceSource::Notification, noon()));
}

#[tokio::test]
async fn a_notification_that_is_not_alipays_or_not_for_us_touches_nothing() {
    let ledgers = Ledgers::of(only(OrderStatus::AwaitingPayment));
    let forged = notify(Err(NotVerified::Signature), &ledgers).await;
    assert!(matches!(forged, Err(NotificationError::NotVerified(_))));
    let other_app = notify(Ok(notification("2022", Some("2088"))), &ledgers).await;
    assert!(matches!(other_app, Err(NotificationError::NotForUs(NotForUs::App))));
    for seller in [Some("2089"), None] {
        let other_seller = notify(Ok(notification("2021", seller)), &ledgers).await;
        assert!(matches!(other_seller, Err(NotificationError::NotForUs(NotForUs::Seller))));
    }
    assert_eq!(ledgers.locks(), 0);
}

/// Alipay need not send it again, and staff can read it.
#[tokio::test]
async fn a_message_that_can_never_be_stored_is_kept_and_dealt_with() {
    let notify_of = async |trade: Result<Trade, UnstorableTrade>, refused: MockRefusedMessages| {
        let mut gateway = MockPaymentGateway::new();
        let addressee = Addressee { app_id: "2021".to_owned(), seller_id: Some("2088".to_owned()) };
        gateway
            .expect_verify_notification()
            .times(1)
            .return_once(move |_| Ok(VerifiedNotification { addressee, trade }));
        let ledgers = Ledgers::of(only(OrderStatus::AwaitingPayment));
        let settle = OrderService { refused: Arc::new(refused), ..service(gateway, &ledgers) };
        let settled =
            settle.settle_notification(domain::Channel::Alipay, b"trade_no=9&sign=a%2Bb%3D", None).await;
        assert!(ledgers.appended().is_empty());
        settled
    };
    let notify =
        async |refused| notify_of(Ok(Trade { trade_no: "9".repeat(65), ..trade("A", ALL) }), refused).await;
    let mut refused = MockRefusedMessages::new();
    refused
        .expect_keep_refused()
        .times(1)
        .withf(|message| {
            message.trade_no == "9".repeat(65)
                && message.out_trade_no == ORDER
                && message.reason == "trade_no has 65 characters, of which 1 to 64 are kept"
                && message.message == "trade_no=9&sign=a%2Bb%3D"
        })
        .returning(|_| Ok(()));
    assert_eq!(notify(refused).await.unwrap(), Settled::NothingNew);

    // An amount that does not fit our type does not even become a trade.
    let why = Unstorable::Amount { field: "total_amount" };
    let unstorable = UnstorableTrade { trade_no: "A".to_owned(), out_trade_no: ORDER.to_owned(), why };
    let mut refused = MockRefusedMessages::new();
    let reason = "total_amount is above 99999999.99";
    refused
        .expect_keep_refused()
        .times(1)
        .withf(move |message| message.reason == reason)
        .returning(|_| Ok(()));
    assert_eq!(notify_of(Err(unstorable), refused).await.unwrap(), Settled::NothingNew);

    let mut refused = MockRefusedMessages::new();
    refused.expect_keep_refused().times(1).returning(|_| Err(store_down()));
    let settled = notify(refused).await;
    assert!(matches!(settled, Err(NotificationError::Settle(_))), "it must come again: {settled:?}");
}
