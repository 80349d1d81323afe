//! Our statement of a day against Alipay's bill of it.

mod bill;

pub use bill::{Bill, BillEntry, BillEntryKind, UnreadableLine};

use std::collections::BTreeSet;

use crate::{OrderNumbers, PaymentRecord, Refund, RefundStatus, ShopDate};

/// What is on record of a day, and of whatever the bill of that day names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DailyStatement {
    /// Payments that were made on the day, and those of trades that the bill names.
    pub payments: Vec<PaymentRecord>,
    /// Refunds that were finished on the day, and those whose request numbers the bill names.
    pub refunds: Vec<Refund>,
}

/// Something on which our statement and the bill do not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// In what way.
    pub kind: DifferenceKind,
    /// Alipay's number of the trade.
    pub trade_no: String,
    /// Our order number, as the side that has it writes it.
    pub out_trade_no: String,
    /// The request number, where it is about a refund.
    pub out_request_no: Option<String>,
    /// What we have: an amount or a status.
    pub ours: Option<String>,
    /// What Alipay has.
    pub theirs: Option<String>,
}

/// In what way our statement and the bill do not agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// The bill has it, and we do not.
    MissingHere,
    /// We have it, and the bill does not.
    MissingThere,
    /// Both have it, with different amounts.
    Amount,
    /// Alipay has done it, and our record says otherwise.
    Status,
    /// The bill has it under a number that no order can have: another application of the same account at Alipay made it,
    /// and it is none of our business.
    Foreign,
    /// A line of the bill that cannot be read, and so was not compared.
    Unreadable,
}

impl DifferenceKind {
    /// The word that is stored and printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingHere => "missing_here",
            Self::MissingThere => "missing_there",
            Self::Amount => "amount",
            Self::Status => "status",
            Self::Foreign => "foreign",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Every difference between the bill of a day and our statement; first those of payments, then those of refunds, then the
/// lines of the bill that cannot be read. What such a line tells of is not taken for missing there.
///
/// A refund is booked there when it happens and here when we learn of it. Only one that was asked for and finished
/// within the day must be on that day's bill: another may be on the one before, or after.
pub fn reconcile(day: ShopDate, bill: &Bill, statement: &DailyStatement) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut billed: BTreeSet<(&str, Option<&str>)> = BTreeSet::new();
    for entry in &bill.entries {
        let number = match &entry.kind {
            BillEntryKind::Payment => None,
            BillEntryKind::Refund { out_request_no } => Some(out_request_no.as_str()),
        };
        billed.insert((&entry.trade_no, number));
    }
    let of_kind = |refunds: bool| {
        bill.entries.iter().filter(move |entry| matches!(entry.kind, BillEntryKind::Refund { .. }) == refunds)
    };
    let is_unreadable =
        |trade_no: &str| bill.unreadable.iter().any(|line| !trade_no.is_empty() && line.trade_no == trade_no);
    differences.extend(of_kind(false).filter_map(|entry| payment_differs(entry, &statement.payments)));
    let paid_today = |payment: &&PaymentRecord| payment.trade.paid_at.is_some_and(|at| at.date() == day);
    for payment in statement.payments.iter().filter(paid_today) {
        let trade_no = payment.trade.trade_no.as_str();
        if !billed.contains(&(trade_no, None)) && !is_unreadable(trade_no) {
            differences.push(Difference {
                kind: DifferenceKind::MissingThere,
                trade_no: payment.trade.trade_no.clone(),
                out_trade_no: payment.trade.out_trade_no.clone(),
                out_request_no: None,
                ours: Some(payment.trade.total_amount.to_string()),
                theirs: None,
            });
        }
    }
    differences.extend(of_kind(true).filter_map(|entry| refund_differs(entry, statement)));
    for refund in statement.refunds.iter().filter(|refund| is_of_day(refund, day)) {
        let of_trade = billed.range((refund.trade_no.as_str(), None)..);
        let mut of_trade = of_trade.take_while(|(trade_no, _)| *trade_no == refund.trade_no);
        let is_billed = of_trade.any(|(_, number)| number.is_some_and(|number| refund.is_numbered(number)));
        if !is_billed && !is_unreadable(&refund.trade_no) {
            differences.push(Difference {
                kind: DifferenceKind::MissingThere,
                trade_no: refund.trade_no.clone(),
                out_trade_no: refund.out_trade_no.clone(),
                out_request_no: Some(refund.out_request_no.clone()),
                ours: Some(refund.amount.to_string()),
                theirs: None,
            });
        }
    }
    differences.extend(bill.unreadable.iter().map(unreadable));
    differences
}

fn is_of_day(refund: &Refund, day: ShopDate) -> bool {
    refund.status == RefundStatus::Succeeded
        && refund.requested_at.date() == day
        && refund.finished_at.is_some_and(|at| at.date() == day)
}

fn unreadable(line: &UnreadableLine) -> Difference {
    Difference {
        kind: DifferenceKind::Unreadable,
        trade_no: line.trade_no.clone(),
        out_trade_no: line.out_trade_no.clone(),
        out_request_no: None,
        ours: None,
        theirs: Some(format!("line {}: {}", line.line, line.problem)),
    }
}

/// What is on the bill and not in our statement.
fn missing_here(entry: &BillEntry, payments: &[PaymentRecord]) -> Difference {
    let is_on_record = || payments.iter().any(|payment| payment.trade.trade_no == entry.trade_no);
    let can_be_ours = OrderNumbers::could_have_given(&entry.out_trade_no) || is_on_record();
    let kind = if can_be_ours { DifferenceKind::MissingHere } else { DifferenceKind::Foreign };
    difference(kind, entry, None, entry.amount.to_string())
}

fn difference(kind: DifferenceKind, entry: &BillEntry, ours: Option<String>, theirs: String) -> Difference {
    let out_request_no = match &entry.kind {
        BillEntryKind::Payment => None,
        BillEntryKind::Refund { out_request_no } => Some(out_request_no.clone()),
    };
    Difference {
        kind,
        trade_no: entry.trade_no.clone(),
        out_trade_no: entry.out_trade_no.clone(),
        out_request_no,
        ours,
        theirs: Some(theirs),
    }
}

fn payment_differs(entry: &BillEntry, payments: &[PaymentRecord]) -> Option<Difference> {
    let theirs = entry.amount.to_string();
    match payments.iter().find(|payment| payment.trade.trade_no == entry.trade_no) {
        None => Some(missing_here(entry, payments)),
        Some(payment) if payment.trade.total_amount != entry.amount => {
            let ours = payment.trade.total_amount.to_string();
            Some(difference(DifferenceKind::Amount, entry, Some(ours), theirs))
        }
        Some(_) => None,
    }
}

fn refund_differs(entry: &BillEntry, statement: &DailyStatement) -> Option<Difference> {
    let BillEntryKind::Refund { out_request_no } = &entry.kind else { return None };
    let is_it = |refund: &&Refund| refund.trade_no == entry.trade_no && refund.is_numbered(out_request_no);
    match statement.refunds.iter().find(is_it) {
        None => Some(missing_here(entry, &statement.payments)),
        Some(refund) if refund.amount != entry.amount => {
            let ours = refund.amount.to_string();
            Some(difference(DifferenceKind::Amount, entry, Some(ours), entry.amount.to_string()))
        }
        Some(refund) if refund.status != RefundStatus::Succeeded => {
            let (ours, theirs) = (refund.status.as_str(), RefundStatus::Succeeded.as_str());
            Some(difference(DifferenceKind::Status, entry, Some(ours.to_owned()), theirs.to_owned()))
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
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
            kind: match request {
                None => BillEntryKind::Payment,
                Some(number) => BillEntryKind::Refund { out_request_no: number.to_owned() },
            },
            amount: amount.parse().unwrap(),
        }
    }

    type Told = (DifferenceKind, String, Option<String>, Option<String>, Option<String>);

    fn told(bill: &[BillEntry], statement: DailyStatement) -> Vec<Told> {
        let differences = reconcile(day(), &bill.to_vec().into(), &statement).into_iter();
        differences.map(|d| (d.kind, d.trade_no, d.out_request_no, d.ours, d.theirs)).collect()
    }

    const NOON: &str = "2026-11-25 12:00:00";

    #[test]
    fn books_that_agree_have_no_differences() {
        let statement = DailyStatement {
            payments: vec![payment("A", "10.00", NOON)],
            refunds: vec![refund("r", "3.00", RefundStatus::Succeeded, [NOON, NOON])],
        };
        assert_eq!(told(&[entry("A", "3.00", Some("r")), entry("A", "10.00", None)], statement), []);
        assert_eq!(told(&[], DailyStatement::default()), []);
    }

    #[test]
    fn each_kind_is_told_apart() {
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
            told(&bill, statement),
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
        assert_eq!(told(&bill, statement()), []);
        let missing: Vec<_> = told(&bill[..1], statement()).into_iter().map(|one| (one.0, one.1)).collect();
        assert_eq!(missing, [(DifferenceKind::MissingThere, "B".to_owned())]);
    }

    #[test]
    fn what_another_application_of_the_account_did_is_told_apart() {
        use DifferenceKind::{Foreign, MissingHere};
        let numbered = |number: &str, request| BillEntry {
            out_trade_no: number.to_owned(),
            ..entry("B", "7.00", request)
        };
        let kinds = |number: &str| {
            let bill = [numbered(number, None), numbered(number, Some("r9"))];
            told(&bill, DailyStatement::default()).into_iter().map(|one| one.0).collect::<Vec<_>>()
        };
        // The old back end has the whole id of the buyer in its numbers.
        for ours in ["2026112510000001", "2026112510000000000001", "2026112510000001_2", "202611251000001204"]
        {
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
        let found = told(&[numbered("42", None), numbered("42", Some("r9"))], known);
        assert_eq!(
            found.into_iter().map(|one| one.0).collect::<Vec<_>>(),
            [MissingHere],
            "its trade is ours"
        );
    }

    /// A line that cannot be read hides nothing else, and is not taken for a payment that Alipay lacks.
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
                (
                    DifferenceKind::Unreadable,
                    "A".to_owned(),
                    text("line 7: it has 10 fields where 9 are named")
                ),
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
        assert_eq!(told(&[], statement), []);
    }
}
