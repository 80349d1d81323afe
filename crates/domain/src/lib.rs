//! The rules of the shop's orders, without I/O.
//!
//! All decisions about money, stock and statuses are made here: use cases ask these types, adapters store their
//! answers. Nothing in this crate waits, reads a clock or draws a random number; if a rule needs the time or a random
//! number, the caller passes it in.

#[macro_use]
mod words;

mod account;
pub mod audit;
mod back_off;
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

pub use account::*;
pub use back_off::back_off;
pub use cart::*;
pub use catalog::*;
pub use ids::*;
pub use ledger::OrderLedger;
pub use money::*;
pub use order::*;
pub use payment::*;
pub use pricing::*;
pub use reconciliation::*;
pub use stock::*;
pub use time::*;
