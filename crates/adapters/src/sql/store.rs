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

/// The shop's database on the engine that its URL names: all database ports, and maintenance. All clones of the `Arc`
/// share the connections.
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
    /// Runs the pending migrations and returns their names. Several processes may do this at once, and a run after an
    /// interrupted one completes the schema.
    async fn migrate(&self) -> Result<Vec<&'static str>, StoreError>;

    /// Which migrations were run and which are pending.
    async fn schema(&self) -> Result<SchemaState, StoreError>;

    /// Checks that the database answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Checks that the database accepts a write that is as durable as the write of an order.
    ///
    /// # Errors
    /// Why the database cannot be written.
    async fn check_writable(&self) -> Result<(), NotWritable>;

    /// Fills an empty shop with the goods and buyers of [`super::demo`], created at `now`. Returns false, and changes
    /// nothing, if the shop has buyers already.
    async fn seed_demo(&self, now: ShopTime) -> Result<bool, StoreError>;

    /// How many statements were sent since the store was opened, except those that begin or end a transaction.
    fn statements(&self) -> u64;

    /// Counts the rows that wait in the queue tables, by a few bounded queries. An event counts only if it waits for an
    /// endpoint that was in the settings of a process since `seen_since`.
    async fn backlogs(&self, now: ShopTime, seen_since: ShopTime) -> Result<Vec<Backlog>, StoreError>;

    /// The use of the connection pools.
    fn pools(&self) -> Vec<PoolUse>;

    /// The version as the database reports it.
    async fn version(&self) -> Result<String, StoreError>;

    /// What the database reports about itself. On SQLite this includes a check for damage, which reads the whole file.
    async fn facts(&self) -> Result<DatabaseFacts, StoreError>;

    /// How many rows were parked since the store was opened, because they cannot be read. A parked row is not processed
    /// until somebody repairs it.
    fn parked(&self) -> u64;
}

/// Opens the database and tests the connection. It does not check the schema.
///
/// The caller must be within a tokio runtime that lives as long as the store: this runtime drives the connections,
/// whichever runtime sends a query.
///
/// # Errors
/// The URL cannot be understood, the SQLite file is missing or cannot be created, or the database does not answer
/// within the time limits.
pub async fn connect(config: &SqlConfig) -> Result<Arc<dyn SqlStore>, ConnectError> {
    Ok(match config.url.split_once(':') {
        Some(("sqlite", path)) => Arc::new(sqlite::Database::open(path, config).await?),
        Some(("mysql", address)) => Arc::new(mysql::Database::open(address, config).await?),
        Some(_) | None => return Err(no_engine()),
    })
}

/// Checks the URL for [`connect`] without opening a connection.
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

/// The message does not quote the URL, which may contain a password.
fn no_engine() -> ConnectError {
    ConnectError::Url("it begins with neither".to_owned())
}
