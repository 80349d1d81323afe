//! Proven trades.

use PaymentStatus::{Duplicate, Late, Settled, UnknownOrder, WrongAmount};

use super::*;
use crate::OrderStatus::{self, AwaitingPayment, AwaitingReceipt, AwaitingShipment, Cancelled, Completed};

fn tell(ledger: &OrderLedger, trade: &Trade) -> (Vec<Event>, OrderLedger) {
    let source = EvidenceSource::Query;
    decide(ledger, &Command::RecordTrade { trade: trade.clone(), source }).unwrap()
}

/// An order that the old back end placed, without a deadline.
fn old(status: OrderStatus) -> OrderLedger {
    let mut old = ledger(status);
    old.order.as_mut().unwrap().expire_at = None;
    old
}

/// An order that this service placed.
fn ours(status: OrderStatus) -> OrderLedger {
    let mut ours = ledger(status);
    ours.order.as_mut().unwrap().expire_at = Some(later());
    ours
}

/// The status of the payment and of the order after the trade is recorded.
fn becomes(ledger: &OrderLedger, trade: &Trade) -> (Option<PaymentStatus>, OrderStatus) {
    let (_, after) = tell(ledger, trade);
    (after.payment(trade.key()).map(|payment| payment.status), status_of(&after))
}

#[test]
fn an_unpaid_order_is_paid_by_its_whole_amount() {
    for status in [TradeStatus::Success, TradeStatus::Finished] {
        let (events, after) = tell(&ledger(AwaitingPayment), &Trade { status, ..trade("A") });
        let [Event::StatusChanged(change), Event::PaymentRecorded(payment)] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!((change.from, change.to, change.due_at), (AwaitingPayment, AwaitingShipment, None));
        assert_eq!((change.reason.as_str(), change.at, &change.cause), ("支付成功", later(), &staff()));
        assert_eq!((payment.status, payment.source), (Settled, EvidenceSource::Query));
        assert_eq!((payment.recorded_at, payment.trade.refunded), (later(), Money::ZERO));
        assert_eq!(after.settled_payment(), Some(payment));
    }
}

#[test]
fn a_trade_that_is_not_paid_changes_nothing() {
    for status in [TradeStatus::WaitBuyerPay, TradeStatus::Closed] {
        for order in OrderStatus::ALL {
            assert_eq!(tell(&ledger(order), &Trade { status, ..trade("A") }).0, []);
        }
    }
}

#[test]
fn another_amount_never_pays() {
    for amount in ["219.00", "323", "323.90", "323.92"] {
        let wrong = Trade { total_amount: money(amount), ..trade("A") };
        for status in OrderStatus::ALL {
            let (events, after) = tell(&ours(status), &wrong);
            // There is no automatic refund; the attempt of an unpaid order is over.
            match (status, &events[..]) {
                (
                    OrderStatus::AwaitingPayment,
                    [Event::PaymentRecorded(_), Event::AttemptOpened(_), Event::AttemptPaid { .. }],
                ) => {}
                (OrderStatus::AwaitingPayment, _) => panic!("{events:?}"),
                (_, events) => assert_eq!(events.len(), 1, "{events:?}"),
            }
            assert_eq!((after.payments[0].status, status_of(&after)), (WrongAmount, status));
        }
    }
}

#[test]
fn a_replay_changes_nothing_in_any_status() {
    for status in OrderStatus::ALL {
        let known = OrderLedger { payments: vec![paid("A", Settled)], ..ledger(status) };
        assert_eq!(tell(&known, &trade("A")).0, []);
    }
}

#[test]
fn the_second_of_two_trades_goes_back_whole() {
    for status in OrderStatus::ALL {
        let known = OrderLedger { payments: vec![paid("A", Settled)], ..ledger(status) };
        let (events, after) = tell(&known, &trade("B"));
        assert_eq!(
            (after.payment(Channel::Alipay.trade("B")).unwrap().status, status_of(&after)),
            (Duplicate, status)
        );
        let [Event::PaymentRecorded(_), Event::RefundRequested { refund, due_at }] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!((refund.kind, refund.amount, *due_at), (RefundKind::Duplicate, money(WHOLE), later()));
        assert_eq!((refund.trade_no.as_str(), refund.out_request_no.as_str()), ("B", "back-B"));
    }
}

#[test]
fn a_wrong_payment_does_not_stand_in_the_way_of_the_right_one() {
    let known = OrderLedger { payments: vec![paid("A", WrongAmount)], ..ledger(AwaitingPayment) };
    assert_eq!(becomes(&known, &trade("B")), (Some(Settled), AwaitingShipment));
}

#[test]
fn a_cancelled_order_takes_its_stock_again() {
    let (events, after) = tell(&ledger(Cancelled), &trade("A"));
    let [Event::StockRetaken { pieces: taken, .. }, Event::StatusChanged(change), Event::PaymentRecorded(_)] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(*taken, pieces(&[(4, 2), (5, 1)]));
    assert_eq!((change.from, change.to), (Cancelled, AwaitingShipment));
    assert_eq!(change.reason, "取消后付款,库存已重新占用");
    assert_eq!(after.in_stock, [(SkuId(4), 5), (SkuId(5), 6)].into());
}

#[test]
fn the_last_pieces_are_enough_and_one_less_is_too_late() {
    for (stock, expected) in [
        (vec![(4, 2), (5, 1)], (Settled, AwaitingShipment)),
        (vec![(4, 1), (5, 1)], (Late, Cancelled)),
        (vec![(4, 2), (5, 0)], (Late, Cancelled)),
        (vec![(4, 2)], (Late, Cancelled)),
    ] {
        let in_stock = stock.iter().map(|(id, pieces)| (SkuId(*id), *pieces)).collect();
        let cancelled = OrderLedger { in_stock, ..ledger(Cancelled) };
        let (payment, order) = becomes(&cancelled, &trade("A"));
        assert_eq!((payment.unwrap(), order), expected, "{stock:?}");
        let owed = tell(&cancelled, &trade("A")).1.refunds;
        assert_eq!(
            owed.iter().map(|refund| refund.kind).collect::<Vec<_>>(),
            match expected.0 {
                Late => vec![RefundKind::Late],
                _ => vec![],
            }
        );
    }
}

#[test]
fn an_order_that_is_paid_without_a_record_gets_one() {
    for status in [AwaitingShipment, AwaitingReceipt, Completed] {
        assert_eq!(becomes(&ledger(status), &trade("A")), (Some(Settled), status));
    }
}

/// The old shop charged whole yuan, or other amounts than it stored, and kept no record of it.
#[test]
fn what_the_old_back_end_was_paid_settles_its_order_whatever_it_charged() {
    let charged = Trade { total_amount: money("323.00"), ..trade("A") };
    for status in [AwaitingShipment, AwaitingReceipt, Completed] {
        assert_eq!(becomes(&old(status), &charged), (Some(Settled), status));
        assert_eq!(becomes(&ours(status), &charged), (Some(WrongAmount), status));
        let (_, after) = tell(&old(status), &charged);
        let second = Trade { total_amount: money("323.91"), ..trade("B") };
        assert_eq!(becomes(&after, &second), (Some(Duplicate), status));
    }
    assert_eq!(becomes(&old(AwaitingPayment), &charged), (Some(WrongAmount), AwaitingPayment));

    // The buyer first began to pay here, on another device, and then paid on the old page.
    let mut begun_here = old(AwaitingShipment);
    let order = begun_here.order.clone().unwrap();
    let first = crate::PaymentAttempt::of(&order, Vec::new()).remove(0);
    let further = crate::PaymentAttempt { out_trade_no: format!("{ORDER}_2"), ..first.clone() };
    begun_here.attempts = vec![first, further];
    assert_eq!(becomes(&begun_here, &charged), (Some(Settled), AwaitingShipment));

    // So a refund of the whole payment ends the order, and nothing is shipped.
    let (_, paid) = tell(&old(AwaitingShipment), &charged);
    let request = Command::RequestRefund { ask: ask(None), lease: Duration::from_secs(120) };
    let (_, asked) = decide(&paid, &request).unwrap();
    let answer = RefundAnswer::Succeeded;
    let answered = Command::RecordRefundAnswer { out_request_no: "shop-1".to_owned(), answer, attempts: 0 };
    let (_, refunded) = decide(&asked, &answered).unwrap();
    assert_eq!(status_of(&refunded), crate::OrderStatus::Refunded);
    assert_eq!(refunded.refunds[0].amount, money("323.00"));
    assert!(!refunded.movements.is_empty(), "the pieces are back in stock");
}

/// The old back end uses only the order's own number, so a payment in another attempt is a second payment.
#[test]
fn an_order_that_the_old_back_end_marked_paid_keeps_one_payment() {
    for status in [AwaitingShipment, AwaitingReceipt, Completed] {
        let mut paid_elsewhere = ledger(status);
        let order = paid_elsewhere.order.clone().unwrap();
        let mut attempt = crate::PaymentAttempt::of(&order, Vec::new()).remove(0);
        attempt.out_trade_no = format!("{ORDER}_2");
        paid_elsewhere.attempts = vec![attempt];
        let second = Trade { out_trade_no: format!("{ORDER}_2"), ..trade("A") };
        assert_eq!(becomes(&paid_elsewhere, &second), (Some(Duplicate), status));
        assert_eq!(tell(&paid_elsewhere, &second).1.refunds[0].kind, RefundKind::Duplicate);
    }
}

#[test]
fn a_payment_of_no_order_of_ours_is_only_recorded() {
    let (events, after) = tell(&OrderLedger::empty(ORDER), &trade("A"));
    assert_eq!((events.len(), after.payments[0].status), (1, UnknownOrder));
    let other = Trade { out_trade_no: "2019112820400899".to_owned(), ..trade("A") };
    assert_eq!(becomes(&ledger(AwaitingPayment), &other), (Some(UnknownOrder), AwaitingPayment));
}

#[test]
fn what_is_not_on_record_has_its_number_alone() {
    assert_eq!(OrderLedger::empty("7"), OrderLedger { number: "7".to_owned(), ..OrderLedger::default() });
}

#[test]
fn contradictions_are_refused_and_not_written() {
    let mut after = ledger(AwaitingPayment);
    let change = |from, to| crate::StatusChange {
        order_id: order_id(),
        from,
        to,
        cause: staff(),
        reason: String::new(),
        at: noon(),
        due_at: None,
    };
    let wrong = Event::StatusChanged(change(AwaitingShipment, AwaitingReceipt));
    assert_eq!(after.apply(&wrong), Err(Inapplicable::OtherStatus));
    let jump = Event::StatusChanged(change(AwaitingPayment, AwaitingReceipt));
    assert_eq!(after.apply(&jump), Err(Inapplicable::NoTransition));
    after.apply(&Event::PaymentRecorded(paid("A", Settled))).unwrap();
    for again in [paid("A", WrongAmount), paid("B", Settled)] {
        assert_eq!(after.apply(&Event::PaymentRecorded(again)), Err(Inapplicable::PaymentOnRecord));
    }
    let closed = Event::TradeClosed { channel: crate::Channel::Alipay, trade_no: "Z".to_owned() };
    assert_eq!(after.apply(&closed), Err(Inapplicable::UnknownPayment));
    let more = refund("r1", "323.92", RefundStatus::Requested);
    let more = Event::RefundRequested { refund: more, due_at: noon() };
    assert_eq!(after.apply(&more), Err(Inapplicable::ExceedsPayment));
    let failed = Event::RefundFailed { out_request_no: "r1".to_owned(), failure: String::new(), at: noon() };
    assert_eq!(after.apply(&failed), Err(Inapplicable::OtherRefundStatus));
    let asked = refund("r1", "1.00", RefundStatus::Requested);
    after.apply(&Event::RefundRequested { refund: asked.clone(), due_at: noon() }).unwrap();
    let done = refund("r2", "1.00", RefundStatus::Succeeded);
    for not_new in [asked, done] {
        let again = Event::RefundRequested { refund: not_new, due_at: noon() };
        assert_eq!(after.apply(&again), Err(Inapplicable::OtherRefundStatus));
    }
    let finished = |number, before| Event::RefundSucceeded {
        refund: refund(number, "1.00", RefundStatus::Succeeded),
        before,
        trade_refunded: money("1.00"),
        order_refunded: None,
    };
    for other in [finished("r1", None), finished("r2", Some(RefundStatus::Requested))] {
        assert_eq!(after.apply(&other), Err(Inapplicable::OtherRefundStatus));
    }
    let reopened = |number| Event::RefundReopened {
        refund: refund(number, "1.00", RefundStatus::Requested),
        due_at: noon(),
    };
    // An open refund, and one that is not on record.
    for number in ["r1", "r2"] {
        assert_eq!(after.apply(&reopened(number)), Err(Inapplicable::OtherRefundStatus));
    }
    let other = Event::RefundFailed { out_request_no: "r2".to_owned(), failure: String::new(), at: noon() };
    assert_eq!(after.apply(&other), Err(Inapplicable::OtherRefundStatus));
    after.apply(&failed).unwrap();
    assert_eq!(after.apply(&failed), Err(Inapplicable::OtherRefundStatus));
    let reason = crate::StockMoveKind::Cancelled;
    for wrong in [vec![(4, 3)], vec![(6, 1)]] {
        let returned = Event::StockReturned { reason: reason.clone(), pieces: pieces(&wrong), at: noon() };
        assert_eq!(ledger(Cancelled).apply(&returned), Err(Inapplicable::Pieces));
    }
    let retaken = Event::StockRetaken { pieces: pieces(&[(4, 8)]), at: noon() };
    assert_eq!(ledger(Cancelled).apply(&retaken), Err(Inapplicable::Pieces));
    let timer = Event::TimerSet { status: Cancelled, due_at: None, restart: true };
    assert_eq!(after.apply(&timer), Err(Inapplicable::OtherStatus));
}
