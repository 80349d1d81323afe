//! Every query, written once against [`Conn`] and compiled for each engine.
//!
//! One file per port: its queries, and the port's implementation on [`Database`] or on a transaction.
//! The code that is specific to an engine is in `super::dialect` and `super::examination`.

mod address_book;
mod admin_orders;
mod amendments;
mod attempts;
mod audit;
mod backlogs;
mod cart_removals;
mod carts;
mod catalog;
mod columns;
mod credentials;
mod daily_statements;
mod database;
mod demo;
mod direct_buys;
mod examine;
mod idempotency;
mod lease;
mod ledger;
mod locking;
mod migrations;
mod order_reader;
mod orders;
mod outbox;
mod payments;
mod personal_data;
mod placing;
pub(super) mod prepared;
mod readable;
mod refunds;
mod refused_messages;
mod stock;
mod storefront_reader;
mod users;
mod webhook_distribution;
mod webhook_endpoints;
mod webhook_queue;
mod webhook_tables;
mod writable;

use super::{Backend, Conn, dialect, examination};

pub(in crate::sql) use database::Database;
pub(super) use database::Pools;
pub(super) use examine::words;
use lease::Lease;
