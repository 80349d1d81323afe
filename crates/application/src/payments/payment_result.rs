//! 支付结果: the browser came back from the channel and wants to know whether the order is paid.
//!
//! What it brings proves only that the channel knows the trade; it can be replayed. Whether the order is paid is known to
//! the database, or else to the channel.

use std::time::Duration;

use domain::{Cause, Channel, EvidenceSource, NotForUs, Order, OrderId, OrderStatus, Trade, order_number};
use ports::{GatewayError, NotVerified, PaymentChannel, StoreError};

use super::recently::Asked;
use crate::{OrderService, SettleError};

/// Why the result is not known.
#[derive(Debug, thiserror::Error)]
pub enum PaymentResultError {
    /// The channel did not sign what the browser brought.
    #[error(transparent)]
    NotVerified(#[from] NotVerified),
    /// It is for another shop.
    #[error(transparent)]
    NotForUs(#[from] NotForUs),
    /// The order does not exist.
    #[error("no such order")]
    UnknownOrder,
    /// The channel was asked and gave no usable answer.
    #[error("the payment channel gave no answer about the order")]
    Gateway {
        /// The order, not paid so far as is known.
        order: Box<Order>,
        /// What went wrong.
        #[source]
        cause: GatewayError,
    },
    /// The channel is being asked, or was asked a moment ago, and what it says is not on record.
    #[error("the payment channel was asked about the order a moment ago")]
    NotKnownYet(Box<Order>),
    /// The channel says that it is paid, and that could not be written down.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OrderService {
    /// Because of returns a channel is asked about one order no more often than this.
    pub const ASKED_PAUSE: Duration = Duration::from_secs(3);
    /// Of how many orders it is remembered that they were asked about.
    pub const ASKED_REMEMBERED: u64 = 10_000;

    /// The order that the query string of a channel's return names, whose status says whether it is paid.
    #[tracing::instrument(level = "debug", name = "payment_result", skip_all)]
    pub async fn payment_result(
        &self,
        channel: Channel,
        query: &str,
        request_id: Option<String>,
    ) -> Result<Order, PaymentResultError> {
        let PaymentChannel { gateway, merchant } = self.channel(channel)?;
        let returned = gateway.verify_return(query)?;
        merchant.check(&returned.addressee)?;
        let id = OrderId::parse(order_number(&returned.out_trade_no))
            .map_err(|_| PaymentResultError::UnknownOrder)?;
        let order = self.orders.find(&id).await?.ok_or(PaymentResultError::UnknownOrder)?;
        // Once it is paid or has ended, what comes of it does not depend on this buyer's browser.
        if order.status != OrderStatus::AwaitingPayment {
            return Ok(order);
        }
        match self.asked.ask(id.clone()) {
            Asked::First => {}
            // It may have been settled since it was read above.
            Asked::Answered => return self.orders.find(&id).await?.ok_or(PaymentResultError::UnknownOrder),
            // Whoever is told that nothing was paid pays once more.
            Asked::Unanswered => return Err(PaymentResultError::NotKnownYet(Box::new(order))),
        }
        let trade = match gateway.query(&returned.out_trade_no).await {
            Ok(trade) => trade,
            Err(cause) => return Err(PaymentResultError::Gateway { order: Box::new(order), cause }),
        };
        let Some(trade) = trade.filter(Trade::is_payment) else {
            self.asked.answered(id);
            return Ok(order);
        };
        let cause = Cause::channel(channel, request_id);
        self.settle_trade(&trade, EvidenceSource::Query, &cause).await?;
        self.asked.answered(id.clone());
        self.orders.find(&id).await?.ok_or(PaymentResultError::UnknownOrder)
    }
}
