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
use domain::Allocation;
use ports::{
    StockOutcome, StoreError,
    contract::{NewSku, Shop},
};
use sql_support::{Engine, SqlShop, store_tests};

store_tests!(Engine::sqlite());

/// An engine may refuse a commit with an unknown error, like a node that loses its cluster meanwhile.
#[tokio::test]
async fn a_commit_that_fails_in_unknown_words_leaves_the_outcome_open() {
    let shop = SqlShop::on(Engine::sqlite(), CartsIn::Database).await;
    let price = "1.50".parse().unwrap();
    let sku = NewSku { name: "甲", price, stock: 100, is_launched: true, attributes: &[] };
    let sku_id = shop.add_sku(sku).await;
    for statement in [
        "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
        "CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
        "CREATE TRIGGER sold AFTER UPDATE ON DDSC_SKU BEGIN INSERT INTO child VALUES (1); END",
    ] {
        shop.engine.run(statement).await;
    }
    let mut transaction = sql_support::orders::begin(&*shop.store).await.unwrap();
    let taken = transaction.take(&[Allocation { sku_id, pieces: 1, price }]).await.unwrap();
    assert_eq!(taken, StockOutcome::Taken);
    let committed = transaction.write(&[]).await;
    assert!(matches!(committed, Err(StoreError::OutcomeUnknown(_))), "{committed:?}");
}

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

/// A caller on an HTTP worker's single-threaded runtime may give up during a call.
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
