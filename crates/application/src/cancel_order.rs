use std::sync::Arc;

use domain::{
    Caller, Cause, EvidenceSource, NotAdmitted, NotAllowed, Order, OrderEvent, OrderId, OrderStatus, Restock,
    ShopTime, StockMoveKind, TradeStatus,
};
use ports::{Clock, CloseOutcome, GatewayError, OrderReader, PaymentGateway, StoreError, UnitsOfWork, Users};

use crate::{
    ATTEMPTS, SettleError, SettlePayment,
    books::{by_alipay, write_change},
};

/// 取消订单: an unpaid order is given up, by its buyer, by the shop, or because its deadline passed.
///
/// Alipay is asked first: what turns out paid is settled and not cancelled, and a trade that waits for payment is
/// closed, so that it cannot be paid afterwards. Then the order and its stock change in one transaction.
pub struct CancelOrder {
    /// Who may cancel.
    pub users: Arc<dyn Users>,
    /// The orders.
    pub orders: Arc<dyn OrderReader>,
    /// Where order and stock are changed together.
    pub units: Arc<dyn UnitsOfWork>,
    /// Is asked whether it is paid, and closes the trade.
    pub gateway: Arc<dyn PaymentGateway>,
    /// Settles what turns out paid.
    pub settle: Arc<SettlePayment>,
    /// When.
    pub clock: Arc<dyn Clock>,
}

/// Why the order was not cancelled.
#[derive(Debug, thiserror::Error)]
pub enum CancelOrderError {
    /// The token's user is not let in.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// There is no such order, or it is another user's; the caller is not told which.
    #[error("no such order")]
    UnknownOrder,
    /// It is paid, or turned out to be.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// Alipay could not be asked, so that it may be paid; nothing was changed.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// Alipay says that it is paid, and that could not be written down.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// The order kept changing.
    #[error("the order kept changing meanwhile")]
    Conflict,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is left of an unpaid order's payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PaymentEnd {
    /// Alipay takes no payment for it any more.
    Over,
    /// No buyer has come to the cashier; one may still come before the deadline.
    MayStillBePaid,
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
        let user_id = self.users.authenticate(caller).await??;
        let order = self.orders.find(order_id).await?;
        let order = order.filter(|order| order.user_id == user_id).ok_or(CancelOrderError::UnknownOrder)?;
        self.cancel(&order, reason.unwrap_or("买家取消"), cause).await
    }

    /// The shop's people give up an order. Doing so again is no error and changes nothing.
    pub async fn by_shop(
        &self,
        order_id: &OrderId,
        reason: &str,
        cause: &Cause,
    ) -> Result<(), CancelOrderError> {
        let order = self.orders.find(order_id).await?.ok_or(CancelOrderError::UnknownOrder)?;
        self.cancel(&order, reason, cause).await
    }

    /// The deadline of an order has passed.
    pub(crate) async fn by_deadline(&self, order: &Order) -> Result<(), CancelOrderError> {
        self.cancel(order, "超过支付期限,自动取消", &Cause::system()).await
    }

    async fn cancel(&self, order: &Order, reason: &str, cause: &Cause) -> Result<(), CancelOrderError> {
        if order.change(OrderEvent::Cancelled, cause, reason, self.clock.now())?.is_none() {
            return Ok(());
        }
        let end = self.end_payment(order, cause).await?;
        for _ in 0..ATTEMPTS {
            match self.write(&order.id, end, reason, cause).await {
                Ok(true) => return Ok(()),
                Ok(false) | Err(CancelOrderError::Store(StoreError::Busy(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Err(CancelOrderError::Conflict)
    }

    /// Sees to it that no payment is under way.
    async fn end_payment(&self, order: &Order, cause: &Cause) -> Result<PaymentEnd, CancelOrderError> {
        match self.state_of_payment(order, cause).await? {
            Some(TradeStatus::WaitBuyerPay) => {}
            Some(TradeStatus::Success | TradeStatus::Finished | TradeStatus::Closed) => {
                return Ok(PaymentEnd::Over);
            }
            None => return Ok(PaymentEnd::MayStillBePaid),
        }
        match self.gateway.close(&order.id).await? {
            CloseOutcome::Closed => Ok(PaymentEnd::Over),
            CloseOutcome::NoTrade => Ok(PaymentEnd::MayStillBePaid),
            // It was paid or closed since we asked.
            CloseOutcome::NotClosable => match self.state_of_payment(order, cause).await? {
                None | Some(TradeStatus::WaitBuyerPay) => Ok(PaymentEnd::MayStillBePaid),
                Some(TradeStatus::Success | TradeStatus::Finished | TradeStatus::Closed) => {
                    Ok(PaymentEnd::Over)
                }
            },
        }
    }

    /// Where the order's trade stands; none where Alipay has none.
    ///
    /// # Errors
    /// [`CancelOrderError::NotAllowed`] where it turned out paid, which is settled then.
    async fn state_of_payment(
        &self,
        order: &Order,
        cause: &Cause,
    ) -> Result<Option<TradeStatus>, CancelOrderError> {
        let Some(trade) = self.gateway.query(&order.id).await? else { return Ok(None) };
        if trade.is_payment() {
            self.settle.by_trade(&trade, EvidenceSource::Query, by_alipay(cause)).await?;
            let now = self.orders.find(&order.id).await?.ok_or(CancelOrderError::UnknownOrder)?;
            // A payment of another amount is on record, and pays nothing.
            if now.status != OrderStatus::AwaitingPayment {
                return Err(NotAllowed { status: now.status, event: OrderEvent::Cancelled }.into());
            }
        }
        Ok(Some(trade.status))
    }

    /// Order, stock, timeline and news, in one transaction. False, and nothing changed, where the order changed.
    async fn write(
        &self,
        order_id: &OrderId,
        end: PaymentEnd,
        reason: &str,
        cause: &Cause,
    ) -> Result<bool, CancelOrderError> {
        let mut unit = self.units.begin().await?;
        let now = self.clock.now();
        let order = unit.orders().find_for_update(order_id).await?.ok_or(CancelOrderError::UnknownOrder)?;
        let Some(mut change) = order.change(OrderEvent::Cancelled, cause, reason, now)? else {
            return Ok(true);
        };
        change.due_at = due_after(&order, end, now);
        let held = order.stock().into_iter();
        let pieces: Vec<Restock> =
            held.map(|line| Restock { sku_id: line.sku_id, pieces: line.pieces }).collect();
        if !unit.stock().give_back(order_id, &StockMoveKind::Cancelled, &pieces, now).await?
            || !write_change(&mut *unit, &change).await?
        {
            return Ok(false);
        }
        unit.commit().await?;
        Ok(true)
    }
}

/// A payment that can still be made must be found, even where its notification is lost.
fn due_after(order: &Order, end: PaymentEnd, now: ShopTime) -> Option<ShopTime> {
    match end {
        PaymentEnd::Over => None,
        PaymentEnd::MayStillBePaid => Some(order.last_look(now)),
    }
}
