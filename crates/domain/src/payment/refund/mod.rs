use crate::{
    Cause, Channel, Money, PaymentRecord, PaymentStatus, Restock, ShopTime, Trade, TradeKey, TradeStatus,
    by_sku,
};

mod numbers;

pub(crate) use numbers::{automatic_number, external_number};

/// Money of one trade that goes back to the buyer: one row of the refund ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The number under which the channel refunds at most once; it never changes, and is unique whatever the channel and
    /// the trade. One that was made past this service has one of ours if another refund has its number here.
    pub out_request_no: String,
    /// The number of the attempt whose payment goes back, as the channel has it; it may be none of ours.
    pub out_trade_no: String,
    /// Where the trade was paid.
    pub channel: Channel,
    /// The channel's number of the trade.
    pub trade_no: String,
    /// How much.
    pub amount: Money,
    /// Why, in words.
    pub reason: String,
    /// On whose account.
    pub kind: RefundKind,
    /// Where it stands.
    pub status: RefundStatus,
    /// What goes back into stock when the money has gone back.
    pub restock: Vec<Restock>,
    /// Who asked for it.
    pub cause: Cause,
    /// When it was asked for.
    pub requested_at: ShopTime,
    /// When it came to its end.
    pub finished_at: Option<ShopTime>,
    /// Why the channel said no, where it did.
    pub failure: Option<String>,
}

words! {
    /// Why money goes back.
    pub enum RefundKind {
        /// Staff decided it.
        Shop = "shop",
        /// The order was cancelled, and its stock is gone or it costs less since.
        Late = "late",
        /// Another trade had paid the order.
        Duplicate = "duplicate",
        /// It was refunded at the channel, past this service.
        External = "external",
    }
}

words! {
    /// Where a refund stands.
    pub enum RefundStatus {
        /// Asked for; whether the money went back is not known yet.
        Requested = "requested",
        /// The money went back.
        Succeeded = "succeeded",
        /// The channel said no: nothing went back.
        Failed = "failed",
    }
}

/// What staff ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundAsk {
    /// Of which trade; none for the one that paid the order.
    pub trade_no: Option<String>,
    /// How much; none for all that is left.
    pub amount: Option<Money>,
    /// Why, in words for the buyer.
    pub reason: String,
    /// What goes back into stock; `None` leaves it to the rule: nothing, or all that an order holds that was not shipped, with
    /// the refund that leaves it nothing to be shipped; and what a refund was to put back that failed and is asked for again.
    pub restock: Option<Vec<Restock>>,
    /// The number under which it happens once.
    pub out_request_no: String,
    /// What was left of the trade when somebody decided about it; `None` if that does not matter.
    pub expected_left: Option<Money>,
}

impl RefundKind {
    /// Whether nobody would ask again if it failed: it is tried until it succeeds.
    pub fn is_automatic(self) -> bool {
        match self {
            Self::Late | Self::Duplicate => true,
            Self::Shop | Self::External => false,
        }
    }
}

impl Refund {
    /// The trade of which it is.
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

    /// Under which numbers here a refund of this trade that has this number at its channel may be on record.
    pub fn numbers_here(trade: TradeKey<'_>, number: &str) -> [String; 2] {
        [number.to_owned(), external_number(trade, number)]
    }

    /// The longest request number that is kept.
    pub const MAX_REQUEST_NO: usize = 64;

    /// The refund of a payment that must not be kept; none if it may, or if nothing of it is left to go back.
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

    /// A refund of a trade that is not on record so far, with nothing that goes back into stock; its cause is the system's.
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
    /// The longest name that staff may give a request.
    pub const MAX_REQUEST_ID: usize = 48;

    /// The number under which the request of this name happens once; `None` if the name is not 1 to
    /// [`RefundAsk::MAX_REQUEST_ID`] of `A-Z a-z 0-9 _ -`. It can never be that of a refund that the service owes.
    pub fn request_no(request_id: &str) -> Option<String> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let is_name =
            (1..=Self::MAX_REQUEST_ID).contains(&request_id.len()) && request_id.bytes().all(allowed);
        is_name.then(|| format!("shop-{request_id}"))
    }

    /// Whether the refund is what was asked for here, so that asking again under its number is no new request.
    pub fn is_answered_by(&self, refund: &Refund) -> bool {
        let same_trade = self.trade_no.as_ref().is_none_or(|trade_no| *trade_no == refund.trade_no);
        let same_amount = self.amount.is_none_or(|amount| amount == refund.amount);
        let same_pieces = self.pieces().is_none_or(|pieces| pieces == refund.restock);
        refund.kind == RefundKind::Shop && same_trade && same_amount && same_pieces
    }

    /// What goes back into stock, each SKU once, in ascending order.
    pub(crate) fn pieces(&self) -> Option<Vec<Restock>> {
        self.restock.as_ref().map(|pieces| by_sku(pieces.iter().copied()))
    }
}

#[cfg(test)]
mod tests;
