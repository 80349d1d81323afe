//! The ports: traits for everything that the use cases need from outside.
//!
//! Use cases (crate `application`) reach the database, the carts, the payment channels and the clock only through these
//! traits. Adapters (crate `adapters`) implement them and make no decisions. Each trait documents what its methods do,
//! which errors they return, and what an implementation MUST do. The feature `contract` has a suite for each trait that
//! checks it, and the feature `mock` has mocks for tests of the use cases.
//!
//! # To add a port
//! 1. A file with the trait, its error type, and documentation of effects, errors and MUSTs.
//! 2. A mock in `mock/`, a suite in `contract/`.
//! 3. The adapter, and a call of the suite for it.

mod address_book;
mod admin_orders;
mod audit_store;
mod cart_store;
mod catalog;
mod clock;
mod credentials;
mod daily_statements;
mod direct_buys;
mod idempotency_keys;
pub mod metric;
mod order_reader;
mod order_repo;
mod payment_channels;
mod payment_gateway;
mod personal_data;
mod placing;
mod refused_messages;
mod stock_repo;
mod store_error;
mod storefront_reader;
mod users;
mod webhook_endpoints;
mod webhook_queue;

#[cfg(feature = "contract")]
pub mod contract;
#[cfg(feature = "mock")]
pub mod mock;

pub use address_book::AddressBook;
pub use admin_orders::{
    AdminOrders, DayFigures, FoundOrder, OrderRecords, OrderSearch, ShippingListEntry, UnmatchedPayment,
};
pub use audit_store::{AuditSnapshot, AuditStore};
pub use cart_store::{CartError, CartRemoval, CartStore};
pub use catalog::Catalog;
pub use clock::{Clock, Randomness};
pub use credentials::{Credential, Credentials, PasswordError, Passwords};
pub use daily_statements::DailyStatements;
pub use direct_buys::{DirectBuy, DirectBuys};
pub use idempotency_keys::IdempotencyKeys;
pub use order_reader::{IdempotencyRecord, OrderListQuery, OrderReader};
pub use order_repo::{AppendError, Claimed, DueOrder, LockedOrder, OrderRepo};
pub use payment_channels::{PaymentChannel, PaymentChannels};
pub use payment_gateway::{
    CloseOutcome, GatewayError, NotVerified, PaymentGateway, PaymentRequest, RefundOutcome, RefundRequest,
    VerifiedNotification, VerifiedReturn,
};
pub use personal_data::{Anonymised, PersonalData};
pub use placing::{
    BegunPlacing, Buyer, BuyerQuery, CartRemovalMode, CartRemovalQueue, Obstacle, OrderClaim, PlacingOutcome,
    PlacingStore, PlacingTransaction,
};
pub use refused_messages::{REFUSED_MESSAGES_KEPT, RefusedMessages};
pub use stock_repo::{StockOutcome, StockRepo};
pub use store_error::{BoxError, StoreError};
pub use storefront_reader::{Section, StorefrontReader};
pub use users::{Destination, Users};
pub use webhook_endpoints::{AttemptQuery, LoggedAttempt, Pause, WebhookEndpoints};
pub use webhook_queue::{OutboxBacklog, Resend, Resent, WebhookEndpoint, WebhookError, WebhookQueue};
