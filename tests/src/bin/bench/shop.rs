//! The shop that is measured: its buyers, their carts and tokens, and the processes that serve it.

use std::{net::SocketAddr, sync::Arc};

use deadpool_redis::redis;
use tests::{Alipay, Dashop, Data, Database, Setup};

use crate::client::{get, post};

/// The ids of buyers, of their addresses and of SKUs begin here.
pub(crate) const FIRST: i32 = 100_001;
pub(crate) const BUYERS: i32 = 20_000;
pub(crate) const SKUS: i32 = 1_000;
/// The products, which share the SKUs equally.
const PRODUCTS: i32 = 200;
/// Buyers who sign in, once each.
const SIGN_INS: i32 = 500;
/// Buyers with as many orders as one page of a list shows.
const LISTED: i32 = 100;
const ORDERS_OF_ONE: i32 = 50;

/// What the buyers have in their carts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carts {
    /// Two SKUs each.
    Mixed,
    /// One SKU, the same for all.
    Hot,
    /// The first half of the buyers has the hot SKU; each buyer of the second half has one of the others.
    HalfHot,
}

const PROCESSING: &str = "/v1/orders/processing/";
const JSON: &str = "application/json";

pub(crate) struct Shop {
    pub(crate) dashop: Dashop,
    pub(crate) database: Database,
    pub(crate) alipay: Alipay,
    tokens: Vec<String>,
    on_servers: bool,
}

impl Shop {
    /// The shop with its goods, buyers and old orders.
    pub(crate) async fn open(setup: Setup) -> Self {
        let on_servers = matches!(setup.data(), Data::Servers { .. });
        let alipay = Alipay::new();
        // The limits on unpaid orders are checked, but never reached.
        let setup = setup
            .paying_at(&alipay)
            .with("DASHOP_LOG_LEVEL", "warn")
            .with("DASHOP_UNPAID_ORDERS", "100000")
            .with("DASHOP_UNPAID_PIECES", "1000000");
        let dashop = setup.start().await;
        let mut database = dashop.database().await;
        database.add_buyers(FIRST, BUYERS).await;
        database.execute("BEGIN").await;
        for sku in 0..SKUS {
            database.add_sku(FIRST + sku, "100.00", 1_000_000_000).await;
        }
        database
            .execute(&format!(
                "INSERT INTO DDSC_SPU (id, create_time, update_time, name, sales, comments, brand_id, catalog_id) \
                 SELECT n.id, create_time, update_time, name, 0, 0, (SELECT MIN(id) FROM DDSC_BRAND), \
                 (SELECT MIN(id) FROM DDSC_GOODS_CATALOG) FROM DDSC_SKU n \
                 WHERE n.id >= {FIRST} AND n.id < {FIRST} + {PRODUCTS}"
            ))
            .await;
        database
            .execute(&format!(
                "UPDATE DDSC_SKU SET SPU_ID_id = {FIRST} + (id - {FIRST}) % {PRODUCTS} WHERE id >= {FIRST}"
            ))
            .await;
        database.execute("COMMIT").await;
        let tokens = (0..BUYERS).map(|buyer| dashop.token(&format!("b{}", FIRST + buyer))).collect();
        let mut shop = Self { dashop, database, alipay, tokens, on_servers };
        shop.add_old_orders().await;
        shop
    }

    async fn add_old_orders(&mut self) {
        let then = "'2026-01-01 00:00:00.000000'";
        let (mut orders, mut lines) = (Vec::new(), Vec::new());
        for number in 0..LISTED * ORDERS_OF_ONE {
            let id = format!("20260101{number:08}");
            let user = FIRST + number / ORDERS_OF_ONE;
            orders.push(format!(
                "('{id}', {then}, {then}, 2, '210.00', '10.00', 1, 4, {user}, {user}, '家', '习瓜瓜', '13691433520', '北京市东城区')"
            ));
            for line in 0..2 {
                let sku = FIRST + (number * 2 + line) % SKUS;
                lines.push(format!(
                    "({then}, {then}, 1, '100.00', '{id}', {sku}, 'SKU {sku}', 'x.svg', '[]')"
                ));
            }
        }
        for (some, of_some) in orders.chunks(500).zip(lines.chunks(1_000)) {
            self.database
                .execute(&format!(
                    "BEGIN; INSERT INTO tb_order_info (order_id, created_time, updated_time, total_count, \
                     total_amount, freight, pay_method, status, address_id, user_id, ship_title, ship_receiver, \
                     ship_mobile, ship_address) VALUES {}; INSERT INTO tb_order_goods (created_time, updated_time, \
                     count, price, order_id, sku_id, sku_name, sku_image_url, sku_sale_attrs) VALUES {}; COMMIT",
                    some.join(","),
                    of_some.join(",")
                ))
                .await;
        }
    }

    /// Makes every order a paid one. All measurements place orders of the same buyers, and so does raw SQL. If they stayed
    /// unpaid, each order of the next measurement would count far more of them than a buyer may have (ten by default).
    pub(crate) async fn pay_all(&mut self) {
        let pay = "UPDATE tb_order_info SET status = 2, due_at = NULL WHERE status = 1";
        self.database.execute(&format!("{pay} AND user_id >= {FIRST}")).await;
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.dashop.url("").trim_start_matches("http://").parse().unwrap()
    }

    /// Gives every buyer a cart.
    pub(crate) async fn fill_carts(&mut self, carts: Carts) {
        let line = "{\"count\": 1, \"selected\": 1}";
        let skus = |buyer: i32| {
            let first = buyer * 7919 % (SKUS / 2) * 2;
            match carts {
                Carts::Hot => vec![FIRST],
                Carts::HalfHot if buyer < BUYERS / 2 => vec![FIRST],
                // A SKU that is not the hot one.
                Carts::HalfHot => vec![FIRST + first + 1],
                Carts::Mixed => vec![FIRST + first, FIRST + (first + 1 + buyer % 7 * 2) % SKUS],
            }
        };
        match self.dashop.setup().data().clone() {
            Data::Embedded(_) => {
                self.database.execute("DELETE FROM dashop_cart_line").await;
                let value = |buyer, sku| format!("({}, {sku}, '{line}')", FIRST + buyer);
                let values: Vec<String> = (0..BUYERS)
                    .flat_map(|buyer| skus(buyer).into_iter().map(move |sku| value(buyer, sku)))
                    .collect();
                for some in values.chunks(5_000) {
                    let insert = "INSERT INTO dashop_cart_line (user_id, sku_id, value) VALUES ";
                    self.database.execute(&format!("{insert}{}", some.join(","))).await;
                }
            }
            Data::Servers { redis, .. } => {
                let client = redis::Client::open(redis[0].as_str()).unwrap();
                let mut connection = client.get_multiplexed_async_connection().await.unwrap();
                for some in (0..BUYERS).collect::<Vec<_>>().chunks(1_000) {
                    let mut pipeline = redis::pipe();
                    for buyer in some {
                        let key = format!("cart_{}", FIRST + buyer);
                        pipeline.del(&key).ignore();
                        for sku in skus(*buyer) {
                            pipeline.hset(&key, sku, line).ignore();
                        }
                    }
                    pipeline.query_async::<()>(&mut connection).await.unwrap();
                }
            }
        }
    }

    /// For each buyer, an order of the cart.
    pub(crate) fn creates(&self) -> Arc<Vec<Vec<u8>>> {
        self.each(|buyer, token| {
            let body = format!(r#"{{"status":0,"address_id":{},"settlement_type":0}}"#, FIRST + buyer);
            post(PROCESSING, token, JSON, &body)
        })
    }

    /// [`Self::creates`] for [`Carts::HalfHot`], split into the buyers of the hot SKU and the others.
    pub(crate) fn creates_by_half(&self) -> [Arc<Vec<Vec<u8>>>; 2] {
        let creates = self.creates();
        let (hot, others) = creates.split_at(creates.len() / 2);
        [hot, others].map(|half| Arc::new(half.to_vec()))
    }

    /// For each buyer, the preview of an order.
    pub(crate) fn previews(&self) -> Arc<Vec<Vec<u8>>> {
        self.each(|_, token| get(&format!("{PROCESSING}?status=0&settlement_type=0"), token))
    }

    /// Lists of orders, each one full page.
    pub(crate) fn lists(&self) -> Arc<Vec<Vec<u8>>> {
        let path = format!("{PROCESSING}?status=1&order_status=4&limit={ORDERS_OF_ONE}");
        self.each(|buyer, _| get(&path, &self.tokens[usize::try_from(buyer % LISTED).unwrap()]))
    }

    /// The front page, once for each buyer.
    pub(crate) fn front_pages(&self) -> Arc<Vec<Vec<u8>>> {
        self.each(|_, token| get("/v1/goods/index", token))
    }

    /// The page of each SKU.
    pub(crate) fn products(&self) -> Arc<Vec<Vec<u8>>> {
        self.each(|buyer, token| get(&format!("/v1/goods/detail/{}", FIRST + buyer % SKUS), token))
    }

    /// Sign-ins that fail, which cost as much as successful ones.
    pub(crate) fn sign_ins(&self) -> Arc<Vec<Vec<u8>>> {
        let body = |buyer| format!(r#"{{"username":"b{}","password":"not this one"}}"#, FIRST + buyer);
        Arc::new((0..SIGN_INS).map(|buyer| post("/v1/tokens", "", JSON, &body(buyer))).collect())
    }

    /// Unpaid orders: number, buyer and amount.
    async fn unpaid(&mut self) -> Vec<(String, i32, String)> {
        let query = format!(
            "SELECT CONCAT(order_id, ' ', user_id, ' ', total_amount) AS n FROM tb_order_info WHERE status = 1 \
             AND expire_at IS NOT NULL AND user_id >= {FIRST} ORDER BY order_id DESC LIMIT {BUYERS}"
        );
        let split = |row: String| {
            let mut words = row.split(' ');
            let mut word = || words.next().unwrap().to_owned();
            (word(), word().parse().unwrap(), word())
        };
        self.database.words(&query).await.into_iter().map(split).collect()
    }

    /// Operation 5 for unpaid orders.
    pub(crate) async fn pays_again(&mut self) -> Arc<Vec<Vec<u8>>> {
        let unpaid = self.unpaid().await;
        let pay = |(number, user, _): (String, i32, String)| {
            let token = &self.tokens[usize::try_from(user - FIRST).unwrap()];
            post(PROCESSING, token, JSON, &format!(r#"{{"status":1,"order_id":"{number}"}}"#))
        };
        Arc::new(unpaid.into_iter().map(pay).collect())
    }

    /// For each unpaid order, Alipay's notification that it is paid.
    pub(crate) async fn notifications(&mut self) -> Arc<Vec<Vec<u8>>> {
        let unpaid = self.unpaid().await;
        let notify = |(number, _, amount): (String, i32, String)| {
            let form = self.alipay.sign(self.alipay.payment(&number, &amount, &format!("T{number}")));
            post("/v1/orders/success/", "", "application/x-www-form-urlencoded", &form)
        };
        Arc::new(unpaid.into_iter().take(6_000).map(notify).collect())
    }

    fn each(&self, request: impl Fn(i32, &str) -> Vec<u8>) -> Arc<Vec<Vec<u8>>> {
        Arc::new((0..BUYERS).zip(&self.tokens).map(|(buyer, token)| request(buyer, token)).collect())
    }

    /// The processes that serve the shop.
    pub(crate) async fn processes(&mut self) -> Vec<(&'static str, u32)> {
        let mut processes = vec![("dashop", self.dashop.pid())];
        if !self.on_servers {
            return processes;
        }
        let pid_file = self.database.words("SELECT @@pid_file AS n").await.remove(0);
        let pid = std::fs::read_to_string(pid_file).unwrap().trim().parse().unwrap();
        processes.push(("database", pid));
        if let Data::Servers { redis, .. } = self.dashop.setup().data() {
            let client = redis::Client::open(redis[0].as_str()).unwrap();
            let mut connection = client.get_multiplexed_async_connection().await.unwrap();
            let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await.unwrap();
            let pid = info.lines().find_map(|line| line.strip_prefix("process_id:")).unwrap();
            processes.push(("redis", pid.trim().parse().unwrap()));
        }
        processes
    }
}
