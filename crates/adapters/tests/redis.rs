//! Carts in a real Redis, in the forms in which the old shop's programs write them.

use std::{future::Future, net::TcpListener, time::Duration};

use adapters::redis::{RedisCarts, RedisConfig};
use deadpool_redis::redis::{AsyncCommands, Client, aio::MultiplexedConnection};
use domain::{Cart, CartStamp, OrderId, SkuId, UserId};
use ports::{CartError, CartRemoval, CartStore};

const LIMIT: Duration = Duration::from_millis(300);

/// The carts of one test, and a client such as the old shop's programs are. Each test has users of its own.
struct Shop {
    carts: RedisCarts,
    old_program: MultiplexedConnection,
    user: UserId,
}

impl Shop {
    async fn of(user: i32) -> Self {
        let url = format!("{}/4", server());
        let mut old_program =
            Client::open(url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
        let _: () = old_program.del(key(user)).await.unwrap();
        // A server under all tests at once may be slow: this limit is for those that never answer.
        let carts = RedisCarts::new(&config(&url, Duration::from_secs(20))).unwrap();
        Self { carts, old_program, user: UserId(user) }
    }

    async fn put(&mut self, field: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        let _: () = self.old_program.hset(key(self.user.0), field.as_ref(), value.as_ref()).await.unwrap();
    }

    async fn stored(&mut self, sku: i32) -> Option<String> {
        self.old_program.hget(key(self.user.0), sku).await.unwrap()
    }

    async fn cart(&self) -> Cart {
        self.carts.load(self.user).await.unwrap()
    }

    async fn remove(&self, lines: &[(i32, &str)]) {
        self.carts.remove_ordered(&[removal(self.user, lines)]).await.unwrap();
    }
}

fn server() -> String {
    std::env::var("DASHOP_TEST_REDIS_URL").expect(
        "DASHOP_TEST_REDIS_URL names no Redis: run this as `make test` does, under tests/servers/with-servers",
    )
}

fn config(url: &str, timeout: Duration) -> RedisConfig {
    RedisConfig { urls: vec![url.to_owned()], cluster: false, connections: 4, timeout }
}

fn key(user: i32) -> String {
    format!("cart_{user}")
}

fn removal(user: UserId, lines: &[(i32, &str)]) -> CartRemoval {
    CartRemoval {
        order_id: OrderId::parse("2019112820400804").unwrap(),
        user_id: user,
        lines: lines.iter().map(|(sku, stamp)| (SkuId(*sku), CartStamp((*stamp).to_owned()))).collect(),
    }
}

/// SKU, pieces and tick of each line.
fn lines(cart: &Cart) -> Vec<(i32, i64, bool)> {
    cart.lines.iter().map(|line| (line.sku_id.0, line.count, line.selected)).collect()
}

#[tokio::test]
async fn every_form_of_the_old_programs_is_read() {
    let mut shop = Shop::of(1).await;
    assert_eq!(shop.cart().await, Cart::default(), "no cart is an empty one");

    shop.put("11", r#"{"count": 2, "selected": 1}"#).await;
    shop.put("7", r#"{"selected": 0, "count": 3}"#).await;
    shop.put("1000", r#"{"count": "4", "selected": "1"}"#).await;
    shop.put("8", r#"{"selected":"0","count":"-1"}"#).await;
    let cart = shop.cart().await;
    assert_eq!(
        lines(&cart),
        [(7, 3, false), (8, -1, false), (11, 2, true), (1000, 4, true)],
        "in the order of SKUs; whether a count is allowed is not for the store to say"
    );
    assert_eq!(cart.lines[2].stamp.0, r#"{"count": 2, "selected": 1}"#, "byte for byte");
}

#[tokio::test]
async fn a_value_that_cannot_be_read_hides_only_its_own_line() {
    let mut shop = Shop::of(2).await;
    shop.put("4", r#"{"count": 2, "selected": 1}"#).await;
    let malformed: [&[u8]; 6] =
        [b"", b"2", b"{\"count\": 2", b"{\"count\": 2}", b"\xff\xfe", b"{\"count\": 1e99, \"selected\": 1}"];
    for (sku, value) in (5..).zip(malformed) {
        shop.put(sku.to_string(), value).await;
    }
    for field in [b"four".as_slice(), b"\xff", b"99999999999", b""] {
        shop.put(field, r#"{"count": 2, "selected": 1}"#).await;
    }
    // No program writes a SKU so; if one did, the line could be ordered, but would not be found again to be removed.
    for field in ["04", "+4"] {
        shop.put(field, r#"{"count": 9, "selected": 1}"#).await;
    }
    assert_eq!(lines(&shop.cart().await), [(4, 2, true)]);
}

#[tokio::test]
async fn ordered_lines_leave_if_nobody_changed_them() {
    let (mut shop, other) = (Shop::of(3).await, Shop::of(4).await);
    let stamp = r#"{"count": 2, "selected": 1}"#;
    for sku in ["1", "2", "3", "4"] {
        shop.put(sku, stamp).await;
    }
    let mut other_cart = other;
    other_cart.put("1", stamp).await;
    assert_eq!(shop.cart().await.lines.len(), 4);

    // While the order was placed: two changes, one of them of nothing but a blank; one line that is gone; a new one.
    shop.put("2", r#"{"count": 3, "selected": 1}"#).await;
    shop.put("3", r#"{"count":2,"selected":1}"#).await;
    shop.put("5", stamp).await;
    let ordered = [(1, stamp), (2, stamp), (3, stamp), (9, stamp)];
    for _ in 0..2 {
        shop.remove(&ordered).await;
        assert_eq!(lines(&shop.cart().await), [(2, 3, true), (3, 2, true), (4, 2, true), (5, 2, true)]);
    }
    assert_eq!(other_cart.cart().await.lines.len(), 1, "another's cart is none of this");
}

#[tokio::test]
async fn the_carts_of_many_orders_are_emptied_together() {
    let stamp = r#"{"selected": "1", "count": "2"}"#;
    let mut shops = Vec::new();
    for user in 20..40 {
        let mut shop = Shop::of(user).await;
        shop.put("1", stamp).await;
        shop.put("2", stamp).await;
        shops.push(shop);
    }
    let removals: Vec<_> = shops.iter().map(|shop| removal(shop.user, &[(1, stamp)])).collect();
    shops[0].carts.remove_ordered(&removals).await.unwrap();
    for shop in &shops {
        assert_eq!(lines(&shop.cart().await), [(2, 2, true)], "cart of {}", shop.user);
    }
    shops[0].carts.remove_ordered(&[]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_never_lost_to_a_removal_at_the_same_moment() {
    let mut shop = Shop::of(5).await;
    let (ordered, changed) = (r#"{"count": 1, "selected": 1}"#, r#"{"count": 2, "selected": 1}"#);
    let mut old_program = shop.old_program.clone();
    for round in 0..1000 {
        shop.put("1", ordered).await;
        let change = async {
            // A few round trips later by turns, so that it falls before, between and after those of the removal.
            for _ in 0..round % 6 {
                let _: () = old_program.ping().await.unwrap();
            }
            let _: () = old_program.hset(key(5), 1, changed).await.unwrap();
        };
        let lines = [(1, ordered)];
        tokio::join!(change, shop.remove(&lines));
        assert_eq!(shop.stored(1).await.as_deref(), Some(changed), "round {round}");
    }
}

#[tokio::test]
async fn a_key_of_another_kind_is_an_error_and_not_an_empty_cart() {
    let mut shop = Shop::of(6).await;
    let _: () = shop.old_program.set(key(6), "a string").await.unwrap();
    assert!(shop.carts.load(shop.user).await.is_err());
}

#[tokio::test]
async fn a_dead_server_is_an_error_within_the_time_limit() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // It accepts connections, as a halted server's kernel does, and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [nobody, silent.local_addr().unwrap()] {
        let url = format!("redis://{address}/4");
        let carts = RedisCarts::new(&config(&url, LIMIT)).unwrap();
        let removals = vec![removal(UserId(1), &[(1, "x")]); 50];
        for _ in 0..2 {
            fails(carts.load(UserId(1))).await;
            fails(carts.ping()).await;
            fails(carts.remove_ordered(&removals)).await;
        }
    }
}

/// It gives an error, and does so in a time that is not many times the limit.
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
        let config = RedisConfig { urls, cluster, connections: 1, timeout: LIMIT };
        assert!(RedisCarts::new(&config).is_err(), "{:?} {cluster}", config.urls);
    }
}
