use domain::{Order, OrderLedger, OrderStatus, PaymentRecord, Refund};
use ports::{AppendError, StockOutcome, StoreError, mock::MockUnitOfWork};

use crate::samples::{ORDER, SECRET_CAUSE, order};

/// A unit of work that takes the stock and writes the order.
pub(crate) fn placing() -> MockUnitOfWork {
    let mut unit = MockUnitOfWork::default();
    unit.stock.expect_take().times(1).returning(|_| Ok(StockOutcome::Taken));
    unit.orders.expect_insert().times(1).withf(|orders| orders.len() == 1).returning(|_| Ok(()));
    unit
}

/// All that is on record of the recorded order; seven pieces of each of its SKUs are in stock.
pub(crate) fn ledger(
    found: Option<Order>,
    payments: Vec<PaymentRecord>,
    refunds: Vec<Refund>,
) -> OrderLedger {
    let in_stock = found.iter().flat_map(Order::stock).map(|line| (line.sku_id, 7)).collect();
    OrderLedger { order: found, payments, refunds, in_stock, ..OrderLedger::empty(ORDER) }
}

/// The recorded order in this status, without anything else on record.
pub(crate) fn only(status: OrderStatus) -> OrderLedger {
    ledger(Some(order(status)), Vec::new(), Vec::new())
}

pub(crate) fn changed_meanwhile() -> AppendError {
    AppendError::GuardLost
}

pub(crate) fn connection_lost() -> AppendError {
    StoreError::OutcomeUnknown(SECRET_CAUSE.into()).into()
}
