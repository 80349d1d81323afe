//! Why commands fail, and what is said of it.

use std::{error::Error, net::SocketAddr};

use application::{OrderChangeError, ReconcileError, StaffOrders, TransactError};
use domain::{InvalidField, InvalidShipment, OrderId, Trade};
use ports::StoreError;

use super::LogError;
use crate::{StartError, configuration::ConfigurationError, http::TableError, reload::AskError};

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
    #[error("order {order_id} was not shipped")]
    Ship {
        order_id: OrderId,
        #[source]
        cause: TransactError,
    },
    #[error("order {order_id} was not cancelled")]
    Cancel {
        order_id: OrderId,
        #[source]
        cause: OrderChangeError,
    },
    #[error("order {order_id} costs what it did")]
    LowerAmount {
        order_id: OrderId,
        #[source]
        cause: OrderChangeError,
    },
    #[error("order {order_id} goes where it did")]
    ChangeAddress {
        order_id: OrderId,
        #[source]
        cause: OrderChangeError,
    },
    #[error("it is not known whether {what}; {how} finds out")]
    NotKnown {
        what: String,
        how: String,
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    #[error("there is no order {0} to show")]
    NoSuchOrder(OrderId),
    #[error("request {request_id}: order {order_number} was not refunded")]
    Refund {
        order_number: String,
        request_id: String,
        #[source]
        cause: OrderChangeError,
    },
    #[error("request {request_id}: no pieces of order {order_id} went back into stock")]
    Return {
        order_id: OrderId,
        request_id: String,
        #[source]
        cause: TransactError,
    },
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
        if may_be_done(&cause) {
            return Self::look_at(order_id, "was shipped", cause);
        }
        Self::Ship { order_id: order_id.clone(), cause }
    }

    pub(super) fn cancel(order_id: &OrderId, cause: OrderChangeError) -> Self {
        if may_be_changed(&cause) {
            return Self::look_at(order_id, "was cancelled", cause);
        }
        Self::Cancel { order_id: order_id.clone(), cause }
    }

    pub(super) fn lower_amount(order_id: &OrderId, cause: OrderChangeError) -> Self {
        if may_be_changed(&cause) {
            return Self::look_at(order_id, "costs less", cause);
        }
        Self::LowerAmount { order_id: order_id.clone(), cause }
    }

    pub(super) fn change_address(order_id: &OrderId, cause: OrderChangeError) -> Self {
        if may_be_changed(&cause) {
            return Self::look_at(order_id, "goes to the new address", cause);
        }
        Self::ChangeAddress { order_id: order_id.clone(), cause }
    }

    pub(super) fn returning(order_id: &OrderId, request_id: &str, cause: TransactError) -> Self {
        if may_be_done(&cause) {
            return Self::NotKnown {
                what: format!("the pieces of order {order_id} went back into stock"),
                how: format!("the same with --request-id {request_id}"),
                cause: cause.into(),
            };
        }
        Self::Return { order_id: order_id.clone(), request_id: request_id.to_owned(), cause }
    }

    /// A refund is written down, sent, and its answer written down: what fails at the database may have failed after the money
    /// went back.
    pub(super) fn refund(order_number: &str, request_id: &str, cause: OrderChangeError) -> Self {
        use OrderChangeError::{CostsNothing, Gateway, NotAdmitted, Settle, Store, Transact, UnknownAddress};
        match cause {
            // Before anything was sent, or by the rules.
            NotAdmitted(_)
            | UnknownAddress
            | CostsNothing
            | Gateway(_)
            | Settle(_)
            | Transact(TransactError::Refused(_)) => Self::Refund {
                order_number: order_number.to_owned(),
                request_id: request_id.to_owned(),
                cause,
            },
            Store(_) | Transact(TransactError::Conflict | TransactError::Store(_)) => Self::NotKnown {
                what: format!("order {order_number} was refunded"),
                how: format!("the same with --request-id {request_id}"),
                cause: cause.into(),
            },
        }
    }

    fn look_at(order_id: &OrderId, did: &str, cause: impl Error + Send + Sync + 'static) -> Self {
        Self::NotKnown {
            what: format!("order {order_id} {did}"),
            how: format!("dashop order {order_id}"),
            cause: Box::new(cause),
        }
    }
}

/// Whether a transaction may have taken effect all the same.
fn may_be_done(cause: &TransactError) -> bool {
    matches!(cause, TransactError::Store(StoreError::OutcomeUnknown(_)))
}

/// The same of the last of the transactions of a change.
fn may_be_changed(cause: &OrderChangeError) -> bool {
    matches!(cause, OrderChangeError::Transact(cause) if may_be_done(cause))
}

#[cfg(test)]
mod tests;
