//! The rules of the shop's orders, without I/O.
//!
//! Everything that decides about money, stock or a status is here and nowhere else: use cases ask these types,
//! adapters store what they say. Nothing in this crate waits, reads a clock or draws a random number; where a rule
//! needs the time or chance, the caller passes it in.

#[macro_use]
mod words;

mod account;
pub mod audit;
mod cart;
mod catalog;
mod hex;
mod ids;
pub mod ledger;
mod money;
mod order;
mod payment;
mod pricing;
mod reconciliation;
mod stock;
mod time;

pub use account::{
    ANONYMOUS, Address, AddressChange, AddressEdit, AddressEntries, AddressEntry, AddressField,
    AddressRefusal, Caller, InvalidField, MarkKey, NotAdmitted, Password, PasswordHash, PasswordMark,
    Postcode, ShippingAddress, StoredPassword,
};
pub use cart::{Cart, CartEdit, CartLine, CartLineChange, CartRefusal, CartStamp, OfflineLine};
pub use catalog::{
    AttributeValue, Choice, Product, ProductAttribute, ProductSku, SaleAttribute, Sku, SkuCard,
};
pub use ids::{
    AddressId, AttributeId, AttributeValueId, CatalogId, IdempotencyKey, InvalidOrderId, OrderId, SkuId,
    SpuId, UserId, Username,
};
pub use ledger::{OrderLedger, back_off};
pub use money::{Money, MoneyError, MoneySum};
pub use order::{
    Actor, Amendment, AttemptOutcome, Cause, Delivery, DeliveryAttempt, EndpointName, EndpointState,
    EventFilter, EventId, InvalidEndpointName, InvalidShipment, NewOrder, NotAllowed, NumberRange, Order,
    OrderEvent, OrderEventKind, OrderGoods, OrderNumbers, OrderStatus, OutboxId, RepeatGuard, RequestDigest,
    Shipment, StatusChange, TimelineEntry, TraceParent, Transition, Trigger, failing_since,
};
pub use payment::{
    Addressee, AttemptState, Channel, EndedAttempt, EvidenceSource, Merchant, NotForUs, PaymentAttempt,
    PaymentProduct, PaymentRecord, PaymentStatus, Refund, RefundAsk, RefundDue, RefundKind, RefundStatus,
    RefusedMessage, Trade, TradeKey, TradeStatus, Unstorable, order_number,
};
pub use pricing::{
    AmountTooLarge, InvalidQuantity, PricedLine, Pricing, Purchase, PurchaseLine, Quantity, QuantityLimit,
    Quote, Unavailable, UnavailableReason,
};
pub use reconciliation::{
    Bill, BillEntry, DailyStatement, Difference, DifferenceKind, UnreadableLine, reconcile,
};
pub use stock::{
    Allocation, Allocator, Refusal, Restock, StockDemand, StockMove, StockMoveKind, UnpaidLimits,
    UnpaidOrders, returned_by_line,
};
pub use time::{ShopDate, ShopTime};
