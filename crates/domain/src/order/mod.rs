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

/// The shortest time that Alipay gives a buyer to pay; documentation of `time_expire`.
const SHORTEST_PAYMENT: Duration = Duration::from_secs(60);

/// An order as it was placed, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Its number.
    pub id: OrderId,
    /// Whose it is.
    pub user_id: UserId,
    /// Where it stands.
    pub status: OrderStatus,
    /// Pieces in all lines.
    pub total_count: u32,
    /// Goods and freight, less the discount: what Alipay charges.
    pub total_amount: Money,
    /// The freight within the total.
    pub freight: Money,
    /// By how much staff lowered the total: 优惠.
    pub discount: Money,
    /// How often its amount or its address was changed.
    pub amendments: u32,
    /// Where it goes: the address as it was when the order was placed, or when it was changed since.
    pub shipping: ShippingAddress,
    /// When it was placed.
    pub created_at: ShopTime,
    /// Until when it must be paid; none for orders that the old back end placed.
    pub expire_at: Option<ShopTime>,
    /// How it was sent; none before, and for orders that the old back end sent.
    pub shipment: Option<Shipment>,
    /// What of its payment went back to the buyer so far.
    pub refunded_amount: Money,
    /// What was bought, in the order of SKU ids.
    pub goods: Vec<OrderGoods>,
}

/// One line of an order, as it was when the order was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderGoods {
    /// Which SKU.
    pub sku_id: SkuId,
    /// Its name.
    pub name: String,
    /// Name of its picture.
    pub default_image_url: String,
    /// Price of one piece.
    pub price: Money,
    /// Pieces.
    pub quantity: Quantity,
    /// Its attributes.
    pub attributes: Vec<SaleAttribute>,
}

/// An order that is about to be written, and what must be written with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder {
    /// The order, in status 待付款.
    pub order: Order,
    /// The entry of the buyer's address book it goes to.
    pub address_id: crate::AddressId,
    /// When its timer goes off for the first time.
    pub due_at: Option<ShopTime>,
    /// The cart lines it consists of; they leave the cart with it. Empty for a direct buy.
    pub cart_lines: Vec<(SkuId, CartStamp)>,
    /// The key under which the client may repeat the request, with a digest of the request.
    pub idempotency: Option<(IdempotencyKey, RequestDigest)>,
    /// What keeps a second click from becoming a second order; `None` if the client has a key for that.
    pub repeat_guard: Option<RepeatGuard>,
    /// The trace of the request that asked for it, where it has one.
    pub trace: Option<TraceParent>,
}

/// A digest of what a client asked for, to tell a repeated request from another one under the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestDigest(pub String);

impl Order {
    /// A new, unpaid order of what was quoted.
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

    /// Goods and freight: what it cost when it was placed; the largest amount where stored rows exceed it.
    pub fn listed_amount(&self) -> Money {
        self.total_amount.checked_add(self.discount).unwrap_or(Money::MAX)
    }

    /// The pieces bought, ascending by SKU, each once: the old back end could write two lines of one SKU.
    pub fn stock(&self) -> Vec<Restock> {
        let held = |line: &OrderGoods| Restock { sku_id: line.sku_id, pieces: line.quantity.pieces() };
        by_sku(self.goods.iter().map(held))
    }

    /// Whether the buyer can begin to pay; false where the order is paid already, refused where it ended or is overdue.
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

    /// When a new order of a buyer is created whose latest one is of this time: later than that, also where the clock of the
    /// process that placed it is a little ahead, since by its time an order is seen to be newer than what was read before.
    pub fn creation_time(now: ShopTime, latest: Option<ShopTime>) -> ShopTime {
        let next = latest.map(|latest| latest.after(Duration::from_micros(1)));
        next.filter(|next| *next <= now.after(ShopTime::LARGEST_SKEW)).map_or(now, |next| next.max(now))
    }

    /// Whether both are one order, whatever became of it since; another process may have its number for another one.
    pub fn is_the_same_as(&self, other: &Self) -> bool {
        (&self.id, self.user_id, self.created_at) == (&other.id, other.user_id, other.created_at)
    }

    /// Whether the time to begin paying has passed: Alipay takes no deadline that is less than a minute ahead.
    pub fn is_overdue(&self, now: ShopTime) -> bool {
        self.expire_at.is_some_and(|expire_at| expire_at < now.after(SHORTEST_PAYMENT))
    }
}

impl OrderGoods {
    /// What the line costs: price times quantity; the largest amount where a stored row exceeds it.
    pub fn amount(&self) -> Money {
        self.price.checked_mul(self.quantity.pieces()).unwrap_or(Money::MAX)
    }
}

#[cfg(test)]
mod tests;
