//! Everything on record under one order number, and the one place where anything about it is decided.
//!
//! [`OrderLedger::decide`] answers a [`Command`] with the [`Event`]s that follow from it, or refuses. No event means that
//! what was asked for is already so: a repeated command changes nothing. [`OrderLedger::apply`] takes an event into
//! account. Both are pure; what is decided is written by an adapter, event by event, in one transaction.

mod amendments;
mod apply;
mod attempts;
mod command;
mod decide;
mod event;
mod fulfilment;
mod payments;
mod refunds;
mod timers;

use std::collections::BTreeMap;

use crate::{
    Channel, Money, NotAllowed, Order, PaymentAttempt, PaymentRecord, PaymentStatus, Refund, RefundStatus,
    SkuId, StockMove, TradeKey, TradeStatus, UserId,
};

pub use apply::Inapplicable;
pub use attempts::MOST_ATTEMPTS;
pub use command::{Command, ConfirmedRefund, RefundAnswer};
pub use event::Event;

/// Everything on record under one order number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderLedger {
    /// The order's number, or an `out_trade_no` of a channel that is no order's: then there are payments alone.
    pub number: String,
    /// The order with its lines and its shipment; `None` where no order has the number.
    pub order: Option<Order>,
    /// The attempts to pay it that are on record, the first opened first; see [`OrderLedger::all_attempts`].
    pub attempts: Vec<PaymentAttempt>,
    /// Every payment, the first recorded first.
    pub payments: Vec<PaymentRecord>,
    /// Every refund, the first requested first.
    pub refunds: Vec<Refund>,
    /// Where the order's pieces went after it was placed, the oldest first.
    pub movements: Vec<StockMove>,
    /// How many pieces of the order's SKUs are in stock now. One that was deleted is missing: nothing of it
    /// goes back into stock or is taken again.
    pub in_stock: BTreeMap<SkuId, u32>,
}

/// Why a command is refused. Nothing is to be written then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No order has the number, or it is another buyer's; for refunds: there is no payment either.
    #[error("no such order")]
    UnknownOrder,
    /// The order's status does not allow it.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// All of the order's payment went back or is on its way: nothing must be shipped.
    #[error("the order's whole payment is being refunded")]
    BeingRefunded,
    /// Every piece of the order is back in stock, or is to go back with a refund under way: nothing is left to ship.
    #[error("every piece of the order went back into stock")]
    NothingToShip,
    /// No such payment is on record, or nothing of it is left.
    #[error("there is nothing to refund")]
    NothingToRefund,
    /// More than what is left of the payment.
    #[error("at most {left} is left to refund")]
    ExceedsPayment {
        /// What is left.
        left: Money,
    },
    /// Another amount of the payment was left to refund when somebody decided about it; this is.
    #[error("{0} is left to refund by now")]
    RefundedMeanwhile(Money),
    /// Another number of pieces was back when somebody decided about them; this many are.
    #[error("{0} pieces are back by now")]
    ReturnedMeanwhile(u32),
    /// More pieces than the order still holds.
    #[error("SKU {0} cannot go back in that number")]
    ExceedsOrder(SkuId),
    /// The request number was used before, with another content.
    #[error("the request number was used before, with another content")]
    RequestNumberReused,
    /// A message tells of a refund that is not on record as done. The channel is to be asked how much it was; then
    /// [`Command::RecordRefund`] follows.
    #[error("refund {out_request_no} of trade {trade_no} is not confirmed by its channel so far")]
    RefundUnconfirmed {
        /// Where its trade was paid.
        channel: Channel,
        /// The channel's number of the trade.
        trade_no: String,
        /// The number of the refund.
        out_request_no: String,
    },
    /// A message tells of a refund that is not on record, without its number, so that nobody can be asked.
    #[error(
        "the message names a refund that is not on record, without its number; the bill of its day has it"
    )]
    RefundUnnumbered,
    /// No refund has this request number.
    #[error("refund {0} is not on record")]
    UnknownRefund(String),
    /// Another attempt to pay the order was opened meanwhile, in another way: it is to be asked about too.
    #[error("another attempt to pay the order was opened meanwhile")]
    OtherAttemptOpen,
    /// The order has had as many attempts to pay it as it may have.
    #[error("the order has had {MOST_ATTEMPTS} attempts to pay it")]
    TooManyAttempts,
    /// The new amount is not from 0.01 to less than what the order costs.
    #[error("the amount must be at least 0.01 and less than {amount}")]
    AmountNotLower {
        /// What the order is taken to cost.
        amount: Money,
    },
    /// The order does not cost what it was taken to cost.
    #[error("the order costs {amount} by now")]
    AmountChanged {
        /// What it costs.
        amount: Money,
    },
    /// The order does not go where it was taken to go.
    #[error("the order goes elsewhere by now")]
    AddressChanged,
    /// The order costs nothing, and no channel takes a payment of 0.00. The old back end could place such orders.
    #[error("the order costs nothing")]
    CostsNothing,
    /// Amount and address of the order were changed as often as they may be.
    #[error("the order was changed as often as it may be")]
    TooManyAmendments,
    /// What is on record contradicts itself.
    #[error("what is on record contradicts itself: {0}")]
    Contradiction(#[from] Inapplicable),
}

impl OrderLedger {
    /// Nothing on record under this number.
    pub fn empty(number: &str) -> Self {
        Self { number: number.to_owned(), ..Self::default() }
    }

    /// The order, if it is this buyer's; whosever it is without a buyer. A refusal does not say whether another buyer has
    /// such an order.
    pub fn order_of(&self, buyer: Option<UserId>) -> Result<&Order, Refusal> {
        let is_theirs = |order: &&Order| buyer.is_none_or(|buyer| buyer == order.user_id);
        self.order.as_ref().filter(is_theirs).ok_or(Refusal::UnknownOrder)
    }

    /// The payment that paid the order.
    pub fn settled_payment(&self) -> Option<&PaymentRecord> {
        self.payments.iter().find(|payment| payment.status == PaymentStatus::Settled)
    }

    /// The payment of this trade.
    pub fn payment(&self, trade: TradeKey<'_>) -> Option<&PaymentRecord> {
        self.payments.iter().find(|payment| payment.trade.key() == trade)
    }

    /// The payment whose trade has this number, whatever its channel; `None` if two channels have the number.
    pub fn payment_numbered(&self, trade_no: &str) -> Option<&PaymentRecord> {
        let mut found = self.payments.iter().filter(|payment| payment.trade.trade_no == trade_no);
        found.next().filter(|_| found.next().is_none())
    }

    /// The refund of this request number.
    pub fn refund(&self, out_request_no: &str) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.out_request_no == out_request_no)
    }

    /// The refund of this trade that has this number at its channel.
    pub fn refund_of(&self, trade: TradeKey<'_>, number: &str) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.trade() == trade && refund.is_numbered(number))
    }

    /// What of the trade went back for certain.
    pub fn refunded(&self, trade: TradeKey<'_>) -> Money {
        self.sum_of_refunds(trade, |status| status == RefundStatus::Succeeded)
    }

    /// What of the trade went back, or may be on its way.
    fn refunded_or_requested(&self, trade: TradeKey<'_>) -> Money {
        self.sum_of_refunds(trade, |status| match status {
            RefundStatus::Requested | RefundStatus::Succeeded => true,
            RefundStatus::Failed => false,
        })
    }

    fn sum_of_refunds(&self, trade: TradeKey<'_>, counts: impl Fn(RefundStatus) -> bool) -> Money {
        let of_trade = self.refunds.iter().filter(|refund| refund.trade() == trade && counts(refund.status));
        Money::checked_sum(of_trade.map(|refund| refund.amount)).unwrap_or(Money::MAX)
    }

    /// What of the trade can still be refunded: nothing if no such payment is on record, or if all of it is known to have
    /// gone back, even if not each refund is on record so far.
    pub fn refundable(&self, trade: TradeKey<'_>) -> Money {
        let is_closed = self.payment(trade).is_none_or(|payment| payment.trade.status == TradeStatus::Closed);
        if is_closed { Money::ZERO } else { self.unaccounted(trade) }
    }

    /// How much a request may ask for. A refund that failed before may be what a closed trade went back by; under its number it goes
    /// back once.
    fn may_be_requested(&self, trade: TradeKey<'_>, failed_before: bool) -> Money {
        if failed_before { self.unaccounted(trade) } else { self.refundable(trade) }
    }

    /// What of the trade no refund on record accounts for.
    fn unaccounted(&self, trade: TradeKey<'_>) -> Money {
        self.payment(trade)
            .and_then(|payment| payment.trade.total_amount.checked_sub(self.refunded_or_requested(trade)))
            .unwrap_or(Money::ZERO)
    }

    /// How much of the trade went back past the ledger, if its channel says that so much of it went back in all. What the
    /// ledger has as requested may be within that.
    pub fn refunded_elsewhere(&self, trade: TradeKey<'_>, in_all: Money) -> Option<Money> {
        in_all.checked_sub(self.refunded_or_requested(trade)).filter(|past| !past.is_zero())
    }

    /// Whether all of the order's payment went back, or may be on its way: nothing must be shipped then.
    fn is_being_refunded(&self) -> bool {
        self.settled_payment().is_some_and(|payment| self.refundable(payment.trade.key()).is_zero())
    }

    /// Whether all of the order's payment went back for certain.
    fn is_wholly_refunded(&self) -> bool {
        self.settled_payment()
            .is_some_and(|payment| self.refunded(payment.trade.key()) >= payment.trade.total_amount)
    }

    /// How many pieces of the SKU the order holds and no open refund is going to put back.
    fn returnable(&self, sku_id: SkuId) -> u32 {
        let open = self.refunds.iter().filter(|refund| refund.status == RefundStatus::Requested);
        self.held(sku_id).saturating_sub(refunds::pieces_of(open, sku_id))
    }
}

#[cfg(test)]
pub(crate) mod tests;
