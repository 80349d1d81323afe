use std::time::Duration;

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use ports::StoreError;

use super::{Conn, Database, dialect};
use crate::sql::{failure::QueryError, migration::SchemaState};

/// Changing a large table takes its time.
const TIME_LIMIT: Duration = Duration::from_secs(3600);

diesel::table! {
    /// Which migrations were run; the name and columns are those of diesel's own tool.
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}
use __diesel_schema_migrations as done;

impl Database {
    /// Which migrations were run and which are still to be.
    pub(in crate::sql) async fn schema(&self) -> Result<SchemaState, StoreError> {
        self.reader().await?.call(schema).await
    }

    /// Runs what is still to be run; safe when several processes do it at once. Says what it ran.
    pub(in crate::sql) async fn migrate(&self) -> Result<Vec<&'static str>, StoreError> {
        let mut lease = self.writer().await?;
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
}

async fn schema(conn: &mut Conn) -> Result<SchemaState, QueryError> {
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
    conn.batch_execute(dialect::CREATE_MIGRATIONS_TABLE).await?;
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
