//! MySQL, MariaDB, and clusters that speak their protocol.
//!
//! Transactions run at READ COMMITTED. Every write has its own condition, so no write relies on a snapshot. A statement
//! that waited for a lock sees the result of the other transaction. And there are no gap locks, at which orders that
//! are written at the same time would deadlock.

mod connecting;
mod dialect;
#[path = "examine.rs"]
mod examination;
mod faults;
mod given_up;
#[path = "../queries/mod.rs"]
#[expect(clippy::duplicate_mod, reason = "compiled once for each engine: see the documentation of `sql`")]
mod queries;

use diesel::mysql::Mysql;
use diesel_async::AsyncMysqlConnection;

pub(super) use connecting::check;
pub(super) use queries::Database;

type Conn = AsyncMysqlConnection;
type Backend = Mysql;
