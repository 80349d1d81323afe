use crate::{
    AttemptState, Money, Order, OrderStatus, PaymentAttempt, PaymentRecord, PaymentStatus, Refund,
    RefundStatus, Restock, ShopTime, StatusChange, StockMove, StockMoveKind, TradeKey, TradeStatus,
};

use super::{Event, OrderLedger};

/// Why an event does not fit the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Inapplicable {
    /// There is no order, or it has another status.
    #[error("the order is not in the status that the change begins with")]
    OtherStatus,
    /// The table of transitions has no such change.
    #[error("no transition leads from one status to the other")]
    NoTransition,
    /// The order costs another amount, or the new one is not lower.
    #[error("the order does not cost what the change begins with, or the new amount is not lower")]
    OtherAmount,
    /// The trade is on record already, or another payment paid the order.
    #[error("the payment is on record already, or the order is paid by another one")]
    PaymentOnRecord,
    /// The attempt is on record already, is not on record, or has another state.
    #[error("the attempt to pay is not in the state that the event begins with")]
    OtherAttemptState,
    /// The payment is not on record.
    #[error("no payment of this trade is on record")]
    UnknownPayment,
    /// The refund is on record already, is not on record, or has another status.
    #[error("the refund is not in the status that the event begins with")]
    OtherRefundStatus,
    /// The refund exceeds what is left of the payment.
    #[error("the refund exceeds what is left of the payment")]
    ExceedsPayment,
    /// The pieces moved for this reason before, exceed what the order or the stock holds, or have no stock.
    #[error("the pieces do not fit what the order holds")]
    Pieces,
}

impl OrderLedger {
    /// Applies an event to the ledger. On an error the ledger may be changed in part.
    pub fn apply(&mut self, event: &Event) -> Result<(), Inapplicable> {
        match event {
            Event::StatusChanged(change) => self.change_status(change)?,
            Event::Shipped(shipment) => {
                self.order.as_mut().ok_or(Inapplicable::OtherStatus)?.shipment = Some(shipment.clone());
            }
            Event::AmountLowered { before, after, discount, .. } => {
                self.lower_amount(*before, *after, *discount)?;
            }
            Event::AddressChanged { status, after, .. } => {
                let order = self.order_in(*status)?;
                order.shipping.clone_from(after);
                order.amendments = order.amendments.saturating_add(1);
            }
            Event::AttemptOpened(attempt) => self.open_attempt(attempt)?,
            Event::AttemptClosed { out_trade_no, is_final, at } => {
                let attempt = self.attempt_mut(out_trade_no, AttemptState::may_be_paid)?;
                attempt.state = if *is_final { AttemptState::Closed } else { AttemptState::GivenUp };
                attempt.closed_at = Some(*at);
            }
            Event::AttemptPaid { out_trade_no, at } => {
                let attempt = self.attempt_mut(out_trade_no, |state| state != AttemptState::Paid)?;
                attempt.state = AttemptState::Paid;
                attempt.paid_at = Some(*at);
            }
            Event::PaymentRecorded(payment) => self.record_payment(payment)?,
            Event::TradeClosed { channel, trade_no } => {
                self.payment_mut(channel.trade(trade_no))?.trade.status = TradeStatus::Closed;
            }
            Event::RefundRequested { refund, .. } => {
                self.write_refund(refund, None, RefundStatus::Requested)?;
            }
            Event::RefundReopened { refund, .. } => {
                self.write_refund(refund, Some(RefundStatus::Failed), RefundStatus::Requested)?;
            }
            Event::RefundSucceeded { refund, before, trade_refunded, order_refunded } => {
                self.write_refund(refund, *before, RefundStatus::Succeeded)?;
                self.payment_mut(refund.trade())?.trade.refunded = *trade_refunded;
                if let Some(refunded) = *order_refunded {
                    self.order.as_mut().ok_or(Inapplicable::OtherStatus)?.refunded_amount = refunded;
                }
            }
            Event::RefundFailed { out_request_no, failure, at } => {
                let refund = self.open_refund_mut(out_request_no)?;
                refund.status = RefundStatus::Failed;
                refund.failure = Some(failure.clone());
                refund.finished_at = Some(*at);
            }
            Event::RefundPostponed { out_request_no, failure, .. } => {
                self.open_refund_mut(out_request_no)?.failure.clone_from(failure);
            }
            Event::StockReturned { reason, pieces, at } => self.return_pieces(reason, pieces, *at)?,
            Event::StockRetaken { pieces, at } => self.retake_pieces(pieces, *at)?,
            Event::TimerSet { status, .. } => {
                self.order_in(*status)?;
            }
        }
        Ok(())
    }

    fn change_status(&mut self, change: &StatusChange) -> Result<(), Inapplicable> {
        let order = self.order_in(change.from)?;
        if !OrderStatus::leads(change.from, change.to) {
            return Err(Inapplicable::NoTransition);
        }
        order.status = change.to;
        Ok(())
    }

    fn order_in(&mut self, status: OrderStatus) -> Result<&mut Order, Inapplicable> {
        self.order.as_mut().filter(|order| order.status == status).ok_or(Inapplicable::OtherStatus)
    }

    fn lower_amount(&mut self, before: Money, after: Money, discount: Money) -> Result<(), Inapplicable> {
        let order = self.order_in(OrderStatus::AwaitingPayment)?;
        let is_lower = order.total_amount == before && after < before && !after.is_zero();
        if !is_lower || after.checked_add(discount) != Some(order.listed_amount()) {
            return Err(Inapplicable::OtherAmount);
        }
        (order.total_amount, order.discount) = (after, discount);
        order.amendments = order.amendments.saturating_add(1);
        Ok(())
    }

    fn open_attempt(&mut self, attempt: &PaymentAttempt) -> Result<(), Inapplicable> {
        let is_open = attempt.state == AttemptState::Open;
        if self.order.is_none() || !is_open || self.attempt(&attempt.out_trade_no).is_some() {
            return Err(Inapplicable::OtherAttemptState);
        }
        self.attempts.push(attempt.clone());
        Ok(())
    }

    fn attempt_mut(
        &mut self,
        out_trade_no: &str,
        is_before: impl Fn(AttemptState) -> bool,
    ) -> Result<&mut PaymentAttempt, Inapplicable> {
        let this =
            |attempt: &&mut PaymentAttempt| attempt.out_trade_no == out_trade_no && is_before(attempt.state);
        self.attempts.iter_mut().find(this).ok_or(Inapplicable::OtherAttemptState)
    }

    fn record_payment(&mut self, payment: &PaymentRecord) -> Result<(), Inapplicable> {
        let is_second = payment.status == PaymentStatus::Settled && self.settled_payment().is_some();
        if is_second || self.payment(payment.trade.key()).is_some() {
            return Err(Inapplicable::PaymentOnRecord);
        }
        self.payments.push(payment.clone());
        Ok(())
    }

    /// Writes a refund that enters the status `after`. `before` is its status until then; `None` if it is not on
    /// record.
    fn write_refund(
        &mut self,
        refund: &Refund,
        before: Option<RefundStatus>,
        after: RefundStatus,
    ) -> Result<(), Inapplicable> {
        let known = self.refund(&refund.out_request_no).map(|known| known.status);
        if known != before || refund.status != after {
            return Err(Inapplicable::OtherRefundStatus);
        }
        let most = self.may_be_requested(refund.trade(), before == Some(RefundStatus::Failed));
        if after == RefundStatus::Requested && refund.amount > most {
            return Err(Inapplicable::ExceedsPayment);
        }
        match self.refunds.iter_mut().find(|known| known.out_request_no == refund.out_request_no) {
            Some(known) => known.clone_from(refund),
            None => self.refunds.push(refund.clone()),
        }
        Ok(())
    }

    fn return_pieces(
        &mut self,
        reason: &StockMoveKind,
        pieces: &[Restock],
        at: ShopTime,
    ) -> Result<(), Inapplicable> {
        for back in pieces {
            if !reason.is_return() || back.pieces > self.held(back.sku_id) {
                return Err(Inapplicable::Pieces);
            }
            let in_stock = self.in_stock.get_mut(&back.sku_id).ok_or(Inapplicable::Pieces)?;
            *in_stock = in_stock.saturating_add(back.pieces);
            self.record_movement(reason, *back, at)?;
        }
        Ok(())
    }

    fn retake_pieces(&mut self, pieces: &[Restock], at: ShopTime) -> Result<(), Inapplicable> {
        for taken in pieces {
            let in_stock = self.in_stock.get_mut(&taken.sku_id).ok_or(Inapplicable::Pieces)?;
            *in_stock = in_stock.checked_sub(taken.pieces).ok_or(Inapplicable::Pieces)?;
            self.record_movement(&StockMoveKind::Revived, *taken, at)?;
        }
        Ok(())
    }

    fn record_movement(
        &mut self,
        kind: &StockMoveKind,
        Restock { sku_id, pieces }: Restock,
        at: ShopTime,
    ) -> Result<(), Inapplicable> {
        if self.movements.iter().any(|moved| moved.sku_id == sku_id && moved.kind == *kind) {
            return Err(Inapplicable::Pieces);
        }
        self.movements.push(StockMove { sku_id, pieces, kind: kind.clone(), at });
        Ok(())
    }

    fn payment_mut(&mut self, trade: TradeKey<'_>) -> Result<&mut PaymentRecord, Inapplicable> {
        let of_trade = |payment: &&mut PaymentRecord| payment.trade.key() == trade;
        self.payments.iter_mut().find(of_trade).ok_or(Inapplicable::UnknownPayment)
    }

    fn open_refund_mut(&mut self, out_request_no: &str) -> Result<&mut Refund, Inapplicable> {
        let is_it = |refund: &&mut Refund| {
            refund.out_request_no == out_request_no && refund.status == RefundStatus::Requested
        };
        self.refunds.iter_mut().find(is_it).ok_or(Inapplicable::OtherRefundStatus)
    }
}
