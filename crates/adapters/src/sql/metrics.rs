//! Metrics and traces of queries, connection pools and queue tables.

use std::{
    any::type_name,
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use diesel::connection::{Instrumentation, InstrumentationEvent};
use domain::ShopTime;
use metrics::{Histogram, histogram};
use ports::metric;
use tracing::Span;

/// How long each query takes. The name of a query is derived from the name of the closure or function that is passed to
/// `Lease::call` or `Database::transact`, so that no query needs an explicit name.
#[derive(Default)]
pub(super) struct QueryTimes(RwLock<HashMap<usize, Histogram>>);

impl QueryTimes {
    /// Records one run of a query; `Query` is the type of its closure or function.
    pub(super) fn record<Query>(&self, elapsed: Duration) {
        let name = type_name::<Query>();
        // The text is static: a lookup by its address is faster than one by its characters.
        let key = name.as_ptr().addr();
        if let Some(histogram) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return histogram.record(elapsed);
        }
        let histogram = histogram!(metric::DB_CALL, "query" => query_name(name));
        histogram.record(elapsed);
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, histogram);
    }
}

/// The span of a query; none if the log level does not show it.
pub(super) fn query_span<Query>() -> Span {
    if tracing::span_enabled!(tracing::Level::DEBUG) {
        tracing::debug_span!("query", name = query_name(type_name::<Query>()))
    } else {
        Span::none()
    }
}

/// The name of a query from the type name of its closure or function. Both of these become `OrderReader.list`:
/// `<…::Database as ports::…::OrderReader>::list::{{closure}}` and, if the type is defined in another file,
/// `…::orders::<impl ports::…::OrderReader for …::Database>::list<'_, '_>::{{closure}}`. A function `…::lease::commit`
/// becomes `lease.commit`. For other forms the name may be odd; it is only a label.
fn query_name(type_name: &str) -> String {
    let path = type_name.replace("::{{closure}}", "");
    // Without the lifetimes of the method.
    let path = path.strip_suffix('>').and_then(|path| path.rsplit_once('<')).map_or(&*path, |(path, _)| path);
    let (owner, method) = path.rsplit_once("::").unwrap_or_default();
    let last = |path: &str| path.rsplit("::").next().unwrap_or_default().trim_end_matches('>').to_owned();
    let owner = if let Some((_, port)) = owner.split_once(" as ") {
        last(port)
    } else if let Some((file, implementation)) = owner.split_once("::<impl ") {
        implementation.split_once(" for ").map_or_else(|| last(file), |(port, _)| last(port))
    } else {
        last(owner)
    };
    format!("{owner}.{method}")
}

/// The use of one connection pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUse {
    /// The pool: `readers` or `writers`, or `all` if the engine has one pool.
    pub pool: &'static str,
    /// Maximum number of connections.
    pub max: usize,
    /// Connections in use.
    pub in_use: usize,
    /// Open connections that are not in use.
    pub idle: usize,
    /// Calls that wait for a connection.
    pub waiting: usize,
}

/// The rows that wait in a queue table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// The queue: `due_orders`, `cart_removals`, `outbox`, `outbox_given_up`, `deliveries`, `deliveries_given_up` or
    /// `open_refunds`.
    pub queue: &'static str,
    /// How many rows wait; counting stops at [`Backlog::MOST`].
    pub rows: u64,
    /// Since when the oldest row waits; `None` if no row with a valid time waits.
    pub oldest: Option<ShopTime>,
}

impl Backlog {
    /// Maximum number of rows that are counted, so that the query is cheap however long the queue is.
    pub const MOST: u64 = 10_001;
}

/// The identity of a connection on its server. One address may lead to different servers over time.
#[derive(Debug, Clone)]
pub(super) struct ServerThread {
    /// The server.
    pub(super) server: String,
    /// The server's number for the connection.
    pub(super) id: u32,
}

/// Counts the statements of one connection in a counter that all connections of a store share.
///
/// Statements that begin or end a transaction are not counted. At the level TRACE it logs each statement's text without
/// the bound values, which may be personal data.
#[derive(Debug, Clone)]
pub(super) struct StatementCounter {
    total: Arc<AtomicU64>,
    /// The connection's identity on its server, if there is a server.
    server_thread: Option<ServerThread>,
    /// The next statement is the `BEGIN`, `COMMIT` or `ROLLBACK` that was just announced.
    at_a_boundary: bool,
}

impl StatementCounter {
    pub(super) fn new(total: Arc<AtomicU64>) -> Self {
        Self { total, server_thread: None, at_a_boundary: false }
    }

    /// Sets the connection's identity on its server.
    pub(super) fn on_thread(self, server_thread: ServerThread) -> Self {
        Self { server_thread: Some(server_thread), ..self }
    }

    /// The connection's identity on its server.
    pub(super) fn server_thread(&self) -> Option<&ServerThread> {
        self.server_thread.as_ref()
    }
}

impl Instrumentation for StatementCounter {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::BeginTransaction { .. }
            | InstrumentationEvent::CommitTransaction { .. }
            | InstrumentationEvent::RollbackTransaction { .. } => self.at_a_boundary = true,
            InstrumentationEvent::StartQuery { .. } if self.at_a_boundary => self.at_a_boundary = false,
            InstrumentationEvent::StartQuery { query, .. } => {
                self.total.fetch_add(1, Ordering::Relaxed);
                if tracing::enabled!(tracing::Level::TRACE) {
                    let text = query.to_string();
                    tracing::trace!("{}", text.split(" -- binds").next().unwrap_or_default());
                }
            }
            // The other events of drivers are not statements.
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Store;

    trait Reader {
        fn list(&self) -> String;
    }

    impl Reader for Store {
        fn list(&self) -> String {
            fn name_of<F: Fn()>(_: F) -> String {
                query_name(type_name::<F>())
            }
            let within = || name_of(|| {});
            within()
        }
    }

    #[test]
    fn a_query_is_named_after_its_port_and_method() {
        assert_eq!(Store.list(), "Reader.list");
    }

    #[test]
    fn every_form_of_a_name_is_read() {
        let store = "adapters::sql::mysql::queries::database::Database";
        for (type_name, name) in [
            ("adapters::sql::mysql::queries::lease::commit".to_owned(), "lease.commit"),
            (format!("{store}::ping::{{{{closure}}}}"), "Database.ping"),
            (
                format!(
                    "adapters::sql::mysql::queries::catalog::<impl ports::catalog::Catalog for {store}>::skus<'_, '_>::{{{{closure}}}}::{{{{closure}}}}"
                ),
                "Catalog.skus",
            ),
            (
                format!("adapters::sql::mysql::queries::backlogs::<impl {store}>::backlogs::{{{{closure}}}}"),
                "backlogs.backlogs",
            ),
            (
                format!("<{store} as ports::placing::PlacingStore>::buyers<'_>::{{{{closure}}}}"),
                "PlacingStore.buyers",
            ),
        ] {
            assert_eq!(query_name(&type_name), name);
        }
    }
}
