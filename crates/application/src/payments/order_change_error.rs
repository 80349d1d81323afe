use domain::ledger::Refusal;
use ports::{GatewayError, StoreError};

use crate::{SettleError, TransactError};

/// Why an order was not changed, where Alipay is asked before.
#[derive(Debug, thiserror::Error)]
pub enum OrderChangeError {
    /// Alipay could not be asked, so that it may be paid; nothing was changed.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// Alipay says that it is paid, and that could not be written down.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// It did not take effect: the ledger refuses it, or others were faster.
    #[error(transparent)]
    Transact(#[from] TransactError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refusal> for OrderChangeError {
    fn from(refusal: Refusal) -> Self {
        Self::Transact(refusal.into())
    }
}
