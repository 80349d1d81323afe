use std::time::Duration;

use crate::{
    AddressId, Channel, EndedAttempt, EvidenceSource, Money, OrderStatus, PaymentProduct, RefundAsk, Restock,
    Shipment, ShippingAddress, Trade, UserId,
};

/// A change of an order or its money that is asked for. Who asks is given separately: see [`crate::Cause`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Record a trade that is proven by a verified message for this shop, or by its channel's signed answer to a query.
    RecordTrade {
        /// The trade as its channel reports it.
        trade: Trade,
        /// Where the evidence came from.
        source: EvidenceSource,
    },
    /// Record a refund that the channel confirmed in its answer to a query.
    RecordRefund {
        /// The refund.
        refund: ConfirmedRefund,
        /// Proof of the payment, in case it is not on record either: messages may arrive in any order, or never.
        proof: Option<(Trade, EvidenceSource)>,
        /// Whether a refund of another order has this request number here. At a channel it is unique within a trade
        /// only.
        is_number_in_use: bool,
    },
    /// Refund money, once per request number, or again if the refund with that number failed. The caller carries the
    /// refund out, so its `due_at` is `lease` from now.
    RequestRefund {
        /// The request of staff.
        ask: RefundAsk,
        /// For how long no other process carries the refund out.
        lease: Duration,
    },
    /// Record the channel's answer to a refund request.
    RecordRefundAnswer {
        /// The request number of the refund.
        out_request_no: String,
        /// The channel's answer.
        answer: RefundAnswer,
        /// How often the channel may have been asked before, since the refund was requested. It is 0 only for the
        /// process that requested the refund.
        attempts: u32,
    },
    /// Cancel an unpaid order. The caller asked the channel before, so the order is known to be unpaid.
    Cancel {
        /// The buyer who asks for it; `None` for staff and for the deadline.
        buyer: Option<UserId>,
        /// Why.
        reason: String,
        /// The attempts about which the caller asked the channel. The other attempts may still be paid, and so may
        /// those without a trade to close.
        ended: Vec<EndedAttempt>,
    },
    /// Let the buyer pay in a new attempt, unless one of this channel and product is open.
    OpenAttempt {
        /// The channel.
        channel: Channel,
        /// The product of the channel.
        product: PaymentProduct,
        /// The expected amount of the order; `None` if the buyer pays any amount.
        expected: Option<Money>,
        /// The attempts about which the caller asked the channel. They end.
        ended: Vec<EndedAttempt>,
    },
    /// Record that attempts are over, as their channel says.
    EndAttempts {
        /// The attempts.
        ended: Vec<EndedAttempt>,
    },
    /// Lower the amount of an unpaid order. The caller asked Alipay before, so no payment of the old amount is under
    /// way.
    LowerAmount {
        /// The expected amount of the order.
        expected: Money,
        /// The new amount.
        amount: Money,
        /// Why.
        reason: String,
        /// The attempts about which the caller asked Alipay. They end.
        ended: Vec<EndedAttempt>,
    },
    /// Change the address of the order.
    ChangeAddress {
        /// The buyer who asks for it; `None` for staff.
        buyer: Option<UserId>,
        /// The expected present address; `None` to skip this check.
        expected: Option<ShippingAddress>,
        /// The new address.
        address: ShippingAddress,
        /// The entry of the buyer's address book with the new address; `None` if it is not from there.
        address_id: Option<AddressId>,
        /// Why.
        reason: String,
    },
    /// Ship the order.
    Ship {
        /// The shipment.
        shipment: Shipment,
        /// After how long the order counts as received, even if the buyer does not confirm it.
        receipt_after: Duration,
    },
    /// Record that the buyer received the order.
    ConfirmReceipt {
        /// The buyer who confirms it; `None` if the time to confirm it has passed.
        buyer: Option<UserId>,
    },
    /// Put pieces back into stock without a refund, once per request number.
    ReturnPieces {
        /// The pieces to put back.
        pieces: Vec<Restock>,
        /// The number of this request.
        request_no: String,
        /// The expected number of pieces of the order that are back already; `None` to skip this check.
        expected_returned: Option<u32>,
    },
    /// Start to ask the channel about an order without a deadline, which the old back end placed: its buyer begins to
    /// pay.
    WatchPayment,
    /// Close a trade that is proven to be wholly refunded, by refunds that are still to be confirmed, so that nothing
    /// more is shipped for it.
    CloseTrade {
        /// The trade as its channel reports it.
        trade: Trade,
    },
    /// Set the next timer, after the order's timer went off and was handled.
    SetTimer {
        /// The order's status before the timer was handled. If the status changed since, that change has set the timer.
        found: OrderStatus,
        /// How often the timer went off before.
        attempts: u32,
        /// Whether handling the timer failed.
        failed: bool,
    },
}

/// A refund that the channel confirmed in its answer to a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedRefund {
    /// The channel of its trade.
    pub channel: Channel,
    /// The channel's number of the trade.
    pub trade_no: String,
    /// The refund's number at the channel.
    pub out_request_no: String,
    /// How much went back under this number.
    pub amount: Money,
}

/// The channel's answer to a refund request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundAnswer {
    /// The money went back.
    Succeeded,
    /// Nothing went back.
    Refused {
        /// The channel's message.
        reason: String,
        /// Whether a further attempt cannot change the answer.
        is_final: bool,
    },
    /// It is not known whether the money went back.
    Unclear {
        /// Why.
        reason: String,
    },
}
