//! The shop's database: MySQL (or MariaDB), which the old shop uses, and SQLite for a shop without a database server.
//!
//! # How two engines share one set of queries
//! `queries/` is written once, against `super::Conn`, and compiled once for each engine: `mysql/mod.rs` and
//! `sqlite/mod.rs` both declare it as their module. diesel checks each query against each engine's types. The
//! differences between the engines are in their `dialect.rs`: opening connections, locking rows, inserting many rows,
//! classifying errors.

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
