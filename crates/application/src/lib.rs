//! What the shop can do, one file a use case, one folder a field.
//!
//! A use case decides through ports and the rules of `domain`; it never sees JSON, SQL or HTTP. Its error type is one that
//! the `api` crate matches exhaustively to find the code that the contract answers.

mod admin;
mod fulfilment;
mod jobs;
mod ledger;
mod noticed;
mod order_service;
mod ordering;
mod pages;
mod payments;
mod retries;
mod shop_rules;
mod storefront;

pub use admin::*;
pub use fulfilment::OrderTimers;
pub use jobs::*;
pub use ledger::{Transact, TransactError, Transacted, count_from_zero};
pub use noticed::{in_request, trace};
pub use order_service::{OrderChangeError, OrderService, SettleError};
pub use ordering::*;
pub use pages::Page;
pub use payments::*;
pub use shop_rules::ShopRules;
pub use storefront::*;
