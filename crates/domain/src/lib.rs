//! The rules of the shop's orders, without I/O.
//!
//! Everything that decides about money, stock or a status is here and nowhere else: use cases ask these types,
//! adapters store what they say. Nothing in this crate waits, reads a clock or draws a random number; where a rule
//! needs the time or chance, the caller passes it in.

mod address;
mod address_book;
mod allocation;
mod bill;
mod caller;
mod cart;
mod cart_edit;
mod credentials;
mod ids;
pub mod ledger;
mod money;
mod number_range;
mod order;
mod order_event;
mod order_number;
mod payment;
mod pricing;
mod product;
mod purchase;
mod quantity;
mod reconciliation;
mod refund;
mod repeat_guard;
mod shipment;
mod sku;
mod status;
mod stock_move;
mod time;
mod unpaid;

pub use address::{Address, ShippingAddress};
pub use address_book::{
    AddressChange, AddressEdit, AddressEntries, AddressEntry, AddressField, AddressRefusal, InvalidField,
    Postcode,
};
pub use allocation::{Allocation, Allocator, Refusal, StockDemand};
pub use bill::{Bill, BillEntry, BillEntryKind, UnreadableLine};
pub use caller::{Caller, MarkKey, NotAdmitted, PasswordMark};
pub use cart::{Cart, CartLine, CartStamp};
pub use cart_edit::{CartEdit, CartLineChange, CartRefusal, OfflineLine};
pub use credentials::{Password, PasswordHash, StoredPassword};
pub use ids::{
    AddressId, AttributeId, AttributeValueId, CatalogId, IdempotencyKey, InvalidOrderId, OrderId, SkuId,
    SpuId, UserId, Username,
};
pub use ledger::{OrderLedger, back_off};
pub use money::{Money, MoneyError, MoneySum};
pub use number_range::NumberRange;
pub use order::{NewOrder, Order, OrderGoods, PayMethod, RequestDigest};
pub use order_event::{Delivery, EventId, OrderEvent, OrderEventKind, OutboxId};
pub use order_number::OrderNumbers;
pub use payment::{
    Addressee, EvidenceSource, Merchant, NotForUs, PaymentRecord, PaymentStatus, RefusedMessage, Trade,
    TradeStatus, UnkeptPayment, Unstorable,
};
pub use pricing::Pricing;
pub use product::{AttributeValue, Choice, Product, ProductAttribute, ProductSku, SkuCard};
pub use purchase::{
    AmountTooLarge, PricedLine, Purchase, PurchaseLine, Quote, Unavailable, UnavailableReason,
};
pub use quantity::{InvalidQuantity, Quantity, QuantityLimit};
pub use reconciliation::{DailyStatement, Difference, DifferenceKind, reconcile};
pub use refund::{Refund, RefundAsk, RefundKind, RefundStatus};
pub use repeat_guard::RepeatGuard;
pub use shipment::{InvalidShipment, Shipment};
pub use sku::{SaleAttribute, Sku};
pub use status::{Actor, Cause, NotAllowed, OrderStatus, StatusChange, TimelineEntry, Transition, Trigger};
pub use stock_move::{Restock, StockMove, StockMoveKind, returned_by_line};
pub use time::{ShopDate, ShopTime};
pub use unpaid::{UnpaidLimits, UnpaidOrders};
