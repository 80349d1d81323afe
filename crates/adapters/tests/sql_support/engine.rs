//! A database for one test, and statements that do not go through the store.

use std::sync::Arc;

use std::sync::atomic::{AtomicU32, Ordering};

use adapters::sql::{self, SqlConfig, SqlStore};
use diesel::{Connection, QueryableByName, SqliteConnection, connection::SimpleConnection, sql_types::Text};
use mysql_async::prelude::Queryable;
use tempfile::TempDir;

/// The number of databases that this process has made.
static DATABASES: AtomicU32 = AtomicU32::new(0);

pub(crate) enum Engine {
    Sqlite(TempDir),
    Mysql {
        /// The URL up to the port.
        server: String,
        database: String,
    },
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    n: String,
}

#[derive(QueryableByName)]
struct PlanStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

impl Engine {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    /// A new database on the server of this test run.
    pub(crate) async fn mysql() -> Self {
        let server = std::env::var("DASHOP_TEST_MYSQL_URL").expect(
            "DASHOP_TEST_MYSQL_URL names no MySQL: run this as `make test` does, under tests/servers/with-servers",
        );
        let number = DATABASES.fetch_add(1, Ordering::SeqCst);
        let database = format!("dashop_test_{}_{number}", std::process::id());
        let mut admin = mysql_async::Conn::from_url(&server).await.unwrap();
        let create =
            format!("DROP DATABASE IF EXISTS {database}; CREATE DATABASE {database} CHARACTER SET utf8mb4");
        admin.query_drop(create).await.unwrap();
        admin.disconnect().await.unwrap();
        Self::Mysql { server, database }
    }

    /// Whether the server is MariaDB, not MySQL.
    pub(crate) async fn is_mariadb(&self) -> bool {
        self.words("SELECT VERSION() AS n").await.iter().any(|version| version.contains("MariaDB"))
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", self.file(folder)),
            Self::Mysql { server, database } => format!("{server}/{database}"),
        }
    }

    fn file(&self, folder: &TempDir) -> String {
        folder.path().join("new/dashop.db").display().to_string()
    }

    pub(crate) fn config(&self) -> SqlConfig {
        SqlConfig::new(self.url())
    }

    /// The store, after all migrations.
    pub(crate) async fn store(&self, config: &SqlConfig) -> Arc<dyn SqlStore> {
        let store = sql::connect(config).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// Runs statements beside the store.
    pub(crate) async fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(folder) => self.sqlite_conn(folder).batch_execute(sql).unwrap(),
            Self::Mysql { .. } => self.mysql_conn().await.query_drop(sql).await.unwrap(),
        }
    }

    /// Runs a statement that may fail.
    pub(crate) async fn try_run(&self, sql: &str) {
        match self {
            Self::Sqlite(folder) => drop(self.sqlite_conn(folder).batch_execute(sql)),
            Self::Mysql { .. } => drop(self.mysql_conn().await.query_drop(sql).await),
        }
    }

    /// The one column of a query, named `n`, as text.
    pub(crate) async fn words(&self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(folder) => {
                let mut conn = self.sqlite_conn(folder);
                let words: Vec<Word> = diesel::RunQueryDsl::load(diesel::sql_query(sql), &mut conn).unwrap();
                words.into_iter().map(|word| word.n).collect()
            }
            Self::Mysql { .. } => self.mysql_conn().await.query(sql).await.unwrap(),
        }
    }

    /// The number in the column `n`.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let query = format!("SELECT CAST(n AS CHAR) AS n FROM ({sql}) AS one");
        self.words(&query).await.first().unwrap().parse().unwrap()
    }

    /// Updates the planner's statistics now; servers do that later by themselves.
    pub(crate) async fn analyze(&self) {
        if let Self::Mysql { .. } = self {
            let tables =
                "SELECT table_name AS n FROM information_schema.tables WHERE table_schema = DATABASE()";
            self.run(&format!("ANALYZE TABLE {}", self.words(tables).await.join(", "))).await;
        }
    }

    /// The steps of SQLite's plan for a statement.
    pub(crate) fn sqlite_plan(&self, statement: &str) -> Vec<String> {
        match self {
            Self::Sqlite(folder) => {
                let mut conn = self.sqlite_conn(folder);
                let explain = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}"));
                let steps: Vec<PlanStep> = diesel::RunQueryDsl::load(explain, &mut conn).unwrap();
                steps.into_iter().map(|step| step.detail).collect()
            }
            Self::Mysql { .. } => Vec::new(),
        }
    }

    fn sqlite_conn(&self, folder: &TempDir) -> SqliteConnection {
        let mut conn = SqliteConnection::establish(&self.file(folder)).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 30000; PRAGMA foreign_keys = ON").unwrap();
        conn
    }

    pub(crate) async fn mysql_conn(&self) -> mysql_async::Conn {
        let mut conn = mysql_async::Conn::from_url(self.url()).await.unwrap();
        conn.query_drop("SET NAMES utf8mb4, sql_mode = 'STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES'")
            .await
            .unwrap();
        conn
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Self::Mysql { server, database } = self else { return };
        let (server, database) = (server.clone(), database.clone());
        // The test's own runtime may have ended; the database must be dropped anyway.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let mut admin = mysql_async::Conn::from_url(&server).await.unwrap();
                admin.query_drop(format!("DROP DATABASE {database}")).await.unwrap();
            });
        });
        drop(dropping.join());
    }
}
