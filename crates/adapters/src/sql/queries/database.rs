use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use diesel_async::{RunQueryDsl, pooled_connection::deadpool::Pool};
use domain::ShopTime;
use metrics::histogram;
use ports::{Randomness, StoreError, metric};
use tokio::runtime::Handle;

use super::{
    Conn, Lease,
    dialect::{self, GivenUpStatements},
    examination,
    lease::Terms,
    migrations,
};
use crate::{
    sql::{
        config::{CartsIn, ConnectError, EventSink, SqlConfig},
        facts::DatabaseFacts,
        failure::QueryError,
        kept_lines::KeptLines,
        metrics::{Backlog, PoolUse, QueryTimes},
        migration::SchemaState,
        obstacle::{NotWritable, SpaceWatch},
        store::SqlStore,
    },
    system::SystemRandomness,
};

/// How much longer than a statement a call may take, so that the connection stays usable if the server ends a statement
/// at its time limit.
const GRACE: Duration = Duration::from_secs(1);
/// Time limit of an examination: the check for damage reads the whole file.
const EXAMINATION: Duration = Duration::from_secs(600);

/// A database of this engine.
pub(in crate::sql) struct Database {
    readers: Pool<Conn>,
    writers: Pool<Conn>,
    probes: Option<Pool<Conn>>,
    pub(super) terms: Arc<Terms>,
    /// Distinguishes this store from all others on the same database.
    pub(super) name: String,
    pub(super) carts: CartsIn,
    pub(super) event_sink: EventSink,
    statements: Arc<AtomicU64>,
    parked: AtomicU64,
    pub(super) lines: KeptLines,
}

/// The pools of connections. An engine may use the same pool for reading and writing.
pub(in crate::sql) struct Pools {
    /// For reading.
    pub(in crate::sql) readers: Pool<Conn>,
    /// For writing.
    pub(in crate::sql) writers: Pool<Conn>,
    /// For checks whether the database serves this program, even while all other connections are in use. `None` if the
    /// engine has a single writer, for which all callers wait in turn.
    pub(in crate::sql) probes: Option<Pool<Conn>>,
    /// Ends abandoned statements.
    pub(in crate::sql) given_up: GivenUpStatements,
}

impl Database {
    /// Opens the database at `address`, which is the URL without its scheme, and tests the connections.
    pub(in crate::sql) async fn open(address: &str, config: &SqlConfig) -> Result<Self, ConnectError> {
        let statements = Arc::default();
        let runtime = Handle::current();
        let Pools { readers, writers, probes, given_up } =
            dialect::pools(address, config, &statements, &runtime)?;
        let database = Self {
            readers,
            writers,
            probes,
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
            parked: AtomicU64::default(),
            lines: KeptLines::default(),
        };
        // The writer first: on SQLite its connection prepares the file for the readers.
        drop(database.writer().await?);
        drop(database.reader().await?);
        Ok(database)
    }

    /// A connection for reading.
    pub(super) async fn reader(&self) -> Result<Lease, StoreError> {
        Lease::take(&self.readers, &self.terms).await
    }

    /// A connection for writing.
    pub(super) async fn writer(&self) -> Result<Lease, StoreError> {
        Lease::take(&self.writers, &self.terms).await
    }

    /// A connection for checks whether the database can be read. If the engine has several writers, no request uses it,
    /// so that the check succeeds while the program is busy.
    pub(super) async fn probe(&self) -> Result<Lease, StoreError> {
        Lease::take(self.probes.as_ref().unwrap_or(&self.readers), &self.terms).await
    }

    /// A connection for checks whether the database can be written; otherwise like [`Self::probe`].
    pub(super) async fn writing_probe(&self) -> Result<Lease, StoreError> {
        Lease::take(self.probes.as_ref().unwrap_or(&self.writers), &self.terms).await
    }

    /// Begins a transaction. A connection that turns out to be lost at the begin is replaced once.
    pub(super) async fn begin(&self) -> Result<Lease, StoreError> {
        self.begin_holding(&BTreeSet::new()).await
    }

    /// Runs a query in its own transaction, and commits.
    pub(super) async fn transact<T, Query>(&self, query: Query) -> Result<T, StoreError>
    where
        Query: AsyncFnOnce(&mut Conn) -> Result<T, QueryError>,
    {
        let mut lease = self.begin().await?;
        let answer = lease.call_as::<Query, _, _, _>(async |conn| query(conn).await).await?;
        lease.commit().await?;
        Ok(answer)
    }

    /// Begins a transaction that locks the rows of these users, on engines that lock rows.
    pub(super) async fn begin_holding(&self, users: &BTreeSet<i32>) -> Result<Lease, StoreError> {
        let mut lease = self.writer().await?;
        match lease.begin_holding(users).await {
            Err(StoreError::Unavailable(_)) => {
                // The lost connection must free its place in the pool for the new one.
                drop(lease);
                lease = self.writer().await?;
                lease.begin_holding(users).await?;
            }
            begun => begun?,
        }
        Ok(lease)
    }

    /// Counts rows that were parked because they cannot be read.
    pub(super) fn add_parked(&self, rows: usize) {
        self.parked.fetch_add(u64::try_from(rows).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    async fn ping(&self) -> Result<(), StoreError> {
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

#[async_trait]
impl SqlStore for Database {
    async fn migrate(&self) -> Result<Vec<&'static str>, StoreError> {
        migrations::run(&mut self.writer().await?).await
    }

    async fn schema(&self) -> Result<SchemaState, StoreError> {
        self.probe().await?.call(migrations::schema).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Self::ping(self).await
    }

    async fn check_writable(&self) -> Result<(), NotWritable> {
        Self::check_writable(self).await
    }

    async fn seed_demo(&self, now: ShopTime) -> Result<bool, StoreError> {
        Self::seed_demo(self, now).await
    }

    fn statements(&self) -> u64 {
        AtomicU64::load(&self.statements, Ordering::Relaxed)
    }

    async fn backlogs(&self, now: ShopTime, seen_since: ShopTime) -> Result<Vec<Backlog>, StoreError> {
        Self::backlogs(self, now, seen_since).await
    }

    /// One entry if the engine has one pool.
    fn pools(&self) -> Vec<PoolUse> {
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

    async fn version(&self) -> Result<String, StoreError> {
        self.reader().await?.call(examination::version).await
    }

    async fn facts(&self) -> Result<DatabaseFacts, StoreError> {
        let mut lease = self.reader().await?;
        lease.allow(EXAMINATION).await?;
        lease.call(examination::facts).await
    }

    fn parked(&self) -> u64 {
        AtomicU64::load(&self.parked, Ordering::Relaxed)
    }
}
