use async_trait::async_trait;
use domain::{Quantity, ShopTime, SkuId, UserId};

use crate::StoreError;

/// The latest direct buy that each user previewed.
///
/// The old payment page does not send which SKU is bought directly, so the shop stores it.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait DirectBuys: Send + Sync {
    /// Stores the user's latest direct buy; it replaces any earlier one.
    async fn remember(&self, user_id: UserId, latest: DirectBuy) -> Result<(), StoreError>;

    /// Deletes the user's latest direct buy, if there is one.
    async fn forget(&self, user_id: UserId) -> Result<(), StoreError>;

    /// The user's latest direct buy, of any age.
    async fn latest(&self, user_id: UserId) -> Result<Option<DirectBuy>, StoreError>;
}

/// One SKU that a user is about to buy without the cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectBuy {
    /// The SKU.
    pub sku_id: SkuId,
    /// How many.
    pub quantity: Quantity,
    /// When it was previewed.
    pub previewed_at: ShopTime,
}
