//! The carts in Redis, in the form of the old shop: the hash `cart_<user id>` with a field for each SKU.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use deadpool_redis::{
    Manager, PoolConfig, Runtime, Timeouts, cluster,
    redis::{
        self, AsyncConnectionConfig, Client, ConnectionInfo, FromRedisValue, IntoConnectionInfo, RedisError,
        RedisResult, TlsCertificates, cluster_async::ClusterConnection,
    },
};
use domain::{Cart, CartLineChange, OrderId, SkuId, UserId};
use futures_util::future::join_all;
use metrics::histogram;
use ports::{BoxError, CartError, CartRemoval, CartStore, metric};

use crate::cart_format;

/// Removes the fields of a hash whose values have not changed: HASH, then FIELD VALUE pairs. It uses one hash, so that
/// it also runs on a cluster. It is a script, so that it compares and removes atomically.
const REMOVE_UNCHANGED: &str = r"
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call('HDEL', KEYS[1], ARGV[i])
  end
end
return 0";

/// Sets fields of a hash if none of them has changed: HASH, then for each field FIELD, its old value after "=" (or "-"
/// if it had none), and the new value.
const WRITE_UNCHANGED: &str = r"
for i = 1, #ARGV, 3 do
  local value = redis.call('HGET', KEYS[1], ARGV[i])
  local was = '-'
  if value then was = '=' .. value end
  if was ~= ARGV[i + 1] then return 0 end
end
for i = 1, #ARGV, 3 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 2])
end
return 1";

/// Where the carts are stored, and how long to wait for them.
#[derive(Clone)]
pub struct RedisConfig {
    /// `redis://[user:password@]host:port/database`, or `rediss://` for TLS. One URL for a single server; one or more
    /// nodes if `cluster` is set. The old shop keeps its carts in database 4.
    pub urls: Vec<String>,
    /// Whether the servers are a Redis Cluster.
    pub cluster: bool,
    /// Maximum number of connections.
    pub connections: usize,
    /// How long one operation may take, including the wait for a connection.
    pub timeout: Duration,
    /// A PEM file of the authorities to trust with `rediss://` instead of the system's. A cluster ignores it.
    pub root_certificates: Option<PathBuf>,
}

/// Without the passwords that may be in the URLs.
impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig")
            .field("servers", &self.urls.len())
            .field("cluster", &self.cluster)
            .field("connections", &self.connections)
            .field("timeout", &self.timeout)
            .field("root_certificates", &self.root_certificates)
            .finish()
    }
}

/// The configuration names no usable servers.
#[derive(Debug, thiserror::Error)]
#[error("the Redis configuration cannot be used")]
pub struct RedisConfigError(#[source] BoxError);

/// Carts in Redis or a Redis Cluster.
pub struct RedisCarts {
    pool: Pool,
    timeout: Duration,
}

enum Pool {
    Single(deadpool_redis::Pool),
    Cluster(cluster::Pool),
}

impl Pool {
    fn new(config: &RedisConfig) -> Result<Self, BoxError> {
        let pool_config = PoolConfig {
            max_size: config.connections.max(1),
            timeouts: Timeouts {
                wait: Some(config.timeout),
                create: Some(config.timeout),
                recycle: Some(config.timeout),
            },
            ..PoolConfig::default()
        };
        match (config.cluster, config.urls.as_slice()) {
            (true, urls) if !urls.is_empty() => {
                let mut servers = cluster::Config::from_urls(urls);
                servers.pool = Some(pool_config);
                Ok(Self::Cluster(servers.create_pool(Some(Runtime::Tokio1))?))
            }
            (false, [url]) => {
                let server = server(url, config.root_certificates.as_deref())?;
                // Otherwise the library ends each call after half a second, whatever the pool allows.
                let limits = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(config.timeout))
                    .set_response_timeout(Some(config.timeout));
                let manager = Manager::new_with_config(server, limits)?;
                let pool = deadpool_redis::Pool::builder(manager).config(pool_config);
                Ok(Self::Single(pool.runtime(Runtime::Tokio1).build()?))
            }
            (true, _) => Err("a cluster needs at least one URL".into()),
            (false, _) => Err("a single server needs exactly one URL".into()),
        }
    }
}

impl RedisCarts {
    /// Carts on these servers. It connects at the first use.
    ///
    /// # Errors
    /// A URL or the file of authorities cannot be read, there is not exactly one URL for a single server, or none for a
    /// cluster.
    pub fn new(config: &RedisConfig) -> Result<Self, RedisConfigError> {
        Ok(Self { pool: Pool::new(config).map_err(RedisConfigError)?, timeout: config.timeout })
    }

    /// One section of the server's `INFO`, such as `memory`. It is empty for a cluster, where each node has its own.
    ///
    /// # Errors
    /// The server fails, or does not answer within the time limit.
    pub async fn info(&self, section: &str) -> Result<BTreeMap<String, String>, CartError> {
        if matches!(self.pool, Pool::Cluster(_)) {
            return Ok(BTreeMap::new());
        }
        let mut command = redis::cmd("INFO");
        command.arg(section);
        let said: String = self.within_time("info", async { self.run(&command).await }).await?;
        let pair = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(said.lines().filter_map(pair).collect())
    }

    /// Checks that Redis answers.
    ///
    /// # Errors
    /// Redis fails, or does not answer within the time limit.
    pub async fn ping(&self) -> Result<(), CartError> {
        self.within_time("ping", async { self.run::<()>(&redis::cmd("PING")).await }).await
    }

    async fn run<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, BoxError> {
        match &self.pool {
            Pool::Single(pool) => {
                let mut connection = pool.get().await?;
                let answer = command.query_async(&mut connection).await;
                leave_replica(pool, connection, answer.as_ref().err());
                Ok(answer?)
            }
            Pool::Cluster(pool) => Ok(command.query_async(&mut pool.get().await?).await?),
        }
    }

    /// Runs several commands, on a single server as one pipeline. A command that fails does not affect the others.
    async fn run_all<T: FromRedisValue>(
        &self,
        commands: Vec<redis::Cmd>,
    ) -> Result<Vec<RedisResult<T>>, BoxError> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        match &self.pool {
            Pool::Single(pool) => {
                let mut pipeline = redis::Pipeline::with_capacity(commands.len());
                for command in commands {
                    pipeline.add_command(command);
                }
                let mut connection = pool.get().await?;
                let answers: Vec<RedisResult<T>> =
                    pipeline.ignore_errors().query_async(&mut connection).await?;
                leave_replica(pool, connection, answers.iter().find_map(|answer| answer.as_ref().err()));
                Ok(answers)
            }
            // Keys are on different nodes; the connection sends the commands to the nodes concurrently.
            Pool::Cluster(pool) => {
                let connection: &ClusterConnection = &*pool.get().await?;
                let answers = commands.iter().map(|command| {
                    let mut connection = connection.clone();
                    async move { command.query_async(&mut connection).await }
                });
                Ok(join_all(answers).await)
            }
        }
    }

    async fn within_time<T>(
        &self,
        operation: &'static str,
        work: impl Future<Output = Result<T, BoxError>>,
    ) -> Result<T, CartError> {
        let begun = Instant::now();
        let (outcome, word) = match tokio::time::timeout(self.timeout, work).await {
            Ok(Ok(answer)) => (Ok(answer), "ok"),
            Ok(Err(error)) => (Err(CartError(error)), "failed"),
            Err(elapsed) => (Err(CartError(elapsed.into())), "timed_out"),
        };
        histogram!(metric::REDIS_CALL, "operation" => operation, "outcome" => word).record(begun.elapsed());
        outcome
    }

    /// The stored values of these lines, byte for byte. An unreadable line may be overwritten, but not a line that
    /// another program writes at the same moment.
    async fn stored(
        &self,
        user_id: UserId,
        changes: &[CartLineChange],
    ) -> Result<Vec<Option<Vec<u8>>>, BoxError> {
        let mut command = redis::cmd("HMGET");
        command.arg(key(user_id));
        for change in changes {
            command.arg(change.sku_id.0);
        }
        self.run(&command).await
    }

    async fn write(&self, user_id: UserId, changes: &[CartLineChange]) -> Result<bool, BoxError> {
        if changes.is_empty() {
            return Ok(true);
        }
        let mut script = redis::cmd("EVAL");
        script.arg(WRITE_UNCHANGED).arg(1).arg(key(user_id));
        for (change, stored) in changes.iter().zip(self.stored(user_id, changes).await?) {
            let field = change.sku_id.to_string();
            let line = stored.as_deref().and_then(|value| str::from_utf8(value).ok());
            let line = line.and_then(|value| cart_format::read_line(&field, value));
            if line.map(|line| line.stamp) != change.was {
                return Ok(false);
            }
            let was = stored.map_or_else(|| b"-".to_vec(), |value| [b"=", value.as_slice()].concat());
            script.arg(field).arg(was).arg(cart_format::write_line(change.count, change.selected));
        }
        Ok(self.run::<u8>(&script).await? == 1)
    }

    async fn discard(&self, user_id: UserId, sku_ids: &[SkuId]) -> Result<(), BoxError> {
        if sku_ids.is_empty() {
            return Ok(());
        }
        let mut command = redis::cmd("HDEL");
        command.arg(key(user_id));
        for sku_id in sku_ids {
            command.arg(sku_id.0);
        }
        self.run(&command).await
    }
}

#[async_trait]
impl CartStore for RedisCarts {
    async fn load(&self, user_id: UserId) -> Result<Cart, CartError> {
        let stored: StoredCart = self.within_time("load", self.run(&load(user_id))).await?;
        Ok(read_cart(user_id, stored))
    }

    async fn load_many(&self, user_ids: &[UserId]) -> Result<BTreeMap<UserId, Cart>, CartError> {
        let commands = user_ids.iter().map(|user_id| load(*user_id)).collect();
        let answers: Vec<RedisResult<StoredCart>> =
            self.within_time("load_many", self.run_all(commands)).await?;
        let cart = |(user_id, stored): (&UserId, RedisResult<StoredCart>)| match stored {
            Ok(stored) => Some((*user_id, read_cart(*user_id, stored))),
            Err(error) => {
                tracing::error!(%user_id, %error, "a cart cannot be read");
                None
            }
        };
        Ok(user_ids.iter().zip(answers).filter_map(cart).collect())
    }

    async fn remove_ordered(&self, removals: &[CartRemoval]) -> Result<Vec<OrderId>, CartError> {
        let commands = removals.iter().map(remove_unchanged).collect();
        let answers: Vec<RedisResult<i64>> = self.within_time("remove", self.run_all(commands)).await?;
        let mut failed = Vec::new();
        let mut failure = None;
        for (removal, answer) in removals.iter().zip(answers) {
            match answer {
                Ok(_) => {}
                // A value that is not a hash has no lines.
                Err(error) if error.to_string().contains("WRONGTYPE") => {
                    tracing::error!(user_id = %removal.user_id, %error, "a cart cannot be read");
                }
                Err(error) => {
                    tracing::error!(user_id = %removal.user_id, %error, "ordered lines are still in their cart");
                    failed.push(removal.order_id.clone());
                    failure = Some(error);
                }
            }
        }
        match failure {
            Some(error) if failed.len() == removals.len() => Err(CartError(error.into())),
            Some(_) | None => Ok(failed),
        }
    }

    async fn write(&self, user_id: UserId, changes: &[CartLineChange]) -> Result<bool, CartError> {
        self.within_time("write", RedisCarts::write(self, user_id, changes)).await
    }

    async fn discard(&self, user_id: UserId, sku_ids: &[SkuId]) -> Result<(), CartError> {
        self.within_time("discard", RedisCarts::discard(self, user_id, sku_ids)).await
    }
}

/// Closes the connection and all idle ones if the server has become a replica, which still answers a PING. New
/// connections reach the master if the host name leads to it.
fn leave_replica(
    pool: &deadpool_redis::Pool,
    connection: deadpool_redis::Connection,
    error: Option<&RedisError>,
) {
    const REPLICA: &str = "READONLY";
    // In its answer to a script, Redis 6 puts the code behind other words.
    let is_replica =
        |error: &RedisError| error.code() == Some(REPLICA) || error.to_string().contains(REPLICA);
    if error.is_some_and(is_replica) {
        drop(deadpool_redis::Connection::take(connection));
        pool.retain(|_, _| false);
    }
}

/// The address of a single server, and the authorities to trust for its certificate.
fn server(url: &str, root_certificates: Option<&Path>) -> Result<ConnectionInfo, BoxError> {
    match root_certificates {
        Some(file) => {
            let certificates = TlsCertificates { client_tls: None, root_cert: Some(std::fs::read(file)?) };
            Ok(Client::build_with_tls(url, certificates)?.get_connection_info().clone())
        }
        None => Ok(url.into_connection_info()?),
    }
}

/// Fields and values. They are bytes, so that a value that is not text makes only its own line unreadable.
type StoredCart = Vec<(Vec<u8>, Vec<u8>)>;

fn load(user_id: UserId) -> redis::Cmd {
    let mut command = redis::cmd("HGETALL");
    command.arg(key(user_id));
    command
}

fn read_cart(user_id: UserId, stored: StoredCart) -> Cart {
    let mut lines = BTreeMap::new();
    for (field, value) in stored {
        let line = match (str::from_utf8(&field), str::from_utf8(&value)) {
            (Ok(field), Ok(value)) => cart_format::read_line(field, value),
            (Err(_), _) | (_, Err(_)) => None,
        };
        match line {
            Some(line) => drop(lines.insert(line.sku_id, line)),
            None => {
                let field = String::from_utf8_lossy(&field);
                tracing::warn!(%user_id, ?field, "a cart line cannot be read and is left out");
            }
        }
    }
    Cart { lines: lines.into_values().collect() }
}

fn remove_unchanged(removal: &CartRemoval) -> redis::Cmd {
    let mut script = redis::cmd("EVAL");
    script.arg(REMOVE_UNCHANGED).arg(1).arg(key(removal.user_id));
    for (sku_id, stamp) in &removal.lines {
        script.arg(sku_id.0).arg(stamp.0.as_str());
    }
    script
}

fn key(user_id: UserId) -> String {
    format!("cart_{user_id}")
}
