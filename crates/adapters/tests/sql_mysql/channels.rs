//! The number of a trade is unique within its channel, also beside a program that does not know channels.

use super::sql_support::Engine;

/// As a program without channels writes it.
const OLD: &str = "INSERT INTO dashop_payment (trade_no, out_trade_no, trade_status, total_amount, refunded, status, source, \
    recorded_at) VALUES ('T1', '2019112820400804', 'TRADE_SUCCESS', 1, 0, 'settled', 'query', '2019-11-28 12:00:00')";
const NEW: &str = "INSERT INTO dashop_payment (channel, trade_no, out_trade_no, trade_status, total_amount, refunded, status, \
    source, recorded_at) VALUES ('CHANNEL', 'T1', '2019112820400805', 'TRADE_SUCCESS', 1, 0, 'settled', 'query', \
    '2019-11-28 12:00:00')";

#[tokio::test]
async fn an_old_program_and_a_new_one_record_a_trade_once() {
    let engine = Engine::mysql().await;
    let config = engine.config();
    let _store = engine.store(&config).await;
    let mut conn = engine.mysql_conn().await;
    let mut written =
        async |sql: String| mysql_async::prelude::Queryable::query_drop(&mut conn, sql).await.is_ok();
    assert!(written(OLD.to_owned()).await);
    assert!(!written(OLD.to_owned()).await, "the old program again");
    assert!(!written(NEW.replace("CHANNEL", "alipay")).await, "a new program, of the same trade");
    assert!(written(NEW.replace("CHANNEL", "other")).await, "another channel's trade of that number");
    assert_eq!(engine.number("SELECT COUNT(*) AS n FROM dashop_payment WHERE channel = 'alipay'").await, 1);
}

/// A migration that was cut off at any point is repeated from the start, and existing payments stay.
#[tokio::test]
async fn the_migration_can_be_cut_off_and_repeated() {
    let engine = Engine::mysql().await;
    let config = engine.config();
    let store = engine.store(&config).await;
    engine.run(OLD).await;
    for done_before in [
        "ALTER TABLE dashop_payment DROP INDEX dashop_payment_trade, ADD UNIQUE INDEX trade_no (trade_no), DROP COLUMN channel",
        "ALTER TABLE dashop_payment DROP INDEX dashop_payment_trade, ADD UNIQUE INDEX trade_no (trade_no)",
        "ALTER TABLE dashop_payment ADD UNIQUE INDEX trade_no (trade_no)",
        "ALTER TABLE dashop_refund DROP COLUMN channel",
    ] {
        engine
            .run(&format!(
                "DELETE FROM __diesel_schema_migrations WHERE version = '20261128000010'; {done_before}"
            ))
            .await;
        store.migrate().await.unwrap();
        let indexes = "SELECT COUNT(DISTINCT index_name) AS n FROM information_schema.statistics WHERE \
            table_schema = DATABASE() AND table_name = 'dashop_payment' AND non_unique = 0 AND index_name <> 'PRIMARY'";
        assert_eq!(engine.number(indexes).await, 1, "{done_before}");
        assert_eq!(
            engine.number("SELECT COUNT(*) AS n FROM dashop_payment WHERE channel = 'alipay'").await,
            1
        );
    }
}
