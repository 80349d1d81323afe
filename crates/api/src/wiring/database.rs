//! Opens the database: waits until it can be reached, and updates its schema if configured.

use std::{
    error::Error,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use adapters::sql::{self, ConnectError, SqlConfig, SqlStore, unsafe_engine};
use ports::StoreError;
use tokio::time::sleep;

use super::StartError;
use crate::configuration::Configuration;

/// The first and the longest wait before another try to reach the database.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Opens the database. Waits while it cannot be reached, for example because it is starting at the same time.
///
/// # Errors
/// The database could not be reached in time, or refuses access.
pub(crate) async fn connect(
    database: &SqlConfig,
    patience: Duration,
) -> Result<Arc<dyn SqlStore>, StartError> {
    let deadline = Instant::now() + patience;
    let mut pause = FIRST_PAUSE;
    loop {
        let error = match sql::connect(database).await {
            Err(ConnectError::Open(error @ (StoreError::Unavailable(_) | StoreError::Busy(_)))) => error,
            Err(ConnectError::Absent(path)) => return Err(no_database(path)),
            opened => return Ok(opened?),
        };
        if Instant::now() + pause > deadline {
            return Err(ConnectError::Open(error).into());
        }
        tracing::warn!(error = &error as &dyn Error, "waiting for the database; trying again in {pause:?}");
        sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}

/// The error for a missing database file, with its absolute path: a relative path would not tell where the file was looked
/// for.
pub(crate) fn no_database(path: PathBuf) -> StartError {
    StartError::NoDatabase(std::path::absolute(&path).unwrap_or(path))
}

/// Opens the database with its schema up to date.
///
/// # Errors
/// The database cannot be opened, or its schema is old and must not be updated at the start.
pub(crate) async fn open_store(configuration: &Configuration) -> Result<Arc<dyn SqlStore>, StartError> {
    let store = connect(&configuration.database, configuration.database_start_timeout).await?;
    refuse_unsafe_engine(&*store, configuration.allows_unsafe_engine).await?;
    if configuration.migrate_at_start {
        for name in store.migrate().await? {
            tracing::info!(name, "schema changed");
        }
    }
    let schema = store.schema().await?;
    if schema.is_current() { Ok(store) } else { Err(StartError::SchemaPending(schema.pending)) }
}

/// # Errors
/// The database is a version that is known to be unsafe, and the operator does not allow it.
pub(crate) async fn refuse_unsafe_engine(store: &dyn SqlStore, is_allowed: bool) -> Result<(), StartError> {
    let version = store.version().await?;
    let Some(why) = unsafe_engine(&version) else { return Ok(()) };
    if is_allowed {
        tracing::warn!(version, why, "the database is not safe, and DASHOP_ALLOW_UNSAFE_ENGINE allows it");
        return Ok(());
    }
    Err(StartError::UnsafeEngine { version, why })
}
