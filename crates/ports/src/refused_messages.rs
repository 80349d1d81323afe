use async_trait::async_trait;
use domain::{RefusedMessage, ShopTime};

use crate::StoreError;

/// Verified messages of payment channels that can never be kept as what they are.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait RefusedMessages: Send + Sync {
    /// Keeps a message for people to look at, each of its texts as far as there is room.
    ///
    /// MUST keep the last [`REFUSED_MESSAGES_KEPT`] and no more.
    async fn keep_refused(&self, message: &RefusedMessage) -> Result<(), StoreError>;

    /// Forgets the messages that were received before that moment; how many they were.
    async fn forget_refused(&self, received_before: ShopTime) -> Result<u64, StoreError>;
}

/// How many refused messages are kept at most.
pub const REFUSED_MESSAGES_KEPT: u32 = 500;
