//! 订单查询: a buyer's orders, newest first, page by page.

use domain::{Caller, Order, OrderId, OrderStatus, PaymentRecord, RefundDue, order_number};
use ports::{OrderListQuery, StoreError};

use crate::{
    OrderError, OrderService,
    pages::{Page, one_more},
};

/// An order with the sum of its payments that are to be refunded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedOrder {
    /// The order.
    pub order: Order,
    /// The sum of late and duplicate payments; `None` if there are none.
    pub refund_due: Option<RefundDue>,
}

impl OrderService {
    /// One page of the user's orders, with this status or all: the first page, or the orders after the order `before`.
    #[tracing::instrument(level = "debug", name = "list_orders", skip_all)]
    pub async fn list(
        &self,
        caller: &Caller,
        status: Option<OrderStatus>,
        before: Option<OrderId>,
        limit: u32,
    ) -> Result<Page<ListedOrder, OrderId>, OrderError> {
        let user_id = crate::noticed::buyer(self.users.authenticate(caller).await??);
        let query = OrderListQuery { user_id, status, before, limit: one_more(limit) };
        let Page { items, next } = Page::of(self.orders.list(&query).await?, limit, |order| order.id.clone());
        Ok(Page { items: self.listed(items).await?, next })
    }

    /// Adds the refunds due to the orders.
    async fn listed(&self, orders: Vec<Order>) -> Result<Vec<ListedOrder>, StoreError> {
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<OrderId> = orders.iter().map(|order| order.id.clone()).collect();
        let payments = self.orders.refund_due_payments(&ids).await?;
        let with_payments = |order: Order| {
            let is_its =
                |payment: &&PaymentRecord| order_number(&payment.trade.out_trade_no) == order.id.as_str();
            ListedOrder { refund_due: RefundDue::of(payments.iter().filter(is_its)), order }
        };
        Ok(orders.into_iter().map(with_payments).collect())
    }
}
