use async_trait::async_trait;
use domain::{
    Delivery, DeliveryAttempt, EndpointName, EndpointState, EventId, OrderEvent, OutboxId, ShopTime,
    failing_since,
};
use ports::{
    AttemptQuery, Claimed, LoggedAttempt, OutboxBacklog, Resend, StoreError, WebhookEndpoints, WebhookQueue,
};

use super::{Defect, Due, Memory, Tables, pause, writing::Unit};

/// An event on its way to one endpoint.
#[derive(Clone)]
pub(super) struct StoredEvent {
    endpoint: EndpointName,
    delivery: Delivery,
    due: Option<Due>,
    delivered_at: Option<ShopTime>,
    is_distributed: bool,
}

impl Unit {
    /// Keeps events for those who listen.
    pub(super) async fn tell(&mut self, events: &[OrderEvent]) {
        for event in events {
            let mut event = event.clone();
            event.reason = event.reason.chars().take(200).collect();
            let event_id = EventId::of_row(OutboxId(self.tables.last_event + 1));
            self.tables.add_event(EndpointName::first(), event_id, event);
        }
        self.wrote().await;
    }
}

impl Tables {
    fn add_event(&mut self, endpoint: EndpointName, event_id: EventId, event: OrderEvent) {
        self.last_event += 1;
        let due = Some(Due { at: event.at, attempts: 0 });
        let delivery = Delivery { id: OutboxId(self.last_event), event_id, event };
        self.events.push(StoredEvent { endpoint, delivery, due, delivered_at: None, is_distributed: false });
    }

    fn log(&mut self, endpoint: &EndpointName, attempts: &[DeliveryAttempt]) {
        for attempt in attempts {
            self.last_attempt += 1;
            let (id, endpoint) = (self.last_attempt, endpoint.clone());
            self.delivery_log.push(LoggedAttempt { id, endpoint, attempt: attempt.clone() });
        }
    }
}

#[async_trait]
impl WebhookQueue for Memory {
    async fn distribute(&self, now: ShopTime, seen_since: ShopTime, limit: u32) -> Result<u64, StoreError> {
        let _alone = self.alone().await;
        let mut tables = self.tables();
        let seen: Vec<EndpointState> =
            tables.endpoints.values().filter(|state| state.seen_at >= seen_since).cloned().collect();
        let (firsts, others): (Vec<_>, Vec<_>) = seen.into_iter().partition(|state| state.name.is_first());
        let Some(since) = others.iter().map(|state| state.registered_at).min() else { return Ok(0) };
        let mut copies = Vec::new();
        let mut count = 0;
        for stored in &mut tables.events {
            let is_its = stored.endpoint.is_first() && !stored.is_distributed;
            if !is_its || stored.delivery.event.at < since || count >= u64::from(limit) {
                continue;
            }
            count += 1;
            stored.is_distributed = true;
            if firsts.is_empty() && stored.delivered_at.is_none() {
                (stored.delivered_at, stored.due) = (Some(now), None);
            }
            copies.push(stored.delivery.clone());
        }
        for Delivery { event_id, event, .. } in copies {
            for state in others.iter().filter(|state| state.registered_at <= event.at) {
                tables.add_event(state.name.clone(), event_id.clone(), event.clone());
            }
        }
        Ok(count)
    }

    async fn claim(
        &self,
        endpoint: &EndpointName,
        now: ShopTime,
        lease_until: ShopTime,
        limit: u32,
    ) -> Result<Vec<Claimed<Delivery>>, StoreError> {
        let _alone = self.alone().await;
        let mut tables = self.tables().clone();
        pause().await;
        let state = tables.endpoints.get(endpoint);
        if state.is_some_and(|state| state.paused_at.is_some()) && !self.has(Defect::ForgetsPauses) {
            return Ok(Vec::new());
        }
        let mut due: Vec<_> = tables
            .events
            .iter()
            .enumerate()
            .filter(|(nth, stored)| {
                stored.endpoint == *endpoint
                    && stored.due.is_some_and(|due| due.at <= now)
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

    async fn delivered(
        &self,
        endpoint: &EndpointName,
        ids: &[OutboxId],
        attempts: &[DeliveryAttempt],
        at: ShopTime,
    ) -> Result<(), StoreError> {
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
            let of_order = |stored: &&mut StoredEvent| {
                stored.delivery.event.order_id == order && stored.endpoint == *endpoint
            };
            for waiting in tables.events.iter_mut().filter(of_order) {
                if waiting.delivered_at.is_none() && waiting.due.is_none_or(|due| due.at > at) {
                    waiting.due = Some(Due { at, attempts: waiting.due.map_or(0, |due| due.attempts) });
                }
            }
        }
        tables.log(endpoint, attempts);
        if let Some(state) = tables.endpoints.get_mut(endpoint).filter(|_| !attempts.is_empty()) {
            (state.last_success_at, state.failing_since) = (Some(at), None);
        }
        Ok(())
    }

    async fn put_off(
        &self,
        endpoint: &EndpointName,
        id: OutboxId,
        attempt: &DeliveryAttempt,
        due_at: Option<ShopTime>,
    ) -> Result<(), StoreError> {
        let _alone = self.alone().await;
        let mut tables = self.tables();
        tables.log(endpoint, std::slice::from_ref(attempt));
        if let Some(state) = tables.endpoints.get_mut(endpoint) {
            let since = failing_since(state.failing_since, state.last_failure_at, attempt.at);
            (state.failing_since, state.last_failure_at) = (Some(since), Some(attempt.at));
        }
        let is_open = |stored: &&StoredEvent| stored.delivery.id == id && stored.delivered_at.is_none();
        let Some(order) =
            tables.events.iter().find(is_open).map(|stored| stored.delivery.event.order_id.clone())
        else {
            return Ok(());
        };
        for stored in &mut tables.events {
            let Delivery { id: this, event, .. } = &stored.delivery;
            let is_behind = event.order_id == order && *this >= id && stored.endpoint == *endpoint;
            if is_behind && stored.delivered_at.is_none() {
                let attempts = stored.due.map_or(0, |due| due.attempts);
                stored.due = due_at.map(|at| Due { at, attempts });
            }
        }
        Ok(())
    }

    async fn resend(
        &self,
        endpoint: &EndpointName,
        which: &Resend,
        now: ShopTime,
    ) -> Result<u64, StoreError> {
        let _alone = self.alone().await;
        let mut count = 0;
        let all = self.has(Defect::MixesEndpoints);
        for stored in self.tables().events.iter_mut().filter(|stored| all || stored.endpoint == *endpoint) {
            let event = &stored.delivery.event;
            let is_meant = match which {
                Resend::GivenUp => stored.delivered_at.is_none() && stored.due.is_none(),
                Resend::OfOrder(order_id) => event.order_id == *order_id,
                Resend::Event { order_id, event_id } => {
                    event.order_id == *order_id && stored.delivery.event_id == *event_id
                }
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
        let mut tables = self.tables();
        let unseen: Vec<EndpointName> = tables
            .endpoints
            .values()
            .filter(|state| state.seen_at < delivered_before)
            .map(|state| state.name.clone())
            .collect();
        tables.events.retain(|stored| {
            let is_given = stored.is_distributed || stored.delivery.event.at < delivered_before;
            let is_its_alone = !stored.endpoint.is_first() || stored.delivered_at.is_none() && is_given;
            let is_old = stored.delivered_at.is_some_and(|at| at < delivered_before)
                || is_its_alone && unseen.contains(&stored.endpoint);
            let goes = is_old && purged < u64::from(limit);
            purged += u64::from(goes);
            !goes
        });
        if purged == 0 {
            tables.endpoints.retain(|name, _| !unseen.contains(name));
        }
        Ok(purged)
    }

    async fn backlog(&self, endpoint: &EndpointName) -> Result<OutboxBacklog, StoreError> {
        let tables = self.tables();
        let undelivered = tables
            .events
            .iter()
            .filter(|stored| stored.endpoint == *endpoint && stored.delivered_at.is_none());
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

#[async_trait]
impl WebhookEndpoints for Memory {
    async fn register(&self, names: &[EndpointName], now: ShopTime) -> Result<(), StoreError> {
        let _alone = self.alone().await;
        let mut tables = self.tables();
        for name in names {
            let new = EndpointState {
                name: name.clone(),
                registered_at: now,
                seen_at: now,
                paused_at: None,
                failing_since: None,
                last_failure_at: None,
                last_success_at: None,
            };
            let state = tables.endpoints.entry(name.clone()).or_insert(new);
            state.seen_at = state.seen_at.max(now);
        }
        Ok(())
    }

    async fn states(&self) -> Result<Vec<EndpointState>, StoreError> {
        Ok(self.tables().endpoints.values().cloned().collect())
    }

    async fn pause(
        &self,
        name: &EndpointName,
        failing_before: ShopTime,
        at: ShopTime,
    ) -> Result<bool, StoreError> {
        let _alone = self.alone().await;
        let state = self.tables().endpoints.get(name).cloned();
        pause().await;
        let is_due = |state: &EndpointState| {
            state.paused_at.is_none() && state.failing_since.is_some_and(|since| since <= failing_before)
        };
        let Some(mut state) = state.filter(is_due) else { return Ok(false) };
        state.paused_at = Some(at);
        self.tables().endpoints.insert(name.clone(), state);
        Ok(true)
    }

    async fn resume(&self, name: &EndpointName) -> Result<bool, StoreError> {
        let _alone = self.alone().await;
        let mut tables = self.tables();
        let Some(state) = tables.endpoints.get_mut(name) else { return Ok(false) };
        state.failing_since = state.failing_since.filter(|_| state.paused_at.is_none());
        Ok(state.paused_at.take().is_some())
    }

    async fn attempts(&self, query: &AttemptQuery) -> Result<Vec<LoggedAttempt>, StoreError> {
        let is_it = |logged: &&LoggedAttempt| {
            query.endpoint.as_ref().is_none_or(|endpoint| logged.endpoint == *endpoint)
                && query.order_id.as_ref().is_none_or(|order_id| logged.attempt.order_id == *order_id)
                && query.before.is_none_or(|before| logged.id < before)
        };
        let limit = usize::try_from(query.limit).unwrap();
        Ok(self.tables().delivery_log.iter().rev().filter(is_it).take(limit).cloned().collect())
    }

    async fn purge_attempts(&self, before: ShopTime, most: u64, limit: u32) -> Result<u64, StoreError> {
        let _alone = self.alone().await;
        let mut tables = self.tables();
        let kept_after = tables.last_attempt - i64::try_from(most).unwrap();
        let mut purged = 0;
        tables.delivery_log.retain(|logged| {
            let goes = (logged.attempt.at < before || logged.id <= kept_after) && purged < u64::from(limit);
            purged += u64::from(goes);
            !goes
        });
        Ok(purged)
    }
}

fn has_undelivered_before(events: &[StoredEvent], nth: usize) -> bool {
    let (endpoint, order) = (&events[nth].endpoint, &events[nth].delivery.event.order_id);
    let mut before = events.iter().take(nth);
    before.any(|stored| {
        stored.endpoint == *endpoint
            && stored.delivery.event.order_id == *order
            && stored.delivered_at.is_none()
    })
}
