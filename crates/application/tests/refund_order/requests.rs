//! What is asked for, and how it is written down.

use domain::{OrderNewsKind, RefundRefusal, SkuId, Trade, TradeStatus};
use ports::StoreError;

use super::*;

#[tokio::test]
async fn the_whole_payment_goes_back_and_the_order_ends() {
    for status in [OrderStatus::AwaitingShipment, OrderStatus::AwaitingReceipt, OrderStatus::Completed] {
        let mut first = asking(books(Some(order(status)), paid(), vec![]));
        first.refunds.expect_record().times(1).returning(|_, _| Ok(true));
        let second = books(Some(order(status)), paid(), vec![open("323.91")]);
        let second = summing(finishing(second, "r1", RefundStatus::Succeeded), "323.91", true);
        let second = ending(second, status, Actor::Shop);
        let news = second.news.clone();
        let units = units(vec![first, second]);
        let done = request(&ask(None), willing("323.91"), &units).await.unwrap();
        assert_eq!((done.status, done.finished_at), (RefundStatus::Succeeded, Some(noon())));
        assert_eq!(units.commits(), 2);
        let told: Vec<_> = news.all().into_iter().map(|told| (told.kind, told.to, told.reason)).collect();
        let why = || "质量问题".to_owned();
        let expected = [
            (OrderNewsKind::Refund, status, why()),
            (OrderNewsKind::StatusChanged, OrderStatus::Refunded, why()),
        ];
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn a_part_goes_back_and_the_order_stays() {
    let second = booking("9.90");
    let news = second.news.clone();
    let units = units(vec![recording(open("9.90")), second]);
    let done = request(&ask(Some("9.90")), willing("9.90"), &units).await.unwrap();
    assert_eq!(done, Refund { status: RefundStatus::Succeeded, finished_at: Some(noon()), ..open("9.90") });
    assert_eq!((units.commits(), units.left()), (2, 0));
    let [told] = news.all().try_into().unwrap();
    assert_eq!(
        (told.kind, told.amount, told.actor),
        (OrderNewsKind::Refund, Some(money("9.90")), Actor::Shop)
    );
}

#[tokio::test]
async fn the_last_fen_ends_the_order() {
    let before = || refund("r0", "323.90", RefundStatus::Succeeded);
    let mut first = asking(paid_books(&[before()]));
    first
        .refunds
        .expect_record()
        .times(1)
        .withf(|refund, _| refund.amount == money("0.01"))
        .returning(|_, _| Ok(true));
    let second = finishing(paid_books(&[before(), open("0.01")]), "r1", RefundStatus::Succeeded);
    let second = ending(summing(second, "323.91", true), OrderStatus::AwaitingShipment, Actor::Shop);
    let units = units(vec![first, second]);
    request(&ask(None), willing("0.01"), &units).await.unwrap();
    assert_eq!(units.commits(), 2);
}

#[tokio::test]
async fn pieces_go_back_with_the_money_and_not_before() {
    let wish = RefundAsk { restock: restock(&[(5, 1), (4, 1)]), ..ask(Some("9.90")) };
    let with_pieces = Refund { restock: restock(&[(4, 1), (5, 1)]), ..open("9.90") };
    let back = paid_books(std::slice::from_ref(&with_pieces));
    let mut back = summing(finishing(back, "r1", RefundStatus::Succeeded), "9.90", true);
    back.stock
        .expect_give_back()
        .times(1)
        .withf(|id, kind, pieces, at| {
            *id == order_id()
                && *kind == StockMoveKind::Refunded("r1".to_owned())
                && pieces == restock(&[(4, 1), (5, 1)])
                && *at == noon()
        })
        .returning(|_, _, _, _| Ok(true));
    let gone = units(vec![recording(with_pieces.clone()), back]);
    request(&wish, willing("9.90"), &gone).await.unwrap();
    assert_eq!(gone.commits(), 2);

    // A mock fails the test where it is asked for more.
    let kept = units(vec![recording(with_pieces.clone()), put_off(with_pieces, Duration::from_secs(10))]);
    let unclear = refunding(nobody_asked(), "r1", "9.90", Ok(RefundOutcome::Unclear));
    assert_eq!(request(&wish, unclear, &kept).await.unwrap().status, RefundStatus::Requested);
}

#[tokio::test]
async fn it_is_on_record_before_alipay_is_asked() {
    let units = units(vec![recording(open("9.90")), booking("9.90")]);
    let mut gateway = MockPaymentGateway::new();
    let (seen, written) = (Arc::new(Mutex::new(None)), Arc::clone(&units));
    let commits = Arc::clone(&seen);
    gateway.expect_refund().times(1).returning(move |_| {
        *commits.lock().unwrap() = Some(written.commits());
        Ok(RefundOutcome::Refunded { gone_back: None })
    });
    request(&ask(Some("9.90")), gateway, &units).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), Some(1));
}

#[tokio::test]
async fn asking_again_for_what_has_ended_asks_nobody() {
    for status in [RefundStatus::Succeeded, RefundStatus::Failed] {
        let known = Refund { status, ..open("9.90") };
        let mut unit = paid_books(std::slice::from_ref(&known));
        let found = known.clone();
        unit.refunds.expect_find().times(1).return_once(|_| Ok(Some(found)));
        let units = units(vec![unit]);
        assert_eq!(request(&ask(Some("9.90")), nobody_asked(), &units).await.unwrap(), known);
        assert_eq!(units.commits(), 0);
    }
}

#[tokio::test]
async fn asking_again_for_what_is_open_asks_under_the_same_number() {
    let mut unit = paid_books(&[open("9.90")]);
    unit.refunds.expect_find().times(1).returning(|_| Ok(Some(open("9.90"))));
    let units = units(vec![unit, put_off(open("9.90"), Duration::from_secs(10))]);
    let gateway = refunding(nobody_asked(), "r1", "9.90", Ok(RefundOutcome::Unclear));
    let refund = request(&ask(Some("9.90")), gateway, &units).await.unwrap();
    assert_eq!((refund.status, units.commits()), (RefundStatus::Requested, 1));
}

#[tokio::test]
async fn asking_again_after_an_unclear_answer_asks_what_became_of_it_first() {
    let unclear = || Refund { failure: Some("支付宝处理中".to_owned()), ..open("9.90") };
    let mut unit = paid_books(&[unclear()]);
    unit.refunds.expect_find().times(1).returning(move |_| Ok(Some(unclear())));
    let units = units(vec![unit, booking("9.90")]);
    let gateway = looked_up(nobody_asked(), "r1", Ok(Some(money("9.90"))));
    let refund = request(&ask(Some("9.90")), gateway, &units).await.unwrap();
    assert_eq!((refund.status, units.commits()), (RefundStatus::Succeeded, 1));
}

#[tokio::test]
async fn one_number_is_not_two_requests() {
    let another_order = Refund { out_trade_no: "2019112820400899".to_owned(), ..open("9.90") };
    let another_amount = open("9.91");
    let owed = Refund { kind: domain::RefundKind::Late, ..open("9.90") };
    for known in [another_order, another_amount, owed] {
        let mut unit = paid_books(&[]);
        unit.refunds.expect_find().times(1).return_once(|_| Ok(Some(known)));
        let units = units(vec![unit]);
        let outcome = request(&ask(Some("9.90")), nobody_asked(), &units).await;
        assert!(matches!(outcome, Err(RefundOrderError::RequestNoReused)), "{outcome:?}");
    }
}

#[tokio::test]
async fn what_the_rules_refuse_is_not_written_down_and_nobody_is_asked() {
    let exceeds = RefundRefusal::ExceedsPayment { left: money("323.91") };
    let pieces = RefundAsk { restock: restock(&[(4, 3)]), ..ask(Some("9.90")) };
    for (ask, refusal) in [(ask(Some("323.92")), exceeds), (pieces, RefundRefusal::ExceedsOrder(SkuId(4)))] {
        let units = units(vec![asking(paid_books(&[]))]);
        let outcome = request(&ask, nobody_asked(), &units).await;
        assert!(matches!(&outcome, Err(RefundOrderError::Refused(why)) if *why == refusal), "{outcome:?}");
        assert_eq!(units.commits(), 0);
    }
    let refunded = books(Some(order(OrderStatus::Refunded)), paid(), vec![]);
    let outcome = request(&ask(None), nobody_asked(), &units(vec![asking(refunded)])).await;
    assert!(matches!(outcome, Err(RefundOrderError::Refused(RefundRefusal::NotAllowed(_)))), "{outcome:?}");
}

#[tokio::test]
async fn an_order_that_nobody_knows_has_no_refund() {
    let outcome = request(&ask(None), nobody_asked(), &units(vec![books(None, vec![], vec![])])).await;
    assert!(matches!(outcome, Err(RefundOrderError::UnknownOrder)), "{outcome:?}");

    let mut foreign = MockUnitOfWork::default();
    foreign.payments.expect_of_order().times(1).returning(|_| Ok(vec![]));
    foreign.refunds.expect_of_order().times(1).returning(|_| Ok(vec![]));
    let shared = units(vec![foreign]);
    let outcome = use_case(nobody_asked(), &shared).request("ORD-1", &ask(None), &shop()).await;
    assert!(matches!(outcome, Err(RefundOrderError::UnknownOrder)), "{outcome:?}");
}

/// Money of a number that is no order's goes back as well, by its trade.
#[tokio::test]
async fn a_payment_of_no_order_is_refunded_by_its_trade() {
    let unknown = || vec![recorded("A", PaymentStatus::UnknownOrder)];
    let mut first = asking(books(None, unknown(), vec![]));
    first.refunds.expect_record().times(1).returning(|_, _| Ok(true));
    let second = books(None, unknown(), vec![open("323.91")]);
    let second = summing(finishing(second, "r1", RefundStatus::Succeeded), "323.91", false);
    let units = units(vec![first, second]);
    let by_trade = RefundAsk { trade_no: Some("A".to_owned()), ..ask(None) };
    let done = request(&by_trade, willing("323.91"), &units).await.unwrap();
    assert_eq!((done.status, units.commits()), (RefundStatus::Succeeded, 2));
}

/// The old back end left no record of payments.
mod without_a_record {
    use super::*;

    fn unrecorded(status: OrderStatus) -> MockUnitOfWork {
        books(Some(order(status)), vec![], vec![])
    }

    /// Alipay, which is asked once about the order's trade.
    fn knowing(
        gateway: MockPaymentGateway,
        answer: Result<Option<Trade>, GatewayError>,
    ) -> MockPaymentGateway {
        let mut gateway = gateway;
        gateway.expect_query().times(1).withf(|id| *id == order_id()).return_once(|_| answer);
        gateway
    }

    #[tokio::test]
    async fn alipay_is_asked_for_it_and_it_is_refunded() {
        let status = OrderStatus::AwaitingShipment;
        let mut settling = locking(to_be_sent());
        settling.payments.expect_of_order().times(1).returning(|_| Ok(vec![]));
        settling
            .payments
            .expect_record()
            .times(1)
            .withf(|payment| payment.status == PaymentStatus::Settled)
            .returning(|_| Ok(true));
        let units = units(vec![
            asking(unrecorded(status)),
            unrecorded(status),
            settling,
            recording(open("9.90")),
            booking("9.90"),
        ]);
        let gateway = knowing(willing("9.90"), Ok(Some(trade("A", "323.91"))));
        let done = request(&ask(Some("9.90")), gateway, &units).await.unwrap();
        assert_eq!(done.status, RefundStatus::Succeeded);
        assert_eq!((units.commits(), units.left()), (3, 0));
    }

    #[tokio::test]
    async fn what_alipay_does_not_know_as_paid_is_not_refunded() {
        let closed = Trade { status: TradeStatus::Closed, ..trade("A", "323.91") };
        let gone_back = Trade { refunded: money("0.01"), ..trade("A", "323.91") };
        for answer in [None, Some(closed), Some(gone_back)] {
            let status = OrderStatus::AwaitingShipment;
            let units = units(vec![asking(unrecorded(status)), unrecorded(status)]);
            let outcome = request(&ask(None), knowing(nobody_asked(), Ok(answer)), &units).await;
            let nothing = RefundRefusal::NothingToRefund;
            assert!(
                matches!(&outcome, Err(RefundOrderError::Refused(why)) if *why == nothing),
                "{outcome:?}"
            );
            assert_eq!(units.commits(), 0);
        }
    }

    #[tokio::test]
    async fn alipay_is_asked_about_paid_orders_alone() {
        for status in [OrderStatus::AwaitingPayment, OrderStatus::Cancelled, OrderStatus::Refunded] {
            let units = units(vec![asking(unrecorded(status)), unrecorded(status)]);
            let outcome = request(&ask(None), nobody_asked(), &units).await;
            assert!(matches!(outcome, Err(RefundOrderError::Refused(_))), "{outcome:?}");
        }
        let whole = || vec![refund("r0", "323.91", RefundStatus::Requested)];
        let units = units(vec![asking(paid_books(&whole())), paid_books(&whole())]);
        let outcome = request(&ask(None), nobody_asked(), &units).await;
        assert!(matches!(outcome, Err(RefundOrderError::Refused(_))), "all of it is on its way");
    }

    #[tokio::test]
    async fn its_failures_are_told_apart() {
        let status = OrderStatus::Completed;
        let down = units(vec![asking(unrecorded(status)), unrecorded(status)]);
        let outcome = request(&ask(None), knowing(nobody_asked(), Err(alipay_down())), &down).await;
        assert!(matches!(outcome, Err(RefundOrderError::Gateway(_))), "{outcome:?}");

        let mut settling = MockUnitOfWork::default();
        settling.orders.expect_find_for_update().returning(|_| Err(store_down()));
        let lost = units(vec![asking(unrecorded(status)), unrecorded(status), settling]);
        let knows = knowing(nobody_asked(), Ok(Some(trade("A", "323.91"))));
        let outcome = request(&ask(None), knows, &lost).await;
        assert!(matches!(outcome, Err(RefundOrderError::Settle(_))), "{outcome:?}");

        let second = Arc::new(PreparedUnits::new([Ok(asking(unrecorded(status))), Err(store_down())]));
        let outcome = request(&ask(None), nobody_asked(), &second).await;
        assert!(matches!(outcome, Err(RefundOrderError::Store(_))), "{outcome:?}");
    }
}

#[tokio::test]
async fn it_looks_again_when_others_were_faster_or_hold_the_rows() {
    let mut taken = asking(paid_books(&[]));
    taken.refunds.expect_record().times(1).returning(|_, _| Ok(false));
    let mut locked = MockUnitOfWork::default();
    locked.orders.expect_find_for_update().returning(|_| Err(rows_locked()));
    let units = units(vec![taken, locked, recording(open("9.90")), booking("9.90")]);
    request(&ask(Some("9.90")), willing("9.90"), &units).await.unwrap();
    assert_eq!((units.commits(), units.left()), (2, 0));
}

#[tokio::test]
async fn it_gives_up_after_bounded_tries_and_asks_nobody() {
    let locked = (0..100).map(|_| {
        let mut unit = MockUnitOfWork::default();
        unit.orders.expect_find_for_update().returning(|_| Err(rows_locked()));
        unit
    });
    let units = units(locked.collect());
    let outcome = request(&ask(None), nobody_asked(), &units).await;
    assert!(matches!(outcome, Err(RefundOrderError::Conflict)), "{outcome:?}");
    assert_eq!(units.left(), 92);
}

#[tokio::test]
async fn each_failure_of_the_database_before_alipay_is_asked_is_passed_on() {
    let begin = Arc::new(PreparedUnits::new([Err(store_down())]));
    let mut find = MockUnitOfWork::default();
    find.orders.expect_find_for_update().returning(|_| Err(store_down()));
    let mut moves = locking(to_be_sent());
    moves.stock.expect_moves_of().returning(|_| Err(store_down()));
    let mut payments = locking(to_be_sent());
    payments.stock.expect_moves_of().returning(|_| Ok(vec![]));
    payments.payments.expect_of_order().returning(|_| Err(store_down()));
    let mut refunds = locking(to_be_sent());
    refunds.stock.expect_moves_of().returning(|_| Ok(vec![]));
    refunds.payments.expect_of_order().returning(|_| Ok(paid()));
    refunds.refunds.expect_of_order().returning(|_| Err(store_down()));
    let mut known = paid_books(&[]);
    known.refunds.expect_find().returning(|_| Err(store_down()));
    let mut record = asking(paid_books(&[]));
    record.refunds.expect_record().returning(|_, _| Err(store_down()));
    let mut commit = recording(open("9.90"));
    commit.commit_error = Some(StoreError::OutcomeUnknown("connection lost".into()));

    let prepared = [find, moves, payments, refunds, known, record, commit].map(|unit| units(vec![unit]));
    for units in std::iter::once(begin).chain(prepared) {
        let outcome = request(&ask(Some("9.90")), nobody_asked(), &units).await;
        assert!(matches!(outcome, Err(RefundOrderError::Store(_))), "{outcome:?}");
        assert_eq!((units.commits(), units.left()), (0, 0));
    }
}
