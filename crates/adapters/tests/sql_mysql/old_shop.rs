//! The old shop's own database: its rows are read, and rows that its programs write later are accepted.

use std::sync::Arc;

use adapters::sql::SqlStore;
use domain::{
    AddressId, Allocation, NewOrder, Order, OrderGoods, OrderId, OrderStatus, PasswordHash, Quantity,
    SaleAttribute, ShippingAddress, ShopTime, SkuId, StoredPassword, UserId, Username,
};
use ports::{OrderListQuery, Users};

use super::sql_support::{Engine, orders};

const SCHEMA: &str = include_str!("old_shop.sql");

/// As the old back end writes it, with only its own columns.
const OLD_WRITER: &str = "INSERT INTO tb_order_info (order_id, created_time, updated_time, total_count, total_amount, \
    freight, pay_method, status, address_id, user_id) VALUES \
    ('2026112312000004', '2026-11-23 12:00:00.5', '2026-11-23 12:00:00.5', 1, 219.00, 10.00, 1, 1, 7, 4);\
    INSERT INTO tb_order_goods (created_time, updated_time, count, price, order_id, sku_id) VALUES \
    ('2026-11-23 12:00:00.5', '2026-11-23 12:00:00.5', 1, 209.00, '2026112312000004', 4)";

async fn old_shop() -> (Engine, Arc<dyn SqlStore>) {
    let engine = Engine::mysql().await;
    engine.run(SCHEMA).await;
    let store = engine.store(&engine.config()).await;
    (engine, store)
}

async fn list(store: &dyn SqlStore, user_id: i32) -> Vec<Order> {
    let query = OrderListQuery { user_id: UserId(user_id), status: None, before: None, limit: 200 };
    store.list(&query).await.unwrap()
}

fn numbers(orders: &[Order]) -> Vec<&str> {
    orders.iter().map(|order| order.id.as_str()).collect()
}

#[tokio::test]
async fn what_it_holds_is_read() {
    let (_engine, store) = old_shop().await;
    let orders = list(&*store, 4).await;
    assert_eq!(numbers(&orders), ["2019111821363504", "2019111821363404"]);
    let [empty, dress] = &orders[..] else { unreachable!() };
    assert_eq!((empty.total_count, empty.goods.len(), empty.status), (0, 0, OrderStatus::AwaitingPayment));
    assert_eq!(dress.created_at.to_string(), "2019-11-18 21:36:34");
    assert_eq!(
        dress.shipping.address, "搬走前的地址",
        "the address was deleted later; the order still shows it"
    );
    let attributes: Vec<_> =
        dress.goods[0].attributes.iter().map(|attribute| (&*attribute.name, &*attribute.value)).collect();
    assert_eq!(attributes, [("颜色", "红色"), ("尺寸", "18寸")]);
    assert_eq!(
        (&*dress.goods[0].name, &*dress.goods[0].default_image_url),
        ("红袖添香", ""),
        "it has no picture"
    );
    let [wholly_empty_address] = &list(&*store, 5).await[..] else { unreachable!() };
    assert_eq!(wholly_empty_address.shipping.receiver, "");

    let find = async |name: &str| Users::find(&*store, &Username(name.to_owned())).await.unwrap();
    assert_eq!(find("Guagua").await, Some(UserId(4)));
    assert_eq!(find("guagua").await, None, "whatever the collation thinks");
    assert_eq!(find("Guagua😀").await, None);
    let skus = store.skus(&[SkuId(4), SkuId(5)]).await.unwrap();
    assert_eq!((skus[&SkuId(4)].stock, skus[&SkuId(5)].stock), (10, 0), "what was oversold cannot be sold");
    assert_eq!(store.entries(UserId(4)).await.unwrap().0[0].address.shipping.title, "");
}

#[tokio::test]
async fn orders_are_placed_beside_those_of_the_old_back_end() {
    let (engine, store) = old_shop().await;
    let price = "209.00".parse().unwrap();
    let wanted = Allocation { sku_id: SkuId(4), pieces: 2, price };
    let new = an_order();
    orders::place(&*store, &[wanted], std::slice::from_ref(&new)).await;
    engine.run(OLD_WRITER).await;

    let orders = list(&*store, 4).await;
    let expected = ["2026112312000004", "2026112311000004", "2019111821363504", "2019111821363404"];
    assert_eq!(numbers(&orders), expected);
    assert_eq!(orders[1], new.order);
    assert_eq!((orders[0].expire_at, orders[0].goods.len()), (None, 1));
    let sku = "SELECT CONCAT(stock, ' ', sales, ' ', version) AS n FROM DDSC_SKU WHERE id = 4";
    assert_eq!(engine.words(sku).await, ["8 5 4"]);
}

/// Except addresses that an order needs, and those without a known time of removal.
#[tokio::test]
async fn its_removed_addresses_are_made_anonymous() {
    let (engine, store) = old_shop().await;
    engine
        .run(
            "UPDATE address SET postcode = '', tag = '', is_alive = 0;\
             ALTER TABLE address MODIFY postcode varchar(7) NOT NULL, MODIFY tag varchar(10) NOT NULL;\
             UPDATE tb_order_info SET user_id = 5 WHERE address_id = 8;\
             INSERT INTO address VALUES \
             (10, '2019-11-01', '2019-11-01', '走了的人', '长安街1号', 0, 0, '100000', '13691433520', '家', 4), \
             (11, '2019-11-01', '0000-00-00', '走了的人', '长安街1号', 0, 0, '100000', '13691433520', '家', 4)",
        )
        .await;
    let then = ShopTime::parse("2026-11-23 11:00:00").unwrap();
    let done = store.anonymise_addresses(then, None, 9).await.unwrap();
    assert_eq!((done.count, done.last), (1, None));
    let anonymous =
        "SELECT CONCAT(id, ' ', receiver_mobile, postcode, tag) AS n FROM address WHERE receiver = '已匿名'";
    assert_eq!(engine.words(anonymous).await, ["10 已匿名"]);
}

fn an_order() -> NewOrder {
    let line = OrderGoods {
        sku_id: SkuId(4),
        name: "红袖添香".to_owned(),
        default_image_url: String::new(),
        price: "209.00".parse().unwrap(),
        quantity: Quantity::stored(2).unwrap(),
        attributes: vec![SaleAttribute { name: "颜色".to_owned(), value: "红色😀".to_owned() }],
    };
    let order = Order {
        id: OrderId::parse("2026112311000004").unwrap(),
        user_id: UserId(4),
        status: OrderStatus::AwaitingPayment,
        total_count: 2,
        total_amount: "428.00".parse().unwrap(),
        freight: "10.00".parse().unwrap(),
        discount: "0.00".parse().unwrap(),
        amendments: 0,
        shipping: ShippingAddress {
            title: String::new(),
            receiver: "习瓜瓜".to_owned(),
            mobile: "13691433520".to_owned(),
            address: "北京市东城区".to_owned(),
        },
        created_at: ShopTime::parse("2026-11-23 11:00:00").unwrap(),
        expire_at: ShopTime::parse("2026-11-23 11:30:00"),
        shipment: None,
        refunded_amount: "0.00".parse().unwrap(),
        goods: vec![line],
    };
    NewOrder {
        order,
        address_id: AddressId(7),
        due_at: None,
        cart_lines: Vec::new(),
        idempotency: None,
        repeat_guard: None,
        trace: None,
    }
}

/// The old back end reads and writes the user as before.
#[tokio::test]
async fn a_password_gets_a_hash_beside_its_md5() {
    let (engine, store) = old_shop().await;
    let guagua = Username("Guagua".to_owned());
    let credential = store.credential(&guagua).await.unwrap().unwrap();
    let StoredPassword { md5, hash: None } = credential.password else { panic!("no hash so far") };
    let before = engine.words("SELECT CONCAT_WS(' ', password, updated_time) AS n FROM user_profile").await;
    let hash = PasswordHash("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned());
    store.keep_hash(credential.user_id, &md5, &hash).await.unwrap();
    assert_eq!(store.credential(&guagua).await.unwrap().unwrap().password.hash, Some(hash));
    assert_eq!(store.credential(&Username("guagua".to_owned())).await.unwrap(), None);
    let after = engine.words("SELECT CONCAT_WS(' ', password, updated_time) AS n FROM user_profile").await;
    assert_eq!(after, before);
}

#[tokio::test]
async fn its_tables_keep_their_columns_and_keys() {
    let engine = Engine::mysql().await;
    engine.run(SCHEMA).await;
    let columns = format!(
        "SELECT CONCAT_WS(' ', table_name, column_name, column_type, is_nullable, IFNULL(column_default, '-'), \
         IFNULL(collation_name, '-'), extra) AS n FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND table_name NOT LIKE 'dashop%' AND LEFT(table_name, 2) <> '__' {} \
         ORDER BY table_name, ordinal_position",
        "AND LEFT(column_name, 5) <> 'ship_' AND column_name NOT IN ('sku_image_url', 'sku_sale_attrs') AND column_name NOT IN ('expire_at', \
         'sku_name', 'due_at', 'due_attempts', 'carrier', 'tracking_number', 'shipped_at', 'refunded_amount', \
         'dashop_password', 'repeat_guard', 'discount', 'amendments')"
    );
    let keys = "SELECT CONCAT_WS(' ', table_name, constraint_name, constraint_type) AS n \
        FROM information_schema.table_constraints WHERE table_schema = DATABASE() AND table_name NOT LIKE 'dashop%' \
        AND LEFT(table_name, 2) <> '__' AND constraint_name NOT LIKE 'dashop%' ORDER BY 1";
    let before = (engine.words(&columns).await, engine.words(keys).await);
    assert!(before.0.len() > 60 && before.1.len() > 15);
    engine.store(&engine.config()).await;
    assert_eq!((engine.words(&columns).await, engine.words(keys).await), before);

    let added = "SELECT CONCAT_WS(' ', column_name, is_nullable, IFNULL(column_default, 'NULL')) AS n \
        FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name IN ('tb_order_info', \
        'tb_order_goods', 'user_profile') AND ordinal_position > CASE table_name WHEN 'tb_order_info' THEN 10 \
        WHEN 'user_profile' THEN 8 ELSE 7 END ORDER BY 1";
    let added = engine.words(added).await;
    assert_eq!(added.len(), 18);
    let has_default = |column: &String| !column.ends_with(" NO NULL");
    assert!(added.iter().all(has_default), "{added:?}");
}

#[tokio::test]
async fn a_migration_that_was_cut_off_is_done_again() {
    let engine = Engine::mysql().await;
    engine.run(SCHEMA).await;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/mysql");
    let mut migrations: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    migrations.sort();
    // The first migration creates the old shop's own tables.
    for migration in &migrations[1..] {
        let whole = std::fs::read_to_string(migration.join("up.sql")).unwrap();
        let statements: Vec<&str> = whole.split_inclusive(";\n").collect();
        // Cut off after each statement in turn, then run again from the start.
        for end in 1..=statements.len() {
            engine.run(&statements[..end].concat()).await;
        }
    }
    let store = engine.store(&engine.config()).await;
    assert!(store.schema().await.unwrap().is_current());
    engine.run("DELETE FROM __diesel_schema_migrations").await;
    assert_eq!(
        store.migrate().await.unwrap().len(),
        migrations.len(),
        "the last step, to write down what was done, was cut off"
    );
    assert_eq!(list(&*store, 4).await.len(), 2);
}

#[tokio::test]
async fn a_shop_without_foreign_keys_gets_the_indexes_that_they_would_bring() {
    let engine = Engine::mysql().await;
    let without: String = SCHEMA
        .lines()
        .filter(|line| !line.trim_start().starts_with("CONSTRAINT"))
        .map(|line| format!("{line}\n"))
        .collect::<String>()
        .replace("NOT NULL,\n)", "NOT NULL\n)")
        .replace(",\n)", "\n)");
    engine.run(&without).await;
    engine.store(&engine.config()).await;
    let indexes = "SELECT CONCAT_WS(' ', table_name, index_name) AS n FROM information_schema.statistics \
        WHERE table_schema = DATABASE() AND seq_in_index = 1 AND index_name LIKE 'dashop%' \
        AND table_name NOT LIKE 'dashop%' ORDER BY 1";
    let expected = [
        "address dashop_address_of_user",
        "DDSC_SALE_ATTR_VALUE dashop_attr_of_sku",
        "DDSC_SKU dashop_sku_of_spu",
        "DDSC_SPU dashop_spu_of_catalog",
        "DDSC_SPU_SALE_ATTR dashop_attr_of_spu",
        "tb_order_goods dashop_goods_of_order",
        "tb_order_info dashop_order_due",
        "tb_order_info dashop_order_of_status",
        "tb_order_info dashop_order_of_user",
        "tb_order_info dashop_order_of_user_status",
        "tb_order_info dashop_order_repeat_guard",
    ];
    assert_eq!(engine.words(indexes).await, expected);
}
