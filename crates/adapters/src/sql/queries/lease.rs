use std::{
    collections::BTreeSet,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::ConnectionError;
use diesel_async::{
    AsyncConnection, TransactionManager,
    pooled_connection::{
        PoolError as PooledError,
        deadpool::{Object, Pool, PoolError},
    },
};
use metrics::{Histogram, counter};
use ports::{StoreError, metric};
use tokio::{
    runtime::Handle,
    time::{sleep, timeout},
};
use tracing::Instrument;

use super::{
    Conn,
    dialect::{self, GivenUpStatements},
};
use crate::sql::{
    failure::{Fault, GivenUp, NoAnswer, NoneFree, QueryError, unavailable},
    metrics::{QueryTimes, query_span},
    obstacle::{Obstacle, SpaceWatch},
};

type Transactions = <Conn as AsyncConnection>::TransactionManager;

/// While the server has no connection left, the pool is asked for a returned one at this interval.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The settings, the runtime and the metrics for the connections of a store.
pub(crate) struct Terms {
    /// How long to wait for a free connection.
    pub(crate) acquire_timeout: Duration,
    /// How long each call on a connection may take.
    pub(crate) call_timeout: Duration,
    /// The runtime that drives the connections and rolls back dropped leases. A task of any other runtime may use the
    /// connections.
    pub(crate) runtime: Handle,
    /// Ends abandoned statements.
    pub(crate) given_up: GivenUpStatements,
    /// Whether the database was full recently.
    pub(crate) space: SpaceWatch,
    /// How long each query takes.
    pub(crate) times: QueryTimes,
    /// How long callers wait for a connection.
    pub(crate) waits: Histogram,
}

/// A connection that is borrowed from its pool.
///
/// If the lease is dropped within a transaction, it rolls the transaction back before the connection returns to the
/// pool. If it is dropped during a call, or after a call that passed its time limit, it closes the connection: a
/// connection in an unknown state never returns. Neither does a connection whose session was changed.
pub(crate) struct Lease {
    conn: Option<Object<Conn>>,
    limit: Duration,
    terms: Arc<Terms>,
    state: State,
    /// Whether the session has other limits than those of the pool.
    is_altered: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is open.
    Ready,
    /// A transaction is open.
    InTransaction,
    /// A statement of the transaction failed: the server may have ended the transaction, and a further statement would
    /// run outside it. The transaction can only be rolled back.
    Failed,
    /// A call is running, or was given up.
    Unknown,
    /// The connection was lost in a call, or is no longer usable.
    Lost,
}

impl Lease {
    /// Takes a connection from the pool, new or used.
    pub(crate) async fn take(pool: &Pool<Conn>, terms: &Arc<Terms>) -> Result<Self, StoreError> {
        let patience = terms.acquire_timeout;
        let begun = Instant::now();
        let taken = timeout(patience, free_connection(pool)).await;
        terms.waits.record(begun.elapsed());
        match taken {
            Ok(Ok(conn)) => Ok(Self {
                conn: Some(conn),
                limit: terms.call_timeout,
                terms: Arc::clone(terms),
                state: State::Ready,
                is_altered: false,
            }),
            // The server answers but refuses the connection: waiting does not help.
            Ok(Err(PoolError::Backend(PooledError::ConnectionError(
                ConnectionError::CouldntSetupConfiguration(error),
            )))) => {
                failed("no_connection");
                Err(StoreError::Refused(error.into()))
            }
            Ok(Err(error)) => {
                failed("no_connection");
                Err(unavailable(error))
            }
            Err(_elapsed) => {
                failed("no_free_connection");
                Err(StoreError::Busy(NoneFree(patience).into()))
            }
        }
    }

    /// Sets another time limit for each call, here and on the server. The connection is closed afterwards.
    pub(crate) async fn allow(&mut self, limit: Duration) -> Result<(), StoreError> {
        self.is_altered = true;
        self.call(async |conn| Ok(dialect::limit_statements(conn, limit).await?)).await?;
        self.limit = limit;
        Ok(())
    }

    /// Runs a query within the time limit.
    pub(crate) async fn call<'a, T, F, Answer>(&'a mut self, query: F) -> Result<T, StoreError>
    where
        F: FnOnce(&'a mut Conn) -> Answer,
        Answer: Future<Output = Result<T, QueryError>>,
    {
        self.call_as::<F, _, _, _>(query).await
    }

    /// Runs a query under the name of another one, `Name`.
    pub(crate) async fn call_as<'a, Name, T, F, Answer>(&'a mut self, query: F) -> Result<T, StoreError>
    where
        F: FnOnce(&'a mut Conn) -> Answer,
        Answer: Future<Output = Result<T, QueryError>>,
    {
        let Self { conn, limit, state, terms, is_altered: _ } = self;
        let before = *state;
        let after_a_failure = if before == State::Ready { State::Ready } else { State::Failed };
        let conn = match (before, conn.as_mut()) {
            (State::Ready | State::InTransaction, Some(conn)) => conn,
            (State::Ready | State::InTransaction | State::Failed | State::Unknown | State::Lost, _) => {
                return Err(unavailable(GivenUp));
            }
        };
        let pool = Object::pool(conn);
        *state = State::Unknown;
        let begun = Instant::now();
        let outcome = timeout(*limit, query(conn).instrument(query_span::<Name>())).await;
        terms.times.record::<Name>(begun.elapsed());
        match outcome {
            Ok(Ok(answer)) => {
                *state = before;
                Ok(answer)
            }
            Ok(Err(error)) => {
                let fault = error.fault(dialect::classify);
                failed(fault.word());
                match fault {
                    Fault::Locked | Fault::TimedOut | Fault::Refused => *state = after_a_failure,
                    Fault::Blocked(Obstacle::NoSpace) => {
                        *state = after_a_failure;
                        terms.space.note();
                    }
                    // The server may have become a replica, and the binlog format is fixed for a session. New
                    // connections find the new master and have the current format.
                    Fault::Blocked(Obstacle::ReadOnly | Obstacle::BinaryLog) | Fault::Lost => {
                        *state = State::Lost;
                        forget_idle_connections(pool);
                    }
                }
                Err(error.into_store_error(fault))
            }
            Err(_elapsed) => {
                failed("no_answer");
                Err(unavailable(NoAnswer(*limit)))
            }
        }
    }

    /// Begins a transaction that locks the rows of these users, on engines that lock rows.
    pub(crate) async fn begin_holding(&mut self, users: &BTreeSet<i32>) -> Result<(), StoreError> {
        self.call(async |conn| Ok(dialect::begin_holding(conn, users).await?)).await?;
        self.state = State::InTransaction;
        Ok(())
    }

    /// Begins a read-only transaction that sees the records of this moment.
    pub(crate) async fn begin_snapshot(&mut self) -> Result<(), StoreError> {
        self.call(async |conn| Ok(dialect::begin_snapshot(conn).await?)).await?;
        self.state = State::InTransaction;
        Ok(())
    }

    /// Commits the transaction. [`StoreError::OutcomeUnknown`] is every failure of the `COMMIT` itself except
    /// [`StoreError::Busy`], which means that nothing was committed: if a node loses its cluster during a commit, it
    /// reports this in its own words, and the other nodes may have the transaction.
    pub(crate) async fn commit(&mut self) -> Result<(), StoreError> {
        if self.state != State::InTransaction {
            return Err(unavailable(GivenUp));
        }
        self.call(commit).await.map_err(|error| match error {
            StoreError::Unavailable(cause) | StoreError::Refused(cause) => StoreError::OutcomeUnknown(cause),
            error @ (StoreError::Busy(_) | StoreError::OutcomeUnknown(_) | StoreError::Corrupt(_)) => error,
        })?;
        self.state = State::Ready;
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        match self.state {
            // When the connection is closed, the database rolls back as soon as the statement has ended.
            State::Unknown => {
                let mut conn = Object::take(conn);
                self.terms.given_up.end(&mut conn);
            }
            State::Lost => drop(Object::take(conn)),
            State::Ready | State::InTransaction | State::Failed if self.is_altered => {
                drop(Object::take(conn))
            }
            State::Ready => drop(conn),
            State::InTransaction | State::Failed => {
                self.terms.runtime.spawn(roll_back(conn, self.limit));
            }
        }
    }
}

fn failed(cause: &'static str) {
    counter!(metric::DB_FAILURES, "cause" => cause).increment(1);
}

/// A connection of the pool. While the server accepts no further connection, it waits for one that returns to the pool.
async fn free_connection(pool: &Pool<Conn>) -> Result<Object<Conn>, PoolError> {
    loop {
        match pool.get().await {
            Err(PoolError::Backend(error)) if dialect::is_server_full(&error) => sleep(LOOK_AGAIN).await,
            outcome => return outcome,
        }
    }
}

async fn commit(conn: &mut Conn) -> Result<(), QueryError> {
    Ok(Transactions::commit_transaction(conn).await?)
}

/// Rolls the transaction back and returns the connection to its pool; closes the connection if that fails.
async fn roll_back(mut conn: Object<Conn>, limit: Duration) {
    match timeout(limit, Transactions::rollback_transaction(&mut *conn)).await {
        Ok(Ok(())) => drop(conn),
        Ok(Err(_)) | Err(_) => drop(Object::take(conn)),
    }
}

/// Closes the idle connections of a pool. If one connection is lost, they are most likely lost too, and each of them
/// would fail one request.
fn forget_idle_connections(pool: Option<Pool<Conn>>) {
    if let Some(pool) = pool {
        pool.retain(|_, _| false);
    }
}
