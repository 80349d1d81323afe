//! Counts what is sent to the database, and shows it to who wants to see it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use diesel::connection::{Instrumentation, InstrumentationEvent};

/// How many rows were parked because they could not be read; all parts of a store share the number.
#[derive(Debug, Clone, Default)]
pub(super) struct ParkedRows(Arc<AtomicU64>);

impl ParkedRows {
    pub(super) fn add(&self, rows: usize) {
        self.0.fetch_add(u64::try_from(rows).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts the statements of one connection into a number that all connections of a store share.
///
/// Beginning and ending a transaction are not counted. At the level TRACE the log has each statement's text, without
/// the values in it, which may be personal.
#[derive(Debug, Clone)]
pub(super) struct StatementCounter {
    total: Arc<AtomicU64>,
    /// The server's number of the connection, where it has one.
    server_thread: Option<u32>,
    /// The next statement is the `BEGIN`, `COMMIT` or `ROLLBACK` that was just announced.
    at_a_boundary: bool,
}

impl StatementCounter {
    pub(super) fn new(total: Arc<AtomicU64>) -> Self {
        Self { total, server_thread: None, at_a_boundary: false }
    }

    /// For a connection that the server knows by this number.
    pub(super) fn on_thread(self, server_thread: u32) -> Self {
        Self { server_thread: Some(server_thread), ..self }
    }

    /// The server's number of the connection.
    pub(super) fn server_thread(&self) -> Option<u32> {
        self.server_thread
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
            // What else drivers tell of is not a statement.
            _ => {}
        }
    }
}
