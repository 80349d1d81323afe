//! The store on MySQL or MariaDB: on the server in DASHOP_TEST_MYSQL_URL, each test with its own database.

#![cfg(feature = "sql")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod channels;
mod migrating;
mod old_shop;
mod overtaking;
#[path = "../sql_support/mod.rs"]
mod sql_support;
mod time_limits;
mod trouble;

use adapters::sql::CartsIn;
use sql_support::{Engine, SqlShop, store_tests};

store_tests!(Engine::mysql().await);
