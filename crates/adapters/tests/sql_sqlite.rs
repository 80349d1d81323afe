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
