//! 订单详情 of staff: all records of one order of any buyer.

use domain::{
    Money, Order, OrderId, OrderLedger, PaymentAttempt, PaymentRecord, Refund, TimelineEntry, Username,
    returned_by_line,
};
use ports::{OrderRecords, StoreError};

use crate::{StaffOrders, ordering::timeline};

/// All records of one order, and the amounts that can still be refunded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminOrderDetails {
    /// The order.
    pub order: Order,
    /// The buyer's name; empty if the user no longer exists.
    pub username: Username,
    /// How many pieces of each order line are back in stock, in the order of the lines.
    pub returned: Vec<u32>,
    /// All attempts to pay the order, in the order in which they were opened.
    pub attempts: Vec<PaymentAttempt>,
    /// All payments in the order of recording, each with the amount that can still be refunded.
    pub payments: Vec<(PaymentRecord, Money)>,
    /// All refunds, in the order in which they were requested.
    pub refunds: Vec<Refund>,
    /// How much of the payment that paid the order can still be refunded.
    pub refundable_amount: Money,
    /// All status changes and amendments, beginning with the creation.
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
