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

use adapters::sql::{self, CartsIn};
use sql_support::{Engine, SqlShop, store_tests};

store_tests!(Engine::mysql().await);

/// The server's own character set is the other one.
#[tokio::test]
async fn the_character_set_is_that_of_the_shops_database() {
    let engine = Engine::mysql().await;
    for charset in ["latin1", "utf8mb4"] {
        engine.run(&format!("ALTER DATABASE CHARACTER SET {charset}")).await;
        let facts = sql::connect(&engine.config()).await.unwrap().facts().await.unwrap();
        assert_eq!(facts.settings["character_set_database"], charset);
    }
}
