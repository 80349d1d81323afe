use deadpool_redis::redis::{
    AsyncCommands, Client, RedisResult, aio::MultiplexedConnection, cluster::ClusterClient,
    cluster_async::ClusterConnection,
};

/// The carts in Redis or a Redis Cluster, as the old shop writes them.
pub(crate) enum Carts {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Carts {
    /// Connects to the server at the one URL, or to the cluster with these nodes.
    pub(crate) async fn connect(urls: &[String]) -> RedisResult<Self> {
        match urls {
            [url] => Ok(Self::Single(Client::open(url.as_str())?.get_multiplexed_async_connection().await?)),
            nodes => Ok(Self::Cluster(ClusterClient::new(nodes.to_vec())?.get_async_connection().await?)),
        }
    }

    pub(crate) async fn put(&mut self, user_id: i32, sku_id: i32, value: &str) -> RedisResult<()> {
        match self {
            Self::Single(redis) => redis.hset(key(user_id), sku_id, value).await,
            Self::Cluster(redis) => redis.hset(key(user_id), sku_id, value).await,
        }
    }

    pub(crate) async fn lines(&mut self, user_id: i32) -> RedisResult<i64> {
        match self {
            Self::Single(redis) => redis.hlen(key(user_id)).await,
            Self::Cluster(redis) => redis.hlen(key(user_id)).await,
        }
    }
}

fn key(user_id: i32) -> String {
    format!("cart_{user_id}")
}
