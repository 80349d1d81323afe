//! Our statement of a day against Alipay's bill of it.

mod bill;

pub use bill::{Bill, BillEntry, UnreadableLine};

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

words! {
    /// In what way our statement and the bill do not agree.
    #[derive(PartialOrd, Ord)]
    pub enum DifferenceKind {
        /// The bill has it, and we do not.
        MissingHere = "missing_here",
        /// We have it, and the bill does not.
        MissingThere = "missing_there",
        /// Both have it, with different amounts.
        Amount = "amount",
        /// Alipay has done it, and our record says otherwise.
        Status = "status",
        /// The bill has it under a number that no order can have: it is of another application of the same account.
        Foreign = "foreign",
        /// A line of the bill that cannot be read, and so was not compared.
        Unreadable = "unreadable",
    }
}

/// Every difference between the bill of a day and our statement; first those of payments, then those of refunds, then the
/// lines of the bill that cannot be read. What such a line tells of is not taken for missing there.
///
/// A refund is booked there when it happens and here when we learn of it. Only one that was asked for and finished
/// within the day must be on that day's bill: another may be on the one before, or after.
pub fn reconcile(day: ShopDate, bill: &Bill, statement: &DailyStatement) -> Vec<Difference> {
    let mut differences = Vec::new();
    let billed: BTreeSet<(&str, Option<&str>)> =
        bill.entries.iter().map(|entry| (entry.trade_no.as_str(), entry.out_request_no.as_deref())).collect();
    let (refunds, payments): (Vec<_>, Vec<_>) =
        bill.entries.iter().partition(|entry| entry.out_request_no.is_some());
    let is_unreadable =
        |trade_no: &str| bill.unreadable.iter().any(|line| !trade_no.is_empty() && line.trade_no == trade_no);
    differences.extend(payments.into_iter().filter_map(|entry| payment_differs(entry, &statement.payments)));
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
    differences.extend(refunds.into_iter().filter_map(|entry| refund_differs(entry, statement)));
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
    Difference {
        kind,
        trade_no: entry.trade_no.clone(),
        out_trade_no: entry.out_trade_no.clone(),
        out_request_no: entry.out_request_no.clone(),
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
    let number = entry.out_request_no.as_deref()?;
    let is_it = |refund: &&Refund| refund.trade_no == entry.trade_no && refund.is_numbered(number);
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
mod tests;
