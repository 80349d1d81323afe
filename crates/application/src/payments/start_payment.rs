//! 订单支付: the buyer wants to pay an order that was placed before.

use domain::{
    Caller, Cause, OrderId,
    ledger::{Command, Refusal},
};

use crate::{OrderChangeError, OrderService, PaymentWish, StartedPayment};

impl OrderService {
    /// Invites the user to pay their order, as they want to.
    #[tracing::instrument(level = "debug", name = "start_payment", skip_all)]
    pub async fn start_payment(
        &self,
        caller: &Caller,
        order_id: &OrderId,
        wish: PaymentWish,
    ) -> Result<StartedPayment, OrderChangeError> {
        let user_id = crate::noticed::buyer(self.users.authenticate(caller).await??);
        let order = self.orders.find(order_id).await?;
        let order = order.filter(|order| order.user_id == user_id).ok_or(Refusal::UnknownOrder)?;
        if order.expire_at.is_none() && order.is_to_be_paid(wish.expected_amount, self.now())? {
            // The old back end's: nobody asks about it so far, or the looks of an earlier payment come to an end.
            self.transact.run(order.id.as_str(), &Command::WatchPayment, &Cause::system()).await?;
        }
        self.invite(order, wish).await
    }
}
