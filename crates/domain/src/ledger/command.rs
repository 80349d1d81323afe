use std::time::Duration;

use crate::{
    AddressId, Channel, EndedAttempt, EvidenceSource, Money, OrderStatus, PaymentProduct, RefundAsk, Restock,
    Shipment, ShippingAddress, Trade, UserId,
};

/// What is to happen to an order or its money. Who caused it comes with it: see [`crate::Cause`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Take note of a trade that is proven: by a verified message for this shop, or by its channel's signed answer to a query.
    RecordTrade {
        /// The trade as its channel tells of it.
        trade: Trade,
        /// Where that was learned.
        source: EvidenceSource,
    },
    /// Take note of a refund that the channel confirmed when it was asked.
    RecordRefund {
        /// The refund.
        refund: ConfirmedRefund,
        /// What proves the payment, for the case that it is not on record either: messages come in any order, or never.
        proof: Option<(Trade, EvidenceSource)>,
        /// Whether a refund of another order has its request number here, which at a channel is unique within a trade alone.
        is_number_in_use: bool,
    },
    /// Refund, once for each request number; anew if the refund of that number failed. `due_at` of the refund is `lease` from
    /// now: who requests it carries it out.
    RequestRefund {
        /// What is asked for.
        ask: RefundAsk,
        /// For how long nobody else carries it out.
        lease: Duration,
    },
    /// Write down what the channel said to a refund request.
    RecordRefundAnswer {
        /// The refund.
        out_request_no: String,
        /// What the channel said.
        answer: RefundAnswer,
        /// How often it may have been asked before, since the refund was requested; 0 only for who requested it.
        attempts: u32,
    },
    /// Give up an order that is not paid. Its channel was asked before, so that it is known not to be paid.
    Cancel {
        /// The buyer who asks for it; `None` for staff and for the deadline.
        buyer: Option<UserId>,
        /// Why.
        reason: String,
        /// The attempts that were asked about. A payment may still come of the others, and of those without a trade
        /// that could be closed.
        ended: Vec<EndedAttempt>,
    },
    /// Let the buyer pay in a new attempt, unless one of this channel and product is open.
    OpenAttempt {
        /// Where.
        channel: Channel,
        /// By which product of the channel.
        product: PaymentProduct,
        /// What the order is taken to cost; `None` if its buyer pays whatever it costs.
        expected: Option<Money>,
        /// The attempts that were asked about. They end.
        ended: Vec<EndedAttempt>,
    },
    /// Write down that attempts are over, as their channel says.
    EndAttempts {
        /// Which.
        ended: Vec<EndedAttempt>,
    },
    /// Lower what an unpaid order costs. Alipay was asked before, so that no payment of the old amount is under way.
    LowerAmount {
        /// What it is taken to cost.
        expected: Money,
        /// What it is to cost.
        amount: Money,
        /// Why.
        reason: String,
        /// The attempts that Alipay was asked about. They end.
        ended: Vec<EndedAttempt>,
    },
    /// Send the order elsewhere.
    ChangeAddress {
        /// The buyer who asks for it; `None` for staff.
        buyer: Option<UserId>,
        /// Where it is taken to go; `None` if that does not matter.
        expected: Option<ShippingAddress>,
        /// Where it is to go.
        address: ShippingAddress,
        /// The entry of the buyer's address book that this is; `None` if it is none.
        address_id: Option<AddressId>,
        /// Why.
        reason: String,
    },
    /// Hand the goods to a carrier.
    Ship {
        /// How.
        shipment: Shipment,
        /// After how long the buyer is taken to have the goods.
        receipt_after: Duration,
    },
    /// The buyer has the goods.
    ConfirmReceipt {
        /// The buyer who says so; `None` if the time for it has passed.
        buyer: Option<UserId>,
    },
    /// Put pieces back into stock without money, once for each request number.
    ReturnPieces {
        /// Which pieces.
        pieces: Vec<Restock>,
        /// The number under which it happens once.
        request_no: String,
        /// How many pieces of the order were back when somebody decided about these; `None` if that does not matter.
        expected_returned: Option<u32>,
    },
    /// Ask about the order from now on: its buyer begins to pay it, and the old back end set no deadline.
    WatchPayment,
    /// A trade is proven to be wholly refunded, by refunds that are yet to be confirmed: nothing of it is shipped from now on.
    CloseTrade {
        /// What the channel says of it.
        trade: Trade,
    },
    /// The order's timer went off and was dealt with: set the next one.
    SetTimer {
        /// The status in which the order was found. A change meanwhile sets the timer anew.
        found: OrderStatus,
        /// How often it went off before.
        attempts: u32,
        /// Whether it could not be dealt with.
        failed: bool,
    },
}

/// A refund that the channel confirmed when it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedRefund {
    /// Where its trade was paid.
    pub channel: Channel,
    /// The channel's number of the trade.
    pub trade_no: String,
    /// The number of the refund.
    pub out_request_no: String,
    /// How much went back under this number.
    pub amount: Money,
}

/// What the channel said to a refund request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundAnswer {
    /// The money went back.
    Succeeded,
    /// Nothing went back.
    Refused {
        /// The channel's words.
        reason: String,
        /// Whether asking again cannot change that.
        is_final: bool,
    },
    /// It is not known whether the money went back.
    Unclear {
        /// Why.
        reason: String,
    },
}
