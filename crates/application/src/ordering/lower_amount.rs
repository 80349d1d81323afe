use std::sync::Arc;

use domain::{
    Cause, Money, OrderId, PaymentAttempt,
    ledger::{Command, Refusal},
};
use ports::{Clock, GatewayError, OrderReader, StoreError};

use crate::payments::EndError;
use crate::{SettleError, SettlePayment, TransactError};

/// How often the attempts of an order are ended anew because another one was opened meanwhile.
const TRIES: usize = 3;

/// 改价: staff lower what an unpaid order costs.
///
/// Alipay charges for an attempt what it was opened with, so it is asked about each first: what turns out paid is settled
/// and keeps its amount, and a trade that waits for payment is closed. The buyer pays the new amount in a new attempt.
pub struct LowerAmount {
    /// The orders.
    pub orders: Arc<dyn OrderReader>,
    /// Asks whether it is paid, settles what is, closes what waits for payment, and changes the order.
    pub settle: Arc<SettlePayment>,
    /// Whether the deadline has passed.
    pub clock: Arc<dyn Clock>,
}

/// Why the order costs what it did.
#[derive(Debug, thiserror::Error)]
pub enum LowerAmountError {
    /// Alipay could not be asked, so that it may be paid; nothing was changed.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// Alipay says that it is paid, and that could not be written down.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// It did not take effect: there is no such order, it is paid or turned out to be, it costs something else, the new
    /// amount is not lower, or others were faster.
    #[error(transparent)]
    Transact(#[from] TransactError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<EndError> for LowerAmountError {
    fn from(error: EndError) -> Self {
        match error {
            EndError::Gateway(error) => Self::Gateway(error),
            EndError::Settle(error) => Self::Settle(error),
        }
    }
}

impl From<Refusal> for LowerAmountError {
    fn from(refusal: Refusal) -> Self {
        Self::Transact(refusal.into())
    }
}

impl LowerAmount {
    /// Lowers the amount from what it is taken to be. Doing so again is no error and changes nothing.
    #[tracing::instrument(level = "debug", name = "lower_amount", skip_all)]
    pub async fn execute(
        &self,
        order_id: &OrderId,
        expected: Money,
        amount: Money,
        reason: &str,
        cause: &Cause,
    ) -> Result<(), LowerAmountError> {
        for _ in 0..TRIES {
            let order = self.orders.find(order_id).await?.ok_or(Refusal::UnknownOrder)?;
            let attempts = PaymentAttempt::of(&order, self.orders.attempts(order_id).await?);
            // Alipay is not asked in vain.
            if !order.is_to_be_lowered(&attempts, expected, amount, self.clock.now())? {
                return Ok(());
            }
            let ended = self.settle.end_attempts(order_id, &attempts, cause).await?;
            let reason = reason.to_owned();
            let command = Command::LowerAmount { expected, amount, reason, ended: ended.clone() };
            match self.settle.transact.run(order_id.as_str(), &command, cause).await {
                Ok(_) => return Ok(()),
                Err(TransactError::Refused(Refusal::OtherAttemptOpen)) => {}
                Err(error) => {
                    self.settle.note_ended(order_id, ended, cause).await;
                    return Err(error.into());
                }
            }
        }
        Err(TransactError::Conflict.into())
    }
}
