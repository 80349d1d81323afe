use std::sync::Arc;

use domain::{
    Money, Order, OrderId, OrderLedger, PaymentAttempt, PaymentRecord, Refund, TimelineEntry, Username,
    returned_by_line,
};
use ports::{AdminOrders, OrderRecords, StoreError};

use crate::ordering::timeline;

/// 订单详情 of staff: all that is on record of one order, whosever it is.
pub struct InspectOrder {
    /// What is on record.
    pub admin: Arc<dyn AdminOrders>,
}

/// All that is on record of one order, and what can still be done about its money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminOrderDetails {
    /// The order.
    pub order: Order,
    /// The buyer's name; empty where the user is gone.
    pub username: Username,
    /// How many pieces of each line are back in stock, in the order of the lines.
    pub returned: Vec<u32>,
    /// Every attempt to pay it, the first opened first.
    pub attempts: Vec<PaymentAttempt>,
    /// Every payment with what of it can still be refunded, the first recorded first.
    pub payments: Vec<(PaymentRecord, Money)>,
    /// Every refund, the first asked for first.
    pub refunds: Vec<Refund>,
    /// What can still be refunded of the payment that paid the order.
    pub refundable_amount: Money,
    /// From its creation on.
    pub timeline: Vec<TimelineEntry>,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum InspectOrderError {
    /// There is no such order.
    #[error("no order has this number")]
    UnknownOrder,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl InspectOrder {
    /// The order of this number.
    pub async fn execute(&self, order_id: &OrderId) -> Result<AdminOrderDetails, InspectOrderError> {
        let file = self.admin.file(order_id).await?;
        file.and_then(details).ok_or(InspectOrderError::UnknownOrder)
    }
}

fn details(file: OrderRecords) -> Option<AdminOrderDetails> {
    let OrderRecords { ledger, username, changes } = file;
    let attempts = ledger.all_attempts();
    let refundable = |payment: &PaymentRecord| ledger.refundable(payment.trade.key());
    let refundable_amount = ledger.settled_payment().map_or(Money::ZERO, refundable);
    let left: Vec<Money> = ledger.payments.iter().map(refundable).collect();
    let OrderLedger { order, payments, refunds, movements, .. } = ledger;
    let order = order?;
    Some(AdminOrderDetails {
        refundable_amount,
        timeline: timeline(&order, changes),
        returned: returned_by_line(&order, &movements),
        attempts,
        payments: payments.into_iter().zip(left).collect(),
        refunds,
        order,
        username,
    })
}
