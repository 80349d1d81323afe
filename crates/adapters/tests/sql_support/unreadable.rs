//! Rows that cannot be read: each costs itself alone, and is named in the log.

use std::sync::Arc;

use adapters::sql::CartsIn;
use domain::{
    AddressId, CartStamp, CatalogId, Cause, Delivery, EndpointName, EventFilter, EventId, EvidenceSource,
    NewOrder, NumberRange, OrderId, OrderStatus, PaymentRecord, PaymentStatus, Refund, RefundKind,
    RefundStatus, ShopTime, SkuId, SpuId, StatusChange, Trade, TradeStatus, UserId, ledger,
};
use ports::{
    AttemptQuery, CartRemoval, Claimed, OrderListQuery, OrderReader, OrderSearch, Resend, StoreError,
    WebhookEndpoints,
    contract::{NewAddress, NewSku, OldOrder, Shop},
};
use tracing::subscriber::DefaultGuard;

use super::{Engine, SqlShop, logged::Errors, orders};

/// As MySQL keeps what a program wrote that knew no better.
const ZERO_DATE: &str = "'0000-00-00 00:00:00'";

fn at(second: u32) -> ShopTime {
    ShopTime::parse(&format!("2019-11-28 12:00:{second:02}")).unwrap()
}

fn number(last: u32) -> String {
    format!("20191128120000{last:02}")
}

fn id(last: u32) -> OrderId {
    OrderId::parse(&number(last)).unwrap()
}

/// A buyer with an address, two SKUs and the orders 1 to 5, each of one piece and a second later than the one before.
struct Rows {
    shop: Arc<SqlShop>,
    buyer: UserId,
    address_id: AddressId,
    skus: [SkuId; 2],
    errors: Errors,
    _logged: DefaultGuard,
}

impl Rows {
    async fn on(engine: Engine, carts: CartsIn) -> Self {
        let shop = SqlShop::on(engine, carts).await;
        let buyer = shop.add_user("demo").await;
        let address = NewAddress { street: "一", is_default: true, is_alive: true };
        let address_id = shop.add_address(buyer, address).await;
        let price = "1.50".parse().unwrap();
        let sku = NewSku { name: "甲", price, stock: 9, is_launched: true, attributes: &[("色", "红")] };
        let first = shop.add_sku(sku).await;
        let skus = [first, shop.add_variant(first, sku).await];
        for last in 1..=5 {
            let order = OldOrder {
                id: id(last),
                user_id: buyer,
                address_id,
                status: 1,
                total_amount: "11.50".parse().unwrap(),
                created_at: at(last),
                lines: vec![(skus[0], 1, price)],
            };
            shop.add_old_order(order).await;
        }
        let errors = Errors::default();
        let logged = tracing::subscriber::set_default(errors.clone());
        Self { shop, buyer, address_id, skus, errors, _logged: logged }
    }

    async fn run(&self, sql: &str) {
        self.shop.engine.run(sql).await;
    }

    async fn append(&self, order: u32, event: ledger::Event) {
        self.shop.store.lock(&number(order)).await.unwrap().append(&[event]).await.unwrap();
    }

    /// Lets the next thing happen to an order.
    async fn change(&self, order: u32, second: u32) {
        let locked = self.shop.store.lock(&number(order)).await.unwrap();
        let from = locked.ledger().order.as_ref().unwrap().status;
        let to = match from {
            OrderStatus::AwaitingPayment => OrderStatus::AwaitingShipment,
            OrderStatus::AwaitingShipment => OrderStatus::AwaitingReceipt,
            other => panic!("{other:?}"),
        };
        let change = StatusChange {
            order_id: id(order),
            from,
            to,
            cause: Cause::system(),
            due_at: None,
            reason: String::new(),
            at: at(second),
        };
        locked.append(&[ledger::Event::StatusChanged(change)]).await.unwrap();
    }

    /// The buyer's orders, all pages, by the last digits of their numbers.
    async fn listed(&self, limit: u32) -> Vec<Vec<String>> {
        let mut pages = Vec::new();
        let mut before = None;
        loop {
            let query = OrderListQuery { user_id: self.buyer, status: None, before, limit };
            let page = self.shop.store.list(&query).await.unwrap();
            before = page.last().map(|order| order.id.clone());
            pages.push(page.iter().map(|order| order.id.as_str()[15..].to_owned()).collect());
            if page.len() < usize::try_from(limit).unwrap() {
                return pages;
            }
        }
    }

    async fn found(&self, limit: u32) -> Vec<String> {
        let search = OrderSearch { numbers: NumberRange::all(), user_id: None, status: None, limit };
        let found = self.shop.store.search(&search).await.unwrap();
        found.iter().map(|order| order.id.as_str()[15..].to_owned()).collect()
    }

    async fn is_unreadable(&self, last: u32) {
        let found = OrderReader::find(&*self.shop.store, &id(last)).await;
        assert!(matches!(found, Err(StoreError::Corrupt(_))), "{found:?}");
    }
}

/// A zero date, an amount that is none, a line that cannot be read, and one of the last page.
pub(crate) async fn cost_one_order_of_a_list(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Database).await;
    assert_eq!(rows.listed(9).await, [["5", "4", "3", "2", "1"]]);
    rows.run(&format!("UPDATE tb_order_info SET expire_at = {ZERO_DATE} WHERE order_id = '{}'", number(5)))
        .await;
    rows.run(&format!("UPDATE tb_order_goods SET sku_sale_attrs = '[[' WHERE order_id = '{}'", number(3)))
        .await;
    assert_eq!(rows.listed(9).await, [["4", "2", "1"]]);
    let named = [("tb_order_info", number(5)), ("tb_order_info", number(3))];
    assert_eq!(rows.errors.take(), named.map(|(table, key)| format!("{table} {key}")));
    assert_eq!(rows.listed(2).await, [vec!["4", "2"], vec!["1"]], "no page ends early");
    rows.is_unreadable(5).await;
    rows.is_unreadable(3).await;
    assert!(OrderReader::find(&*rows.shop.store, &id(4)).await.unwrap().is_some());

    rows.errors.take();
    assert_eq!(rows.found(9).await, ["4", "3", "2", "1"], "a search shows no lines");
    assert_eq!(rows.errors.take(), [format!("tb_order_info {}", number(5))]);
    assert_eq!(rows.found(1).await, ["4"]);

    rows.run(&format!(
        "UPDATE tb_order_info SET created_time = {ZERO_DATE} WHERE order_id = '{}'",
        number(4)
    ))
    .await;
    assert_eq!(rows.listed(1).await.concat(), ["2", "1"]);
}

/// Amounts below zero, which the old shop made, and statuses that another program knows. A line of no pieces costs itself alone.
pub(crate) async fn of_other_programs_cost_one_order_of_a_list(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Database).await;
    let set = async |what: &str, last: u32| {
        rows.run(&format!("UPDATE tb_order_info SET {what} WHERE order_id = '{}'", number(last))).await;
    };
    set("total_amount = '-209.00'", 5).await;
    set("status = 7", 4).await;
    set("status = 0", 2).await;
    let named = [5, 4, 2].map(|last| format!("tb_order_info {}", number(last)));
    assert_eq!(rows.listed(9).await, [["3", "1"]]);
    assert_eq!(rows.errors.take(), named);
    assert_eq!(rows.found(9).await, ["3", "1"]);
    assert_eq!(rows.errors.take(), named);
    assert_eq!(rows.listed(1).await.concat(), ["3", "1"], "no page ends early");
    assert_eq!(rows.found(1).await, ["3"]);
    for last in [5, 4, 2] {
        rows.is_unreadable(last).await;
    }

    rows.run(&format!("UPDATE tb_order_goods SET count = -1 WHERE order_id = '{}'", number(1))).await;
    let line = format!("SELECT CAST(id AS CHAR) AS n FROM tb_order_goods WHERE order_id = '{}'", number(1));
    let line = rows.shop.engine.words(&line).await;
    rows.errors.take();
    let order = OrderReader::find(&*rows.shop.store, &id(1)).await.unwrap().unwrap();
    assert_eq!(order.goods, []);
    assert_eq!(rows.errors.take(), [format!("tb_order_goods {}", line[0])]);

    for (table, column) in [
        ("tb_order_info", "freight"),
        ("tb_order_info", "refunded_amount"),
        ("tb_order_info", "discount"),
        ("tb_order_goods", "price"),
    ] {
        let of_the_third = format!("WHERE order_id = '{}'", number(3));
        rows.run(&format!("UPDATE {table} SET {column} = '-0.01' {of_the_third}")).await;
        assert_eq!(rows.listed(9).await, [["1"]], "{table}.{column}");
        rows.is_unreadable(3).await;
        rows.run(&format!("UPDATE {table} SET {column} = '0.00' {of_the_third}")).await;
        assert_eq!(rows.listed(9).await, [["3", "1"]], "{table}.{column}");
    }
}

/// Of an old shop's catalogue: the page, the product and the cart show the others.
pub(crate) async fn cost_one_sku_of_a_page(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Database).await;
    let [good, bad] = rows.skus;
    rows.run(&format!("UPDATE DDSC_SKU SET price = '-1.50' WHERE id = {bad}")).await;
    let store = &*rows.shop.store;
    let known = store.skus(&[good, bad]).await.unwrap();
    assert_eq!(known.into_keys().collect::<Vec<_>>(), [good]);
    let sections = store.sections(9, 9).await.unwrap();
    assert_eq!(sections[0].skus.iter().map(|card| card.id).collect::<Vec<_>>(), [good]);
    let page = store.section_page(CatalogId(good.0), 0, 9).await.unwrap();
    assert_eq!(page.iter().map(|card| card.id).collect::<Vec<_>>(), [good]);
    let product = store.product(SpuId(good.0)).await.unwrap().unwrap();
    assert_eq!(product.skus.iter().map(|sku| sku.card.id).collect::<Vec<_>>(), [good]);
    assert_eq!(rows.errors.take(), vec![format!("DDSC_SKU {bad}"); 4]);

    let unnamed = match rows.shop.engine {
        Engine::Sqlite(_) => "x'ff'",
        Engine::Mysql { .. } => {
            rows.run("ALTER TABLE DDSC_GOODS_CATALOG MODIFY name VARCHAR(10) NULL").await;
            "NULL"
        }
    };
    rows.run(&format!("UPDATE DDSC_GOODS_CATALOG SET name = {unnamed} WHERE id = {good}")).await;
    assert!(store.sections(9, 9).await.unwrap().iter().all(|section| section.catalog_id.0 != good.0));
    assert_eq!(rows.errors.take()[..1], [format!("DDSC_GOODS_CATALOG {good}")]);
}

fn payment(trade_no: &str, order: u32) -> PaymentRecord {
    PaymentRecord {
        trade: Trade {
            channel: domain::Channel::Alipay,
            trade_no: trade_no.to_owned(),
            out_trade_no: number(order),
            status: TradeStatus::Success,
            total_amount: "11.50".parse().unwrap(),
            refunded: domain::Money::ZERO,
            refund_request_no: None,
            buyer: None,
            paid_at: Some(at(1)),
        },
        status: PaymentStatus::WrongAmount,
        source: EvidenceSource::Notification,
        recorded_at: at(1),
    }
}

fn refund(request_no: &str) -> Refund {
    Refund {
        channel: domain::Channel::Alipay,
        out_request_no: request_no.to_owned(),
        out_trade_no: number(1),
        trade_no: "T1".to_owned(),
        amount: "1.50".parse().unwrap(),
        reason: String::new(),
        kind: RefundKind::Shop,
        status: RefundStatus::Requested,
        restock: Vec::new(),
        cause: Cause::system(),
        requested_at: at(1),
        finished_at: None,
        failure: None,
    }
}

/// Of what staff see, of a list's payments, and of a day's comparison with the bill.
pub(crate) async fn cost_one_payment(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Database).await;
    for (trade_no, order) in [("T1", 1), ("T2", 2)] {
        rows.append(order, ledger::Event::PaymentRecorded(payment(trade_no, order))).await;
    }
    let store = &*rows.shop.store;
    let day = at(1).date();
    let trades = |payments: &[PaymentRecord]| -> Vec<String> {
        payments.iter().map(|payment| payment.trade.trade_no.clone()).collect()
    };
    rows.run("UPDATE dashop_payment SET status = 'late'").await;
    rows.run(&format!("UPDATE dashop_payment SET paid_at = {ZERO_DATE} WHERE trade_no = 'T2'")).await;
    assert_eq!(trades(&store.refund_due_payments(&[id(1), id(2)]).await.unwrap()), ["T1"]);
    assert_eq!(rows.errors.take(), ["dashop_payment T2"], "in the list");
    rows.run("UPDATE dashop_payment SET paid_at = recorded_at, status = 'wrong_amount'").await;
    rows.run("UPDATE dashop_payment SET status = 'unheard-of' WHERE trade_no = 'T2'").await;
    let statement = store.statement_of(domain::Channel::Alipay, day, &["T2".to_owned()], &[]).await.unwrap();
    assert_eq!(trades(&statement.payments), ["T1"]);
    assert_eq!(rows.errors.take(), vec!["dashop_payment T2"; 2], "of the day, and by its number");
    rows.run(&format!(
        "UPDATE dashop_payment SET status = 'wrong_amount', recorded_at = {ZERO_DATE} WHERE trade_no = 'T2'"
    ))
    .await;
    let unmatched = store.unmatched_payments(day, day, 9).await.unwrap();
    assert_eq!(unmatched.iter().map(|found| &found.payment.trade.trade_no).collect::<Vec<_>>(), ["T1"]);
    assert_eq!(rows.errors.take(), ["dashop_payment T2"]);
    let file = store.file(&id(2)).await;
    assert!(matches!(file, Err(StoreError::Corrupt(_))), "{file:?}");
}

/// An order number that names no day, and an amount below zero: the figures have the others.
pub(crate) async fn cost_one_day_of_the_figures(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Database).await;
    rows.run(&format!(
        "INSERT INTO tb_order_info (order_id, created_time, updated_time, total_count, total_amount, freight, \
         pay_method, status, address_id, user_id) SELECT '2019113199999999', created_time, updated_time, \
         total_count, total_amount, freight, pay_method, status, address_id, user_id FROM tb_order_info \
         WHERE order_id = '{}'",
        number(1)
    ))
    .await;
    rows.run(&format!("UPDATE tb_order_info SET total_amount = '-209.00' WHERE order_id = '{}'", number(2)))
        .await;
    let first = at(1).date();
    let last = ShopTime::parse("2019-12-01 00:00:00").unwrap().date();
    let figures = rows.shop.store.figures(first, last).await.unwrap();
    assert_eq!(figures.iter().map(|day| day.orders).collect::<Vec<_>>(), [4, 0, 0, 0]);
    assert_eq!(figures[0].order_amount.to_string(), "46.00");
    assert_eq!(rows.errors.take().len(), 2);
}

async fn claim(rows: &Rows, now: u32) -> Vec<Claimed<Delivery>> {
    let claimed = rows.shop.store.claim(&EndpointName::first(), at(now), at(now + 1), 9).await;
    claimed.unwrap()
}

fn orders_of(claimed: &[Claimed<Delivery>]) -> Vec<&str> {
    claimed.iter().map(|claimed| &claimed.item.event.order_id.as_str()[15..]).collect()
}

/// No page of the log ends early.
pub(crate) async fn cost_one_attempt_of_the_delivery_log(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Elsewhere).await;
    let attempt = |nth: u32, kind: &str| {
        format!(
            "({nth}, 'default', 'evt_{nth}', '{}', '{kind}', '2019-11-28 12:00:00', 1, 'delivered', 200)",
            number(1)
        )
    };
    rows.run(&format!(
        "INSERT INTO dashop_webhook_attempt (id, endpoint, event_id, order_id, kind, at, took_ms, outcome, http_status) \
         VALUES {},{},{},{}",
        attempt(1, "order.created"),
        attempt(2, "order.created"),
        attempt(3, "order.unheard_of"),
        attempt(4, "order.created"),
    ))
    .await;
    let page = async |before, limit| {
        let query = AttemptQuery { before, limit, ..AttemptQuery::default() };
        let logged = WebhookEndpoints::attempts(&*rows.shop.store, &query).await.unwrap();
        logged.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 2).await, [4, 2]);
    assert_eq!(rows.errors.take(), ["dashop_webhook_attempt 3"]);
    assert_eq!(page(Some(4), 1).await, [2]);
    assert_eq!(page(Some(2), 9).await, [1]);
}

/// An event of a kind that this version does not know, and one of no moment: what follows them of their orders waits
/// until they are resent, and nothing else does.
pub(crate) async fn park_one_event(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Database).await;
    for (order, second) in [(1, 1), (2, 2), (1, 3), (3, 4)] {
        rows.change(order, second).await;
    }
    rows.run("UPDATE dashop_outbox SET kind = 'order.unheard_of' WHERE id = 1").await;
    rows.run(&format!("UPDATE dashop_outbox SET at = {ZERO_DATE} WHERE id = 4")).await;
    assert_eq!(orders_of(&claim(&rows, 10).await), ["2"]);
    assert_eq!(rows.errors.take(), ["dashop_outbox 1", "dashop_outbox 4"]);
    assert_eq!(rows.shop.store.parked(), 2);
    assert_eq!(
        orders_of(&claim(&rows, 20).await),
        ["2"],
        "it is due again when its lease ends, and no other"
    );
    assert_eq!(rows.errors.take(), Vec::<String>::new());
    let backlog = rows.shop.store.backlog(&EndpointName::first()).await.unwrap();
    assert_eq!((backlog.undelivered, backlog.given_up, backlog.oldest), (4, 3, Some(at(1))));

    rows.run("UPDATE dashop_outbox SET kind = 'order.status_changed' WHERE id = 1").await;
    let (first, of_order) = (EndpointName::first(), Resend::OfOrder(id(1)));
    let resent = rows.shop.store.resend(&first, &of_order, &EventFilter::All, at(30)).await.unwrap();
    assert_eq!(resent.due, 2);
    assert_eq!(orders_of(&claim(&rows, 30).await), ["2", "1"]);
}

/// Restored from a backup, a database counts its rows from where it was: what it tells then has other names.
pub(crate) async fn events_have_names_that_never_repeat(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Database).await;
    let tell = async || {
        rows.change(1, 1).await;
        rows.change(2, 1).await;
        claim(&rows, 10).await
    };
    let names = |claimed: &[Claimed<Delivery>]| -> Vec<EventId> {
        claimed.iter().map(|claimed| claimed.item.event_id.clone()).collect()
    };
    let before = tell().await;
    let reset = match &rows.shop.engine {
        Engine::Sqlite(_) => "DELETE FROM sqlite_sequence WHERE name = 'dashop_outbox'",
        Engine::Mysql { .. } => "ALTER TABLE dashop_outbox AUTO_INCREMENT = 1",
    };
    rows.run(&format!("DELETE FROM dashop_outbox; {reset}")).await;
    let after = tell().await;
    assert_eq!(after[0].item.id, before[0].item.id, "the rows have the same numbers");
    let (before, after) = (names(&before), names(&after));
    assert!(after.iter().all(|name| !before.contains(name)), "{before:?} {after:?}");
    let uuid = after[0].to_string();
    assert_eq!((uuid.len(), &uuid[..4], &uuid[18..19]), (40, "evt_", "7"), "{uuid}");

    rows.run("UPDATE dashop_outbox SET event_id = NULL WHERE id = 1").await;
    assert_eq!(
        names(&claim(&rows, 20).await)[0].to_string(),
        "evt_1",
        "as it was told before there were UUIDs"
    );
}

/// A refund of a kind that this version does not know, and one of no moment.
pub(crate) async fn park_one_refund(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Database).await;
    for request_no in ["r1", "r2", "r3"] {
        rows.append(1, ledger::Event::RefundRequested { refund: refund(request_no), due_at: at(1) }).await;
    }
    rows.run("UPDATE dashop_refund SET kind = 'unheard-of' WHERE out_request_no = 'r1'").await;
    rows.run(&format!("UPDATE dashop_refund SET requested_at = {ZERO_DATE} WHERE out_request_no = 'r2'"))
        .await;
    for second in [10, 20] {
        let due = rows.shop.store.claim_due_refunds(at(second), at(second + 1), 9).await.unwrap();
        assert_eq!(due.iter().map(|claimed| &claimed.item.out_request_no).collect::<Vec<_>>(), ["r3"]);
    }
    assert_eq!(rows.errors.take(), ["dashop_refund r1", "dashop_refund r2"], "once each");
    assert_eq!(rows.shop.store.parked(), 2);
}

/// An order that is due under a number that is none.
pub(crate) async fn park_one_due_order(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Database).await;
    rows.run("UPDATE tb_order_info SET due_at = '2019-11-28 12:00:01.000000'").await;
    rows.run(
        "DELETE FROM tb_order_goods; UPDATE tb_order_info SET order_id = 'none' WHERE order_id LIKE '%01'",
    )
    .await;
    for second in [10, 20] {
        let due = rows.shop.store.claim_due_orders(at(second), at(second + 1), 9).await.unwrap();
        assert_eq!(due.len(), 4);
    }
    assert_eq!(rows.errors.take(), ["tb_order_info none"]);
}

/// Lines that are none.
pub(crate) async fn park_one_cart_removal(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Elsewhere).await;
    let line = vec![(rows.skus[0], CartStamp("{}".to_owned()))];
    let new = [6, 7].map(|last| NewOrder {
        cart_lines: line.clone(),
        ..orders::an_order(&number(last), rows.buyer, rows.address_id, at(1))
    });
    orders::place(&*rows.shop.store, &[], &new).await;
    rows.run(&format!("UPDATE dashop_cart_removal SET `lines` = '[[' WHERE order_id = '{}'", number(6)))
        .await;
    let readable = [CartRemoval::of(&new[1]).unwrap()];
    assert_eq!(rows.shop.store.pending_of(rows.buyer).await.unwrap(), readable);
    for _ in 0..2 {
        let taken = rows.shop.store.take_over(at(9), at(1), 9).await.unwrap();
        assert_eq!(taken, readable);
    }
    let named = format!("dashop_cart_removal {}", number(6));
    assert_eq!(rows.errors.take(), [named.clone(), named], "by the cart, and where it was parked");
    assert_eq!(rows.shop.store.parked(), 1);
}

/// The age of the oldest waiting event does not count events that are done, parked, not due yet, or without a valid date.
pub(crate) async fn do_not_age_what_waits(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Elsewhere).await;
    let event = |id: u32, at: &str, due: &str, delivered: &str| {
        format!("({id}, '{}', 'order.paid', 2, 'buyer', '', {at}, {due}, {delivered})", number(id))
    };
    let (early, late) = ("'2019-11-28 11:00:00'", "'2019-11-28 11:30:00'");
    let events = [
        event(1, late, late, "NULL"),
        event(2, early, late, "NULL"),
        event(3, early, "NULL", early),
        event(4, late, "NULL", "NULL"),
        event(5, ZERO_DATE, early, "NULL"),
    ];
    rows.run(&format!(
        "INSERT INTO dashop_outbox (id, order_id, kind, to_status, actor, reason, at, due_at, delivered_at) VALUES {}",
        events.join(",")
    ))
    .await;
    rows.run(&format!(
        "INSERT INTO dashop_cart_removal (order_id, user_id, `lines`, recorded_at, parked_at) VALUES \
         ('1', {buyer}, '[]', {late}, NULL), ('2', {buyer}, '[]', {early}, {late})",
        buyer = rows.buyer
    ))
    .await;
    rows.run(&format!("UPDATE tb_order_info SET due_at = {early} WHERE order_id = '{}'", number(1))).await;
    rows.run(&format!(
        "UPDATE tb_order_info SET due_at = '2019-11-28 13:00:00' WHERE order_id = '{}'",
        number(2)
    ))
    .await;

    let time = |text: &str| ShopTime::parse(text.trim_matches('\'')).unwrap();
    rows.shop
        .store
        .register(&[EndpointName::first()], at(0), std::time::Duration::from_secs(3600))
        .await
        .unwrap();
    let backlogs = rows.shop.store.backlogs(at(0), at(0)).await.unwrap();
    let of = |queue: &str| {
        let backlog = backlogs.iter().find(|backlog| backlog.queue == queue).unwrap();
        (backlog.rows, backlog.oldest)
    };
    assert_eq!(of("outbox"), (3, Some(time(early))));
    assert_eq!(of("outbox_given_up"), (1, Some(time(late))));
    assert_eq!(of("cart_removals"), (1, Some(time(late))));
    assert_eq!(of("due_orders"), (1, Some(time(early))));
    assert_eq!(of("open_refunds"), (0, None));
    let unused = rows.shop.store.backlogs(at(0), at(1)).await.unwrap();
    let of_events = unused.iter().filter(|backlog| backlog.queue.starts_with("outbox"));
    assert_eq!(
        of_events.map(|backlog| backlog.rows).collect::<Vec<_>>(),
        [0, 0],
        "it is in no settings any more"
    );
}
