//! Checks of an order's amount: its lines and its amendments.

use super::{
    AuditRecord, AuditTerms, FindingKind, Findings, OldTotals, OldTotalsSeen, StoredLine, StoredOrder, yuan,
};

impl AuditRecord {
    /// Count and amount must be those of the lines, with freight and less the discount.
    pub(super) fn check_sums(
        &self,
        order: &StoredOrder,
        terms: AuditTerms,
        seen: &mut OldTotalsSeen,
        found: &mut Findings<'_>,
    ) {
        let sum = |of: fn(&StoredLine) -> i64| self.lines.iter().map(of).fold(0, i64::saturating_add);
        let (pieces, goods) = (sum(|line| line.count), sum(|line| line.price_fen.saturating_mul(line.count)));
        let with_freight = goods.saturating_add(order.freight_fen);
        // The amount when the order was placed.
        let listed = order.total_fen.saturating_add(order.discount_fen);
        let is = |fen: i64| listed == fen;
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
            let (total, freight) = (yuan(listed), yuan(order.freight_fen));
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
            let less = match order.discount_fen {
                0 => String::new(),
                discount => format!(" less {}", yuan(discount)),
            };
            wrong.push(format!("{total}, and lines and freight come to {due}{less}"));
        }
        let amounts = [order.total_fen, order.freight_fen, order.discount_fen];
        if amounts.iter().any(|fen| *fen < 0) || self.lines.iter().any(|line| line.count < 1) {
            wrong.push("a count or an amount below what it may be".to_owned());
        }
        if !wrong.is_empty() {
            found.add(FindingKind::Sums, wrong.join("; "));
        }
    }

    /// The discount must be the sum that the amendments took off, one after the other, and each amendment must be on
    /// record.
    pub(super) fn check_amendments(&self, order: &StoredOrder, found: &mut Findings<'_>) {
        let mut amount = order.total_fen.saturating_add(order.discount_fen);
        let follows = self.amendments.iter().flatten().all(|(before, after)| {
            let follows = *before == amount && after < before;
            amount = *after;
            follows
        });
        if !follows || amount != order.total_fen {
            let (discount, total) = (yuan(order.discount_fen), yuan(order.total_fen));
            let what = format!("{total} with a discount of {discount}, and its amendments say otherwise");
            return found.add(FindingKind::Amendments, what);
        }
        let there_are = u64::try_from(self.amendments.len()).unwrap_or(u64::MAX);
        if order.amendments != there_are {
            let what = format!("{} amendments, and {there_are} are on record", order.amendments);
            found.add(FindingKind::Amendments, what);
        }
    }
}
