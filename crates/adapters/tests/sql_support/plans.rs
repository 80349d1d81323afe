//! How the databases find the rows that the store asks for.

use std::{
    collections::BTreeSet,
    fmt,
    ops::Range,
    sync::{Arc, Mutex},
};

use adapters::sql::CartsIn;
use domain::{
    Caller, CartStamp, EndpointName, EventFilter, IdempotencyKey, NumberRange, OrderId, OrderStatus,
    ShopTime, SkuId, StatusChange, UserId, Username,
};
use mysql_async::prelude::Queryable;
use ports::{
    AttemptQuery, Buyer, BuyerQuery, CartRemoval, CartStore, IdempotencyKeys, OrderClaim, OrderListQuery,
    OrderReader, OrderSearch, Resend, WebhookEndpoints, WebhookQueue,
};
use tracing::{Event, Metadata, Subscriber, field::Field, span};

use super::{Engine, SqlShop, large_shop::a_large_shop};

/// Tables that grow with the shop: a full scan of one of them is a defect.
const LARGE: [&str; 15] = [
    "tb_order_info",
    "tb_order_goods",
    "address",
    "dashop_cart_line",
    "dashop_cart_removal",
    "dashop_idempotency",
    "dashop_payment",
    "dashop_payment_attempt",
    "dashop_refund",
    "dashop_order_timeline",
    "dashop_order_amendment",
    "dashop_stock_move",
    "dashop_outbox",
    "dashop_webhook_delivery",
    "dashop_webhook_attempt",
];

/// Tables that stay small, however large the shop is: categories, endpoints and migrations are entered by hand, and
/// refused messages are limited. A full scan of any other table is forbidden.
const SMALL_TABLES: [&str; 4] =
    ["DDSC_GOODS_CATALOG", "dashop_webhook_endpoint", "__diesel_schema_migrations", "dashop_refused_message"];

/// Steps without a table: values of the statement itself, and results of subqueries, which have their own steps.
const NO_TABLES: [&str; 6] =
    ["CONSTANT ROW", "-ROW VALUES CLAUSE", "(subquery-", "<derived", "<union", "<subquery"];

/// Also not tables: named parts of statements, for the stock that a group takes, the beginning of a queue, and the
/// products of a category.
const PARTS: [&str; 4] = ["taking", "queue", "products", "section"];

/// Lookups of at most one row by its key.
const BY_KEY: [&str; 2] = ["`id` IN (", "`out_request_no` IN ("];

/// Statements that read no more than they must: nothing, or the beginning of a queue, up to a limit.
const BOUNDED: [&str; 2] = ["(1=0)", "FROM dashop_cart_removal WHERE parked_at IS NULL"];

/// Indexes that contain only waiting rows.
const SMALL: [&str; 2] = ["_due", "_undistributed"];

/// Every statement that looks for orders, lines or addresses finds them by an index.
pub(crate) async fn never_scan_orders_lines_or_addresses(engine: Engine, statements: &Statements) {
    let shop = SqlShop::on(engine, CartsIn::Database).await;
    shop.engine.run(&a_large_shop()).await;
    ask_for_a_group(&shop, 7..71).await;
    let of_group = statements.0.lock().unwrap().clone();
    never_scan(&shop.engine, of_group.iter().filter(|text| text.contains("UNION ALL"))).await;
    shop.engine.analyze().await;
    ask_everything(&shop).await;
    ask_by_time(&shop).await;
    ask_for_what_waits(&shop).await;

    let texts = statements.0.lock().unwrap().clone();
    for (table, condition, index) in [
        ("SELECT `dashop_outbox`", "`at` < ", "dashop_outbox_by_time"),
        ("SELECT `dashop_webhook_delivery`", "`at` < ", "dashop_webhook_delivery_by_time"),
        ("dashop_idempotency", "`created_at` < ", "dashop_idempotency_by_time"),
        ("FROM `dashop_payment` WHERE", "`status` LIKE ", "dashop_payment_by_time"),
    ] {
        let by_time = |text: &&String| text.contains(table) && text.contains(condition);
        let text = texts.iter().find(by_time).unwrap_or_else(|| panic!("{table}: {texts:#?}"));
        let plan = shop.engine.sqlite_plan(text);
        let mut found_by = plan.iter().filter(|step| step.contains(" USING "));
        assert!(found_by.all(|step| step.contains(index)), "{text}: {plan:#?}");
    }
    let is_concerned = |text: &&String| {
        let contains = |words: &&str| text.contains(words);
        LARGE.iter().any(contains) && !BOUNDED.iter().any(contains)
    };
    let concerned: Vec<_> = texts.iter().filter(is_concerned).collect();
    assert!(concerned.len() >= 9, "{concerned:#?}");
    never_scan(&shop.engine, concerned.into_iter()).await;
}

/// No statement of the store scans a table in full, except those that stay small.
pub(crate) async fn no_statement_scans_what_grows(engine: Engine, statements: &Statements) {
    let texts: BTreeSet<_> = statements.0.lock().unwrap().iter().map(|text| shortened(text)).collect();
    let shop = SqlShop::on(engine, CartsIn::Database).await;
    shop.engine.run(&a_large_shop()).await;
    shop.engine.analyze().await;
    // Without matching rows there would be no plan.
    let (now, absent_for) =
        (ShopTime::parse("2019-11-02 00:00:00").unwrap(), std::time::Duration::from_secs(60));
    let endpoints = [EndpointName::first(), EndpointName::parse("erp").unwrap()];
    shop.store.register(&endpoints, now, absent_for).await.unwrap();
    // Check that a scan is detected, also with an alias.
    let scanned = plan(&shop.engine, "SELECT receiver FROM address AS home WHERE receiver = ?").await;
    assert!(scanned.iter().any(|step| step.is_scan));
    let concerned: Vec<_> = texts.iter().filter(|text| !text.contains("(1=0)")).collect();
    assert!(concerned.len() > 200, "{concerned:#?}");
    let mut faults = Vec::new();
    for text in concerned {
        let plan = plan(&shop.engine, text).await;
        // Reads an index from one end, up to the limit.
        let is_sorted =
            |step: &Step| ["filesort", "TEMP B-TREE"].iter().any(|words| step.words.contains(words));
        let is_one_page_of_all =
            !text.contains(" WHERE ") && text.contains(" LIMIT ?") && !plan.iter().any(is_sorted);
        let scans = plan.into_iter().filter(|step| step.is_scan && !is_one_page_of_all);
        faults.extend(scans.map(|step| format!("{}: {text}", step.words)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Keeps at most three values in a list: for a list as long as the table, a full scan is the right plan.
fn shortened(text: &str) -> String {
    let mut text = text.to_owned();
    for (long, short) in [
        ("IN (?, ?, ?, ?", "IN (?, ?, ?"),
        (" WHEN ? THEN ? WHEN ? THEN ? WHEN ? THEN ?", " WHEN ? THEN ? WHEN ? THEN ?"),
    ] {
        while text.contains(long) {
            text = text.replace(long, short);
        }
    }
    text
}

async fn never_scan(engine: &Engine, statements: impl Iterator<Item = &String>) {
    let mut faults = Vec::new();
    for text in statements {
        let plan = plan(engine, text).await;
        // MySQL looks up a row by its key before it plans, and makes no plan if the row does not exist.
        let is_by_key = BY_KEY.iter().any(|key| text.contains(key));
        if !is_by_key && !plan.iter().any(|step| LARGE.iter().any(|table| step.words.contains(table))) {
            faults.push(format!("nothing is asked: {text}"));
        }
        let scans = plan.into_iter().filter(|step| step.is_scan);
        faults.extend(scans.map(|step| format!("{}: {text}", step.words)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Sends every query that concerns the large tables.
async fn ask_everything(shop: &SqlShop) {
    let store = &*shop.store;
    let id = OrderId::parse("1007").unwrap();
    store.entries(UserId(7)).await.unwrap();
    let caller = Caller { username: Username("7".to_owned()), mark: None };
    store.authenticate(&caller).await.unwrap().unwrap();
    store.destination(&caller, domain::AddressId(7)).await.unwrap().unwrap();
    assert!(OrderReader::find(store, &id).await.unwrap().is_some());
    for status in [None, Some(OrderStatus::AwaitingPayment)] {
        for before in [None, Some(id.clone())] {
            let query = OrderListQuery { user_id: UserId(7), status, before, limit: 3 };
            store.list(&query).await.unwrap();
        }
    }
    store.numbers_beginning_with("20191128120000").await.unwrap();
    store.find_by_key(UserId(7), &IdempotencyKey::parse("k").unwrap()).await.unwrap();
    store.skus(&[SkuId(1), SkuId(2)]).await.unwrap();
    ask_for_a_group(shop, 7..8).await;
    ask_for_carts(shop, &id).await;
    ask_what_staff_ask(shop, &id).await;
    let locked = store.lock(id.as_str()).await.unwrap();
    let change = StatusChange {
        order_id: id,
        from: OrderStatus::AwaitingShipment,
        to: OrderStatus::AwaitingReceipt,
        cause: domain::Cause::system(),
        due_at: None,
        reason: String::new(),
        at: ShopTime::parse("2019-11-28 12:00:00").unwrap(),
    };
    locked.append(&[domain::ledger::Event::StatusChanged(change)]).await.unwrap();
}

/// The queries of background jobs and metrics.
async fn ask_for_what_waits(shop: &SqlShop) {
    let store = &*shop.store;
    let then = ShopTime::parse("2019-11-02 00:00:00").unwrap();
    let later = then.after(std::time::Duration::from_secs(60));
    store.claim_due_orders(then, later, 9).await.unwrap();
    store.claim_due_refunds(then, later, 9).await.unwrap();
    let endpoints = [EndpointName::first(), EndpointName::parse("erp").unwrap()];
    store.register(&endpoints, then, std::time::Duration::from_secs(60)).await.unwrap();
    for endpoint in endpoints {
        let claimed = store.claim(&endpoint, then, later, 9).await.unwrap();
        let ids: Vec<_> = claimed.iter().map(|claimed| claimed.item.id).collect();
        store.delivered(&endpoint, &ids, &[], then).await.unwrap();
        for which in [Resend::GivenUp, Resend::OfOrder(OrderId::parse("7").unwrap())] {
            store.resend(&endpoint, &which, &EventFilter::All, then).await.unwrap();
        }
        store.backlog(&endpoint).await.unwrap();
        let query = AttemptQuery { endpoint: Some(endpoint), order_id: None, before: Some(100), limit: 3 };
        WebhookEndpoints::attempts(store, &query).await.unwrap();
    }
    store.distribute(then, then, 9).await.unwrap();
    WebhookQueue::purge(store, then, 9).await.unwrap();
    store.backlogs(then, then).await.unwrap();
}

/// Queries by time: events to resend, and request keys to delete.
async fn ask_by_time(shop: &SqlShop) {
    let from = ShopTime::parse("2019-10-31 00:00:00").unwrap();
    let day = Resend::Happened { from, until: from.date().next().begin() };
    for endpoint in [EndpointName::first(), EndpointName::parse("erp").unwrap()] {
        assert_eq!(shop.store.resend(&endpoint, &day, &EventFilter::All, from).await.unwrap().due, 0);
    }
    assert_eq!(IdempotencyKeys::purge(&*shop.store, from, 9).await.unwrap(), 0);
}

/// The queries for a group of orders, with every possible obstacle.
async fn ask_for_a_group(shop: &SqlShop, users: Range<i32>) {
    let query = |user: i32| BuyerQuery {
        caller: Caller { username: Username(user.to_string()), mark: None },
        address_id: domain::AddressId(user),
    };
    let queries: Vec<_> = users.map(query).collect();
    let buyers = shop.store.buyers(&queries).await.unwrap();
    let claims: Vec<_> = buyers.into_iter().map(|buyer| claim_of(&buyer.unwrap())).collect();
    drop(shop.store.begin_group(&claims, true).await.unwrap());
    let then = ShopTime::parse("2019-11-01 00:00:00").unwrap();
    assert!(shop.store.take_over(then, then, 9).await.unwrap().is_empty());
}

/// The queries for carts, and for the removal of ordered lines from them.
async fn ask_for_carts(shop: &SqlShop, order_id: &OrderId) {
    let users = [UserId(7), UserId(8)];
    assert_eq!(CartStore::load_many(&*shop.store, &users).await.unwrap().len(), 2);
    let lines = [7, 8].map(|sku_id| (SkuId(sku_id), CartStamp("7".to_owned()))).to_vec();
    let removal = |user_id| CartRemoval { order_id: order_id.clone(), user_id, lines: lines.clone() };
    CartStore::remove_ordered(&*shop.store, &users.map(removal)).await.unwrap();
}

fn claim_of(buyer: &Buyer) -> OrderClaim {
    let quantity = domain::Quantity::stored(1).unwrap();
    let purchase = domain::Purchase::of_one(SkuId(1), quantity);
    OrderClaim {
        user_id: buyer.user_id,
        is_of_cart: true,
        latest_order_at: buyer.latest_order_at,
        key: IdempotencyKey::parse("k"),
        guard: Some(domain::RepeatGuard::new(buyer.user_id, domain::AddressId(7), &purchase, true)),
    }
}

/// Every query of the staff interface.
async fn ask_what_staff_ask(shop: &SqlShop, id: &OrderId) {
    let store = &*shop.store;
    assert!(store.file(id).await.unwrap().is_some());
    let then = ShopTime::parse("2019-11-01 00:00:00").unwrap();
    let ranges = [
        NumberRange::all(),
        NumberRange::all().below(id),
        NumberRange::all().beginning_with(id),
        NumberRange::all().not_before(then).earlier_than(then.date().next().begin()),
    ];
    for numbers in ranges {
        for user_id in [None, Some(UserId(7))] {
            for status in [None, Some(OrderStatus::AwaitingPayment)] {
                let search = OrderSearch { numbers: numbers.clone(), user_id, status, limit: 3 };
                store.search(&search).await.unwrap();
                store.exceeds(&search).await.unwrap();
            }
        }
    }
    store.shipping_list(std::slice::from_ref(id)).await.unwrap();
    store.refund_due_payments(std::slice::from_ref(id)).await.unwrap();
    store.timeline(id).await.unwrap();
    store.refunds(id).await.unwrap();
    OrderReader::attempts(store, id).await.unwrap();
    let numbers = ["7".to_owned()];
    store.statement_of(domain::Channel::Alipay, then.date(), &numbers, &numbers).await.unwrap();
    store.figures(then.date(), then.date().next()).await.unwrap();
    store.unmatched_payments(then.date(), then.date().next(), 3).await.unwrap();
    store.count(OrderStatus::AwaitingShipment).await.unwrap();
    let later = ShopTime::parse("2019-12-01 00:00:00").unwrap();
    for apply in [false, true] {
        let done = store.anonymise_orders(later, Some(id.as_str()), 9, apply).await.unwrap();
        assert_eq!(done.count, 9);
    }
    let done = store.anonymise_addresses(later, Some(domain::AddressId(7)), 9).await.unwrap();
    assert_eq!(done.count, 9);
}

/// Whether the table of a step grows with the shop. An unknown alias counts as such.
fn grows(read: &str) -> bool {
    let name = read.split(' ').next().unwrap_or_default();
    !SMALL_TABLES.contains(&name)
        && !PARTS.contains(&name)
        && !NO_TABLES.iter().any(|words| read.contains(words))
}

struct Step {
    words: String,
    is_scan: bool,
}

async fn plan(engine: &Engine, statement: &str) -> Vec<Step> {
    match engine {
        Engine::Sqlite(_) => {
            let steps = engine.sqlite_plan(statement);
            let is_scan = |words: &String| {
                let scanned =
                    words.strip_prefix("SCAN ").filter(|_| !SMALL.iter().any(|index| words.ends_with(index)));
                // Building an index for one statement reads every row.
                scanned.is_some_and(grows) || words.contains("AUTOMATIC")
            };
            steps.into_iter().map(|words| Step { is_scan: is_scan(&words), words }).collect()
        }
        Engine::Mysql { .. } => {
            let plan = mysql_plan(engine, statement).await;
            let is_answered_unasked =
                plan.iter().all(|step| !LARGE.iter().any(|table| step.words.contains(table)));
            // A range between equal values is empty, and MySQL knows that without reading.
            if is_answered_unasked {
                let statement = with_times(statement.to_owned());
                let ranges = [("< ?", "< '8'"), ("BETWEEN ? AND ?", "BETWEEN '7' AND '8'")];
                mysql_plan(engine, &ranges.iter().fold(statement, |text, (from, to)| text.replace(from, to)))
                    .await
            } else {
                plan
            }
        }
    }
}

/// The plan with a valid value for every bound one; user 7 has the name 7, the order 7 and the address 7.
async fn mysql_plan(engine: &Engine, statement: &str) -> Vec<Step> {
    // An index on a time is of no use for a value that is not a time.
    let statement = statement.replace("LIMIT ?", "LIMIT 3").replace("OFFSET ?", "OFFSET 3");
    let statement = with_times(statement);
    let mut conn = engine.mysql_conn().await;
    let statement = with_different_users(&statement);
    let rows: Result<Vec<mysql_async::Row>, _> =
        conn.query(format!("EXPLAIN FORMAT=TRADITIONAL {statement}")).await;
    let rows = rows.unwrap_or_else(|error| panic!("{error}: {statement}"));
    let step = |row: &mysql_async::Row| {
        let column = |name: &str| row.get::<Option<String>, _>(name).flatten().unwrap_or_default();
        let (table, access, key, extra) = (column("table"), column("type"), column("key"), column("Extra"));
        // MySQL has a step for the written table, and calls it a scan.
        let is_read = column("select_type") != "INSERT";
        let is_scan = is_read && grows(&table) && (access == "ALL" || access == "index");
        Step { words: format!("{table}: {access} {key} {extra}"), is_scan }
    };
    rows.iter().map(step).collect()
}

/// Replaces each remaining value by 7, and values in lists by 8, 9 and so on: a planner could simplify a statement with
/// equal values.
fn with_different_users(statement: &str) -> String {
    let mut texts = statement.split('?');
    let mut filled = texts.next().unwrap_or_default().to_owned();
    let mut value = 7;
    for text in texts {
        filled.push_str(&format!("'{value}'{text}"));
        value = if text == ", " { value + 1 } else { 7 };
    }
    filled
}

/// Replaces each value that is compared with a time by a time.
fn with_times(mut statement: String) -> String {
    for column in ["`at`", "_at`", "_at", "_time`", "_time", "recorded_at)"] {
        for (comparison, day) in [("<", 2), ("<=", 2), (">", 1), (">=", 1), ("=", 1)] {
            let compared = format!("{column} {comparison}");
            let time = format!("{compared} '2019-11-0{day} 00:00:00'");
            statement = statement.replace(&format!("{compared} ?"), &time);
        }
    }
    statement
}

/// The texts of the statements that the store sends, from its log.
#[derive(Clone, Default)]
pub(crate) struct Statements(Arc<Mutex<BTreeSet<String>>>);

impl Statements {
    /// A runtime whose statements are recorded. Other tests of the program send statements too, from threads of their
    /// own.
    pub(crate) fn runtime(&self) -> tokio::runtime::Runtime {
        let statements = self.clone();
        let listen = move || std::mem::forget(tracing::subscriber::set_default(statements.clone()));
        listen();
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        runtime.worker_threads(2).on_thread_start(listen).enable_all().build().unwrap()
    }
}

impl Subscriber for Statements {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("adapters::sql")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut visit = |field: &Field, value: &dyn fmt::Debug| {
            if field.name() == "message" {
                let text = format!("{value:?}");
                let verbs = ["SELECT", "UPDATE", "DELETE", "WITH", "("];
                let is_query = verbs.iter().any(|verb| text.starts_with(verb)) || text.contains(" SELECT ");
                if is_query {
                    self.0.lock().unwrap().insert(text);
                }
            }
        };
        event.record(&mut visit);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}
