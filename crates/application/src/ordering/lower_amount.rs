use std::sync::Arc;

use domain::{
    Cause, Money, OrderId, PaymentAttempt,
    ledger::{Command, Refusal},
};
use ports::{Clock, OrderReader};

use crate::{OrderChangeError, SettlePayment, TransactError};

/// How often the attempts of an order are ended anew because another one was opened meanwhile.
const TRIES: usize = 3;

/// 改价: staff lower what an unpaid order costs.
///
/// A channel charges for an attempt what it was opened with, so it is asked about each first: what turns out paid is settled
/// and keeps its amount, and a trade that waits for payment is closed. The buyer pays the new amount in a new attempt.
pub struct LowerAmount {
    /// The orders.
    pub orders: Arc<dyn OrderReader>,
    /// Asks whether it is paid, settles what is, closes what waits for payment, and changes the order.
    pub settle: Arc<SettlePayment>,
    /// Whether the deadline has passed.
    pub clock: Arc<dyn Clock>,
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
    ) -> Result<(), OrderChangeError> {
        for _ in 0..TRIES {
            let order = self.orders.find(order_id).await?.ok_or(Refusal::UnknownOrder)?;
            let attempts = PaymentAttempt::of(&order, self.orders.attempts(order_id).await?);
            // A channel is asked only about an amount that can be lowered.
            if !order.is_to_be_lowered(&attempts, expected, amount, self.clock.now())? {
                return Ok(());
            }
            let reason = reason.to_owned();
            let command = |ended| Command::LowerAmount { expected, amount, reason, ended };
            match self.settle.after_ending(order_id, &attempts, command, cause).await {
                Err(error) if error.is_other_attempt_open() => {}
                outcome => return outcome.map(drop),
            }
        }
        Err(TransactError::Conflict.into())
    }
}
