//! Counts what is sent to the database, and shows it to who wants to see it.

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

/// How long each query takes. A query's name is made of the name of the closure or function that is handed to
/// [`super::queries`]' `Lease::call` or `Database::transact`, so that each has one without anybody having to give it one.
#[derive(Default)]
pub(super) struct QueryTimes(RwLock<HashMap<usize, Histogram>>);

impl QueryTimes {
    /// Records one run of the query that `Query` is.
    pub(super) fn record<Query>(&self, elapsed: Duration) {
        let name = type_name::<Query>();
        // The text lies at one place for as long as the program runs: its address is found sooner than its characters.
        let key = name.as_ptr().addr();
        if let Some(histogram) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return histogram.record(elapsed);
        }
        let histogram = histogram!(metric::DB_CALL, "query" => query_name(name));
        histogram.record(elapsed);
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(key, histogram);
    }
}

/// The span of a query, if the log level shows those.
pub(super) fn query_span<Query>() -> Span {
    if tracing::span_enabled!(tracing::Level::DEBUG) {
        tracing::debug_span!("query", name = query_name(type_name::<Query>()))
    } else {
        Span::none()
    }
}

/// `OrderReader.list` of `<…::Database as ports::…::OrderReader>::list::{{closure}}`, or of what the compiler makes of it where the
/// type is of another file, `…::orders::<impl ports::…::OrderReader for …::Database>::list<'_, '_>::{{closure}}`; and
/// `lease.commit` of `…::lease::commit`. What it cannot make out it calls something; it is a label and no more.
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

/// How much of a pool of connections is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUse {
    /// Which: `readers` and `writers`, or `all`.
    pub pool: &'static str,
    /// The most connections.
    pub max: usize,
    /// Connections that are at work.
    pub in_use: usize,
    /// Open connections that are not.
    pub idle: usize,
    /// Calls that wait for one.
    pub waiting: usize,
}

/// What waits in a table that is worked off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Which: `outbox`, `deliveries`, `due_orders`, `open_refunds`, `cart_removals`.
    pub queue: &'static str,
    /// How many rows; beyond [`Backlog::MOST`] they are not counted.
    pub rows: u64,
    /// Since when the oldest waits; `None` if nothing waits.
    pub oldest: Option<ShopTime>,
}

impl Backlog {
    /// So many rows are counted at most, so that looking costs little however long a queue has grown.
    pub const MOST: u64 = 10_001;
}

/// A connection as its server knows it. Behind one address there may be several servers, one after the other.
#[derive(Debug, Clone)]
pub(super) struct ServerThread {
    /// Which server.
    pub(super) server: String,
    /// Its number of the connection.
    pub(super) id: u32,
}

/// Counts the statements of one connection into a number that all connections of a store share.
///
/// Beginning and ending a transaction are not counted. At the level TRACE the log has each statement's text, without
/// the values in it, which may be personal.
#[derive(Debug, Clone)]
pub(super) struct StatementCounter {
    total: Arc<AtomicU64>,
    /// The connection as its server knows it, where there is one.
    server_thread: Option<ServerThread>,
    /// The next statement is the `BEGIN`, `COMMIT` or `ROLLBACK` that was just announced.
    at_a_boundary: bool,
}

impl StatementCounter {
    pub(super) fn new(total: Arc<AtomicU64>) -> Self {
        Self { total, server_thread: None, at_a_boundary: false }
    }

    /// For a connection that its server knows so.
    pub(super) fn on_thread(self, server_thread: ServerThread) -> Self {
        Self { server_thread: Some(server_thread), ..self }
    }

    /// The connection as its server knows it.
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
