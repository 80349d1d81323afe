use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use diesel_async::{RunQueryDsl, pooled_connection::deadpool::Pool};
use metrics::histogram;
use ports::{Randomness, StoreError, metric};
use tokio::runtime::Handle;

use super::{
    Conn, Lease,
    dialect::{self, GivenUpStatements},
    lease::Terms,
};
use crate::{
    sql::{
        config::{CartsIn, ConnectError, EventSink, SqlConfig},
        kept_lines::KeptLines,
        metrics::{ParkedRows, PoolUse, QueryTimes},
        obstacle::SpaceWatch,
    },
    system::SystemRandomness,
};

/// How much longer than its statements a call may take: a statement that the server ends at its time limit costs no
/// connection.
const GRACE: Duration = Duration::from_secs(1);

/// A database of this engine.
pub(in crate::sql) struct Database {
    readers: Pool<Conn>,
    writers: Pool<Conn>,
    pub(super) terms: Arc<Terms>,
    /// Tells this store from all others on the same database.
    pub(super) name: String,
    pub(super) carts: CartsIn,
    pub(super) event_sink: EventSink,
    statements: Arc<AtomicU64>,
    pub(super) parked: ParkedRows,
    pub(super) lines: KeptLines,
}

/// Where connections come from. An engine may keep one pool for both.
pub(in crate::sql) struct Pools {
    /// For looking.
    pub(in crate::sql) readers: Pool<Conn>,
    /// For changing.
    pub(in crate::sql) writers: Pool<Conn>,
    /// What becomes of statements that nobody waits for any more.
    pub(in crate::sql) given_up: GivenUpStatements,
}

impl Database {
    /// Opens the database at `address`, what the engine's part of the URL names, and tries a connection.
    pub(in crate::sql) async fn open(address: &str, config: &SqlConfig) -> Result<Self, ConnectError> {
        let statements = Arc::default();
        let runtime = Handle::current();
        let Pools { readers, writers, given_up } = dialect::pools(address, config, &statements, &runtime)?;
        let database = Self {
            readers,
            writers,
            terms: Arc::new(Terms {
                acquire_timeout: config.acquire_timeout,
                call_timeout: config.statement_timeout + GRACE,
                given_up,
                runtime,
                space: SpaceWatch::default(),
                times: QueryTimes::default(),
                waits: histogram!(metric::DB_POOL_WAIT),
            }),
            name: format!("{:08x}{:08x}", SystemRandomness.draw(), SystemRandomness.draw()),
            carts: config.carts,
            event_sink: config.event_sink,
            statements,
            parked: ParkedRows::default(),
            lines: KeptLines::default(),
        };
        // The writers first: with SQLite, the first of them makes the file that readers expect.
        drop(database.writer().await?);
        drop(database.reader().await?);
        Ok(database)
    }

    /// A connection to look with.
    pub(super) async fn reader(&self) -> Result<Lease, StoreError> {
        Lease::take(&self.readers, &self.terms).await
    }

    /// A connection to change things with.
    pub(super) async fn writer(&self) -> Result<Lease, StoreError> {
        Lease::take(&self.writers, &self.terms).await
    }

    /// A transaction. A connection that turns out to be lost before anything was done is replaced once.
    pub(super) async fn begin(&self) -> Result<Lease, StoreError> {
        self.begin_holding(&BTreeSet::new()).await
    }

    /// A transaction that holds the rows of these users, on engines that lock rows.
    pub(super) async fn begin_holding(&self, users: &BTreeSet<i32>) -> Result<Lease, StoreError> {
        let mut lease = self.writer().await?;
        match lease.begin_holding(users).await {
            Err(StoreError::Unavailable(_)) => {
                lease = self.writer().await?;
                lease.begin_holding(users).await?;
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

    /// How much of the pools is in use: of one pool where the engine has one for both.
    pub(in crate::sql) fn pools(&self) -> Vec<PoolUse> {
        let of = |name, pool: &Pool<Conn>| {
            let status = pool.status();
            PoolUse {
                pool: name,
                max: status.max_size,
                in_use: status.size.saturating_sub(status.available),
                idle: status.available,
                waiting: status.waiting,
            }
        };
        if dialect::HAS_ONE_POOL {
            vec![of("all", &self.writers)]
        } else {
            vec![of("readers", &self.readers), of("writers", &self.writers)]
        }
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
