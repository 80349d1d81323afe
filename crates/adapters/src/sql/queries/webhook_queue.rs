use async_trait::async_trait;
use domain::{Delivery, DeliveryAttempt, EndpointName, EventFilter, OutboxId, ShopTime};
use ports::{Claimed, OutboxBacklog, Resend, Resent, StoreError, WebhookQueue};

use super::{
    Database, webhook_distribution, webhook_endpoints,
    webhook_tables::{first, others},
};

/// How many events one transaction makes due again. The events of a month would lock their rows, or the SQLite file,
/// for longer than other callers wait.
const RESENT_AT_ONCE: usize = 200;

/// Calls a query on the endpoint's table.
macro_rules! of_table {
    ($endpoint:ident, $query:ident($conn:expr $(, $argument:expr)*)) => {{
        let name = $endpoint.as_str();
        if $endpoint.is_first() {
            first::$query($conn, name $(, $argument)*).await
        } else {
            others::$query($conn, name $(, $argument)*).await
        }
    }};
}

#[async_trait]
impl WebhookQueue for Database {
    async fn distribute(&self, now: ShopTime, seen_since: ShopTime, limit: u32) -> Result<u64, StoreError> {
        let since = self.reader().await?.call(|conn| webhook_distribution::since(conn, seen_since)).await?;
        let Some(since) = since else { return Ok(0) };
        self.transact(async |conn| {
            webhook_distribution::distribute(conn, since, seen_since, now, limit).await
        })
        .await
    }

    async fn claim(
        &self,
        endpoint: &EndpointName,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Delivery>>, StoreError> {
        let (claimed, parked) = self
            .transact(async |conn| {
                if webhook_endpoints::is_paused(conn, endpoint).await? {
                    return Ok((Vec::new(), 0));
                }
                of_table!(endpoint, claim(conn, now, lease_until, limit))
            })
            .await?;
        self.add_parked(parked);
        Ok(claimed)
    }

    async fn delivered(
        &self,
        endpoint: &EndpointName,
        ids: &[OutboxId],
        attempts: &[DeliveryAttempt],
        at: ShopTime,
    ) -> Result<(), StoreError> {
        self.transact(async |conn| {
            of_table!(endpoint, delivered(conn, ids, at))?;
            webhook_endpoints::log(conn, endpoint, attempts).await?;
            match attempts.is_empty() {
                true => Ok(()),
                false => webhook_endpoints::succeeded(conn, endpoint, at).await,
            }
        })
        .await
    }

    async fn put_off(
        &self,
        endpoint: &EndpointName,
        id: OutboxId,
        attempt: &DeliveryAttempt,
        due_at: Option<ShopTime>,
    ) -> Result<(), StoreError> {
        self.transact(async |conn| {
            of_table!(endpoint, put_off(conn, id, due_at))?;
            webhook_endpoints::log(conn, endpoint, std::slice::from_ref(attempt)).await?;
            webhook_endpoints::failed(conn, endpoint, attempt.at).await
        })
        .await
    }

    async fn resend(
        &self,
        endpoint: &EndpointName,
        which: &Resend,
        sent: &EventFilter,
        now: ShopTime,
    ) -> Result<Resent, StoreError> {
        let meant = self.reader().await?.call(async |conn| of_table!(endpoint, meant(conn, which))).await?;
        let mut resent = Resent::default();
        for ids in meant.chunks(RESENT_AT_ONCE) {
            let some =
                self.transact(async |conn| of_table!(endpoint, resend(conn, which, ids, sent, now))).await?;
            resent.due += some.due;
            resent.unwanted += some.unwanted;
        }
        Ok(resent)
    }

    async fn purge(&self, delivered_before: ShopTime, limit: u32) -> Result<u64, StoreError> {
        self.writer()
            .await?
            .call(async |conn| {
                let purged = first::purge(conn, delivered_before, limit).await?
                    + others::purge(conn, delivered_before, limit).await?;
                Ok(purged + webhook_endpoints::purge_unseen(conn, delivered_before, limit).await?)
            })
            .await
    }

    async fn backlog(&self, endpoint: &EndpointName) -> Result<OutboxBacklog, StoreError> {
        self.reader().await?.call(async |conn| of_table!(endpoint, backlog(conn))).await
    }
}
