//! Opens the database: waits for it, and brings its schema up to date where that is asked for.

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

/// How long to wait before a database that cannot be reached is tried again: first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Opens the database. While it cannot be reached, as when it starts at the same time, waits for it.
///
/// # Errors
/// It cannot be reached for so long, or lets nobody in.
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

/// A relative path alone would not tell where it was looked for.
pub(crate) fn no_database(path: PathBuf) -> StartError {
    StartError::NoDatabase(std::path::absolute(&path).unwrap_or(path))
}

/// Opens the database, with its schema up to date.
///
/// # Errors
/// It cannot be opened, or its schema is old and not to be changed at the start.
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
/// The database is one of those that are not safe, and the operator does not allow it.
pub(crate) async fn refuse_unsafe_engine(store: &dyn SqlStore, is_allowed: bool) -> Result<(), StartError> {
    let version = store.version().await?;
    let Some(why) = unsafe_engine(&version) else { return Ok(()) };
    if is_allowed {
        tracing::warn!(version, why, "the database is not safe, and DASHOP_ALLOW_UNSAFE_ENGINE allows it");
        return Ok(());
    }
    Err(StartError::UnsafeEngine { version, why })
}
