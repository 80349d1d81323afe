//! A refund that Alipay has.

use super::*;

mod that_we_do_not_have {
    use super::*;

    /// The books of the order, in which the refund past this service must be written down, with this sum of all.
    fn booking(refunds: &[Refund], amount: &str, sum: &str) -> MockUnitOfWork {
        let mut unit = of_order(refunds);
        let amount = money(amount);
        unit.refunds
            .expect_record()
            .times(1)
            .withf(move |refund, due_at| {
                (refund.kind, refund.out_request_no.as_str()) == (RefundKind::External, "x")
                    && (refund.amount, *due_at) == (amount, None)
            })
            .returning(|_, _| Ok(true));
        summing(unit, sum, true)
    }

    fn billed(amount: &str) -> MockPaymentGateway {
        billing(vec![entry("A", "323.91", None), entry("A", amount, Some("x"))])
    }

    #[tokio::test]
    async fn is_booked_with_what_alipay_says_and_not_with_the_bill() {
        let gateway = knowing_refund(billed("9.90"), "x", Ok(Some("9.80")));
        let done = repaired(gateway, paid_books(vec![]), vec![booking(&[], "9.80", "9.80")]).await;
        assert_eq!(done, one(DifferenceKind::MissingHere, "已补记退款9.80"));

        let gateway = knowing_refund(billed("323.91"), "x", Ok(Some("323.91")));
        let all = booking(&[], "323.91", "323.91");
        let all = ending(all, OrderStatus::AwaitingShipment, Actor::Alipay);
        let done = repaired(gateway, paid_books(vec![]), vec![all]).await;
        assert_eq!(done, one(DifferenceKind::MissingHere, "已补记退款323.91"));
    }

    #[tokio::test]
    async fn is_tried_again_where_others_were_faster_or_hold_the_rows() {
        let mut lost = of_order(&[]);
        lost.refunds.expect_record().times(1).returning(|_, _| Ok(false));
        let mut locked = MockUnitOfWork::default();
        locked.orders.expect_find_for_update().returning(|_| Err(rows_locked()));
        let gateway = knowing_refund(billed("9.90"), "x", Ok(Some("9.90")));
        let units = vec![lost, locked, booking(&[], "9.90", "9.90")];
        let done = repaired(gateway, paid_books(vec![]), units).await;
        assert_eq!(done, one(DifferenceKind::MissingHere, "已补记退款9.90"));
    }

    #[tokio::test]
    async fn is_left_alone_where_alipay_does_not_confirm_it() {
        for (answer, why) in
            [(Ok(None), "未处理:支付宝查无此退款"), (Err(alipay_down()), "未处理:Alipay cannot be reached")]
        {
            let gateway = knowing_refund(billed("9.90"), "x", answer);
            let done = repaired(gateway, paid_books(vec![]), vec![]).await;
            assert_eq!(done, one(DifferenceKind::MissingHere, why));
        }
    }

    fn closed() -> Trade {
        Trade { status: TradeStatus::Closed, refunded: money("323.91"), ..trade("A", "323.91") }
    }

    /// The order, of which nothing is on record.
    fn unpaid(status: OrderStatus) -> MockUnitOfWork {
        books(Some(order(status)), vec![], vec![])
    }

    #[tokio::test]
    async fn is_left_alone_where_alipay_does_not_know_its_payment_either() {
        let never_paid = Trade { refunded: Money::ZERO, ..closed() };
        let another_orders = Trade { out_trade_no: "2019112820400899".to_owned(), ..closed() };
        for answer in [Ok(None), Ok(Some(never_paid)), Ok(Some(another_orders)), Err(alipay_down())] {
            let why = match &answer {
                Ok(_) => "未处理:没有这笔付款的记录",
                Err(_) => "未处理:Alipay cannot be reached",
            };
            let gateway = billing(vec![entry("A", "9.90", Some("x"))]);
            let gateway = knowing_trade(knowing_refund(gateway, "x", Ok(Some("9.90"))), answer);
            let units = vec![unpaid(OrderStatus::AwaitingPayment)];
            let done = repaired(gateway, DayBooks::default(), units).await;
            assert_eq!(done, one(DifferenceKind::MissingHere, why));
        }
    }

    #[tokio::test]
    async fn is_booked_with_its_payment_where_all_went_back_before_we_heard_of_it() {
        let mut unit = unpaid(OrderStatus::AwaitingPayment);
        unit.payments
            .expect_record()
            .times(1)
            .withf(|payment| {
                (payment.status, payment.source) == (PaymentStatus::Settled, EvidenceSource::Query)
                    && (payment.trade.status, payment.trade.refunded) == (TradeStatus::Closed, Money::ZERO)
            })
            .returning(|_| Ok(true));
        unit.orders
            .expect_change_status()
            .times(1)
            .withf(|change| {
                (change.from, change.to) == (OrderStatus::AwaitingPayment, OrderStatus::AwaitingShipment)
            })
            .returning(|_| Ok(true));
        unit.refunds.expect_record().times(1).returning(|_, _| Ok(true));
        let all = ending(summing(unit, "323.91", true), OrderStatus::AwaitingShipment, Actor::Alipay);
        let gateway = billing(vec![entry("A", "323.91", None), entry("A", "323.91", Some("x"))]);
        let mut gateway = knowing_refund(gateway, "x", Ok(Some("323.91")));
        gateway.expect_query_trade().times(2).returning(|_| Ok(Some(closed())));
        let units = vec![unpaid(OrderStatus::AwaitingPayment), all];
        let done = repaired(gateway, DayBooks::default(), units).await;
        let missing = |done: &str| (DifferenceKind::MissingHere, done.to_owned());
        assert_eq!(done, [missing("已全额退款,随其退款入账"), missing("已补记退款323.91")]);
    }

    #[tokio::test]
    async fn may_be_on_record_by_now() {
        let known = refund("x", "9.90", RefundStatus::Succeeded);
        let gateway = knowing_refund(billed("9.90"), "x", Ok(Some("9.90")));
        let gateway = knowing_trade(gateway, Ok(Some(trade("A", "323.91"))));
        let units = vec![of_order(std::slice::from_ref(&known)), of_order(&[known])];
        let done = repaired(gateway, paid_books(vec![]), units).await;
        assert_eq!(done, one(DifferenceKind::MissingHere, "此前已入账"));
    }

    /// The payment is settled first, so that its refund finds it.
    #[tokio::test]
    async fn is_booked_after_its_payment_whatever_the_order_of_the_bill() {
        let gateway = billing(vec![entry("A", "9.90", Some("x")), entry("A", "323.91", None)]);
        let gateway = knowing_trade(gateway, Ok(Some(trade("A", "323.91"))));
        let gateway = knowing_refund(gateway, "x", Ok(Some("9.90")));
        let units = vec![paying_in(OrderStatus::AwaitingPayment), booking(&[], "9.90", "9.90")];
        let done = repaired(gateway, DayBooks::default(), units).await;
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

    #[tokio::test]
    async fn is_finished_once_alipay_confirms_it() {
        let mut writing = summing(of_order(&[open()]), "9.90", true);
        writing
            .refunds
            .expect_finish()
            .times(1)
            .withf(|number, status, _, _| (number, *status) == ("r1", RefundStatus::Succeeded))
            .returning(|_, _, _, _| Ok(true));
        let gateway = knowing_refund(billed(), "r1", Ok(Some("9.90")));
        let units = vec![finding(Some(open())), writing];
        let done = repaired(gateway, paid_books(vec![open()]), units).await;
        assert_eq!(done, one(DifferenceKind::Status, "退款状态:succeeded"));
    }

    #[tokio::test]
    async fn stays_open_where_alipay_does_not_confirm_it() {
        let mut writing = of_order(&[open()]);
        writing.refunds.expect_set_due().times(1).returning(|_, _, _| Ok(()));
        let gateway = knowing_refund(billed(), "r1", Err(alipay_down()));
        let units = vec![finding(Some(open())), writing];
        let done = repaired(gateway, paid_books(vec![open()]), units).await;
        assert_eq!(done, one(DifferenceKind::Status, "退款状态:requested"));
    }

    #[tokio::test]
    async fn is_put_right_where_we_took_it_for_failed() {
        let mut writing = summing(of_order(&[failed()]), "9.90", true);
        writing
            .refunds
            .expect_correct()
            .times(1)
            .withf(|refund| {
                (refund.status, &refund.failure) == (RefundStatus::Succeeded, &None)
                    && (refund.out_request_no.as_str(), refund.amount) == ("r1", money("9.90"))
            })
            .returning(|_| Ok(true));
        let gateway = knowing_refund(billed(), "r1", Ok(Some("9.90")));
        let units = vec![finding(Some(failed())), writing];
        let done = repaired(gateway, paid_books(vec![failed()]), units).await;
        assert_eq!(done, one(DifferenceKind::Status, "已补记退款9.90"));

        let gateway = knowing_refund(billed(), "r1", Ok(None));
        let units = vec![finding(Some(failed()))];
        let done = repaired(gateway, paid_books(vec![failed()]), units).await;
        assert_eq!(done, one(DifferenceKind::Status, "未处理:支付宝查无此退款"));
    }

    #[tokio::test]
    async fn may_be_on_record_as_done_by_now() {
        let done = refund("r1", "9.90", RefundStatus::Succeeded);
        let done = repaired(billed(), paid_books(vec![open()]), vec![finding(Some(done))]).await;
        assert_eq!(done, one(DifferenceKind::Status, "此前已入账"));
        let gone = repaired(billed(), paid_books(vec![open()]), vec![finding(None)]).await;
        assert_eq!(gone, one(DifferenceKind::Status, "未处理:需人工核对"));
    }

    #[tokio::test]
    async fn is_left_for_the_next_time_where_the_database_fails() {
        let mut find = MockUnitOfWork::default();
        find.refunds.expect_find().returning(|_| Err(store_down()));
        let done = repaired(billed(), paid_books(vec![open()]), vec![find]).await;
        assert!(done[0].1.starts_with("未处理:"), "{done:?}");

        let mut write = MockUnitOfWork::default();
        write.orders.expect_find_for_update().returning(|_| Err(store_down()));
        let gateway = knowing_refund(billed(), "r1", Ok(Some("9.90")));
        let units = vec![finding(Some(open())), write];
        let done = repaired(gateway, paid_books(vec![open()]), units).await;
        assert!(done[0].1.starts_with("未处理:"), "{done:?}");
    }

    /// Nothing of Alipay's confirms it, and so the job that asks again may send it: under its number, once.
    #[tokio::test]
    async fn is_asked_for_again_where_alipay_knows_nothing_of_it() {
        let mut gateway = knowing_refund(billed(), "r1", Ok(None));
        gateway
            .expect_refund()
            .times(1)
            .withf(|request| request.out_request_no == "r1" && request.amount == money("9.90"))
            .returning(|_| Ok(RefundOutcome::Unclear));
        let mut writing = of_order(&[open()]);
        writing.refunds.expect_set_due().times(1).returning(|_, _, _| Ok(()));
        let units = vec![finding(Some(open())), writing];
        let done = repaired(gateway, paid_books(vec![open()]), units).await;
        assert_eq!(done, one(DifferenceKind::Status, "退款状态:requested"));
    }
}
