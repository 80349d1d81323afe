use domain::{Order, OrderLedger, OrderStatus, PaymentRecord, Refund};
use ports::{AppendError, StoreError};

use crate::samples::{ORDER, SECRET_CAUSE, order};

/// The ledger of the recorded order; seven pieces of each of its SKUs are in stock.
pub(crate) fn ledger(
    found: Option<Order>,
    payments: Vec<PaymentRecord>,
    refunds: Vec<Refund>,
) -> OrderLedger {
    ports::mock::ledger(ORDER, found, payments, refunds)
}

/// The ledger of the recorded order in this status, without other records.
pub(crate) fn only(status: OrderStatus) -> OrderLedger {
    ledger(Some(order(status)), Vec::new(), Vec::new())
}

pub(crate) fn changed_meanwhile() -> AppendError {
    AppendError::GuardLost
}

pub(crate) fn connection_lost() -> AppendError {
    StoreError::OutcomeUnknown(SECRET_CAUSE.into()).into()
}
