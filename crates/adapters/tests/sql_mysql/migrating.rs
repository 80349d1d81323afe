//! Migrations beside running programs.

use std::time::Duration;

use adapters::sql::{self, SqlConfig};
use mysql_async::prelude::Queryable;
use tokio::time::timeout;

use super::{sql_support::Engine, time_limits::connections};

/// A transaction that has read a table blocks its migration, and later statements wait behind the migration.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_waits_for_a_table_lets_others_pass() {
    let engine = Engine::mysql().await;
    let config = engine.config();
    let store = engine.store(&config).await;
    let last = store.schema().await.unwrap().applied.pop().unwrap();
    engine
        .run(&format!(
            "DELETE FROM __diesel_schema_migrations WHERE version IN ('20261125000005', '{last}'); \
             ALTER TABLE dashop_cart_removal DROP INDEX dashop_cart_removal_of_user"
        ))
        .await;
    let mut reader = engine.mysql_conn().await;
    reader.query_drop("BEGIN; SELECT COUNT(*) FROM dashop_cart_removal").await.unwrap();

    let migrating = tokio::spawn(async move { sql::connect(&config).await.unwrap().migrate().await });
    let waits = "SELECT COUNT(*) AS n FROM information_schema.processlist \
        WHERE db = DATABASE() AND state = 'Waiting for table metadata lock'";
    let queued = async { while engine.number(waits).await == 0 {} };
    timeout(Duration::from_secs(60), queued).await.expect("the migration waits for the table");
    let others = engine.number("SELECT COUNT(*) AS n FROM dashop_cart_removal");
    let seen = timeout(Duration::from_secs(60), others).await.expect("others are let pass meanwhile");
    assert_eq!(seen, 0);
    assert!(!migrating.is_finished(), "the table is still held");

    reader.query_drop("COMMIT").await.unwrap();
    let ran = migrating.await.unwrap().unwrap();
    assert!(ran.contains(&"2026-11-25-000005_ordered_lines"), "{ran:?}");
    assert!(store.schema().await.unwrap().is_current());
}

/// The session of a migration has other limits than those of requests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_session_that_migrated_serves_no_request() {
    let engine = Engine::mysql().await;
    let store = sql::connect(&SqlConfig { max_connections: 1, ..engine.config() }).await.unwrap();
    let before = connections(&engine).await;
    assert_eq!(before.len(), 1, "{before:?}");
    store.migrate().await.unwrap();
    store.ping().await.unwrap();
    let is_closed = async { while !connections(&engine).await.is_disjoint(&before) {} };
    timeout(Duration::from_secs(60), is_closed).await.expect("its connection is closed");
}
