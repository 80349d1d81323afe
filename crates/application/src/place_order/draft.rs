use std::sync::Arc;

use domain::{
    AddressId, CartStamp, IdempotencyKey, Money, NewOrder, Order, OrderId, Purchase, Quote, Refusal,
    RepeatGuard, RequestDigest, ShippingAddress, ShopTime, SkuId, UserId,
};
use ports::StoreError;

/// An order that waits to be placed: everything about it but its price, its stock and its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderDraft {
    /// Who orders.
    pub user_id: UserId,
    /// The entry of the address book it goes to.
    pub address_id: AddressId,
    /// What that entry says now.
    pub shipping: ShippingAddress,
    /// What is ordered.
    pub purchase: Purchase,
    /// The cart lines it consists of; empty for a direct buy.
    pub cart_lines: Vec<(SkuId, CartStamp)>,
    /// What the client believes it costs, freight included.
    pub expected_amount: Option<Money>,
    /// The key under which the request can be repeated, and what was requested.
    pub idempotency: Option<(IdempotencyKey, RequestDigest)>,
    /// What keeps a second click from becoming a second order.
    pub repeat_guard: Option<RepeatGuard>,
}

impl OrderDraft {
    /// The order that the draft becomes at this quote.
    pub(super) fn place(&self, id: OrderId, quote: Quote, now: ShopTime, expire_at: ShopTime) -> NewOrder {
        let order = Order::place(id, self.user_id, quote, self.shipping.clone(), now, expire_at);
        NewOrder {
            due_at: order.first_look(),
            order,
            address_id: self.address_id,
            cart_lines: self.cart_lines.clone(),
            idempotency: self.idempotency.clone(),
            repeat_guard: self.repeat_guard.clone(),
        }
    }
}

/// Why a draft did not become an order.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlacementError {
    /// It cannot be served with what the shop has.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The shop is too busy: the rows could not be had within the bounded tries, or too many orders are waiting.
    /// Nothing was written.
    #[error("the shop is too busy to place the order")]
    Busy,
    /// Another request under the same key got through first.
    #[error("another request under the same key got through first")]
    KeyInUse,
    /// Such an order was placed before, and has the guard.
    #[error("such an order was placed before")]
    Repeated,
    /// The database failed. With [`StoreError::OutcomeUnknown`] the order may exist nevertheless.
    #[error(transparent)]
    Store(Arc<StoreError>),
}

impl From<StoreError> for PlacementError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}
