use std::sync::Arc;

use domain::{Caller, NotAdmitted, Order, OrderId, OrderStatus, RefundDue, order_number};
use ports::{OrderListQuery, OrderReader, StoreError, Users};

use crate::pages::{one_more, page};

/// 订单查询: a buyer's orders, newest first, a page at a time.
pub struct ListOrders {
    /// Authenticates callers.
    pub users: Arc<dyn Users>,
    /// The orders.
    pub orders: Arc<dyn OrderReader>,
}

/// Which page of which orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListOrdersRequest {
    /// Whose orders.
    pub caller: Caller,
    /// In which status; `None` for all.
    pub status: Option<OrderStatus>,
    /// Only orders after this one in the list.
    pub before: Option<OrderId>,
    /// At most so many.
    pub limit: u32,
}

/// A page of orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPage {
    /// Newest first.
    pub orders: Vec<ListedOrder>,
    /// What to pass as `before` for the next page; `None` on the last page.
    pub next: Option<OrderId>,
}

/// An order, with the payments for it that are refunded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOrder {
    /// The order.
    pub order: Order,
    /// The sum of late and duplicate payments; `None` if there are none.
    pub refund_due: Option<RefundDue>,
}

/// Why orders cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListOrdersError {
    /// The user of the token is unknown or inactive.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ListOrders {
    /// One page of the user's orders.
    #[tracing::instrument(level = "debug", name = "list_orders", skip_all)]
    pub async fn execute(&self, request: ListOrdersRequest) -> Result<OrderPage, ListOrdersError> {
        let user_id = crate::noticed::buyer(self.users.authenticate(&request.caller).await??);
        let ListOrdersRequest { caller: _, status, before, limit } = request;
        let query = OrderListQuery { user_id, status, before, limit: one_more(limit) };
        let (orders, next) = page(self.orders.list(&query).await?, limit, |order| order.id.clone());
        Ok(OrderPage { orders: listed(&*self.orders, orders).await?, next })
    }
}

/// Adds the refunds due to orders.
pub(crate) async fn listed(
    reader: &dyn OrderReader,
    orders: Vec<Order>,
) -> Result<Vec<ListedOrder>, StoreError> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<OrderId> = orders.iter().map(|order| order.id.clone()).collect();
    let payments = reader.refund_due_payments(&ids).await?;
    let with_payments = |order: Order| {
        let its =
            payments.iter().filter(|payment| order_number(&payment.trade.out_trade_no) == order.id.as_str());
        ListedOrder { refund_due: RefundDue::of(its), order }
    };
    Ok(orders.into_iter().map(with_payments).collect())
}
