use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use domain::{
    Address, AddressChange, AddressEntries, AddressId, Caller, Cart, CartLineChange, CartStamp, CatalogId,
    DailyStatement, Delivery, Difference, IdempotencyKey, NotAdmitted, Order, OrderId, OrderStatus, OutboxId,
    PasswordHash, PaymentAttempt, PaymentRecord, Product, Refund, RefusedMessage, RepeatGuard, ShopDate,
    ShopTime, Sku, SkuId, SpuId, TimelineEntry, UserId, Username,
};
use ports::{
    AddressBook, AddressEditor, AdminOrders, BegunPlacing, Buyer, BuyerQuery, CartError, CartRemoval,
    CartRemovalQueue, CartStore, Catalog, Claimed, Credential, Credentials, DailyStatements, DayFigures,
    Destination, DirectBuy, DirectBuys, FoundOrder, IdempotencyKeys, IdempotencyRecord, ListedOrder,
    LockedOrder, OrderClaim, OrderListQuery, OrderReader, OrderRecords, OrderRepo, OrderSearch,
    OutboxBacklog, PlacingStore, RefusedMessages, Resend, Section, SectionPage, StoreError, StorefrontReader,
    UnitOfWork, UnitsOfWork, UnmatchedPayment, Users, WebhookQueue,
};

use super::{ConnectError, NotWritable, SchemaState, SqlConfig, mysql, sqlite};

/// The shop's database, on the engine that its URL names. Cloning it is cheap; all clones share their connections.
///
/// It must be opened within a tokio runtime that lives as long as it does: the connections are driven there, whichever
/// runtime asks.
#[derive(Clone)]
pub struct SqlStore {
    engine: Arc<dyn Engine>,
}

/// What each engine is to the store: all ports, and its upkeep.
#[async_trait]
trait Engine:
    Users
    + AddressBook
    + AddressEditor
    + Catalog
    + StorefrontReader
    + Credentials
    + DirectBuys
    + OrderReader
    + AdminOrders
    + OrderRepo
    + UnitsOfWork
    + CartStore
    + WebhookQueue
    + DailyStatements
    + IdempotencyKeys
    + PlacingStore
    + CartRemovalQueue
    + RefusedMessages
{
    async fn migrate(&self) -> Result<Vec<&'static str>, StoreError>;
    async fn schema(&self) -> Result<SchemaState, StoreError>;
    async fn ping(&self) -> Result<(), StoreError>;
    async fn check_writable(&self) -> Result<(), NotWritable>;
    async fn seed_demo(&self, now: ShopTime) -> Result<bool, StoreError>;
    fn statements(&self) -> u64;
    fn parked(&self) -> u64;
}

impl SqlStore {
    /// Opens the database, and tries a connection to it. Does not look at its schema.
    ///
    /// # Errors
    /// The URL cannot be read, or the database does not answer within the time limits.
    pub async fn connect(config: &SqlConfig) -> Result<Self, ConnectError> {
        let engine: Arc<dyn Engine> = match config.url.split_once(':') {
            Some(("sqlite", path)) => Arc::new(sqlite::Database::open(path, config).await?),
            Some(("mysql", address)) => Arc::new(mysql::Database::open(address, config).await?),
            Some((scheme, _)) => return Err(ConnectError::Url(format!("{scheme} is not one of them"))),
            None => return Err(ConnectError::Url("it has no colon".to_owned())),
        };
        Ok(Self { engine })
    }

    /// Creates what is missing of the schema, and answers the names of the migrations it ran. Safe when several
    /// processes do it at once, and when an earlier attempt was cut off.
    pub async fn migrate(&self) -> Result<Vec<&'static str>, StoreError> {
        self.engine.migrate().await
    }

    /// How far the schema has come.
    pub async fn schema(&self) -> Result<SchemaState, StoreError> {
        self.engine.schema().await
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.engine.ping().await
    }

    /// Whether something can be written, as durably as an order is.
    ///
    /// # Errors
    /// It cannot, and why.
    pub async fn check_writable(&self) -> Result<(), NotWritable> {
        self.engine.check_writable().await
    }

    /// Fills an empty shop with the goods and buyers of [`super::demo`], created at `now`. False, and nothing changed,
    /// where it has buyers already.
    pub async fn seed_demo(&self, now: ShopTime) -> Result<bool, StoreError> {
        self.engine.seed_demo(now).await
    }

    /// How many rows were parked since the store was opened, because they cannot be read: nothing is done about them until
    /// somebody repairs them.
    pub fn parked(&self) -> u64 {
        self.engine.parked()
    }

    /// How many statements were sent since the store was opened, without beginnings and ends of transactions.
    pub fn statements(&self) -> u64 {
        self.engine.statements()
    }
}

/// Makes an engine's database an [`Engine`]; it has these methods itself.
macro_rules! engine {
    ($database:ty) => {
        #[async_trait]
        impl Engine for $database {
            async fn migrate(&self) -> Result<Vec<&'static str>, StoreError> {
                <$database>::migrate(self).await
            }

            async fn schema(&self) -> Result<SchemaState, StoreError> {
                <$database>::schema(self).await
            }

            async fn ping(&self) -> Result<(), StoreError> {
                <$database>::ping(self).await
            }

            async fn check_writable(&self) -> Result<(), NotWritable> {
                <$database>::check_writable(self).await
            }

            async fn seed_demo(&self, now: ShopTime) -> Result<bool, StoreError> {
                <$database>::seed_demo(self, now).await
            }

            fn statements(&self) -> u64 {
                <$database>::statements(self)
            }

            fn parked(&self) -> u64 {
                <$database>::parked(self)
            }
        }
    };
}

engine!(mysql::Database);
engine!(sqlite::Database);

#[async_trait]
impl Users for SqlStore {
    async fn find(&self, username: &Username) -> Result<Option<UserId>, StoreError> {
        Users::find(&*self.engine, username).await
    }

    async fn authenticate(&self, caller: &Caller) -> Result<Result<UserId, NotAdmitted>, StoreError> {
        self.engine.authenticate(caller).await
    }
}

#[async_trait]
impl AddressBook for SqlStore {
    async fn of_user(&self, user_id: UserId) -> Result<Vec<Address>, StoreError> {
        self.engine.of_user(user_id).await
    }

    async fn destination(
        &self,
        caller: &Caller,
        address_id: AddressId,
    ) -> Result<Result<Destination, NotAdmitted>, StoreError> {
        self.engine.destination(caller, address_id).await
    }
}

#[async_trait]
impl Catalog for SqlStore {
    async fn skus(&self, ids: &[SkuId]) -> Result<BTreeMap<SkuId, Sku>, StoreError> {
        self.engine.skus(ids).await
    }
}

#[async_trait]
impl DirectBuys for SqlStore {
    async fn remember(&self, user_id: UserId, latest: DirectBuy) -> Result<(), StoreError> {
        self.engine.remember(user_id, latest).await
    }

    async fn forget(&self, user_id: UserId) -> Result<(), StoreError> {
        DirectBuys::forget(&*self.engine, user_id).await
    }

    async fn latest(&self, user_id: UserId) -> Result<Option<DirectBuy>, StoreError> {
        self.engine.latest(user_id).await
    }
}

#[async_trait]
impl OrderReader for SqlStore {
    async fn find(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        OrderReader::find(&*self.engine, id).await
    }

    async fn list(&self, query: &OrderListQuery) -> Result<Vec<Order>, StoreError> {
        self.engine.list(query).await
    }

    async fn attempts(&self, id: &OrderId) -> Result<Vec<PaymentAttempt>, StoreError> {
        self.engine.attempts(id).await
    }

    async fn payments(&self, ids: &[OrderId]) -> Result<Vec<PaymentRecord>, StoreError> {
        OrderReader::payments(&*self.engine, ids).await
    }

    async fn refunds(&self, id: &OrderId) -> Result<Vec<Refund>, StoreError> {
        OrderReader::refunds(&*self.engine, id).await
    }

    async fn timeline(&self, id: &OrderId) -> Result<Vec<TimelineEntry>, StoreError> {
        self.engine.timeline(id).await
    }

    async fn numbers_beginning_with(&self, second: &str) -> Result<Vec<OrderId>, StoreError> {
        self.engine.numbers_beginning_with(second).await
    }

    async fn ordered_lines(&self, user_id: UserId) -> Result<Vec<(SkuId, CartStamp)>, StoreError> {
        self.engine.ordered_lines(user_id).await
    }

    async fn find_by_guard(&self, guard: &RepeatGuard) -> Result<Option<Order>, StoreError> {
        self.engine.find_by_guard(guard).await
    }

    async fn find_by_key(
        &self,
        user_id: UserId,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        self.engine.find_by_key(user_id, key).await
    }
}

#[async_trait]
impl AdminOrders for SqlStore {
    async fn search(&self, search: &OrderSearch) -> Result<Vec<FoundOrder>, StoreError> {
        self.engine.search(search).await
    }

    async fn shipping_list(&self, ids: &[OrderId]) -> Result<Vec<ListedOrder>, StoreError> {
        self.engine.shipping_list(ids).await
    }

    async fn file(&self, id: &OrderId) -> Result<Option<OrderRecords>, StoreError> {
        self.engine.file(id).await
    }

    async fn figures(&self, first: ShopDate, last: ShopDate) -> Result<Vec<DayFigures>, StoreError> {
        self.engine.figures(first, last).await
    }

    async fn unmatched_payments(
        &self,
        first: ShopDate,
        last: ShopDate,
        limit: u32,
    ) -> Result<Vec<UnmatchedPayment>, StoreError> {
        self.engine.unmatched_payments(first, last, limit).await
    }

    async fn count(&self, status: OrderStatus) -> Result<u64, StoreError> {
        self.engine.count(status).await
    }
}

#[async_trait]
impl OrderRepo for SqlStore {
    async fn lock(&self, number: &str) -> Result<Box<dyn LockedOrder>, StoreError> {
        self.engine.lock(number).await
    }

    async fn claim_due_orders(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<OrderId>>, StoreError> {
        self.engine.claim_due_orders(now, lease_until, limit).await
    }

    async fn claim_due_refunds(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Refund>>, StoreError> {
        self.engine.claim_due_refunds(now, lease_until, limit).await
    }
}

#[async_trait]
impl UnitsOfWork for SqlStore {
    async fn begin(&self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        self.engine.begin().await
    }
}

#[async_trait]
impl PlacingStore for SqlStore {
    async fn buyers(&self, queries: &[BuyerQuery]) -> Result<Vec<Result<Buyer, NotAdmitted>>, StoreError> {
        self.engine.buyers(queries).await
    }

    async fn begin_group(
        &self,
        claims: &[OrderClaim],
        count_unpaid: bool,
    ) -> Result<BegunPlacing, StoreError> {
        self.engine.begin_group(claims, count_unpaid).await
    }

    async fn release_guard(&self, id: &OrderId, guard: &RepeatGuard) -> Result<(), StoreError> {
        self.engine.release_guard(id, guard).await
    }
}

#[async_trait]
impl CartRemovalQueue for SqlStore {
    async fn take_over(
        &self,
        before: ShopTime,
        now: ShopTime,
        limit: u32,
    ) -> Result<Vec<CartRemoval>, StoreError> {
        self.engine.take_over(before, now, limit).await
    }

    async fn forget(&self, order_ids: &[OrderId]) -> Result<(), StoreError> {
        CartRemovalQueue::forget(&*self.engine, order_ids).await
    }
}

/// Carts that are in the database; a shop with its carts elsewhere must not use them.
#[async_trait]
impl CartStore for SqlStore {
    async fn load(&self, user_id: UserId) -> Result<Cart, CartError> {
        self.engine.load(user_id).await
    }

    async fn load_many(&self, user_ids: &[UserId]) -> Result<BTreeMap<UserId, Cart>, CartError> {
        self.engine.load_many(user_ids).await
    }

    async fn remove_ordered(&self, removals: &[CartRemoval]) -> Result<(), CartError> {
        self.engine.remove_ordered(removals).await
    }

    async fn write(&self, user_id: UserId, changes: &[CartLineChange]) -> Result<bool, CartError> {
        self.engine.write(user_id, changes).await
    }

    async fn discard(&self, user_id: UserId, sku_ids: &[SkuId]) -> Result<(), CartError> {
        self.engine.discard(user_id, sku_ids).await
    }
}

#[async_trait]
impl AddressEditor for SqlStore {
    async fn entries(&self, user_id: UserId) -> Result<AddressEntries, StoreError> {
        self.engine.entries(user_id).await
    }

    async fn apply(
        &self,
        user_id: UserId,
        decided_on: &AddressEntries,
        change: &AddressChange,
        at: ShopTime,
    ) -> Result<bool, StoreError> {
        self.engine.apply(user_id, decided_on, change, at).await
    }
}

#[async_trait]
impl StorefrontReader for SqlStore {
    async fn sections(&self, catalogs: u32, skus: u32) -> Result<Vec<Section>, StoreError> {
        self.engine.sections(catalogs, skus).await
    }

    async fn section_page(
        &self,
        catalog_id: CatalogId,
        skip: u32,
        limit: u32,
    ) -> Result<SectionPage, StoreError> {
        self.engine.section_page(catalog_id, skip, limit).await
    }

    async fn product_of(&self, sku_id: SkuId) -> Result<Option<Product>, StoreError> {
        self.engine.product_of(sku_id).await
    }

    async fn product(&self, spu_id: SpuId) -> Result<Option<Product>, StoreError> {
        self.engine.product(spu_id).await
    }
}

#[async_trait]
impl Credentials for SqlStore {
    async fn credential(&self, username: &Username) -> Result<Option<Credential>, StoreError> {
        self.engine.credential(username).await
    }

    async fn keep_hash(&self, user_id: UserId, md5: &str, hash: &PasswordHash) -> Result<(), StoreError> {
        self.engine.keep_hash(user_id, md5, hash).await
    }
}

#[async_trait]
impl WebhookQueue for SqlStore {
    async fn claim(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Delivery>>, StoreError> {
        self.engine.claim(now, lease_until, limit).await
    }

    async fn delivered(&self, ids: &[OutboxId], at: ShopTime) -> Result<(), StoreError> {
        self.engine.delivered(ids, at).await
    }

    async fn put_off(&self, id: OutboxId, due_at: Option<ShopTime>) -> Result<(), StoreError> {
        self.engine.put_off(id, due_at).await
    }

    async fn resend(&self, which: &Resend, now: ShopTime) -> Result<u64, StoreError> {
        self.engine.resend(which, now).await
    }

    async fn purge(&self, delivered_before: ShopTime, limit: u32) -> Result<u64, StoreError> {
        WebhookQueue::purge(&*self.engine, delivered_before, limit).await
    }

    async fn backlog(&self) -> Result<OutboxBacklog, StoreError> {
        self.engine.backlog().await
    }
}

#[async_trait]
impl RefusedMessages for SqlStore {
    async fn keep_refused(&self, message: &RefusedMessage) -> Result<(), StoreError> {
        self.engine.keep_refused(message).await
    }
}

#[async_trait]
impl DailyStatements for SqlStore {
    async fn statement_of(
        &self,
        day: ShopDate,
        trade_nos: &[String],
        request_nos: &[String],
    ) -> Result<DailyStatement, StoreError> {
        self.engine.statement_of(day, trade_nos, request_nos).await
    }

    async fn keep(
        &self,
        day: ShopDate,
        found: &[(Difference, Option<String>)],
        at: ShopTime,
    ) -> Result<(), StoreError> {
        self.engine.keep(day, found, at).await
    }
}

#[async_trait]
impl IdempotencyKeys for SqlStore {
    async fn purge(&self, used_before: ShopTime, limit: u32) -> Result<u64, StoreError> {
        IdempotencyKeys::purge(&*self.engine, used_before, limit).await
    }
}
