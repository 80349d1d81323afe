//! Requirements for both engines beyond the contracts of the ports.

use std::{sync::Arc, time::Duration};

use adapters::sql::{self, CartsIn, EventSink, SqlConfig, demo};
use domain::{
    Allocation, Caller, Cart, IdempotencyKey, NewOrder, OrderGoods, OrderId, Quantity, RequestDigest,
    ShopTime, SkuId, UserId, Username,
};
use ports::{
    BuyerQuery, OrderListQuery, OrderReader, PlacingOutcome, StockOutcome, StoreError, Users,
    contract::{NewAddress, NewSku, OldOrder, Shop},
};
use tokio::{task::JoinSet, time::timeout};

use super::{Engine, SqlShop, large_shop::a_large_shop, orders};

fn noon() -> ShopTime {
    ShopTime::parse("2019-11-28 12:00:00").unwrap()
}

/// A category's SKUs are ordered by product, without products that are off the shelf; pages and the whole list agree.
pub(crate) async fn shows_a_kind_product_by_product(engine: Engine) {
    let shop = SqlShop::on(engine, CartsIn::Database).await;
    // Product n is in category n % 50 + 1; its SKUs are n - 1 and n + 499, those of the first product 500 and 1000.
    shop.engine.run(&a_large_shop()).await;
    shop.engine.run("UPDATE DDSC_SKU SET is_launched = 0 WHERE SPU_ID_id = 101 OR id = 550").await;
    let on_shelf: Vec<i32> = (0..10)
        .map(|product| product * 50 + 1)
        .flat_map(|product: i32| if product == 1 { [500, 1_000] } else { [product - 1, product + 499] })
        .filter(|sku_id| ![100, 600, 550].contains(sku_id))
        .collect();
    let store = &*shop.store;
    let ids = |cards: &[domain::SkuCard]| cards.iter().map(|card| card.id.0).collect::<Vec<_>>();
    let kind = domain::CatalogId(2);
    let mut shown = Vec::new();
    for page in 0..6 {
        let cards = store.section_page(kind, page * 3, 3).await.unwrap();
        assert!(cards.len() == 3 || page == 5, "page {page}: {cards:?}");
        shown.extend(ids(&cards));
    }
    assert_eq!(shown, on_shelf);
    assert_eq!(store.section_size(kind).await.unwrap(), 17);
    let sections = store.sections(60, 4).await.unwrap();
    assert_eq!((sections.len(), ids(&sections[1].skus)), (50, on_shelf[..4].to_vec()));
}

/// Several processes start at once, on an empty server.
pub(crate) async fn migrates_once_however_many_start(engine: Engine) {
    let config = engine.config();
    let store = sql::connect(&config).await.unwrap();
    let state = store.schema().await.unwrap();
    assert!(!state.is_current());
    assert_eq!(
        state.pending,
        [
            "2026-11-23-000001_shop_tables",
            "2026-11-23-000002_dashop",
            "2026-11-25-000003_storefront",
            "2026-11-25-000004_order_life",
            "2026-11-25-000005_ordered_lines",
            "2026-11-28-000006_parked_and_refused",
            "2026-11-28-000007_upkeep",
            "2026-11-28-000008_payment_attempts",
            "2026-11-28-000009_amendments",
            "2026-11-28-000010_payment_channels",
            "2026-11-28-000011_webhook_endpoints",
            "2026-11-29-000012_refunds_by_status",
            "2026-11-29-000013_payments_by_status"
        ]
    );

    let mut processes = JoinSet::new();
    for _ in 0..4 {
        let config = config.clone();
        processes.spawn(async move { sql::connect(&config).await.unwrap().migrate().await.unwrap() });
    }
    let ran: Vec<_> = processes.join_all().await.into_iter().flatten().collect();
    assert_eq!(ran, state.pending, "each once");

    let state = store.schema().await.unwrap();
    assert!(state.is_current());
    assert_eq!(
        state.applied,
        [
            "20261123000001",
            "20261123000002",
            "20261125000003",
            "20261125000004",
            "20261125000005",
            "20261128000006",
            "20261128000007",
            "20261128000008",
            "20261128000009",
            "20261128000010",
            "20261128000011",
            "20261129000012",
            "20261129000013"
        ]
    );
    store.ping().await.unwrap();
}

/// An unreadable removal delays no other removal, and does not stop its buyer from ordering.
pub(crate) async fn sets_aside_a_removal_that_cannot_be_read(engine: Engine) {
    let shop = SqlShop::on(engine, CartsIn::Elsewhere).await;
    let user = shop.add_user("demo").await;
    let home = shop.add_address(user, NewAddress { street: "一", is_default: true, is_alive: true }).await;
    let row =
        |number: i32, lines: &str| format!("('10{number}', {user}, '{lines}', '2019-11-28 11:00:0{number}')");
    let rows = [row(1, "[[4,\"x\"]]"), row(2, "what is this"), row(3, "[[5,\"y\"]]")];
    let columns = "order_id, user_id, `lines`, recorded_at";
    shop.engine.run(&format!("INSERT INTO dashop_cart_removal ({columns}) VALUES {}", rows.join(","))).await;
    for _ in 0..2 {
        let taken = shop.store.take_over(noon(), noon(), 9).await.unwrap();
        let numbers: Vec<_> = taken.iter().map(|removal| removal.order_id.as_str()).collect();
        assert!(numbers == ["101", "103"] || numbers.is_empty(), "{numbers:?}");
    }
    let left = shop.engine.number("SELECT COUNT(*) AS n FROM dashop_cart_removal").await;
    assert_eq!(left, 3, "somebody may still look at it");
    let query =
        BuyerQuery { caller: Caller { username: Username("demo".to_owned()), mark: None }, address_id: home };
    let buyer = shop.store.buyers(&[query]).await.unwrap().remove(0).unwrap();
    let skus: Vec<_> = buyer.ordered_lines.iter().map(|(sku_id, _)| *sku_id).collect();
    assert_eq!(skus, [SkuId(4), SkuId(5)]);
    let pending = shop.store.pending_of(user).await.unwrap();
    assert_eq!(
        pending.into_iter().flat_map(|removal| removal.lines).collect::<Vec<_>>(),
        buyer.ordered_lines
    );
}

/// Fills the shop once, with SKUs that can be bought and readable carts.
pub(crate) async fn fills_an_empty_shop_for_a_demo(engine: Engine) {
    let config = engine.config();
    let store = engine.store(&config).await;
    let mut processes = JoinSet::new();
    for _ in 0..4 {
        let config = config.clone();
        processes.spawn(async move { sql::connect(&config).await.unwrap().seed_demo(noon()).await.unwrap() });
    }
    let seeded = processes.join_all().await.into_iter().filter(|seeded| *seeded).count();
    assert_eq!(seeded, 1, "of programs that start together");
    assert!(!store.seed_demo(noon()).await.unwrap(), "it is filled");

    let ids: Vec<_> = (1..=100).map(SkuId).collect();
    let skus = store.skus(&ids).await.unwrap();
    assert_eq!(skus.len(), 38);
    for sku in skus.values() {
        assert!(!sku.attributes.is_empty() && sku.attributes.len() <= 2, "{sku:?}");
        assert!(demo::picture(&sku.default_image_url).is_some(), "{sku:?}");
    }
    for buyer in demo::BUYERS {
        let id = Users::find(&*store, &Username(buyer.username.to_owned())).await.unwrap();
        assert_eq!(id, Some(UserId(buyer.id)));
        assert_eq!(store.entries(UserId(buyer.id)).await.unwrap().0.len(), 2);
        let Cart { lines } = store.load(UserId(buyer.id)).await.unwrap();
        assert!(lines.len() >= 3 && lines.iter().all(|line| skus.contains_key(&line.sku_id)));
    }
    let hashes = engine.words("SELECT password AS n FROM user_profile").await;
    assert_eq!(hashes, ["e10adc3949ba59abbe56e057f20f883e"; 2], "MD5 of the documented password");
    let next = engine.number("SELECT MAX(id) + 1 AS n FROM DDSC_SKU").await;
    engine
        .run(
            "INSERT INTO DDSC_SKU (create_time, update_time, name, price, SPU_ID_id) \
              VALUES ('2019-11-01 00:00:00', '2019-11-01 00:00:00', 'new', '1.00', 1)",
        )
        .await;
    assert_eq!(engine.number("SELECT MAX(id) AS n FROM DDSC_SKU").await, next, "the shop goes on counting");
}

/// A buyer with one address, and SKUs.
struct Buyer {
    shop: Arc<SqlShop>,
    user_id: UserId,
    address_id: domain::AddressId,
    skus: Vec<SkuId>,
}

impl Buyer {
    async fn on(engine: Engine, config: &SqlConfig, skus: usize) -> Self {
        let shop = SqlShop::with(engine, config).await;
        let user_id = shop.add_user("demo").await;
        let address = NewAddress { street: "一", is_default: true, is_alive: true };
        let address_id = shop.add_address(user_id, address).await;
        let mut ids = Vec::new();
        for _ in 0..skus {
            ids.push(shop.add_sku(a_sku()).await);
        }
        Self { shop, user_id, address_id, skus: ids }
    }

    /// A shop with webhooks and twenty SKUs.
    async fn whose_cart_is(carts: CartsIn, engine: Engine) -> Self {
        let config = SqlConfig { carts, event_sink: EventSink::Outbox, ..engine.config() };
        Self::on(engine, &config, 20).await
    }

    /// Places a group of 64 orders, each with all SKUs; one is from a cart, and one has a key.
    async fn places_orders_in_few_statements(&self) {
        let mut new: Vec<_> = (100..163).map(|number: i32| self.order(&number.to_string())).collect();
        new.push(self.keyed("163"));
        new[0].cart_lines =
            self.skus.iter().map(|sku_id| (*sku_id, domain::CartStamp("{}".to_owned()))).collect();
        let mut transaction = orders::begin(&*self.shop.store).await.unwrap();
        let (sent, taken) = self.statements(transaction.take(&self.allocations())).await;
        assert_eq!((sent, taken.unwrap()), (1, StockOutcome::Taken), "stock");
        let (sent, written) = self.statements(transaction.write(&new)).await;
        assert!(matches!(written, Ok(PlacingOutcome::Committed(_))), "{written:?}");
        assert_eq!(sent, 5, "orders, lines, events, keys and lines of carts; a commit is not counted");
    }

    fn order(&self, number: &str) -> NewOrder {
        let line = |sku_id: &SkuId| OrderGoods {
            sku_id: *sku_id,
            name: String::new(),
            default_image_url: String::new(),
            price: "1.50".parse().unwrap(),
            quantity: Quantity::ONE,
            attributes: Vec::new(),
        };
        let mut new = orders::an_order(number, self.user_id, self.address_id, noon());
        new.order.goods = self.skus.iter().map(line).collect();
        new
    }

    /// An order with the key of a request.
    fn keyed(&self, number: &str) -> NewOrder {
        let key = IdempotencyKey::parse("k1").unwrap();
        NewOrder { idempotency: Some((key, RequestDigest("digest".to_owned()))), ..self.order(number) }
    }

    fn allocations(&self) -> Vec<Allocation> {
        let allocation =
            |sku_id: &SkuId| Allocation { sku_id: *sku_id, pieces: 1, price: "1.50".parse().unwrap() };
        self.skus.iter().map(allocation).collect()
    }

    /// The number of statements that the work sends.
    async fn statements<T>(&self, work: impl Future<Output = T>) -> (u64, T) {
        let before = self.shop.store.statements();
        let done = work.await;
        (self.shop.store.statements() - before, done)
    }
}

fn a_sku() -> NewSku {
    NewSku {
        name: "甲",
        price: "1.50".parse().unwrap(),
        stock: 1_000,
        is_launched: true,
        attributes: &[("颜色", "红色"), ("尺寸", "18寸")],
    }
}

/// The number of statements does not grow with the data.
pub(crate) async fn asks_no_more_often_than_it_must(engine: Engine) {
    let buyer = Buyer::whose_cart_is(CartsIn::Database, engine).await;
    let store = &*buyer.shop.store;
    let name = Username("demo".to_owned());
    // An idle connection is checked before its first use.
    Users::find(store, &name).await.unwrap();
    let (sent, _) = buyer.statements(Users::find(store, &name)).await;
    assert_eq!(sent, 1, "user");
    let caller = Caller { username: name, mark: None };
    let (sent, _) = buyer.statements(store.authenticate(&caller)).await;
    assert_eq!(sent, 1, "caller");
    let (sent, _) = buyer.statements(store.destination(&caller, buyer.address_id)).await;
    assert_eq!(sent, 1, "destination");
    let (sent, skus) = buyer.statements(store.skus(&buyer.skus)).await;
    assert_eq!((sent, skus.unwrap().len()), (1, 20), "SKUs");
    let (sent, _) = buyer.statements(store.load(buyer.user_id)).await;
    assert_eq!(sent, 1, "cart");

    buyer.places_orders_in_few_statements().await;
    let query = OrderListQuery { user_id: buyer.user_id, status: None, before: None, limit: 200 };
    let (sent, listed) = buyer.statements(store.list(&query)).await;
    assert_eq!((sent, listed.unwrap().len()), (2, 64), "with snapshots");
    let old = OldOrder {
        id: OrderId::parse("1").unwrap(),
        user_id: buyer.user_id,
        address_id: buyer.address_id,
        status: 1,
        total_amount: "11.50".parse().unwrap(),
        created_at: noon().after(Duration::from_secs(1)),
        lines: buyer.skus.iter().map(|sku_id| (*sku_id, 1, "1.50".parse().unwrap())).collect(),
    };
    buyer.shop.add_old_order(old).await;
    let (sent, listed) = buyer.statements(store.list(&query)).await;
    assert_eq!((sent, listed.unwrap().len()), (5, 65), "with one that has none: address, SKUs, attributes");
}

/// The same, with carts elsewhere.
pub(crate) async fn asks_no_more_often_with_carts_elsewhere(engine: Engine) {
    Buyer::whose_cart_is(CartsIn::Elsewhere, engine).await.places_orders_in_few_statements().await;
}

/// The lines of an order are cached for the next list, if they are complete and have their snapshots.
pub(crate) async fn asks_once_for_the_lines_of_an_order(engine: Engine) {
    let config = engine.config();
    let buyer = Buyer::on(engine, &config, 2).await;
    let store = &*buyer.shop.store;
    let query = OrderListQuery { user_id: buyer.user_id, status: None, before: None, limit: 200 };
    let list = async || {
        let (sent, orders) = buyer.statements(store.list(&query)).await;
        (sent, orders.unwrap())
    };
    let mut new = buyer.order("100");
    new.order.total_count = 2;
    orders::place(store, &buyer.allocations(), std::slice::from_ref(&new)).await;
    list().await;
    assert_eq!(list().await, (1, vec![new.order.clone()]));

    // An operator repairs the order by hand.
    let mend = "UPDATE tb_order_goods SET count = 3; UPDATE tb_order_info SET total_count = 6";
    buyer.shop.engine.run(mend).await;
    let (sent, listed) = list().await;
    assert_eq!((sent, listed[0].goods[0].quantity.pieces()), (2, 3), "asked anew");
    assert_eq!(list().await, (1, listed));

    // The old back end is about to write another line.
    buyer.shop.engine.run("UPDATE tb_order_info SET total_count = 7").await;
    for _ in 0..2 {
        assert_eq!(list().await.0, 2);
    }
    buyer.shop.engine.run("UPDATE tb_order_info SET total_count = 6").await;

    // A line without a snapshot shows the current catalogue.
    new.order.id = OrderId::parse("101").unwrap();
    orders::place(store, &buyer.allocations(), std::slice::from_ref(&new)).await;
    buyer.shop.engine.run("UPDATE tb_order_goods SET sku_name = NULL WHERE order_id = '101'").await;
    for name in ["乙", "丙"] {
        buyer.shop.engine.run(&format!("UPDATE DDSC_SKU SET name = '{name}'")).await;
        assert_eq!(list().await.1[0].goods[0].name, name);
    }
}

/// Batch after batch, each starting after the last one: an address book can have many entries.
pub(crate) async fn goes_through_removed_addresses_once(engine: Engine) {
    let shop = SqlShop::on(engine, CartsIn::Database).await;
    let user_id = shop.add_user("小王").await;
    let entry = NewAddress { street: "长安街1号", is_default: false, is_alive: false };
    let mut entries = Vec::new();
    for is_alive in [false, true, false, false, false] {
        entries.push(shop.add_address(user_id, NewAddress { is_alive, ..entry }).await);
    }
    let [first, _in_use, needed, third, fourth] = entries[..] else { unreachable!() };
    let old = OldOrder {
        id: OrderId::parse("1").unwrap(),
        user_id,
        address_id: needed,
        status: 4,
        total_amount: "11.50".parse().unwrap(),
        created_at: noon(),
        lines: Vec::new(),
    };
    shop.add_old_order(old).await;
    let then = ShopTime::parse("2019-12-01 00:00:00").unwrap();
    let batch = async |after, limit| {
        let done = shop.store.anonymise_addresses(then, after, limit).await.unwrap();
        (done.count, done.last)
    };
    assert_eq!(batch(Some(third), 2).await, (1, None), "what is behind it alone");
    assert_eq!(batch(None, 2).await, (1, Some(needed)), "an order of the old back end needs the second");
    assert_eq!(batch(Some(needed), 2).await, (1, None));
    assert_eq!(batch(None, 2).await, (0, None), "once is enough");
    let known =
        shop.engine.words("SELECT is_alive AS n FROM address WHERE receiver <> '已匿名' ORDER BY id").await;
    assert_eq!(known, ["1", "0"], "the one in use, and the one that is needed");
    assert!(first < third && third < fourth);
}

/// The refund-due payments of the requested orders are found, and no others, however many there are.
pub(crate) async fn finds_refund_due_payments_among_few_and_many(engine: Engine) {
    let shop = SqlShop::on(engine, CartsIn::Database).await;
    let ids = ["1000", "2000"].map(|number| OrderId::parse(number).unwrap());
    let record = async |numbers: &[String]| {
        let rows = numbers.iter().map(|number| {
            format!("('{number}', '{number}', 'TRADE_SUCCESS', '1.00', '0.00', 'late', 'query', '2019-11-02 00:00:00')")
        });
        shop.engine
            .run(&format!(
                "INSERT INTO dashop_payment (trade_no, out_trade_no, trade_status, total_amount, refunded, status, \
                 source, recorded_at) VALUES {}",
                rows.collect::<Vec<_>>().join(",")
            ))
            .await;
    };
    let found = async || {
        let payments = shop.store.refund_due_payments(&ids).await.unwrap();
        payments.into_iter().map(|payment| payment.trade.out_trade_no).collect::<Vec<_>>()
    };
    let others = |numbers: std::ops::Range<u32>| numbers.map(|number| number.to_string()).collect::<Vec<_>>();
    record(&others(1001..1050)).await;
    assert_eq!(found().await, [""; 0]);
    record(&["2000".to_owned(), "1000".to_owned()]).await;
    assert_eq!(found().await, ["2000", "1000"]);
    record(&others(1050..1200)).await;
    assert_eq!(found().await, ["2000", "1000"], "in the order of recording");
}

/// A caller may give up at any point: nothing is half done, and nothing is lost for later callers.
pub(crate) async fn recovers_from_callers_that_give_up(engine: Engine) {
    let config = SqlConfig { max_connections: 2, ..engine.config() };
    let buyer = Arc::new(Buyer::on(engine, &config, 1).await);
    orders::place(&*buyer.shop.store, &[], &[buyer.keyed("76")]).await;
    for round in 0..60 {
        let given_up = Arc::clone(&buyer);
        let task = tokio::spawn(async move {
            let store = &*given_up.shop.store;
            store.skus(&given_up.skus).await.unwrap();
            let mut transaction = orders::begin(store).await.unwrap();
            transaction.take(&given_up.allocations()).await.unwrap();
            // This is never committed: the second order uses another order's key.
            let refused = transaction.write(&[given_up.order("77"), given_up.keyed("78")]).await;
            assert_eq!(refused.unwrap(), PlacingOutcome::ClaimTaken);
            std::future::pending::<()>().await;
        });
        // A little later in each round; it does not matter which statement is interrupted.
        for _ in 0..round * 3 {
            tokio::task::yield_now().await;
        }
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    orders::place(&*buyer.shop.store, &buyer.allocations(), &[buyer.order("77")]).await;
    let record = buyer.shop.stock_record(buyer.skus[0]).await;
    assert_eq!((record.stock, record.sales, record.version), (999, 1, 1));
    assert!(OrderReader::find(&*buyer.shop.store, &OrderId::parse("77").unwrap()).await.unwrap().is_some());
}

/// Waiting for a connection is limited, and so is waiting for locked rows.
pub(crate) async fn turns_away_who_waits_too_long(engine: Engine) {
    let config = SqlConfig { max_connections: 1, acquire_timeout: Duration::from_secs(1), ..engine.config() };
    let buyer = Buyer::on(engine, &config, 1).await;
    let holder = orders::begin(&*buyer.shop.store).await.unwrap();
    let turned_away =
        timeout(Duration::from_secs(20), orders::begin(&*buyer.shop.store)).await.unwrap().err().unwrap();
    assert!(matches!(turned_away, StoreError::Busy(_) | StoreError::Unavailable(_)), "{turned_away:?}");
    drop(holder);
    // The connection returns once it is rolled back, which takes a moment; a patient store waits for it.
    let patient = SqlConfig { acquire_timeout: Duration::from_secs(20), ..config };
    let store = sql::connect(&patient).await.unwrap();
    drop(orders::begin(&*store).await.unwrap());
    orders::begin(&*store).await.unwrap().write(&[]).await.unwrap();
}
