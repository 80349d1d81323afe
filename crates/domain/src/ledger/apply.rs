use crate::{
    AttemptState, Money, Order, OrderStatus, PaymentAttempt, PaymentRecord, PaymentStatus, Refund,
    RefundStatus, Restock, ShopTime, StatusChange, StockMove, StockMoveKind, TradeKey, TradeStatus,
};

use super::{Event, OrderLedger};

/// An event does not fit what is on record.
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
    /// The attempt is on record already, or is not, or has another state.
    #[error("the attempt to pay is not in the state that the event begins with")]
    OtherAttemptState,
    /// The payment is not on record.
    #[error("no payment of this trade is on record")]
    UnknownPayment,
    /// The refund's number is on record already, or is not, or its refund has another status.
    #[error("the refund is not in the status that the event begins with")]
    OtherRefundStatus,
    /// More than what is left of the payment.
    #[error("the refund exceeds what is left of the payment")]
    ExceedsPayment,
    /// Pieces went back for that reason before, or more of them than the order holds.
    #[error("the pieces do not fit what the order holds")]
    Pieces,
}

impl OrderLedger {
    /// Takes an event into account. Where it does not fit what is on record, the ledger may be changed in part.
    pub fn apply(&mut self, event: &Event) -> Result<(), Inapplicable> {
        match event {
            Event::StatusChanged(change) => self.change_status(change),
            Event::Shipped(shipment) => {
                let order = self.order.as_mut().ok_or(Inapplicable::OtherStatus)?;
                order.shipment = Some(shipment.clone());
                Ok(())
            }
            Event::AmountLowered { before, after, discount, .. } => {
                self.lower_amount(*before, *after, *discount)
            }
            Event::AddressChanged { status, after, .. } => {
                let order = self.order_in(*status)?;
                order.shipping.clone_from(after);
                order.amendments = order.amendments.saturating_add(1);
                Ok(())
            }
            Event::AttemptOpened(attempt) => self.open_attempt(attempt),
            Event::AttemptClosed { out_trade_no, is_final, at } => {
                let attempt = self.attempt_mut(out_trade_no, AttemptState::may_be_paid)?;
                attempt.state = if *is_final { AttemptState::Closed } else { AttemptState::GivenUp };
                attempt.closed_at = Some(*at);
                Ok(())
            }
            Event::AttemptPaid { out_trade_no, at } => {
                let attempt = self.attempt_mut(out_trade_no, |state| state != AttemptState::Paid)?;
                attempt.state = AttemptState::Paid;
                attempt.paid_at = Some(*at);
                Ok(())
            }
            Event::PaymentRecorded(payment) => self.record_payment(payment),
            Event::TradeClosed { channel, trade_no } => {
                self.payment_mut(channel.trade(trade_no))?.trade.status = TradeStatus::Closed;
                Ok(())
            }
            Event::RefundRequested { refund, .. } => self.request_refund(refund),
            Event::RefundReopened { refund, .. } => self.reopen_refund(refund),
            Event::RefundSucceeded { refund, before, trade_refunded, order_refunded } => {
                self.finish_refund(refund, *before)?;
                self.set_refunded(refund.trade(), *trade_refunded, *order_refunded)
            }
            Event::RefundFailed { out_request_no, failure, at } => {
                let refund = self.refund_mut(out_request_no, RefundStatus::Requested)?;
                refund.status = RefundStatus::Failed;
                refund.failure = Some(failure.clone());
                refund.finished_at = Some(*at);
                Ok(())
            }
            Event::RefundPostponed { out_request_no, failure, .. } => {
                self.refund_mut(out_request_no, RefundStatus::Requested)?.failure.clone_from(failure);
                Ok(())
            }
            Event::StockReturned { reason, pieces, at } => self.return_pieces(reason, pieces, *at),
            Event::StockRetaken { pieces, at } => self.retake_pieces(pieces, *at),
            Event::TimerSet { status, .. } => {
                let has_status = self.order.as_ref().is_some_and(|order| order.status == *status);
                if has_status { Ok(()) } else { Err(Inapplicable::OtherStatus) }
            }
        }
    }

    fn change_status(&mut self, change: &StatusChange) -> Result<(), Inapplicable> {
        let order = self.order.as_mut().ok_or(Inapplicable::OtherStatus)?;
        if order.status != change.from {
            return Err(Inapplicable::OtherStatus);
        }
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

    fn request_refund(&mut self, refund: &Refund) -> Result<(), Inapplicable> {
        if self.refund(&refund.out_request_no).is_some() || refund.status != RefundStatus::Requested {
            return Err(Inapplicable::OtherRefundStatus);
        }
        if refund.amount > self.refundable(refund.trade()) {
            return Err(Inapplicable::ExceedsPayment);
        }
        self.refunds.push(refund.clone());
        Ok(())
    }

    fn reopen_refund(&mut self, refund: &Refund) -> Result<(), Inapplicable> {
        if refund.status != RefundStatus::Requested {
            return Err(Inapplicable::OtherRefundStatus);
        }
        if refund.amount > self.refundable(refund.trade()) {
            return Err(Inapplicable::ExceedsPayment);
        }
        self.refund_mut(&refund.out_request_no, RefundStatus::Failed)?.clone_from(refund);
        Ok(())
    }

    fn finish_refund(&mut self, refund: &Refund, before: Option<RefundStatus>) -> Result<(), Inapplicable> {
        if refund.status != RefundStatus::Succeeded {
            return Err(Inapplicable::OtherRefundStatus);
        }
        match before {
            None if self.refund(&refund.out_request_no).is_some() => Err(Inapplicable::OtherRefundStatus),
            None => {
                self.refunds.push(refund.clone());
                Ok(())
            }
            Some(before) => {
                self.refund_mut(&refund.out_request_no, before)?.clone_from(refund);
                Ok(())
            }
        }
    }

    fn set_refunded(
        &mut self,
        trade: TradeKey<'_>,
        of_trade: Money,
        of_order: Option<Money>,
    ) -> Result<(), Inapplicable> {
        self.payment_mut(trade)?.trade.refunded = of_trade;
        if let Some(of_order) = of_order {
            self.order.as_mut().ok_or(Inapplicable::OtherStatus)?.refunded_amount = of_order;
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
            let held = self.held(back.sku_id);
            let Some(in_stock) = self.in_stock.get_mut(&back.sku_id) else {
                return Err(Inapplicable::Pieces);
            };
            if !reason.is_return() || back.pieces > held {
                return Err(Inapplicable::Pieces);
            }
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

    fn refund_mut(
        &mut self,
        out_request_no: &str,
        before: RefundStatus,
    ) -> Result<&mut Refund, Inapplicable> {
        let this = |refund: &&mut Refund| refund.out_request_no == out_request_no && refund.status == before;
        self.refunds.iter_mut().find(this).ok_or(Inapplicable::OtherRefundStatus)
    }
}
