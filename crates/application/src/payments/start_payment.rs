use std::sync::Arc;

use domain::{Caller, Cause, Money, NotAdmitted, OrderId, ledger::Command};
use ports::{Clock, OrderReader, Users};

use crate::{Cashier, OrderChangeError, PaymentWish, StartedPayment, Transact};

/// 订单支付: the buyer wants to pay an order that was placed before.
pub struct StartPayment {
    /// Who may pay.
    pub users: Arc<dyn Users>,
    /// The orders.
    pub orders: Arc<dyn OrderReader>,
    /// Where an order of the old back end is noted down to be watched.
    pub transact: Arc<Transact>,
    /// Where it is paid.
    pub cashier: Arc<Cashier>,
    /// Whether the deadline has passed.
    pub clock: Arc<dyn Clock>,
}

/// Why the order cannot be paid.
#[derive(Debug, thiserror::Error)]
pub enum StartPaymentError {
    /// The token's user is not let in.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// There is no such order, or it is another user's; the caller is not told which.
    #[error("no such order")]
    UnknownOrder,
    /// The order does not cost what the client expects.
    #[error("the order costs {0}")]
    AmountChanged(Money),
    /// It costs nothing, which cannot be paid.
    #[error("the order costs nothing")]
    CostsNothing,
    /// The buyer cannot be invited to pay it.
    #[error(transparent)]
    Change(#[from] OrderChangeError),
}

impl StartPayment {
    /// Invites the user to pay their order, as they want to; not if it costs something else than the client expects.
    #[tracing::instrument(level = "debug", name = "start_payment", skip_all)]
    pub async fn execute(
        &self,
        caller: &Caller,
        order_id: &OrderId,
        wish: PaymentWish,
        expected_amount: Option<Money>,
    ) -> Result<StartedPayment, StartPaymentError> {
        let user_id =
            crate::noticed::buyer(self.users.authenticate(caller).await.map_err(OrderChangeError::from)??);
        let order = self.orders.find(order_id).await.map_err(OrderChangeError::from)?;
        let order = order.filter(|order| order.user_id == user_id).ok_or(StartPaymentError::UnknownOrder)?;
        let now = self.clock.now();
        if !order.is_payable(now).map_err(OrderChangeError::from)? {
            return Ok(StartedPayment::AlreadyPaid { order_id: order.id, total_amount: order.total_amount });
        }
        if order.costs_nothing() {
            return Err(StartPaymentError::CostsNothing);
        }
        if expected_amount.is_some_and(|expected| expected != order.total_amount) {
            return Err(StartPaymentError::AmountChanged(order.total_amount));
        }
        if order.expire_at.is_none() {
            // The old back end's: nobody asks about it so far, or the looks of an earlier payment come to an end.
            let watched =
                self.transact.run(order.id.as_str(), &Command::WatchPayment, &Cause::system()).await;
            watched.map_err(OrderChangeError::from)?;
        }
        Ok(self.cashier.invite(&order, wish).await?)
    }
}
