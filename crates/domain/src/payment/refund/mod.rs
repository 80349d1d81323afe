use crate::{
    Cause, Channel, Money, PaymentRecord, PaymentStatus, Restock, ShopTime, Trade, TradeKey, TradeStatus,
    by_sku,
};

mod numbers;

pub(crate) use numbers::{automatic_number, external_number};

/// Money of one trade that goes back to the buyer: one row of the refund ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The request number, under which the channel refunds at most once. It never changes and is unique among all
    /// channels and trades. A refund that was made outside this service gets a new number if another refund has its
    /// number here.
    pub out_request_no: String,
    /// The number of the attempt whose payment goes back, as the channel has it; it may be another program's.
    pub out_trade_no: String,
    /// The channel where the trade was paid.
    pub channel: Channel,
    /// The channel's number of the trade.
    pub trade_no: String,
    /// How much.
    pub amount: Money,
    /// Why, in words.
    pub reason: String,
    /// Why money goes back, as a kind.
    pub kind: RefundKind,
    /// Its status.
    pub status: RefundStatus,
    /// The pieces that go back into stock when the refund succeeds.
    pub restock: Vec<Restock>,
    /// Who asked for it.
    pub cause: Cause,
    /// When it was asked for.
    pub requested_at: ShopTime,
    /// When it succeeded or failed.
    pub finished_at: Option<ShopTime>,
    /// Why the last attempt did not succeed, as far as it is known.
    pub failure: Option<String>,
}

words! {
    /// Why money goes back.
    pub enum RefundKind {
        /// Staff decided it.
        Shop = "shop",
        /// The order was cancelled, and its stock is gone or its amount was lowered.
        Late = "late",
        /// Another trade had paid the order.
        Duplicate = "duplicate",
        /// It was refunded at the channel, outside this service.
        External = "external",
    }
}

words! {
    /// The status of a refund.
    pub enum RefundStatus {
        /// Requested; it is not known yet whether the money went back.
        Requested = "requested",
        /// The money went back.
        Succeeded = "succeeded",
        /// The channel refused it: no money went back.
        Failed = "failed",
    }
}

/// A request of staff to refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundAsk {
    /// The number of the trade; `None` for the trade that paid the order.
    pub trade_no: Option<String>,
    /// How much; `None` for all that is left.
    pub amount: Option<Money>,
    /// Why, in words for the buyer.
    pub reason: String,
    /// The pieces that go back into stock; `None` for the default. The default of a failed refund that is requested
    /// again is its own pieces, unless it was partial and now leaves nothing to ship. The default of any other refund
    /// after which nothing is left to ship is all pieces that an unshipped order holds; else none.
    pub restock: Option<Vec<Restock>>,
    /// The request number: the refund is made once per number.
    pub out_request_no: String,
    /// The expected amount that is left to refund of the trade; `None` to skip this check.
    pub expected_left: Option<Money>,
}

impl RefundKind {
    /// Whether the service itself makes the refund. It is tried until it succeeds, because nobody would request it
    /// again.
    pub fn is_automatic(self) -> bool {
        match self {
            Self::Late | Self::Duplicate => true,
            Self::Shop | Self::External => false,
        }
    }
}

impl Refund {
    /// The key of the trade that it refunds.
    pub fn trade(&self) -> TradeKey<'_> {
        self.channel.trade(&self.trade_no)
    }

    /// Whether this is its number at its channel.
    pub fn is_numbered(&self, number: &str) -> bool {
        let is_renumbered = || {
            self.kind == RefundKind::External && self.out_request_no == external_number(self.trade(), number)
        };
        self.out_request_no == number || is_renumbered()
    }

    /// The request numbers under which a refund of this trade may be on record, if it has this number at its channel.
    pub fn numbers_here(trade: TradeKey<'_>, number: &str) -> [String; 2] {
        [number.to_owned(), external_number(trade, number)]
    }

    /// The longest request number that is stored, in characters.
    pub const MAX_REQUEST_NO: usize = 64;

    /// The refund that the shop owes of a payment; `None` if it owes none, or if the trade is closed.
    pub fn automatic(payment: &PaymentRecord) -> Option<Self> {
        let (kind, reason) = match payment.status {
            PaymentStatus::Late => (RefundKind::Late, "订单已取消,款项原路退回"),
            PaymentStatus::Duplicate => (RefundKind::Duplicate, "重复支付,款项原路退回"),
            PaymentStatus::Settled | PaymentStatus::WrongAmount | PaymentStatus::UnknownOrder => return None,
        };
        if payment.trade.status == TradeStatus::Closed {
            return None;
        }
        let trade = &payment.trade;
        let number = automatic_number(trade.key(), 0);
        let refund = Self::new(trade, number, trade.total_amount, kind, payment.recorded_at);
        Some(Self { reason: reason.to_owned(), ..refund })
    }

    /// A refund of a trade that is not on record yet, without pieces; its cause is the system.
    pub(crate) fn new(
        trade: &Trade,
        out_request_no: String,
        amount: Money,
        kind: RefundKind,
        requested_at: ShopTime,
    ) -> Self {
        Self {
            out_request_no,
            out_trade_no: trade.out_trade_no.clone(),
            channel: trade.channel,
            trade_no: trade.trade_no.clone(),
            amount,
            reason: String::new(),
            kind,
            status: RefundStatus::Requested,
            restock: Vec::new(),
            cause: Cause::system(),
            requested_at,
            finished_at: None,
            failure: None,
        }
    }
}

impl RefundAsk {
    /// The longest name that staff may give a request, in bytes.
    pub const MAX_REQUEST_ID: usize = 48;

    /// The request number for the request with this name; `None` if the name is not 1 to [`RefundAsk::MAX_REQUEST_ID`]
    /// of `A-Z a-z 0-9 _ -`. It never equals the number of an automatic refund.
    pub fn request_no(request_id: &str) -> Option<String> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let is_name =
            (1..=Self::MAX_REQUEST_ID).contains(&request_id.len()) && request_id.bytes().all(allowed);
        is_name.then(|| format!("shop-{request_id}"))
    }

    /// Whether the refund is the requested one, so that the same number may be used again for it.
    pub fn is_answered_by(&self, refund: &Refund) -> bool {
        let same_trade = self.trade_no.as_ref().is_none_or(|trade_no| *trade_no == refund.trade_no);
        let same_amount = self.amount.is_none_or(|amount| amount == refund.amount);
        let same_pieces = self.pieces().is_none_or(|pieces| pieces == refund.restock);
        refund.kind == RefundKind::Shop && same_trade && same_amount && same_pieces
    }

    /// The pieces that go back into stock, each SKU once, in ascending order.
    pub(crate) fn pieces(&self) -> Option<Vec<Restock>> {
        self.restock.as_ref().map(|pieces| by_sku(pieces.iter().copied()))
    }
}

#[cfg(test)]
mod tests;
