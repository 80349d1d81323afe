//! What Alipay answers, and how it is written down.

use ports::StoreError;

use super::*;

/// Asks for 9.90 of Alipay as it is, with this unit of work for what it answers.
async fn answered(gateway: MockPaymentGateway, writing: MockUnitOfWork) -> Refund {
    let units = units(vec![recording(open("9.90")), writing]);
    let refund = request(&ask(Some("9.90")), gateway, &units).await.unwrap();
    assert_eq!((units.commits(), units.left()), (2, 0));
    refund
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

#[tokio::test]
async fn what_is_unclear_is_neither_done_nor_failed() {
    let unclear = unclear().map(Err);
    for answer in std::iter::once(Ok(RefundOutcome::Unclear)).chain(unclear) {
        let gateway = refunding(nobody_asked(), "r1", "9.90", answer);
        let refund = answered(gateway, put_off(open("9.90"), ten_seconds())).await;
        assert_eq!((refund.status, refund.finished_at), (RefundStatus::Requested, None));
        assert!(refund.failure.is_some());
    }
}

/// What went back past the books is for the shop's people and the bill: our own refund is booked as it is.
#[tokio::test]
async fn a_sum_that_is_not_ours_changes_nothing_of_what_is_booked() {
    for gone_back in [None, Some("9.90"), Some("59.90"), Some("0")] {
        let outcome = RefundOutcome::Refunded { gone_back: gone_back.map(money) };
        let gateway = refunding(nobody_asked(), "r1", "9.90", Ok(outcome));
        assert_eq!(answered(gateway, booking("9.90")).await.status, RefundStatus::Succeeded);
    }
}

#[tokio::test]
async fn a_refusal_ends_it_where_alipay_knows_of_no_such_refund() {
    let gateway = refunding(nobody_asked(), "r1", "9.90", Err(no("ACQ.SELLER_BALANCE_NOT_ENOUGH")));
    let gateway = looked_up(gateway, "r1", Ok(None));
    let mut writing = paid_books(&[open("9.90")]);
    let words = "ACQ.SELLER_BALANCE_NOT_ENOUGH 卖家余额不足";
    writing
        .refunds
        .expect_finish()
        .times(1)
        .withf(move |number, status, why, at| {
            (number, *status, *at) == ("r1", RefundStatus::Failed, noon()) && why.as_deref() == Some(words)
        })
        .returning(|_, _, _, _| Ok(true));
    let news = writing.news.clone();
    let refund = answered(gateway, writing).await;
    assert_eq!((refund.status, refund.finished_at), (RefundStatus::Failed, Some(noon())));
    assert_eq!((refund.failure.as_deref(), news.all().len()), (Some(words), 0));
}

#[tokio::test]
async fn a_refusal_of_what_happened_before_is_a_success() {
    let gateway = refunding(nobody_asked(), "r1", "9.90", Err(no("ACQ.TRADE_STATUS_ERROR")));
    let gateway = looked_up(gateway, "r1", Ok(Some(money("9.90"))));
    assert_eq!(answered(gateway, booking("9.90")).await.status, RefundStatus::Succeeded);
}

#[tokio::test]
async fn a_refusal_is_not_final_while_it_is_not_known_what_became_of_the_refund() {
    let other_amount = Ok(Some(money("9.80")));
    for answer in unclear().map(Err).into_iter().chain([other_amount, Err(no("ACQ.INVALID_PARAMETER"))]) {
        let gateway = refunding(nobody_asked(), "r1", "9.90", Err(no("ACQ.TRADE_STATUS_ERROR")));
        let gateway = looked_up(gateway, "r1", answer);
        let refund = answered(gateway, put_off(open("9.90"), ten_seconds())).await;
        assert_eq!(refund.status, RefundStatus::Requested);
    }
}

#[tokio::test]
async fn a_refusal_that_is_not_about_the_refund_is_not_final() {
    for code in ["40006", "isv.insufficient-isv-permissions", "40005"] {
        let gateway = refunding(nobody_asked(), "r1", "9.90", Err(no(code)));
        let gateway = looked_up(gateway, "r1", Ok(None));
        let refund = answered(gateway, put_off(open("9.90"), ten_seconds())).await;
        assert_eq!(refund.status, RefundStatus::Requested, "{code}");
        assert_eq!(refund.failure, Some(format!("{code} 卖家余额不足")));
    }
}

/// What Alipay did is written down again and again until the order keeps still; Alipay is asked once.
#[tokio::test]
async fn the_answer_is_written_again_when_others_were_faster_or_hold_the_rows() {
    let whole = || paid_books(&[Refund { restock: restock(&[(4, 2)]), ..open("323.91") }]);
    let mut finished = whole();
    finished.refunds.expect_finish().times(1).returning(|_, _, _, _| Ok(false));
    let mut gave_back = summing(finishing(whole(), "r1", RefundStatus::Succeeded), "323.91", false);
    gave_back.stock.expect_give_back().times(1).returning(|_, _, _, _| Ok(false));
    let mut changed = summing(finishing(whole(), "r1", RefundStatus::Succeeded), "323.91", true);
    changed.stock.expect_give_back().times(1).returning(|_, _, _, _| Ok(true));
    changed.orders.expect_change_status().times(1).returning(|_| Ok(false));
    let mut locked = MockUnitOfWork::default();
    locked.orders.expect_find_for_update().returning(|_| Err(rows_locked()));
    let last = summing(finishing(whole(), "r1", RefundStatus::Succeeded), "323.91", true);
    let mut last = ending(last, OrderStatus::AwaitingShipment, Actor::Shop);
    last.stock.expect_give_back().times(1).returning(|_, _, _, _| Ok(true));

    let mut first = asking(paid_books(&[]));
    first.refunds.expect_record().times(1).returning(|_, _| Ok(true));
    let units = units(vec![first, finished, gave_back, changed, locked, last]);
    let wish = RefundAsk { restock: restock(&[(4, 2)]), ..ask(None) };
    let done = request(&wish, willing("323.91"), &units).await.unwrap();
    assert_eq!(done.status, RefundStatus::Succeeded);
    assert_eq!((units.commits(), units.left()), (2, 0), "what was written in vain is not committed");
}

#[tokio::test]
async fn a_refusal_is_written_again_when_others_were_faster() {
    let gateway = refunding(nobody_asked(), "r1", "9.90", Err(no("ACQ.TRADE_HAS_FINISHED")));
    let gateway = looked_up(gateway, "r1", Ok(None));
    let mut lost = paid_books(&[open("9.90")]);
    lost.refunds.expect_finish().times(1).returning(|_, _, _, _| Ok(false));
    let last = finishing(paid_books(&[open("9.90")]), "r1", RefundStatus::Failed);
    let units = units(vec![recording(open("9.90")), lost, last]);
    let refund = request(&ask(Some("9.90")), gateway, &units).await.unwrap();
    assert_eq!((refund.status, units.commits()), (RefundStatus::Failed, 2));
}

#[tokio::test]
async fn what_somebody_else_wrote_meanwhile_stands() {
    let by_others = |status| Refund { status, finished_at: Some(noon()), ..open("9.90") };
    let refused = || {
        let gateway = refunding(nobody_asked(), "r1", "9.90", Err(no("ACQ.TRADE_STATUS_ERROR")));
        looked_up(gateway, "r1", Ok(None))
    };
    for (gateway, status) in [
        (willing("9.90"), RefundStatus::Succeeded),
        (refused(), RefundStatus::Succeeded),
        (refused(), RefundStatus::Failed),
        (refunding(nobody_asked(), "r1", "9.90", Err(alipay_down())), RefundStatus::Failed),
    ] {
        let units = units(vec![recording(open("9.90")), paid_books(&[by_others(status)])]);
        let refund = request(&ask(Some("9.90")), gateway, &units).await.unwrap();
        assert_eq!(refund, by_others(status));
        assert_eq!(units.commits(), 1, "nothing was written after the first");
    }
}

/// Two asked at the same moment; the one that was refused was faster to write it down than the one whose money went.
#[tokio::test]
async fn what_somebody_else_took_for_failed_is_put_right() {
    let failed = || Refund { status: RefundStatus::Failed, failure: Some("ACQ".to_owned()), ..open("9.90") };
    let done = Refund { status: RefundStatus::Succeeded, finished_at: Some(noon()), ..open("9.90") };
    let mut lost = paid_books(&[failed()]);
    lost.refunds.expect_correct().times(1).returning(|_| Ok(false));
    let mut writing = summing(paid_books(&[failed()]), "9.90", true);
    let expected = done.clone();
    writing
        .refunds
        .expect_correct()
        .times(1)
        .withf(move |refund| *refund == expected)
        .returning(|_| Ok(true));
    let units = units(vec![recording(open("9.90")), lost, writing]);
    let refund = request(&ask(Some("9.90")), willing("9.90"), &units).await.unwrap();
    assert_eq!((refund, units.commits(), units.left()), (done, 2, 0));
}

#[tokio::test]
async fn the_money_of_an_order_that_ended_otherwise_is_on_record_all_the_same() {
    let all = |refunds| books(Some(order(OrderStatus::Cancelled)), paid(), refunds);
    let writing =
        summing(finishing(all(vec![open("323.91")]), "r1", RefundStatus::Succeeded), "323.91", true);
    let mut first = asking(paid_books(&[]));
    first.refunds.expect_record().times(1).returning(|_, _| Ok(true));
    let units = units(vec![first, writing]);
    let done = request(&ask(None), willing("323.91"), &units).await.unwrap();
    assert_eq!((done.status, units.commits()), (RefundStatus::Succeeded, 2));
}

#[tokio::test]
async fn it_gives_up_writing_after_bounded_tries() {
    let locked = (0..100).map(|_| {
        let mut unit = MockUnitOfWork::default();
        unit.orders.expect_find_for_update().returning(|_| Err(rows_locked()));
        unit
    });
    let units = units(std::iter::once(recording(open("9.90"))).chain(locked).collect());
    let outcome = request(&ask(Some("9.90")), willing("9.90"), &units).await;
    assert!(matches!(outcome, Err(RefundOrderError::Conflict)), "{outcome:?}");
    assert_eq!((units.commits(), units.left()), (1, 92), "its lease ends, and it is looked at again");
}

#[tokio::test]
async fn each_failure_of_the_database_while_the_answer_is_written_is_passed_on() {
    let whole = || paid_books(&[Refund { restock: restock(&[(4, 2)]), ..open("323.91") }]);
    let finished = || finishing(whole(), "r1", RefundStatus::Succeeded);
    let taken_back = || {
        let mut unit = finished();
        unit.payments.expect_set_refunded().returning(|_, _| Ok(()));
        unit.stock.expect_give_back().returning(|_, _, _, _| Ok(true));
        unit
    };
    let mut find = MockUnitOfWork::default();
    find.orders.expect_find_for_update().returning(|_| Err(store_down()));
    let mut finish = whole();
    finish.refunds.expect_finish().returning(|_, _, _, _| Err(store_down()));
    let mut payment = finished();
    payment.payments.expect_set_refunded().returning(|_, _| Err(store_down()));
    let mut stock = finished();
    stock.payments.expect_set_refunded().returning(|_, _| Ok(()));
    stock.stock.expect_give_back().returning(|_, _, _, _| Err(store_down()));
    let mut of_order = taken_back();
    of_order.orders.expect_set_refunded().returning(|_, _| Err(store_down()));
    let mut change = taken_back();
    change.orders.expect_set_refunded().returning(|_, _| Ok(()));
    change.orders.expect_change_status().returning(|_| Err(store_down()));
    let mut commit = taken_back();
    commit.orders.expect_set_refunded().returning(|_, _| Ok(()));
    commit.orders.expect_change_status().returning(|_| Ok(true));
    commit.commit_error = Some(StoreError::OutcomeUnknown("connection lost".into()));
    let gone = paid_books(&[]);

    let writing = [find, finish, payment, stock, of_order, change, commit, gone].map(Ok);
    for unit in writing.into_iter().chain([Err(store_down())]) {
        let mut first = asking(paid_books(&[]));
        first.refunds.expect_record().times(1).returning(|_, _| Ok(true));
        let units = Arc::new(PreparedUnits::new([Ok(first), unit]));
        let wish = RefundAsk { restock: restock(&[(4, 2)]), ..ask(None) };
        let outcome = request(&wish, willing("323.91"), &units).await;
        assert!(matches!(outcome, Err(RefundOrderError::Store(_))), "{outcome:?}");
        assert_eq!(units.commits(), 1);
    }
}

#[tokio::test]
async fn the_database_may_also_fail_to_keep_a_refusal_or_a_doubt() {
    let mut refusal = paid_books(&[open("9.90")]);
    refusal.refunds.expect_finish().returning(|_, _, _, _| Err(store_down()));
    let refused = refunding(nobody_asked(), "r1", "9.90", Err(no("ACQ.TRADE_STATUS_ERROR")));
    let refused = looked_up(refused, "r1", Ok(None));
    let mut doubt = paid_books(&[open("9.90")]);
    doubt.refunds.expect_set_due().returning(|_, _, _| Err(store_down()));
    let doubtful = refunding(nobody_asked(), "r1", "9.90", Err(alipay_down()));
    for (gateway, unit) in [(refused, refusal), (doubtful, doubt)] {
        let units = units(vec![recording(open("9.90")), unit]);
        let outcome = request(&ask(Some("9.90")), gateway, &units).await;
        assert!(matches!(outcome, Err(RefundOrderError::Store(_))), "{outcome:?}");
        assert_eq!(units.commits(), 1);
    }
}
