//! The ledger of a number, locked and written.

use async_trait::async_trait;
use domain::{
    Amendment, AttemptState, Cause, Order, OrderId, OrderLedger, OrderStatus, PaymentAttempt, Refund,
    RefundStatus, ShopTime, StatusChange, StockMove, StockMoveKind, TimelineEntry, TraceParent, TradeStatus,
    ledger::Event, order_number,
};
use ports::{AppendError, Claimed, DueOrder, LockedOrder, OrderRepo, StockOutcome, StoreError};

use super::{Defect, Due, Memory, Tables, writing::Unit};

struct Locked {
    unit: Unit,
    ledger: OrderLedger,
    trace: Option<TraceParent>,
}

#[async_trait]
impl OrderRepo for Memory {
    async fn lock(&self, number: &str) -> Result<Box<dyn LockedOrder>, StoreError> {
        let unit = self.unit().await;
        let of_order = Some(order_number(number)).filter(|_| !self.has(Defect::IgnoresAttempts));
        let is_order =
            |number: &&str| OrderId::parse(number).is_ok_and(|id| unit.tables.orders.contains_key(&id));
        let ledger = unit.tables.ledger(of_order.filter(is_order).unwrap_or(number), self.defect);
        Ok(Box::new(Locked { unit, ledger, trace: None }))
    }

    async fn claim_due_orders(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<DueOrder>>, StoreError> {
        let mut unit = self.unit().await;
        let mut due: Vec<_> = unit.tables.due.iter().filter(|(_, due)| due.at <= now).collect();
        due.sort_by_key(|(_, due)| due.at);
        let claimed: Vec<_> = due
            .into_iter()
            .take(usize::try_from(limit).unwrap())
            .map(|(id, due)| {
                let status = unit.tables.orders.get(id).map(|stored| stored.order.status);
                Claimed { item: DueOrder { id: id.clone(), status }, attempts: due.attempts }
            })
            .collect();
        for Claimed { item, attempts } in &claimed {
            if !self.has(Defect::ForgetsLeases) {
                unit.tables.due.insert(item.id.clone(), Due { at: lease_until, attempts: attempts + 1 });
            }
        }
        unit.commit().await;
        Ok(claimed)
    }

    async fn claim_due_refunds(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Refund>>, StoreError> {
        let mut unit = self.unit().await;
        let refunds = unit.tables.refunds.iter_mut();
        let mut due: Vec<_> = refunds
            .filter_map(|(refund, due)| due.as_mut().filter(|due| due.at <= now).map(|due| (refund, due)))
            .collect();
        due.sort_by_key(|(_, due)| due.at);
        let mut claimed = Vec::new();
        for (refund, due) in due.into_iter().take(usize::try_from(limit).unwrap()) {
            claimed.push(Claimed { item: refund.clone(), attempts: due.attempts });
            if !self.has(Defect::ForgetsLeases) {
                *due = Due { at: lease_until, attempts: due.attempts + 1 };
            }
        }
        unit.commit().await;
        Ok(claimed)
    }
}

#[async_trait]
impl LockedOrder for Locked {
    fn ledger(&self) -> &OrderLedger {
        &self.ledger
    }

    fn set_trace(&mut self, trace: TraceParent) {
        self.trace = Some(trace);
    }

    async fn append(self: Box<Self>, events: &[Event]) -> Result<(), AppendError> {
        let Self { mut unit, ledger, trace } = *self;
        for event in events {
            if !unit.write(&ledger.number, event).await? {
                return Err(AppendError::GuardLost);
            }
            unit.wrote().await;
        }
        let mut notices = ledger.notices(events);
        notices.iter_mut().for_each(|notice| notice.trace.clone_from(&trace));
        unit.tell(&notices).await;
        unit.commit().await;
        Ok(())
    }
}

impl Tables {
    fn ledger(&self, number: &str, defect: Option<Defect>) -> OrderLedger {
        let order = OrderId::parse(number).ok().and_then(|id| self.order(&id, defect));
        let attempts: Vec<_> = self.attempts_of(number);
        let is_its = |other: &str| other == number || order_number(other) == number;
        let payments = self.payments.iter().filter(|payment| is_its(&payment.trade.out_trade_no));
        let refunds = self.refunds.iter().map(|(refund, _)| refund);
        let moves = self.moves.iter().filter(|(id, _)| id.as_str() == number);
        let held = order.iter().flat_map(domain::Order::stock);
        let in_stock = held.filter_map(|line| {
            let (_, record) = self.skus.get(&line.sku_id)?;
            Some((line.sku_id, u32::try_from(record.stock).unwrap_or(0)))
        });
        OrderLedger {
            number: number.to_owned(),
            attempts: attempts.clone(),
            in_stock: in_stock.collect(),
            payments: payments.cloned().collect(),
            refunds: refunds.filter(|refund| is_its(&refund.out_trade_no)).cloned().collect(),
            movements: moves.map(|(_, moved)| moved.clone()).collect(),
            order,
        }
    }
}

impl Tables {
    /// The stored attempts to pay an order.
    pub(super) fn attempts_of(&self, number: &str) -> Vec<PaymentAttempt> {
        let its = self.attempts.iter().filter(|(id, _)| id.as_str() == number);
        its.map(|(_, attempt)| attempt.clone()).collect()
    }
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}

impl Unit {
    /// False if the event's guard fails.
    async fn write(&mut self, number: &str, event: &Event) -> Result<bool, AppendError> {
        match event {
            Event::StatusChanged(change) => Ok(self.change_status(change)),
            Event::Shipped(shipment) => {
                self.order(number).shipment = Some(shipment.clone());
                Ok(true)
            }
            Event::AmountLowered { before, after, discount, cause, reason, at } => {
                let is_expected = |order: &Order| {
                    order.status == OrderStatus::AwaitingPayment && order.total_amount == *before
                };
                let lower = |order: &mut Order| {
                    (order.total_amount, order.discount) = (*after, *discount);
                };
                let amendment = Amendment::Amount { before: *before, after: *after };
                Ok(self.amend(number, is_expected, lower, (amendment, cause, reason, *at)))
            }
            Event::AddressChanged { status, before, after, address_id, cause, reason, at } => {
                let redirect = |order: &mut Order| order.shipping.clone_from(after);
                let amendment = Amendment::Address { before: before.clone() };
                let told = (amendment, cause, reason.as_str(), *at);
                let is_changed = self.amend(number, |order| order.status == *status, redirect, told);
                if let (true, Some(stored)) =
                    (is_changed, self.tables.orders.get_mut(&OrderId::parse(number).unwrap()))
                {
                    stored.has_snapshots = true;
                    stored.address_id = address_id.unwrap_or(stored.address_id);
                }
                Ok(is_changed)
            }
            Event::AttemptOpened(attempt) => {
                let mut attempts = self.tables.attempts.iter();
                let is_known = attempts.any(|(_, known)| known.out_trade_no == attempt.out_trade_no);
                if is_known && !self.has(Defect::RecordsTwice) {
                    return Ok(false);
                }
                self.tables.attempts.push((OrderId::parse(number).unwrap(), attempt.clone()));
                Ok(true)
            }
            Event::AttemptClosed { out_trade_no, is_final, at } => {
                Ok(self.change_attempt(out_trade_no, AttemptState::may_be_paid, |attempt| {
                    attempt.state = if *is_final { AttemptState::Closed } else { AttemptState::GivenUp };
                    attempt.closed_at = Some(*at);
                }))
            }
            Event::AttemptPaid { out_trade_no, at } => {
                let is_unpaid = |state| state != AttemptState::Paid;
                Ok(self.change_attempt(out_trade_no, is_unpaid, |attempt| {
                    attempt.state = AttemptState::Paid;
                    attempt.paid_at = Some(*at);
                }))
            }
            Event::PaymentRecorded(payment) => {
                let mut payments = self.tables.payments.iter();
                let is_known = payments.any(|known| known.trade.key() == payment.trade.key());
                if is_known && !self.has(Defect::RecordsTwice) {
                    return Ok(false);
                }
                self.tables.payments.push(payment.clone());
                Ok(true)
            }
            Event::TradeClosed { channel, trade_no } => {
                let payments = self.tables.payments.iter_mut();
                for payment in payments.filter(|payment| payment.trade.key() == channel.trade(trade_no)) {
                    payment.trade.status = TradeStatus::Closed;
                }
                Ok(true)
            }
            Event::RefundRequested { refund, due_at } => {
                self.record_refund(refund, Some(Due { at: *due_at, attempts: 0 }))
            }
            Event::RefundReopened { refund, due_at } => {
                let Some((known, due)) = self.refund(&refund.out_request_no, RefundStatus::Failed) else {
                    return Ok(false);
                };
                known.clone_from(refund);
                *due = Some(Due { at: *due_at, attempts: 0 });
                Ok(true)
            }
            Event::RefundSucceeded { refund, before, trade_refunded, order_refunded } => {
                let is_written = match before {
                    None => self.record_refund(refund, None)?,
                    Some(before) => {
                        self.finish(&refund.out_request_no, *before, |known| *known = refund.clone())
                    }
                };
                let payments = self.tables.payments.iter_mut();
                for payment in payments.filter(|payment| payment.trade.key() == refund.trade()) {
                    payment.trade.refunded = *trade_refunded;
                }
                if let Some(amount) = order_refunded {
                    self.order(number).refunded_amount = *amount;
                }
                Ok(is_written)
            }
            Event::RefundFailed { out_request_no, failure, at } => {
                Ok(self.finish(out_request_no, RefundStatus::Requested, |known| {
                    known.status = RefundStatus::Failed;
                    known.failure = Some(cut(failure));
                    known.finished_at = Some(*at);
                }))
            }
            Event::RefundPostponed { out_request_no, due_at, failure } => {
                let Some((refund, due)) = self.refund(out_request_no, RefundStatus::Requested) else {
                    return Ok(false);
                };
                refund.failure.clone_from(failure);
                *due = Some(Due { at: *due_at, attempts: due.map_or(0, |due| due.attempts) });
                Ok(true)
            }
            Event::StockReturned { reason, pieces, at } => Ok(pieces.iter().all(|back| {
                let kind = reason.clone();
                let moved = StockMove { sku_id: back.sku_id, pieces: back.pieces, kind, at: *at };
                let was_moved = self.tables.moved(&OrderId::parse(number).unwrap(), &moved);
                if was_moved && !self.has(Defect::ReturnsTwice) {
                    return false;
                }
                self.tables.moves.push((OrderId::parse(number).unwrap(), moved));
                let Some((_, record)) = self.tables.skus.get_mut(&back.sku_id) else { return false };
                record.stock += i64::from(back.pieces);
                record.sales -= i64::from(back.pieces);
                record.version += 1;
                true
            })),
            Event::StockRetaken { pieces, at } => {
                for taken in pieces {
                    let kind = StockMoveKind::Revived;
                    let moved = StockMove { sku_id: taken.sku_id, pieces: taken.pieces, kind, at: *at };
                    if self.tables.moved(&OrderId::parse(number).unwrap(), &moved) {
                        return Ok(false);
                    }
                    self.tables.moves.push((OrderId::parse(number).unwrap(), moved));
                }
                let allocation = |taken: &domain::Restock| domain::Allocation {
                    sku_id: taken.sku_id,
                    pieces: taken.pieces,
                    price: domain::Money::ZERO,
                };
                let wanted: Vec<_> = pieces.iter().map(allocation).collect();
                Ok(self.take_any(&wanted).await == StockOutcome::Taken)
            }
            Event::TimerSet { status, due_at, restart } => {
                let ignores_old = self.has(Defect::IgnoresOldStatus);
                let Ok(id) = OrderId::parse(number) else { return Ok(false) };
                let Some(stored) = self.tables.orders.get(&id) else { return Ok(false) };
                if stored.order.status != *status && !ignores_old {
                    return Ok(false);
                }
                if *restart {
                    self.tables.due.remove(&id);
                }
                self.tables.set_due(&id, *due_at);
                Ok(true)
            }
        }
    }

    /// False if the order does not satisfy the condition.
    fn amend(
        &mut self,
        number: &str,
        is_expected: impl Fn(&Order) -> bool,
        change: impl FnOnce(&mut Order),
        (amendment, cause, reason, at): (Amendment, &Cause, &str, ShopTime),
    ) -> bool {
        let ignores_old = self.has(Defect::IgnoresOldStatus);
        let Ok(id) = OrderId::parse(number) else { return false };
        let Some(stored) = self.tables.orders.get_mut(&id) else { return false };
        if !is_expected(&stored.order) && !ignores_old {
            return false;
        }
        change(&mut stored.order);
        stored.order.amendments += 1;
        let status = stored.order.status;
        let entry = TimelineEntry {
            from: Some(status),
            to: status,
            cause: cause.clone(),
            reason: cut(reason),
            amendment: Some(amendment),
            at,
        };
        self.tables.timeline.push((id, entry));
        true
    }

    fn change_attempt(
        &mut self,
        out_trade_no: &str,
        is_before: impl Fn(AttemptState) -> bool,
        change: impl FnOnce(&mut PaymentAttempt),
    ) -> bool {
        let in_any_state = self.has(Defect::IgnoresOldStatus);
        let mut attempts = self.tables.attempts.iter_mut().map(|(_, attempt)| attempt);
        let this = attempts.find(|attempt| {
            attempt.out_trade_no == out_trade_no && (is_before(attempt.state) || in_any_state)
        });
        this.map(change).is_some()
    }

    fn order(&mut self, number: &str) -> &mut domain::Order {
        &mut self.tables.orders.get_mut(&OrderId::parse(number).unwrap()).unwrap().order
    }

    fn change_status(&mut self, change: &StatusChange) -> bool {
        let ignores_old = self.has(Defect::IgnoresOldStatus);
        let Some(stored) = self.tables.orders.get_mut(&change.order_id) else { return false };
        if stored.order.status != change.from && !ignores_old {
            return false;
        }
        stored.order.status = change.to;
        let entry = TimelineEntry {
            from: Some(change.from),
            to: change.to,
            cause: change.cause.clone(),
            reason: cut(&change.reason),
            amendment: None,
            at: change.at,
        };
        self.tables.timeline.push((change.order_id.clone(), entry));
        self.tables.due.remove(&change.order_id);
        self.tables.set_due(&change.order_id, change.due_at);
        true
    }

    fn record_refund(&mut self, refund: &Refund, due: Option<Due>) -> Result<bool, AppendError> {
        let mut refunds = self.tables.refunds.iter();
        let is_known = refunds.any(|(known, _)| known.out_request_no == refund.out_request_no);
        if is_known && !self.has(Defect::RecordsTwice) {
            return Err(AppendError::RequestNumberInUse);
        }
        let refund = Refund { reason: cut(&refund.reason), ..refund.clone() };
        self.tables.refunds.push((refund, due));
        Ok(true)
    }

    fn finish(&mut self, number: &str, before: RefundStatus, write: impl FnOnce(&mut Refund)) -> bool {
        let Some((refund, due)) = self.refund(number, before) else { return false };
        write(refund);
        *due = None;
        true
    }

    fn refund(&mut self, number: &str, status: RefundStatus) -> Option<(&mut Refund, &mut Option<Due>)> {
        let in_any_status = self.has(Defect::FinishesTwice);
        let mut refunds = self.tables.refunds.iter_mut().map(|(refund, due)| (refund, due));
        refunds
            .find(|(refund, _)| refund.out_request_no == number && (refund.status == status || in_any_status))
    }
}
