//! The rules of the shop's orders, without I/O.
//!
//! Everything that decides about money, stock or a status is here and nowhere else: use cases ask these types,
//! adapters store what they say. Nothing in this crate waits, reads a clock or draws a random number; where a rule
//! needs the time or chance, the caller passes it in.

mod address;
mod allocation;
mod bill;
mod cart;
mod event;
mod freight;
mod ids;
mod money;
mod order;
mod order_number;
mod payment;
mod purchase;
mod quantity;
mod refund;
mod shipment;
mod sku;
mod status;
mod stock_move;
mod time;
mod watch;

pub use address::{Address, ShippingAddress};
pub use allocation::{Allocation, GroupAllocation, Refusal, StockDemand, allocate};
pub use bill::{BillEntry, BillEntryKind};
pub use cart::{Cart, CartLine, CartStamp};
pub use event::{Delivery, NewsId, OrderNews, OrderNewsKind};
pub use freight::FreightPolicy;
pub use ids::{AddressId, IdempotencyKey, InvalidOrderId, OrderId, SkuId, UserId, Username};
pub use money::{Money, MoneyError};
pub use order::{NewOrder, Order, OrderGoods, PayMethod, RequestDigest};
pub use order_number::OrderNumbers;
pub use payment::{
    Addressee, EvidenceSource, Merchant, NotForUs, Paid, PaymentRecord, PaymentStatus, Settlement, Trade,
    TradeStatus, decide_settlement,
};
pub use purchase::{
    AmountTooLarge, PricedLine, Purchase, PurchaseLine, Quote, Unavailable, UnavailableReason,
};
pub use quantity::{InvalidQuantity, Quantity, QuantityLimit};
pub use refund::{Refund, RefundAsk, RefundBooks, RefundKind, RefundRefusal, RefundStatus, ToldRefund};
pub use shipment::{InvalidShipment, Shipment};
pub use sku::{SaleAttribute, Sku};
pub use status::{
    Actor, Cause, NotAllowed, OrderEvent, OrderStatus, StatusChange, TimelineEntry, Transition,
};
pub use stock_move::{Restock, StockMove, StockMoveKind};
pub use time::{ShopDate, ShopTime};
pub use watch::back_off;
