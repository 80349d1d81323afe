use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{Cart, CartLineChange, CartStamp, NewOrder, OrderId, SkuId, UserId};

use crate::BoxError;

/// The buyers' carts, in the old shop's format.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait CartStore: Send + Sync {
    /// The user's cart, in ascending order of SKU ids; empty if there is no cart.
    ///
    /// A line that cannot be read MUST be left out, with a warning in the log, and MUST NOT hide the others.
    async fn load(&self, user_id: UserId) -> Result<Cart, CartError>;

    /// The carts of several users, each as [`CartStore::load`] returns it. A cart that cannot be read is missing in the
    /// answer, with an error in the log, and MUST NOT hide the others.
    ///
    /// If the carts are on one server, it MUST be one query for any number of users.
    async fn load_many(&self, user_ids: &[UserId]) -> Result<BTreeMap<UserId, Cart>, CartError>;

    /// Removes ordered lines from the carts, each only if its stamp is still the same. A line that changed meanwhile,
    /// or is gone, is left as it is and is no error. Checking and removing MUST be one atomic step. A cart that cannot
    /// be read is logged and skipped, and MUST NOT prevent the removal from other carts.
    ///
    /// Returns the orders whose lines could not be removed, with an error in the log for each. It fails if it could
    /// remove the lines of no order.
    async fn remove_ordered(&self, removals: &[CartRemoval]) -> Result<Vec<OrderId>, CartError>;

    /// Writes lines in the old shop's format, byte for byte `{"count": 2, "selected": 1}`. If a line is no longer as
    /// [`CartLineChange::was`] says, it writes none and returns `false`. A line that cannot be read counts as missing.
    /// Each SKU is named at most once. Comparing and writing MUST be one atomic step.
    async fn write(&self, user_id: UserId, changes: &[CartLineChange]) -> Result<bool, CartError>;

    /// Removes these lines from the cart, with any content, in one atomic step; a missing line is no error.
    async fn discard(&self, user_id: UserId, sku_ids: &[SkuId]) -> Result<(), CartError>;
}

/// The cart lines to remove for one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartRemoval {
    /// The order.
    pub order_id: OrderId,
    /// The owner of the cart.
    pub user_id: UserId,
    /// The lines, as they were when they were read.
    pub lines: Vec<(SkuId, CartStamp)>,
}

impl CartRemoval {
    /// The cart lines of a new order; `None` for a direct buy.
    pub fn of(new: &NewOrder) -> Option<Self> {
        (!new.cart_lines.is_empty()).then(|| Self {
            order_id: new.order.id.clone(),
            user_id: new.order.user_id,
            lines: new.cart_lines.clone(),
        })
    }
}

/// The carts cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the carts are not available")]
pub struct CartError(#[source] pub BoxError);
