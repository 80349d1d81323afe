//! Refunds that Alipay reports.

use RefundStatus::{Failed, Requested, Succeeded};

use super::*;
use crate::{
    OrderStatus::{self, AwaitingPayment, AwaitingReceipt, AwaitingShipment, Cancelled, Completed, Refunded},
    stock::moves::tests::taken_back,
};

/// A message about the refund of trade A with this number.
fn telling(number: &str) -> Trade {
    let refund_request_no = Some(number.to_owned());
    Trade { refunded: money("9.90"), refund_request_no, ..trade("A") }
}

/// Trade A with this refunded sum; closed if it is the whole amount.
fn refunded(amount: &str) -> Trade {
    let status = if amount == WHOLE { TradeStatus::Closed } else { TradeStatus::Success };
    Trade { status, refunded: money(amount), ..trade("A") }
}

fn notified(ledger: &OrderLedger, trade: &Trade) -> Result<Vec<Event>, Refusal> {
    let source = EvidenceSource::Notification;
    decide(ledger, &Command::RecordTrade { trade: trade.clone(), source }).map(|(events, _)| events)
}

fn unconfirmed(trade_no: &str, number: &str) -> Result<Vec<Event>, Refusal> {
    let (trade_no, out_request_no) = (trade_no.to_owned(), number.to_owned());
    Err(Refusal::RefundUnconfirmed { channel: crate::Channel::Alipay, trade_no, out_request_no })
}

/// Records a refund of trade A that Alipay confirmed, with proof of the payment.
fn confirm(
    ledger: &OrderLedger,
    number: &str,
    amount: &str,
    proof: Option<Trade>,
) -> (Vec<Event>, OrderLedger) {
    let refund = ConfirmedRefund {
        channel: crate::Channel::Alipay,
        trade_no: "A".to_owned(),
        out_request_no: number.to_owned(),
        amount: money(amount),
    };
    let proof = proof.map(|trade| (trade, EvidenceSource::Notification));
    decide(ledger, &Command::RecordRefund { refund, proof, is_number_in_use: false }).unwrap()
}

/// The late payment of trade A with its automatic refund, and with these refunds made outside this service.
fn owing(gone: &[&str]) -> OrderLedger {
    let payment = paid("A", PaymentStatus::Late);
    let mut refunds = vec![Refund::automatic(&payment).unwrap()];
    refunds.extend(gone.iter().enumerate().map(|(number, amount)| external(&format!("x{number}"), amount)));
    OrderLedger { payments: vec![payment], refunds, ..ledger(Cancelled) }
}

#[test]
fn a_message_tells_of_a_refund_under_way_or_of_one_that_is_to_be_confirmed() {
    let known = paid_ledger(&[
        refund("r1", "9.90", Requested),
        refund("r2", "9.90", Succeeded),
        refund("r3", "9.90", Failed),
    ]);
    let looked_at =
        Event::RefundPostponed { out_request_no: "r1".to_owned(), due_at: later(), failure: None };
    assert_eq!(notified(&known, &telling("r1")), Ok(vec![looked_at]));
    assert_eq!(notified(&known, &telling("r2")), Ok(vec![]), "it is known to be done");
    assert_eq!(notified(&known, &telling("x")), unconfirmed("A", "x"));
    assert_eq!(notified(&known, &telling("r3")), unconfirmed("A", "r3"));
}

#[test]
fn a_refund_is_to_be_confirmed_even_if_its_payment_is_not_on_record() {
    let known = paid_ledger(&[refund("r1", "9.90", Requested)]);
    for status in [TradeStatus::Success, TradeStatus::Finished, TradeStatus::Closed] {
        let message = Trade { trade_no: "Z".to_owned(), status, ..telling("x") };
        assert_eq!(notified(&known, &message), unconfirmed("Z", "x"));
    }
    let unpaid = Trade { trade_no: "Z".to_owned(), status: TradeStatus::WaitBuyerPay, ..telling("x") };
    assert_eq!(notified(&known, &unpaid), Ok(vec![]));
    let nothing_back = Trade { status: TradeStatus::Closed, refunded: Money::ZERO, ..unpaid };
    assert_eq!(notified(&known, &nothing_back), Ok(vec![]));
}

#[test]
fn a_refund_is_never_read_as_a_payment() {
    for status in OrderStatus::ALL {
        let message = Trade { refunded: money("0.01"), ..trade("A") };
        assert_eq!(notified(&ledger(status), &message), Err(Refusal::RefundUnnumbered));
        assert_eq!(notified(&ledger(status), &telling("x")), unconfirmed("A", "x"));
    }
}

#[test]
fn a_refund_without_a_number_is_refused_until_as_much_is_on_record() {
    let known = paid_ledger(&[refund("r1", "9.90", Succeeded), refund("r2", "5.00", Requested)]);
    assert_eq!(notified(&known, &refunded("9.90")), Ok(vec![]));
    assert_eq!(notified(&known, &refunded("9.91")), Err(Refusal::RefundUnnumbered));
    let of_unknown = Trade { trade_no: "Z".to_owned(), ..refunded("0.01") };
    assert_eq!(notified(&known, &of_unknown), Err(Refusal::RefundUnnumbered));
    let timed_out = Trade { status: TradeStatus::Closed, ..trade("A") };
    assert_eq!(notified(&known, &timed_out), Ok(vec![]));
}

#[test]
fn what_went_back_elsewhere_is_what_alipay_has_more_than_may_be_on_its_way() {
    let known = paid_ledger(&[
        refund("r1", "9.90", Succeeded),
        refund("r2", "5.00", Requested),
        refund("r3", "1.00", Failed),
    ]);
    for within in ["0", "9.90", "14.90"] {
        assert_eq!(known.refunded_elsewhere(Channel::Alipay.trade("A"), money(within)), None);
    }
    assert_eq!(known.refunded_elsewhere(Channel::Alipay.trade("A"), money("14.91")), Some(money("0.01")));
    assert_eq!(known.refunded_elsewhere(Channel::Alipay.trade("A"), money(WHOLE)), Some(money("309.01")));
}

#[test]
fn a_trade_of_which_nothing_is_left_is_closed_where_less_is_on_record() {
    let all = Trade { refund_request_no: Some("r2".to_owned()), ..refunded(WHOLE) };
    let part = Trade { refunded: money("323.90"), status: TradeStatus::Success, ..all.clone() };
    let closes = |ledger: &OrderLedger, trade: &Trade| {
        notified(ledger, trade)
            .unwrap()
            .contains(&Event::TradeClosed { channel: crate::Channel::Alipay, trade_no: "A".to_owned() })
    };
    let mut known = paid_ledger(&[refund("r1", "300.00", Succeeded), refund("r2", "23.90", Requested)]);
    assert!(closes(&known, &all) && !closes(&known, &part));
    known.payments[0].trade.status = TradeStatus::Closed;
    assert!(!closes(&known, &all), "it is");
    let known = paid_ledger(&[refund("r1", "300.00", Succeeded), refund("r2", "23.91", Requested)]);
    assert!(!closes(&known, &all), "the rest is on its way");
}

/// This also applies if a refund of the whole amount is open here. It may still fail, because another refund sent the
/// money back.
#[test]
fn a_trade_is_closed_by_refunds_that_are_not_confirmed() {
    let close = |trade: Trade| Command::CloseTrade { trade };
    for status in [Requested, Failed] {
        let known = paid_ledger(&[refund("r1", WHOLE, status)]);
        let (events, mut closed) = decide(&known, &close(refunded(WHOLE))).unwrap();
        assert!(matches!(&events[..], [Event::TradeClosed { .. }]), "{events:?}");
        assert_eq!(decide(&closed, &close(refunded(WHOLE))).unwrap().0, [], "again");
        closed.refunds[0].status = Failed;
        let shipment = crate::Shipment::new("顺丰速运", "SF1", noon()).unwrap();
        let ship = Command::Ship { shipment, receipt_after: Duration::from_secs(60) };
        assert_eq!(decide(&closed, &ship), Err(Refusal::BeingRefunded));
        // The trade may have gone back by the failed refund: it may be requested again under its number, but not under
        // another one.
        let request = |number: &str| {
            let ask = RefundAsk { out_request_no: number.to_owned(), ..ask(Some(WHOLE)) };
            decide(&closed, &Command::RequestRefund { ask, lease: Duration::from_secs(120) })
        };
        assert!(matches!(&request("r1").unwrap().0[..], [Event::RefundReopened { .. }]));
        assert_eq!(request("r2"), Err(Refusal::ExceedsPayment { left: Money::ZERO }));
    }
    for (known, trade) in [
        (paid_ledger(&[]), refunded("323.90")),
        (paid_ledger(&[refund("r1", WHOLE, Succeeded)]), refunded(WHOLE)),
        (ledger(AwaitingPayment), refunded(WHOLE)),
    ] {
        assert_eq!(decide(&known, &close(trade)).unwrap().0, []);
    }
}

#[test]
fn nothing_is_left_of_a_trade_that_is_closed() {
    for status in [PaymentStatus::Settled, PaymentStatus::Late, PaymentStatus::Duplicate] {
        let mut closed = paid("A", status);
        closed.trade.status = TradeStatus::Closed;
        assert_eq!(Refund::automatic(&closed), None, "{status:?}");
        let known = OrderLedger { payments: vec![closed], ..paid_ledger(&[external("x", "9.90")]) };
        assert_eq!(known.refundable(Channel::Alipay.trade("A")), Money::ZERO);
        assert_eq!(known.is_being_refunded(), status == PaymentStatus::Settled);
        assert!(!known.is_wholly_refunded(), "not each refund is on record");
        let ask = RefundAsk { trade_no: Some("A".to_owned()), ..ask(Some("1.00")) };
        let refused = decide(&known, &Command::RequestRefund { ask, lease: Duration::ZERO });
        assert_eq!(refused, Err(Refusal::ExceedsPayment { left: Money::ZERO }));
    }
}

#[test]
fn a_refund_made_elsewhere_is_written_down_once() {
    let known = paid_ledger(&[refund("r1", "9.90", Requested)]);
    let (events, after) = confirm(&known, "x", "0.01", None);
    let [Event::RefundSucceeded { refund, before: None, trade_refunded, order_refunded }] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(
        (refund.kind, refund.amount, refund.finished_at),
        (RefundKind::External, money("0.01"), Some(later()))
    );
    assert_eq!((refund.out_trade_no.as_str(), refund.restock.len()), (ORDER, 0));
    assert_eq!(
        (refund.reason.as_str(), refund.cause.actor),
        ("在支付宝退款", crate::Actor::Channel(Channel::Alipay))
    );
    assert_eq!((*trade_refunded, *order_refunded), (money("0.01"), Some(money("0.01"))));
    assert_eq!(confirm(&after, "x", "0.01", Some(telling("x"))).0, [], "it is on record");
    assert_eq!(confirm(&known, "r1", "9.90", None).0, [], "it is ours, and asked about");
    let of_unknown = OrderLedger { payments: vec![], ..known };
    assert_eq!(confirm(&of_unknown, "x", "0.01", None).0, [], "nothing proves its payment");
}

#[test]
fn what_was_never_shipped_goes_back_into_stock_with_a_whole_refund_made_elsewhere() {
    let (_, after) = confirm(&paid_ledger(&[]), "x", WHOLE, None);
    assert_eq!(status_of(&after), Refunded);
    assert_eq!(after.in_stock, [(SkuId(4), 9), (SkuId(5), 8)].into());
    let (_, part) = confirm(&paid_ledger(&[]), "x", "323.90", None);
    assert_eq!((status_of(&part), part.movements.len()), (AwaitingShipment, 0));
    let (_, rest) = confirm(&part, "y", "0.01", None);
    assert_eq!((status_of(&rest), rest.movements.len()), (Refunded, 2));
    for status in [AwaitingReceipt, Completed] {
        let shipped = OrderLedger { payments: vec![paid("A", PaymentStatus::Settled)], ..ledger(status) };
        let (_, after) = confirm(&shipped, "x", WHOLE, None);
        assert_eq!((status_of(&after), after.movements.len()), (Refunded, 0), "the buyer has them");
    }
}

#[test]
fn what_was_never_shipped_goes_back_with_whichever_refund_leaves_nothing() {
    let requested = paid_ledger(&[refund("r1", "300.00", RefundStatus::Requested)]);
    let (_, after) = confirm(&requested, "x", "23.91", None);
    assert_eq!((status_of(&after), after.movements.len()), (AwaitingShipment, 2), "it must not be shipped");

    let open =
        Refund { restock: pieces(&[(4, 2), (5, 1)]), ..refund("r1", "300.00", RefundStatus::Requested) };
    let (_, after) = confirm(&paid_ledger(std::slice::from_ref(&open)), "x", WHOLE, None);
    assert_eq!((status_of(&after), after.movements.len()), (Refunded, 2), "r1 can no longer happen");
    let last = refund("r2", "23.91", RefundStatus::Requested);
    let (_, after) = confirm(&paid_ledger(&[open, last]), "x", "300.00", None);
    let succeeded = RefundAnswer::Succeeded;
    let answer =
        Command::RecordRefundAnswer { out_request_no: "r2".to_owned(), answer: succeeded, attempts: 0 };
    let (_, after) = decide(&after, &answer).unwrap();
    assert_eq!((status_of(&after), after.movements.len()), (Refunded, 2), "nor here");

    let failed = paid_ledger(&[refund("r1", "300.00", RefundStatus::Failed), external("x", "23.91")]);
    let (_, after) = confirm(&failed, "r1", "300.00", None);
    assert_eq!((status_of(&after), after.movements.len()), (Refunded, 2), "it happened after all");
}

#[test]
fn a_refund_proves_the_payment_that_it_went_back_of() {
    for (amount, expected) in [("9.90", AwaitingShipment), (WHOLE, Refunded)] {
        let proof = Some(Trade { refund_request_no: Some("x".to_owned()), ..refunded(amount) });
        let (events, after) = confirm(&ledger(AwaitingPayment), "x", amount, proof.clone());
        assert!(
            matches!(&events[0], Event::StatusChanged(change) if change.reason == "支付成功,由其退款得知")
        );
        let as_recorded = events.iter().find_map(|event| match event {
            Event::PaymentRecorded(payment) => Some(&payment.trade),
            _ => None,
        });
        let before_it_went_back =
            Trade { refunded: Money::ZERO, refund_request_no: None, ..refunded(amount) };
        assert_eq!(as_recorded, Some(&before_it_went_back), "what went back is written refund by refund");
        let payment = after.settled_payment().unwrap();
        assert_eq!((payment.trade.refunded, status_of(&after)), (money(amount), expected));
        let payments = vec![paid("B", PaymentStatus::Settled)];
        let other = OrderLedger { payments, ..ledger(AwaitingShipment) };
        let (_, after) = confirm(&other, "x", amount, proof.clone());
        assert_eq!(after.payment(Channel::Alipay.trade("A")).unwrap().status, PaymentStatus::Duplicate);
        let (_, after) = confirm(&OrderLedger::empty(ORDER), "x", amount, proof);
        assert_eq!(after.payment(Channel::Alipay.trade("A")).unwrap().status, PaymentStatus::UnknownOrder);
        assert_eq!(after.refunded(Channel::Alipay.trade("A")), money(amount));
    }
    for status in [TradeStatus::WaitBuyerPay, TradeStatus::Closed] {
        let unpaid = Trade { status, ..trade("A") };
        assert_eq!(confirm(&ledger(AwaitingPayment), "x", "9.90", Some(unpaid)).0, [], "it proves nothing");
    }
}

#[test]
fn a_cancelled_order_takes_its_stock_again_only_for_money_that_is_there() {
    let (_, part) = confirm(&ledger(Cancelled), "x", "323.90", Some(refunded("323.90")));
    assert_eq!((status_of(&part), part.in_stock[&SkuId(4)]), (AwaitingShipment, 5));
    let (_, all) = confirm(&ledger(Cancelled), "x", WHOLE, Some(refunded(WHOLE)));
    assert_eq!((status_of(&all), all.in_stock[&SkuId(4)]), (Cancelled, 7));
    assert_eq!(all.payments[0].status, PaymentStatus::Late);
    assert!(all.refunds.iter().all(|refund| refund.status == Succeeded), "nothing more is owed: {all:?}");
}

#[test]
fn a_refund_that_failed_and_happened_after_all_is_corrected_with_what_alipay_confirms() {
    let failed = refund("r1", "9.90", Failed);
    let known =
        OrderLedger { movements: vec![taken_back(5, 1)], ..paid_ledger(std::slice::from_ref(&failed)) };
    let (events, after) = confirm(&known, "r1", "9.80", None);
    assert!(matches!(&events[..], [Event::RefundSucceeded { before: Some(Failed), .. }]));
    assert_eq!(after.refunded(Channel::Alipay.trade("A")), money("9.80"));
    let of_another = OrderLedger { refunds: vec![Refund { trade_no: "B".to_owned(), ..failed }], ..known };
    let (events, _) = confirm(&of_another, "r1", "9.90", None);
    let [Event::RefundSucceeded { refund, before: None, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((refund.kind, refund.trade_no.as_str()), (RefundKind::External, "A"), "B's is another one");
}

#[test]
fn a_number_that_another_trade_has_too_names_its_own_refund_alone() {
    let mut known = paid_ledger(&[external("1", "20.00")]);
    known.payments.push(paid("B", PaymentStatus::Duplicate));
    known.refunds.push(Refund::automatic(&known.payments[1]).unwrap());
    let of_b = Trade { refund_request_no: Some("1".to_owned()), refunded: money("5.00"), ..trade("B") };
    let notified = Command::RecordTrade { trade: of_b, source: EvidenceSource::Notification };
    assert!(matches!(decide(&known, &notified), Err(Refusal::RefundUnconfirmed { .. })));
    let refund = ConfirmedRefund {
        channel: crate::Channel::Alipay,
        trade_no: "B".to_owned(),
        out_request_no: "1".to_owned(),
        amount: money("5.00"),
    };
    let command = Command::RecordRefund { refund, proof: None, is_number_in_use: false };
    let (_, after) = decide(&known, &command).unwrap();
    let [a, b] = ["A", "B"].map(|trade_no| crate::Channel::Alipay.trade(trade_no));
    assert_eq!((after.refunded(a), after.refunded(b)), (money("20.00"), money("5.00")));
    assert_ne!(after.refund_of(b, "1").unwrap().out_request_no, "1");
    assert_eq!(after.refunds.last().unwrap().amount, money("318.91"), "what is owed now");
    assert_eq!(decide(&after, &command).unwrap().0, [], "once");
    assert_eq!(decide(&after, &notified).unwrap().0, [], "it is on record");
}

#[test]
fn a_number_that_another_order_has_too_is_replaced() {
    let refund = ConfirmedRefund {
        channel: crate::Channel::Alipay,
        trade_no: "A".to_owned(),
        out_request_no: "1".to_owned(),
        amount: money(WHOLE),
    };
    let command =
        |is_number_in_use| Command::RecordRefund { refund: refund.clone(), proof: None, is_number_in_use };
    let (_, after) = decide(&paid_ledger(&[]), &command(true)).unwrap();
    assert_eq!((status_of(&after), after.refund("1")), (Refunded, None));
    assert_eq!(decide(&after, &command(false)).unwrap().0, [], "once");
}

#[test]
fn an_owed_refund_that_can_no_longer_happen_gives_way_to_one_of_the_rest() {
    let mut owing = owing(&[]);
    owing.refunds[0].failure = Some("ACQ.X".to_owned());
    let (events, after) = confirm(&owing, "x", "300.00", None);
    let [
        Event::RefundSucceeded { .. },
        Event::RefundFailed { out_request_no, failure, .. },
        Event::RefundRequested { refund: rest, due_at },
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((out_request_no.as_str(), failure.as_str()), ("back-A", "一部分款项已在支付宝退款"));
    assert_eq!((rest.out_request_no.as_str(), rest.amount, *due_at), ("back-A-1", money("23.91"), later()));
    assert_eq!((rest.kind, rest.status, rest.trade_no.as_str()), (RefundKind::Late, Requested, "A"));
    assert_eq!((rest.requested_at, &rest.failure), (later(), &None), "nobody has tried it yet");
    let (_, again) = confirm(&after, "y", "20.00", None);
    let rest = again.refunds.last().unwrap();
    assert_eq!((rest.out_request_no.as_str(), rest.amount), ("back-A-2", money("3.91")));
    let (_, none) = confirm(&again, "z", "3.91", None);
    assert!(none.refunds.iter().all(|refund| refund.status != Requested), "nothing is left to go");
}

#[test]
fn what_can_still_happen_gives_way_to_nothing() {
    let (events, _) = confirm(&paid_ledger(&[refund("r1", "300.00", Requested)]), "x", "300.00", None);
    assert!(matches!(&events[..], [Event::RefundSucceeded { .. }]), "staff asked for it, and may again");
    let mut ended = owing(&[]);
    ended.refunds[0].status = Failed;
    let (events, _) = confirm(&ended, "x", "300.00", None);
    assert!(matches!(&events[..], [Event::RefundSucceeded { .. }]), "it has ended");
    // This refund was requested while another one of 9.90 was open, which failed and succeeded after all.
    let mut exact = owing(&["300.00"]);
    exact.refunds[0].amount = money("14.01");
    exact.refunds.push(refund("r1", "9.90", Failed));
    let (events, _) = confirm(&exact, "r1", "9.90", None);
    assert!(matches!(&events[..], [Event::RefundSucceeded { .. }]), "it is all that is left: {events:?}");
}
