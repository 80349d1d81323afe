//! 改价: staff lower what an unpaid order costs.
//!
//! A channel charges for an attempt what it was opened with, so it is asked about each first: what turns out paid is settled
//! and keeps its amount, and a trade that waits for payment is closed. The buyer pays the new amount in a new attempt.

use domain::{
    Cause, Money, OrderId, PaymentAttempt,
    ledger::{Command, Refusal},
};

use crate::{
    OrderChangeError, OrderService, TransactError,
    retries::{Again, Attempts},
};

/// How often the attempts of an order are ended anew because another one was opened meanwhile.
const TRIES: u32 = 3;

impl OrderService {
    /// Lowers the amount from what it is taken to be. Doing so again is no error and changes nothing.
    #[tracing::instrument(level = "debug", name = "lower_amount", skip_all)]
    pub async fn lower_amount(
        &self,
        order_id: &OrderId,
        expected: Money,
        amount: Money,
        reason: &str,
        cause: &Cause,
    ) -> Result<(), OrderChangeError> {
        let mut tries = Attempts::at_most(TRIES, &*self.transact.randomness);
        loop {
            let order = self.orders.find(order_id).await?.ok_or(Refusal::UnknownOrder)?;
            let attempts = PaymentAttempt::of(&order, self.orders.attempts(order_id).await?);
            // A channel is asked only about an amount that can be lowered.
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
