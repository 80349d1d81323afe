//! What must hold of everything on record, whatever happened: the rules of `dashop audit`.
//!
//! An [`AuditRecord`] is what the tables have under one order number, as it is stored. [`AuditRecord::check`] says what of it cannot be
//! true. A finding that would follow from another one of the same order is left out, so that each fault is named once.

use std::collections::BTreeMap;

use crate::{
    Money, OrderStatus, PaymentRecord, PaymentStatus, Refund, RefundStatus, Restock, SkuId, StockMove,
    StockMoveKind, payment::by_sku,
};

/// An order as it is stored. Amounts are in fen and may be below zero, as the old shop left some.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOrder {
    /// Where it stands.
    pub status: OrderStatus,
    /// How many pieces it says to have.
    pub total_count: i64,
    /// What it says to cost, in fen.
    pub total_fen: i64,
    /// Its freight, in fen.
    pub freight_fen: i64,
    /// What it says went back, in fen.
    pub refunded_fen: i64,
    /// Whether the old back end wrote it: its statuses may have changed without a timeline, and its payment may not be on
    /// record.
    pub is_old: bool,
}

/// A line of an order as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredLine {
    /// Of which SKU.
    pub sku_id: SkuId,
    /// How many pieces.
    pub count: i64,
    /// The price of one, in fen.
    pub price_fen: i64,
}

/// A SKU as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredSku {
    /// Which.
    pub id: SkuId,
    /// Pieces in stock.
    pub stock: i64,
    /// Pieces sold and not returned.
    pub sales: i64,
}

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableRow {
    /// Its table.
    pub table: &'static str,
    /// The value of its key.
    pub key: String,
    /// Why it cannot be read.
    pub why: String,
    /// Whether it says how many pieces of a SKU are sold.
    pub has_pieces: bool,
}

/// What is on record under one order number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditRecord {
    /// The number.
    pub number: String,
    /// The order; none where there is no such order, or its row cannot be read.
    pub order: Option<StoredOrder>,
    /// Its lines.
    pub lines: Vec<StoredLine>,
    /// Every change of its status, the oldest first.
    pub timeline: Vec<(OrderStatus, OrderStatus)>,
    /// Its payments.
    pub payments: Vec<PaymentRecord>,
    /// Its refunds.
    pub refunds: Vec<Refund>,
    /// Where its pieces went after it was placed.
    pub movements: Vec<StockMove>,
    /// How many events of it wait in the outbox, or were delivered.
    pub events: u64,
    /// Its rows that cannot be read, of every table.
    pub unreadable: Vec<UnreadableRow>,
}

/// What kind of rule something breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// A row cannot be read.
    Unreadable,
    /// Lines, payments and so on of an order that does not exist.
    Orphan,
    /// An order without lines.
    NoLines,
    /// Count or amount is not the sum of the lines, with freight.
    Sums,
    /// An old order's amount is its goods alone, where old totals are with freight.
    OldTotalWithoutFreight,
    /// An old order's amount is with freight, where old totals are the goods alone.
    OldTotalWithFreight,
    /// The status does not follow from the timeline.
    Timeline,
    /// An order is paid without a payment, or the other way round.
    Payment,
    /// More than one payment is said to have paid an order.
    SecondPayment,
    /// More of a trade went back than was paid.
    RefundExceedsPayment,
    /// The sum of refunds is not what payment or order say.
    RefundSums,
    /// A payment that must not be kept has no refund under way.
    RefundOwed,
    /// Pieces that moved do not fit the order.
    Movements,
    /// A SKU's stock is below zero.
    Stock,
    /// A SKU's sales are not what the orders hold of it.
    Sales,
}

/// Something that cannot be true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule is broken.
    pub kind: FindingKind,
    /// Of what: the order's number, the table and key of a row, or the SKU.
    pub key: String,
    /// What is on record, in words.
    pub what: String,
}

/// What the amount of the old back end's orders is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OldTotals {
    /// Goods and freight, as dashop reads it.
    #[default]
    WithFreight,
    /// The goods alone, as one version of the old back end wrote it.
    GoodsAlone,
}

/// Whether `sales` counts the pieces in orders from the first order on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OldSales {
    /// It does.
    #[default]
    Counted,
    /// It began with a number that no order explains.
    BeganElsewhere,
}

/// How the old back end's rows are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditTerms {
    /// Their amounts.
    pub old_totals: OldTotals,
    /// The sales of SKUs.
    pub old_sales: OldSales,
}

/// How many of the old back end's orders with freight have which amount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OldTotalsSeen {
    /// Goods and freight.
    pub with_freight: u64,
    /// The goods alone.
    pub goods_alone: u64,
}

impl FindingKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Unreadable,
        Self::Orphan,
        Self::NoLines,
        Self::Sums,
        Self::OldTotalWithoutFreight,
        Self::OldTotalWithFreight,
        Self::Timeline,
        Self::Payment,
        Self::SecondPayment,
        Self::RefundExceedsPayment,
        Self::RefundSums,
        Self::RefundOwed,
        Self::Movements,
        Self::Stock,
        Self::Sales,
    ];

    /// The word that is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Orphan => "orphan",
            Self::NoLines => "no_lines",
            Self::Sums => "sums",
            Self::OldTotalWithoutFreight => "old_total_without_freight",
            Self::OldTotalWithFreight => "old_total_with_freight",
            Self::Timeline => "timeline",
            Self::Payment => "payment",
            Self::SecondPayment => "second_payment",
            Self::RefundExceedsPayment => "refund_exceeds_payment",
            Self::RefundSums => "refund_sums",
            Self::RefundOwed => "refund_owed",
            Self::Movements => "movements",
            Self::Stock => "stock",
            Self::Sales => "sales",
        }
    }
}

impl OldTotalsSeen {
    /// What the old orders look like; none where none of them tells.
    pub fn looks_like(self) -> Option<OldTotals> {
        if self.with_freight == 0 && self.goods_alone == 0 {
            None
        } else if self.goods_alone > self.with_freight {
            Some(OldTotals::GoodsAlone)
        } else {
            Some(OldTotals::WithFreight)
        }
    }
}

impl OldTotals {
    /// The word of the setting.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WithFreight => "with_freight",
            Self::GoodsAlone => "goods_alone",
        }
    }

    /// The value with this word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::WithFreight, Self::GoodsAlone].into_iter().find(|totals| totals.as_str() == word)
    }
}

impl OldSales {
    /// The value with this word of the setting, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "counted" => Some(Self::Counted),
            "began_elsewhere" => Some(Self::BeganElsewhere),
            _other => None,
        }
    }
}

impl AuditRecord {
    /// What cannot be true of it.
    pub fn check(&self, terms: AuditTerms, seen: &mut OldTotalsSeen) -> Vec<Finding> {
        let mut found = Findings { number: &self.number, found: Vec::new() };
        for row in &self.unreadable {
            found.found.push(Finding {
                kind: FindingKind::Unreadable,
                key: format!("{} {}", row.table, row.key),
                what: row.why.clone(),
            });
        }
        // What else would be found may follow from what cannot be read.
        if self.unreadable.is_empty() {
            match &self.order {
                Some(order) => self.check_order(order, terms, seen, &mut found),
                None => self.check_without_order(&mut found),
            }
        }
        found.found
    }

    /// Adds the pieces that the order holds to those of other orders.
    pub fn add_held(&self, held: &mut BTreeMap<SkuId, i64>) {
        for (sku_id, pieces) in self.held() {
            let sum = held.entry(sku_id).or_default();
            *sum = sum.saturating_add(pieces);
        }
    }

    /// The SKUs of which it says how many pieces are sold.
    pub fn skus(&self) -> impl Iterator<Item = SkuId> {
        self.held().into_keys()
    }

    /// Bought, less what went back, more what came out again.
    fn held(&self) -> BTreeMap<SkuId, i64> {
        let mut held = self.bought();
        for moved in &self.movements {
            let pieces = i64::from(moved.pieces);
            let change = if moved.kind.is_return() { -pieces } else { pieces };
            let sum = held.entry(moved.sku_id).or_default();
            *sum = sum.saturating_add(change);
        }
        held
    }

    fn bought(&self) -> BTreeMap<SkuId, i64> {
        let mut bought: BTreeMap<SkuId, i64> = BTreeMap::new();
        for line in &self.lines {
            let sum = bought.entry(line.sku_id).or_default();
            *sum = sum.saturating_add(line.count);
        }
        bought
    }

    /// Money may reach a number that is no order's; nothing else may.
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
            ("movements of stock", self.movements.len()),
        ];
        for (what, count) in others {
            if count > 0 {
                found.add(FindingKind::Orphan, format!("{count} {what}, and there is no order"));
            }
        }
        if self.events > 0 {
            found.add(FindingKind::Orphan, format!("{} events, and there is no order", self.events));
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
        let is_explained = self.check_timeline(order, found);
        let settled = self.payments.iter().filter(|payment| payment.status == PaymentStatus::Settled).count();
        if settled > 1 {
            found.add(FindingKind::SecondPayment, format!("{settled} payments are said to have paid it"));
        } else {
            let are_sums_right = self.check_refunds(found);
            // Without a status that is certain, money and pieces cannot be held against it.
            if is_explained && are_sums_right {
                self.check_payment(order, terms, found);
            }
        }
        self.check_movements(order, is_explained, found);
    }

    fn check_sums(
        &self,
        order: &StoredOrder,
        terms: AuditTerms,
        seen: &mut OldTotalsSeen,
        found: &mut Findings<'_>,
    ) {
        let sum = |of: fn(&StoredLine) -> i64| self.lines.iter().map(of).fold(0, i64::saturating_add);
        let (pieces, goods) = (sum(|line| line.count), sum(|line| line.price_fen.saturating_mul(line.count)));
        let with_freight = goods.saturating_add(order.freight_fen);
        let is = |fen: i64| order.total_fen == fen;
        let mut wrong = Vec::new();
        if pieces != order.total_count {
            wrong.push(format!("{} pieces, and its lines have {pieces}", order.total_count));
        }
        if order.is_old && order.freight_fen > 0 && (is(goods) || is(with_freight)) {
            if is(goods) {
                seen.goods_alone += 1;
            } else {
                seen.with_freight += 1;
            }
            let (total, freight) = (yuan(order.total_fen), yuan(order.freight_fen));
            match terms.old_totals {
                OldTotals::WithFreight if is(goods) => found.add(
                    FindingKind::OldTotalWithoutFreight,
                    format!("{total} is its goods alone, without its freight of {freight}"),
                ),
                OldTotals::GoodsAlone if is(with_freight) => found.add(
                    FindingKind::OldTotalWithFreight,
                    format!("{total} has its freight of {freight} in it"),
                ),
                OldTotals::WithFreight | OldTotals::GoodsAlone => {}
            }
        } else if !is(with_freight) {
            let (total, due) = (yuan(order.total_fen), yuan(with_freight));
            wrong.push(format!("{total}, and lines and freight come to {due}"));
        }
        if order.total_fen < 0 || order.freight_fen < 0 || self.lines.iter().any(|line| line.count < 1) {
            wrong.push("a count or an amount below what it may be".to_owned());
        }
        if !wrong.is_empty() {
            found.add(FindingKind::Sums, wrong.join("; "));
        }
    }

    /// The timeline is a way through the table of transitions. Of an order of the old back end, which keeps none, each
    /// step must be one.
    fn check_timeline(&self, order: &StoredOrder, found: &mut Findings<'_>) -> bool {
        let mut status = OrderStatus::AwaitingPayment;
        for (from, to) in &self.timeline {
            let follows = order.is_old || *from == status;
            if !follows || !OrderStatus::leads(*from, *to) {
                let (from, to) = (from.code(), to.code());
                let what = format!("status {} cannot be followed by {from} -> {to}", status.code());
                found.add(FindingKind::Timeline, what);
                return false;
            }
            status = *to;
        }
        if !order.is_old && status != order.status {
            let (is, ends) = (order.status.code(), status.code());
            found.add(FindingKind::Timeline, format!("status {is}, and its timeline ends with {ends}"));
            return false;
        }
        true
    }

    /// Each refund belongs to a payment, and they add up trade by trade.
    fn check_refunds(&self, found: &mut Findings<'_>) -> bool {
        let before = found.found.len();
        for refund in &self.refunds {
            if !self.payments.iter().any(|payment| payment.trade.trade_no == refund.trade_no) {
                let (number, trade) = (&refund.out_request_no, &refund.trade_no);
                let what = format!("refund {number} of trade {trade}, which is not on record");
                found.add(FindingKind::Orphan, what);
            }
        }
        // A refund that belongs nowhere is missing in the sums of where it belongs.
        if found.found.len() > before {
            return false;
        }
        for payment in &self.payments {
            let trade = &payment.trade;
            let back = self.refunded(&trade.trade_no);
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
            let is_open = |refund: &Refund| {
                refund.trade_no == trade.trade_no && refund.status == RefundStatus::Requested
            };
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

    /// What went back of the trade for certain; none where no amount is so large.
    fn refunded(&self, trade_no: &str) -> Option<Money> {
        let done = self
            .refunds
            .iter()
            .filter(|refund| refund.trade_no == trade_no && refund.status == RefundStatus::Succeeded);
        Money::checked_sum(done.map(|refund| refund.amount))
    }

    /// The order is paid exactly where a payment of its amount is with the shop.
    fn check_payment(&self, order: &StoredOrder, terms: AuditTerms, found: &mut Findings<'_>) {
        for payment in &self.payments {
            let (no, amount) = (&payment.trade.trade_no, payment.trade.total_amount);
            let is_amount = fen(amount) == order.total_fen;
            let is_wrong = match payment.status {
                PaymentStatus::Settled => !is_amount && !is_goods_alone(order, terms),
                PaymentStatus::WrongAmount => is_amount,
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
        let code = order.status.code();
        match (order.status, settled) {
            (OrderStatus::AwaitingPayment | OrderStatus::Cancelled, Some(payment)) => {
                let no = &payment.trade.trade_no;
                found.add(FindingKind::Payment, format!("status {code}, and trade {no} paid it"));
            }
            (
                OrderStatus::AwaitingShipment
                | OrderStatus::AwaitingReceipt
                | OrderStatus::Completed
                | OrderStatus::Refunded,
                None,
            ) if !order.is_old => {
                found.add(FindingKind::Payment, format!("status {code}, and no payment is on record"));
            }
            (
                OrderStatus::AwaitingShipment | OrderStatus::AwaitingReceipt | OrderStatus::Completed,
                Some(_),
            ) if is_wholly_refunded => {
                found
                    .add(FindingKind::RefundSums, format!("status {code}, and all of its payment went back"));
            }
            (OrderStatus::Refunded, Some(_)) if !is_wholly_refunded => {
                found.add(FindingKind::RefundSums, format!("status {code}, and {refunded} went back"));
            }
            _agrees => {}
        }
    }

    /// No more pieces go back than the order holds; all of a cancelled order, and those of each refund as it says.
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
                // The pieces of a SKU that was deleted have no stock to go back to.
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
        let moved_with = |number: &str| -> Vec<Restock> {
            let kind = StockMoveKind::Refunded(number.to_owned());
            let of_refund = self.movements.iter().filter(|moved| moved.kind == kind);
            of_refund.map(|moved| Restock { sku_id: moved.sku_id, pieces: moved.pieces }).collect()
        };
        for refund in self.refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded) {
            let number = &refund.out_request_no;
            if by_sku(&moved_with(number)) != by_sku(&refund.restock) {
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
    /// What cannot be true of it; `held` is what all orders together hold of it, none where that is not known because
    /// rows cannot be read.
    pub fn check(self, held: Option<i64>, terms: AuditTerms) -> Option<Finding> {
        let Self { id, stock, sales } = self;
        let finding = |kind, what| Some(Finding { kind, key: format!("SKU {id}"), what });
        if stock < 0 {
            return finding(FindingKind::Stock, format!("{stock} in stock"));
        }
        let held = held?;
        let agrees = match terms.old_sales {
            OldSales::Counted => sales == held,
            OldSales::BeganElsewhere => sales >= held,
        };
        if agrees {
            None
        } else {
            finding(FindingKind::Sales, format!("{sales} sold, and orders hold {held}"))
        }
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

/// Whether the order's amount lacks its freight, as the old back end's may.
fn is_goods_alone(order: &StoredOrder, terms: AuditTerms) -> bool {
    order.is_old && terms.old_totals == OldTotals::GoodsAlone
}

/// An amount as it is printed, which may be below zero.
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
