use std::sync::Arc;

use domain::{
    Money, Order, OrderId, PaymentRecord, PaymentStatus, Refund, RefundBooks, TimelineEntry, Username,
    returned_by_line,
};
use ports::{BackOffice, OrderFile, StoreError};

use crate::show_order::timeline;

/// 订单详情 of the shop's people: all that is on record of one order, whosever it is.
pub struct InspectOrder {
    /// What is on record.
    pub office: Arc<dyn BackOffice>,
}

/// All that is on record of one order, and what can still be done about its money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderDossier {
    /// The order.
    pub order: Order,
    /// The buyer's name; empty where the user is gone.
    pub username: Username,
    /// How many pieces of each line are back in stock, in the order of the lines.
    pub returned: Vec<u32>,
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
    pub async fn execute(&self, order_id: &OrderId) -> Result<OrderDossier, InspectOrderError> {
        let file = self.office.file(order_id).await?.ok_or(InspectOrderError::UnknownOrder)?;
        Ok(dossier(file))
    }
}

fn dossier(file: OrderFile) -> OrderDossier {
    let OrderFile { order, username, payments, refunds, moves, changes } = file;
    let books = RefundBooks { order: Some(&order), payments: &payments, refunds: &refunds, moves: &moves };
    let left: Vec<Money> = payments.iter().map(|payment| books.refundable(&payment.trade.trade_no)).collect();
    let returned = returned_by_line(&order, &moves);
    let payments: Vec<_> = payments.into_iter().zip(left).collect();
    let settled = payments.iter().find(|(payment, _)| payment.status == PaymentStatus::Settled);
    OrderDossier {
        refundable_amount: settled.map_or(Money::ZERO, |(_, left)| *left),
        timeline: timeline(&order, changes),
        order,
        username,
        returned,
        payments,
        refunds,
    }
}
