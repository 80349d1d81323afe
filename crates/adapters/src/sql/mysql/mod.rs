//! MySQL, MariaDB, and clusters that speak their protocol.
//!
//! Transactions run at READ COMMITTED: every write here carries its own condition, so nothing rests on a snapshot; a
//! statement that waited for a lock then sees what the other transaction left; and there are no locks on the gaps
//! between rows, at which orders that are written side by side would deadlock.

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
