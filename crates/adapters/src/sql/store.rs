use std::sync::Arc;

use async_trait::async_trait;
use domain::ShopTime;
use ports::{
    AddressBook, AdminOrders, AuditStore, CartRemovalQueue, CartStore, Catalog, Credentials, DailyStatements,
    DirectBuys, IdempotencyKeys, OrderReader, OrderRepo, PersonalData, PlacingStore, RefusedMessages,
    StoreError, StorefrontReader, Users, WebhookEndpoints, WebhookQueue,
};

use super::{
    Backlog, ConnectError, DatabaseFacts, NotWritable, PoolUse, SchemaState, SqlConfig, mysql, sqlite,
};

/// The shop's database, on the engine that its URL names: all ports of a database, and its upkeep. All clones of the `Arc`
/// share their connections.
#[async_trait]
pub trait SqlStore:
    Users
    + AddressBook
    + Catalog
    + StorefrontReader
    + Credentials
    + DirectBuys
    + OrderReader
    + AdminOrders
    + OrderRepo
    + CartStore
    + WebhookQueue
    + WebhookEndpoints
    + DailyStatements
    + IdempotencyKeys
    + PlacingStore
    + CartRemovalQueue
    + RefusedMessages
    + AuditStore
    + PersonalData
{
    /// Creates what is missing of the schema, and answers the names of the migrations it ran. Safe when several
    /// processes do it at once, and when an earlier attempt was cut off.
    async fn migrate(&self) -> Result<Vec<&'static str>, StoreError>;

    /// How far the schema has come.
    async fn schema(&self) -> Result<SchemaState, StoreError>;

    /// Asks the database for a sign of life.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Whether something can be written, as durably as an order is.
    ///
    /// # Errors
    /// It cannot, and why.
    async fn check_writable(&self) -> Result<(), NotWritable>;

    /// Fills an empty shop with the goods and buyers of [`super::demo`], created at `now`. False, and nothing changed,
    /// where it has buyers already.
    async fn seed_demo(&self, now: ShopTime) -> Result<bool, StoreError>;

    /// How many statements were sent since the store was opened, without beginnings and ends of transactions.
    fn statements(&self) -> u64;

    /// What waits in the tables that are worked off, by a handful of bounded queries; of events, what waits for endpoints that
    /// were in somebody's settings since `seen_since`.
    async fn backlogs(&self, now: ShopTime, seen_since: ShopTime) -> Result<Vec<Backlog>, StoreError>;

    /// How much of the pools of connections is in use.
    fn pools(&self) -> Vec<PoolUse>;

    /// The version of the database, in its own words.
    async fn version(&self) -> Result<String, StoreError>;

    /// What the database says of itself. On SQLite it looks for damage, which reads the whole file.
    async fn facts(&self) -> Result<DatabaseFacts, StoreError>;

    /// How many rows were parked since the store was opened, because they cannot be read: nothing is done about them until
    /// somebody repairs them.
    fn parked(&self) -> u64;
}

/// Opens the database, and tries a connection to it. Does not look at its schema.
///
/// To be called within a tokio runtime that lives as long as the store: the connections are driven there, whichever
/// runtime asks.
///
/// # Errors
/// The URL cannot be read, or the database does not answer within the time limits.
pub async fn connect(config: &SqlConfig) -> Result<Arc<dyn SqlStore>, ConnectError> {
    Ok(match config.url.split_once(':') {
        Some(("sqlite", path)) => Arc::new(sqlite::Database::open(path, config).await?),
        Some(("mysql", address)) => Arc::new(mysql::Database::open(address, config).await?),
        Some(_) | None => return Err(no_engine()),
    })
}

/// Whether [`connect`] could try to, without opening anything.
///
/// # Errors
/// The URL cannot be understood.
pub fn check(config: &SqlConfig) -> Result<(), ConnectError> {
    match config.url.split_once(':') {
        Some(("sqlite", _)) => Ok(()),
        Some(("mysql", address)) => mysql::check(address, config),
        Some(_) | None => Err(no_engine()),
    }
}

/// What stands there instead may be a password.
fn no_engine() -> ConnectError {
    ConnectError::Url("it begins with neither".to_owned())
}
