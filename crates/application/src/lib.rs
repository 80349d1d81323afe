//! The use cases of the shop: one file for each use case, one folder for each area.
//!
//! A use case decides through ports and the rules of `domain`. It knows nothing of JSON, SQL and HTTP. The `api` crate
//! matches its error type exhaustively to choose the error code of the response.

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
pub use order_service::{OrderError, OrderService, SettleError};
pub use ordering::*;
pub use pages::Page;
pub use payments::*;
pub use shop_rules::ShopRules;
pub use storefront::*;
