//! The fixture of the contract suites on the store.

use std::sync::{
    Arc,
    atomic::{AtomicI32, Ordering},
};

use adapters::sql::{CartsIn, EventSink, SqlConfig, SqlStore};
use async_trait::async_trait;
use domain::{
    AddressId, Difference, DifferenceKind, Money, RefusedMessage, ShopDate, ShopTime, SkuId, UserId,
};
use ports::{
    AddressBook, AdminOrders, CartRemovalMode, CartRemovalQueue, CartStore, Catalog, Credentials,
    DailyStatements, DirectBuys, IdempotencyKeys, OrderReader, OrderRepo, PlacingStore, RefusedMessages,
    StorefrontReader, Users, WebhookEndpoints, WebhookQueue,
    contract::{Carts, KeptDifference, NewAddress, NewSku, OldOrder, Shop, StockRecord},
};

use super::Engine;

const THEN: &str = "'2019-11-01 00:00:00', '2019-11-01 00:00:00'";

/// Stands for a column without a value.
const NOTHING: &str = "NULL";

const KINDS: [DifferenceKind; 4] = [
    DifferenceKind::MissingHere,
    DifferenceKind::MissingThere,
    DifferenceKind::Amount,
    DifferenceKind::Status,
];

pub(crate) struct SqlShop {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<dyn SqlStore>,
    carts: CartsIn,
    next_id: AtomicI32,
}

impl SqlShop {
    pub(crate) async fn on(engine: Engine, carts: CartsIn) -> Arc<Self> {
        let config = SqlConfig { carts, event_sink: EventSink::Outbox, ..engine.config() };
        Self::with(engine, &config).await
    }

    pub(crate) async fn with(engine: Engine, config: &SqlConfig) -> Arc<Self> {
        let store = engine.store(config).await;
        Arc::new(Self { engine, store, carts: config.carts, next_id: AtomicI32::new(1) })
    }

    fn id(&self) -> i32 {
        self.next_id.fetch_add(1, Ordering::SeqCst)
    }
}

/// A text as an SQL literal.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[async_trait]
impl Shop for SqlShop {
    fn users(&self) -> &dyn Users {
        &*self.store
    }

    fn addresses(&self) -> &dyn AddressBook {
        &*self.store
    }

    fn storefront(&self) -> &dyn StorefrontReader {
        &*self.store
    }

    fn credentials(&self) -> &dyn Credentials {
        &*self.store
    }

    fn catalog(&self) -> &dyn Catalog {
        &*self.store
    }

    fn direct_buys(&self) -> &dyn DirectBuys {
        &*self.store
    }

    fn orders(&self) -> &dyn OrderReader {
        &*self.store
    }

    fn admin(&self) -> &dyn AdminOrders {
        &*self.store
    }

    fn ledgers(&self) -> &dyn OrderRepo {
        &*self.store
    }

    fn idempotency_keys(&self) -> &dyn IdempotencyKeys {
        &*self.store
    }

    fn refused(&self) -> &dyn RefusedMessages {
        &*self.store
    }

    fn placing(&self) -> &dyn PlacingStore {
        &*self.store
    }

    fn removals(&self) -> &dyn CartRemovalQueue {
        &*self.store
    }

    fn ledger(&self) -> &dyn DailyStatements {
        &*self.store
    }

    fn endpoints(&self) -> &dyn WebhookEndpoints {
        &*self.store
    }

    fn webhooks(&self) -> &dyn WebhookQueue {
        &*self.store
    }

    fn removal_mode(&self) -> CartRemovalMode {
        match self.carts {
            CartsIn::Database => CartRemovalMode::InTransaction,
            CartsIn::Elsewhere => CartRemovalMode::AfterCommit,
        }
    }

    async fn add_user(&self, username: &str) -> UserId {
        let id = self.id();
        let insert = format!(
            "INSERT INTO user_profile (id, created_time, updated_time, username, password, email, phone, isActive) \
             VALUES ({id}, {THEN}, {}, '', '', '', 1)",
            quoted(username)
        );
        self.engine.run(&insert).await;
        UserId(id)
    }

    async fn set_password(&self, user_id: UserId, md5: &str, is_active: bool) {
        let active = i32::from(is_active);
        let set =
            format!("UPDATE user_profile SET password = '{md5}', isActive = {active} WHERE id = {user_id}");
        self.engine.run(&set).await;
    }

    async fn add_address(&self, user_id: UserId, address: NewAddress) -> AddressId {
        let id = self.id();
        let (tag, receiver, mobile) = NewAddress::TEXT;
        let insert = format!(
            "INSERT INTO address (id, created_time, updated_time, receiver, address, default_address, is_alive, \
             postcode, receiver_mobile, tag, uid_id) \
             VALUES ({id}, {THEN}, '{receiver}', '{}', {}, {}, '', '{mobile}', '{tag}', {user_id})",
            address.street,
            i32::from(address.is_default),
            i32::from(address.is_alive),
        );
        self.engine.run(&insert).await;
        AddressId(id)
    }

    async fn move_address(&self, id: AddressId, street: &str) {
        self.engine.run(&format!("UPDATE address SET address = {} WHERE id = {id}", quoted(street))).await;
    }

    async fn add_sku(&self, sku: NewSku) -> SkuId {
        let id = self.id();
        let NewSku { name, price, stock, is_launched, attributes } = sku;
        let launched = i32::from(is_launched);
        let mut inserts = format!(
            "INSERT INTO DDSC_GOODS_CATALOG (id, create_time, update_time, name) VALUES ({id}, {THEN}, 'c'); \
             INSERT INTO DDSC_BRAND (id, create_time, update_time, name, logo, first_letter) \
             VALUES ({id}, {THEN}, 'b', '', 'b'); \
             INSERT INTO DDSC_SPU (id, create_time, update_time, name, sales, comments, brand_id, catalog_id) \
             VALUES ({id}, {THEN}, '{name}', 0, 0, {id}, {id}); \
             INSERT INTO DDSC_SKU (id, create_time, update_time, name, caption, price, cost_price, market_price, \
             stock, sales, comments, is_launched, default_image_url, version, SPU_ID_id) \
             VALUES ({id}, {THEN}, '{name}', '', '{price}', '{price}', '{price}', {stock}, 0, 0, {launched}, \
             '{name}.jpg', 0, {id});"
        );
        for (attribute, (name, value)) in (id * 100..).zip(attributes) {
            inserts.push_str(&format!(
                "INSERT INTO DDSC_SPU_SALE_ATTR (id, create_time, update_time, sale_attr_name, SPU_id_id) \
                 VALUES ({attribute}, {THEN}, '{name}', {id}); \
                 INSERT INTO DDSC_SALE_ATTR_VALUE (id, create_time, update_time, sale_attr_value_name, \
                 sale_attr_id_id, sku_id) VALUES ({attribute}, {THEN}, '{value}', {attribute}, {id});"
            ));
        }
        self.engine.run(&inserts).await;
        SkuId(id)
    }

    async fn add_variant(&self, of: SkuId, sku: NewSku) -> SkuId {
        let id = self.id();
        let NewSku { name, price, stock, is_launched, attributes } = sku;
        let launched = i32::from(is_launched);
        let mut inserts = format!(
            "INSERT INTO DDSC_SKU (id, create_time, update_time, name, caption, price, cost_price, market_price, \
             stock, sales, comments, is_launched, default_image_url, version, SPU_ID_id) \
             VALUES ({id}, {THEN}, '{name}', '', '{price}', '{price}', '{price}', {stock}, 0, 0, {launched}, \
             '{name}.jpg', 0, {of});"
        );
        for ((attribute, value), (_, name)) in (of.0 * 100..).zip(id * 100..).zip(attributes) {
            inserts.push_str(&format!(
                "INSERT INTO DDSC_SALE_ATTR_VALUE (id, create_time, update_time, sale_attr_value_name, \
                 sale_attr_id_id, sku_id) VALUES ({value}, {THEN}, '{name}', {attribute}, {id});"
            ));
        }
        self.engine.run(&inserts).await;
        SkuId(id)
    }

    async fn change_sku(&self, id: SkuId, name: &str, image: &str, price: Money) {
        let change = format!(
            "UPDATE DDSC_SKU SET name = '{name}', default_image_url = '{image}', price = '{price}' WHERE id = {id}; \
             DELETE FROM DDSC_SALE_ATTR_VALUE WHERE sku_id = {id}"
        );
        self.engine.run(&change).await;
    }

    async fn stock_record(&self, id: SkuId) -> StockRecord {
        let number = async |column| {
            self.engine.number(&format!("SELECT {column} AS n FROM DDSC_SKU WHERE id = {id}")).await
        };
        StockRecord {
            stock: number("stock").await,
            sales: number("sales").await,
            version: number("version").await,
        }
    }

    async fn differences(&self, day: ShopDate) -> Vec<KeptDifference> {
        let column = async |name: &str| {
            let column = format!(
                "SELECT COALESCE({name}, '{NOTHING}') AS n FROM dashop_difference WHERE bill_date = '{day}' ORDER BY id"
            );
            self.engine.words(&column).await.into_iter()
        };
        let maybe = |word: String| Some(word).filter(|word| word != NOTHING);
        let (kinds, mut trade_nos) = (column("kind").await, column("trade_no").await);
        let (mut out_trade_nos, mut numbers) = (column("out_trade_no").await, column("out_request_no").await);
        let (mut ours, mut theirs) = (column("ours").await, column("theirs").await);
        let (mut repairs, mut times) = (column("repair").await, column("found_at").await);
        let kept = |word: String| {
            Some(KeptDifference {
                difference: Difference {
                    kind: KINDS.into_iter().find(|kind| kind.as_str() == word)?,
                    trade_no: trade_nos.next()?,
                    out_trade_no: out_trade_nos.next()?,
                    out_request_no: maybe(numbers.next()?),
                    ours: maybe(ours.next()?),
                    theirs: maybe(theirs.next()?),
                },
                done: maybe(repairs.next()?),
                found_at: ShopTime::parse(times.next()?.get(..19)?)?,
            })
        };
        kinds.map(kept).collect::<Option<_>>().unwrap()
    }

    async fn refused_messages(&self) -> Vec<RefusedMessage> {
        let column = async |name: &str| {
            let column = format!("SELECT {name} AS n FROM dashop_refused_message ORDER BY id");
            self.engine.words(&column).await.into_iter()
        };
        let (mut times, mut reasons) = (column("received_at").await, column("reason").await);
        let (trade_nos, mut out_trade_nos) = (column("trade_no").await, column("out_trade_no").await);
        let mut messages = column("message").await;
        let kept = |trade_no| {
            Some(RefusedMessage {
                received_at: ShopTime::parse(times.next()?.get(..19)?)?,
                reason: reasons.next()?,
                trade_no,
                out_trade_no: out_trade_nos.next()?,
                message: messages.next()?,
            })
        };
        trade_nos.map(kept).collect::<Option<_>>().unwrap()
    }

    async fn add_old_order(&self, order: OldOrder) {
        let OldOrder { id, user_id, address_id, status, total_amount, created_at, lines } = order;
        let count: i32 = lines.iter().map(|line| line.1).sum();
        let then = format!("'{created_at}', '{created_at}'");
        let mut inserts = format!(
            "INSERT INTO tb_order_info (order_id, created_time, updated_time, total_count, total_amount, freight, \
             pay_method, status, address_id, user_id) \
             VALUES ('{id}', {then}, {count}, '{total_amount}', '10.00', 1, {status}, {address_id}, {user_id});"
        );
        for (sku_id, pieces, price) in lines {
            inserts.push_str(&format!(
                "INSERT INTO tb_order_goods (created_time, updated_time, count, price, order_id, sku_id) \
                 VALUES ({then}, {pieces}, '{price}', '{id}', {sku_id});"
            ));
        }
        self.engine.run(&inserts).await;
    }

    async fn put_in_cart(&self, user_id: UserId, sku_id: SkuId, value: &str) {
        let value = quoted(value);
        let put = format!(
            "REPLACE INTO dashop_cart_line (user_id, sku_id, value) VALUES ({user_id}, {sku_id}, {value})"
        );
        self.engine.run(&put).await;
    }

    async fn cart_value(&self, user_id: UserId, sku_id: SkuId) -> Option<String> {
        let value = format!(
            "SELECT value AS n FROM dashop_cart_line WHERE user_id = {user_id} AND sku_id = {sku_id}"
        );
        self.engine.words(&value).await.pop()
    }
}

#[async_trait]
impl Carts for SqlShop {
    fn store(&self) -> &dyn CartStore {
        &*self.store
    }

    async fn put(&self, user_id: UserId, sku_id: SkuId, value: &str) {
        self.put_in_cart(user_id, sku_id, value).await;
    }

    async fn value(&self, user_id: UserId, sku_id: SkuId) -> Option<String> {
        self.cart_value(user_id, sku_id).await
    }
}
