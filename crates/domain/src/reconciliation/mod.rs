//! Compares the shop's statement of a day with Alipay's bill of that day.

mod bill;

pub use bill::{Bill, BillEntry, UnreadableLine};

use std::collections::{BTreeMap, BTreeSet};

use crate::{OrderNumbers, PaymentRecord, Refund, RefundKind, RefundStatus, ShopDate};

/// The shop's records of a day, and those that the bill of that day names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DailyStatement {
    /// Payments that were made on the day, and those of trades that the bill names.
    pub payments: Vec<PaymentRecord>,
    /// Refunds that were finished on the day, and those whose request numbers the bill names.
    pub refunds: Vec<Refund>,
}

/// A difference between the shop's statement and the bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The kind of difference.
    pub kind: DifferenceKind,
    /// Alipay's number of the trade.
    pub trade_no: String,
    /// The number of the attempt, from the side that has it.
    pub out_trade_no: String,
    /// The request number, if the difference is about a refund.
    pub out_request_no: Option<String>,
    /// The shop's amount or status.
    pub ours: Option<String>,
    /// Alipay's amount or status, or the problem of an unreadable line.
    pub theirs: Option<String>,
}

impl Difference {
    fn of(kind: DifferenceKind, trade_no: &str, out_trade_no: &str) -> Self {
        let (trade_no, out_trade_no) = (trade_no.to_owned(), out_trade_no.to_owned());
        Self { kind, trade_no, out_trade_no, out_request_no: None, ours: None, theirs: None }
    }
}

words! {
    /// The kind of a difference between the shop's statement and the bill.
    #[derive(PartialOrd, Ord)]
    pub enum DifferenceKind {
        /// The bill has the entry, and the shop's records do not.
        MissingHere = "missing_here",
        /// The shop's records have the entry, and the bill does not.
        MissingThere = "missing_there",
        /// Both have it, with different amounts.
        Amount = "amount",
        /// The bill has the refund, and the shop's record of it is not `succeeded`.
        Status = "status",
        /// The bill has it under a number that no order can have: it belongs to another application of the account.
        Foreign = "foreign",
        /// A line of the bill that cannot be read and therefore was not compared.
        Unreadable = "unreadable",
    }
}

/// All differences between the bill of a day and the shop's statement: first payments, then refunds, then unreadable
/// lines of the bill. A record whose trade is on an unreadable line does not count as missing on the bill.
///
/// Alipay books a refund when it happens; this service records it when it learns of it. Only a refund that was
/// requested here and finished on the same day must be on that day's bill. Others may be on the bill of another day.
pub fn reconcile(day: ShopDate, bill: &Bill, statement: &DailyStatement) -> Vec<Difference> {
    let mut differences = Vec::new();
    let billed: BTreeSet<(&str, Option<&str>)> =
        bill.entries.iter().map(|entry| (entry.trade_no.as_str(), entry.out_request_no.as_deref())).collect();
    let (refunds, payments): (Vec<_>, Vec<_>) =
        bill.entries.iter().partition(|entry| entry.out_request_no.is_some());
    let is_unreadable =
        |trade_no: &str| bill.unreadable.iter().any(|line| !trade_no.is_empty() && line.trade_no == trade_no);
    let records = Records::of(statement);
    differences.extend(payments.into_iter().filter_map(|entry| records.differ(entry)));
    let paid_today = |payment: &&PaymentRecord| payment.trade.paid_at.is_some_and(|at| at.date() == day);
    for PaymentRecord { trade, .. } in statement.payments.iter().filter(paid_today) {
        let is_billed = billed.contains(&(trade.trade_no.as_str(), None));
        if !is_billed && !is_unreadable(&trade.trade_no) {
            let ours = Some(trade.total_amount.to_string());
            let of_trade = Difference::of(DifferenceKind::MissingThere, &trade.trade_no, &trade.out_trade_no);
            differences.push(Difference { ours, ..of_trade });
        }
    }
    differences.extend(refunds.into_iter().filter_map(|entry| records.differ(entry)));
    for refund in statement.refunds.iter().filter(|refund| is_of_day(refund, day)) {
        let of_trade = billed.range((refund.trade_no.as_str(), None)..);
        let mut of_trade = of_trade.take_while(|(trade_no, _)| *trade_no == refund.trade_no);
        let is_billed = of_trade.any(|(_, number)| number.is_some_and(|number| refund.is_numbered(number)));
        if !is_billed && !is_unreadable(&refund.trade_no) {
            differences.push(Difference {
                out_request_no: Some(refund.out_request_no.clone()),
                ours: Some(refund.amount.to_string()),
                ..Difference::of(DifferenceKind::MissingThere, &refund.trade_no, &refund.out_trade_no)
            });
        }
    }
    differences.extend(bill.unreadable.iter().map(|line| Difference {
        theirs: Some(format!("line {}: {}", line.line, line.problem)),
        ..Difference::of(DifferenceKind::Unreadable, &line.trade_no, &line.out_trade_no)
    }));
    differences
}

fn is_of_day(refund: &Refund, day: ShopDate) -> bool {
    refund.status == RefundStatus::Succeeded
        && refund.kind != RefundKind::External
        && refund.requested_at.date() == day
        && refund.finished_at.is_some_and(|at| at.date() == day)
}

/// The statement's records by trade number, because a bill may have many entries.
struct Records<'a> {
    payments: BTreeMap<&'a str, &'a PaymentRecord>,
    refunds: BTreeMap<&'a str, Vec<&'a Refund>>,
}

impl<'a> Records<'a> {
    fn of(statement: &'a DailyStatement) -> Self {
        let payments = statement.payments.iter().map(|payment| (payment.trade.trade_no.as_str(), payment));
        let mut refunds: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for refund in &statement.refunds {
            refunds.entry(refund.trade_no.as_str()).or_default().push(refund);
        }
        Self { payments: payments.collect(), refunds }
    }

    /// How an entry of the bill differs from the records.
    fn differ(&self, entry: &BillEntry) -> Option<Difference> {
        let BillEntry { trade_no, out_trade_no, out_request_no, amount } = entry;
        let payment = self.payments.get(trade_no.as_str());
        let ours = match out_request_no {
            None => payment.map(|payment| (payment.trade.total_amount, RefundStatus::Succeeded)),
            Some(number) => {
                let mut of_trade = self.refunds.get(trade_no.as_str()).into_iter().flatten();
                let refund = of_trade.find(|refund| refund.is_numbered(number));
                refund.map(|refund| (refund.amount, refund.status))
            }
        };
        let done = RefundStatus::Succeeded;
        let can_be_ours = || OrderNumbers::could_have_given(out_trade_no) || payment.is_some();
        let (kind, ours, theirs) = match ours {
            None if can_be_ours() => (DifferenceKind::MissingHere, None, amount.to_string()),
            None => (DifferenceKind::Foreign, None, amount.to_string()),
            Some((ours, _)) if ours != *amount => {
                (DifferenceKind::Amount, Some(ours.to_string()), amount.to_string())
            }
            Some((_, status)) if status != done => {
                (DifferenceKind::Status, Some(status.as_str().to_owned()), done.as_str().to_owned())
            }
            Some(_) => return None,
        };
        let (out_request_no, theirs) = (out_request_no.clone(), Some(theirs));
        Some(Difference { out_request_no, ours, theirs, ..Difference::of(kind, trade_no, out_trade_no) })
    }
}

#[cfg(test)]
mod tests;
