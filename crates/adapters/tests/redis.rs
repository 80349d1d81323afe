//! Carts in a real Redis, in the formats of the old shop's programs.

use std::{
    future::Future,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use adapters::redis::{RedisCarts, RedisConfig};
use async_trait::async_trait;
use deadpool_redis::redis::{AsyncCommands, Client, aio::MultiplexedConnection};
use domain::{CartStamp, OrderId, SkuId, UserId};
use ports::{CartError, CartRemoval, CartStore, contract::Carts};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const LIMIT: Duration = Duration::from_millis(300);

ports::cart_contract!(Arc::new(Shop::new().await));

/// A Redis database for one test, and a client that acts as the old shop's programs do.
struct Shop {
    carts: RedisCarts,
    old_program: MultiplexedConnection,
    database: u32,
}

impl Shop {
    async fn new() -> Self {
        // Redis counts the tests, so that each has its own database, in any process.
        let number: u32 = connection(&server()).await.incr("tests", 1).await.unwrap();
        let url = format!("{}/{number}", server());
        let old_program = connection(&url).await;
        // A server that all tests use at once may be slow; this limit is only for servers that never answer.
        let carts = RedisCarts::new(&config(&url, Duration::from_secs(20))).unwrap();
        Self { carts, old_program, database: number }
    }

    async fn put(&self, user: i32, field: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let mut redis = self.old_program.clone();
        let _: () = redis.hset(key(user), field.as_ref(), value.as_ref()).await.unwrap();
    }

    async fn stored(&self, user: i32, sku: i32) -> Option<String> {
        self.old_program.clone().hget(key(user), sku).await.unwrap()
    }

    /// SKU, pieces and tick of each line.
    async fn lines(&self, user: i32) -> Vec<(i32, i64, bool)> {
        let cart = self.carts.load(UserId(user)).await.unwrap();
        cart.lines.iter().map(|line| (line.sku_id.0, line.count, line.selected)).collect()
    }
}

#[async_trait]
impl Carts for Shop {
    fn store(&self) -> &dyn CartStore {
        &self.carts
    }

    async fn put(&self, user_id: UserId, sku_id: SkuId, value: &str) {
        Shop::put(self, user_id.0, sku_id.to_string(), value).await;
    }

    async fn value(&self, user_id: UserId, sku_id: SkuId) -> Option<String> {
        self.stored(user_id.0, sku_id.0).await
    }
}

async fn connection(url: &str) -> MultiplexedConnection {
    Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

fn server() -> String {
    std::env::var("DASHOP_TEST_REDIS_URL").expect(
        "DASHOP_TEST_REDIS_URL names no Redis: run this as `make test` does, under tests/servers/with-servers",
    )
}

fn config(url: &str, timeout: Duration) -> RedisConfig {
    RedisConfig {
        urls: vec![url.to_owned()],
        cluster: false,
        connections: 4,
        timeout,
        root_certificates: None,
    }
}

fn key(user: i32) -> String {
    format!("cart_{user}")
}

fn removal(user: i32, lines: &[(i32, &str)]) -> CartRemoval {
    CartRemoval {
        order_id: OrderId::parse("2019112820400804").unwrap(),
        user_id: UserId(user),
        lines: lines.iter().map(|(sku, stamp)| (SkuId(*sku), CartStamp((*stamp).to_owned()))).collect(),
    }
}

#[tokio::test]
async fn bytes_and_fields_that_cannot_be_read_hide_only_their_own_line() {
    let shop = Shop::new().await;
    let good = r#"{"count": 2, "selected": 1}"#;
    shop.put(1, "4", good).await;
    shop.put(1, "5", b"\xff\xfe").await;
    shop.put(1, "6", r#"{"count": 1e99, "selected": 1}"#).await;
    for field in [b"four".as_slice(), b"\xff", b"99999999999", b""] {
        shop.put(1, field, good).await;
    }
    // No program writes a SKU like this. If one did, the line could be ordered, but not found again for its removal.
    for field in ["04", "+4"] {
        shop.put(1, field, r#"{"count": 9, "selected": 1}"#).await;
    }
    assert_eq!(shop.lines(1).await, [(4, 2, true)]);
}

#[tokio::test]
async fn the_carts_of_many_orders_are_emptied_together() {
    let shop = Shop::new().await;
    let stamp = r#"{"selected": "1", "count": "2"}"#;
    for user in 1..=200 {
        shop.put(user, "1", stamp).await;
        shop.put(user, "2", stamp).await;
    }
    let removals: Vec<_> = (1..=200).map(|user| removal(user, &[(1, stamp)])).collect();
    shop.carts.remove_ordered(&removals).await.unwrap();
    for user in 1..=200 {
        assert_eq!(shop.lines(user).await, [(2, 2, true)], "cart of {user}");
    }
}

#[tokio::test]
async fn a_removal_that_fails_is_told_and_costs_no_other() {
    let shop = Shop::new().await;
    let stamp = r#"{"count": 1, "selected": 1}"#;
    shop.put(1, "4", stamp).await;
    shop.put(2, "4", stamp).await;
    // A user who has rights on only one of the carts.
    let name = format!("half{}", shop.database);
    let mut allow = deadpool_redis::redis::cmd("ACL");
    allow.arg("SETUSER").arg(&name).arg("on").arg(">half").arg("~cart_2").arg("+@all");
    let _: () = allow.query_async(&mut shop.old_program.clone()).await.unwrap();
    let url = server().replace("redis://", &format!("redis://{name}:half@"));
    let carts =
        RedisCarts::new(&config(&format!("{url}/{}", shop.database), Duration::from_secs(20))).unwrap();
    let forbidden = CartRemoval { order_id: OrderId::parse("9").unwrap(), ..removal(1, &[(4, stamp)]) };
    let removals = [forbidden.clone(), removal(2, &[(4, stamp)])];
    assert_eq!(carts.remove_ordered(&removals).await.unwrap(), std::slice::from_ref(&forbidden.order_id));
    assert_eq!((shop.lines(1).await.len(), shop.lines(2).await.len()), (1, 0));
    assert!(carts.remove_ordered(&[forbidden]).await.is_err(), "none could be removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_never_lost_to_a_removal_at_the_same_moment() {
    let shop = Shop::new().await;
    let (ordered, changed) = (r#"{"count": 1, "selected": 1}"#, r#"{"count": 2, "selected": 1}"#);
    let removals = [removal(5, &[(1, ordered)])];
    for round in 0..1000 {
        shop.put(5, "1", ordered).await;
        let change = async {
            // None to five round trips later, in turn, so that it falls before, between and after those of the removal.
            let mut redis = shop.old_program.clone();
            for _ in 0..round % 6 {
                let _: () = redis.ping().await.unwrap();
            }
            shop.put(5, "1", changed).await;
        };
        let (removed, ()) = tokio::join!(shop.carts.remove_ordered(&removals), change);
        removed.unwrap();
        assert_eq!(shop.stored(5, 1).await.as_deref(), Some(changed), "round {round}");
    }
}

#[tokio::test]
async fn a_key_of_another_kind_is_an_error_and_not_an_empty_cart() {
    let shop = Shop::new().await;
    let _: () = shop.old_program.clone().set(key(6), "a string").await.unwrap();
    assert!(shop.carts.load(UserId(6)).await.is_err());
}

#[tokio::test]
async fn a_dead_server_is_an_error_within_the_time_limit() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // It accepts connections, like the kernel of a halted server, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [nobody, silent.local_addr().unwrap()] {
        let url = format!("redis://{address}/4");
        let carts = RedisCarts::new(&config(&url, LIMIT)).unwrap();
        let removals = vec![removal(1, &[(1, "x")]); 50];
        for _ in 0..2 {
            fails(carts.load(UserId(1))).await;
            fails(carts.ping()).await;
            fails(carts.remove_ordered(&removals)).await;
        }
    }
}

#[tokio::test]
async fn a_server_may_be_as_slow_as_the_time_limit_allows() {
    let slow = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = slow.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = slow.accept().await {
            tokio::spawn(pass_on_slowly(client));
        }
    });
    let carts = RedisCarts::new(&config(&format!("redis://{address}"), Duration::from_secs(20))).unwrap();
    carts.load(UserId(1)).await.unwrap();
}

/// A server that has become a replica still answers a ping.
#[tokio::test]
async fn no_connection_to_a_replica_is_kept() {
    let replica = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = replica.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let accepted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((client, _)) = replica.accept().await {
            accepted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(answer_as_a_replica(client));
        }
    });
    let carts = RedisCarts::new(&config(&format!("redis://{address}"), Duration::from_secs(20))).unwrap();
    for connection in 1..=2 {
        carts.ping().await.unwrap();
        carts.ping().await.unwrap();
        assert_eq!(connections.load(Ordering::SeqCst), 2 * connection - 1);
        assert!(carts.discard(UserId(1), &[SkuId(4)]).await.is_err());
        carts.ping().await.unwrap();
        assert!(carts.remove_ordered(&[removal(1, &[(4, "x")])]).await.is_err());
    }
}

/// Refuses writes, answers pings, and answers OK to everything else.
async fn answer_as_a_replica(mut client: TcpStream) {
    let mut received = [0; 4096];
    while let Ok(bytes @ 1..) = client.read(&mut received).await {
        let text = String::from_utf8_lossy(&received[..bytes]).into_owned();
        for command in text.split('*').skip(1) {
            let answer = if command.contains("HDEL") || command.contains("EVAL") {
                "-READONLY You can't write against a read only replica."
            } else {
                command.trim_end().rsplit("\r\n").next().filter(|_| command.contains("PING")).unwrap_or("OK")
            };
            let sign = if answer.starts_with('-') { "" } else { "+" };
            client.write_all(format!("{sign}{answer}\r\n").as_bytes()).await.unwrap();
        }
    }
}

/// Forwards between this client and the server, slower than most libraries wait for answers.
async fn pass_on_slowly(mut client: TcpStream) {
    let url = server();
    let mut server = TcpStream::connect(url.trim_start_matches("redis://")).await.unwrap();
    let (mut questions, mut answers) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            read = client.read(&mut questions) => match read {
                Ok(0) | Err(_) => return,
                Ok(bytes) => server.write_all(&questions[..bytes]).await.unwrap(),
            },
            read = server.read(&mut answers) => match read {
                Ok(0) | Err(_) => return,
                Ok(bytes) => {
                    tokio::time::sleep(Duration::from_millis(1_100)).await;
                    client.write_all(&answers[..bytes]).await.unwrap();
                }
            },
        }
    }
}

/// The work fails, within ten times the limit.
async fn fails<T>(work: impl Future<Output = Result<T, CartError>>) {
    let outcome = tokio::time::timeout(LIMIT * 10, work).await.expect("the time limit holds");
    assert!(outcome.is_err());
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused() {
    for (urls, cluster) in [
        (vec![], false),
        (vec![], true),
        (vec!["redis://127.0.0.1:1", "redis://127.0.0.1:2"], false),
        (vec!["http://127.0.0.1:1"], false),
        (vec!["nonsense"], true),
    ] {
        let urls: Vec<String> = urls.into_iter().map(str::to_owned).collect();
        let config = RedisConfig { urls, cluster, connections: 1, timeout: LIMIT, root_certificates: None };
        assert!(RedisCarts::new(&config).is_err(), "{:?} {cluster}", config.urls);
    }
}
