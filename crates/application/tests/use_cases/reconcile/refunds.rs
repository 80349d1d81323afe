//! A refund that Alipay has.

use super::*;

mod that_we_do_not_have {
    use super::*;

    fn billed(amount: &str) -> MockPaymentGateway {
        billing(vec![entry("A", "323.91", None), entry("A", amount, Some("x"))])
    }

    #[tokio::test(start_paused = true)]
    async fn is_booked_with_what_alipay_says_and_not_with_the_bill() {
        let ledgers = Ledgers::of(paid_ledger(&[])).failing_to_append([changed_meanwhile()]);
        let gateway = knowing_refund(billed("9.90"), "x", Ok(Some("9.80")));
        let done = repaired(gateway, paid_statement(vec![]), &ledgers).await;
        assert_eq!(done, one(DifferenceKind::MissingHere, "已补记退款9.80"));
        let booked = ledgers.get(ORDER).refund("x").cloned().unwrap();
        assert_eq!((booked.kind, booked.amount), (RefundKind::External, money("9.80")));

        let ledgers = Ledgers::of(paid_ledger(&[]));
        let gateway = knowing_refund(billed("323.91"), "x", Ok(Some("323.91")));
        let done = repaired(gateway, paid_statement(vec![]), &ledgers).await;
        assert_eq!(done, one(DifferenceKind::MissingHere, "已补记退款323.91"));
        assert_eq!(status(&ledgers), OrderStatus::Refunded);
    }

    #[tokio::test]
    async fn is_left_alone_where_alipay_does_not_confirm_it() {
        for (answer, why) in [
            (Ok(None), "未处理:支付宝查无此退款"),
            (Err(alipay_down()), "未处理:the payment channel cannot be reached"),
        ] {
            let gateway = knowing_refund(billed("9.90"), "x", answer);
            let done = repaired(gateway, paid_statement(vec![]), &Ledgers::of(paid_ledger(&[]))).await;
            assert_eq!(done, one(DifferenceKind::MissingHere, why));
        }
    }

    fn closed() -> Trade {
        Trade { status: TradeStatus::Closed, refunded: money("323.91"), ..trade("A", "323.91") }
    }

    #[tokio::test]
    async fn is_left_alone_where_alipay_does_not_know_its_payment_either() {
        let never_paid = Trade { refunded: Money::ZERO, ..closed() };
        let another_orders = Trade { out_trade_no: "2019112820400899".to_owned(), ..closed() };
        for answer in [Ok(None), Ok(Some(never_paid)), Ok(Some(another_orders)), Err(alipay_down())] {
            let why = match &answer {
                Ok(_) => "未处理:没有这笔付款的记录",
                Err(_) => "未处理:the payment channel cannot be reached",
            };
            let gateway = billing(vec![entry("A", "9.90", Some("x"))]);
            let gateway = knowing_trade(knowing_refund(gateway, "x", Ok(Some("9.90"))), answer);
            let ledgers = Ledgers::of(only(OrderStatus::AwaitingPayment));
            let done = repaired(gateway, DailyStatement::default(), &ledgers).await;
            assert_eq!(done, one(DifferenceKind::MissingHere, why));
            assert_eq!(ledgers.appended(), []);
        }
    }

    #[tokio::test]
    async fn is_booked_with_its_payment_where_all_went_back_before_we_heard_of_it() {
        let ledgers = Ledgers::of(only(OrderStatus::AwaitingPayment));
        let gateway = billing(vec![entry("A", "323.91", None), entry("A", "323.91", Some("x"))]);
        let mut gateway = knowing_refund(gateway, "x", Ok(Some("323.91")));
        gateway.expect_query_trade().times(2).returning(|_| Ok(Some(closed())));
        let done = repaired(gateway, DailyStatement::default(), &ledgers).await;
        let missing = |done: &str| (DifferenceKind::MissingHere, done.to_owned());
        assert_eq!(done, [missing("已全额退款,随其退款入账"), missing("已补记退款323.91")]);
        assert_eq!(status(&ledgers), OrderStatus::Refunded);
        let payment = &ledgers.get(ORDER).payments[0];
        assert_eq!((payment.status, payment.source), (PaymentStatus::Settled, EvidenceSource::Query));
    }

    #[tokio::test]
    async fn may_be_on_record_by_now() {
        let known = refund("x", "9.90", RefundStatus::Succeeded);
        let gateway = knowing_refund(billed("9.90"), "x", Ok(Some("9.90")));
        let gateway = knowing_trade(gateway, Ok(Some(trade("A", "323.91"))));
        let done = repaired(gateway, paid_statement(vec![]), &Ledgers::of(paid_ledger(&[known]))).await;
        assert_eq!(done, one(DifferenceKind::MissingHere, "此前已入账"));
    }

    /// The payment is recorded first, so that its refund finds it.
    #[tokio::test]
    async fn is_booked_after_its_payment_whatever_the_order_of_the_bill() {
        let gateway = billing(vec![entry("A", "9.90", Some("x")), entry("A", "323.91", None)]);
        let gateway = knowing_trade(gateway, Ok(Some(trade("A", "323.91"))));
        let gateway = knowing_refund(gateway, "x", Ok(Some("9.90")));
        let ledgers = Ledgers::of(only(OrderStatus::AwaitingPayment));
        let done = repaired(gateway, DailyStatement::default(), &ledgers).await;
        let missing = |done: &str| (DifferenceKind::MissingHere, done.to_owned());
        assert_eq!(done, [missing("已入账,订单已付款"), missing("已补记退款9.90")]);
    }
}

mod that_is_done_there_alone {
    use super::*;

    fn billed() -> MockPaymentGateway {
        billing(vec![entry("A", "323.91", None), entry("A", "9.90", Some("r1"))])
    }

    fn open() -> Refund {
        refund("r1", "9.90", RefundStatus::Requested)
    }

    fn failed() -> Refund {
        Refund {
            failure: Some("ACQ.TRADE_STATUS_ERROR".to_owned()),
            ..refund("r1", "9.90", RefundStatus::Failed)
        }
    }

    async fn finished(
        gateway: MockPaymentGateway,
        day: Refund,
        now: &[Refund],
    ) -> (Vec<(DifferenceKind, String)>, Option<RefundStatus>) {
        let ledgers = Ledgers::of(paid_ledger(now));
        let done = repaired(gateway, paid_statement(vec![day]), &ledgers).await;
        (done, ledgers.get(ORDER).refund("r1").map(|refund| refund.status))
    }

    fn status_is(done: &str, status: RefundStatus) -> (Vec<(DifferenceKind, String)>, Option<RefundStatus>) {
        (one(DifferenceKind::Status, done), Some(status))
    }

    #[tokio::test]
    async fn is_finished_once_alipay_confirms_it() {
        let gateway = knowing_refund(billed(), "r1", Ok(Some("9.90")));
        let done = finished(gateway, open(), &[open()]).await;
        assert_eq!(done, status_is("退款状态:succeeded", RefundStatus::Succeeded));
    }

    #[tokio::test]
    async fn stays_open_where_alipay_does_not_confirm_it() {
        let gateway = knowing_refund(billed(), "r1", Err(alipay_down()));
        let done = finished(gateway, open(), &[open()]).await;
        assert_eq!(done, status_is("退款状态:requested", RefundStatus::Requested));
    }

    #[tokio::test]
    async fn is_put_right_where_we_took_it_for_failed() {
        let gateway = knowing_refund(billed(), "r1", Ok(Some("9.90")));
        let done = finished(gateway, failed(), &[failed()]).await;
        assert_eq!(done, status_is("已补记退款9.90", RefundStatus::Succeeded));

        let gateway = knowing_refund(billed(), "r1", Ok(None));
        let done = finished(gateway, failed(), &[failed()]).await;
        assert_eq!(done, status_is("未处理:支付宝查无此退款", RefundStatus::Failed));
    }

    #[tokio::test]
    async fn may_be_on_record_as_done_by_now() {
        let succeeded = refund("r1", "9.90", RefundStatus::Succeeded);
        let done = finished(billed(), open(), &[succeeded]).await;
        assert_eq!(done, status_is("此前已入账", RefundStatus::Succeeded));
        let gone = finished(billed(), open(), &[]).await;
        assert_eq!(gone, (one(DifferenceKind::Status, "未处理:需人工核对"), None));
    }

    #[tokio::test]
    async fn is_left_for_the_next_time_where_the_database_fails() {
        let find = Ledgers::of(paid_ledger(&[open()])).failing_to_lock([store_down()]);
        let done = repaired(billed(), paid_statement(vec![open()]), &find).await;
        assert!(done[0].1.starts_with("未处理:"), "{done:?}");

        let write = Ledgers::of(paid_ledger(&[open()])).failing_to_append([connection_lost()]);
        let gateway = knowing_refund(billed(), "r1", Ok(Some("9.90")));
        let done = repaired(gateway, paid_statement(vec![open()]), &write).await;
        assert!(done[0].1.starts_with("未处理:"), "{done:?}");
    }

    /// Alipay does not confirm it. Only the job that has its lease sends it.
    #[tokio::test]
    async fn stays_open_where_alipay_knows_nothing_of_it_and_nothing_is_sent() {
        let gateway = knowing_refund(billed(), "r1", Ok(None));
        let done = finished(gateway, open(), &[open()]).await;
        assert_eq!(done, status_is("退款状态:requested", RefundStatus::Requested));
    }
}
