//! Cancelling, shipping and receiving an order, and returned pieces.

use super::*;
use crate::{
    NotAllowed, OrderEventKind,
    OrderStatus::{self, AwaitingPayment, AwaitingReceipt, AwaitingShipment, Cancelled, Completed, Refunded},
    Shipment, StockMoveKind, Trigger,
    stock::moves::tests::taken_back,
};

const TEN_DAYS: Duration = Duration::from_secs(10 * 24 * 3600);

fn cancel(buyer: Option<UserId>, may_still_be_paid: bool) -> Command {
    let ended = vec![crate::EndedAttempt { out_trade_no: ORDER.to_owned(), is_final: !may_still_be_paid }];
    Command::Cancel { buyer, reason: "缺货".to_owned(), ended }
}

fn ship() -> Command {
    let shipment = Shipment::new("顺丰速运", "SF1", later()).unwrap();
    Command::Ship { shipment, receipt_after: TEN_DAYS }
}

fn give_back(request_no: &str, wishes: &[(i32, u32)]) -> Command {
    Command::ReturnPieces {
        pieces: pieces(wishes),
        request_no: request_no.to_owned(),
        expected_returned: None,
    }
}

fn refused(ledger: &OrderLedger, command: &Command) -> Refusal {
    decide(ledger, command).unwrap_err()
}

#[test]
fn an_unpaid_order_is_given_up_with_its_stock() {
    let (events, after) = decide(&ledger(AwaitingPayment), &cancel(None, false)).unwrap();
    let [Event::StockReturned { reason, pieces: back, .. }, Event::StatusChanged(change)] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((reason, back), (&StockMoveKind::Cancelled, &pieces(&[(4, 2), (5, 1)])));
    assert_eq!((change.from, change.to, change.due_at), (AwaitingPayment, Cancelled, None));
    assert_eq!((change.reason.as_str(), &change.cause), ("缺货", &staff()));
    assert_eq!(decide(&after, &cancel(None, false)).unwrap().0, [], "again is no error");
    let last_look = after.order.as_ref().unwrap().last_look(later());
    let (events, _) = decide(&ledger(AwaitingPayment), &cancel(None, true)).unwrap();
    assert!(matches!(&events[1], Event::StatusChanged(change) if change.due_at == Some(last_look)));
    let deleted = OrderLedger { in_stock: [(SkuId(5), 0)].into(), ..ledger(AwaitingPayment) };
    let (_, after) = decide(&deleted, &cancel(None, false)).unwrap();
    assert_eq!(after.movements.len(), 1, "pieces of a deleted SKU go nowhere, and are not said to");
}

#[test]
fn only_what_is_unpaid_is_given_up_and_only_by_its_buyer() {
    let (buyer, other) = (Some(UserId(4)), Some(UserId(5)));
    for status in OrderStatus::ALL {
        let known = ledger(status);
        assert_eq!(refused(&known, &cancel(other, false)), Refusal::UnknownOrder);
        assert_eq!(refused(&known, &Command::ConfirmReceipt { buyer: other }), Refusal::UnknownOrder);
        match decide(&known, &cancel(buyer, false)) {
            Ok(_) => assert!([AwaitingPayment, Cancelled].contains(&status)),
            Err(refusal) => {
                let event = Trigger::Cancelled;
                assert_eq!(refusal, Refusal::NotAllowed(NotAllowed { status, trigger: event }));
            }
        }
    }
    let nobodys = OrderLedger::empty(ORDER);
    for command in
        [cancel(None, false), ship(), Command::ConfirmReceipt { buyer: None }, give_back("1", &[(4, 1)])]
    {
        assert_eq!(refused(&nobodys, &command), Refusal::UnknownOrder);
    }
}

#[test]
fn a_paid_order_is_shipped_once() {
    let (events, after) = decide(&paid_ledger(&[]), &ship()).unwrap();
    let [Event::StatusChanged(change), Event::Shipped(shipment)] = &events[..] else { panic!("{events:?}") };
    assert_eq!((change.from, change.to), (AwaitingShipment, AwaitingReceipt));
    assert_eq!((change.reason.as_str(), change.due_at), ("发货 顺丰速运 SF1", Some(later().after(TEN_DAYS))));
    assert_eq!(after.order.as_ref().unwrap().shipment.as_ref(), Some(shipment));
    assert_eq!(decide(&after, &ship()).unwrap().0, [], "the same again is no error");
    let mut set_back = after.clone();
    set_back.order.as_mut().unwrap().status = AwaitingShipment;
    assert_eq!(decide(&set_back, &ship()).unwrap().0.len(), 2, "the old back end may set it back");
    let shipment = Shipment::new("顺丰速运", "SF2", later()).unwrap();
    let other = Command::Ship { shipment, receipt_after: TEN_DAYS };
    let event = Trigger::Shipped;
    assert_eq!(
        refused(&after, &other),
        Refusal::NotAllowed(NotAllowed { status: AwaitingReceipt, trigger: event }),
        "another parcel"
    );
    for status in OrderStatus::ALL.into_iter().filter(|status| *status != AwaitingShipment) {
        assert_eq!(
            refused(&ledger(status), &ship()),
            Refusal::NotAllowed(NotAllowed { status, trigger: event })
        );
    }
}

#[test]
fn nothing_is_shipped_of_what_went_back() {
    let whole = refund("r1", WHOLE, RefundStatus::Requested);
    assert_eq!(refused(&paid_ledger(&[whole]), &ship()), Refusal::BeingRefunded);
    let goods =
        Refund { restock: pieces(&[(4, 2), (5, 1)]), ..refund("r1", "313.91", RefundStatus::Requested) };
    assert_eq!(
        refused(&paid_ledger(std::slice::from_ref(&goods)), &ship()),
        Refusal::NothingToShip,
        "the freight is kept"
    );
    let back = OrderLedger { movements: vec![taken_back(4, 2), taken_back(5, 1)], ..paid_ledger(&[]) };
    assert_eq!(refused(&back, &ship()), Refusal::NothingToShip);
    let one_left = OrderLedger { movements: vec![taken_back(4, 2)], ..paid_ledger(&[]) };
    assert!(decide(&one_left, &ship()).is_ok());
    let failed = Refund { status: RefundStatus::Failed, ..goods };
    assert!(decide(&paid_ledger(&[failed]), &ship()).is_ok());
    let without_record = ledger(AwaitingShipment);
    assert!(decide(&without_record, &ship()).is_ok(), "as the old back end leaves it");
}

#[test]
fn receipt_is_confirmed_by_the_buyer_or_by_time() {
    for (buyer, reason) in [(Some(UserId(4)), "确认收货"), (None, "超过期限,自动确认收货")] {
        let (events, after) = decide(&ledger(AwaitingReceipt), &Command::ConfirmReceipt { buyer }).unwrap();
        assert!(matches!(&events[..], [Event::StatusChanged(change)] if change.reason == reason));
        assert_eq!(status_of(&after), Completed);
        assert_eq!(decide(&after, &Command::ConfirmReceipt { buyer }).unwrap().0, [], "again is no error");
        for status in [AwaitingPayment, AwaitingShipment, Cancelled, Refunded] {
            let event = Trigger::ReceiptConfirmed;
            let refusal = refused(&ledger(status), &Command::ConfirmReceipt { buyer });
            assert_eq!(refusal, Refusal::NotAllowed(NotAllowed { status, trigger: event }));
        }
    }
}

#[test]
fn pieces_come_back_without_money_and_never_more_than_are_out() {
    for status in [AwaitingShipment, AwaitingReceipt, Completed, Refunded] {
        let (events, after) = decide(&ledger(status), &give_back("1", &[(5, 1), (4, 1)])).unwrap();
        let [Event::StockReturned { reason, pieces: back, .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!((reason, back), (&StockMoveKind::Returned("1".to_owned()), &pieces(&[(4, 1), (5, 1)])));
        assert_eq!(after.in_stock, [(SkuId(4), 8), (SkuId(5), 8)].into());
        assert_eq!(decide(&after, &give_back("1", &[(4, 1), (5, 1)])).unwrap().0, [], "again is no error");
        assert_eq!(refused(&after, &give_back("1", &[(4, 1)])), Refusal::RequestNumberReused);
        for (wishes, sku) in [(vec![(4, 2)], 4), (vec![(5, 1)], 5), (vec![(6, 1)], 6)] {
            assert_eq!(refused(&after, &give_back("2", &wishes)), Refusal::ExceedsOrder(SkuId(sku)));
        }
        assert!(decide(&after, &give_back("2", &[(4, 1)])).is_ok());
        assert_eq!(decide(&after, &give_back("2", &[(4, 0)])).unwrap().0, []);
    }
    for status in [AwaitingPayment, Cancelled] {
        let refusal = refused(&ledger(status), &give_back("1", &[(4, 1)]));
        assert!(matches!(refusal, Refusal::NotAllowed(NotAllowed { .. })), "{refusal:?}");
    }
    let open = Refund { restock: pieces(&[(4, 2)]), ..refund("r1", "9.90", RefundStatus::Requested) };
    let refusal = refused(&paid_ledger(&[open]), &give_back("1", &[(4, 1)]));
    assert_eq!(refusal, Refusal::ExceedsOrder(SkuId(4)), "they go back with a refund");
    let deleted = OrderLedger { in_stock: [(SkuId(5), 0)].into(), ..paid_ledger(&[]) };
    assert_eq!(refused(&deleted, &give_back("1", &[(4, 1)])), Refusal::ExceedsOrder(SkuId(4)));
}

#[test]
fn timers_are_set_by_what_is_left_to_wait_for() {
    let timer = |status, attempts, failed| {
        let command = Command::SetTimer { found: status, attempts, failed };
        let shipped = decide(&ledger(AwaitingShipment), &ship()).unwrap().1;
        let ledger = if status == AwaitingReceipt { shipped } else { ledger(status) };
        let (events, _) = decide(&ledger, &command).unwrap();
        match &events[..] {
            [Event::TimerSet { status: of, due_at, restart }] => {
                assert_eq!((*of, *restart), (status, due_at.is_none()));
                Some(due_at.map(|due_at| due_at.since(later()).as_secs()))
            }
            [] => None,
            _ => panic!("{events:?}"),
        }
    };
    assert_eq!(timer(AwaitingPayment, 0, false), Some(Some(120)), "an order without a deadline");
    assert_eq!(timer(AwaitingPayment, 67, false), Some(None), "Alipay has forgotten it");
    assert_eq!(timer(AwaitingPayment, 1_000, true), Some(Some(6 * 3600)), "never after a failure");
    assert_eq!(timer(AwaitingReceipt, 0, false), None);
    assert_eq!(timer(AwaitingReceipt, 0, true), Some(Some(120)));
    assert_eq!(timer(Cancelled, 0, false), Some(None));
    assert_eq!(timer(Cancelled, 2, true), Some(Some(480)));
    for status in [AwaitingShipment, Completed, Refunded] {
        assert_eq!(timer(status, 0, false), Some(None));
        assert_eq!(timer(status, 0, true), Some(None));
    }
    let by_another_program = ledger(AwaitingReceipt);
    for failed in [false, true] {
        let command = Command::SetTimer { found: AwaitingReceipt, attempts: 0, failed };
        let set = Event::TimerSet { status: AwaitingReceipt, due_at: None, restart: true };
        assert_eq!(decide(&by_another_program, &command).unwrap().0, [set], "its receipt has no timer");
    }
}

#[test]
fn a_timer_that_was_set_while_the_order_was_looked_at_stays() {
    for failed in [false, true] {
        let command = Command::SetTimer { found: AwaitingPayment, attempts: 0, failed };
        assert_eq!(decide(&ledger(Cancelled), &command).unwrap().0, [], "its last look is to come");
        assert_eq!(decide(&ledger(AwaitingReceipt), &command).unwrap().0, []);
    }
}

#[test]
fn an_order_of_the_old_back_end_is_watched_when_its_payment_begins() {
    let watch = |ledger: &OrderLedger| decide(ledger, &Command::WatchPayment).unwrap().0;
    let due_at = Some(later().after(Duration::from_secs(60)));
    let expected = Event::TimerSet { status: AwaitingPayment, due_at, restart: true };
    assert_eq!(watch(&ledger(AwaitingPayment)), [expected]);
    assert_eq!(watch(&ledger(AwaitingShipment)), []);
    let mut with_deadline = ledger(AwaitingPayment);
    with_deadline.order.as_mut().unwrap().expire_at = Some(later());
    assert_eq!(watch(&with_deadline), []);
}

#[test]
fn webhooks_are_told_of_statuses_and_refunds_in_their_order() {
    let before = paid_ledger(&[refund("r1", WHOLE, RefundStatus::Requested)]);
    let command = Command::RecordRefundAnswer {
        out_request_no: "r1".to_owned(),
        answer: RefundAnswer::Succeeded,
        attempts: 0,
    };
    let notices = before.notices(&decide(&before, &command).unwrap().0);
    let told: Vec<_> = notices.iter().map(|notice| (notice.kind, notice.from, notice.to)).collect();
    assert_eq!(
        told,
        [
            (OrderEventKind::Refund, None, AwaitingShipment),
            (OrderEventKind::StatusChanged, Some(AwaitingShipment), Refunded),
        ]
    );
    assert_eq!(notices[0].amount, Some(money(WHOLE)));
    let reasons: Vec<_> = notices.iter().map(|notice| notice.reason.as_str()).collect();
    assert_eq!(reasons, ["质量问题"; 2]);
    let of_none = OrderLedger { order: None, ..before };
    assert_eq!(
        of_none.notices(&[Event::TradeClosed { channel: crate::Channel::Alipay, trade_no: "A".to_owned() }]),
        []
    );
}

/// Two members of staff who looked at the same parcel must not both put its pieces back.
#[test]
fn as_many_pieces_are_back_as_when_somebody_decided() {
    let expecting = |request_no: &str, expected| Command::ReturnPieces {
        pieces: pieces(&[(4, 1)]),
        request_no: request_no.to_owned(),
        expected_returned: Some(expected),
    };
    let (_, after) = decide(&paid_ledger(&[]), &expecting("1", 0)).unwrap();
    assert_eq!(refused(&after, &expecting("2", 0)), Refusal::ReturnedMeanwhile(1));
    assert_eq!(decide(&after, &expecting("1", 0)).unwrap().0, [], "the same again is no error");
    let (_, twice) = decide(&after, &expecting("2", 1)).unwrap();
    assert_eq!(twice.movements.len(), 2);
}
