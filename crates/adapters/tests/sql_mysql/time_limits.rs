//! Statements that take too long, or whose caller has given up.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use mysql_async::prelude::Queryable;
use ports::{OrderClaim, OrderReader, StoreError, contract::Shop};
use tokio::time::{sleep, timeout};

use super::{
    sql_support::Engine,
    trouble::{Trouble, order_42},
};

/// The server's ids of the store's connections.
pub(crate) async fn connections(engine: &Engine) -> BTreeSet<String> {
    let ids = "SELECT CAST(id AS CHAR) AS n FROM information_schema.processlist \
        WHERE db = DATABASE() AND id <> CONNECTION_ID()";
    engine.words(ids).await.into_iter().collect()
}

/// The same, once there are this many: the server still lists a connection of the test for a moment after it has ended.
async fn settled_connections(engine: &Engine, count: usize) -> BTreeSet<String> {
    let settled = async {
        loop {
            let open = connections(engine).await;
            if open.len() == count {
                return open;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(60), settled).await.expect("other connections come or stay")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_takes_too_long_costs_no_connection() {
    let trouble = Trouble::new(|config| {
        config.max_connections = 4;
        config.statement_timeout = Duration::from_secs(3);
        config.lock_timeout = Duration::from_secs(60);
    })
    .await;
    let mut transactions = Vec::new();
    for _ in 0..4 {
        transactions.push(trouble.begin().await);
    }
    let mut holder = transactions.pop().unwrap();
    trouble.take(&mut *holder, trouble.skus[0]).await.unwrap();
    let mut waiter = transactions.pop().unwrap();
    for transaction in transactions {
        transaction.write(&[]).await.unwrap();
    }
    let before = settled_connections(&trouble.shop.engine, 4).await;
    let limited = trouble.take(&mut *waiter, trouble.skus[0]).await;
    assert!(matches!(limited, Err(StoreError::Unavailable(_))), "{limited:?}");
    drop(waiter);
    holder.write(&[]).await.unwrap();
    // All four at once, so that each check uses another connection.
    let mut transactions = Vec::new();
    for _ in 0..4 {
        transactions.push(trouble.begin().await);
    }
    // MySQL limits only the time of queries: a statement that changes rows and waits is ended with its connection.
    if trouble.shop.engine.is_mariadb().await {
        assert_eq!(settled_connections(&trouble.shop.engine, 4).await, before);
    }
}

/// A group begins and locks its buyers in one round trip: if another transaction holds one of them, nothing has begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_buyer_whom_others_hold_costs_no_connection() {
    let trouble = Trouble::new(|config| {
        config.max_connections = 1;
        config.lock_timeout = Duration::from_secs(1);
    })
    .await;
    let user_id = trouble.shop.add_user("another").await;
    let claim = OrderClaim { user_id, is_of_cart: false, latest_order_at: None, key: None, guard: None };
    let begin = || trouble.shop.store.begin_group(std::slice::from_ref(&claim), true);
    drop(begin().await.unwrap());
    let mut other = trouble.shop.engine.mysql_conn().await;
    let before = settled_connections(&trouble.shop.engine, 2).await;
    other.query_drop("BEGIN").await.unwrap();
    let held = format!("SELECT id FROM user_profile WHERE id = {} FOR UPDATE", user_id.0);
    other.query_drop(held).await.unwrap();
    assert!(matches!(begin().await, Err(StoreError::Busy(_))));
    // The remaining transaction is the one that holds the buyer.
    trouble.until_transactions("TRUE", |open| open == 1).await;
    other.query_drop("ROLLBACK").await.unwrap();
    drop(begin().await.unwrap());
    assert_eq!(settled_connections(&trouble.shop.engine, 2).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_nobody_waits_for_ends_on_the_server() {
    let trouble = Arc::new(
        Trouble::new(|config| {
            config.statement_timeout = Duration::from_secs(300);
            config.lock_timeout = Duration::from_secs(300);
        })
        .await,
    );
    let mut holder = trouble.begin().await;
    trouble.take(&mut *holder, trouble.skus[0]).await.unwrap();
    let waiter = {
        let trouble = Arc::clone(&trouble);
        tokio::spawn(async move {
            let mut transaction = trouble.begin().await;
            drop(trouble.take(&mut *transaction, trouble.skus[0]).await);
        })
    };
    trouble.until_one_waits().await;
    waiter.abort();
    assert!(waiter.await.unwrap_err().is_cancelled());
    let running = "SELECT COUNT(*) AS n FROM information_schema.processlist \
        WHERE db = DATABASE() AND id <> CONNECTION_ID() AND command <> 'Sleep'";
    let ended = async { while trouble.shop.engine.number(running).await > 0 {} };
    timeout(Duration::from_secs(60), ended).await.expect("it ends long before its own time limits");
    holder.write(&[]).await.unwrap();
}

/// Work that may take longer than a request has a longer limit on the server too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_migrates_waits_for_another_longer_than_a_request_waits() {
    let trouble = Trouble::new(|config| config.statement_timeout = Duration::from_secs(3)).await;
    let mut other = trouble.shop.engine.mysql_conn().await;
    let lock = "LEFT(CONCAT('dashop_migrations_', DATABASE()), 64)";
    other.query_drop(format!("DO GET_LOCK({lock}, 0)")).await.unwrap();
    let (migrated, ()) = tokio::join!(trouble.store().migrate(), async {
        tokio::time::sleep(Duration::from_secs(7)).await;
        other.query_drop(format!("DO RELEASE_LOCK({lock})")).await.unwrap();
    });
    assert_eq!(migrated.unwrap(), Vec::<&str>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_others_lock_is_busy() {
    let trouble = Trouble::new(|config| {
        config.statement_timeout = Duration::from_secs(300);
        config.lock_timeout = Duration::from_secs(1);
    })
    .await;
    let mut locker = trouble.shop.engine.mysql_conn().await;
    locker.query_drop("LOCK TABLES tb_order_info WRITE").await.unwrap();
    let id = order_42();
    let waiting = OrderReader::find(trouble.store(), &id);
    let busy = timeout(Duration::from_secs(60), waiting).await.expect("the wait for a table has a limit");
    assert!(matches!(busy, Err(StoreError::Busy(_))), "{busy:?}");
    locker.query_drop("UNLOCK TABLES").await.unwrap();
    assert!(OrderReader::find(trouble.store(), &order_42()).await.unwrap().is_some());
    trouble.begin().await.write(&[]).await.unwrap();
}
