//! The shop's database: MySQL (or MariaDB), which the old shop has, and SQLite for a shop that has none.
//!
//! # How two engines share one set of queries
//! `queries/` is written once, against `super::Conn`, and compiled once for each engine: `mysql/mod.rs` and
//! `sqlite/mod.rs` both declare it as their module. diesel checks each query against each engine's types. What the
//! engines do differently is in their `dialect.rs`: opening connections, locking rows, inserting many rows, telling
//! errors apart.

mod config;
pub mod demo;
mod facts;
mod failure;
mod kept_lines;
mod metrics;
mod migration;
mod mysql;
mod obstacle;
mod schema;
mod sqlite;
mod store;
mod types;

pub use config::{CartsIn, ConnectError, EventSink, MysqlTls, SqlConfig};
pub use facts::{DatabaseFacts, unsafe_engine};
pub use metrics::{Backlog, PoolUse};
pub use migration::SchemaState;
pub use obstacle::{NotWritable, Obstacle};
pub use sqlite::{BackupError, backup};
pub use store::{SqlStore, check, connect};
