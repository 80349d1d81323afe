use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use deadpool_redis::redis::{AsyncCommands, Client, RedisError, aio::MultiplexedConnection};
use diesel_async::SimpleAsyncConnection;
use tokio::time::{error::Elapsed, timeout};

use crate::Database;

/// Where a shop keeps its data.
#[derive(Clone, Debug)]
pub enum Data {
    /// All of it in a file.
    Embedded(PathBuf),
    /// On servers.
    Servers {
        /// `mysql://…/database`.
        mysql: String,
        /// `redis://…/number`.
        redis: String,
    },
}

impl Data {
    pub(crate) fn embedded(directory: &Path) -> Self {
        Self::Embedded(directory.join("dashop.db"))
    }

    /// An empty database and an empty Redis database on the servers of this run.
    pub(crate) async fn on_servers() -> Self {
        let (mysql, redis) = (server("DASHOP_TEST_MYSQL_URL"), server("DASHOP_TEST_REDIS_URL"));
        let number = new_number(&redis).await;
        Self::Servers { mysql: new_mysql(&mysql, number).await, redis: format!("{redis}/{number}") }
    }

    /// The settings that lead the program there.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Embedded(file) => vec![("DASHOP_DATABASE_URL", format!("sqlite:{}", file.display()))],
            Self::Servers { mysql, redis } => vec![
                ("DASHOP_DATABASE_URL", mysql.clone()),
                ("DASHOP_REDIS_URL", redis.clone()),
                // A shop on MySQL has none of these unless it is told so; the tests want what the embedded shop has.
                ("DASHOP_MIGRATE_AT_START", "true".to_owned()),
                ("DASHOP_SEED_DEMO", "true".to_owned()),
                ("DASHOP_SANDBOX", "true".to_owned()),
            ],
        }
    }

    /// A look into it, beside the program.
    pub async fn open(&self) -> Database {
        Database::open(self).await
    }

    /// Puts one piece of a SKU into a cart in Redis, unless the server does not answer.
    pub async fn try_to_fill_cart(&self, user_id: i32, sku_id: i32) {
        let Self::Servers { redis, .. } = self else { panic!("the carts are in the database") };
        let client = Client::open(redis.as_str()).unwrap();
        let put = async {
            let mut redis = client.get_multiplexed_async_connection().await?;
            redis.hset(format!("cart_{user_id}"), sku_id, "{\"count\": 1, \"selected\": 1}").await
        };
        let _gone: Result<Result<(), RedisError>, Elapsed> = timeout(Duration::from_secs(1), put).await;
    }
}

/// An empty database of this number on a MySQL server.
pub(crate) async fn new_mysql(server: &str, number: u32) -> String {
    let mut root = Database::mysql(&format!("{server}/information_schema")).await;
    root.batch_execute(&format!("CREATE DATABASE shop{number}")).await.unwrap();
    format!("{server}/shop{number}")
}

/// A client of a Redis server.
pub(crate) async fn redis(url: &str) -> MultiplexedConnection {
    Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// A number that no other test of this run has, in whichever process. Redis counts them; it has databases 1 to 999.
async fn new_number(server: &str) -> u32 {
    let number: u32 = redis(server).await.incr("tests", 1).await.unwrap();
    assert!(number < 1000, "so many tests need more Redis databases: tests/servers/with-servers");
    number
}

fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} names no server: run this as `make test` does, under tests/servers/with-servers")
    })
}
