//! Refusals and unclear answers, and refunds that are requested again after them.

use super::*;

#[test]
fn a_refusal_ends_what_staff_asked_for_and_never_what_is_owed() {
    let asked = paid_ledger(&[refund("r1", "9.90", Requested)]);
    for (is_final, attempts, is_ended) in [
        (true, 0, true),
        (true, 10, true),
        (true, u32::MAX, true),
        (false, 0, false),
        (false, 339, false),
        (false, 340, true),
    ] {
        let (events, after) = answer(&asked, "r1", refused(is_final), attempts);
        let ended = matches!(&events[..], [Event::RefundFailed { failure, .. }] if failure == "ACQ.X");
        assert_eq!(ended, is_ended, "{is_final} {attempts}: {events:?}");
        assert_eq!(after.refunds[0].status, if is_ended { Failed } else { Requested });
        assert_eq!(after.refunds[0].failure.as_deref(), Some("ACQ.X"));
    }
    let late = paid("A", PaymentStatus::Late);
    let owed = Refund::automatic(&late).unwrap();
    let owing = OrderLedger { payments: vec![late], refunds: vec![owed], ..ledger(OrderStatus::Cancelled) };
    for attempts in [0, 340, 100_000] {
        let (events, _) = answer(&owing, "back-A", refused(true), attempts);
        assert!(matches!(&events[..], [Event::RefundPostponed { .. }]), "{attempts}: {events:?}");
    }
}

/// The channel may still carry out the attempt before, and a request under another number would refund twice.
#[test]
fn a_refusal_soon_after_an_unanswered_attempt_proves_nothing() {
    let asked = paid_ledger(&[refund("r1", "9.90", Requested)]);
    for (attempts, seconds) in [(1, 20), (5, 320), (9, 3600)] {
        let (events, after) = answer(&asked, "r1", refused(true), attempts);
        let Event::RefundPostponed { due_at, .. } = &events[0] else { panic!("{attempts}: {events:?}") };
        assert_eq!(*due_at, later().after(Duration::from_secs(seconds)));
        assert_eq!(request(&after, &RefundAsk { out_request_no: "r2".to_owned(), ..ask(Some(WHOLE)) }), {
            let left = money("314.01");
            Err(Refusal::ExceedsPayment { left })
        });
    }
    // Another process asked meanwhile and got an unclear answer.
    let unclear = RefundAnswer::Unclear { reason: "20000".to_owned() };
    let (_, tried) = answer(&asked, "r1", unclear, 1);
    let (_, after) = answer(&tried, "r1", refused(true), 0);
    assert_eq!(after.refunds[0].status, Requested);
}

#[test]
fn a_refund_that_is_asked_for_anew_without_a_word_about_pieces_puts_back_what_it_was_to() {
    let failed = |amount, restock: &[(i32, u32)]| Refund {
        failure: Some("ACQ.X".to_owned()),
        finished_at: Some(noon()),
        restock: pieces(restock),
        ..refund("shop-1", amount, Failed)
    };
    // Damaged pieces stay out of stock.
    let damaged = paid_ledger(&[failed(WHOLE, &[])]);
    assert_eq!(request(&damaged, &ask(None)).unwrap().restock, []);
    let one = paid_ledger(&[failed("9.90", &[(4, 1), (5, 1)])]);
    assert_eq!(request(&one, &ask(Some("9.90"))).unwrap().restock, pieces(&[(4, 1), (5, 1)]));
    let back = OrderLedger { movements: vec![taken_back(4, 2)], ..one.clone() };
    assert_eq!(request(&back, &ask(Some("9.90"))).unwrap().restock, pieces(&[(5, 1)]));
    // The same for a refund of the whole rest: succeeded and open refunds of the trade that were requested before it
    // count.
    let before = |status| Refund {
        requested_at: noon().before(Duration::from_secs(1)),
        ..refund("shop-2", "314.01", status)
    };
    for status in [Succeeded, Requested] {
        let rest = paid_ledger(&[before(status), failed("9.90", &[])]);
        assert_eq!(request(&rest, &ask(None)).unwrap().restock, [], "{status:?}");
    }
    let of_another = Refund { trade_no: "B".to_owned(), ..before(Succeeded) };
    let mut two_trades = paid_ledger(&[of_another, failed(WHOLE, &[])]);
    two_trades.payments.push(paid("B", PaymentStatus::Duplicate));
    assert_eq!(request(&two_trades, &ask(None)).unwrap().restock, []);
    let failed_too = paid_ledger(&[before(Failed), failed(WHOLE, &[])]);
    assert_eq!(request(&failed_too, &ask(None)).unwrap().restock, []);
    // A refund at the same moment was not requested before.
    let at_once = Refund { requested_at: noon(), ..before(Succeeded) };
    let rest = paid_ledger(&[at_once, failed("9.90", &[])]);
    assert_eq!(request(&rest, &ask(None)).unwrap().restock, pieces(&[(4, 2), (5, 1)]));
    // For a partial refund that leaves nothing now, the default decides about the pieces.
    let rest = Refund { requested_at: later(), ..refund("shop-2", "314.01", Succeeded) };
    let last = paid_ledger(&[failed("9.90", &[]), rest]);
    assert_eq!(request(&last, &ask(None)).unwrap().restock, pieces(&[(4, 2), (5, 1)]));
    let mut shipped = one;
    let order = shipped.order.as_mut().unwrap();
    order.status = AwaitingReceipt;
    order.shipment = Some(crate::Shipment::new("顺丰速运", "SF1", later()).unwrap());
    assert_eq!(request(&shipped, &ask(Some("9.90"))).unwrap().restock, []);
}

#[test]
fn a_refund_that_failed_is_asked_for_anew_under_its_number() {
    let failed = Refund {
        failure: Some("ACQ.X".to_owned()),
        finished_at: Some(noon()),
        restock: pieces(&[(4, 1)]),
        ..refund("shop-1", "9.90", Failed)
    };
    let known = paid_ledger(std::slice::from_ref(&failed));
    let again =
        RefundAsk { reason: "再退".to_owned(), restock: Some(pieces(&[(4, 1)])), ..ask(Some("9.90")) };
    let command = Command::RequestRefund { ask: again.clone(), lease: LEASE };
    let (events, after) = decide(&known, &command).unwrap();
    let expected = Refund {
        status: Requested,
        reason: "再退".to_owned(),
        requested_at: later(),
        finished_at: None,
        failure: None,
        ..failed.clone()
    };
    assert_eq!(
        events,
        [Event::RefundReopened { refund: expected.clone(), due_at: later().after(LEASE) }],
        "as one that was not tried"
    );
    assert_eq!(after.refunds, [expected]);
    assert_eq!(decide(&after, &command).unwrap().0, [], "it is under way");
    let (_, ended) = answer(&after, "shop-1", refused(true), 0);
    assert_eq!(ended.refunds[0].status, Failed, "its only attempt is refused");

    let other = RefundAsk { amount: Some(money("9.91")), ..again.clone() };
    assert_eq!(request(&known, &other), Err(Refusal::RequestNumberReused));
    // Later refunds and returned pieces leave no room for it.
    let gone = paid_ledger(&[failed.clone(), refund("r2", "320.00", Requested)]);
    assert_eq!(request(&gone, &again), Err(Refusal::ExceedsPayment { left: money("3.91") }));
    let back = OrderLedger { movements: vec![taken_back(4, 2)], ..known.clone() };
    assert_eq!(request(&back, &again), Err(Refusal::ExceedsOrder(SkuId(4))));
    // The same for a trade that did not pay the order, whether or not the request names it.
    let second = PaymentRecord { ..paid("B", PaymentStatus::Duplicate) };
    let of_second = Refund { trade_no: "B".to_owned(), restock: Vec::new(), ..failed };
    let mut twice = paid_ledger(&[of_second]);
    twice.payments.push(second);
    let plain = RefundAsk { restock: None, ..again };
    for asked in [plain.clone(), of_trade("B", plain)] {
        let anew = request(&twice, &asked).unwrap();
        assert_eq!((anew.trade_no.as_str(), anew.status), ("B", Requested));
    }
}

#[test]
fn what_is_unclear_is_asked_about_with_growing_pauses() {
    let asked = paid_ledger(&[refund("r1", "9.90", Requested)]);
    for (attempts, seconds) in [(0, 10), (1, 20), (5, 320), (9, 3600), (u32::MAX, 3600)] {
        let unclear = RefundAnswer::Unclear { reason: "20000".to_owned() };
        let (events, _) = answer(&asked, "r1", unclear, attempts);
        let expected = Event::RefundPostponed {
            out_request_no: "r1".to_owned(),
            due_at: later().after(Duration::from_secs(seconds)),
            failure: Some("20000".to_owned()),
        };
        assert_eq!(events, [expected]);
    }
}

#[test]
fn a_refund_that_failed_and_succeeded_after_all_counts() {
    let failed = Refund {
        failure: Some("ACQ.SYSTEM".to_owned()),
        restock: pieces(&[(4, 2), (5, 1)]),
        ..refund("r1", "9.90", Failed)
    };
    let open = Refund { restock: pieces(&[(4, 1)]), ..refund("r2", "1.00", Requested) };
    let known = OrderLedger { movements: vec![taken_back(5, 1)], ..paid_ledger(&[failed, open]) };
    let (events, after) = answer(&known, "r1", RefundAnswer::Succeeded, 1);
    let done = after.refund("r1").unwrap();
    assert_eq!((done.status, &done.failure), (Succeeded, &None));
    assert_eq!(done.restock, pieces(&[(4, 1)]), "as far as they are there");
    assert!(matches!(
        &events[..],
        [Event::RefundSucceeded { before: Some(Failed), .. }, Event::StockReturned { .. }]
    ));
    assert_eq!(after.refundable(Channel::Alipay.trade("A")), money("313.01"));
}

#[test]
fn what_was_shipped_since_its_refund_failed_does_not_go_back_by_itself() {
    let failed = Refund { restock: pieces(&[(4, 2), (5, 1)]), ..refund("r1", "9.90", Failed) };
    let mut shipped = paid_ledger(&[failed]);
    let order = shipped.order.as_mut().unwrap();
    order.status = AwaitingReceipt;
    order.shipment = Some(crate::Shipment::new("顺丰速运", "SF1", later()).unwrap());
    let (events, _) = answer(&shipped, "r1", RefundAnswer::Succeeded, 1);
    assert!(matches!(&events[..], [Event::RefundSucceeded { .. }]), "{events:?}");
}

#[test]
fn an_answer_to_an_unknown_refund_is_refused() {
    let command = Command::RecordRefundAnswer {
        out_request_no: "z".to_owned(),
        answer: RefundAnswer::Succeeded,
        attempts: 0,
    };
    assert_eq!(decide(&paid_ledger(&[]), &command), Err(Refusal::UnknownRefund("z".to_owned())));
}
