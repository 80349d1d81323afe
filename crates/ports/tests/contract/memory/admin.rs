use async_trait::async_trait;
use domain::{
    Money, MoneySum, Order, OrderId, OrderLedger, OrderStatus, PaymentRecord, PaymentStatus, Refund,
    RefundStatus, ShopDate, ShopTime, StockMove, TradeStatus, UserId, Username,
};
use ports::{
    AdminOrders, DayFigures, FoundOrder, OrderRecords, OrderSearch, ShippingListEntry, StoreError,
    UnmatchedPayment, mock::samples::found,
};

use super::{Defect, Memory, Tables};

#[async_trait]
impl AdminOrders for Memory {
    async fn search(&self, search: &OrderSearch) -> Result<Vec<FoundOrder>, StoreError> {
        let tables = self.tables();
        let is_meant = |order: &Order| {
            let is_own = search.user_id.is_none_or(|user_id| user_id == order.user_id);
            let has_status = search.status.is_none_or(|status| status == order.status);
            let is_in_range = match (self.defect, search.numbers.end()) {
                // As if the time of an order were its key.
                (Some(Defect::PagesByTime), Some(end)) => order.id.as_str()[..14] < end[..14],
                (Some(_) | None, _) => search.numbers.contains(&order.id),
            };
            is_in_range
                && (is_own || self.has(Defect::IgnoresOwner))
                && (has_status || self.has(Defect::IgnoresOldStatus))
        };
        let orders = tables.orders.keys().filter_map(|id| tables.order(id, self.defect)).filter(is_meant);
        let mut found: Vec<_> = orders.map(|order| tables.found(order)).collect();
        if !self.has(Defect::ListsUnordered) {
            found.sort_by(|a, b| b.id.cmp(&a.id));
        }
        if !self.has(Defect::IgnoresLimit) {
            found.truncate(usize::try_from(search.limit).unwrap());
        }
        Ok(found)
    }

    async fn exceeds(&self, search: &OrderSearch) -> Result<bool, StoreError> {
        let all = self.search(&OrderSearch { limit: u32::MAX, ..search.clone() }).await?;
        Ok(all.len() > usize::try_from(search.limit).unwrap())
    }

    async fn shipping_list(&self, ids: &[OrderId]) -> Result<Vec<ShippingListEntry>, StoreError> {
        let tables = self.tables();
        let orders = ids.iter().filter_map(|id| tables.order(id, self.defect));
        let paid = |order: &Order| {
            let of_order = |payment: &&PaymentRecord| {
                let is_settled =
                    payment.status == PaymentStatus::Settled || self.has(Defect::IgnoresOldStatus);
                domain::order_number(&payment.trade.out_trade_no) == order.id.as_str() && is_settled
            };
            tables.payments.iter().find(of_order).cloned()
        };
        let listed = |order: Order| ShippingListEntry {
            movements: moves_of(&tables, &order.id),
            username: tables.username(order.user_id),
            payment: paid(&order),
            order,
        };
        let mut listed: Vec<_> = orders.map(listed).collect();
        if !self.has(Defect::ListsUnordered) {
            listed.sort_by(|a, b| b.order.id.cmp(&a.order.id));
        }
        Ok(listed)
    }

    async fn file(&self, id: &OrderId) -> Result<Option<OrderRecords>, StoreError> {
        let tables = self.tables();
        let Some(order) = tables.order(id, self.defect) else { return Ok(None) };
        let is_its =
            |number: &str| domain::order_number(number) == id.as_str() || self.has(Defect::IgnoresOwner);
        let payments = tables.payments.iter().filter(|payment| is_its(&payment.trade.out_trade_no));
        let refunds = tables.refunds.iter().map(|(refund, _)| refund);
        let changes = tables.timeline.iter().filter(|(order, _)| order == id);
        let ledger = OrderLedger {
            attempts: tables.attempts_of(id.as_str()),
            payments: payments.cloned().collect(),
            refunds: refunds.filter(|refund| is_its(&refund.out_trade_no)).cloned().collect(),
            movements: moves_of(&tables, id),
            order: Some(order.clone()),
            ..OrderLedger::empty(id.as_str())
        };
        Ok(Some(OrderRecords {
            username: tables.username(order.user_id),
            ledger,
            changes: changes.map(|(_, entry)| entry.clone()).collect(),
        }))
    }

    async fn figures(&self, first: ShopDate, last: ShopDate) -> Result<Vec<DayFigures>, StoreError> {
        let tables = self.tables();
        let mut days = Vec::new();
        let mut date = first;
        while date <= last {
            days.push(self.day(&tables, date));
            date = date.next();
        }
        Ok(days)
    }

    async fn unmatched_payments(
        &self,
        first: ShopDate,
        last: ShopDate,
        limit: u32,
    ) -> Result<Vec<UnmatchedPayment>, StoreError> {
        let tables = self.tables();
        let not_done = |payment: &PaymentRecord| {
            let its = tables.refunds.iter().map(|(refund, _)| refund).filter(|refund| {
                refund.trade_no == payment.trade.trade_no && refund.status != RefundStatus::Succeeded
            });
            let mut its: Vec<_> = its.cloned().collect();
            its.sort_by_key(|refund| refund.status == RefundStatus::Requested);
            its.pop()
        };
        let is_waiting = |payment: &PaymentRecord| {
            let Some(refund) = not_done(payment) else { return false };
            let is_on_time = |at: ShopTime| (first..=last).contains(&at.date());
            let has_failed = refund.status == RefundStatus::Failed
                && !refund.kind.is_automatic()
                && refund.finished_at.is_some_and(is_on_time);
            let is_open = refund.status == RefundStatus::Requested;
            let is_automatic = refund.kind.is_automatic();
            let waits = is_open && (refund.failure.is_some() || is_automatic)
                || is_automatic && payment.is_automatic()
                || has_failed;
            waits && !self.has(Defect::HidesAutomaticRefunds)
        };
        let is_meant = |payment: &&PaymentRecord| {
            let is_listed = payment.trade.paid_at.is_some() || !self.has(Defect::CountsByPaymentAlone);
            let went_back = payment.trade.refunded == payment.trade.total_amount;
            let is_undecided = payment.status.is_undecided() && is_listed;
            let is_closed = payment.trade.status == TradeStatus::Closed;
            is_undecided && (!(went_back || is_closed) || self.has(Defect::IgnoresOldStatus))
                || is_waiting(payment)
        };
        let mut found: Vec<_> = tables.payments.iter().filter(is_meant).cloned().collect();
        found.sort_by_key(|payment| std::cmp::Reverse((is_waiting(payment), payment.counts_at())));
        if !self.has(Defect::IgnoresLimit) {
            found.truncate(usize::try_from(limit).unwrap());
        }
        match self.has(Defect::ListsUnordered) {
            true => found.sort_by_key(PaymentRecord::counts_at),
            false => found.sort_by_key(|payment| std::cmp::Reverse(payment.counts_at())),
        }
        let shown = |payment: PaymentRecord| UnmatchedPayment { refund: not_done(&payment), payment };
        Ok(found.into_iter().map(shown).collect())
    }

    async fn count(&self, status: OrderStatus) -> Result<u64, StoreError> {
        let tables = self.tables();
        let in_status = tables.orders.values().filter(|stored| stored.order.status == status);
        Ok(u64::try_from(in_status.count()).unwrap())
    }
}

impl Memory {
    fn day(&self, tables: &Tables, date: ShopDate) -> DayFigures {
        let day = date.begin().compact();
        let on_day = |id: &OrderId| id.as_str()[..8] == day[..8];
        let placed = tables.orders.values().map(|stored| &stored.order).filter(|order| on_day(&order.id));
        let (orders, order_amount) = self.sum(placed.map(|order| order.total_amount));
        let settled = |payment: &&PaymentRecord| payment.status == PaymentStatus::Settled;
        let paid = tables.payments.iter().filter(settled);
        let paid = paid.filter(|payment| payment.counts_at().date() == date);
        let (paid, paid_amount) = self.sum(paid.map(|payment| payment.trade.total_amount));
        let of_settled = |refund: &&Refund| {
            tables.payments.iter().filter(settled).any(|payment| payment.trade.trade_no == refund.trade_no)
        };
        let refunded = tables.refunds.iter().map(|(refund, _)| refund).filter(of_settled);
        let refunded = refunded.filter(|refund| {
            refund.status == RefundStatus::Succeeded && refund.finished_at.is_some_and(|at| at.date() == date)
        });
        let (refunded, refunded_amount) = self.sum(refunded.map(|refund| refund.amount));
        DayFigures { date, orders, order_amount, paid, paid_amount, refunded, refunded_amount }
    }

    fn sum(&self, amounts: impl Iterator<Item = Money>) -> (u64, MoneySum) {
        let amounts: Vec<Money> = amounts.collect();
        let count = u64::try_from(amounts.len()).unwrap();
        if self.has(Defect::SumsUpToTheLargestAmount) {
            let capped = Money::checked_sum(amounts).unwrap_or(Money::MAX);
            return (count, MoneySum::from_fen(capped.to_fen()));
        }
        (count, MoneySum::from_fen(amounts.into_iter().map(Money::to_fen).sum()))
    }
}

impl Tables {
    fn username(&self, user_id: UserId) -> Username {
        let index = usize::try_from(user_id.0 - 1).unwrap();
        Username(self.users.get(index).cloned().unwrap_or_default())
    }

    fn found(&self, order: Order) -> FoundOrder {
        found(order.id.clone(), self.username(order.user_id), order)
    }
}

fn moves_of(tables: &Tables, id: &OrderId) -> Vec<StockMove> {
    let moves = tables.moves.iter().filter(|(order, _)| order == id);
    moves.map(|(_, moved)| moved.clone()).collect()
}
