use std::{sync::Arc, time::Duration};

use domain::{NotAdmitted, NotAllowed, OrderId, ShopTime, ledger::Refusal};
use ports::{
    DailyStatements, GatewayError, OrderReader, PaymentChannels, RefusedMessages, StoreError, Users,
};

use crate::{Recently, Transact, TransactError};

/// What is done about orders once they are placed, by buyers, staff, payment channels and the clock. Each use case is a file
/// of its own.
pub struct OrderService {
    /// The buyers, and where their orders may go.
    pub users: Arc<dyn Users>,
    /// Orders to look at.
    pub orders: Arc<dyn OrderReader>,
    /// Where orders are claimed and changed.
    pub transact: Transact,
    /// Verify what they signed, and are asked about payments and refunds. The money must be for their merchant.
    pub channels: PaymentChannels,
    /// Keeps messages that can never be dealt with.
    pub refused: Arc<dyn RefusedMessages>,
    /// What is on record of a day.
    pub statements: Arc<dyn DailyStatements>,
    /// The orders that a channel was asked about a moment ago: a return can be replayed by anybody who has seen it.
    pub asked: Recently<OrderId>,
    /// After how long the buyer is taken to have the goods.
    pub receipt_after: Duration,
}

impl OrderService {
    pub(crate) fn now(&self) -> ShopTime {
        self.transact.clock.now()
    }
}

/// Why evidence was not dealt with; it should be sent again.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// It tells of a refund, and the channel could not be asked how much it was.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// It tells of a refund that the channel does not confirm so far.
    #[error("the payment channel does not confirm the refund so far")]
    NotKnownYet,
    /// It could not be written down.
    #[error(transparent)]
    Transact(#[from] TransactError),
}

/// Why an order was not changed, or its buyer not invited to pay.
#[derive(Debug, thiserror::Error)]
pub enum OrderChangeError {
    /// The token's user is not let in; never where staff ask.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The address does not exist, is deleted, or is another user's; only where a buyer sends an order elsewhere.
    #[error("no such address")]
    UnknownAddress,
    /// A channel could not be asked, so that it may be paid, or does not allow the payment; nothing was changed.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// Its channel says that it is paid, and that could not be written down.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// It did not take effect: the ledger refuses it, or others were faster.
    #[error(transparent)]
    Transact(#[from] TransactError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OrderChangeError {
    /// Whether the attempts are to be looked at anew, for another one was opened meanwhile.
    pub(crate) fn is_other_attempt_open(&self) -> bool {
        matches!(self, Self::Transact(TransactError::Refused(Refusal::OtherAttemptOpen)))
    }
}

impl From<Refusal> for OrderChangeError {
    fn from(refusal: Refusal) -> Self {
        Self::Transact(refusal.into())
    }
}

impl From<NotAllowed> for OrderChangeError {
    fn from(refusal: NotAllowed) -> Self {
        Refusal::from(refusal).into()
    }
}
