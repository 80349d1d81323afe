use std::sync::Arc;

use domain::{
    Address, AddressId, Caller, CartStamp, IdempotencyKey, InvalidQuantity, Money, NewOrder, NotAdmitted,
    Order, OrderId, Purchase, Quote, Refusal, RepeatGuard, RequestDigest, ShopTime, SkuId, TraceParent,
    UserId,
};
use ports::{CartError, OrderClaim, StoreError};

use crate::CartCleaned;

/// A request that waits to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRequest {
    /// Who orders.
    pub caller: Caller,
    /// The address book entry that the order is sent to.
    pub address_id: AddressId,
    /// The ordered items.
    pub items: OrderItems,
    /// The amount that the client expects, freight included.
    pub expected_amount: Option<Money>,
    /// The idempotency key of the request, and the digest of its content.
    pub idempotency: Option<(IdempotencyKey, RequestDigest)>,
    /// Whether the order is guarded against a second click.
    pub is_guarded: bool,
    /// The trace of the request.
    pub trace: Option<TraceParent>,
}

/// The ordered items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderItems {
    /// The ticked lines of the cart.
    Cart,
    /// One SKU, without the cart.
    Direct {
        /// The SKU.
        sku_id: SkuId,
        /// The number of pieces, as the client sent it.
        quantity: i64,
    },
}

/// A request with everything that an order needs, except price, stock and number.
#[derive(Debug, Clone)]
pub(super) struct OrderDraft<'a> {
    pub(super) request: &'a BatchRequest,
    pub(super) user_id: UserId,
    pub(super) address: Address,
    pub(super) purchase: Purchase,
    /// The ordered cart lines; empty for a direct buy.
    pub(super) cart_lines: Vec<(SkuId, CartStamp)>,
    pub(super) latest_order_at: Option<ShopTime>,
    pub(super) repeat_guard: Option<RepeatGuard>,
}

impl OrderDraft<'_> {
    pub(super) fn is_of_cart(&self) -> bool {
        !self.cart_lines.is_empty()
    }

    pub(super) fn claim(&self) -> OrderClaim {
        OrderClaim {
            user_id: self.user_id,
            is_of_cart: self.is_of_cart(),
            latest_order_at: self.latest_order_at,
            key: self.request.idempotency.as_ref().map(|(key, _)| key.clone()),
            guard: self.repeat_guard.clone(),
        }
    }

    /// Makes the order from this draft and its quote.
    pub(super) fn place(&self, id: OrderId, quote: Quote, now: ShopTime, expire_at: ShopTime) -> NewOrder {
        let created_at = Order::creation_time(now, self.latest_order_at);
        let shipping = self.address.shipping.clone();
        let order = Order::place(id, self.user_id, quote, shipping, created_at, expire_at);
        NewOrder {
            due_at: order.first_look(),
            order,
            address_id: self.address.id,
            cart_lines: self.cart_lines.clone(),
            idempotency: self.request.idempotency.clone(),
            repeat_guard: self.repeat_guard.clone(),
            trace: self.request.trace.clone(),
        }
    }

    /// The outcome if this draft is not placed.
    pub(super) fn unplaced(&self, error: PlacementError) -> Unplaced {
        Unplaced { error, buyer: Some(self.user_id), guard: self.repeat_guard.clone() }
    }
}

/// An order that was placed.
#[derive(Debug, Clone)]
pub struct PlacedOrder {
    /// The order.
    pub order: Order,
    /// Whether this request placed the order; false if it existed before.
    pub is_new: bool,
    /// Completes when the order's lines have left the cart; `None` if they have left it already or there are none.
    pub cart: Option<CartCleaned>,
}

/// A request that did not become an order.
#[derive(Debug, Clone)]
pub struct Unplaced {
    /// The reason.
    pub error: PlacementError,
    /// The buyer, if known.
    pub buyer: Option<UserId>,
    /// The guard that the order would have had.
    pub guard: Option<RepeatGuard>,
}

/// The outcome of a request.
pub type Outcome = Result<PlacedOrder, Unplaced>;

impl From<PlacementError> for Unplaced {
    fn from(error: PlacementError) -> Self {
        Self { error, buyer: None, guard: None }
    }
}

/// Why a request did not become an order.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PlacementError {
    /// The user of the token is not admitted.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The address does not exist, is deleted, or belongs to another user.
    #[error("no such address")]
    UnknownAddress,
    /// Nothing in the cart is ticked.
    #[error("nothing is selected in the cart")]
    NothingSelected,
    /// A quantity is not allowed.
    #[error(transparent)]
    InvalidQuantity(#[from] InvalidQuantity),
    /// The order is refused, for example because the stock is too low or the amount has changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The shop is too busy: the rows were locked at every try, or too many orders are waiting. Nothing was written.
    #[error("the shop is too busy to place the order")]
    Busy,
    /// Another request with the same key was placed first.
    #[error("another request under the same key got through first")]
    KeyInUse,
    /// An earlier order has the guard.
    #[error("such an order was placed before")]
    Repeated,
    /// The carts failed; nothing was written.
    #[error(transparent)]
    Carts(Arc<CartError>),
    /// The database failed. With [`StoreError::OutcomeUnknown`] the order may exist nevertheless.
    #[error(transparent)]
    Store(Arc<StoreError>),
}

impl From<CartError> for PlacementError {
    fn from(error: CartError) -> Self {
        Self::Carts(Arc::new(error))
    }
}

impl From<StoreError> for PlacementError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}
