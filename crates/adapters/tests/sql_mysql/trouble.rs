//! Lost connections, locked rows, and callers that give up while they wait.

use std::{sync::Arc, time::Duration};

use adapters::sql::{self, CartsIn, ConnectError, MysqlTls, NotWritable, Obstacle, SqlConfig, SqlStore};
use domain::{Allocation, OrderId, OrderStatus, ShopTime, SkuId, StatusChange, ledger::Event};
use mysql_async::prelude::Queryable;
use ports::{
    OrderReader, PlacingTransaction, StockOutcome, StoreError,
    contract::{NewAddress, NewSku, OldOrder, Shop},
};
use tokio::time::{sleep, timeout};

use super::{
    sql_support::{Engine, SqlShop, orders},
    time_limits::connections,
};

/// A shop with two SKUs and the unpaid order 42.
pub(crate) struct Trouble {
    pub(crate) shop: Arc<SqlShop>,
    pub(crate) skus: [SkuId; 2],
}

impl Trouble {
    pub(crate) async fn new(change: impl FnOnce(&mut SqlConfig)) -> Self {
        let engine = Engine::mysql().await;
        let mut config = engine.config();
        change(&mut config);
        let shop = SqlShop::with(engine, &config).await;
        let user_id = shop.add_user("demo").await;
        let address = NewAddress { street: "一", is_default: true, is_alive: true };
        let address_id = shop.add_address(user_id, address).await;
        let price = "1.50".parse().unwrap();
        let sku = NewSku { name: "甲", price, stock: 100, is_launched: true, attributes: &[] };
        let skus = [shop.add_sku(sku).await, shop.add_sku(sku).await];
        let order = OldOrder {
            id: order_42(),
            user_id,
            address_id,
            status: 1,
            total_amount: price,
            created_at: noon(),
            lines: Vec::new(),
        };
        shop.add_old_order(order).await;
        Self { shop, skus }
    }

    pub(crate) fn store(&self) -> &dyn SqlStore {
        &*self.shop.store
    }

    pub(crate) async fn begin(&self) -> Box<dyn PlacingTransaction> {
        orders::begin(self.store()).await.unwrap()
    }

    pub(crate) async fn take(
        &self,
        transaction: &mut dyn PlacingTransaction,
        sku_id: SkuId,
    ) -> Result<StockOutcome, StoreError> {
        transaction.take(&[Allocation { sku_id, pieces: 1, price: "1.50".parse().unwrap() }]).await
    }

    async fn sold(&self) -> i64 {
        self.shop.engine.number("SELECT SUM(sales) AS n FROM DDSC_SKU").await
    }

    /// Ends every connection of the store, like a server restart.
    async fn kill_connections(&self) {
        let ids = "SELECT CAST(id AS CHAR) AS n FROM information_schema.processlist \
            WHERE db = DATABASE() AND id <> CONNECTION_ID()";
        for id in self.shop.engine.words(ids).await {
            // The connection may have ended by itself.
            self.shop.engine.try_run(&format!("KILL {id}")).await;
        }
    }

    /// Waits until a statement of the store has taken so long that it must be waiting for locked rows.
    pub(crate) async fn until_one_waits(&self) {
        self.until_transactions("t.trx_state = 'LOCK WAIT'", |waiting| waiting > 0).await;
    }

    /// Waits until the number of such transactions on this database is right.
    pub(crate) async fn until_transactions(&self, condition: &str, is_right: impl Fn(i64) -> bool) {
        let such = format!(
            "SELECT COUNT(*) AS n FROM information_schema.innodb_trx t \
             JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
             WHERE p.db = DATABASE() AND {condition}"
        );
        let look = async {
            // MariaDB caches this list: frequent readers get the same result again.
            while !is_right(self.shop.engine.number(&such).await) {
                sleep(Duration::from_millis(150)).await;
            }
        };
        timeout(Duration::from_secs(30), look).await.unwrap_or_else(|_| panic!("{condition}"));
    }
}

pub(crate) fn order_42() -> OrderId {
    OrderId::parse("42").unwrap()
}

fn noon() -> ShopTime {
    ShopTime::parse("2019-11-28 12:00:00").unwrap()
}

fn shipped() -> StatusChange {
    StatusChange {
        order_id: order_42(),
        from: OrderStatus::AwaitingPayment,
        to: OrderStatus::AwaitingShipment,
        cause: domain::Cause::system(),
        due_at: None,
        reason: String::new(),
        at: noon(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_whose_connection_is_lost_is_lost() {
    let trouble = Trouble::new(|_| {}).await;
    let mut transaction = trouble.begin().await;
    assert_eq!(trouble.take(&mut *transaction, trouble.skus[0]).await.unwrap(), StockOutcome::Taken);
    trouble.kill_connections().await;
    let lost = trouble.take(&mut *transaction, trouble.skus[1]).await;
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    let committed = transaction.write(&[]).await;
    assert!(matches!(committed, Err(StoreError::Unavailable(_))), "it was never sent: {committed:?}");
    assert_eq!(trouble.sold().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_answer_is_lost_leaves_the_outcome_open() {
    let trouble = Trouble::new(|_| {}).await;
    let mut transaction = trouble.begin().await;
    trouble.take(&mut *transaction, trouble.skus[0]).await.unwrap();
    trouble.kill_connections().await;
    let committed = transaction.write(&[]).await;
    assert!(matches!(committed, Err(StoreError::OutcomeUnknown(_))), "{committed:?}");
}

/// A busy process must not look unready: its load would go to the next process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whether_it_can_be_written_is_known_while_all_connections_are_in_use() {
    let trouble = Trouble::new(|config| config.max_connections = 1).await;
    let _held = trouble.begin().await;
    assert!(trouble.store().schema().await.unwrap().is_current());
    trouble.store().check_writable().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_connections_are_replaced_and_cost_one_failure_at_most() {
    let trouble = Trouble::new(|config| config.max_connections = 8).await;
    // Eight at once, so that eight idle connections remain in the pool.
    let mut transactions = Vec::new();
    for _ in 0..8 {
        transactions.push(trouble.begin().await);
    }
    for transaction in transactions {
        transaction.write(&[]).await.unwrap();
    }
    trouble.kill_connections().await;
    trouble.begin().await.write(&[]).await.unwrap();
    trouble.kill_connections().await;
    let mut failures = 0;
    for _ in 0..20 {
        match OrderReader::find(trouble.store(), &order_42()).await {
            Ok(found) => assert!(found.is_some()),
            Err(StoreError::Unavailable(_)) => failures += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(failures <= 1, "{failures} failures");
}

/// As after a switch-over that leaves connections to the old primary open: new connections can write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_over_which_nothing_can_be_written_is_not_used_again() {
    let trouble = Trouble::new(|config| config.max_connections = 1).await;
    let engine = &trouble.shop.engine;
    for (said, obstacle) in [
        ("running with the --read-only option", Obstacle::ReadOnly),
        ("impossible to write to binary log", Obstacle::BinaryLog),
    ] {
        trouble.store().check_writable().await.unwrap();
        let open = connections(engine).await.into_iter().collect::<Vec<_>>().join(", ");
        let refuse = format!(
            "CREATE TRIGGER refusal BEFORE INSERT ON dashop_idempotency FOR EACH ROW \
             IF CONNECTION_ID() IN ({open}) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{said}'; END IF"
        );
        engine.run(&refuse).await;
        let refused = trouble.store().check_writable().await;
        assert!(matches!(refused, Err(NotWritable::Obstacle(why)) if why == obstacle), "{refused:?}");
        trouble.store().check_writable().await.unwrap();
        engine.run("DROP TRIGGER refusal").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_others_hold_too_long_are_busy() {
    let trouble = Trouble::new(|config| config.lock_timeout = Duration::from_secs(1)).await;
    let holder = trouble.store().lock("42").await.unwrap();
    let busy = trouble.store().lock("42").await;
    assert!(matches!(busy, Err(StoreError::Busy(_))), "{:?}", busy.err());
    let mut taker = trouble.begin().await;
    trouble.take(&mut *taker, trouble.skus[0]).await.unwrap();
    let mut waiter = trouble.begin().await;
    let busy = trouble.take(&mut *waiter, trouble.skus[0]).await;
    assert!(matches!(busy, Err(StoreError::Busy(_))), "{busy:?}");
    let after = trouble.take(&mut *waiter, trouble.skus[1]).await;
    assert!(
        matches!(after, Err(StoreError::Unavailable(_))),
        "there is nothing to do but to drop it: {after:?}"
    );
    let found = OrderReader::find(trouble.store(), &order_42()).await.unwrap();
    assert_eq!(
        found.map(|order| order.status),
        Some(OrderStatus::AwaitingPayment),
        "who only looks does not wait"
    );
    holder.append(&[Event::StatusChanged(shipped())]).await.unwrap();
}

/// A program that was cut off without a message to the server. MySQL has no such limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_says_nothing_any_more_does_not_keep_the_rows() {
    let trouble = Trouble::new(|config| {
        config.statement_timeout = Duration::from_secs(3);
        config.lock_timeout = Duration::from_secs(20);
    })
    .await;
    if !trouble.shop.engine.is_mariadb().await {
        return;
    }
    let mut silent = trouble.begin().await;
    trouble.take(&mut *silent, trouble.skus[0]).await.unwrap();
    tokio::time::sleep(Duration::from_secs(9)).await;
    let mut next = trouble.begin().await;
    trouble.take(&mut *next, trouble.skus[0]).await.unwrap();
    next.write(&[]).await.unwrap();
    assert_eq!(trouble.sold().await, 1, "what the silent one took was given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_in_a_deadlock_is_busy_and_changes_nothing() {
    let trouble = Arc::new(Trouble::new(|_| {}).await);
    let mut first = trouble.begin().await;
    let mut second = trouble.begin().await;
    trouble.take(&mut *first, trouble.skus[0]).await.unwrap();
    trouble.take(&mut *second, trouble.skus[1]).await.unwrap();
    let waiting = {
        let trouble = Arc::clone(&trouble);
        tokio::spawn(async move {
            let outcome = trouble.take(&mut *first, trouble.skus[1]).await;
            match outcome {
                Ok(_) => first.write(&[]).await,
                Err(error) => Err(error),
            }
        })
    };
    trouble.until_one_waits().await;
    let second_outcome = match trouble.take(&mut *second, trouble.skus[0]).await {
        Ok(_) => second.write(&[]).await,
        Err(error) => {
            drop(second);
            Err(error)
        }
    };
    let outcomes = [waiting.await.unwrap(), second_outcome];
    let busy = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::Busy(_)))).count();
    let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    assert_eq!((busy, done), (1, 1), "{outcomes:?}");
    assert_eq!(trouble.sold().await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_up_while_waiting_for_rows_leaves_nothing() {
    let trouble = Arc::new(Trouble::new(|config| config.max_connections = 2).await);
    let mut holder = trouble.begin().await;
    trouble.take(&mut *holder, trouble.skus[1]).await.unwrap();
    let waiter = {
        let trouble = Arc::clone(&trouble);
        tokio::spawn(async move {
            let mut transaction = trouble.begin().await;
            trouble.take(&mut *transaction, trouble.skus[0]).await.unwrap();
            trouble.take(&mut *transaction, trouble.skus[1]).await.unwrap();
            transaction.write(&[]).await.unwrap();
        })
    };
    trouble.until_one_waits().await;
    waiter.abort();
    assert!(waiter.await.unwrap_err().is_cancelled());
    holder.write(&[]).await.unwrap();
    let mut next = trouble.begin().await;
    trouble.take(&mut *next, trouble.skus[0]).await.unwrap();
    next.write(&[]).await.unwrap();
    assert_eq!(trouble.sold().await, 2, "the holder's and the next one's");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_has_a_time_limit_of_its_own() {
    let trouble = Trouble::new(|config| config.statement_timeout = Duration::from_secs(3)).await;
    let holder = trouble.store().lock("42").await.unwrap();
    let limited = trouble.store().lock("42").await;
    assert!(matches!(limited, Err(StoreError::Unavailable(_))), "{:?}", limited.err());
    holder.append(&[Event::StatusChanged(shipped())]).await.unwrap();
    assert!(OrderReader::find(trouble.store(), &order_42()).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claimed_removals_are_passed_over() {
    let trouble = Trouble::new(|config| config.carts = CartsIn::Elsewhere).await;
    let rows = (1..=4).map(|number| format!("('{number}', 1, '[[1,\"{{}}\"]]', '{}')", noon()));
    let columns = "order_id, user_id, `lines`, recorded_at";
    let rows = rows.collect::<Vec<_>>().join(",");
    trouble.shop.engine.run(&format!("INSERT INTO dashop_cart_removal ({columns}) VALUES {rows}")).await;
    let mut other = trouble.shop.engine.mysql_conn().await;
    // By their keys, one by one: a search would also read and lock the other rows.
    let hold = "START TRANSACTION; SELECT * FROM dashop_cart_removal WHERE order_id = '1' FOR UPDATE; \
        SELECT * FROM dashop_cart_removal WHERE order_id = '2' FOR UPDATE";
    other.query_drop(hold).await.unwrap();

    let later = noon().after(Duration::from_secs(1));
    let take_over = async || {
        let taken = trouble.store().take_over(later, later, 9).await.unwrap();
        taken.into_iter().map(|removal| removal.order_id.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(take_over().await, ["3", "4"], "without waiting");
    assert_eq!(take_over().await, Vec::<String>::new());
    other.query_drop("ROLLBACK").await.unwrap();
    assert_eq!(take_over().await, ["1", "2"]);
}

/// At the server's default, REPEATABLE READ, the second read would see what the first one saw.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waited_for_the_lock_sees_what_others_committed_meanwhile() {
    let trouble = Arc::new(Trouble::new(|_| {}).await);
    let holder = trouble.store().lock("42").await.unwrap();
    assert_eq!(holder.ledger().payments.len(), 0);
    let waiter = {
        let trouble = Arc::clone(&trouble);
        tokio::spawn(async move { trouble.store().lock("42").await.unwrap().ledger().payments.len() })
    };
    trouble.until_one_waits().await;
    let pay = "INSERT INTO dashop_payment (trade_no, out_trade_no, trade_status, total_amount, refunded, status, source, \
        recorded_at) VALUES ('A1', '42', 'TRADE_SUCCESS', 1.50, 0.00, 'settled', 'query', '2019-11-28 12:00:00')";
    trouble.shop.engine.run(pay).await;
    drop(holder);
    assert_eq!(waiter.await.unwrap(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_without_the_password() {
    let refused = |url: String| async move {
        let config = SqlConfig { connect_timeout: Duration::from_secs(5), ..SqlConfig::new(url) };
        assert!(!format!("{config:?}").contains("geheim"));
        let error = sql::connect(&config).await.err().unwrap();
        let chain = format!("{error:?} {error}");
        assert!(!chain.contains("geheim"), "{chain}");
        error
    };
    let free_port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = refused(format!("mysql://root:geheim@127.0.0.1:{free_port}/shop")).await;
    assert!(matches!(nobody, ConnectError::Open(StoreError::Unavailable(_))), "{nobody:?}");
    for url in [
        "mysql://root:geheim@127.0.0.1",
        "mysql://root:geheim@127.0.0.1/",
        "mysql:geheim",
        "mysql://h/d?geheim=1",
    ] {
        let error = sql::connect(&SqlConfig::new(url)).await.err().unwrap();
        assert!(matches!(error, ConnectError::Url(_)), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = SqlConfig {
        connect_timeout: Duration::from_millis(200),
        ..SqlConfig::new(format!("mysql://root@{}/shop", silent.local_addr().unwrap()))
    };
    let error =
        timeout(Duration::from_secs(20), sql::connect(&config)).await.expect("it is bounded").err().unwrap();
    assert!(matches!(error, ConnectError::Open(StoreError::Unavailable(_))), "{error:?}");
}

/// The tests' MariaDB has no certificate, and a MySQL has one that no authority signed: data that must be encrypted is
/// not sent to either.
#[tokio::test]
async fn tls_is_not_silently_given_up() {
    let engine = Engine::mysql().await;
    let mut refused = vec![MysqlTls::Required { root_certificates: None }];
    if engine.is_mariadb().await {
        refused.push(MysqlTls::Unverified);
    }
    for tls in refused {
        let config = SqlConfig { tls, ..engine.config() };
        let error = sql::connect(&config).await.err().unwrap();
        assert!(matches!(error, ConnectError::Open(StoreError::Unavailable(_))), "{error:?}");
    }
}
