//! 对账: compares our records of a day with a channel's bill, stores the differences, and repairs what is safe to repair.
//!
//! The bill only says where to look. Repairs are based on the channel's signed answers to queries.

use domain::{
    Cause, Channel, Difference, DifferenceKind, EvidenceSource, Refund, RefundStatus, ShopDate,
    ledger::ConfirmedRefund, reconcile,
};
use ports::{GatewayError, StoreError};

use crate::{OrderError, OrderService, Settled};

/// A difference, and the result of its repair; `None` if no repair was requested.
pub type FoundDifference = (Difference, Option<String>);

/// Why a day was not compared.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The day is not over.
    #[error("there is no bill before the day is over")]
    NotOver,
    /// The channel has no bill for the day.
    #[error("there is no bill of that day: it was without trades, or its bill is not made yet")]
    NoBill,
    /// The channel failed.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OrderService {
    /// Compares a day of a channel. With `repair`, repairs the differences that are safe to repair, in their order.
    pub async fn reconcile(
        &self,
        channel: Channel,
        day: ShopDate,
        repair: bool,
    ) -> Result<Vec<FoundDifference>, ReconcileError> {
        if day >= self.now().date() {
            return Err(ReconcileError::NotOver);
        }
        let bill = self.channels.gateway(channel)?.bill(day).await?.ok_or(ReconcileError::NoBill)?;
        let trade_nos: Vec<String> = bill.entries.iter().map(|entry| entry.trade_no.clone()).collect();
        let request_nos: Vec<String> = bill
            .entries
            .iter()
            .filter_map(|entry| Some((channel.trade(&entry.trade_no), entry.out_request_no.as_deref()?)))
            .flat_map(|(trade, number)| Refund::numbers_here(trade, number))
            .collect();
        let statement = self.statements.statement_of(channel, day, &trade_nos, &request_nos).await?;
        let mut found = Vec::new();
        for difference in reconcile(day, &bill, &statement) {
            let done = if repair { Some(self.repair(channel, &difference).await) } else { None };
            found.push((difference, done));
        }
        self.statements.keep(channel, day, &found, self.now()).await?;
        Ok(found)
    }

    /// Repairs a difference if that is safe. Returns what was done, or why nothing was done.
    async fn repair(&self, channel: Channel, difference: &Difference) -> String {
        let outcome = match (difference.kind, &difference.out_request_no) {
            (DifferenceKind::MissingHere, None) => self.settle_missing_payment(channel, difference).await,
            (DifferenceKind::MissingHere, Some(number)) => {
                self.book_missing_refund(channel, difference, number).await
            }
            (DifferenceKind::Status, Some(number)) => self.finish_refund(channel, difference, number).await,
            (DifferenceKind::Foreign, _) => return "未处理:不是本店的订单号".to_owned(),
            (DifferenceKind::Status, None)
            | (DifferenceKind::Amount | DifferenceKind::MissingThere | DifferenceKind::Unreadable, _) => {
                return "未处理:需人工核对".to_owned();
            }
        };
        outcome.unwrap_or_else(|error| format!("未处理:{error}"))
    }

    /// Records a payment that is not on record.
    async fn settle_missing_payment(
        &self,
        channel: Channel,
        difference: &Difference,
    ) -> Result<String, OrderError> {
        match self.channels.gateway(channel)?.query_trade(&difference.trade_no).await? {
            Some(trade) if trade.is_payment() => {
                let cause = Cause::channel(channel, None);
                Ok(match self.settle_trade(&trade, EvidenceSource::Query, &cause).await? {
                    Settled::Paid | Settled::Revived => "已入账,订单已付款".to_owned(),
                    Settled::RecordedOnly(status) => format!("已入账:{}", status.as_str()),
                    Settled::NothingNew | Settled::RefundNotified => "此前已入账".to_owned(),
                })
            }
            // The trade is fully refunded: the payment is recorded together with its refund, never as money that the shop
            // has.
            Some(trade) if trade.was_paid() => Ok("已全额退款,随其退款入账".to_owned()),
            Some(trade) => Ok(format!("未处理:交易状态为{}", trade.status.as_str())),
            None => Ok(format!("未处理:{}查无此交易", channel.label())),
        }
    }

    /// Records a refund that is not on record as done: it was not made through this service, or is marked as failed.
    async fn book_missing_refund(
        &self,
        channel: Channel,
        difference: &Difference,
        number: &str,
    ) -> Result<String, OrderError> {
        let gateway = self.channels.gateway(channel)?;
        let Difference { out_trade_no, trade_no, .. } = difference;
        let Some(amount) = gateway.refund_query(trade_no, number).await? else {
            return Ok(format!("未处理:{}查无此退款", channel.label()));
        };
        let (trade_no, out_request_no) = (trade_no.clone(), number.to_owned());
        let refund = ConfirmedRefund { channel, trade_no, out_request_no, amount };
        let cause = Cause::channel(channel, None);
        let booked = || Ok(format!("已补记退款{amount}"));
        if self.settle_refund(out_trade_no, refund.clone(), None, &cause).await? == Settled::RefundNotified {
            return booked();
        }
        // The payment is not on record either, or both have been recorded in the meantime.
        let trade = gateway.query_trade(&refund.trade_no).await?;
        let Some(trade) = trade.filter(|trade| trade.was_paid() && trade.out_trade_no == *out_trade_no)
        else {
            return Ok("未处理:没有这笔付款的记录".to_owned());
        };
        let proof = Some((trade, EvidenceSource::Query));
        match self.settle_refund(out_trade_no, refund, proof, &cause).await? {
            Settled::RefundNotified => booked(),
            Settled::Paid | Settled::Revived | Settled::NothingNew | Settled::RecordedOnly(_) => {
                Ok("此前已入账".to_owned())
            }
        }
    }

    /// Completes a refund of ours that is done at the channel but has another status here.
    async fn finish_refund(
        &self,
        channel: Channel,
        difference: &Difference,
        number: &str,
    ) -> Result<String, OrderError> {
        let ledger = self.transact.look(&difference.out_trade_no).await?;
        let trade = channel.trade(&difference.trade_no);
        let Some(refund) = ledger.refund_of(trade, number).cloned() else {
            return Ok("未处理:需人工核对".to_owned());
        };
        match refund.status {
            RefundStatus::Requested => {
                let done = self.look_up_refund(refund).await?;
                Ok(format!("退款状态:{}", done.status.as_str()))
            }
            RefundStatus::Failed => self.book_missing_refund(channel, difference, number).await,
            RefundStatus::Succeeded => Ok("此前已入账".to_owned()),
        }
    }
}
