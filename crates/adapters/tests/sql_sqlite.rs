//! The store on SQLite.

#![cfg(feature = "sql")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on stops"
)]

mod sql_support;

use adapters::sql::{self, CartsIn, ConnectError, SqlConfig};
use sql_support::{Engine, SqlShop, store_tests};

store_tests!(Engine::sqlite());

#[tokio::test]
async fn a_url_that_names_no_file_is_refused() {
    for url in [
        "",
        "dashop.db",
        "sqlite:",
        "sqlite://",
        "sqlite::memory:",
        "postgres://localhost/shop",
        "mysql:shop",
    ] {
        let refused = sql::connect(&SqlConfig::new(url)).await.err().unwrap();
        assert!(matches!(refused, ConnectError::Url(_)), "{url}: {refused:?}");
    }
    let refused = sql::connect(&SqlConfig::new("sqlite:/dev/null/shop/dashop.db")).await.err().unwrap();
    assert!(matches!(refused, ConnectError::Directory { .. }), "{refused:?}");
    let refused = sql::connect(&SqlConfig::new("sqlite:/")).await.err().unwrap();
    assert!(matches!(refused, ConnectError::File { .. }), "{refused:?}");
}

#[tokio::test]
async fn both_forms_of_the_url_name_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dashop.db").display().to_string();
    sql::connect(&SqlConfig::new(format!("sqlite:{file}"))).await.unwrap().migrate().await.unwrap();
    let again = sql::connect(&SqlConfig::new(format!("sqlite://{file}"))).await.unwrap();
    assert!(again.schema().await.unwrap().is_current());
}

/// A caller on an HTTP worker's single-threaded runtime may go away in the middle of a call.
#[test]
fn a_single_threaded_runtime_may_give_up() {
    let home = tokio::runtime::Runtime::new().unwrap();
    let shop = home.block_on(SqlShop::on(Engine::sqlite(), CartsIn::Database));
    let worker = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    worker.block_on(async {
        for _ in 0..20 {
            let asking = ports::Catalog::skus(&*shop.store, &[domain::SkuId(1)]);
            tokio::select! { biased; _ = asking => {}, () = tokio::task::yield_now() => {} }
        }
        shop.store.ping().await.unwrap();
    });
}
