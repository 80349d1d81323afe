//! The program takes over the old shop's database and carts. The old programs continue to write.

use std::process::{Output, Stdio};

use alipay_protocol::Params;
use serde_json::{Value, json};
use tests::{Alipay, Browser, Dashop, Database, Setup};

/// The database as the old back end created and filled it.
const OLD_SHOP: &str = include_str!("../../../crates/adapters/tests/sql_mysql/old_shop.sql");

/// What the old back end writes later. Each statement names the columns of its table.
const OLD_WRITERS: &str = "\
    INSERT INTO user_profile (id, created_time, updated_time, username, password, email, phone, isActive) VALUES \
    (6, '2026-11-23 11:00:00', '2026-11-23 11:00:00', 'newcomer', 'e10adc3949ba59abbe56e057f20f883e', 'n@x', '1', 1);\
    INSERT INTO address (id, created_time, updated_time, receiver, address, default_address, is_alive, postcode, \
    receiver_mobile, tag, uid_id) VALUES \
    (10, '2026-11-23 11:00:00', '2026-11-23 11:00:00', '新客', '上海市', 1, 1, '200000', '13800000000', '家', 6);\
    INSERT INTO DDSC_SKU (id, create_time, update_time, name, caption, price, cost_price, market_price, stock, sales, \
    comments, is_launched, default_image_url, version, SPU_ID_id) VALUES \
    (6, '2026-11-23 11:00:00', '2026-11-23 11:00:00', '新品', '', 50.00, 1, 1, 3, 0, 0, 1, 'n.jpg', 0, 1);\
    INSERT INTO tb_order_info (order_id, created_time, updated_time, total_count, total_amount, freight, pay_method, \
    status, address_id, user_id) VALUES \
    ('2026112311000006', '2026-11-23 11:00:00.5', '2026-11-23 11:00:00.5', 1, 60.00, 10.00, 1, 1, 10, 6);\
    INSERT INTO tb_order_goods (created_time, updated_time, count, price, order_id, sku_id) VALUES \
    ('2026-11-23 11:00:00.5', '2026-11-23 11:00:00.5', 1, 50.00, '2026112311000006', 6)";

const MIGRATORS: usize = 6;

/// Migrates with several programs at the same moment.
fn migrate_at_once(setup: &Setup) {
    let start =
        |_| setup.command().arg("migrate").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let programs: Vec<_> = (0..MIGRATORS).map(start).collect();
    let outputs: Vec<Output> =
        programs.into_iter().map(|program| program.wait_with_output().unwrap()).collect();
    assert!(outputs.iter().all(|output| output.status.success()), "{outputs:?}");
    let said: String = outputs.iter().map(|output| String::from_utf8_lossy(&output.stdout)).collect();
    let migrations =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/mysql")).unwrap().count();
    assert_eq!(said.matches("ran ").count(), migrations, "each migration is run once: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_programs_migrate_an_empty_database_at_once() {
    let setup = Setup::on_servers().await;
    migrate_at_once(&setup);
    let (first, second) = (setup.beside(), setup);
    let (first, second) = tokio::join!(first.start(), second.start());
    for program in [&first, &second] {
        let preview = program.buyer("demo").preview("settlement_type=1&sku_id=1&buy_num=1").await;
        assert_eq!(preview["code"], 200, "the demo shop is there, once: {preview}");
    }
}

/// The old shop after the take-over.
struct OldShop {
    alipay: Alipay,
    dashop: Dashop,
    database: Database,
}

impl OldShop {
    async fn take_over() -> Self {
        let alipay = Alipay::new();
        let setup = Setup::on_servers().await.paying_at(&alipay);
        let setup = setup.with("DASHOP_SEED_DEMO", "false").with("DASHOP_MIGRATE_AT_START", "false");
        let mut database = setup.data().open().await;
        database.execute(OLD_SHOP).await;
        database.write_to_cart(4, 4, r#"{"selected": "1", "count": "2"}"#).await;
        database.write_to_cart(4, 5, r#"{"count": 1, "selected": 0}"#).await;

        let refused = setup.run(&["serve"]);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && said.contains("dashop migrate"), "{said}");
        let before = rows(&mut database).await;
        migrate_at_once(&setup);
        for (query, rows) in before {
            assert_eq!(database.words(&query).await, rows, "what was there is as it was");
        }
        Self { alipay, dashop: setup.start().await, database }
    }

    async fn notify(&self, order_id: &str, amount: &str) -> String {
        let form = self.alipay.sign(self.alipay.payment(order_id, amount, &format!("trade{order_id}")));
        Browser::new().post_form(&self.dashop.url("/v1/orders/success/"), &form).await.text
    }

    /// Operation 6, as the browser returns from a payment.
    async fn result(&self, order_id: &str, amount: &str) -> Value {
        let fields = [
            ("out_trade_no", order_id),
            ("total_amount", amount),
            ("trade_no", "2026112322001453030500000001"),
            ("app_id", &self.alipay.app_id),
            ("seller_id", &self.alipay.seller_id),
            ("method", "alipay.trade.page.pay.return"),
            ("timestamp", "2026-11-23 12:00:10"),
            ("charset", "utf-8"),
            ("version", "1.0"),
        ];
        let fields = fields.into_iter().fold(Params::new(), |params, (name, value)| params.with(name, value));
        let url = self.dashop.url(&format!("/v1/orders/success/?{}", self.alipay.sign(fields)));
        Browser::new().get(&url).await.json()
    }

    async fn order(&mut self, order_id: &str) -> String {
        let query = format!(
            "SELECT CONCAT_WS(' ', total_count, total_amount, freight, pay_method, status, address_id, user_id) AS n \
             FROM tb_order_info WHERE order_id = '{order_id}'"
        );
        self.database.words(&query).await.join("")
    }
}

/// All rows of the old tables in their present columns, each with the query that reads them.
async fn rows(database: &mut Database) -> Vec<(String, Vec<String>)> {
    let queries = "SELECT CONCAT('SELECT CONCAT_WS(''|'', ', \
         GROUP_CONCAT('IFNULL(`', column_name, '`, ''NULL'')' ORDER BY ordinal_position SEPARATOR ', '), \
         ') AS n FROM `', table_name, '` ORDER BY 1') AS n FROM information_schema.columns \
         WHERE table_schema = DATABASE() GROUP BY table_name ORDER BY table_name";
    let mut rows = Vec::new();
    for query in database.words(queries).await {
        let found = database.words(&query).await;
        assert!(!found.is_empty(), "{query}");
        rows.push((query, found));
    }
    assert_eq!(rows.len(), 10, "the old shop has ten tables that matter here");
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyer_of_the_old_shop_buys_on() {
    let mut shop = OldShop::take_over().await;
    let buyer = shop.dashop.buyer("Guagua");

    let preview = buyer.preview("settlement_type=0").await;
    assert_eq!(preview["code"], 200, "{preview}");
    assert_eq!(preview["data"]["payment_amount"], "428.00");
    assert_eq!(preview["data"]["addresses"].as_array().unwrap().len(), 1, "not the deleted one: {preview}");
    let line = &preview["data"]["sku_list"][0];
    assert_eq!(
        (&line["sku_sale_attr_names"], &line["sku_sale_attr_vals"]),
        (&json!(["颜色", "尺寸"]), &json!(["红色", "18寸"]))
    );

    let deleted_address = buyer.create(json!({"address_id": 8, "settlement_type": 0})).await;
    assert_eq!(deleted_address["code"], 50102);
    let created = buyer.create(json!({"address_id": "7", "settlement_type": 0})).await;
    assert_eq!(created["data"]["total_amount"], "428.00", "{created}");
    let new = created["data"]["order_id"].as_str().unwrap().to_owned();
    assert_eq!(shop.order(&new).await, "2 428.00 10.00 1 1 7 4", "as the old programs read it");
    assert_eq!(shop.database.pieces(4).await, (8, 5, 1 + 2));
    assert_eq!(shop.database.lines_in_cart(4).await, 1, "what was not ticked is still there");

    let oversold = json!({"address_id": 7, "settlement_type": 1, "sku_id": 5, "buy_num": 1});
    assert_eq!(buyer.create(oversold).await["code"], 50103);
    assert_eq!(shop.notify(&new, "428.00").await, "success");
    assert_eq!(shop.result(&new, "428.00").await["code"], 200);
    assert!(shop.dashop.setup().run(&["ship", &new]).status.success());
    assert_eq!(buyer.confirm(&new).await["code"], 200);
    assert_eq!(shop.order(&new).await, "2 428.00 10.00 1 4 7 4");
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_the_old_back_end_are_handled() {
    let mut shop = OldShop::take_over().await;
    let buyer = shop.dashop.buyer("Guagua");
    let listed = buyer.list(0).await;
    let numbers: Vec<_> = listed.iter().map(|order| order["order_id"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["2019111821363504", "2019111821363404"]);
    assert_eq!(listed[1]["order_sku"][0]["total_amount"], "209.00");
    assert_eq!(listed[1]["order_time"], "2019-11-18 21:36:34");
    assert_eq!(listed[0]["order_sku"], json!([]), "the old shop's empty order of ten yuan");

    assert_eq!(buyer.confirm("2019111821363404").await["code"], 200, "it was shipped before");
    assert_eq!(shop.order("2019111821363404").await, "1 219.00 10.00 1 4 8 4");
    assert_eq!(buyer.pay("2019111821363405").await["code"], 50107, "another's");
    let unpaid = buyer.pay("2019111821363504").await;
    assert_eq!(unpaid["data"]["total_amount"], "10.00", "{unpaid}");
    let paid = shop.dashop.buyer("习瓜瓜").pay("2019111821363405").await;
    assert!(!paid["data"]["pay_url"].as_str().unwrap().contains("gateway.do"), "{paid}");

    // Rows that the old back end writes after the take-over.
    shop.database.execute(OLD_WRITERS).await;
    shop.database.write_to_cart(6, 6, r#"{"count": 2, "selected": 1}"#).await;
    let newcomer = shop.dashop.buyer("newcomer");
    assert_eq!(newcomer.list(1).await[0]["order_id"], "2026112311000006");
    let asked = newcomer.pay("2026112311000006").await;
    assert!(asked["data"]["pay_url"].as_str().unwrap().contains("gateway.do"), "{asked}");
    assert_eq!(shop.notify("2026112311000006", "59.00").await, "success", "on record, and not paid");
    assert_eq!(newcomer.list(1).await.len(), 1);
    assert_eq!(shop.notify("2026112311000006", "60.00").await, "success");
    assert_eq!(shop.result("2026112311000006", "60.00").await["data"]["total_amount"], "60.00");
    // The old back office ships it with its own statement.
    shop.database.execute("UPDATE tb_order_info SET status = 3 WHERE order_id = '2026112311000006'").await;
    assert_eq!(newcomer.confirm("2026112311000006").await["code"], 200);
    let created = newcomer.create(json!({"address_id": 10, "settlement_type": 0})).await;
    assert_eq!(created["data"]["total_amount"], "110.00", "{created}");
    assert_eq!(shop.database.pieces(6).await, (1, 2, 1 + 2));
}
