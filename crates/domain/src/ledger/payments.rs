//! Trades that a channel reports: payments, and messages about refunds.

use std::cmp::Ordering;

use crate::{
    EvidenceSource, Money, Order, OrderStatus, PaymentRecord, PaymentStatus, Refund, Restock, Trade,
    TradeStatus, Transition, Trigger,
};

use super::{Event, OrderLedger, Refusal, decide::Decision};

impl OrderLedger {
    /// The pieces that a cancelled order takes out of stock again when it turns out to be paid; `None` if the stock
    /// does not have all of them.
    fn retakable(&self) -> Option<Vec<Restock>> {
        let held = self.order.as_ref()?.stock();
        let is_there = |Restock { sku_id, pieces }: &Restock| {
            self.in_stock.get(sku_id).is_some_and(|stock| stock >= pieces)
        };
        held.iter().all(is_there).then_some(held)
    }
}

impl OrderLedger {
    /// Whether the old back end marked the order as paid because of this trade. The old back end kept no record of the
    /// trade, used only the order's own number, and charged another amount than it stored (contract, defects 3 to 5). The
    /// buyer may have begun to pay here too, so attempts may be on record.
    fn was_paid_at_old_shop(&self, order: &Order, trade: &Trade) -> bool {
        order.expire_at.is_none()
            && order.status.is_paid()
            && order.id.as_str() == trade.out_trade_no
            && self.settled_payment().is_none()
    }
}

impl Decision<'_> {
    /// Records a proven trade. A message about a refund is never read as a payment that the shop still has.
    pub(super) fn record_trade(&mut self, trade: &Trade, source: EvidenceSource) -> Result<(), Refusal> {
        if trade.tells_of_refund() {
            self.refund_notified(trade)
        } else if trade.is_payment() {
            self.record_payment(trade, source)
        } else {
            Ok(())
        }
    }

    /// Records a payment of the trade's whole amount, even if some of it was refunded since.
    ///
    /// A wrong amount does not pay the order, unless the old back end marked the order as paid. The first payment
    /// settles the order; a duplicate or late payment is refunded at once.
    pub(super) fn record_payment(&mut self, trade: &Trade, source: EvidenceSource) -> Result<(), Refusal> {
        if self.ledger.payment(trade.key()).is_some() {
            return Ok(());
        }
        self.adopt_attempt(trade)?;
        let status = self.pay_order(trade)?;
        // Its refunds are recorded one by one.
        let trade = Trade { refunded: Money::ZERO, refund_request_no: None, ..trade.clone() };
        let payment = PaymentRecord { trade, status, source, recorded_at: self.at };
        let refund = Refund::automatic(&payment);
        let out_trade_no = payment.trade.out_trade_no.clone();
        self.push(Event::PaymentRecorded(payment))?;
        let is_unpaid =
            self.ledger.order.as_ref().is_some_and(|order| order.status == OrderStatus::AwaitingPayment);
        if is_unpaid && status == PaymentStatus::WrongAmount {
            // The channel accepts no second payment under this number, so the attempt goes on record as paid.
            self.record_first(&out_trade_no)?;
        }
        self.pay_attempt(&out_trade_no, status == PaymentStatus::Settled)?;
        self.watch_other_attempts(status)?;
        match refund {
            Some(refund) => self.push(Event::RefundRequested { refund, due_at: self.at }),
            None => Ok(()),
        }
    }

    /// Marks the order as paid if the trade pays it. Returns the status of the payment.
    fn pay_order(&mut self, trade: &Trade) -> Result<PaymentStatus, Refusal> {
        let (Some(order), Some(amount)) =
            (&self.ledger.order, self.ledger.amount_of_attempt(&trade.out_trade_no))
        else {
            return Ok(PaymentStatus::UnknownOrder);
        };
        if self.ledger.was_paid_at_old_shop(order, trade) {
            return Ok(PaymentStatus::Settled);
        }
        if amount != trade.total_amount {
            return Ok(PaymentStatus::WrongAmount);
        }
        if self.ledger.settled_payment().is_some() {
            return Ok(PaymentStatus::Duplicate);
        }
        let allows = |trigger| matches!(order.status.on(trigger), Ok(Transition::To(_)));
        match trade.total_amount.cmp(&order.total_amount) {
            Ordering::Equal => {}
            // The amount was lowered after the trade began, and the order is cancelled: the payment is refunded.
            Ordering::Greater if allows(Trigger::PaidLate) => return Ok(PaymentStatus::Late),
            // A lower amount may be the right one, if a restored backup lacks the lowering: staff decide.
            Ordering::Greater | Ordering::Less => return Ok(PaymentStatus::WrongAmount),
        }
        if allows(Trigger::Paid) {
            let is_kept = trade.refunded.is_zero();
            let reason = if is_kept { "支付成功" } else { "支付成功,由其退款得知" };
            self.change_status(Trigger::Paid, reason)?;
        } else if allows(Trigger::PaidLate) {
            // Money that was wholly refunded takes no stock.
            let pieces = if trade.is_wholly_refunded() { None } else { self.ledger.retakable() };
            let Some(pieces) = pieces else { return Ok(PaymentStatus::Late) };
            self.push(Event::StockRetaken { pieces, at: self.at })?;
            self.change_status(Trigger::PaidLate, "取消后付款,库存已重新占用")?;
        } else if order.id.as_str() != trade.out_trade_no {
            // The order is paid without a record, so the old back end marked it as paid, under the order's own number.
            // This trade has another number: it is a duplicate.
            return Ok(PaymentStatus::Duplicate);
        }
        // An order that the old back end marked as paid has no payment record: this trade becomes the record.
        Ok(PaymentStatus::Settled)
    }

    /// Handles a message about a refund. The channel is asked at once about an open refund. A refund that is failed or
    /// missing here must be confirmed by the channel first, because the message has only the sum of all refunds.
    fn refund_notified(&mut self, trade: &Trade) -> Result<(), Refusal> {
        let Some(number) = &trade.refund_request_no else {
            let is_missing = trade.was_paid() && trade.refunded > self.ledger.refunded(trade.key());
            return if is_missing { Err(Refusal::RefundUnnumbered) } else { self.close_trade(trade) };
        };
        use crate::RefundStatus::{Failed, Requested, Succeeded};
        match self.ledger.refund_of(trade.key(), number).map(|known| known.status) {
            Some(Requested) => {
                self.close_trade(trade)?;
                let out_request_no = number.clone();
                self.push(Event::RefundPostponed { out_request_no, due_at: self.at, failure: None })
            }
            Some(Failed) | None if trade.was_paid() => Err(Refusal::RefundUnconfirmed {
                channel: trade.channel,
                trade_no: trade.trade_no.clone(),
                out_request_no: number.clone(),
            }),
            Some(Succeeded | Failed) | None => self.close_trade(trade),
        }
    }

    /// Closes the trade, so that nothing more is shipped, if its channel says that it is wholly refunded and the
    /// succeeded refunds here sum up to less. An open refund of the whole amount may still fail, because other refunds
    /// sent the money back.
    pub(super) fn close_unconfirmed(&mut self, trade: &Trade) -> Result<(), Refusal> {
        let is_open = |known: &PaymentRecord| {
            known.trade.status != TradeStatus::Closed
                && self.ledger.refunded(trade.key()) < known.trade.total_amount
        };
        if trade.is_wholly_refunded() && self.ledger.payment(trade.key()).is_some_and(is_open) {
            self.push(Event::TradeClosed { channel: trade.channel, trade_no: trade.trade_no.clone() })?;
        }
        Ok(())
    }

    /// Like `close_unconfirmed`, but does nothing if the open refunds here account for the rest.
    pub(super) fn close_trade(&mut self, trade: &Trade) -> Result<(), Refusal> {
        if self.ledger.refundable(trade.key()).is_zero() { Ok(()) } else { self.close_unconfirmed(trade) }
    }
}
