//! The rules of `dashop audit`, which all records must follow at any time.
//!
//! An [`AuditRecord`] is the stored rows of one order number. [`AuditRecord::check`] returns the rules that they break.
//! A finding that follows from another finding of the same order is left out, so that each fault is reported once.

mod finding;
mod record;
mod sums;
mod terms;

use std::collections::BTreeMap;

use crate::{
    Money, OrderStatus, PaymentStatus, Refund, RefundStatus, SkuId, StockMove, StockMoveKind, TradeKey,
    by_sku, moved_for,
};

pub use finding::{Finding, FindingKind};
pub use record::{AuditRecord, StoredLine, StoredOrder, StoredSku, UnreadableRow};
pub use terms::{AuditTerms, OldSales, OldTotals, OldTotalsSeen};

impl AuditRecord {
    /// Checks the record; returns the broken rules. `seen` counts the amounts of old orders.
    pub fn check(&self, terms: AuditTerms, seen: &mut OldTotalsSeen) -> Vec<Finding> {
        let mut found = Findings { number: &self.number, found: Vec::new() };
        for row in &self.unreadable {
            found.found.push(Finding {
                kind: FindingKind::Unreadable,
                key: format!("{} {}", row.table, row.key),
                what: row.why.clone(),
            });
        }
        // Other findings may follow from the unreadable rows.
        if self.unreadable.is_empty() {
            match &self.order {
                Some(order) => self.check_order(order, terms, seen, &mut found),
                None => self.check_without_order(&mut found),
            }
            self.check_open_refunds(&mut found);
        }
        found.found
    }

    /// Adds the pieces that the order holds to those of other orders.
    pub fn add_held(&self, held: &mut BTreeMap<SkuId, i64>) {
        add_up(held, self.held());
    }

    /// The SKUs whose sold pieces it counts.
    pub fn skus(&self) -> impl Iterator<Item = SkuId> {
        self.held().into_keys()
    }

    /// The pieces that the order holds: bought, less returned, plus taken out of stock again.
    fn held(&self) -> BTreeMap<SkuId, i64> {
        let mut held = self.bought();
        let sign = |moved: &StockMove| if moved.kind.is_return() { -1 } else { 1 };
        let moved = self.movements.iter().map(|moved| (moved.sku_id, sign(moved) * i64::from(moved.pieces)));
        add_up(&mut held, moved);
        held
    }

    fn bought(&self) -> BTreeMap<SkuId, i64> {
        let mut bought = BTreeMap::new();
        add_up(&mut bought, self.lines.iter().map(|line| (line.sku_id, line.count)));
        bought
    }

    /// A number without an order may have payments and refunds, but no other rows.
    fn check_without_order(&self, found: &mut Findings<'_>) {
        for payment in &self.payments {
            if payment.status != PaymentStatus::UnknownOrder {
                let trade = &payment.trade.trade_no;
                let status = payment.status.as_str();
                found.add(FindingKind::Orphan, format!("payment {trade} is {status}, and there is no order"));
            }
        }
        let others = [
            ("lines", self.lines.len()),
            ("rows of the timeline", self.timeline.len()),
            ("amendments", self.amendments.len()),
            ("movements of stock", self.movements.len()),
            ("events", usize::try_from(self.events).unwrap_or(usize::MAX)),
        ];
        for (what, count) in others.into_iter().filter(|(_, count)| *count > 0) {
            found.add(FindingKind::Orphan, format!("{count} {what}, and there is no order"));
        }
        self.check_refunds(found);
    }

    fn check_order(
        &self,
        order: &StoredOrder,
        terms: AuditTerms,
        seen: &mut OldTotalsSeen,
        found: &mut Findings<'_>,
    ) {
        if self.lines.is_empty() {
            found.add(FindingKind::NoLines, "the order has no lines".to_owned());
        } else {
            self.check_sums(order, terms, seen, found);
        }
        if found.found.is_empty() {
            self.check_amendments(order, found);
        }
        let is_explained = self.check_timeline(order, found);
        let settled = self.payments.iter().filter(|payment| payment.status == PaymentStatus::Settled).count();
        if settled > 1 {
            found.add(FindingKind::SecondPayment, format!("{settled} payments are said to have paid it"));
        } else {
            let are_sums_right = self.check_refunds(found);
            // Money can be compared with the order only if its status and the sums are right.
            if is_explained && are_sums_right {
                self.check_payment(order, found);
            }
        }
        self.check_movements(order, is_explained, found);
        // Without `due_at`, no job handles the deadline or the receipt. Orders of the old back end have neither.
        let waits = match order.status {
            OrderStatus::AwaitingPayment => true,
            OrderStatus::AwaitingReceipt => order.is_shipped_here,
            OrderStatus::AwaitingShipment
            | OrderStatus::Completed
            | OrderStatus::Cancelled
            | OrderStatus::Refunded => false,
        };
        if is_explained && waits && !order.has_due_at && !order.is_old {
            let what =
                format!("status {}, and due_at is not set: no job will look at it", order.status.code());
            found.add(FindingKind::Forgotten, what);
        }
    }

    /// The timeline must be a path through the table of transitions. The old back end writes no timeline, so for its
    /// orders each recorded step alone must be a transition.
    fn check_timeline(&self, order: &StoredOrder, found: &mut Findings<'_>) -> bool {
        use OrderStatus::{AwaitingReceipt, AwaitingShipment};
        let mut status = OrderStatus::AwaitingPayment;
        let is_shipped_elsewhere =
            |before, after| !order.is_shipped_here && (before, after) == (AwaitingShipment, AwaitingReceipt);
        for (from, to) in &self.timeline {
            let follows = order.is_old || *from == status || is_shipped_elsewhere(status, *from);
            if !follows || !OrderStatus::leads(*from, *to) {
                let (from, to) = (from.code(), to.code());
                let what = format!("status {} cannot be followed by {from} -> {to}", status.code());
                found.add(FindingKind::Timeline, what);
                return false;
            }
            status = *to;
        }
        if !order.is_old && status != order.status && !is_shipped_elsewhere(status, order.status) {
            let (is, ends) = (order.status.code(), status.code());
            found.add(FindingKind::Timeline, format!("status {is}, and its timeline ends with {ends}"));
            return false;
        }
        true
    }

    /// Each refund must belong to a payment, and the refunds of each trade must sum up to its refunded amount.
    fn check_refunds(&self, found: &mut Findings<'_>) -> bool {
        let before = found.found.len();
        for refund in &self.refunds {
            if !self.payments.iter().any(|payment| payment.trade.key() == refund.trade()) {
                let (number, trade) = (&refund.out_request_no, &refund.trade_no);
                let what = format!("refund {number} of trade {trade}, which is not on record");
                found.add(FindingKind::Orphan, what);
            }
        }
        // A refund without a payment is missing in the sum of its real trade.
        if found.found.len() > before {
            return false;
        }
        for payment in &self.payments {
            let trade = &payment.trade;
            let back = self.refunded(trade.key());
            let (no, total) = (&trade.trade_no, trade.total_amount);
            match back {
                Some(back) if back <= total && back == trade.refunded => {}
                Some(back) if back <= total => found.add(
                    FindingKind::RefundSums,
                    format!("trade {no} says {} went back, its refunds come to {back}", trade.refunded),
                ),
                Some(back) => found.add(
                    FindingKind::RefundExceedsPayment,
                    format!("{back} of trade {no} went back, and {total} was paid"),
                ),
                None => found.add(
                    FindingKind::RefundExceedsPayment,
                    format!("more of trade {no} went back than any amount can be"),
                ),
            }
            let is_open =
                |refund: &Refund| refund.trade() == trade.key() && refund.status == RefundStatus::Requested;
            if payment.is_automatic() && !self.refunds.iter().any(is_open) {
                let status = payment.status.as_str();
                found.add(
                    FindingKind::RefundOwed,
                    format!("trade {no} is {status}, and nobody sends it back"),
                );
            }
        }
        found.found.len() == before
    }

    /// An open refund must have a time at which the channel is asked about it.
    fn check_open_refunds(&self, found: &mut Findings<'_>) {
        let is_open = |refund: &&Refund| refund.status == RefundStatus::Requested;
        for Refund { out_request_no: number, .. } in self.refunds.iter().filter(is_open) {
            if self.refunds_without_due_at.contains(number) {
                let what =
                    format!("refund {number} is requested, and due_at is not set: no job will look at it");
                found.add(FindingKind::Forgotten, what);
            }
        }
    }

    /// The sum of the trade's succeeded refunds; `None` if it exceeds [`Money::MAX`].
    fn refunded(&self, trade: TradeKey<'_>) -> Option<Money> {
        let done = self
            .refunds
            .iter()
            .filter(|refund| refund.trade() == trade && refund.status == RefundStatus::Succeeded);
        Money::checked_sum(done.map(|refund| refund.amount))
    }

    /// The order must be paid if and only if the shop has a payment of its amount.
    fn check_payment(&self, order: &StoredOrder, found: &mut Findings<'_>) {
        for payment in &self.payments {
            let (no, amount) = (&payment.trade.trade_no, payment.trade.total_amount);
            let is_amount = fen(amount) == order.total_fen;
            let is_wrong = match payment.status {
                // The old back end charged other amounts than it stored.
                PaymentStatus::Settled => !is_amount && !order.is_old,
                // An order with a lowered amount cost more before.
                PaymentStatus::WrongAmount => is_amount && order.discount_fen == 0,
                PaymentStatus::UnknownOrder => true,
                PaymentStatus::Duplicate | PaymentStatus::Late => false,
            };
            if is_wrong {
                let (status, total) = (payment.status.as_str(), yuan(order.total_fen));
                let what = format!("trade {no} of {amount} is {status}, and the order is of {total}");
                return found.add(FindingKind::Payment, what);
            }
        }
        let settled = self.payments.iter().find(|payment| payment.status == PaymentStatus::Settled);
        let refunded = settled.map_or(Money::ZERO, |payment| payment.trade.refunded);
        if fen(refunded) != order.refunded_fen {
            let says = yuan(order.refunded_fen);
            let what = format!("the order says {says} went back, of its payment {refunded} did");
            return found.add(FindingKind::RefundSums, what);
        }
        let is_wholly_refunded =
            settled.is_some_and(|payment| payment.trade.refunded >= payment.trade.total_amount);
        let (status, code) = (order.status, order.status.code());
        match settled {
            Some(payment) if !status.was_paid() => {
                let no = &payment.trade.trade_no;
                found.add(FindingKind::Payment, format!("status {code}, and trade {no} paid it"));
            }
            None if status.was_paid() && !order.is_old => {
                found.add(FindingKind::Payment, format!("status {code}, and no payment is on record"));
            }
            Some(_) if status.is_paid() && is_wholly_refunded => {
                found
                    .add(FindingKind::RefundSums, format!("status {code}, and all of its payment went back"));
            }
            Some(_) if status == OrderStatus::Refunded && !is_wholly_refunded => {
                found.add(FindingKind::RefundSums, format!("status {code}, and {refunded} went back"));
            }
            Some(_) | None => {}
        }
    }

    /// No more pieces may go back than were bought. All pieces of a cancelled order must go back, and those that each
    /// refund names.
    fn check_movements(&self, order: &StoredOrder, is_explained: bool, found: &mut Findings<'_>) {
        let bought = self.bought();
        for (sku_id, held) in self.held() {
            let bought = bought.get(&sku_id).copied().unwrap_or(0);
            if held < 0 && bought >= 0 || held > bought {
                let what = format!("SKU {sku_id}: {bought} bought, and {held} held after what moved");
                return found.add(FindingKind::Movements, what);
            }
            let moved = |wanted: &StockMoveKind| -> i64 {
                let of_kind =
                    self.movements.iter().filter(|moved| moved.sku_id == sku_id && moved.kind == *wanted);
                of_kind.map(|moved| i64::from(moved.pieces)).sum()
            };
            let (back, out) = (moved(&StockMoveKind::Cancelled), moved(&StockMoveKind::Revived));
            let is_wrong = match order.status {
                // The pieces of a deleted SKU have no stock to go back to.
                OrderStatus::Cancelled => back != 0 && held != 0,
                OrderStatus::AwaitingPayment => held != bought,
                OrderStatus::AwaitingShipment
                | OrderStatus::AwaitingReceipt
                | OrderStatus::Completed
                | OrderStatus::Refunded => back != out,
            };
            if is_explained && is_wrong {
                let code = order.status.code();
                let what =
                    format!("SKU {sku_id}: status {code}, {bought} bought, and {held} held after what moved");
                return found.add(FindingKind::Movements, what);
            }
        }
        if is_explained
            && order.status == OrderStatus::Cancelled
            && self.movements.is_empty()
            && bought.values().any(|pieces| *pieces > 0)
        {
            return found.add(FindingKind::Movements, "it is cancelled, and nothing went back".to_owned());
        }
        self.check_restocks(found);
    }

    fn check_restocks(&self, found: &mut Findings<'_>) {
        for refund in self.refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded) {
            let number = &refund.out_request_no;
            let moved = moved_for(&StockMoveKind::Refunded(number.clone()), &self.movements);
            if moved != by_sku(refund.restock.iter().copied()) {
                let what = format!("refund {number} says other pieces went back than did");
                return found.add(FindingKind::Movements, what);
            }
        }
        for moved in &self.movements {
            let StockMoveKind::Refunded(number) = &moved.kind else { continue };
            let is_done = |refund: &Refund| {
                refund.out_request_no == *number && refund.status == RefundStatus::Succeeded
            };
            if !self.refunds.iter().any(is_done) {
                let what = format!("pieces went back with refund {number}, which did not happen");
                return found.add(FindingKind::Movements, what);
            }
        }
    }
}

impl StoredSku {
    /// The rule that the SKU breaks, if any. `held` are its pieces that all orders together hold; `None` if rows of
    /// them cannot be read.
    pub fn check(self, held: Option<i64>, terms: AuditTerms) -> Option<Finding> {
        let Self { id, stock, sales } = self;
        let finding = |kind, what| Finding { kind, key: format!("SKU {id}"), what };
        if stock < 0 {
            return Some(finding(FindingKind::Stock, format!("{stock} in stock")));
        }
        let held = held?;
        let agrees = match terms.old_sales {
            OldSales::Counted => sales == held,
            OldSales::BeganElsewhere => sales >= held,
        };
        (!agrees).then(|| finding(FindingKind::Sales, format!("{sales} sold, and orders hold {held}")))
    }
}

/// The findings of one order.
struct Findings<'a> {
    number: &'a str,
    found: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, kind: FindingKind, what: String) {
        self.found.push(Finding { kind, key: self.number.to_owned(), what });
    }
}

fn add_up(sums: &mut BTreeMap<SkuId, i64>, pieces: impl IntoIterator<Item = (SkuId, i64)>) {
    for (sku_id, pieces) in pieces {
        let sum = sums.entry(sku_id).or_default();
        *sum = sum.saturating_add(pieces);
    }
}

/// An amount in yuan as text; it may be below zero.
fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}

fn fen(amount: Money) -> i64 {
    i64::try_from(amount.to_fen()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
