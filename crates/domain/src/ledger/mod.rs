//! Everything on record under one order number. All decisions about an order, its payments and its refunds are made
//! here.
//!
//! [`OrderLedger::decide`] answers a [`Command`] with the [`Event`]s that follow from it, or refuses it. An empty list
//! means that the command is done already: a repeated command changes nothing. [`OrderLedger::apply`] applies an event
//! to the ledger. Both are pure; an adapter writes the decided events, one by one, in one transaction.

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
    /// The order's number, or an `out_trade_no` of a channel that belongs to no order: then only payments and their
    /// refunds are on record.
    pub number: String,
    /// The order with its lines and its shipment; `None` if no order has the number.
    pub order: Option<Order>,
    /// The recorded attempts to pay the order, oldest first; see [`OrderLedger::all_attempts`].
    pub attempts: Vec<PaymentAttempt>,
    /// All payments, in the order in which they were recorded.
    pub payments: Vec<PaymentRecord>,
    /// All refunds, in the order in which they were requested.
    pub refunds: Vec<Refund>,
    /// The stock movements of the order's pieces after it was placed, oldest first.
    pub movements: Vec<StockMove>,
    /// How many pieces of each SKU of the order are in stock now. A deleted SKU is missing: its pieces neither go back
    /// into stock nor are taken again.
    pub in_stock: BTreeMap<SkuId, u32>,
}

/// Why a command is refused. A refused command writes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No order has the number, or the order belongs to another buyer. For refunds: there is no payment either.
    #[error("no such order")]
    UnknownOrder,
    /// The order's status does not allow it.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The order's whole payment is refunded or being refunded: nothing must be shipped.
    #[error("the order's whole payment is being refunded")]
    BeingRefunded,
    /// Every piece of the order is back in stock, or goes back with an open refund: nothing is left to ship.
    #[error("every piece of the order went back into stock")]
    NothingToShip,
    /// No such payment is on record, or nothing of it is left to refund.
    #[error("there is nothing to refund")]
    NothingToRefund,
    /// The amount exceeds what is left of the payment.
    #[error("at most {left} is left to refund")]
    ExceedsPayment {
        /// The amount that is left to refund.
        left: Money,
    },
    /// The amount left to refund differs from the one that the caller expected; this is the amount now.
    #[error("the amount left to refund is now {0}")]
    RefundedMeanwhile(Money),
    /// The number of returned pieces differs from the one that the caller expected; this is the number now.
    #[error("the number of returned pieces is now {0}")]
    ReturnedMeanwhile(u32),
    /// More pieces of this SKU than can still go back into stock.
    #[error("SKU {0} cannot go back in that number")]
    ExceedsOrder(SkuId),
    /// The request number was used before for another request.
    #[error("the request number was used before, with another content")]
    RequestNumberReused,
    /// A message reports a refund that is not on record as done. The caller asks the channel for the amount and then
    /// sends [`Command::RecordRefund`].
    #[error("refund {out_request_no} of trade {trade_no} is not confirmed by its channel so far")]
    RefundUnconfirmed {
        /// The channel of its trade.
        channel: Channel,
        /// The channel's number of the trade.
        trade_no: String,
        /// The refund's number at the channel.
        out_request_no: String,
    },
    /// A message reports a refund that is not on record, without its number, so the channel cannot be asked about it.
    #[error(
        "the message names a refund that is not on record, without its number; the bill of its day has it"
    )]
    RefundUnnumbered,
    /// No refund has this request number.
    #[error("refund {0} is not on record")]
    UnknownRefund(String),
    /// Another attempt to pay the order was opened meanwhile; the caller asks its channel about this attempt too.
    #[error("another attempt to pay the order was opened meanwhile")]
    OtherAttemptOpen,
    /// The order has had [`MOST_ATTEMPTS`] attempts to pay it, which is the limit.
    #[error("the order has had {MOST_ATTEMPTS} attempts to pay it")]
    TooManyAttempts,
    /// The new amount is below 0.01, or not lower than the expected amount of the order.
    #[error("the amount must be at least 0.01 and less than {amount}")]
    AmountNotLower {
        /// The expected amount of the order.
        amount: Money,
    },
    /// The order's amount differs from the expected one.
    #[error("the order's amount is now {amount}")]
    AmountChanged {
        /// The order's amount now.
        amount: Money,
    },
    /// The order's address differs from the expected one.
    #[error("the order's address has changed")]
    AddressChanged,
    /// The order's amount is 0.00, which no channel accepts as a payment. The old back end could place such orders.
    #[error("the order costs nothing")]
    CostsNothing,
    /// The number of changes of the order's amount and address has reached its limit.
    #[error("the order was changed as often as it may be")]
    TooManyAmendments,
    /// The records contradict each other.
    #[error("what is on record contradicts itself: {0}")]
    Contradiction(#[from] Inapplicable),
}

impl OrderLedger {
    /// A ledger without any record under this number.
    pub fn empty(number: &str) -> Self {
        Self { number: number.to_owned(), ..Self::default() }
    }

    /// The order, if it belongs to this buyer; any buyer's order if `buyer` is `None`. A refusal does not reveal
    /// whether another buyer has such an order.
    pub fn order_of(&self, buyer: Option<UserId>) -> Result<&Order, Refusal> {
        let is_theirs = |order: &&Order| buyer.is_none_or(|buyer| buyer == order.user_id);
        self.order.as_ref().filter(is_theirs).ok_or(Refusal::UnknownOrder)
    }

    /// The payment that settled the order.
    pub fn settled_payment(&self) -> Option<&PaymentRecord> {
        self.payments.iter().find(|payment| payment.status == PaymentStatus::Settled)
    }

    /// The payment of this trade.
    pub fn payment(&self, trade: TradeKey<'_>) -> Option<&PaymentRecord> {
        self.payments.iter().find(|payment| payment.trade.key() == trade)
    }

    /// The payment whose trade has this number at any channel; `None` if two channels have a trade with this number.
    pub fn payment_numbered(&self, trade_no: &str) -> Option<&PaymentRecord> {
        let mut found = self.payments.iter().filter(|payment| payment.trade.trade_no == trade_no);
        found.next().filter(|_| found.next().is_none())
    }

    /// The refund with this request number.
    pub fn refund(&self, out_request_no: &str) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.out_request_no == out_request_no)
    }

    /// The refund of this trade with this number at its channel.
    pub fn refund_of(&self, trade: TradeKey<'_>, number: &str) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.trade() == trade && refund.is_numbered(number))
    }

    /// The sum of the trade's succeeded refunds.
    pub fn refunded(&self, trade: TradeKey<'_>) -> Money {
        self.sum_of_refunds(trade, |status| status == RefundStatus::Succeeded)
    }

    /// The sum of the trade's succeeded and open refunds.
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

    /// How much of the trade can still be refunded. Zero if no such payment is on record, or if the trade is closed:
    /// then all of it went back, even if not every refund is on record yet.
    pub fn refundable(&self, trade: TradeKey<'_>) -> Money {
        let is_closed = self.payment(trade).is_none_or(|payment| payment.trade.status == TradeStatus::Closed);
        if is_closed { Money::ZERO } else { self.unaccounted(trade) }
    }

    /// The most that a refund request may ask for. A refund recorded as failed may be the one by which a closed trade
    /// went back; a repeated request is safe, because a channel refunds once per number.
    fn may_be_requested(&self, trade: TradeKey<'_>, failed_before: bool) -> Money {
        if failed_before { self.unaccounted(trade) } else { self.refundable(trade) }
    }

    /// The amount of the trade less its succeeded and open refunds.
    fn unaccounted(&self, trade: TradeKey<'_>) -> Money {
        self.payment(trade)
            .and_then(|payment| payment.trade.total_amount.checked_sub(self.refunded_or_requested(trade)))
            .unwrap_or(Money::ZERO)
    }

    /// How much of the trade went back outside this service, if its channel says that `in_all` went back; `None` if
    /// nothing did. Open refunds count as part of `in_all`.
    pub fn refunded_elsewhere(&self, trade: TradeKey<'_>, in_all: Money) -> Option<Money> {
        in_all.checked_sub(self.refunded_or_requested(trade)).filter(|past| !past.is_zero())
    }

    /// Whether the order's whole payment is refunded or may be on its way back: then nothing must be shipped.
    fn is_being_refunded(&self) -> bool {
        self.settled_payment().is_some_and(|payment| self.refundable(payment.trade.key()).is_zero())
    }

    /// Whether the refunds that succeeded cover the order's whole payment.
    fn is_wholly_refunded(&self) -> bool {
        self.settled_payment()
            .is_some_and(|payment| self.refunded(payment.trade.key()) >= payment.trade.total_amount)
    }

    /// How many pieces of the SKU the order holds, less those that open refunds put back.
    fn returnable(&self, sku_id: SkuId) -> u32 {
        let open = self.refunds.iter().filter(|refund| refund.status == RefundStatus::Requested);
        self.held(sku_id).saturating_sub(refunds::pieces_of(open, sku_id))
    }
}

#[cfg(test)]
pub(crate) mod tests;
