//! 订单详情: one order of a buyer, and how it came to be where it is.

use domain::{
    Caller, Cause, NotAdmitted, Order, OrderId, OrderStatus, PaymentAttempt, Refund, RefundDue, RefundKind,
    RefundStatus, TimelineEntry,
};
use ports::StoreError;

use crate::OrderService;

/// An order with its timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderDetails {
    /// The order.
    pub order: Order,
    /// The attempts to pay it that are on record, the first opened first; none while there is only the first one.
    pub attempts: Vec<PaymentAttempt>,
    /// What its buyer paid that goes back because it came too late or twice.
    pub refund_due: Option<RefundDue>,
    /// What of the payment that paid it went back, or is going back, the first asked for first.
    pub refunds: Vec<Refund>,
    /// From its creation on.
    pub timeline: Vec<TimelineEntry>,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum ShowOrderError {
    /// The token's user is not let in.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// There is no such order, or it is another user's; the caller is not told which. Never where a list is asked for.
    #[error("no such order")]
    UnknownOrder,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OrderService {
    /// The user's order of this number.
    #[tracing::instrument(level = "debug", name = "show_order", skip_all)]
    pub async fn show(&self, caller: &Caller, order_id: &OrderId) -> Result<OrderDetails, ShowOrderError> {
        let user_id = crate::noticed::buyer(self.users.authenticate(caller).await??);
        let order = self.orders.find(order_id).await?;
        let order = order.filter(|order| order.user_id == user_id).ok_or(ShowOrderError::UnknownOrder)?;
        let changes = self.orders.timeline(order_id).await?;
        let refund_due =
            RefundDue::of(&self.orders.refund_due_payments(std::slice::from_ref(order_id)).await?);
        let attempts = self.orders.attempts(order_id).await?;
        let mut refunds = self.orders.refunds(order_id).await?;
        refunds.retain(concerns_buyer);
        Ok(OrderDetails { timeline: timeline(&order, changes), order, attempts, refund_due, refunds })
    }
}

/// Refused refunds are left out; payments that did not pay the order are shown as [`RefundDue`].
fn concerns_buyer(refund: &Refund) -> bool {
    let is_of_order = match refund.kind {
        RefundKind::Shop | RefundKind::External => true,
        RefundKind::Late | RefundKind::Duplicate => false,
    };
    is_of_order && refund.status != RefundStatus::Failed
}

/// The changes of an order, with its creation, which is in the order itself, in front.
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
