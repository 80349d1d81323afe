use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use diesel_async::{RunQueryDsl, pooled_connection::deadpool::Pool};
use ports::StoreError;
use tokio::runtime::Handle;

use super::{Conn, Lease, dialect};
use crate::sql::{
    config::{CartsIn, ConnectError, NewsTo, SqlConfig},
    metrics::ParkedRows,
};

/// A database of this engine.
pub(in crate::sql) struct Database {
    pools: Pools,
    acquire_timeout: Duration,
    statement_timeout: Duration,
    pub(super) carts: CartsIn,
    pub(super) news: NewsTo,
    statements: Arc<AtomicU64>,
    pub(super) parked: ParkedRows,
    /// Where connections live; a task of any other runtime may use them.
    runtime: Handle,
}

/// Where connections come from. An engine may keep one pool for both.
pub(in crate::sql) struct Pools {
    /// For looking.
    pub(in crate::sql) readers: Pool<Conn>,
    /// For changing.
    pub(in crate::sql) writers: Pool<Conn>,
}

impl Database {
    /// Opens the database at `address`, what the engine's part of the URL names, and tries a connection.
    pub(in crate::sql) async fn open(address: &str, config: &SqlConfig) -> Result<Self, ConnectError> {
        let statements = Arc::default();
        let runtime = Handle::current();
        let pools = dialect::pools(address, config, &statements, &runtime)?;
        let database = Self {
            pools,
            acquire_timeout: config.acquire_timeout,
            statement_timeout: config.statement_timeout,
            carts: config.carts,
            news: config.news,
            statements,
            parked: ParkedRows::default(),
            runtime,
        };
        // The writers first: with SQLite, the first of them makes the file that readers expect.
        drop(database.writer().await?);
        drop(database.reader().await?);
        Ok(database)
    }

    /// A connection to look with.
    pub(super) async fn reader(&self) -> Result<Lease, StoreError> {
        Lease::take(&self.pools.readers, self.acquire_timeout, self.statement_timeout, &self.runtime).await
    }

    /// A connection to change things with.
    pub(super) async fn writer(&self) -> Result<Lease, StoreError> {
        Lease::take(&self.pools.writers, self.acquire_timeout, self.statement_timeout, &self.runtime).await
    }

    /// A transaction. A connection that turns out to be lost before anything was done is replaced once.
    pub(super) async fn begin(&self) -> Result<Lease, StoreError> {
        let mut lease = self.writer().await?;
        match lease.begin().await {
            Err(StoreError::Unavailable(_)) => {
                lease = self.writer().await?;
                lease.begin().await?;
            }
            begun => begun?,
        }
        Ok(lease)
    }

    pub(in crate::sql) fn statements(&self) -> u64 {
        AtomicU64::load(&self.statements, Ordering::Relaxed)
    }

    pub(in crate::sql) fn parked(&self) -> u64 {
        self.parked.total()
    }

    pub(in crate::sql) async fn ping(&self) -> Result<(), StoreError> {
        self.reader()
            .await?
            .call(async |conn| {
                diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("1"))
                    .get_result::<i32>(conn)
                    .await?;
                Ok(())
            })
            .await
    }
}
