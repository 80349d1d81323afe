//! Unreadable rows: each affects only itself, and the log names it.

mod queues;

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

pub(crate) use queues::{
    cost_one_attempt_of_the_delivery_log, do_not_age_what_waits, events_have_names_that_never_repeat,
    park_one_cart_removal, park_one_due_order, park_one_event, park_one_refund,
};

use super::{Engine, SqlShop, logged::Errors, orders};

/// How MySQL stores an invalid date.
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

/// A buyer with an address, two SKUs and the orders 1 to 5, each of one piece and one second after the previous one.
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

    /// Makes the next change to an order.
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

    /// All pages of the buyer's orders, by the last digits of their numbers.
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

/// A zero date, an invalid amount, an unreadable line, and an order on the last page.
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

/// Negative amounts, which the old shop wrote, and unknown statuses of other programs. A line of no pieces affects only
/// itself.
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

/// In an old shop's catalogue: the page, the product and the cart show the other SKUs.
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

/// In the staff's view, in a list's payments, and in a day's comparison with the bill.
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

/// An order number without a date, and a negative amount: the figures include the other orders.
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
