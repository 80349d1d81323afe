//! Retries of open refunds, and of those that the service owes.

use application::JobError;
use domain::RefundKind;
use ports::Claimed;

use super::*;

/// One pass in which this refund is due, after this many attempts.
async fn pass(item: Refund, attempts: u32, gateway: MockPaymentGateway, ledgers: Ledgers) -> Ledgers {
    let ledgers = ledgers.with_due_refunds(vec![Claimed { item, attempts }]);
    assert_eq!(pass_over_due(gateway, &ledgers).await, 1);
    ledgers
}

async fn pass_over_open(attempts: u32, gateway: MockPaymentGateway) -> Ledgers {
    pass(open("9.90"), attempts, gateway, Ledgers::of(paid_ledger(&[open("9.90")]))).await
}

fn outcome(ledgers: &Ledgers) -> RefundStatus {
    ledgers.get(ORDER).refund("r1").unwrap().status
}

#[tokio::test]
async fn what_was_asked_before_is_asked_about_first_and_not_sent_again() {
    // The process that recorded it is sending it now, or died while doing so: that counts as one attempt.
    for attempts in [0, 1] {
        let gateway = looked_up(nobody_asked(), "r1", Ok(Some(money("9.90"))), 1);
        assert_eq!(outcome(&pass_over_open(attempts, gateway).await), RefundStatus::Succeeded);
    }
}

#[tokio::test]
async fn where_it_is_not_known_what_became_of_it_nothing_is_sent() {
    let other_amount = Ok(Some(money("9.80")));
    for answer in unclear().map(Err).into_iter().chain([other_amount, Err(no("40006"))]) {
        let ledgers = pass_over_open(1, looked_up(nobody_asked(), "r1", answer, 1)).await;
        assert_eq!(put_off(&ledgers, "r1"), Duration::from_secs(20));
    }
}

#[tokio::test]
async fn what_alipay_knows_nothing_of_is_sent_again_under_its_number() {
    for attempts in [0, 1] {
        let gateway = looked_up(willing("9.90"), "r1", Ok(None), 1);
        assert_eq!(outcome(&pass_over_open(attempts, gateway).await), RefundStatus::Succeeded);
    }
    let gateway = refunding(nobody_asked(), "r1", "9.90", Ok(RefundOutcome::Unclear));
    let ledgers = pass_over_open(2, looked_up(gateway, "r1", Ok(None), 1)).await;
    assert_eq!(put_off(&ledgers, "r1"), Duration::from_secs(40));
}

/// An Alipay that knows no such refund, before and after it refuses it.
fn refusing(number: &'static str, amount: &str, code: &str, times: usize) -> MockPaymentGateway {
    looked_up(refunding(nobody_asked(), number, amount, Err(no(code))), number, Ok(None), times)
}

#[tokio::test]
async fn staffs_refund_ends_with_alipays_no_once_the_attempt_before_is_old() {
    // The process that recorded it may have sent it two minutes ago, and that request may still be carried out.
    for (attempts, seconds) in [(0, 20), (1, 20), (9, 3600)] {
        let still = pass_over_open(attempts, refusing("r1", "9.90", "ACQ.TRADE_HAS_FINISHED", 2)).await;
        assert_eq!(outcome(&still), RefundStatus::Requested);
        assert_eq!(put_off(&still, "r1"), Duration::from_secs(seconds));
    }
    let ended = pass_over_open(10, refusing("r1", "9.90", "ACQ.TRADE_HAS_FINISHED", 2)).await;
    assert_eq!(outcome(&ended), RefundStatus::Failed);
    let ended = pass_over_open(340, refusing("r1", "9.90", "40006", 2)).await;
    assert_eq!(outcome(&ended), RefundStatus::Failed);
    let still = pass_over_open(339, refusing("r1", "9.90", "40006", 2)).await;
    assert_eq!(put_off(&still, "r1"), Duration::from_secs(3600));
}

/// The refund that the service owes for a payment in this status, with the ledger.
fn owed(status: PaymentStatus) -> (Refund, Ledgers) {
    let payment = recorded("A", status);
    let owed = Refund::automatic(&payment).unwrap();
    let (found, mut payments) = match status {
        PaymentStatus::Late => (OrderStatus::Cancelled, vec![]),
        PaymentStatus::Settled
        | PaymentStatus::Duplicate
        | PaymentStatus::WrongAmount
        | PaymentStatus::UnknownOrder => {
            (OrderStatus::AwaitingShipment, vec![recorded("B", PaymentStatus::Settled)])
        }
    };
    payments.push(payment);
    let on_record = ledger(Some(order(found)), payments, vec![owed.clone()]);
    (owed, Ledgers::of(on_record))
}

#[tokio::test]
async fn money_that_must_not_be_kept_goes_back_and_the_order_stays_as_it_is() {
    for payment in [PaymentStatus::Late, PaymentStatus::Duplicate] {
        let (owed, ledgers) = owed(payment);
        assert!(matches!(owed.kind, RefundKind::Late | RefundKind::Duplicate));
        let before = status(&ledgers);
        let refunded = Ok(RefundOutcome::Refunded { gone_back: None });
        let ledgers = pass(owed, 0, refunding(nobody_asked(), "back-A", "323.91", refunded), ledgers).await;
        assert_eq!(ledgers.get(ORDER).refunded(domain::Channel::Alipay.trade("A")), money("323.91"));
        assert_eq!(status(&ledgers), before);
    }
}

#[tokio::test]
async fn what_is_owed_is_tried_for_ever() {
    for status in [PaymentStatus::Late, PaymentStatus::Duplicate] {
        for (attempts, looks) in [(0, 1), (1, 2), (340, 2), (100_000, 2)] {
            let (owed, ledgers) = owed(status);
            let code = "ACQ.SELLER_BALANCE_NOT_ENOUGH";
            let ledgers = pass(owed, attempts, refusing("back-A", "323.91", code, looks), ledgers).await;
            assert!(put_off(&ledgers, "back-A") >= Duration::from_secs(10), "{attempts}");
        }
    }
}

#[tokio::test]
async fn a_refund_of_staffs_waits_for_the_shops_balance() {
    for attempts in [1, 10, 339] {
        let still =
            pass_over_open(attempts, refusing("r1", "9.90", "ACQ.SELLER_BALANCE_NOT_ENOUGH", 2)).await;
        assert_eq!(outcome(&still), RefundStatus::Requested);
    }
}

#[tokio::test]
async fn what_is_unclear_is_never_given_up() {
    for attempts in [340, 1_000, u32::MAX] {
        let unknown = looked_up(nobody_asked(), "r1", Err(alipay_down()), 1);
        let sent = looked_up(refunding(nobody_asked(), "r1", "9.90", Err(alipay_down())), "r1", Ok(None), 1);
        for gateway in [unknown, sent] {
            let ledgers = pass_over_open(attempts, gateway).await;
            assert_eq!(put_off(&ledgers, "r1"), Duration::from_secs(3600));
        }
    }
}

#[tokio::test]
async fn one_that_cannot_be_written_down_does_not_hold_up_the_next() {
    let (first, second) = (open("9.90"), Refund { out_request_no: "r2".to_owned(), ..open("1.00") });
    let ledgers = Ledgers::of(paid_ledger(&[first.clone(), second.clone()]))
        .failing_to_lock([store_down()])
        .with_due_refunds(vec![Claimed { item: first, attempts: 1 }, Claimed { item: second, attempts: 1 }]);
    let gateway = looked_up(nobody_asked(), "r1", Ok(Some(money("9.90"))), 1);
    let gateway = looked_up(gateway, "r2", Ok(Some(money("1.00"))), 1);
    assert_eq!(pass_over_due(gateway, &ledgers).await, 2);
    assert_eq!(outcome(&ledgers), RefundStatus::Requested);
    assert_eq!(ledgers.get(ORDER).refund("r2").unwrap().status, RefundStatus::Succeeded);
}

/// Otherwise it would be claimed first again when its lease ends.
#[tokio::test]
async fn one_that_panics_keeps_no_other_from_being_done_and_fails_the_pass() {
    let (first, second) = (open("9.90"), Refund { out_request_no: "r2".to_owned(), ..open("1.00") });
    let ledgers = Ledgers::of(paid_ledger(&[first.clone(), second.clone()]))
        .with_due_refunds(vec![Claimed { item: first, attempts: 1 }, Claimed { item: second, attempts: 1 }]);
    let mut gateway = looked_up(nobody_asked(), "r2", Ok(Some(money("1.00"))), 1);
    gateway.expect_refund_query().withf(|_, number| number == "r1").returning(|_, _| panic!("by this test"));
    let outcome = DueRefunds(Arc::new(service(gateway, &ledgers))).pass().await;
    assert!(matches!(outcome, Err(JobError::Panicked { panicked: 1, due: 2 })), "{outcome:?}");
    assert_eq!(outcome.unwrap_err().to_string(), "the work on 1 of 2 panicked");
    assert_eq!(ledgers.get(ORDER).refund("r2").unwrap().status, RefundStatus::Succeeded);
}

#[tokio::test]
async fn where_nothing_is_due_nobody_is_asked() {
    assert_eq!(pass_over_due(nobody_asked(), &Ledgers::default()).await, 0);
}
