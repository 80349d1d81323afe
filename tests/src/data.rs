use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use deadpool_redis::redis::{AsyncCommands, Client, RedisResult};
use diesel_async::SimpleAsyncConnection;
use tokio::time::{error::Elapsed, timeout};

use crate::{Database, carts::Carts};

/// Where a shop keeps its data.
#[derive(Clone, Debug)]
pub enum Data {
    /// Everything in one file.
    Embedded(PathBuf),
    /// On servers.
    Servers {
        /// `mysql://…/database`; for a cluster, all nodes.
        mysql: Vec<String>,
        /// `redis://…/number`; for a cluster, all nodes.
        redis: Vec<String>,
    },
}

impl Data {
    pub(crate) fn embedded(directory: &Path) -> Self {
        Self::Embedded(directory.join("dashop.db"))
    }

    /// An empty database and an empty Redis database on the servers of this run.
    pub(crate) async fn on_servers() -> Self {
        let (mysql, redis) = (variable("DASHOP_TEST_MYSQL_URL"), variable("DASHOP_TEST_REDIS_URL"));
        let number = new_number(&redis).await;
        let redis = format!("{redis}/{number}");
        Self::Servers { mysql: vec![new_mysql(&mysql, number).await], redis: vec![redis] }
    }

    /// An empty database on the Galera cluster of this run, and its Redis Cluster. A Redis Cluster has only one
    /// database: tests there need buyers of their own.
    pub(crate) async fn on_clusters() -> Self {
        let nodes = |name: &str| variable(name).split(' ').map(str::to_owned).collect::<Vec<_>>();
        let mut mysql = nodes("DASHOP_TEST_GALERA_URLS");
        static TESTS: AtomicU32 = AtomicU32::new(0);
        let number = std::process::id() * 100 + TESTS.fetch_add(1, Ordering::Relaxed);
        let first = new_mysql(&mysql[0], number).await;
        let name = first.rsplit('/').next().unwrap();
        mysql.iter_mut().for_each(|node| *node = format!("{node}/{name}"));
        Self::Servers { mysql, redis: nodes("DASHOP_TEST_REDIS_CLUSTER_URLS") }
    }

    /// The URL of its database; in a cluster, that of the first node.
    pub fn database_url(&self) -> String {
        match self {
            Self::Embedded(file) => format!("sqlite:{}", file.display()),
            Self::Servers { mysql, .. } => mysql[0].clone(),
        }
    }

    /// The settings that make the program use this data.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Embedded(_) => vec![("DASHOP_DATABASE_URL", self.database_url())],
            Self::Servers { redis, .. } => vec![
                ("DASHOP_DATABASE_URL", self.database_url()),
                ("DASHOP_REDIS_URL", redis.join(",")),
                ("DASHOP_REDIS_CLUSTER", (redis.len() > 1).to_string()),
                // These are off on MySQL by default; the tests want them as in the embedded shop.
                ("DASHOP_MIGRATE_AT_START", "true".to_owned()),
                ("DASHOP_SEED_DEMO", "true".to_owned()),
                ("DASHOP_SANDBOX", "true".to_owned()),
            ],
        }
    }

    /// The same data, seen from one node of its database.
    #[must_use]
    pub fn at_node(&self, node: usize) -> Self {
        match self {
            Self::Servers { mysql, redis } => {
                Self::Servers { mysql: vec![mysql[node].clone()], redis: redis.clone() }
            }
            Self::Embedded(_) => panic!("a file has no nodes"),
        }
    }

    /// Opens the database beside the program.
    pub async fn open(&self) -> Database {
        Database::open(self).await
    }

    /// Puts one piece of a SKU into a cart in Redis. Does nothing if the server does not answer.
    pub async fn try_to_fill_cart(&self, user_id: i32, sku_id: i32) {
        let Self::Servers { redis, .. } = self else { panic!("the carts are in the database") };
        let put = async {
            let mut carts = Carts::connect(redis).await?;
            carts.put(user_id, sku_id, "{\"count\": 1, \"selected\": 1}").await
        };
        let _gone: Result<RedisResult<()>, Elapsed> = timeout(Duration::from_secs(1), put).await;
    }
}

/// Makes an empty database with this number on a MySQL server.
pub(crate) async fn new_mysql(server: &str, number: u32) -> String {
    let mut root = Database::mysql(&format!("{server}/information_schema")).await;
    root.batch_execute(&format!("CREATE DATABASE shop{number}")).await.unwrap();
    format!("{server}/shop{number}")
}

/// A number that no other test of this run has, in any process. Redis counts them; it has databases 1 to 999.
async fn new_number(server: &str) -> u32 {
    let mut redis = Client::open(server).unwrap().get_multiplexed_async_connection().await.unwrap();
    let number: u32 = redis.incr("tests", 1).await.unwrap();
    assert!(number < 1000, "so many tests need more Redis databases: tests/servers/with-servers");
    number
}

pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} names no server: run this as `make test` or `make test-cluster` does")
    })
}
