//! The same routes over the embedded database: the number of statements per operation, and what only a database shows.

use std::{path::Path, sync::Arc};

use actix_web::test::TestRequest;
use adapters::{
    passwords::Argon2Passwords,
    sql::{self, SqlConfig, SqlStore},
    system::SystemRandomness,
};
use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use domain::{Channel, Username};
use ports::{NotVerified, PaymentChannels, PaymentGateway, mock::MockPaymentGateway};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{samples::*, support::*};

/// A buyer of the demo shop, with address 1 and a filled cart.
const BUYER: &str = "demo";

/// The demo shop in its own directory.
pub(crate) struct Embedded {
    pub(crate) client: Client,
    store: Arc<dyn SqlStore>,
    directory: TempDir,
}

impl Embedded {
    pub(crate) async fn open() -> Self {
        Self::open_with(MockPaymentGateway::new()).await
    }

    /// Opens it with this gateway, which can also start payments.
    pub(crate) async fn open_with(mut gateway: MockPaymentGateway) -> Self {
        gateway.expect_pay_url().returning(|_| Ok(PAY_URL.to_owned()));
        // No message of these tests comes from Alipay.
        gateway.expect_verify_return().returning(|_| Err(NotVerified::Signature));
        gateway.expect_verify_notification().returning(|_| Err(NotVerified::Signature));
        let gateway: Arc<dyn PaymentGateway> = Arc::new(gateway);
        Self::open_on(PaymentChannels::default().with(Channel::Alipay, gateway, merchant())).await
    }

    /// Opens it with these payment channels.
    pub(crate) async fn open_on(channels: PaymentChannels) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", file(directory.path()));
        let store = sql::connect(&SqlConfig::new(url)).await.unwrap();
        store.migrate().await.unwrap();
        store.seed_demo(noon()).await.unwrap();
        let backends = Backends {
            users: Arc::clone(&store) as _,
            address_book: Arc::clone(&store) as _,
            catalog: Arc::clone(&store) as _,
            carts: Arc::clone(&store) as _,
            direct_buys: Arc::clone(&store) as _,
            orders: Arc::clone(&store) as _,
            admin: Arc::clone(&store) as _,
            ledgers: Arc::clone(&store) as _,
            placing: Arc::clone(&store) as _,
            removals: Arc::clone(&store) as _,
            channels,
            storefront: Arc::clone(&store) as _,
            credentials: Arc::clone(&store) as _,
            passwords: Arc::new(Argon2Passwords::new(Arc::new(SystemRandomness)).unwrap()),
            webhooks: Arc::clone(&store) as _,
            endpoints: Arc::clone(&store) as _,
            free_delivery: false,
        };
        Self { client: Client::of(backends), store, directory }
    }

    pub(crate) fn execute(&self, sql: &str) {
        let mut connection = SqliteConnection::establish(&file(self.directory.path())).unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 30000").unwrap();
        connection.batch_execute(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// Fills the buyer's cart: one ticked piece of each SKU from 1 to `skus`.
    pub(crate) fn fill_cart(&self, skus: i32) {
        let lines: String =
            (1..=skus).map(|sku| format!("(1, {sku}, '{{\"count\": 1, \"selected\": 1}}'),")).collect();
        self.execute(&format!(
            "DELETE FROM dashop_cart_line WHERE user_id = 1; UPDATE DDSC_SKU SET is_launched = 1, stock = 1000; \
             INSERT INTO dashop_cart_line (user_id, sku_id, value) VALUES {}",
            lines.trim_end_matches(',')
        ));
    }

    pub(crate) async fn ask(&self, request: TestRequest) -> Value {
        let token = tokens().issue(&Username(BUYER.to_owned()), &stored_password(), 4_102_444_800).unwrap();
        let answer = self.client.send(request.insert_header(("authorization", token))).await.json();
        assert_eq!(answer["code"], 200, "{answer}");
        answer
    }

    async fn get(&self, query: &str) -> Value {
        self.ask(TestRequest::get().uri(&format!("{PROCESSING}?{query}"))).await
    }

    async fn create(&self) -> Value {
        self.ask(post_json(json!({"status": 0, "address_id": 1, "settlement_type": 0}))).await
    }

    pub(crate) async fn buy(&self, sku_id: i32) -> Value {
        let body =
            json!({"status": 0, "address_id": 1, "settlement_type": 1, "sku_id": sku_id, "buy_num": 1});
        self.ask(post_json(body)).await
    }

    /// The number of statements of an operation, without the beginnings and ends of transactions.
    pub(crate) async fn statements(&self, operation: impl Future<Output = Value>) -> (u64, Value) {
        let before = self.store.statements();
        let answer = operation.await;
        (self.store.statements() - before, answer)
    }
}

fn file(directory: &Path) -> String {
    directory.join("dashop.db").display().to_string()
}

#[actix_web::test]
async fn a_preview_sends_at_most_four_statements_however_large_the_cart() {
    let shop = Embedded::open().await;
    for skus in [1, 20] {
        shop.fill_cart(skus);
        let (statements, answer) = shop.statements(shop.get("status=0&settlement_type=0")).await;
        assert_eq!(answer["data"]["sku_list"].as_array().unwrap().len(), usize::try_from(skus).unwrap());
        assert!((1..=4).contains(&statements), "{statements} statements for {skus} SKUs");
    }
    let direct = "status=0&settlement_type=1&sku_id=1&buy_num=2";
    let (statements, _) = shop.statements(shop.get(direct)).await;
    assert!((1..=4).contains(&statements), "{statements} statements for a direct buy");
}

#[actix_web::test]
async fn creating_sends_at_most_eight_statements_however_large_the_cart() {
    let shop = Embedded::open().await;
    for skus in [1, 3, 20] {
        shop.fill_cart(skus);
        let (statements, answer) = shop.statements(shop.create()).await;
        assert!(answer["data"]["order_id"].is_string());
        assert!((1..=8).contains(&statements), "{statements} for {skus} SKUs");
    }
    let (statements, _) = shop.statements(shop.buy(1)).await;
    assert!(statements <= 7, "{statements} statements for a direct buy");
}

#[actix_web::test]
async fn a_list_sends_at_most_four_statements_however_many_orders_and_lines() {
    let shop = Embedded::open().await;
    shop.buy(1).await;
    let (for_one, _) = shop.statements(shop.get("status=1&order_status=0")).await;
    for _ in 0..12 {
        shop.fill_cart(15);
        shop.create().await;
    }
    let (statements, answer) = shop.statements(shop.get("status=1&order_status=0")).await;
    assert_eq!(answer["data"]["orders_list"].as_array().unwrap().len(), 13);
    assert!(
        statements <= 4 && statements == for_one,
        "{for_one} statements for one order, {statements} for many"
    );
}

/// Defect 11: the list showed today's price, name and address.
#[actix_web::test]
async fn an_order_is_listed_as_it_was_bought() {
    let shop = Embedded::open().await;
    shop.buy(1).await;
    let bought = shop.get("status=1&order_status=0").await;
    shop.execute(
        "UPDATE DDSC_SKU SET price = '0.01', name = '改名', default_image_url = 'new.svg' WHERE id = 1; \
         UPDATE DDSC_SALE_ATTR_VALUE SET sale_attr_value_name = '改'; \
         UPDATE address SET receiver = '别人', address = '别处', tag = '改', receiver_mobile = '0', is_alive = 0",
    );
    assert_eq!(shop.get("status=1&order_status=0").await, bought);
}

/// Defect 13: unordered lines vanished from the cart, or ordered ones stayed.
#[actix_web::test]
async fn what_was_ordered_leaves_the_cart_and_nothing_else() {
    let shop = Embedded::open().await;
    shop.fill_cart(3);
    shop.execute(
        "UPDATE dashop_cart_line SET value = '{\"selected\": \"0\", \"count\": \"5\"}' WHERE sku_id = 2",
    );
    shop.create().await;
    shop.execute(
        "UPDATE dashop_cart_line SET value = '{\"selected\": \"1\", \"count\": \"5\"}' WHERE user_id = 1",
    );
    let preview = shop.get("status=0&settlement_type=0").await;
    let lines: Vec<(&Value, &Value)> = preview["data"]["sku_list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (&line["id"], &line["count"]))
        .collect();
    assert_eq!(lines, [(&json!(2), &json!(5))]);
}

#[actix_web::test]
async fn pages_of_the_list_follow_each_other_without_a_gap() {
    let shop = Embedded::open().await;
    let mut numbers = Vec::new();
    for _ in 0..7 {
        numbers.push(shop.buy(1).await["data"]["order_id"].clone());
    }
    let mut listed = Vec::new();
    let mut before = String::new();
    loop {
        let page = shop.get(&format!("status=1&order_status=1&limit=3{before}")).await;
        let orders = page["data"]["orders_list"].as_array().unwrap();
        assert!(orders.len() <= 3);
        listed.extend(orders.iter().map(|order| order["order_id"].clone()));
        match page["data"]["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut expected: Vec<String> = numbers.iter().map(text).collect();
    expected.sort_by(|a, b| b.cmp(a));
    assert_eq!(
        listed.iter().map(text).collect::<Vec<_>>(),
        expected,
        "placed in one second: newest number first"
    );
}

/// A page concatenates `base_url` and the name of the picture.
#[actix_web::test]
async fn every_picture_of_the_demo_shop_is_served_as_a_drawing_without_scripts() {
    let shop = Embedded::open().await;
    shop.fill_cart(24);
    let preview = shop.get("status=0&settlement_type=0").await;
    let base = preview["base_url"].as_str().unwrap().strip_prefix("http://pictures.example").unwrap();
    for line in preview["data"]["sku_list"].as_array().unwrap() {
        let uri = format!("{base}{}", line["default_image_url"].as_str().unwrap());
        let answer = shop.client.send(TestRequest::get().uri(&uri)).await;
        assert_eq!(answer.status, 200, "{uri}");
        assert_eq!(answer.header("content-type"), Some("image/svg+xml"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = answer.header("content-security-policy");
        assert_eq!(policy, Some("default-src 'none'; style-src 'unsafe-inline'"));
        let drawing = str::from_utf8(&answer.body).unwrap();
        assert!(drawing.starts_with("<svg") && !drawing.contains("<script"), "{uri}");
    }
}
