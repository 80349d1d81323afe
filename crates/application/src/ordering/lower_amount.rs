//! 改价: staff lower the amount of an unpaid order.
//!
//! A channel charges the amount with which an attempt was opened, so each attempt is queried first. If an attempt is paid,
//! the order is settled and keeps its amount; a trade that waits for payment is closed. The buyer pays the new amount in a
//! new attempt.

use domain::{
    Cause, Money, OrderId, PaymentAttempt,
    ledger::{Command, Refusal},
};

use crate::{
    OrderError, OrderService, TransactError,
    retries::{Again, Attempts},
};

/// How often the attempts are ended again because another attempt was opened in the meantime.
const TRIES: u32 = 3;

impl OrderService {
    /// Lowers the amount if it is still `expected`. A repeated call is no error and changes nothing.
    #[tracing::instrument(level = "debug", name = "lower_amount", skip_all)]
    pub async fn lower_amount(
        &self,
        order_id: &OrderId,
        expected: Money,
        amount: Money,
        reason: &str,
        cause: &Cause,
    ) -> Result<(), OrderError> {
        let mut tries = Attempts::at_most(TRIES, &*self.transact.randomness);
        loop {
            let order = self.orders.find(order_id).await?.ok_or(Refusal::UnknownOrder)?;
            let attempts = PaymentAttempt::of(&order, self.orders.attempts(order_id).await?);
            // A channel is queried only if the amount can be lowered.
            if !order.is_to_be_lowered(&attempts, expected, amount, self.now())? {
                return Ok(());
            }
            let reason = reason.to_owned();
            let command = |ended| Command::LowerAmount { expected, amount, reason, ended };
            match self.after_ending(order_id, &attempts, command, cause).await {
                Err(error) if error.is_other_attempt_open() => {
                    tries.again(Again::Conflict, TransactError::Conflict).await?;
                }
                outcome => return outcome.map(drop),
            }
        }
    }
}
