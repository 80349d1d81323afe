//! What is learned of refunds from Alipay.

use super::{Refund, RefundBooks, RefundKind, RefundStatus, owed_number::owed_number};
use crate::{Cause, Money, Restock, ShopTime, Trade};

/// What a message tells of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToldRefund {
    /// The refund of this number, which was not known to be finished: it is to be asked about.
    Ours(String),
    /// One that the books do not have as done, of this trade, under this number: it was made past this service, or is
    /// recorded as failed. How much it was is to be asked, for the message tells the sum of all refunds only.
    ///
    /// The payment of the trade need not be on record either: messages come in any order, or never.
    NotBooked(String, String),
    /// More went back than the books have, and the message does not say under which number: it cannot be asked about.
    Unnumbered,
}

/// An owed refund that another one takes the place of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superseded {
    /// The one that has failed.
    pub out_request_no: String,
    /// The one in its place; none where nothing is left to go back.
    pub rest: Option<Refund>,
}

impl RefundBooks<'_> {
    /// What a message that tells of a refund means; none where it tells nothing new, or of a trade that was not paid.
    pub fn told(&self, trade: &Trade) -> Option<ToldRefund> {
        let Some(out_request_no) = &trade.refund_request_no else {
            let is_missing = trade.was_paid() && trade.refunded > self.gone_back(&trade.trade_no);
            return is_missing.then_some(ToldRefund::Unnumbered);
        };
        let known = self.refunds.iter().find(|refund| refund.out_request_no == *out_request_no);
        match known.map(|known| known.status) {
            Some(RefundStatus::Requested) => Some(ToldRefund::Ours(out_request_no.clone())),
            Some(RefundStatus::Succeeded) => None,
            Some(RefundStatus::Failed) | None => trade
                .was_paid()
                .then(|| ToldRefund::NotBooked(trade.trade_no.clone(), out_request_no.clone())),
        }
    }

    /// Whether Alipay tells that nothing is left of the trade, and the books, which lack refunds of it then, have something
    /// to refund: it is to be closed in them, for nothing must be sent any more.
    pub fn closes(&self, trade: &Trade) -> bool {
        trade.is_wholly_refunded() && !self.refundable(&trade.trade_no).is_zero()
    }

    /// The refund of this number that is recorded as failed and happened after all, as it is to be recorded; none where
    /// no such refund of the trade failed.
    ///
    /// The money is gone, so it counts whatever was decided since. Pieces go back only as far as the order still has
    /// them: other refunds may have put them back meanwhile.
    pub fn happened_after_all(
        &self,
        trade_no: &str,
        out_request_no: &str,
        amount: Money,
        now: ShopTime,
    ) -> Option<Refund> {
        let failed = self.refunds.iter().find(|known| {
            known.out_request_no == out_request_no
                && known.trade_no == trade_no
                && known.status == RefundStatus::Failed
        })?;
        let left = failed.restock.iter().map(|wish| Restock {
            sku_id: wish.sku_id,
            pieces: wish.pieces.min(self.returnable(wish.sku_id)),
        });
        Some(Refund {
            amount,
            status: RefundStatus::Succeeded,
            restock: left.filter(|back| back.pieces > 0).collect(),
            finished_at: Some(now),
            failure: None,
            ..failed.clone()
        })
    }

    /// The refund of this amount that was made past this service, to be written down; none where it is on record, or
    /// its trade is not.
    pub fn external(
        &self,
        trade_no: &str,
        out_request_no: &str,
        amount: Money,
        now: ShopTime,
    ) -> Option<Refund> {
        let is_known = self.refunds.iter().any(|refund| refund.out_request_no == out_request_no);
        let payment = self.payment(Some(trade_no)).filter(|_| !is_known)?;
        Some(Refund {
            out_request_no: out_request_no.to_owned(),
            out_trade_no: payment.trade.out_trade_no.clone(),
            trade_no: payment.trade.trade_no.clone(),
            amount,
            reason: "在支付宝退款".to_owned(),
            kind: RefundKind::External,
            status: RefundStatus::Succeeded,
            restock: Vec::new(),
            cause: Cause::alipay(None),
            requested_at: now,
            finished_at: Some(now),
            failure: None,
        })
    }

    /// The owed refund of the trade that can no longer happen, since part of the money went back otherwise, and the one
    /// of what is left in its place; none where no such refund is open.
    ///
    /// It cannot have happened either: Alipay never sends back more than the trade's amount.
    pub fn superseded(&self, trade_no: &str, now: ShopTime) -> Option<Superseded> {
        let payment = self.payment(Some(trade_no))?;
        let left = payment.trade.total_amount.checked_sub(self.gone_back(trade_no))?;
        let owed = || self.refunds.iter().filter(|known| known.trade_no == trade_no && known.kind.is_owed());
        let open =
            owed().find(|known| known.status == RefundStatus::Requested && known.amount > left)?.clone();
        let number = owed_number(trade_no, owed().count());
        let rest =
            Refund { out_request_no: number, amount: left, requested_at: now, failure: None, ..open.clone() };
        Some(Superseded { out_request_no: open.out_request_no, rest: (!left.is_zero()).then_some(rest) })
    }
}
