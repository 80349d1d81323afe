use async_trait::async_trait;
use domain::{RefusedMessage, ShopTime};

use crate::StoreError;

/// Verified messages of payment channels that can never be recorded as trades.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RefusedMessages: Send + Sync {
    /// Stores a message for staff; texts that are too long are cut.
    ///
    /// MUST keep the last [`REFUSED_MESSAGES_KEPT`] and no more.
    async fn keep_refused(&self, message: &RefusedMessage) -> Result<(), StoreError>;

    /// Deletes the messages that were received before `received_before`; returns how many.
    async fn forget_refused(&self, received_before: ShopTime) -> Result<u64, StoreError>;
}

/// The most refused messages that are kept.
pub const REFUSED_MESSAGES_KEPT: u32 = 500;
