//! Events of one order that others write and claim during a claim.

use std::{sync::Arc, time::Duration};

use adapters::sql::CartsIn;
use domain::{
    AddressId, Cause, EndpointName, OrderId, OrderStatus, ShopTime, StatusChange, UserId, ledger::Event,
};
use mysql_async::{Conn, prelude::Queryable};
use ports::contract::{NewAddress, Shop};
use tokio::time::timeout;

use super::sql_support::{Engine, SqlShop, orders};

/// Reading the rows of order 2 waits while a client holds the named lock: a claim that has read the row of order 1 then
/// has its snapshot, and reads the rest later.
const HELD_AT_ORDER_2: &str = "RENAME TABLE dashop_outbox TO stored_outbox; \
    CREATE VIEW dashop_outbox AS SELECT * FROM stored_outbox \
    WHERE order_id <> '2' OR GET_LOCK('held', 30) + RELEASE_LOCK('held') = 2";

fn at(second: u32) -> ShopTime {
    ShopTime::parse(&format!("2019-11-28 12:00:{second:02}")).unwrap()
}

/// A shop with a buyer who orders.
struct Buyer {
    shop: Arc<SqlShop>,
    user_id: UserId,
    address_id: AddressId,
}

impl Buyer {
    async fn on(engine: Engine) -> Self {
        let shop = SqlShop::on(engine, CartsIn::Database).await;
        let user_id = shop.add_user("demo").await;
        let address = NewAddress { street: "一", is_default: true, is_alive: true };
        let address_id = shop.add_address(user_id, address).await;
        Self { shop, user_id, address_id }
    }

    /// Places an order, which writes an event.
    async fn place(&self, number: &str, second: u32) {
        let order = orders::an_order(number, self.user_id, self.address_id, at(second));
        orders::place(&*self.shop.store, &[], &[order]).await;
    }
}

fn paid(number: &str, second: u32) -> Event {
    Event::StatusChanged(StatusChange {
        order_id: OrderId::parse(number).unwrap(),
        from: OrderStatus::AwaitingPayment,
        to: OrderStatus::AwaitingShipment,
        cause: Cause::channel(domain::Channel::Alipay, None),
        due_at: None,
        reason: String::new(),
        at: at(second),
    })
}

async fn hold(conn: &mut Conn) {
    let held: Option<i64> = conn.query_first("SELECT GET_LOCK('held', 30)").await.unwrap();
    assert_eq!(held, Some(1));
}

/// Order 3 is placed and paid during a claim, and another process is delivering the first of these two events: the
/// second must wait for it, although the claim did not see it when it began.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_does_not_overtake_one_that_was_written_and_claimed_meanwhile() {
    let buyer = Buyer::on(Engine::mysql().await).await;
    let shop = &buyer.shop;
    buyer.place("1", 1).await;
    buyer.place("2", 2).await;
    shop.engine.run(HELD_AT_ORDER_2).await;
    let mut holder = shop.engine.mysql_conn().await;
    hold(&mut holder).await;

    let claiming = tokio::spawn({
        let shop = Arc::clone(shop);
        async move { shop.store.claim(&EndpointName::first(), at(30), at(40), 9).await.unwrap() }
    });
    let waiting = "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE state = 'User lock' \
        AND db = DATABASE()";
    let look = async { while shop.engine.number(waiting).await == 0 {} };
    timeout(Duration::from_secs(30), look).await.expect("the claim waits at order 2");

    buyer.place("3", 3).await;
    shop.store.lock("3").await.unwrap().append(&[paid("3", 4)]).await.unwrap();
    let mut other = shop.engine.mysql_conn().await;
    let first = "START TRANSACTION; SELECT id FROM stored_outbox WHERE id = 3 FOR UPDATE";
    other.query_drop(first).await.unwrap();
    drop(holder.disconnect().await);

    let claimed = claiming.await.unwrap();
    let orders: Vec<_> = claimed.iter().map(|claimed| claimed.item.event.order_id.as_str()).collect();
    assert_eq!(orders, ["1", "2"]);
    drop(other);
}
