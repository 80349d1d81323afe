use super::*;
use crate::{Cause, EvidenceSource, Money, PaymentStatus, RefundKind, ShopTime, Trade, TradeStatus};

fn time(text: &str) -> ShopTime {
    ShopTime::parse(text).unwrap()
}

fn day() -> ShopDate {
    ShopDate::parse("2026-11-25").unwrap()
}

fn payment(trade_no: &str, amount: &str, paid_at: &str) -> PaymentRecord {
    PaymentRecord {
        trade: Trade {
            channel: crate::Channel::Alipay,
            trade_no: trade_no.to_owned(),
            out_trade_no: "2026112510000001".to_owned(),
            status: TradeStatus::Success,
            total_amount: amount.parse().unwrap(),
            refunded: Money::ZERO,
            refund_request_no: None,
            buyer: None,
            paid_at: Some(time(paid_at)),
        },
        status: PaymentStatus::Settled,
        source: EvidenceSource::Notification,
        recorded_at: time(paid_at),
    }
}

fn refund(number: &str, amount: &str, status: RefundStatus, at: [&str; 2]) -> Refund {
    Refund {
        channel: crate::Channel::Alipay,
        out_request_no: number.to_owned(),
        out_trade_no: "2026112510000001".to_owned(),
        trade_no: "A".to_owned(),
        amount: amount.parse().unwrap(),
        reason: String::new(),
        kind: RefundKind::Shop,
        status,
        restock: Vec::new(),
        cause: Cause::system(),
        requested_at: time(at[0]),
        finished_at: Some(time(at[1])),
        failure: None,
    }
}

fn entry(trade_no: &str, amount: &str, request: Option<&str>) -> BillEntry {
    BillEntry {
        trade_no: trade_no.to_owned(),
        out_trade_no: "2026112510000001".to_owned(),
        out_request_no: request.map(str::to_owned),
        amount: amount.parse().unwrap(),
    }
}

type Found = (DifferenceKind, String, Option<String>, Option<String>, Option<String>);

fn found(bill: &[BillEntry], statement: DailyStatement) -> Vec<Found> {
    let bill = Bill { entries: bill.to_vec(), ..Bill::default() };
    let differences = reconcile(day(), &bill, &statement).into_iter();
    differences.map(|d| (d.kind, d.trade_no, d.out_request_no, d.ours, d.theirs)).collect()
}

const NOON: &str = "2026-11-25 12:00:00";

#[test]
fn books_that_agree_have_no_differences() {
    let statement = DailyStatement {
        payments: vec![payment("A", "10.00", NOON)],
        refunds: vec![refund("r", "3.00", RefundStatus::Succeeded, [NOON, NOON])],
    };
    assert_eq!(found(&[entry("A", "3.00", Some("r")), entry("A", "10.00", None)], statement), []);
    assert_eq!(found(&[], DailyStatement::default()), []);
}

#[test]
fn each_kind_is_distinguished() {
    use DifferenceKind::{Amount, MissingHere, MissingThere, Status};
    let text = |text: &str| Some(text.to_owned());
    let statement = DailyStatement {
        payments: vec![payment("A", "10.00", NOON), payment("C", "5.00", NOON)],
        refunds: vec![
            refund("r1", "3.00", RefundStatus::Requested, [NOON, NOON]),
            refund("r2", "1.00", RefundStatus::Succeeded, [NOON, NOON]),
            refund("r4", "2.00", RefundStatus::Succeeded, [NOON, NOON]),
        ],
    };
    let bill = [
        entry("A", "10.01", None),
        entry("B", "7.00", None),
        entry("A", "3.00", Some("r1")),
        entry("A", "1.01", Some("r2")),
        entry("A", "0.50", Some("r3")),
    ];
    assert_eq!(
        found(&bill, statement),
        [
            (Amount, "A".to_owned(), None, text("10.00"), text("10.01")),
            (MissingHere, "B".to_owned(), None, None, text("7.00")),
            (MissingThere, "C".to_owned(), None, text("5.00"), None),
            (Status, "A".to_owned(), text("r1"), text("requested"), text("succeeded")),
            (Amount, "A".to_owned(), text("r2"), text("1.00"), text("1.01")),
            (MissingHere, "A".to_owned(), text("r3"), None, text("0.50")),
            (MissingThere, "A".to_owned(), text("r4"), text("2.00"), None),
        ]
    );
}

#[test]
fn a_refund_is_found_by_its_number_within_its_trade() {
    let [bare, derived] = Refund::numbers_here(crate::Channel::Alipay.trade("A"), "1");
    let of_trade = |number: &str, trade_no: &str| Refund {
        kind: RefundKind::External,
        trade_no: trade_no.to_owned(),
        ..refund(number, "1.00", RefundStatus::Succeeded, [NOON; 2])
    };
    let statement = || DailyStatement {
        payments: Vec::new(),
        refunds: vec![of_trade(&bare, "B"), of_trade(&derived, "A")],
    };
    let bill = ["A", "B"].map(|trade_no| entry(trade_no, "1.00", Some("1")));
    assert_eq!(found(&bill, statement()), []);
    let other = entry("B", "1.00", Some("2"));
    let missing: Vec<_> = found(&[other], statement()).into_iter().map(|one| (one.0, one.1)).collect();
    assert_eq!(missing, [(DifferenceKind::MissingHere, "B".to_owned())]);
}

/// The service learned of the refund today, by a bill or a notification; it may have been made on another day.
#[test]
fn a_refund_made_there_need_not_be_on_the_bill_of_the_day_it_was_recorded() {
    let refunds = [RefundKind::External, RefundKind::Shop]
        .map(|kind| Refund { kind, ..refund("r", "1.00", RefundStatus::Succeeded, [NOON; 2]) });
    let missing = refunds
        .map(|refund| found(&[], DailyStatement { refunds: vec![refund], ..Default::default() }).len());
    assert_eq!(missing, [0, 1]);
}

#[test]
fn what_another_application_of_the_account_did_is_distinguished() {
    use DifferenceKind::{Foreign, MissingHere};
    let numbered =
        |number: &str, request| BillEntry { out_trade_no: number.to_owned(), ..entry("B", "7.00", request) };
    let kinds = |number: &str| {
        let bill = [numbered(number, None), numbered(number, Some("r9"))];
        found(&bill, DailyStatement::default()).into_iter().map(|one| one.0).collect::<Vec<_>>()
    };
    // The old back end has the whole id of the buyer in its numbers.
    for ours in ["2026112510000001", "2026112510000000000001", "2026112510000001_2", "202611251000001204"] {
        assert_eq!(kinds(ours), [MissingHere, MissingHere], "{ours}");
    }
    for foreign in [
        "",
        "42",
        "WX-2026112510000001",
        "2026112510000001A",
        "2026112510000000000000001",
        "2026139910000001",
    ] {
        assert_eq!(kinds(foreign), [Foreign, Foreign], "{foreign}");
    }
    let payments = vec![payment("B", "7.00", NOON)];
    let known = DailyStatement { payments, refunds: Vec::new() };
    let found = found(&[numbered("42", None), numbered("42", Some("r9"))], known);
    assert_eq!(found.into_iter().map(|one| one.0).collect::<Vec<_>>(), [MissingHere], "its trade is ours");
}

/// An unreadable line hides no other difference, and its payment does not count as missing at Alipay.
#[test]
fn a_line_that_cannot_be_read_is_listed() {
    let statement = DailyStatement {
        payments: vec![payment("A", "10.00", NOON), payment("C", "5.00", NOON)],
        refunds: Vec::new(),
    };
    let line = UnreadableLine {
        line: 7,
        problem: "it has 10 fields where 9 are named".to_owned(),
        trade_no: "A".to_owned(),
        out_trade_no: "2026112510000001".to_owned(),
    };
    let bill = Bill { entries: vec![entry("B", "7.00", None)], unreadable: vec![line] };
    let found: Vec<_> = reconcile(day(), &bill, &statement)
        .into_iter()
        .map(|one| (one.kind, one.trade_no, one.theirs))
        .collect();
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        found,
        [
            (DifferenceKind::MissingHere, "B".to_owned(), text("7.00")),
            (DifferenceKind::MissingThere, "C".to_owned(), None),
            (DifferenceKind::Unreadable, "A".to_owned(), text("line 7: it has 10 fields where 9 are named")),
        ]
    );
}

#[test]
fn what_lies_across_midnight_is_not_missing() {
    let statement = DailyStatement {
        payments: vec![payment("A", "10.00", "2026-11-24 23:59:59")],
        refunds: vec![
            refund("r1", "3.00", RefundStatus::Succeeded, ["2026-11-24 23:59:59", "2026-11-25 00:00:09"]),
            refund("r2", "3.00", RefundStatus::Succeeded, ["2026-11-25 23:59:59", "2026-11-26 00:00:09"]),
            refund("r3", "3.00", RefundStatus::Failed, [NOON, NOON]),
        ],
    };
    assert_eq!(found(&[], statement), []);
}
