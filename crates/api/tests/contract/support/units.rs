use domain::{OrderStatus, StatusChange};
use ports::{StockOutcome, mock::MockUnitOfWork};

use crate::samples::order;

/// A unit of work that takes the stock and writes the order.
pub(crate) fn placing() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.stock.expect_take().times(1).returning(|_| Ok(StockOutcome::Taken));
    unit.orders.expect_insert().times(1).withf(|orders| orders.len() == 1).returning(|_| Ok(()));
    unit
}

/// A unit of work in which the order is found in this status.
pub(crate) fn finding(status: OrderStatus) -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.orders
        .expect_find_for_update()
        .returning(move |id| Ok(Some(order(status)).filter(|order| order.id == *id)));
    unit
}

/// The same, which then changes to another status.
pub(crate) fn changing(from: OrderStatus, to: OrderStatus) -> MockUnitOfWork {
    let mut unit = finding(from);
    let is_it = move |change: &StatusChange| change.from == from && change.to == to;
    unit.orders.expect_change_status().times(1).withf(is_it).returning(|_| Ok(true));
    unit
}
