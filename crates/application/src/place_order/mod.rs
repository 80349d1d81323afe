//! 生成订单: takes stock and writes the order, all or nothing.
//!
//! The way of an order: [`PlaceOrder`] finds out what is to be ordered and hands a draft to the [`OrderDesk`]; a
//! writer of the desk takes all drafts that are waiting and places them as one group (`group`), in one transaction;
//! then the buyer is invited to pay.

mod desk;
mod draft;
mod group;
mod second_click;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    AddressId, Caller, CartStamp, IdempotencyKey, InvalidQuantity, Money, NotAdmitted, NotAllowed, Order,
    Purchase, RequestDigest, SkuId, UserId,
};
use ports::{
    AddressBook, CartError, CartStore, Clock, Destination, DirectBuys, GatewayError, OrderReader, StoreError,
    UnitsOfWork,
};

pub use desk::{DESK_PATIENCE, DeskSettings, OrderDesk};

pub use draft::{OrderDraft, PlacementError};
pub use group::{Placement, PlacementPorts};

use crate::{Cashier, ShopRules, StartedPayment};

/// For how long a previewed direct buy is remembered for a client that does not say what it buys.
const DIRECT_BUY_MEMORY: Duration = Duration::from_secs(30 * 60);

/// Places orders and invites to pay them.
pub struct PlaceOrder {
    /// Who may order, and where it can go.
    pub address_book: Arc<dyn AddressBook>,
    /// What the buyers put aside.
    pub carts: Arc<dyn CartStore>,
    /// What they previewed without the cart.
    pub direct_buys: Arc<dyn DirectBuys>,
    /// The orders, to find the one of a repeated request.
    pub orders: Arc<dyn OrderReader>,
    /// Where the mark of an order that was placed long ago is taken off.
    pub units: Arc<dyn UnitsOfWork>,
    /// Where orders are written.
    pub desk: OrderDesk,
    /// Where they are paid.
    pub cashier: Arc<Cashier>,
    /// How old a previewed direct buy is.
    pub clock: Arc<dyn Clock>,
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
    /// What.
    pub items: OrderItems,
    /// What the client believes it costs, freight included; the order is refused where that is not so.
    pub expected_amount: Option<Money>,
    /// Under this key the request can be repeated without ordering twice.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// What is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderItems {
    /// The ticked lines of the cart.
    Cart,
    /// One SKU, without the cart.
    Direct {
        /// Which.
        sku_id: SkuId,
        /// How many, as the client says.
        quantity: i64,
    },
    /// The direct buy that the user previewed last, if that was not long ago.
    LatestDirectBuy,
}

/// Why no order was placed, or why it cannot be paid at once.
#[derive(Debug, thiserror::Error)]
pub enum PlaceOrderError {
    /// The token's user is not let in.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The address does not exist, is deleted, or is another user's.
    #[error("no such address")]
    UnknownAddress,
    /// Nothing in the cart is ticked.
    #[error("nothing is selected in the cart")]
    NothingSelected,
    /// A direct buy without a SKU, and none was previewed lately.
    #[error("no SKU is named and none was previewed lately")]
    NoDirectBuy,
    /// A number of pieces is not allowed.
    #[error(transparent)]
    InvalidQuantity(#[from] InvalidQuantity),
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
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The carts failed; nothing was written.
    #[error(transparent)]
    Carts(#[from] CartError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PlaceOrder {
    /// Places the order and invites the buyer to pay it. The order of a repeated request may be paid by now.
    pub async fn execute(&self, request: PlaceOrderRequest) -> Result<StartedPayment, PlaceOrderError> {
        let destination = self.address_book.destination(&request.caller, request.address_id).await??;
        let user_id = destination.user_id;
        let key = request.idempotency_key.clone().map(|key| (key, digest(&request)));
        let order = match self.placed_before(user_id, key.as_ref()).await? {
            Some(order) => order,
            None if key.is_none() && !self.rules.double_click.is_zero() => {
                self.place_once(&request, destination).await?
            }
            None => match self.place_new(&request, destination, key.clone()).await {
                Ok(order) => order,
                // The first request under the key may have got through since we looked, and have emptied the cart or
                // taken the last piece.
                Err(error) => self.placed_before(user_id, key.as_ref()).await?.ok_or(error)?,
            },
        };
        if !order.is_payable(self.clock.now())? {
            return Ok(StartedPayment::AlreadyPaid { order_id: order.id, total_amount: order.total_amount });
        }
        Ok(StartedPayment::Invited(self.cashier.invite(&order).await?))
    }

    async fn place_new(
        &self,
        request: &PlaceOrderRequest,
        destination: Destination,
        idempotency: Option<(IdempotencyKey, RequestDigest)>,
    ) -> Result<Order, PlaceOrderError> {
        let draft = self.draft(request, &destination, idempotency).await?;
        Ok(self.desk.place(draft).await?)
    }

    async fn draft(
        &self,
        request: &PlaceOrderRequest,
        Destination { user_id, address }: &Destination,
        idempotency: Option<(IdempotencyKey, RequestDigest)>,
    ) -> Result<OrderDraft, PlaceOrderError> {
        let address = address.as_ref().ok_or(PlaceOrderError::UnknownAddress)?;
        let (purchase, cart_lines) = self.items(*user_id, request.items).await?;
        Ok(OrderDraft {
            user_id: *user_id,
            address_id: address.id,
            shipping: address.shipping.clone(),
            purchase,
            cart_lines,
            expected_amount: request.expected_amount,
            idempotency,
            repeat_guard: None,
        })
    }

    async fn placed_before(
        &self,
        user_id: UserId,
        key: Option<&(IdempotencyKey, RequestDigest)>,
    ) -> Result<Option<Order>, PlaceOrderError> {
        let Some((key, digest)) = key else { return Ok(None) };
        let Some(record) = self.orders.find_by_key(user_id, key).await? else { return Ok(None) };
        if record.digest != *digest {
            return Err(PlaceOrderError::KeyReused);
        }
        Ok(self.orders.find(&record.order_id).await?)
    }

    async fn items(
        &self,
        user_id: UserId,
        items: OrderItems,
    ) -> Result<(Purchase, Vec<(SkuId, CartStamp)>), PlaceOrderError> {
        match items {
            OrderItems::Cart => self.ticked_lines(user_id).await,
            OrderItems::Direct { sku_id, quantity } => {
                let quantity = self.rules.quantity_limit.quantity(quantity)?;
                Ok((Purchase::of_one(sku_id, quantity), Vec::new()))
            }
            OrderItems::LatestDirectBuy => {
                let latest = self.direct_buys.latest(user_id).await?;
                let now = self.clock.now();
                let latest = latest
                    .filter(|latest| now.since(latest.previewed_at) < DIRECT_BUY_MEMORY)
                    .ok_or(PlaceOrderError::NoDirectBuy)?;
                Ok((Purchase::of_one(latest.sku_id, latest.quantity), Vec::new()))
            }
        }
    }

    async fn ticked_lines(
        &self,
        user_id: UserId,
    ) -> Result<(Purchase, Vec<(SkuId, CartStamp)>), PlaceOrderError> {
        let cart = self.carts.load(user_id).await?.without(&self.orders.ordered_lines(user_id).await?);
        let quantity = |count| self.rules.quantity_limit.quantity(count);
        let lines = cart
            .selected()
            .map(|line| Ok((line.sku_id, quantity(line.count)?)))
            .collect::<Result<BTreeMap<_, _>, InvalidQuantity>>()?;
        let stamps = cart.selected().map(|line| (line.sku_id, line.stamp.clone())).collect();
        Ok((Purchase::new(lines).ok_or(PlaceOrderError::NothingSelected)?, stamps))
    }
}

/// The request as the client made it: what must be the same for a key to be repeated.
fn digest(request: &PlaceOrderRequest) -> RequestDigest {
    let items = match request.items {
        OrderItems::Cart => "cart".to_owned(),
        OrderItems::Direct { sku_id, quantity } => format!("sku={sku_id}*{quantity}"),
        OrderItems::LatestDirectBuy => "latest".to_owned(),
    };
    let expected = request.expected_amount.map(|amount| amount.to_string()).unwrap_or_default();
    RequestDigest(format!("address={} {items} expected={expected}", request.address_id))
}
