//! 订单支付: the buyer wants to pay an order that was placed before.

use domain::{
    Caller, Cause, Channel, Order, OrderId,
    ledger::{Command, Refusal},
};

use crate::{OrderError, OrderService, PaymentWish, StartedPayment};

impl OrderService {
    /// Starts a payment of the user's order with the wished channel and product.
    #[tracing::instrument(level = "debug", name = "start_payment", skip_all)]
    pub async fn start_payment(
        &self,
        caller: &Caller,
        order_id: &OrderId,
        mut wish: PaymentWish,
    ) -> Result<StartedPayment, OrderError> {
        let user_id = crate::noticed::buyer(self.users.authenticate(caller).await??);
        let order = self.orders.find(order_id).await?;
        let order = order.filter(|order| order.user_id == user_id).ok_or(Refusal::UnknownOrder)?;
        if order.expire_at.is_none() && order.is_to_be_paid(wish.expected_amount, self.now())? {
            // An order of the old back end: its payment is not watched yet, or the watch for an earlier payment will end.
            self.transact.run(order.id.as_str(), &Command::WatchPayment, &Cause::system()).await?;
            wish.anew |= self.was_begun_elsewhere(&order).await?;
        }
        self.invite(order, wish).await
    }

    /// Whether the channel has a trade of the order that is not on record here. The old back end began such trades with
    /// other amounts and subjects, and a channel accepts no other terms for a number that it knows. Such a trade must be
    /// ended, and a new attempt opened.
    async fn was_begun_elsewhere(&self, order: &Order) -> Result<bool, OrderError> {
        if !self.orders.attempts(&order.id).await?.is_empty() {
            return Ok(false);
        }
        // The old back end used no other channel.
        match self.channels.gateway(Channel::default())?.query(order.id.as_str()).await {
            Ok(trade) => Ok(trade.is_some()),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(order = %order.id, error, "the channel could not be asked about an order of the old back end's");
                Ok(false)
            }
        }
    }
}
