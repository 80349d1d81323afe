//! 订单详情 of staff: all that is on record of one order, whosever it is.

use domain::{
    Money, Order, OrderId, OrderLedger, PaymentAttempt, PaymentRecord, Refund, TimelineEntry, Username,
    returned_by_line,
};
use ports::{OrderRecords, StoreError};

use crate::{StaffOrders, ordering::timeline};

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

impl StaffOrders {
    /// The order of this number; `None` if there is none.
    pub async fn inspect(&self, order_id: &OrderId) -> Result<Option<AdminOrderDetails>, StoreError> {
        Ok(self.admin.file(order_id).await?.and_then(details))
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
