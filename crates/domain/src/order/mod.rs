mod amendment;
mod event;
mod number;
mod number_range;
mod repeat_guard;
mod shipment;
mod status;
mod timeline;
mod trace;
mod webhook;

pub use amendment::Amendment;
pub use event::{Delivery, EventId, OrderEvent, OrderEventKind, OutboxId};
pub use number::OrderNumbers;
pub use number_range::NumberRange;
pub use repeat_guard::RepeatGuard;
pub use shipment::{InvalidShipment, Shipment};
pub use status::{Actor, Cause, NotAllowed, OrderStatus, StatusChange, Transition, Trigger};
pub use timeline::TimelineEntry;
pub use trace::TraceParent;
pub use webhook::{
    AttemptOutcome, DeliveryAttempt, EndpointName, EndpointState, EventFilter, InvalidEndpointName,
    failing_since,
};

use std::time::Duration;

use crate::{
    CartStamp, IdempotencyKey, Money, OrderId, PricedLine, Quantity, Quote, Restock, SaleAttribute,
    ShippingAddress, ShopTime, SkuId, UserId, by_sku,
};

/// The shortest time to pay that Alipay accepts; source: Alipay's documentation of `time_expire`.
const SHORTEST_PAYMENT: Duration = Duration::from_secs(60);

/// An order as it was placed, with its changes since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its number.
    pub id: OrderId,
    /// The buyer.
    pub user_id: UserId,
    /// Its status.
    pub status: OrderStatus,
    /// The number of pieces in all lines.
    pub total_count: u32,
    /// Goods plus freight less discount: what the channel charges.
    pub total_amount: Money,
    /// The freight within the total.
    pub freight: Money,
    /// By how much staff lowered the amount: 优惠.
    pub discount: Money,
    /// How often its amount and its address were changed.
    pub amendments: u32,
    /// The delivery address, as it was when the order was placed or its address was last changed.
    pub shipping: ShippingAddress,
    /// When it was placed.
    pub created_at: ShopTime,
    /// The payment deadline; `None` for orders that the old back end placed.
    pub expire_at: Option<ShopTime>,
    /// The shipment; `None` before, and for orders that the old back end shipped.
    pub shipment: Option<Shipment>,
    /// How much of its payment was refunded so far.
    pub refunded_amount: Money,
    /// Its lines, in the order of SKU ids.
    pub goods: Vec<OrderGoods>,
}

/// One line of an order, as it was when the order was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderGoods {
    /// The SKU.
    pub sku_id: SkuId,
    /// Its name.
    pub name: String,
    /// Name of its picture.
    pub default_image_url: String,
    /// Price of one piece.
    pub price: Money,
    /// The number of pieces.
    pub quantity: Quantity,
    /// Its attributes.
    pub attributes: Vec<SaleAttribute>,
}

/// A new order, and what is written together with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// The order, in status 待付款.
    pub order: Order,
    /// The entry of the buyer's address book with its delivery address.
    pub address_id: crate::AddressId,
    /// When its timer goes off for the first time.
    pub due_at: Option<ShopTime>,
    /// The cart lines that it consists of and that leave the cart with it. Empty for a direct buy.
    pub cart_lines: Vec<(SkuId, CartStamp)>,
    /// The key under which the client may repeat the request, with a digest of the request.
    pub idempotency: Option<(IdempotencyKey, RequestDigest)>,
    /// Keeps a second click from becoming a second order; `None` if the client sent an idempotency key.
    pub repeat_guard: Option<RepeatGuard>,
    /// The trace of the request that placed it, if there is one.
    pub trace: Option<TraceParent>,
}

/// A digest of a client's request. It distinguishes a repeated request from another request with the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestDigest(pub String);

impl Order {
    /// A new, unpaid order of the quoted lines.
    pub fn place(
        id: OrderId,
        user_id: UserId,
        quote: Quote,
        shipping: ShippingAddress,
        created_at: ShopTime,
        expire_at: ShopTime,
    ) -> Self {
        let goods = quote.lines.into_iter().map(|PricedLine { sku, quantity, .. }| OrderGoods {
            sku_id: sku.id,
            name: sku.name,
            default_image_url: sku.default_image_url,
            price: sku.price,
            quantity,
            attributes: sku.attributes,
        });
        Self {
            id,
            user_id,
            status: OrderStatus::AwaitingPayment,
            total_count: quote.total_count,
            total_amount: quote.payment_amount,
            freight: quote.freight,
            discount: Money::ZERO,
            amendments: 0,
            shipping,
            created_at,
            expire_at: Some(expire_at),
            shipment: None,
            refunded_amount: Money::ZERO,
            goods: goods.collect(),
        }
    }

    /// Goods and freight, the amount when the order was placed; at most [`Money::MAX`], which stored rows may exceed.
    pub fn listed_amount(&self) -> Money {
        self.total_amount.checked_add(self.discount).unwrap_or(Money::MAX)
    }

    /// The bought pieces, each SKU once, in ascending order. The old back end could write two lines of one SKU.
    pub fn stock(&self) -> Vec<Restock> {
        let held = |line: &OrderGoods| Restock { sku_id: line.sku_id, pieces: line.quantity.pieces() };
        by_sku(self.goods.iter().map(held))
    }

    /// Whether the buyer can begin to pay; `false` if the order is paid already. Refused if it has ended or is overdue.
    pub fn is_payable(&self, now: ShopTime) -> Result<bool, NotAllowed> {
        if self.status.is_paid() {
            return Ok(false);
        }
        self.status.on(Trigger::Paid)?;
        if self.is_overdue(now) {
            return Err(NotAllowed { status: self.status, trigger: Trigger::Paid });
        }
        Ok(true)
    }

    /// The creation time of a new order whose buyer placed the previous one at `latest`. It is later than `latest`,
    /// even if the clock of the process that placed the previous order is a little ahead, because creation times show
    /// which order is newer.
    pub fn creation_time(now: ShopTime, latest: Option<ShopTime>) -> ShopTime {
        let next = latest.map(|latest| latest.after(Duration::from_micros(1)));
        next.filter(|next| *next <= now.after(ShopTime::LARGEST_SKEW)).map_or(now, |next| next.max(now))
    }

    /// Whether both are the same order, even if it changed since. Another process may use its number for another order.
    pub fn is_the_same_as(&self, other: &Self) -> bool {
        (&self.id, self.user_id, self.created_at) == (&other.id, other.user_id, other.created_at)
    }

    /// Whether it is too late to begin to pay: Alipay accepts no deadline that is less than a minute ahead.
    pub fn is_overdue(&self, now: ShopTime) -> bool {
        self.expire_at.is_some_and(|expire_at| expire_at < now.after(SHORTEST_PAYMENT))
    }
}

impl OrderGoods {
    /// Price times quantity; at most [`Money::MAX`], which a stored row may exceed.
    pub fn amount(&self) -> Money {
        self.price.checked_mul(self.quantity.pieces()).unwrap_or(Money::MAX)
    }
}

#[cfg(test)]
mod tests;
