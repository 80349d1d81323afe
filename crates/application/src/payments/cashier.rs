use std::sync::Arc;

use domain::{Money, Order, OrderId};
use ports::{Clock, GatewayError, PaymentGateway, PaymentRequest};

/// Invites buyers to pay their orders at Alipay.
pub struct Cashier {
    /// Alipay.
    pub gateway: Arc<dyn PaymentGateway>,
    /// The time of the request.
    pub clock: Arc<dyn Clock>,
}

/// Where and what a buyer pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentInvitation {
    /// The order.
    pub order_id: OrderId,
    /// Goods and freight: exactly what Alipay will charge.
    pub total_amount: Money,
    /// Where the browser goes to pay it.
    pub pay_url: String,
}

impl Cashier {
    /// The invitation to pay an order. The same order gives the same parameters each time, so that Alipay continues
    /// a trade the buyer has begun.
    pub(crate) async fn invite(&self, order: &Order) -> Result<PaymentInvitation, GatewayError> {
        let request = PaymentRequest {
            out_trade_no: order.id.clone(),
            total_amount: order.total_amount,
            subject: subject(order),
            now: self.clock.now(),
            time_expire: order.expire_at,
        };
        let pay_url = self.gateway.pay_url(&request).await?;
        Ok(PaymentInvitation { order_id: order.id.clone(), total_amount: order.total_amount, pay_url })
    }
}

/// What the buyer reads at Alipay: the names of the goods.
fn subject(order: &Order) -> String {
    let names: Vec<&str> =
        order.goods.iter().map(|line| line.name.as_str()).filter(|name| !name.is_empty()).collect();
    if names.is_empty() { format!("订单{}", order.id) } else { names.join(" ") }
}
