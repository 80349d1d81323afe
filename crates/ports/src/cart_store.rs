use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{Cart, CartLineChange, CartStamp, NewOrder, OrderId, SkuId, UserId};

use crate::BoxError;

/// The buyers' carts, in the old shop's format.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait CartStore: Send + Sync {
    /// What the user has put aside, in ascending order of SKU ids; empty where there is no cart.
    ///
    /// A line that cannot be read MUST be left out, with a warning in the log, and MUST NOT hide the others.
    async fn load(&self, user_id: UserId) -> Result<Cart, CartError>;

    /// The carts of several users, each as [`CartStore::load`] has it. A cart that cannot be read is missing in the
    /// answer, with an error in the log, and MUST NOT hide the others.
    ///
    /// MUST ask once, however many there are, where the carts are on one server.
    async fn load_many(&self, user_ids: &[UserId]) -> Result<BTreeMap<UserId, Cart>, CartError>;

    /// Takes ordered lines out of the carts, each only if its stamp is still the same; a line that changed
    /// meanwhile, or is gone, stays as it is and is no error. Checking and removing MUST be one atomic step. A cart that
    /// cannot be read has no such lines: it is logged, and MUST NOT keep the others from losing theirs.
    ///
    /// Answers those orders whose lines could not be removed, with an error in the log for each. It fails where none could.
    async fn remove_ordered(&self, removals: &[CartRemoval]) -> Result<Vec<OrderId>, CartError>;

    /// Writes lines in the old shop's format, byte for byte `{"count": 2, "selected": 1}`: all of them, or none and
    /// false where one is not any more as [`CartLineChange::was`] says. A line that cannot be read counts as one that
    /// is not there. Each SKU is named at most once. Comparing and writing MUST be one atomic step.
    async fn write(&self, user_id: UserId, changes: &[CartLineChange]) -> Result<bool, CartError>;

    /// Takes these lines out of the cart, whatever they say, in one atomic step; one that is not there is no error.
    async fn discard(&self, user_id: UserId, sku_ids: &[SkuId]) -> Result<(), CartError>;
}

/// The cart lines of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartRemoval {
    /// The order they were bought with.
    pub order_id: OrderId,
    /// Whose cart.
    pub user_id: UserId,
    /// Which lines, as they were when they were read.
    pub lines: Vec<(SkuId, CartStamp)>,
}

impl CartRemoval {
    /// What leaves the cart with a new order; `None` for a direct buy.
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
