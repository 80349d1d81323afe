use crate::{
    Cause, Money, NotAllowed, Order, OrderEvent, PaymentRecord, PaymentStatus, Restock, ShopTime, StockMove,
    TradeStatus, stock_move::pieces_held,
};

mod owed_number;
mod told;

use owed_number::owed_number;
pub use told::{Superseded, ToldRefund};

/// Money of one trade that goes back to the buyer: one row of the refund ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The number under which Alipay refunds at most once; it never changes.
    pub out_request_no: String,
    /// The order's number, as Alipay has it; it may be none of ours.
    pub out_trade_no: String,
    /// Alipay's number of the trade.
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
    /// Why Alipay said no, where it did.
    pub failure: Option<String>,
}

/// Why money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundKind {
    /// The shop's people decided it.
    Shop,
    /// The order was cancelled and its stock is gone.
    Late,
    /// Another trade had paid the order.
    Duplicate,
    /// It was refunded at Alipay, past this service.
    External,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// Asked for; whether the money went back is not known yet.
    Requested,
    /// The money went back.
    Succeeded,
    /// Alipay said no: nothing went back.
    Failed,
}

/// What the shop's people ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundAsk {
    /// Of which trade; none for the one that paid the order.
    pub trade_no: Option<String>,
    /// How much; none for all that is left.
    pub amount: Option<Money>,
    /// Why, in words for the buyer.
    pub reason: String,
    /// What goes back into stock.
    pub restock: Vec<Restock>,
    /// The number under which it happens once.
    pub out_request_no: String,
}

/// Why there is no refund.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefundRefusal {
    /// The order is not paid, or all of it went back.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// No such payment is on record, or nothing of it is left.
    #[error("there is nothing to refund")]
    NothingToRefund,
    /// More than what is left of the payment.
    #[error("at most {left} is left to refund")]
    ExceedsPayment {
        /// What is left.
        left: Money,
    },
    /// More pieces than the order still holds.
    #[error("SKU {0} cannot go back in that number")]
    ExceedsOrder(crate::SkuId),
}

/// What is known of an order and its money when a refund is asked for.
#[derive(Debug, Clone, Copy)]
pub struct RefundBooks<'a> {
    /// The order; none where the payment was for no order of ours.
    pub order: Option<&'a Order>,
    /// Every payment of its number.
    pub payments: &'a [PaymentRecord],
    /// Every refund of its number.
    pub refunds: &'a [Refund],
    /// Where its pieces went.
    pub moves: &'a [StockMove],
}

impl RefundKind {
    /// The word that is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shop => "shop",
            Self::Late => "late",
            Self::Duplicate => "duplicate",
            Self::External => "external",
        }
    }

    /// The kind with this stored word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Shop, Self::Late, Self::Duplicate, Self::External]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }

    /// Whether nobody would ask again if it failed: it is tried until it succeeds.
    pub fn is_owed(self) -> bool {
        match self {
            Self::Late | Self::Duplicate => true,
            Self::Shop | Self::External => false,
        }
    }
}

impl RefundStatus {
    /// The word that is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// The status with this stored word, if there is one.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Requested, Self::Succeeded, Self::Failed].into_iter().find(|status| status.as_str() == word)
    }
}

impl Refund {
    /// The longest request number that Alipay takes.
    pub const MAX_REQUEST_NO: usize = 64;

    /// The refund of a payment that must not be kept; none for a payment that may, or of which nothing is left to go
    /// back.
    ///
    /// Its request number follows from the trade, so that there is one for each trade, whoever makes it.
    pub fn owed(payment: &PaymentRecord) -> Option<Self> {
        let (kind, reason) = match payment.status {
            PaymentStatus::Late => (RefundKind::Late, "订单已取消,款项原路退回"),
            PaymentStatus::Duplicate => (RefundKind::Duplicate, "重复支付,款项原路退回"),
            PaymentStatus::Settled | PaymentStatus::WrongAmount | PaymentStatus::UnknownOrder => return None,
        };
        if payment.trade.status == TradeStatus::Closed {
            return None;
        }
        Some(Self {
            out_request_no: owed_number(&payment.trade.trade_no, 0),
            out_trade_no: payment.trade.out_trade_no.clone(),
            trade_no: payment.trade.trade_no.clone(),
            amount: payment.trade.total_amount,
            reason: reason.to_owned(),
            kind,
            status: RefundStatus::Requested,
            restock: Vec::new(),
            cause: Cause::system(),
            requested_at: payment.recorded_at,
            finished_at: None,
            failure: None,
        })
    }
}

impl RefundAsk {
    /// The longest name that the shop's people may give a request.
    pub const MAX_REQUEST_ID: usize = 48;

    /// The number under which the request of this name happens once; none where the name is not 1 to
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
        refund.kind == RefundKind::Shop
            && same_trade
            && same_amount
            && by_sku(&self.restock) == refund.restock
    }
}

/// Each SKU once, in ascending order.
fn by_sku(asked: &[Restock]) -> Vec<Restock> {
    let mut restock: Vec<Restock> = Vec::new();
    for wish in asked.iter().filter(|wish| wish.pieces > 0) {
        match restock.iter_mut().find(|known| known.sku_id == wish.sku_id) {
            Some(known) => known.pieces = known.pieces.saturating_add(wish.pieces),
            None => restock.push(*wish),
        }
    }
    restock.sort_by_key(|wish| wish.sku_id);
    restock
}

impl RefundBooks<'_> {
    /// The payment of this trade, or the one that paid the order.
    fn payment(&self, trade_no: Option<&str>) -> Option<&PaymentRecord> {
        self.payments.iter().find(|payment| match trade_no {
            Some(trade_no) => payment.trade.trade_no == trade_no,
            None => payment.status == PaymentStatus::Settled,
        })
    }

    /// What of the trade went back, or may be on its way.
    fn going_back(&self, trade_no: &str) -> Money {
        self.sum(trade_no, |status| match status {
            RefundStatus::Requested | RefundStatus::Succeeded => true,
            RefundStatus::Failed => false,
        })
    }

    /// What of the trade went back for certain.
    pub fn gone_back(&self, trade_no: &str) -> Money {
        self.sum(trade_no, |status| match status {
            RefundStatus::Succeeded => true,
            RefundStatus::Requested | RefundStatus::Failed => false,
        })
    }

    fn sum(&self, trade_no: &str, counts: impl Fn(RefundStatus) -> bool) -> Money {
        let of_trade =
            self.refunds.iter().filter(|refund| refund.trade_no == trade_no && counts(refund.status));
        of_trade.fold(Money::ZERO, |sum, refund| sum.checked_add(refund.amount).unwrap_or(Money::MAX))
    }

    /// What of the trade can still be refunded; nothing where no such payment is on record, or all of it is known to have
    /// gone back, even where not each refund is on record so far.
    pub fn refundable(&self, trade_no: &str) -> Money {
        self.payment(Some(trade_no))
            .filter(|payment| payment.trade.status != TradeStatus::Closed)
            .and_then(|payment| payment.trade.total_amount.checked_sub(self.going_back(trade_no)))
            .unwrap_or(Money::ZERO)
    }

    /// How much of the trade went back past the books, where Alipay says that so much of it did in all: what they have as
    /// on its way may be within that.
    pub fn gone_past(&self, trade_no: &str, gone_back: Money) -> Option<Money> {
        gone_back.checked_sub(self.going_back(trade_no)).filter(|past| !past.is_zero())
    }

    /// Whether all of the order's payment went back, or may be on its way: then nothing must be sent any more.
    pub fn is_given_up(&self) -> bool {
        self.payment(None).is_some_and(|payment| self.refundable(&payment.trade.trade_no).is_zero())
    }

    /// Whether all of the order's payment went back for certain.
    pub fn is_wholly_refunded(&self) -> bool {
        self.payment(None)
            .is_some_and(|payment| self.gone_back(&payment.trade.trade_no) >= payment.trade.total_amount)
    }

    /// The refund that the shop's people ask for: never more than was paid, never more pieces than the order holds.
    ///
    /// # Errors
    /// It is refused, and nothing is to be written.
    pub fn decide(&self, ask: &RefundAsk, cause: Cause, now: ShopTime) -> Result<Refund, RefundRefusal> {
        let payment = self.payment(ask.trade_no.as_deref()).ok_or(RefundRefusal::NothingToRefund)?;
        let pays_the_order = payment.status == PaymentStatus::Settled;
        if let Some(order) = self.order.filter(|_| pays_the_order) {
            order.status.on(OrderEvent::FullyRefunded)?;
        }
        let left = self.refundable(&payment.trade.trade_no);
        let amount = ask.amount.unwrap_or(left);
        if amount.is_zero() {
            return Err(RefundRefusal::NothingToRefund);
        }
        if amount > left {
            return Err(RefundRefusal::ExceedsPayment { left });
        }
        let restock = self.restock(&ask.restock, pays_the_order)?;
        Ok(Refund {
            out_request_no: ask.out_request_no.clone(),
            out_trade_no: payment.trade.out_trade_no.clone(),
            trade_no: payment.trade.trade_no.clone(),
            amount,
            reason: ask.reason.clone(),
            kind: RefundKind::Shop,
            status: RefundStatus::Requested,
            restock,
            cause,
            requested_at: now,
            finished_at: None,
            failure: None,
        })
    }

    /// The pieces that may go back: no more than the order holds.
    fn restock(&self, asked: &[Restock], pays_the_order: bool) -> Result<Vec<Restock>, RefundRefusal> {
        let restock = by_sku(asked);
        for wish in &restock {
            if !pays_the_order || wish.pieces > self.returnable(wish.sku_id) {
                return Err(RefundRefusal::ExceedsOrder(wish.sku_id));
            }
        }
        Ok(restock)
    }

    /// Pieces that the order holds and that no refund is going to put back.
    fn returnable(&self, sku_id: crate::SkuId) -> u32 {
        let held = self.order.map_or(0, |order| pieces_held(order, self.moves, sku_id));
        held.saturating_sub(self.going_into_stock(sku_id))
    }

    /// Pieces that refunds which are not finished will put back.
    fn going_into_stock(&self, sku_id: crate::SkuId) -> u32 {
        let open = self.refunds.iter().filter(|refund| refund.status == RefundStatus::Requested);
        let wishes = open.flat_map(|refund| &refund.restock).filter(|wish| wish.sku_id == sku_id);
        wishes.fold(0, |sum, wish| sum.saturating_add(wish.pieces))
    }
}

#[cfg(test)]
mod tests;
