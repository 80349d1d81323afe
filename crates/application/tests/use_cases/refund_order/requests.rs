//! Staff's requests, and Alipay's immediate answers.

use ports::AppendError;

use super::*;

fn paid() -> Ledgers {
    Ledgers::of(paid_ledger(&[]))
}

#[tokio::test]
async fn a_refund_is_on_record_before_alipay_is_asked_and_its_outcome_after() {
    let ledgers = paid();
    let on_record = ledgers.clone();
    let mut gateway = nobody_asked();
    gateway.expect_refund().times(1).returning(move |_| {
        let due = on_record.appended();
        assert!(
            matches!(&due[..], [Event::RefundRequested { due_at, .. }] if *due_at == noon().after(LEASE))
        );
        Ok(RefundOutcome::Refunded { gone_back: Some(money("9.90")) })
    });
    let done = request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
    assert_eq!((done.status, done.amount, done.cause), (RefundStatus::Succeeded, money("9.90"), shop()));
    assert_eq!(ledgers.get(ORDER).order.unwrap().refunded_amount, money("9.90"));
}

#[tokio::test]
async fn the_last_fen_ends_the_order() {
    let ledgers = paid();
    request(&ask(None), willing("323.91"), &ledgers).await.unwrap();
    assert_eq!(status(&ledgers), OrderStatus::Refunded);
    assert_eq!(ledgers.get(ORDER).movements.len(), 2, "what was not shipped is back in stock");
}

#[tokio::test]
async fn the_same_request_again_is_the_same_refund() {
    let ledgers = Ledgers::of(paid_ledger(&[refund("r1", "9.90", RefundStatus::Succeeded)]));
    let done = request(&ask(Some("9.90")), nobody_asked(), &ledgers).await.unwrap();
    assert_eq!(done.status, RefundStatus::Succeeded);
    let open = Refund { failure: Some("20000".to_owned()), ..open("9.90") };
    let ledgers = Ledgers::of(paid_ledger(&[open]));
    let gateway = looked_up(nobody_asked(), "r1", Ok(Some(money("9.90"))), 1);
    let done = request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
    assert_eq!(done.status, RefundStatus::Succeeded, "asked about, and not sent again");
    // The process that recorded it is about to send it, or the job will.
    for unknown in [Ok(None), Err(alipay_down())] {
        let ledgers = Ledgers::of(paid_ledger(&[super::open("9.90")]));
        let gateway = looked_up(nobody_asked(), "r1", unknown, 1);
        let still = request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
        assert_eq!((still.status, ledgers.appended().len()), (RefundStatus::Requested, 0));
    }
    assert_eq!(
        refused(request(&ask(Some("9.91")), nobody_asked(), &ledgers).await),
        Refusal::RequestNumberReused
    );
    let elsewhere = paid().failing_to_append([AppendError::RequestNumberInUse]);
    let outcome = request(&ask(Some("9.90")), nobody_asked(), &elsewhere).await;
    assert_eq!(refused(outcome), Refusal::RequestNumberReused);
}

#[tokio::test]
async fn what_failed_is_tried_again_under_its_number() {
    let failed = || Refund {
        failure: Some("ACQ.TRADE_STATUS_ERROR".to_owned()),
        finished_at: Some(noon()),
        ..refund("r1", "9.90", RefundStatus::Failed)
    };
    let outcomes = [
        (Ok(RefundOutcome::Refunded { gone_back: None }), 1, RefundStatus::Succeeded),
        (Err(no("ACQ.TRADE_STATUS_ERROR")), 2, RefundStatus::Failed),
        (Err(alipay_down()), 1, RefundStatus::Requested),
    ];
    for (answer, looks, expected) in outcomes {
        let ledgers = Ledgers::of(paid_ledger(&[failed()]));
        let gateway = looked_up(refunding(nobody_asked(), "r1", "9.90", answer), "r1", Ok(None), looks);
        let refund = request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
        assert_eq!((refund.status, refund.cause), (expected, shop()));
        assert_eq!(ledgers.get(ORDER).refunds.len(), 1);
    }
    // It succeeded after all, or its outcome is unknown.
    for (known, expected) in
        [(Ok(Some(money("9.90"))), RefundStatus::Succeeded), (Err(alipay_down()), RefundStatus::Requested)]
    {
        let ledgers = Ledgers::of(paid_ledger(&[failed()]));
        let gateway = looked_up(nobody_asked(), "r1", known, 1);
        let refund = request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
        assert_eq!(refund.status, expected);
    }
}

#[tokio::test]
async fn the_shops_balance_is_waited_for() {
    let ledgers = paid();
    let gateway = refunding(nobody_asked(), "r1", "9.90", Err(no("ACQ.SELLER_BALANCE_NOT_ENOUGH")));
    let gateway = looked_up(gateway, "r1", Ok(None), 1);
    let refund = request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
    assert_eq!((refund.status, refund.finished_at), (RefundStatus::Requested, None));
    assert_eq!(put_off(&ledgers, "r1"), Duration::from_secs(10));
}

/// The first request had no answer, the second was refused, and then the first was carried out.
#[tokio::test]
async fn a_request_that_was_stuck_is_not_refunded_twice() {
    let ledgers = paid();
    let gateway = refunding(nobody_asked(), "r1", "9.90", Err(alipay_down()));
    request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
    let open = ledgers.get(ORDER).refund("r1").unwrap().clone();
    let ledgers = ledgers.with_due_refunds(vec![ports::Claimed { item: open, attempts: 0 }]);
    let gateway = refunding(nobody_asked(), "r1", "9.90", Err(no("ACQ.TRADE_STATUS_ERROR")));
    pass_over_due(looked_up(gateway, "r1", Ok(None), 2), &ledgers).await;
    let other = RefundAsk { out_request_no: "r2".to_owned(), ..ask(Some("323.91")) };
    let left = money("314.01");
    let outcome = request(&other, nobody_asked(), &ledgers).await;
    assert_eq!(refused(outcome), Refusal::ExceedsPayment { left }, "it may be on its way");
    let gateway = looked_up(nobody_asked(), "r1", Ok(Some(money("9.90"))), 1);
    let refund = request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
    assert_eq!(refund.status, RefundStatus::Succeeded);
}

#[tokio::test]
async fn what_is_refused_is_not_written_down_and_nobody_is_asked() {
    let left = money("323.91");
    let pieces = RefundAsk { restock: Some(restock(&[(4, 3)])), ..ask(Some("9.90")) };
    for (ask, expected) in [
        (ask(Some("323.92")), Refusal::ExceedsPayment { left }),
        (pieces, Refusal::ExceedsOrder(domain::SkuId(4))),
    ] {
        let ledgers = paid();
        assert_eq!(refused(request(&ask, nobody_asked(), &ledgers).await), expected);
        assert_eq!(ledgers.appended(), []);
    }
    let unknown = Ledgers::default();
    assert_eq!(refused(request(&ask(None), nobody_asked(), &unknown).await), Refusal::UnknownOrder);
    let outcome = service(nobody_asked(), &unknown).refund("ORD-1", &ask(None), &shop()).await;
    assert_eq!(refused(outcome), Refusal::UnknownOrder);
}

/// A payment under a number that is no order's is refunded too, by its trade.
#[tokio::test]
async fn a_payment_of_no_order_is_refunded_by_its_trade() {
    let ledgers = Ledgers::of(ledger(None, vec![recorded("A", PaymentStatus::UnknownOrder)], vec![]));
    let by_trade = RefundAsk { trade_no: Some("A".to_owned()), ..ask(None) };
    let done = request(&by_trade, willing("323.91"), &ledgers).await.unwrap();
    assert_eq!(done.status, RefundStatus::Succeeded);
    assert_eq!(ledgers.get(ORDER).payments[0].trade.refunded, money("323.91"));
}

#[tokio::test]
async fn what_is_unclear_is_neither_done_nor_failed() {
    let words = [
        "支付宝处理中",
        "暂时无法连接支付宝",
        "支付宝的回复无法识别",
        "支付宝暂时无法确认结果(ACQ.SYSTEM_ERROR)",
    ];
    let answers = std::iter::once(Ok(RefundOutcome::Unclear)).chain(unclear().map(Err));
    for (answer, words) in answers.zip(words) {
        let ledgers = paid();
        let gateway = refunding(nobody_asked(), "r1", "9.90", answer);
        let refund = request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
        assert_eq!((refund.status, refund.finished_at), (RefundStatus::Requested, None));
        assert_eq!(refund.failure.as_deref(), Some(words), "staff read it");
        assert_eq!(put_off(&ledgers, "r1"), Duration::from_secs(10));
    }
}

/// Refunds that are not in the ledger are for staff and the bill: our own refund is recorded as it is.
#[tokio::test]
async fn a_sum_that_is_not_ours_changes_nothing_of_what_is_booked() {
    for gone_back in [None, Some("9.90"), Some("59.90"), Some("0")] {
        let outcome = RefundOutcome::Refunded { gone_back: gone_back.map(money) };
        let gateway = refunding(nobody_asked(), "r1", "9.90", Ok(outcome));
        let ledgers = paid();
        request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
        assert_eq!(ledgers.get(ORDER).refunded(domain::Channel::Alipay.trade("A")), money("9.90"));
    }
}

#[tokio::test]
async fn a_refusal_ends_it_where_alipay_knows_of_no_such_refund() {
    let ledgers = paid();
    let gateway = refunding(nobody_asked(), "r1", "9.90", Err(no("ACQ.TRADE_HAS_FINISHED")));
    let gateway = looked_up(gateway, "r1", Ok(None), 1);
    let refund = request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
    assert_eq!((refund.status, refund.finished_at), (RefundStatus::Failed, Some(noon())));
    assert_eq!(refund.failure.as_deref(), Some("ACQ.TRADE_HAS_FINISHED 卖家余额不足"));
    assert_eq!(ledgers.get(ORDER).refunded(domain::Channel::Alipay.trade("A")), Money::ZERO);
}

#[tokio::test]
async fn a_refusal_of_what_happened_before_is_a_success() {
    let gateway = refunding(nobody_asked(), "r1", "9.90", Err(no("ACQ.TRADE_STATUS_ERROR")));
    let gateway = looked_up(gateway, "r1", Ok(Some(money("9.90"))), 1);
    let refund = request(&ask(Some("9.90")), gateway, &paid()).await.unwrap();
    assert_eq!(refund.status, RefundStatus::Succeeded);
}

#[tokio::test]
async fn a_refusal_is_not_final_while_it_is_not_known_what_became_of_the_refund() {
    let other_amount = Ok(Some(money("9.80")));
    let unknown = unclear().map(Err).into_iter().chain([other_amount, Err(no("ACQ.INVALID_PARAMETER"))]);
    let words = [
        "暂时无法连接支付宝",
        "支付宝的回复无法识别",
        "支付宝暂时无法确认结果(ACQ.SYSTEM_ERROR)",
        "支付宝的退款金额为9.80,与记录的9.90不同",
        "ACQ.INVALID_PARAMETER 卖家余额不足",
    ];
    for (answer, words) in unknown.zip(words) {
        let ledgers = paid();
        let gateway = refunding(nobody_asked(), "r1", "9.90", Err(no("ACQ.TRADE_STATUS_ERROR")));
        let refund =
            request(&ask(Some("9.90")), looked_up(gateway, "r1", answer, 1), &ledgers).await.unwrap();
        assert_eq!(refund.status, RefundStatus::Requested);
        assert_eq!(refund.failure.as_deref(), Some(words));
        assert_eq!(put_off(&ledgers, "r1"), Duration::from_secs(10));
    }
}

#[tokio::test]
async fn a_refusal_that_is_not_about_the_refund_is_not_final() {
    for code in ["40006", "isv.insufficient-isv-permissions", "40005"] {
        let gateway = refunding(nobody_asked(), "r1", "9.90", Err(no(code)));
        let gateway = looked_up(gateway, "r1", Ok(None), 1);
        let refund = request(&ask(Some("9.90")), gateway, &paid()).await.unwrap();
        assert_eq!(refund.status, RefundStatus::Requested, "{code}");
    }
}

#[tokio::test]
async fn two_that_asked_at_once_write_down_one_outcome() {
    let (done, failed) = (RefundStatus::Succeeded, RefundStatus::Failed);
    for (meanwhile, expected) in [(done, done), (failed, done)] {
        let ledgers = paid();
        let other = ledgers.clone();
        let mut gateway = nobody_asked();
        gateway.expect_refund().times(1).returning(move |_| {
            let mut ledger = other.get(ORDER);
            ledger.refunds[0].status = meanwhile;
            other.put(ledger);
            Ok(RefundOutcome::Refunded { gone_back: None })
        });
        let refund = request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
        assert_eq!(refund.status, expected, "the money is gone");
    }
}

#[tokio::test(start_paused = true)]
async fn the_outcome_is_written_again_where_others_were_faster() {
    let ledgers = paid();
    let busy = ledgers.clone();
    let mut gateway = nobody_asked();
    gateway.expect_refund().times(1).returning(move |_| {
        let _shared = busy.clone().failing_to_append([changed_meanwhile(), changed_meanwhile()]);
        Ok(RefundOutcome::Refunded { gone_back: None })
    });
    let refund = request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
    assert_eq!(refund.status, RefundStatus::Succeeded);
}

#[tokio::test]
async fn each_failure_of_the_database_is_passed_on() {
    let lock = paid().failing_to_lock([store_down()]);
    let append = paid().failing_to_append([connection_lost()]);
    for ledgers in [lock, append] {
        let outcome = request(&ask(Some("9.90")), nobody_asked(), &ledgers).await;
        assert!(matches!(outcome, Err(OrderError::Transact(TransactError::Store(_)))), "{outcome:?}");
    }
    for answer in [Ok(RefundOutcome::Refunded { gone_back: None }), Err(alipay_down())] {
        let ledgers = paid();
        let down = ledgers.clone();
        let mut gateway = nobody_asked();
        gateway.expect_refund().times(1).return_once(move |_| {
            let _shared = down.failing_to_lock([store_down()]);
            answer
        });
        let outcome = request(&ask(Some("9.90")), gateway, &ledgers).await;
        assert!(matches!(outcome, Err(OrderError::Transact(TransactError::Store(_)))), "{outcome:?}");
        assert_eq!(ledgers.get(ORDER).refunds[0].status, RefundStatus::Requested, "it is tried again");
    }
}

/// The old back end did not record payments.
mod without_a_record {
    use domain::{Trade, TradeStatus};

    use super::*;

    /// An Alipay that expects one query about the order's trade.
    fn knowing(
        mut gateway: MockPaymentGateway,
        answer: Result<Option<Trade>, GatewayError>,
    ) -> MockPaymentGateway {
        gateway.expect_query().times(1).withf(|number| number == ORDER).return_once(|_| answer);
        gateway
    }

    #[tokio::test]
    async fn alipay_is_asked_for_it_and_it_is_refunded() {
        let ledgers = Ledgers::of(only(OrderStatus::AwaitingShipment));
        let gateway = knowing(willing("9.90"), Ok(Some(trade("A", "323.91"))));
        let done = request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
        assert_eq!(done.status, RefundStatus::Succeeded);
        assert_eq!(ledgers.get(ORDER).payments[0].status, PaymentStatus::Settled);
    }

    /// A second payment, which is refunded by itself, is on record; the first one is not.
    #[tokio::test]
    async fn alipay_is_asked_although_a_second_payment_is_on_record() {
        let mut ledger = only(OrderStatus::AwaitingShipment);
        let mut second = paid_ledger(&[]).payments.remove(0);
        second.status = PaymentStatus::Duplicate;
        second.trade = Trade { out_trade_no: format!("{ORDER}_2"), ..trade("B", "323.91") };
        ledger.payments.push(second);
        let ledgers = Ledgers::of(ledger);
        let gateway = knowing(willing("9.90"), Ok(Some(trade("A", "323.91"))));
        let done = request(&ask(Some("9.90")), gateway, &ledgers).await.unwrap();
        assert_eq!((done.status, done.trade_no.as_str()), (RefundStatus::Succeeded, "A"));
    }

    #[tokio::test]
    async fn what_alipay_does_not_know_as_paid_is_not_refunded() {
        let closed = Trade { status: TradeStatus::Closed, ..trade("A", "323.91") };
        let gone_back = Trade { refunded: money("0.01"), ..trade("A", "323.91") };
        for answer in [None, Some(closed), Some(gone_back)] {
            let ledgers = Ledgers::of(only(OrderStatus::AwaitingShipment));
            let outcome = request(&ask(None), knowing(nobody_asked(), Ok(answer)), &ledgers).await;
            assert_eq!(refused(outcome), Refusal::NothingToRefund);
            assert_eq!(ledgers.appended(), []);
        }
    }

    #[tokio::test]
    async fn alipay_is_asked_about_paid_orders_alone() {
        for status in [OrderStatus::AwaitingPayment, OrderStatus::Cancelled, OrderStatus::Refunded] {
            let outcome = request(&ask(None), nobody_asked(), &Ledgers::of(only(status))).await;
            assert_eq!(refused(outcome), Refusal::NothingToRefund);
        }
        let whole = Ledgers::of(paid_ledger(&[refund("r0", "323.91", RefundStatus::Requested)]));
        assert_eq!(refused(request(&ask(None), nobody_asked(), &whole).await), Refusal::NothingToRefund);
    }

    #[tokio::test]
    async fn its_failures_are_told_apart() {
        let unrecorded = || Ledgers::of(only(OrderStatus::Completed));
        let outcome = request(&ask(None), knowing(nobody_asked(), Err(alipay_down())), &unrecorded()).await;
        assert!(matches!(outcome, Err(OrderError::Gateway(_))), "{outcome:?}");

        let ledgers = unrecorded().failing_to_append([AppendError::Store(store_down())]);
        let knows = knowing(nobody_asked(), Ok(Some(trade("A", "323.91"))));
        let outcome = request(&ask(None), knows, &ledgers).await;
        assert!(matches!(outcome, Err(OrderError::Settle(_))), "{outcome:?}");
    }
}
