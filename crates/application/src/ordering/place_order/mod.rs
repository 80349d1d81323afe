//! 生成订单: takes stock and writes the order, all or nothing.
//!
//! The way of an order: [`PlaceOrder`] hands the request to the [`OrderBatcher`]; a writer of the batcher takes all requests
//! that are waiting, asks for their buyers and carts together (`prepare`), and places them as one group in one
//! transaction (`group`); then each buyer is invited to pay, while the ordered lines leave the carts.

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

use crate::{OrderChangeError, OrderService, PaymentWish, ShopRules, StartedPayment, TransactError};

/// A group that takes so long waits for rows that others hold. A writer takes the next group beside it, since who wants none
/// of those rows shall not wait for that; and its members are not tried together again.
const STALLED_AFTER: Duration = Duration::from_millis(500);
/// How long the answer to an order waits for the ordered lines to leave the cart. They leave it in any case; mostly they
/// have before the payment is signed.
const CART_PATIENCE: Duration = Duration::from_millis(100);
/// For how long a previewed direct buy is remembered for a client that does not say what it buys.
const DIRECT_BUY_MEMORY: Duration = Duration::from_secs(30 * 60);

/// Places orders and invites to pay them.
pub struct PlaceOrder {
    /// What the buyers previewed without the cart.
    pub direct_buys: Arc<dyn DirectBuys>,
    /// Where the guard of an order that was placed long ago is taken off.
    pub store: Arc<dyn PlacingStore>,
    /// Where requests are placed.
    pub batcher: OrderBatcher,
    /// Where orders are paid, and the one of a repeated request is found.
    pub service: Arc<OrderService>,
    /// Limits.
    pub rules: ShopRules,
}

/// What a buyer orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceOrderRequest {
    /// Who.
    pub caller: Caller,
    /// Where it goes.
    pub address_id: AddressId,
    /// What; `None` for the direct buy that the buyer previewed last, if that was not long ago.
    pub items: Option<OrderItems>,
    /// What the client believes it costs, freight included; the order is refused where that is not so.
    pub expected_amount: Option<Money>,
    /// Where the buyer is to pay.
    pub channel: Channel,
    /// By which product of the channel.
    pub product: PaymentProduct,
    /// Under this key the request can be repeated without ordering twice.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// Why no order was placed, or why it cannot be paid at once.
#[derive(Debug, thiserror::Error)]
pub enum PlaceOrderError {
    /// A direct buy without a SKU, and none was previewed lately.
    #[error("no SKU is named and none was previewed lately")]
    NoDirectBuy,
    /// The key was used with another request.
    #[error("the idempotency key was used with another request")]
    KeyReused,
    /// The order of the first request under the key can no longer be paid.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// It was not placed.
    #[error(transparent)]
    Placement(#[from] PlacementError),
    /// The order is placed; only the URL to pay it could not be made.
    #[error("order {order_id} is placed, and cannot be paid at the moment")]
    Unsigned {
        /// The order, which can be paid later.
        order_id: OrderId,
        /// What it costs.
        total_amount: Money,
        /// Why there is no URL.
        #[source]
        cause: OrderChangeError,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PlaceOrder {
    /// Places the order and invites the buyer to pay it. The order of a repeated request may be paid by now.
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
            Err(OrderChangeError::Transact(TransactError::Refused(Refusal::NotAllowed(refusal)))) => {
                Err(refusal.into())
            }
            Err(cause) => {
                Err(PlaceOrderError::Unsigned { order_id: order.id, total_amount: order.total_amount, cause })
            }
        }
    }

    /// Places the order, or finds the one that this request, or the first of two clicks, became before.
    async fn place(&self, request: &PlaceOrderRequest) -> Result<PlacedOrder, PlaceOrderError> {
        let key = request.idempotency_key.clone().map(|key| (key, digest(request)));
        let items = match request.items {
            Some(items) => items,
            None => {
                let destination = self.service.users.destination(&request.caller, request.address_id).await?;
                let destination = destination.map_err(PlacementError::NotAdmitted)?;
                // Before the preview, which may be old.
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
        // The first request under the key may have got through, and have emptied the cart or taken the last piece.
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

    /// What the buyer previewed last.
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

/// The order of an earlier request may be there and cannot be looked up: a client that is told that nothing was placed orders
/// anew.
fn may_be_there(error: StoreError) -> PlaceOrderError {
    PlacementError::from(StoreError::OutcomeUnknown(error.into())).into()
}

/// An order that was there already.
fn found(order: Order) -> PlacedOrder {
    PlacedOrder { order, is_new: false, cart: None }
}

/// The request as the client made it: what must be the same for a key to be repeated.
fn digest(request: &PlaceOrderRequest) -> RequestDigest {
    let items = match request.items {
        Some(OrderItems::Cart) => "cart".to_owned(),
        Some(OrderItems::Direct { sku_id, quantity }) => format!("sku={sku_id}*{quantity}"),
        None => "latest".to_owned(),
    };
    let expected = request.expected_amount.map(|amount| amount.to_string()).unwrap_or_default();
    RequestDigest(format!("address={} {items} expected={expected}", request.address_id))
}
