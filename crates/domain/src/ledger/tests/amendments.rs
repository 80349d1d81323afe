//! Changes of an order's amount and address.

use super::*;
use crate::{
    AddressId, AttemptState,
    AttemptState::{Closed, GivenUp, Open},
    Channel, EndedAttempt, OrderEventKind, OrderStatus,
    OrderStatus::{AwaitingPayment, AwaitingShipment, Cancelled},
    PaymentProduct, PaymentStatus, ShippingAddress, UserId,
};

const LOWER: &str = "300.00";

fn ended(number: &str, is_final: bool) -> Vec<EndedAttempt> {
    vec![EndedAttempt { out_trade_no: number.to_owned(), is_final }]
}

fn lower(expected: &str, amount: &str, ended: Vec<EndedAttempt>) -> Command {
    let (expected, amount) = (money(expected), money(amount));
    Command::LowerAmount { expected, amount, reason: "老客户".to_owned(), ended }
}

fn after(ledger: &OrderLedger, command: &Command) -> OrderLedger {
    let (_, after) = decide(ledger, command).unwrap();
    assert_eq!(decide(&after, command).map(|(events, _)| events), Ok(vec![]), "{command:?} again");
    after
}

fn refusal(ledger: &OrderLedger, command: &Command) -> Refusal {
    decide(ledger, command).unwrap_err()
}

/// The order with its amount lowered to [`LOWER`] after its first attempt was given up.
fn lowered() -> OrderLedger {
    after(&ledger(AwaitingPayment), &lower(WHOLE, LOWER, ended(ORDER, false)))
}

fn amounts(ledger: &OrderLedger) -> (String, String, u32) {
    let order = ledger.order.as_ref().unwrap();
    (order.total_amount.to_string(), order.discount.to_string(), order.amendments)
}

fn attempts(ledger: &OrderLedger) -> Vec<(String, AttemptState)> {
    ledger.all_attempts().into_iter().map(|one| (one.amount.to_string(), one.state)).collect()
}

fn pay(ledger: &OrderLedger, trade_no: &str, out_trade_no: &str, amount: &str) -> OrderLedger {
    let out_trade_no = out_trade_no.to_owned();
    let trade = Trade { out_trade_no, total_amount: money(amount), ..trade(trade_no) };
    after(ledger, &Command::RecordTrade { trade, source: EvidenceSource::Query })
}

#[test]
fn an_unpaid_order_costs_less_and_is_paid_anew() {
    for (is_final, state) in [(true, Closed), (false, GivenUp)] {
        let lowered = after(&ledger(AwaitingPayment), &lower(WHOLE, LOWER, ended(ORDER, is_final)));
        assert_eq!(amounts(&lowered), (LOWER.to_owned(), "23.91".to_owned(), 1));
        assert_eq!(attempts(&lowered), [(WHOLE.to_owned(), state)], "what Alipay was asked to charge stays");
        let open = Command::OpenAttempt {
            channel: Channel::Alipay,
            product: PaymentProduct::Page,
            expected: None,
            ended: Vec::new(),
        };
        let anew = after(&lowered, &open);
        assert_eq!(attempts(&anew)[1], (LOWER.to_owned(), Open));
        let paid = pay(&anew, "B", &format!("{ORDER}_2"), LOWER);
        assert_eq!((status_of(&paid), paid.payments[0].status), (AwaitingShipment, PaymentStatus::Settled));
    }
    let twice = after(&lowered(), &lower(LOWER, "0.01", Vec::new()));
    assert_eq!(amounts(&twice), ("0.01".to_owned(), "323.90".to_owned(), 2), "the whole discount");
}

#[test]
fn a_payment_of_the_old_amount_is_recorded_and_pays_nothing() {
    let late = pay(&lowered(), "A", ORDER, WHOLE);
    assert_eq!(late.payments[0].status, PaymentStatus::WrongAmount);
    assert_eq!((status_of(&late), late.refunds.len()), (AwaitingPayment, 0), "staff decide");
    let open = Command::OpenAttempt {
        channel: Channel::Alipay,
        product: PaymentProduct::Page,
        expected: None,
        ended: Vec::new(),
    };
    let paid = pay(&after(&late, &open), "B", &format!("{ORDER}_2"), LOWER);
    assert_eq!((status_of(&paid), paid.payments[1].status), (AwaitingShipment, PaymentStatus::Settled));
    let ask = RefundAsk { trade_no: Some("A".to_owned()), ..ask(None) };
    let asked = after(&paid, &Command::RequestRefund { ask, lease: Duration::ZERO });
    assert_eq!(asked.refunds[0].amount, money(WHOLE));
    // The order is paid by now: a payment of the old amount is refunded automatically.
    let open_anew = after(&lowered(), &open);
    let first = pay(&open_anew, "B", &format!("{ORDER}_2"), LOWER);
    let second = pay(&first, "A", ORDER, WHOLE);
    assert_eq!(second.payments[1].status, PaymentStatus::Duplicate);
    assert_eq!((second.refunds[0].trade_no.as_str(), second.refunds[0].amount), ("A", money(WHOLE)));
    // The order is cancelled by now: a payment of the old amount does not revive it and is refunded too.
    let cancel = Command::Cancel { buyer: None, reason: String::new(), ended: Vec::new() };
    let cancelled = pay(&after(&lowered(), &cancel), "A", ORDER, WHOLE);
    assert_eq!((status_of(&cancelled), cancelled.payments[0].status), (Cancelled, PaymentStatus::Late));
    assert_eq!(cancelled.refunds[0].amount, money(WHOLE));
    // A restored backup lacks the lowering: a payment of the lower amount is not refunded automatically.
    let restored = pay(&after(&ledger(AwaitingPayment), &cancel), "B", &format!("{ORDER}_2"), LOWER);
    assert_eq!((restored.payments[0].status, restored.refunds.len()), (PaymentStatus::WrongAmount, 0));
}

#[test]
fn an_amount_is_only_lowered_and_never_to_nothing() {
    let unpaid = ledger(AwaitingPayment);
    for amount in ["0.00", WHOLE, "323.92", "99999999.99"] {
        let expected = Refusal::AmountNotLower { amount: money(WHOLE) };
        assert_eq!(refusal(&unpaid, &lower(WHOLE, amount, ended(ORDER, true))), expected, "{amount}");
    }
    let other = lower("400.00", LOWER, ended(ORDER, true));
    assert_eq!(refusal(&unpaid, &other), Refusal::AmountChanged { amount: money(WHOLE) });
    // A caller who saw another amount is refused; a repeated command changes nothing.
    let stale = lower(WHOLE, "310.00", Vec::new());
    assert_eq!(refusal(&lowered(), &stale), Refusal::AmountChanged { amount: money(LOWER) });
    assert_eq!(decide(&lowered(), &lower(WHOLE, LOWER, Vec::new())).unwrap().0, []);
    assert_eq!(refusal(&OrderLedger::empty(ORDER), &other), Refusal::UnknownOrder);
}

#[test]
fn what_is_paid_or_over_costs_what_it_does() {
    for status in OrderStatus::ALL {
        let outcome = decide(&ledger(status), &lower(WHOLE, LOWER, ended(ORDER, true)));
        match status {
            AwaitingPayment => assert!(!outcome.unwrap().0.is_empty()),
            _ => assert!(matches!(outcome, Err(Refusal::NotAllowed(_))), "{status:?}"),
        }
    }
    let mut overdue = ledger(AwaitingPayment);
    overdue.order.as_mut().unwrap().expire_at = Some(later());
    let refused = refusal(&overdue, &lower(WHOLE, LOWER, ended(ORDER, true)));
    assert!(matches!(refused, Refusal::NotAllowed(_)), "it cannot be paid any more: {refused:?}");
}

#[test]
fn no_attempt_to_pay_the_old_amount_stays_open() {
    let unpaid = ledger(AwaitingPayment);
    assert_eq!(refusal(&unpaid, &lower(WHOLE, LOWER, Vec::new())), Refusal::OtherAttemptOpen);
    let wap = Command::OpenAttempt {
        channel: Channel::Alipay,
        product: PaymentProduct::Wap,
        expected: None,
        ended: ended(ORDER, false),
    };
    let phone = after(&unpaid, &wap);
    // The second attempt was opened after Alipay was asked about the first one.
    assert_eq!(refusal(&phone, &lower(WHOLE, LOWER, ended(ORDER, true))), Refusal::OtherAttemptOpen);
    let lowered = after(&phone, &lower(WHOLE, LOWER, ended(&format!("{ORDER}_2"), true)));
    assert_eq!(attempts(&lowered), [(WHOLE.to_owned(), GivenUp), (WHOLE.to_owned(), Closed)]);
    let mut last = phone;
    let second = last.attempts[1].clone();
    last.attempts.resize(MOST_ATTEMPTS, second);
    let refused = refusal(&last, &lower(WHOLE, LOWER, ended(&format!("{ORDER}_2"), true)));
    assert_eq!(refused, Refusal::TooManyAttempts, "it could not be paid any more");
}

fn elsewhere() -> ShippingAddress {
    ShippingAddress::checked("公司", "王小二", "13800000000", "上海市浦东新区世纪大道1号").unwrap()
}

fn redirect(buyer: Option<UserId>) -> Command {
    let address_id = buyer.map(|_| AddressId(7));
    let (address, reason) = (elsewhere(), "搬家".to_owned());
    Command::ChangeAddress { buyer, expected: None, address, address_id, reason }
}

#[test]
fn buyers_redirect_until_they_pay_and_staff_until_it_is_shipped() {
    let owner = ledger(AwaitingPayment).order.unwrap().user_id;
    for status in OrderStatus::ALL {
        for (buyer, may) in [
            (Some(owner), status == AwaitingPayment),
            (None, [AwaitingPayment, AwaitingShipment].contains(&status)),
        ] {
            let outcome = decide(&ledger(status), &redirect(buyer));
            assert_eq!(outcome.is_ok(), may, "{status:?} {buyer:?}");
            if may {
                let after = after(&ledger(status), &redirect(buyer));
                let order = after.order.unwrap();
                assert_eq!((order.shipping, order.amendments, order.status), (elsewhere(), 1, status));
            } else {
                assert!(matches!(outcome, Err(Refusal::NotAllowed(_))));
            }
        }
    }
    let another = redirect(Some(UserId(owner.0 + 1)));
    assert_eq!(refusal(&ledger(AwaitingPayment), &another), Refusal::UnknownOrder);
}

/// The buyer may have changed the address since staff looked at it.
#[test]
fn an_address_that_was_not_seen_is_not_replaced() {
    let unpaid = ledger(AwaitingPayment);
    let seen = unpaid.order.clone().unwrap().shipping;
    let expecting = |expected: &ShippingAddress| Command::ChangeAddress {
        buyer: None,
        expected: Some(expected.clone()),
        address: ShippingAddress { receiver: "王五".to_owned(), ..seen.clone() },
        address_id: None,
        reason: String::new(),
    };
    assert_eq!(after(&unpaid, &expecting(&seen)).order.unwrap().shipping.receiver, "王五");
    let moved = after(&unpaid, &redirect(None));
    assert_eq!(refusal(&moved, &expecting(&seen)), Refusal::AddressChanged);
}

#[test]
fn amendments_are_bounded() {
    let owner = ledger(AwaitingPayment).order.unwrap().user_id;
    let amended = |times| {
        let mut ledger = ledger(AwaitingPayment);
        ledger.order.as_mut().unwrap().amendments = times;
        ledger
    };
    let lower = lower(WHOLE, LOWER, ended(ORDER, true));
    for (times, expected) in
        [(9, [true, true, true]), (10, [false, true, true]), (100, [false, false, false])]
    {
        let commands = [&redirect(Some(owner)), &redirect(None), &lower];
        let outcomes = commands.map(|command| match decide(&amended(times), command) {
            Ok(_) => true,
            Err(Refusal::TooManyAmendments) => false,
            Err(other) => panic!("{other}"),
        });
        assert_eq!(outcomes, expected, "{times}");
    }
}

#[test]
fn webhooks_learn_the_amount_and_never_the_address() {
    let unpaid = ledger(AwaitingPayment);
    let notices = |command: &Command| {
        let (events, _) = decide(&unpaid, command).unwrap();
        let [notice] = &unpaid.notices(&events)[..] else { panic!("{events:?}") };
        (notice.kind, notice.amount, notice.reason.clone(), notice.from, notice.to)
    };
    let expected =
        (OrderEventKind::AmountLowered, Some(money(LOWER)), "老客户".to_owned(), None, AwaitingPayment);
    assert_eq!(notices(&lower(WHOLE, LOWER, ended(ORDER, true))), expected);
    let expected = (OrderEventKind::AddressChanged, None, String::new(), None, AwaitingPayment);
    assert_eq!(notices(&redirect(None)), expected);
}

#[test]
fn amendments_that_contradict_the_record_are_refused() {
    let lowered = |before, after, discount| Event::AmountLowered {
        before: money(before),
        after: money(after),
        discount: money(discount),
        cause: staff(),
        reason: String::new(),
        at: noon(),
    };
    for (event, status, expected) in [
        (lowered(WHOLE, LOWER, "23.91"), AwaitingPayment, Ok(())),
        (lowered(WHOLE, LOWER, "23.91"), AwaitingShipment, Err(Inapplicable::OtherStatus)),
        (lowered("300.01", LOWER, "0.01"), AwaitingPayment, Err(Inapplicable::OtherAmount)),
        (lowered(WHOLE, WHOLE, "0.00"), AwaitingPayment, Err(Inapplicable::OtherAmount)),
        (lowered(WHOLE, "0.00", WHOLE), AwaitingPayment, Err(Inapplicable::OtherAmount)),
        (lowered(WHOLE, LOWER, "23.90"), AwaitingPayment, Err(Inapplicable::OtherAmount)),
    ] {
        assert_eq!(ledger(status).apply(&event), expected, "{event:?}");
    }
    let (events, _) = decide(&ledger(AwaitingPayment), &redirect(None)).unwrap();
    assert_eq!(ledger(AwaitingShipment).apply(&events[0]), Err(Inapplicable::OtherStatus));
    assert_eq!(OrderLedger::empty(ORDER).apply(&events[0]), Err(Inapplicable::OtherStatus));
}
