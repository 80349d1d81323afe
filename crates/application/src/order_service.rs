use std::{sync::Arc, time::Duration};

use domain::{NotAdmitted, NotAllowed, OrderId, ShopTime, ledger::Refusal};
use ports::{
    DailyStatements, GatewayError, OrderReader, PaymentChannels, RefusedMessages, StoreError, Users,
};

use crate::{Recently, Transact, TransactError};

/// The use cases for orders that are already placed, triggered by buyers, staff, payment channels and timers. Each use
/// case has its own file.
pub struct OrderService {
    /// Reads users and their addresses.
    pub users: Arc<dyn Users>,
    /// Reads orders.
    pub orders: Arc<dyn OrderReader>,
    /// Claims due orders and changes orders.
    pub transact: Transact,
    /// The payment channels: they verify signed messages and answer queries about payments and refunds. Each has the
    /// merchant that the money must be paid to.
    pub channels: PaymentChannels,
    /// Stores messages that can never be processed.
    pub refused: Arc<dyn RefusedMessages>,
    /// Reads the payments and refunds on record for a day, and stores the differences from the bill.
    pub statements: Arc<dyn DailyStatements>,
    /// The orders that a channel was queried about recently. Anyone who has seen a return URL can replay it.
    pub asked: Recently<OrderId>,
    /// How long after shipment an order counts as received.
    pub receipt_after: Duration,
}

impl OrderService {
    pub(crate) fn now(&self) -> ShopTime {
        self.transact.clock.now()
    }
}

/// Why evidence of a payment or refund was not processed. The sender should send it again.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The evidence is about a refund, and the channel could not be asked for the amount.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The evidence is about a refund that the channel does not confirm yet.
    #[error("the payment channel does not confirm the refund so far")]
    NotKnownYet,
    /// The result could not be recorded.
    #[error(transparent)]
    Transact(#[from] TransactError),
}

/// Why an order was not shown or not changed, or why its buyer got no payment URL.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// The user of the token is not admitted. Never occurs for requests by staff.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The address does not exist, is deleted, or belongs to another user. Occurs only when a buyer changes the address.
    #[error("no such address")]
    UnknownAddress,
    /// A channel could not be queried, so the order may be paid, or the channel refuses the payment. Nothing was
    /// changed.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The channel says that the order is paid, and the payment could not be recorded.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// The command did not take effect: the ledger refuses it, or concurrent changes won every time.
    #[error(transparent)]
    Transact(#[from] TransactError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OrderError {
    /// Whether the caller must read the attempts again, because another one was opened in the meantime.
    pub(crate) fn is_other_attempt_open(&self) -> bool {
        matches!(self, Self::Transact(TransactError::Refused(Refusal::OtherAttemptOpen)))
    }
}

impl From<Refusal> for OrderError {
    fn from(refusal: Refusal) -> Self {
        Self::Transact(refusal.into())
    }
}

impl From<NotAllowed> for OrderError {
    fn from(refusal: NotAllowed) -> Self {
        Refusal::from(refusal).into()
    }
}
