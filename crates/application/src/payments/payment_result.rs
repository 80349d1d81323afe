//! 支付结果: the browser returns from the channel and asks whether the order is paid.
//!
//! The return URL proves only that the channel knows the trade, and it can be replayed. Whether the order is paid follows
//! from the database, or else from a query to the channel.

use std::time::Duration;

use domain::{Cause, Channel, EvidenceSource, NotForUs, Order, OrderId, OrderStatus, Trade, order_number};
use ports::{GatewayError, NotVerified, PaymentChannel, StoreError};

use super::recently::Asked;
use crate::{OrderService, SettleError};

/// Why the result is unknown.
#[derive(Debug, thiserror::Error)]
pub enum PaymentResultError {
    /// The return URL has no valid signature of the channel.
    #[error(transparent)]
    NotVerified(#[from] NotVerified),
    /// The payment is for another shop.
    #[error(transparent)]
    NotForUs(#[from] NotForUs),
    /// The order does not exist.
    #[error("no such order")]
    UnknownOrder,
    /// The channel was queried and gave no usable answer.
    #[error("the payment channel gave no answer about the order")]
    Gateway {
        /// The order; it is not paid, as far as is known.
        order: Box<Order>,
        /// What went wrong.
        #[source]
        cause: GatewayError,
    },
    /// The channel is being queried, or was queried a moment ago, and its answer is not on record.
    #[error("the payment channel was asked about the order a moment ago")]
    NotKnownYet(Box<Order>),
    /// The channel says that the order is paid, and the payment could not be recorded.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OrderService {
    /// The shortest time between two queries to a channel about one order that returns cause.
    pub const ASKED_PAUSE: Duration = Duration::from_secs(3);
    /// For how many orders the last query is remembered.
    pub const ASKED_REMEMBERED: u64 = 10_000;

    /// The order that the query string of a channel's return URL names. Its status says whether it is paid.
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
        // The status of a paid or ended order is known without a query.
        if order.status != OrderStatus::AwaitingPayment {
            return Ok(order);
        }
        match self.asked.ask(id.clone()) {
            Asked::First => {}
            // The order may have been settled after it was read above.
            Asked::Answered => return self.orders.find(&id).await?.ok_or(PaymentResultError::UnknownOrder),
            // A buyer who is told that the order is not paid may pay a second time.
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
