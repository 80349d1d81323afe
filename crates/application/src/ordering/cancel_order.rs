use std::sync::Arc;

use domain::{
    Caller, Cause, EvidenceSource, NotAdmitted, NotAllowed, Order, OrderId, OrderStatus, TradeStatus,
    Transition, Trigger, UserId,
    ledger::{Command, Refusal},
};
use ports::{CloseOutcome, GatewayError, OrderReader, PaymentGateway, StoreError, Users};

use crate::{SettleError, SettlePayment, TransactError};

/// 取消订单: an unpaid order is given up, by its buyer, by staff, or because its deadline passed.
///
/// Alipay is asked first: what turns out paid is settled and not cancelled, and a trade that waits for payment is
/// closed, so that it cannot be paid afterwards. Then the order and its stock change in one transaction.
pub struct CancelOrder {
    /// Who may cancel.
    pub users: Arc<dyn Users>,
    /// The orders.
    pub orders: Arc<dyn OrderReader>,
    /// Is asked whether it is paid, and closes the trade.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Settles what turns out paid, and changes the order.
    pub settle: Arc<SettlePayment>,
}

/// Why the order was not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelOrderError {
    /// The token's user is not let in.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// Alipay could not be asked, so that it may be paid; nothing was changed.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// Alipay says that it is paid, and that could not be written down.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// It did not take effect: there is no such order, it is paid or turned out to be, or others were faster.
    #[error(transparent)]
    Transact(#[from] TransactError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refusal> for CancelOrderError {
    fn from(refusal: Refusal) -> Self {
        Self::Transact(refusal.into())
    }
}

impl CancelOrder {
    /// The buyer gives up their order. Doing so again is no error and changes nothing.
    pub async fn by_buyer(
        &self,
        caller: &Caller,
        order_id: &OrderId,
        reason: Option<&str>,
        cause: &Cause,
    ) -> Result<(), CancelOrderError> {
        let buyer = self.users.authenticate(caller).await??;
        self.cancel(order_id, Some(buyer), reason.unwrap_or("买家取消"), cause).await
    }

    /// Staff give up an order. Doing so again is no error and changes nothing.
    pub async fn by_shop(
        &self,
        order_id: &OrderId,
        reason: &str,
        cause: &Cause,
    ) -> Result<(), CancelOrderError> {
        self.cancel(order_id, None, reason, cause).await
    }

    /// The deadline of an order has passed.
    pub(crate) async fn by_deadline(&self, order_id: &OrderId) -> Result<(), CancelOrderError> {
        self.cancel(order_id, None, "超过支付期限,自动取消", &Cause::system()).await
    }

    async fn cancel(
        &self,
        order_id: &OrderId,
        buyer: Option<UserId>,
        reason: &str,
        cause: &Cause,
    ) -> Result<(), CancelOrderError> {
        let order = self.orders.find(order_id).await?;
        let is_theirs = |order: &Order| buyer.is_none_or(|buyer| buyer == order.user_id);
        let order = order.filter(is_theirs).ok_or(Refusal::UnknownOrder)?;
        // Alipay is not asked in vain.
        if order.status.on(Trigger::Cancelled).map_err(Refusal::from)? == Transition::AlreadyDone {
            return Ok(());
        }
        let may_still_be_paid = self.end_payment(&order, cause).await?;
        let command = Command::Cancel { buyer, reason: reason.to_owned(), may_still_be_paid };
        self.settle.transact.run(order_id.as_str(), &command, cause).await?;
        Ok(())
    }

    /// Sees to it that no payment is under way, and says whether one can still be made: no buyer has come to the cashier,
    /// and one may still come before the deadline.
    async fn end_payment(&self, order: &Order, cause: &Cause) -> Result<bool, CancelOrderError> {
        match self.state_of_payment(order, cause).await? {
            None => return Ok(true),
            Some(TradeStatus::Success | TradeStatus::Finished | TradeStatus::Closed) => return Ok(false),
            Some(TradeStatus::WaitBuyerPay) => {}
        }
        match self.gateway.close(&order.id).await? {
            CloseOutcome::Closed => Ok(false),
            CloseOutcome::NoTrade => Ok(true),
            // It was paid or closed since we asked.
            CloseOutcome::NotClosable => match self.state_of_payment(order, cause).await? {
                None | Some(TradeStatus::WaitBuyerPay) => Ok(true),
                Some(TradeStatus::Success | TradeStatus::Finished | TradeStatus::Closed) => Ok(false),
            },
        }
    }

    /// Where the order's trade stands; `None` if Alipay has none.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] if it turned out paid, which is settled then.
    async fn state_of_payment(
        &self,
        order: &Order,
        cause: &Cause,
    ) -> Result<Option<TradeStatus>, CancelOrderError> {
        let Some(trade) = self.gateway.query(&order.id).await? else { return Ok(None) };
        if trade.is_payment() {
            let by_alipay = Cause::alipay(cause.request_id.clone());
            self.settle.by_trade(&trade, EvidenceSource::Query, &by_alipay).await?;
            let now = self.orders.find(&order.id).await?.ok_or(Refusal::UnknownOrder)?;
            // A payment of another amount is on record, and pays nothing.
            if now.status != OrderStatus::AwaitingPayment {
                let refusal = NotAllowed { status: now.status, trigger: Trigger::Cancelled };
                return Err(Refusal::from(refusal).into());
            }
        }
        Ok(Some(trade.status))
    }
}
