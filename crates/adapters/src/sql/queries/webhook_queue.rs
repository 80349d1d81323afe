use async_trait::async_trait;
use diesel::prelude::*;
use domain::{
    Actor, Delivery, DeliveryAttempt, EndpointName, EventFilter, EventId, OrderEvent, OrderEventKind,
    OrderId, OutboxId, ShopTime, TraceParent,
};
use ports::{Claimed, OutboxBacklog, Resend, Resent, StoreError, WebhookQueue};

use super::{
    Database, columns, webhook_distribution, webhook_endpoints,
    webhook_tables::{first, others},
};
use crate::sql::{
    failure::{QueryError, word},
    types::{Amount, Moment},
};

/// How many events one transaction makes due again: a month of them would hold their rows, and the file of an embedded
/// database, for longer than anybody waits.
const RESENT_AT_ONCE: usize = 200;

/// Calls a query of the endpoint's table.
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

/// An event of either table.
#[derive(Queryable)]
pub(super) struct DeliveryRow {
    id: i64,
    order_id: String,
    kind: String,
    from_status: Option<i16>,
    to_status: i16,
    amount: Option<Amount>,
    actor: String,
    reason: String,
    at: Moment,
    event_id: Option<String>,
    traceparent: Option<String>,
    due_attempts: i32,
}

impl DeliveryRow {
    pub(super) fn read(self, table: &'static str) -> Result<Claimed<Delivery>, QueryError> {
        let status = |code: i16| columns::status(&format!("{table}, a status"), code);
        let event = OrderEvent {
            order_id: OrderId::parse(&self.order_id)
                .map_err(|error| QueryError::corrupt(&format!("{table}.order_id"), error))?,
            kind: word(&format!("{table}.kind"), &self.kind, OrderEventKind::from_word)?,
            from: self.from_status.map(status).transpose()?,
            to: status(self.to_status)?,
            amount: self.amount.map(|amount| amount.0),
            actor: word(&format!("{table}.actor"), &self.actor, Actor::from_word)?,
            reason: self.reason,
            at: self.at.0,
            trace: self.traceparent.as_deref().and_then(TraceParent::parse),
        };
        let id = OutboxId(self.id);
        let event_id = self.event_id.map_or_else(|| EventId::of_row(id), |uuid| EventId::of_uuid(&uuid));
        let attempts = u32::try_from(self.due_attempts).unwrap_or(0);
        Ok(Claimed { item: Delivery { id, event_id, event }, attempts })
    }
}
