use std::sync::Arc;

use domain::{Caller, Cause, NotAdmitted, NotAllowed, OrderId, ledger::Command};
use ports::{Clock, GatewayError, OrderReader, StoreError, Users};

use crate::{Cashier, InvitationError, PaymentWish, SettleError, StartedPayment, Transact, TransactError};

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
    /// It was cancelled or refunded, or its payment deadline has passed.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// Alipay's rules do not allow the payment, or it could not be asked about an earlier attempt; nothing was changed.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// An earlier attempt turned out paid, and that could not be written down.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// The attempt, or that the order is to be watched, could not be noted down.
    #[error(transparent)]
    Transact(#[from] TransactError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StartPayment {
    /// Invites the user to pay their order, as they want to.
    #[tracing::instrument(level = "debug", name = "start_payment", skip_all)]
    pub async fn execute(
        &self,
        caller: &Caller,
        order_id: &OrderId,
        wish: PaymentWish,
    ) -> Result<StartedPayment, StartPaymentError> {
        let user_id = crate::noticed::buyer(self.users.authenticate(caller).await??);
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
        Ok(self.cashier.invite(&order, wish).await?)
    }
}

impl From<InvitationError> for StartPaymentError {
    fn from(error: InvitationError) -> Self {
        match error {
            InvitationError::NotAllowed(refusal) => Self::NotAllowed(refusal),
            InvitationError::Gateway(error) => Self::Gateway(error),
            InvitationError::Settle(error) => Self::Settle(error),
            InvitationError::Transact(error) => Self::Transact(error),
            InvitationError::Store(error) => Self::Store(error),
        }
    }
}
