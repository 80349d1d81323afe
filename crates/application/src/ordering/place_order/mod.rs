//! 生成订单: takes stock and writes the order, all or nothing.
//!
//! The path of an order: [`PlaceOrder`] passes the request to the [`OrderBatcher`]. A writer of the batcher takes all
//! waiting requests, loads their buyers and carts together (`prepare`), and places them as one group in one transaction
//! (`group`). Then each buyer gets a payment URL, while the ordered lines are removed from the carts.

mod batcher;
mod clean_carts;
mod draft;
mod group;
mod prepare;
mod second_click;

use std::{sync::Arc, time::Duration};

use domain::{
    AddressId, Caller, Channel, IdempotencyKey, Money, NotAllowed, Order, OrderId, PaymentProduct,
    RequestDigest, UserId, ledger::Refusal,
};
use ports::{DirectBuys, PlacingStore, StoreError};

pub use batcher::{BATCHER_PATIENCE, BatcherQueue, BatcherSettings, OrderBatcher};
pub use clean_carts::{CartCleaned, CartCleaner};
pub use draft::{BatchRequest, OrderItems, Outcome, PlacedOrder, PlacementError, Unplaced};
pub use group::{Placement, PlacementPorts};

use crate::{OrderError, OrderService, PaymentWish, ShopRules, StartedPayment, TransactError};

/// A group that takes longer than this waits for locked rows. Its writer then starts the next group, because requests for
/// other rows must not wait; and the members of the slow group are not tried together again.
const STALLED_AFTER: Duration = Duration::from_millis(500);
/// How long the response waits for the ordered lines to leave the cart. They leave it in any case, mostly before the payment
/// URL is signed.
const CART_PATIENCE: Duration = Duration::from_millis(100);
/// How long a previewed direct buy is remembered, for clients that name no SKU.
const DIRECT_BUY_MEMORY: Duration = Duration::from_secs(30 * 60);

/// Places orders and starts their payments.
pub struct PlaceOrder {
    /// Remembers the direct buys that buyers previewed.
    pub direct_buys: Arc<dyn DirectBuys>,
    /// Removes the guard from orders that were placed long ago.
    pub store: Arc<dyn PlacingStore>,
    /// Places the requests.
    pub batcher: OrderBatcher,
    /// Starts payments, and finds the order of a repeated request.
    pub service: Arc<OrderService>,
    /// The shop's limits.
    pub rules: ShopRules,
}

/// A buyer's request to place an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceOrderRequest {
    /// The buyer.
    pub caller: Caller,
    /// The address book entry that the order is sent to.
    pub address_id: AddressId,
    /// The items; `None` for the direct buy that the buyer previewed last, if that was recent.
    pub items: Option<OrderItems>,
    /// The amount that the client expects, freight included; an order with another amount is refused.
    pub expected_amount: Option<Money>,
    /// The payment channel.
    pub channel: Channel,
    /// The payment product of the channel.
    pub product: PaymentProduct,
    /// The key with which the request can be repeated without a second order.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// Why no order was placed, or why the order cannot be paid at once.
#[derive(Debug, thiserror::Error)]
pub enum PlaceOrderError {
    /// The request names no SKU, and the buyer has not previewed a direct buy recently.
    #[error("no SKU is named and none was previewed lately")]
    NoDirectBuy,
    /// The key was used with a different request.
    #[error("the idempotency key was used with another request")]
    KeyReused,
    /// The order of the first request with the key can no longer be paid.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The order was not placed.
    #[error(transparent)]
    Placement(#[from] PlacementError),
    /// The order is placed, but its payment URL could not be made.
    #[error("order {order_id} is placed, and cannot be paid at the moment")]
    Unsigned {
        /// The order; it can be paid later.
        order_id: OrderId,
        /// The order's amount.
        total_amount: Money,
        /// Why there is no URL.
        #[source]
        cause: OrderError,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PlaceOrder {
    /// Places the order and starts its payment. The order of a repeated request may already be paid.
    #[tracing::instrument(level = "debug", name = "place_order", skip_all)]
    pub async fn execute(&self, request: PlaceOrderRequest) -> Result<StartedPayment, PlaceOrderError> {
        let PlacedOrder { order, is_new, cart } = self.place(&request).await?;
        crate::noticed::buyer(order.user_id);
        let (channel, product) = (request.channel, request.product);
        let invited = if is_new {
            self.service.invite_first(&order, channel, product).await
        } else {
            self.service
                .invite(order.clone(), PaymentWish { channel, product, ..PaymentWish::default() })
                .await
        };
        if let Some(cart) = cart {
            cart.wait(CART_PATIENCE).await;
        }
        match invited {
            Ok(started) => Ok(started),
            Err(OrderError::Transact(TransactError::Refused(Refusal::NotAllowed(refusal)))) => {
                Err(refusal.into())
            }
            Err(cause) => {
                Err(PlaceOrderError::Unsigned { order_id: order.id, total_amount: order.total_amount, cause })
            }
        }
    }

    /// Places the order, or finds the order that an earlier request with the key, or the first of two clicks, has placed.
    async fn place(&self, request: &PlaceOrderRequest) -> Result<PlacedOrder, PlaceOrderError> {
        let key = request.idempotency_key.clone().map(|key| (key, digest(request)));
        let items = match request.items {
            Some(items) => items,
            None => {
                let destination = self.service.users.destination(&request.caller, request.address_id).await?;
                let destination = destination.map_err(PlacementError::NotAdmitted)?;
                // Before the remembered direct buy is read: it may have expired since the first request.
                if let Some(key) = &key
                    && let Some(order) = self.placed_before(destination.user_id, key).await?
                {
                    return Ok(found(order));
                }
                destination.address.ok_or(PlacementError::UnknownAddress)?;
                self.latest_direct_buy(destination.user_id).await?
            }
        };
        let batch_request = BatchRequest {
            caller: request.caller.clone(),
            address_id: request.address_id,
            items,
            expected_amount: request.expected_amount,
            is_guarded: key.is_none() && !self.rules.double_click.is_zero(),
            idempotency: key,
            trace: crate::noticed::trace(),
        };
        if batch_request.is_guarded {
            return self.place_once(batch_request).await;
        }
        let unplaced = match self.batcher.place(batch_request.clone()).await {
            Ok(placed) => return Ok(placed),
            Err(unplaced) => unplaced,
        };
        unplaced.buyer.map(crate::noticed::buyer);
        // The first request with the key may have succeeded, and have emptied the cart or taken the last piece.
        let (Some(user_id), Some(key)) = (unplaced.buyer, &batch_request.idempotency) else {
            return Err(unplaced.error.into());
        };
        match self.placed_before(user_id, key).await {
            Ok(Some(order)) => Ok(found(order)),
            Ok(None) => Err(unplaced.error.into()),
            Err(PlaceOrderError::Store(error)) => Err(may_be_there(error)),
            Err(refusal) => Err(refusal),
        }
    }

    async fn placed_before(
        &self,
        user_id: UserId,
        (key, digest): &(IdempotencyKey, RequestDigest),
    ) -> Result<Option<Order>, PlaceOrderError> {
        let Some(record) = self.service.orders.find_by_key(user_id, key).await? else { return Ok(None) };
        if record.digest != *digest {
            return Err(PlaceOrderError::KeyReused);
        }
        Ok(self.service.orders.find(&record.order_id).await?)
    }

    /// The direct buy that the buyer previewed last.
    async fn latest_direct_buy(&self, user_id: UserId) -> Result<OrderItems, PlaceOrderError> {
        let latest = self.direct_buys.latest(user_id).await?;
        let now = self.service.now();
        let latest = latest
            .filter(|latest| latest.previewed_at.was_within(DIRECT_BUY_MEMORY, now))
            .ok_or(PlaceOrderError::NoDirectBuy)?;
        let quantity = latest.quantity.pieces().into();
        Ok(OrderItems::Direct { sku_id: latest.sku_id, quantity })
    }
}

/// The order of an earlier request may exist, but the lookup failed. If the response said "not placed", the client would
/// order again.
fn may_be_there(error: StoreError) -> PlaceOrderError {
    PlacementError::from(StoreError::OutcomeUnknown(error.into())).into()
}

/// The outcome for an order that existed already.
fn found(order: Order) -> PlacedOrder {
    PlacedOrder { order, is_new: false, cart: None }
}

/// The content of the request. It must be the same in each request with the same key.
fn digest(request: &PlaceOrderRequest) -> RequestDigest {
    let items = match request.items {
        Some(OrderItems::Cart) => "cart".to_owned(),
        Some(OrderItems::Direct { sku_id, quantity }) => format!("sku={sku_id}*{quantity}"),
        None => "latest".to_owned(),
    };
    let expected = request.expected_amount.map(|amount| amount.to_string()).unwrap_or_default();
    RequestDigest(format!("address={} {items} expected={expected}", request.address_id))
}
