//! SQLite, compiled into the program: the database of a shop without a database server.
//!
//! One connection writes, each transaction with `BEGIN IMMEDIATE`; a few others read. The write-ahead log lets them
//! read while it writes, and every commit is synced to the disk before it returns.

mod backup;
mod detached;
mod dialect;
#[path = "examine.rs"]
mod examination;
#[path = "../queries/mod.rs"]
mod queries;

use diesel::{SqliteConnection, sqlite::Sqlite};
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;

pub use backup::{BackupError, backup};
use detached::Detached;
pub(super) use queries::Database;

type Conn = SyncConnectionWrapper<SqliteConnection, Detached>;
type Backend = Sqlite;
