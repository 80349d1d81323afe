use std::time::Duration;

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use ports::StoreError;

use super::{Conn, dialect, lease::Lease};
use crate::sql::{failure::QueryError, migration::SchemaState};

/// Time limit of all migrations together: changing a large table takes long.
const TIME_LIMIT: Duration = Duration::from_secs(3600);

const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (\
    version VARCHAR(50) NOT NULL PRIMARY KEY, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)";

diesel::table! {
    /// The migrations that were run; the name and columns are those of diesel's command-line tool.
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}
use __diesel_schema_migrations as done;

/// Runs the pending migrations and returns their names. Several processes may do this at once.
pub(super) async fn run(lease: &mut Lease) -> Result<Vec<&'static str>, StoreError> {
    lease.allow(TIME_LIMIT).await?;
    lease
        .call(async |conn| {
            dialect::begin_migrations(conn).await?;
            let migrated = migrate(conn).await;
            let ended = dialect::end_migrations(conn, migrated.is_ok()).await;
            let ran = migrated?;
            ended?;
            Ok(ran)
        })
        .await
}

/// Which migrations were run and which are pending.
pub(super) async fn schema(conn: &mut Conn) -> Result<SchemaState, QueryError> {
    let applied = match applied(conn).await {
        Ok(applied) => applied,
        Err(error) if dialect::is_no_such_table(&error) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(SchemaState::new(&dialect::MIGRATIONS, applied))
}

async fn applied(conn: &mut Conn) -> QueryResult<Vec<String>> {
    done::table.select(done::version).order(done::version).load(conn).await
}

async fn migrate(conn: &mut Conn) -> Result<Vec<&'static str>, QueryError> {
    conn.batch_execute(CREATE_TABLE).await?;
    let applied = applied(conn).await?;
    let mut ran = Vec::new();
    for migration in &dialect::MIGRATIONS {
        if applied.iter().any(|version| version == migration.version) {
            continue;
        }
        dialect::run_migration(conn, migration).await?;
        diesel::insert_into(done::table).values(done::version.eq(migration.version)).execute(conn).await?;
        ran.push(migration.name);
    }
    Ok(ran)
}
