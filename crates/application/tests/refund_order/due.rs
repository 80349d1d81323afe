//! What is tried again: refunds that are open, and those that the service owes.

use domain::RefundKind;
use ports::{Claimed, StoreError};

use super::*;

/// How many refunds one pass takes at most.
const PASS: u32 = 3;

fn claiming(due: Vec<(Refund, u32)>) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    let due: Vec<_> = due.into_iter().map(|(item, attempts)| Claimed { item, attempts }).collect();
    unit.refunds
        .expect_claim_due()
        .times(1)
        .withf(|now, lease_until, limit| (*now, *lease_until, *limit) == (noon(), noon().after(LEASE), PASS))
        .return_once(|_, _, _| Ok(due));
    unit
}

/// One pass in which this refund is due, tried so often before.
async fn pass(refund: Refund, attempts: u32, gateway: MockPaymentGateway, writing: MockUnitOfWork) {
    let units = units(vec![claiming(vec![(refund, attempts)]), writing]);
    assert_eq!(use_case(gateway, &units).pass().await.unwrap(), 1);
    assert_eq!((units.commits(), units.left()), (2, 0));
}

#[tokio::test]
async fn what_was_asked_before_is_asked_about_first_and_not_sent_again() {
    let gateway = looked_up(nobody_asked(), "r1", Ok(Some(money("9.90"))));
    pass(open("9.90"), 1, gateway, booking("9.90")).await;
}

#[tokio::test]
async fn where_it_is_not_known_what_became_of_it_nothing_is_sent() {
    let other_amount = Ok(Some(money("9.80")));
    for answer in unclear().map(Err).into_iter().chain([other_amount, Err(no("40006"))]) {
        let gateway = looked_up(nobody_asked(), "r1", answer);
        pass(open("9.90"), 1, gateway, put_off(open("9.90"), Duration::from_secs(20))).await;
    }
}

#[tokio::test]
async fn what_alipay_knows_nothing_of_is_sent_again_under_its_number() {
    let gateway = looked_up(willing("9.90"), "r1", Ok(None));
    pass(open("9.90"), 1, gateway, booking("9.90")).await;

    let gateway = refunding(nobody_asked(), "r1", "9.90", Ok(RefundOutcome::Unclear));
    let gateway = looked_up(gateway, "r1", Ok(None));
    pass(open("9.90"), 2, gateway, put_off(open("9.90"), Duration::from_secs(40))).await;
}

/// Whoever wrote it down asks for it at this moment, or died over it.
#[tokio::test]
async fn what_the_shops_people_want_is_asked_about_first_even_at_the_first_try() {
    let gateway = looked_up(nobody_asked(), "r1", Ok(Some(money("9.90"))));
    pass(open("9.90"), 0, gateway, booking("9.90")).await;

    let gateway = looked_up(willing("9.90"), "r1", Ok(None));
    pass(open("9.90"), 0, gateway, booking("9.90")).await;
}

#[tokio::test]
async fn it_is_tried_less_and_less_often_up_to_once_an_hour() {
    for (attempts, seconds) in [(1, 20), (3, 80), (8, 2560), (9, 3600), (40, 3600), (u32::MAX, 3600)] {
        let gateway = looked_up(nobody_asked(), "r1", Err(alipay_down()));
        pass(open("9.90"), attempts, gateway, put_off(open("9.90"), Duration::from_secs(seconds))).await;
    }
}

/// Alipay, which knows of no such refund, before and after it refuses it.
fn refusing(number: &'static str, amount: &str, code: &str, times: usize) -> MockPaymentGateway {
    let mut gateway = refunding(nobody_asked(), number, amount, Err(no(code)));
    gateway
        .expect_refund_query()
        .times(times)
        .withf(move |trade_no, asked| (trade_no, asked) == ("A", number))
        .returning(|_, _| Ok(None));
    gateway
}

#[tokio::test]
async fn the_shops_refund_ends_with_alipays_no() {
    let failing = finishing(paid_books(&[open("9.90")]), "r1", RefundStatus::Failed);
    pass(open("9.90"), 1, refusing("r1", "9.90", "ACQ.TRADE_HAS_FINISHED", 2), failing).await;
    let failing = finishing(paid_books(&[open("9.90")]), "r1", RefundStatus::Failed);
    pass(open("9.90"), 340, refusing("r1", "9.90", "40006", 2), failing).await;
    let still = put_off(open("9.90"), Duration::from_secs(3600));
    pass(open("9.90"), 339, refusing("r1", "9.90", "40006", 2), still).await;
}

/// The refund of a payment in this status, which the service owes, with all that is on record.
fn owed(status: PaymentStatus) -> (Refund, MockUnitOfWork) {
    let payment = recorded("A", status);
    let owed = Refund::owed(&payment).unwrap();
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
    let unit = books(Some(order(found)), payments, vec![owed.clone()]);
    (owed, unit)
}

#[tokio::test]
async fn money_that_must_not_be_kept_goes_back_and_the_order_stays_as_it_is() {
    for status in [PaymentStatus::Late, PaymentStatus::Duplicate] {
        let (owed, unit) = owed(status);
        assert!(matches!(owed.kind, RefundKind::Late | RefundKind::Duplicate));
        let writing = summing(finishing(unit, "back-A", RefundStatus::Succeeded), "323.91", false);
        let news = writing.news.clone();
        let gateway =
            refunding(nobody_asked(), "back-A", "323.91", Ok(RefundOutcome::Refunded { gone_back: None }));
        pass(owed, 0, gateway, writing).await;
        let told: Vec<_> = news.all().into_iter().map(|told| (told.amount, told.actor)).collect();
        assert_eq!(told, [(Some(money("323.91")), Actor::System)]);
    }
}

#[tokio::test]
async fn what_is_owed_is_tried_on_where_the_shops_would_end() {
    for status in [PaymentStatus::Late, PaymentStatus::Duplicate] {
        for (attempts, looks) in [(0, 1), (1, 2), (339, 2)] {
            let (owed, mut writing) = owed(status);
            writing
                .refunds
                .expect_set_due()
                .times(1)
                .withf(|number, due_at, why| {
                    (number, why.as_deref()) == ("back-A", Some("ACQ.SELLER_BALANCE_NOT_ENOUGH 卖家余额不足"))
                        && *due_at > noon()
                })
                .returning(|_, _, _| Ok(()));
            let code = "ACQ.SELLER_BALANCE_NOT_ENOUGH";
            pass(owed, attempts, refusing("back-A", "323.91", code, looks), writing).await;
        }
        let (owed, unit) = owed(status);
        let failing = finishing(unit, "back-A", RefundStatus::Failed);
        pass(owed, 340, refusing("back-A", "323.91", "ACQ.SELLER_BALANCE_NOT_ENOUGH", 2), failing).await;
    }
}

#[tokio::test]
async fn what_is_unclear_is_never_given_up() {
    for attempts in [340, 1_000, u32::MAX] {
        let gateway = looked_up(nobody_asked(), "r1", Err(alipay_down()));
        pass(open("9.90"), attempts, gateway, put_off(open("9.90"), Duration::from_secs(3600))).await;
        let gateway = refunding(nobody_asked(), "r1", "9.90", Err(alipay_down()));
        let gateway = looked_up(gateway, "r1", Ok(None));
        pass(open("9.90"), attempts, gateway, put_off(open("9.90"), Duration::from_secs(3600))).await;
    }
}

#[tokio::test]
async fn one_that_cannot_be_written_down_does_not_hold_up_the_next() {
    let (first, second) = (open("9.90"), Refund { out_request_no: "r2".to_owned(), ..open("1.00") });
    let writing = finishing(paid_books(std::slice::from_ref(&second)), "r2", RefundStatus::Succeeded);
    let gateway = looked_up(nobody_asked(), "r1", Ok(Some(money("9.90"))));
    let gateway = looked_up(gateway, "r2", Ok(Some(money("1.00"))));
    let units = Arc::new(PreparedUnits::new([
        Ok(claiming(vec![(first, 1), (second, 1)])),
        Err(store_down()),
        Ok(summing(writing, "1.00", true)),
    ]));
    assert_eq!(use_case(gateway, &units).pass().await.unwrap(), 2);
    assert_eq!((units.commits(), units.left()), (2, 0));
}

#[tokio::test]
async fn where_nothing_is_due_nobody_is_asked() {
    let units = units(vec![claiming(vec![])]);
    assert_eq!(use_case(nobody_asked(), &units).pass().await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_not_claimed_for_certain_is_not_sent() {
    let begin = Arc::new(PreparedUnits::new([Err(store_down())]));
    let mut claim = MockUnitOfWork::default();
    claim.refunds.expect_claim_due().returning(|_, _, _| Err(store_down()));
    let mut commit = claiming(vec![(open("9.90"), 0)]);
    commit.commit_error = Some(StoreError::OutcomeUnknown("connection lost".into()));
    for units in [begin, units(vec![claim]), units(vec![commit])] {
        assert!(use_case(nobody_asked(), &units).pass().await.is_err());
        assert_eq!((units.commits(), units.left()), (0, 0));
    }
}
