//! Servers and programs that die under load: no answered order is lost or duplicated, every request is answered in time
//! while the servers are down, and the shop recovers by itself.

use std::time::Duration;

use serde_json::json;
use tests::{Browser, Dashop, Load, Server, Setup};

const OUTAGE: Duration = Duration::from_secs(5);
const STOCK: i32 = 1_000_000;
/// The limits that the programs get, in seconds. An outage is longer than one request may take.
const LIMITS: [(&str, &str); 6] = [
    ("DASHOP_REQUEST_TIMEOUT", "4"),
    ("DASHOP_DATABASE_ACQUIRE_TIMEOUT", "1"),
    ("DASHOP_DATABASE_CONNECT_TIMEOUT", "1"),
    ("DASHOP_DATABASE_STATEMENT_TIMEOUT", "2"),
    ("DASHOP_DATABASE_LOCK_TIMEOUT", "1"),
    ("DASHOP_REDIS_TIMEOUT", "1"),
];

/// A shop of two programs on servers of its own.
struct Shop {
    mariadb: Server,
    redis: Server,
    programs: [Dashop; 2],
}

impl Shop {
    async fn open() -> Self {
        let (mariadb, redis) = (Server::mariadb().await, Server::redis().await);
        let setup = LIMITS
            .into_iter()
            .fold(Setup::on(&mariadb, &redis).await, |setup, (name, value)| setup.with(name, value));
        let (first, second) = (setup.beside(), setup);
        let programs = [first.start().await, second.start().await];
        let mut database = programs[0].database().await;
        database.add_buyers(1001, 16).await;
        database.add_sku(901, "209.00", STOCK).await;
        Self { mariadb, redis, programs }
    }

    /// Sixteen buyers who put a line into the cart and order it, again and again.
    fn load(&self) -> Load {
        let data = self.programs[0].setup().data().clone();
        Load::of(&[&self.programs[0], &self.programs[1]], 1001..1017, move |buyer, user| {
            let data = data.clone();
            async move {
                // If the carts are unavailable, the order must be refused, or contain the line from before.
                data.try_to_fill_cart(user, 901).await;
                let body = json!({"address_id": user, "settlement_type": 0});
                buyer.try_create(body).await
            }
        })
    }

    /// The status of `/readyz` of both programs.
    async fn ready(&self) -> [Option<u16>; 2] {
        let [first, second] = &self.programs;
        let (browser, path) = (Browser::new(), "/readyz");
        [browser.status(&first.url(path)).await, browser.status(&second.url(path)).await]
    }

    /// After the server is back, both programs place orders again, and the stock and the orders agree.
    async fn recovers(&self, load: Load) {
        load.orders(100).await;
        for program in &self.programs {
            tests::until("the program is ready", async || {
                Browser::new().status(&program.url("/readyz")).await == Some(200)
            })
            .await;
        }
        let answers = load.stop().await;
        let codes = answers.codes();
        println!("{codes:?}");
        assert_eq!(answers.lost(), 0, "every request is answered in time: {codes:?}");
        assert!(codes.keys().all(|code| [200, 50000, 50104, 50106, 50115].contains(code)), "{codes:?}");
        assert!(codes.len() > 1, "the outage was noticed: {codes:?}");
        let mut database = self.programs[0].database().await;
        answers.are_kept(&mut database, 901, STOCK.into()).await;
        let unanswered = answers.are_stored(&mut database).await - answers.orders();
        let unknown = codes.get(&50115).copied().unwrap_or_default();
        assert!(
            unanswered <= unknown,
            "{unanswered} orders exist whose buyers were told they failed: {codes:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed() {
    let mut shop = Shop::open().await;
    let load = shop.load();
    load.orders(100).await;
    shop.mariadb.kill();
    tokio::time::sleep(OUTAGE).await;
    assert_eq!(shop.ready().await, [Some(503), Some(503)]);
    shop.mariadb.start().await;
    shop.recovers(load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_halts() {
    let shop = Shop::open().await;
    let load = shop.load();
    load.orders(100).await;
    shop.mariadb.halt();
    tokio::time::sleep(OUTAGE).await;
    assert_eq!(shop.ready().await, [Some(503), Some(503)]);
    shop.mariadb.go_on();
    shop.recovers(load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn carts_that_are_killed() {
    let mut shop = Shop::open().await;
    let load = shop.load();
    load.orders(100).await;
    shop.redis.kill();
    tokio::time::sleep(OUTAGE).await;
    assert_eq!(shop.ready().await, [Some(200), Some(200)], "the rest of the shop works");
    shop.redis.start().await;
    shop.recovers(load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn carts_that_halt() {
    let shop = Shop::open().await;
    let load = shop.load();
    load.orders(100).await;
    shop.redis.halt();
    tokio::time::sleep(OUTAGE).await;
    assert_eq!(shop.ready().await, [Some(200), Some(200)], "the rest of the shop works");
    shop.redis.go_on();
    shop.recovers(load).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_programs_is_killed_twenty_times() {
    let setup = Setup::on_servers().await;
    let mut victim = setup.beside().start().await;
    let other = setup.start().await;
    let mut database = other.database().await;
    database.add_buyers(1001, 16).await;
    database.add_sku(901, "209.00", STOCK).await;
    let load = Load::of_direct_buys(&[&victim, &other], 1001..1017, 901);
    for _ in 0..20 {
        load.orders(20).await;
        victim = victim.kill().start().await;
    }
    load.orders(20).await;
    let answers = load.stop().await;
    println!("{:?}, {} without an answer", answers.codes(), answers.lost());
    assert_eq!(answers.codes().keys().collect::<Vec<_>>(), [&200], "{:?}", answers.codes());
    assert!(answers.lost() > 0, "the kills came in the middle of something");
    answers.are_kept(&mut database, 901, STOCK.into()).await;
}
