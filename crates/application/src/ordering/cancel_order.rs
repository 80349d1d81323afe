//! 取消订单: the buyer, staff or the passed deadline cancels an unpaid order.
//!
//! First the channel is queried about each attempt to pay. If an attempt is paid, the order is settled and not cancelled. A
//! trade that waits for payment is closed, so that it cannot be paid afterwards. Then the order and its stock change in one
//! transaction.

use domain::{
    Caller, Cause, Order, OrderId, PaymentAttempt, Transition, Trigger, UserId,
    ledger::{Command, Refusal},
};

use crate::{OrderError, OrderService};

impl OrderService {
    /// Cancels an order of the buyer. A repeated call is no error and changes nothing.
    pub async fn cancel_by_buyer(
        &self,
        caller: &Caller,
        order_id: &OrderId,
        reason: Option<&str>,
        cause: &Cause,
    ) -> Result<(), OrderError> {
        let buyer = crate::noticed::buyer(self.users.authenticate(caller).await??);
        self.cancel(order_id, Some(buyer), reason.unwrap_or("买家取消"), cause).await
    }

    /// Cancels an order of the `buyer`; `None` for staff and for a passed deadline. A repeated call is no error and changes
    /// nothing.
    #[tracing::instrument(level = "debug", name = "cancel_order", skip_all)]
    pub async fn cancel(
        &self,
        order_id: &OrderId,
        buyer: Option<UserId>,
        reason: &str,
        cause: &Cause,
    ) -> Result<(), OrderError> {
        let order = self.orders.find(order_id).await?;
        let is_theirs = |order: &Order| buyer.is_none_or(|buyer| buyer == order.user_id);
        let order = order.filter(is_theirs).ok_or(Refusal::UnknownOrder)?;
        // A channel is queried only if the order can be cancelled.
        if order.status.on(Trigger::Cancelled).map_err(Refusal::from)? == Transition::AlreadyDone {
            return Ok(());
        }
        let attempts = PaymentAttempt::of(&order, self.orders.attempts(order_id).await?);
        let command = |ended| Command::Cancel { buyer, reason: reason.to_owned(), ended };
        self.after_ending(order_id, &attempts, command, cause).await.map(drop)
    }
}
