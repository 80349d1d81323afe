//! Why commands fail, and their error messages.

use std::net::SocketAddr;

use application::{OrderError, ReconcileError, StaffOrders, TransactError};
use domain::{InvalidField, InvalidShipment, OrderId, Trade};
use ports::{BoxError, StoreError};

use crate::{
    StartError, configuration::ConfigurationError, http::TableError, logging::LogError, reload::AskError,
};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("{0:?} is not a name that a timeline can show: one line of at most 64 characters")]
    NotAName(String),
    #[error("the demo shop is not set up where real money comes in: everybody knows its users' passwords")]
    DemoForMoney,
    #[error("there is no user {0:?}")]
    NoSuchUser(String),
    #[error("DASHOP_STAFF_SECRET is not set: the shop side has no tokens")]
    NoStaffSecret,
    #[error("{0} is not an order number")]
    NotAnOrderNumber(String),
    #[error("{what}")]
    NotDone {
        what: String,
        #[source]
        cause: BoxError,
    },
    #[error("it is not known whether {what}; {how} finds out")]
    NotKnown {
        what: String,
        how: String,
        #[source]
        cause: BoxError,
    },
    #[error("there is no order {0} to show")]
    NoSuchOrder(OrderId),
    #[error(
        "the payment channel refused refund {number}: {}; the same with --request-id {request_id} tries again",
        .why.as_deref().unwrap_or("without a word")
    )]
    RefundRefused { number: String, request_id: String, why: Option<String> },
    #[error("{0:?} is no request number: 1 to 48 of A-Z a-z 0-9 _ -")]
    NotARequestNumber(String),
    #[error("an order's or a payment's number is 1 to {} printable characters", Trade::MAX_NUMBER)]
    NotAPaymentNumber,
    #[error("{what} must be one line of 1 to {most} characters")]
    NotALine { what: &'static str, most: usize },
    #[error("the day was not compared")]
    Reconcile(#[from] ReconcileError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("there are more than {} orders: --from and --to divide them", StaffOrders::EXPORT_MOST)]
    TooManyOrders,
    #[error(transparent)]
    Shipment(#[from] InvalidShipment),
    #[error(transparent)]
    Address(#[from] InvalidField),
    #[error("neither DASHOP_EVENTS_URL nor a table [webhooks.…] is set: nobody is told of events")]
    NoEndpoint,
    #[error("{0} is no webhook endpoint on record")]
    UnknownEndpoint(String),
    #[error("the webhook endpoint {0} is not in the settings: nothing is sent to it")]
    NotInSettings(String),
    #[error(transparent)]
    Token(#[from] crate::http::TokenError),
    #[error("{address}: {problem}")]
    Unhealthy { address: SocketAddr, problem: String },
    #[error("the server failed")]
    Io(#[from] std::io::Error),
    #[error(
        "only the embedded database is copied so; docs/OPERATIONS.md says how MySQL and MariaDB are backed up"
    )]
    NotEmbedded,
    #[error(transparent)]
    Backup(#[from] adapters::sql::BackupError),
    #[error("the output cannot be written")]
    Output(#[source] std::io::Error),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Reload(#[from] AskError),
}

impl CommandError {
    pub(super) fn ship(order_id: &OrderId, cause: TransactError) -> Self {
        let may_be_done = may_be_done(&cause);
        Self::change(order_id, ["was not shipped", "was shipped"], may_be_done, cause)
    }

    pub(super) fn cancel(order_id: &OrderId, cause: OrderError) -> Self {
        let may_be_done = may_be_changed(&cause);
        Self::change(order_id, ["was not cancelled", "was cancelled"], may_be_done, cause)
    }

    pub(super) fn lower_amount(order_id: &OrderId, cause: OrderError) -> Self {
        let may_be_done = may_be_changed(&cause);
        Self::change(order_id, ["costs what it did", "costs less"], may_be_done, cause)
    }

    pub(super) fn change_address(order_id: &OrderId, cause: OrderError) -> Self {
        let may_be_done = may_be_changed(&cause);
        Self::change(order_id, ["goes where it did", "goes to the new address"], may_be_done, cause)
    }

    pub(super) fn returning(order_id: &OrderId, request_id: &str, cause: TransactError) -> Self {
        let what = if may_be_done(&cause) {
            format!("the pieces of order {order_id} went back into stock")
        } else {
            format!("no pieces of order {order_id} went back into stock")
        };
        Self::request(request_id, what, may_be_done(&cause), cause)
    }

    /// A refund is recorded, sent, and its answer recorded. A database error may therefore occur after the money was
    /// refunded.
    pub(super) fn refund(order_number: &str, request_id: &str, cause: OrderError) -> Self {
        use OrderError::{Gateway, NotAdmitted, Settle, Store, Transact, UnknownAddress};
        let may_be_done = match &cause {
            // Nothing was sent yet, or the rules refuse it.
            NotAdmitted(_)
            | UnknownAddress
            | Gateway(_)
            | Settle(_)
            | Transact(TransactError::Refused(_)) => false,
            Store(_) | Transact(TransactError::Conflict | TransactError::Store(_)) => true,
        };
        let was = if may_be_done { "was refunded" } else { "was not refunded" };
        Self::request(request_id, format!("order {order_number} {was}"), may_be_done, cause)
    }

    /// The message about an order: the first text if nothing was done, the second if something may have been done.
    fn change(
        order_id: &OrderId,
        [not_done, done]: [&str; 2],
        may_be_done: bool,
        cause: impl Into<BoxError>,
    ) -> Self {
        let cause = cause.into();
        if may_be_done {
            let how = format!("dashop order {order_id}");
            Self::NotKnown { what: format!("order {order_id} {done}"), how, cause }
        } else {
            Self::NotDone { what: format!("order {order_id} {not_done}"), cause }
        }
    }

    /// The message about an operation with a request number.
    fn request(request_id: &str, what: String, may_be_done: bool, cause: impl Into<BoxError>) -> Self {
        let cause = cause.into();
        if may_be_done {
            Self::NotKnown { what, how: format!("the same with --request-id {request_id}"), cause }
        } else {
            Self::NotDone { what: format!("request {request_id}: {what}"), cause }
        }
    }
}

/// Whether a transaction may have taken effect despite the error.
fn may_be_done(cause: &TransactError) -> bool {
    matches!(cause, TransactError::Store(StoreError::OutcomeUnknown(_)))
}

/// Whether the last transaction of a change may have taken effect.
fn may_be_changed(cause: &OrderError) -> bool {
    matches!(cause, OrderError::Transact(cause) if may_be_done(cause))
}

#[cfg(test)]
mod tests;
