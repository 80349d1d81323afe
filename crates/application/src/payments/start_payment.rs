use std::sync::Arc;

use domain::{Caller, Cause, Money, NotAdmitted, NotAllowed, OrderId, ledger::Command};
use ports::{Clock, GatewayError, OrderReader, StoreError, Users};

use crate::{Cashier, PaymentInvitation, Transact, TransactError};

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

/// What the buyer does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartedPayment {
    /// Pay.
    Invited(PaymentInvitation),
    /// Nothing: the order is paid. The page shows its number and amount.
    AlreadyPaid {
        /// The order.
        order_id: OrderId,
        /// What was paid.
        total_amount: Money,
    },
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
    /// It was cancelled or refunded, or its payment deadline has passed.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// Alipay's rules do not allow the payment.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The order could not be noted down to be watched.
    #[error(transparent)]
    Transact(#[from] TransactError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StartPayment {
    /// Invites the user to pay their order.
    pub async fn execute(
        &self,
        caller: &Caller,
        order_id: &OrderId,
    ) -> Result<StartedPayment, StartPaymentError> {
        let user_id = self.users.authenticate(caller).await??;
        let order = self.orders.find(order_id).await?;
        let order = order.filter(|order| order.user_id == user_id).ok_or(StartPaymentError::UnknownOrder)?;
        let now = self.clock.now();
        if !order.is_payable(now)? {
            return Ok(StartedPayment::AlreadyPaid { order_id: order.id, total_amount: order.total_amount });
        }
        if order.expire_at.is_none() {
            // The old back end's: nobody asks Alipay about it so far, or the looks of an earlier payment come to an end.
            self.transact.run(order.id.as_str(), &Command::WatchPayment, &Cause::system()).await?;
        }
        Ok(StartedPayment::Invited(self.cashier.invite(&order).await?))
    }
}
