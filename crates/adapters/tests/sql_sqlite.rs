//! The store on SQLite.

use adapters::sql::{SqlConfig, SqlStore};

#[tokio::test]
async fn smoke() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("new/dashop.db").display());
    let store = SqlStore::connect(&SqlConfig::new(url)).await.unwrap();
    assert!(!store.schema().await.unwrap().is_current());
    assert_eq!(store.migrate().await.unwrap().len(), 2);
    assert_eq!(store.migrate().await.unwrap().len(), 0);
    assert!(store.schema().await.unwrap().is_current());
    store.ping().await.unwrap();
    let unit = ports::UnitsOfWork::begin(&store).await.unwrap();
    drop(unit);
    ports::UnitsOfWork::begin(&store).await.unwrap().commit().await.unwrap();
    assert!(store.statements() > 3);
}

#[tokio::test]
async fn demo() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("new/dashop.db").display());
    let store = SqlStore::connect(&SqlConfig::new(url)).await.unwrap();
    store.migrate().await.unwrap();
    let now = domain::ShopTime::parse("2026-11-23 12:00:00").unwrap();
    assert!(store.seed_demo(now).await.unwrap());
    assert!(!store.seed_demo(now).await.unwrap());
    let ids: Vec<_> = (1..100).map(domain::SkuId).collect();
    for sku in ports::Catalog::skus(&store, &ids).await.unwrap().values() {
        println!("{sku:?}");
    }
    println!("{:?}", ports::CartStore::load(&store, domain::UserId(1)).await.unwrap());
}
