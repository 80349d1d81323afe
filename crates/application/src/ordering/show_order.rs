//! 订单详情: one order of a buyer, with its history.

use domain::{
    Caller, Cause, Order, OrderId, OrderStatus, PaymentAttempt, Refund, RefundDue, RefundKind, RefundStatus,
    TimelineEntry, ledger::Refusal,
};

use crate::{OrderError, OrderService};

/// An order with its timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderDetails {
    /// The order.
    pub order: Order,
    /// The recorded attempts to pay, in the order in which they were opened; empty while there is only the first attempt.
    pub attempts: Vec<PaymentAttempt>,
    /// The sum of late and duplicate payments, which are refunded; `None` if there are none.
    pub refund_due: Option<RefundDue>,
    /// Refunds that are done or requested, except those of late and duplicate payments, in the order of their requests.
    pub refunds: Vec<Refund>,
    /// All changes, beginning with the creation.
    pub timeline: Vec<TimelineEntry>,
}

impl OrderService {
    /// The user's order of this number.
    #[tracing::instrument(level = "debug", name = "show_order", skip_all)]
    pub async fn show(&self, caller: &Caller, order_id: &OrderId) -> Result<OrderDetails, OrderError> {
        let user_id = crate::noticed::buyer(self.users.authenticate(caller).await??);
        let order = self.orders.find(order_id).await?;
        let order = order.filter(|order| order.user_id == user_id).ok_or(Refusal::UnknownOrder)?;
        let changes = self.orders.timeline(order_id).await?;
        let refund_due =
            RefundDue::of(&self.orders.refund_due_payments(std::slice::from_ref(order_id)).await?);
        let attempts = self.orders.attempts(order_id).await?;
        let mut refunds = self.orders.refunds(order_id).await?;
        refunds.retain(concerns_buyer);
        Ok(OrderDetails { timeline: timeline(&order, changes), order, attempts, refund_due, refunds })
    }
}

/// Failed refunds are left out. Late and duplicate payments are shown as [`RefundDue`].
fn concerns_buyer(refund: &Refund) -> bool {
    let is_of_order = match refund.kind {
        RefundKind::Shop | RefundKind::External => true,
        RefundKind::Late | RefundKind::Duplicate => false,
    };
    is_of_order && refund.status != RefundStatus::Failed
}

/// The changes of an order, preceded by its creation, which is stored in the order itself.
pub(crate) fn timeline(order: &Order, changes: Vec<TimelineEntry>) -> Vec<TimelineEntry> {
    let created = TimelineEntry {
        from: None,
        to: OrderStatus::AwaitingPayment,
        cause: Cause::buyer(None),
        reason: "下单".to_owned(),
        amendment: None,
        at: order.created_at,
    };
    std::iter::once(created).chain(changes).collect()
}
