use async_trait::async_trait;
use domain::{Delivery, EventId, OrderEvent, OutboxId, ShopTime};
use ports::{Claimed, OutboxBacklog, Resend, StoreError, WebhookQueue};

use super::{Defect, Due, Memory, pause, writing::Unit};

/// One row of the outbox.
#[derive(Clone)]
pub(super) struct StoredEvent {
    delivery: Delivery,
    due: Option<Due>,
    delivered_at: Option<ShopTime>,
}

impl Unit {
    /// Keeps events for those who listen.
    pub(super) async fn tell(&mut self, events: &[OrderEvent]) {
        for event in events {
            let mut event = event.clone();
            event.reason = event.reason.chars().take(200).collect();
            self.tables.last_event += 1;
            let due = Some(Due { at: event.at, attempts: 0 });
            let id = OutboxId(self.tables.last_event);
            let delivery = Delivery { id, event_id: EventId::of_row(id), event };
            self.tables.events.push(StoredEvent { delivery, due, delivered_at: None });
        }
        self.wrote().await;
    }
}

#[async_trait]
impl WebhookQueue for Memory {
    async fn claim(
        &self,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Delivery>>, StoreError> {
        let _alone = self.alone().await;
        let mut tables = self.tables().clone();
        pause().await;
        let mut due: Vec<_> = tables
            .events
            .iter()
            .enumerate()
            .filter(|(nth, stored)| {
                stored.due.is_some_and(|due| due.at <= now)
                    && (self.has(Defect::Overtakes) || !has_undelivered_before(&tables.events, *nth))
            })
            .filter_map(|(nth, stored)| Some((stored.due?, nth)))
            .collect();
        due.sort_by_key(|(due, nth)| (due.at, *nth));
        let mut claimed = Vec::new();
        for (Due { attempts, .. }, nth) in due.into_iter().take(usize::try_from(limit).unwrap()) {
            claimed.push(Claimed { item: tables.events[nth].delivery.clone(), attempts });
            if !self.has(Defect::ForgetsLeases) {
                tables.events[nth].due = Some(Due { at: lease_until, attempts: attempts + 1 });
            }
        }
        self.tables().events = tables.events;
        Ok(claimed)
    }

    async fn delivered(&self, ids: &[OutboxId], at: ShopTime) -> Result<(), StoreError> {
        let _alone = self.alone().await;
        let mut tables = self.tables();
        for id in ids {
            let Some(told) = tables.events.iter_mut().find(|stored| stored.delivery.id == *id) else {
                continue;
            };
            if told.delivered_at.is_some() && !self.has(Defect::FinishesTwice) {
                continue;
            }
            (told.delivered_at, told.due) = (Some(at), None);
            let order = told.delivery.event.order_id.clone();
            for waiting in tables.events.iter_mut().filter(|stored| stored.delivery.event.order_id == order) {
                if waiting.delivered_at.is_none() && waiting.due.is_none_or(|due| due.at > at) {
                    waiting.due = Some(Due { at, attempts: waiting.due.map_or(0, |due| due.attempts) });
                }
            }
        }
        Ok(())
    }

    async fn put_off(&self, id: OutboxId, due_at: Option<ShopTime>) -> Result<(), StoreError> {
        let _alone = self.alone().await;
        let mut tables = self.tables();
        let is_open = |stored: &&StoredEvent| stored.delivery.id == id && stored.delivered_at.is_none();
        let Some(order) =
            tables.events.iter().find(is_open).map(|stored| stored.delivery.event.order_id.clone())
        else {
            return Ok(());
        };
        for stored in &mut tables.events {
            let Delivery { id: this, event, .. } = &stored.delivery;
            if event.order_id == order && *this >= id && stored.delivered_at.is_none() {
                let attempts = stored.due.map_or(0, |due| due.attempts);
                stored.due = due_at.map(|at| Due { at, attempts });
            }
        }
        Ok(())
    }

    async fn resend(&self, which: &Resend, now: ShopTime) -> Result<u64, StoreError> {
        let _alone = self.alone().await;
        let mut count = 0;
        for stored in &mut self.tables().events {
            let event = &stored.delivery.event;
            let is_meant = match which {
                Resend::GivenUp => stored.delivered_at.is_none() && stored.due.is_none(),
                Resend::OfOrder(order_id) => event.order_id == *order_id,
                Resend::Happened { from, until } => event.at >= *from && event.at < *until,
            };
            if is_meant {
                (stored.delivered_at, stored.due) = (None, Some(Due { at: now, attempts: 0 }));
                count += 1;
            }
        }
        Ok(count)
    }

    async fn purge(&self, delivered_before: ShopTime, limit: u32) -> Result<u64, StoreError> {
        let _alone = self.alone().await;
        let mut purged = 0;
        self.tables().events.retain(|stored| {
            let is_old = stored.delivered_at.is_some_and(|at| at < delivered_before);
            let goes = is_old && purged < u64::from(limit);
            purged += u64::from(goes);
            !goes
        });
        Ok(purged)
    }

    async fn backlog(&self) -> Result<OutboxBacklog, StoreError> {
        let tables = self.tables();
        let undelivered = tables.events.iter().filter(|stored| stored.delivered_at.is_none());
        Ok(undelivered.fold(OutboxBacklog::default(), |backlog, stored| {
            let at = stored.delivery.event.at;
            OutboxBacklog {
                undelivered: backlog.undelivered + 1,
                given_up: backlog.given_up + u64::from(stored.due.is_none()),
                oldest: Some(backlog.oldest.map_or(at, |oldest| oldest.min(at))),
            }
        }))
    }
}

fn has_undelivered_before(events: &[StoredEvent], nth: usize) -> bool {
    let order = &events[nth].delivery.event.order_id;
    let mut before = events.iter().take(nth);
    before.any(|stored| stored.delivery.event.order_id == *order && stored.delivered_at.is_none())
}
