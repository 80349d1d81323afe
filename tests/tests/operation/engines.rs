//! Unsafe engines, and clusters that roll a transaction back at its commit.

use serde_json::json;
use tests::{Server, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_not_safe_is_refused_unless_the_operator_insists() {
    // MariaDB reports the version that it is told to.
    let (tidb, redis) =
        (Server::mariadb_with(&["--version=8.0.11-TiDB-v7.5.1"]).await, Server::redis().await);
    let setup = Setup::on(&tidb, &redis).await;
    for command in ["serve", "migrate"] {
        let refused = setup.run(&[command]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains("8.0.11-TiDB-v7.5.1"), "{command}: {said}");
        assert!(
            said.contains("SKIP LOCKED") && said.contains("DASHOP_ALLOW_UNSAFE_ENGINE"),
            "{command}: {said}"
        );
    }
    let doctor = setup.run(&["doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let is_told = |line: &str| line.starts_with("FAIL") && line.contains("TiDB");
    assert!(doctor.status.code() == Some(1) && said.lines().any(is_told), "{said}");

    let dashop = setup.with("DASHOP_ALLOW_UNSAFE_ENGINE", "true").start().await;
    assert!(dashop.log().contains("the database is not safe"), "{}", dashop.log());
}

/// Like error 3101 of a replication group, when another member has changed the same rows.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_whose_transaction_the_group_takes_back_is_tried_again() {
    let (mariadb, redis) = (Server::mariadb().await, Server::redis().await);
    let dashop = Setup::on(&mariadb, &redis).await.start().await;
    let mut database = dashop.database().await;
    database.add_buyers(1001, 1).await;
    database.add_sku(901, "209.00", 10).await;
    // A rollback does not undo counts in this table.
    database.execute("CREATE TABLE conflicts (n INT NOT NULL) ENGINE = MyISAM").await;
    database.execute("INSERT INTO conflicts VALUES (0)").await;
    database
        .execute(
            "CREATE TRIGGER conflict BEFORE INSERT ON tb_order_info FOR EACH ROW BEGIN \
             UPDATE conflicts SET n = n + 1; \
             IF (SELECT n FROM conflicts) = 1 THEN SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 3101, \
             MESSAGE_TEXT = 'Plugin instructed the server to rollback the current transaction.'; END IF; END",
        )
        .await;
    let order = json!({"address_id": 1001, "settlement_type": 1, "sku_id": 901, "buy_num": 1});
    let answer = dashop.buyer("b1001").create(order).await;
    assert_eq!(answer["code"], 200, "{answer}");
    assert_eq!(database.words("SELECT CAST(n AS CHAR) AS n FROM conflicts").await, ["2"]);
    assert_eq!(database.pieces(901).await, (9, 1, 1));
}
