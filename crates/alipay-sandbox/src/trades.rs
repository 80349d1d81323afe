use domain::{Money, ShopTime, TradeStatus};

use crate::trade::{self, Refund, Trade};

/// Alipay's record of one trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeRecord {
    /// The merchant's number; two trades may share it: see [`Sandbox::pay_again`].
    ///
    /// [`Sandbox::pay_again`]: crate::Sandbox::pay_again
    pub out_trade_no: String,
    /// Alipay's number, which is unique.
    pub trade_no: String,
    /// The status of the trade.
    pub status: TradeStatus,
    /// The amount that the buyer pays or paid.
    pub total_amount: Money,
    /// Whether the buyer paid. It stays true after a refund.
    pub paid: bool,
    /// When the trade was created, which is when the buyer arrived at the cashier.
    pub created_at: ShopTime,
    /// When the buyer paid.
    pub paid_at: Option<ShopTime>,
    /// The sum of the refunds.
    pub refunded: Money,
    /// The refunds, oldest first.
    pub refunds: Vec<RefundRecord>,
}

/// A refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRecord {
    /// The merchant's number of the refund, or Alipay's own for a refund in the console.
    pub out_request_no: String,
    /// The amount.
    pub amount: Money,
    /// When the money was refunded.
    pub at: ShopTime,
}

impl TradeRecord {
    pub(crate) fn of(trade: &Trade) -> Self {
        Self {
            out_trade_no: trade.terms.out_trade_no.clone(),
            trade_no: trade.trade_no.clone(),
            status: trade.status.into(),
            total_amount: trade.terms.total_amount.to_money(),
            paid: trade.paid_at.is_some(),
            created_at: trade.created_at,
            paid_at: trade.paid_at,
            refunded: trade.refund_fee().to_money(),
            refunds: trade.refunds.iter().map(RefundRecord::of).collect(),
        }
    }
}

impl From<trade::TradeStatus> for TradeStatus {
    fn from(status: trade::TradeStatus) -> Self {
        match status {
            trade::TradeStatus::WaitBuyerPay => Self::WaitBuyerPay,
            trade::TradeStatus::Success => Self::Success,
            trade::TradeStatus::Finished => Self::Finished,
            trade::TradeStatus::Closed => Self::Closed,
        }
    }
}

impl From<TradeStatus> for trade::TradeStatus {
    fn from(status: TradeStatus) -> Self {
        match status {
            TradeStatus::WaitBuyerPay => Self::WaitBuyerPay,
            TradeStatus::Success => Self::Success,
            TradeStatus::Finished => Self::Finished,
            TradeStatus::Closed => Self::Closed,
        }
    }
}

impl RefundRecord {
    fn of(refund: &Refund) -> Self {
        Self {
            out_request_no: refund.out_request_no.clone(),
            amount: refund.amount.to_money(),
            at: refund.at,
        }
    }
}
