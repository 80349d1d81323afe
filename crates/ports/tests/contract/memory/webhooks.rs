use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Delivery, DeliveryAttempt, EndpointName, EndpointState, EventFilter, EventId, OrderEvent, OutboxId,
    ShopTime, failing_since,
};
use ports::{
    AttemptQuery, Claimed, LoggedAttempt, OutboxBacklog, Pause, Resend, Resent, StoreError, WebhookEndpoints,
    WebhookQueue,
};

use super::{Defect, Memory, Tables, pause, writing::Unit};

/// An event on its way to one endpoint.
#[derive(Clone)]
pub(super) struct StoredEvent {
    endpoint: EndpointName,
    delivery: Delivery,
    due_at: Option<ShopTime>,
    attempts: u32,
    delivered_at: Option<ShopTime>,
    is_distributed: bool,
}

impl Unit {
    /// Stores events for the endpoints.
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
        let due_at = Some(event.at);
        let delivery = Delivery { id: OutboxId(self.last_event), event_id, event };
        self.events.push(StoredEvent {
            endpoint,
            delivery,
            due_at,
            attempts: 0,
            delivered_at: None,
            is_distributed: false,
        });
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
        let seen = |tables: &Tables| -> Vec<EndpointState> {
            tables.endpoints.values().filter(|state| state.seen_at >= seen_since).cloned().collect()
        };
        let known = seen(&self.tables());
        if self.has(Defect::LooksTooEarly) {
            for _ in 0..9 {
                pause().await;
            }
        }
        let _alone = self.alone().await;
        let mut tables = self.tables();
        let seen = if self.has(Defect::LooksTooEarly) { known } else { seen(&tables) };
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
                (stored.delivered_at, stored.due_at) = (Some(now), None);
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
                    && stored.due_at.is_some_and(|due_at| due_at <= now)
                    && (self.has(Defect::Overtakes) || !has_undelivered_before(&tables.events, *nth))
            })
            .filter_map(|(nth, stored)| Some((stored.due_at?, nth)))
            .collect();
        due.sort_unstable();
        let mut claimed = Vec::new();
        for (_, nth) in due.into_iter().take(usize::try_from(limit).unwrap()) {
            let stored = &mut tables.events[nth];
            claimed.push(Claimed { item: stored.delivery.clone(), attempts: stored.attempts });
            if !self.has(Defect::ForgetsLeases) {
                (stored.due_at, stored.attempts) = (Some(lease_until), stored.attempts + 1);
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
            (told.delivered_at, told.due_at) = (Some(at), None);
            let order = told.delivery.event.order_id.clone();
            let of_order = |stored: &&mut StoredEvent| {
                stored.delivery.event.order_id == order && stored.endpoint == *endpoint
            };
            for waiting in tables.events.iter_mut().filter(of_order) {
                let waits = waiting.attempts == 0
                    || self.has(Defect::BreaksLeases)
                    || self.has(Defect::FinishesTwice);
                if waits && waiting.delivered_at.is_none() && waiting.due_at.is_none_or(|due_at| due_at > at)
                {
                    waiting.due_at = Some(at);
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
            let is_its = event.order_id == order && stored.endpoint == *endpoint;
            let waits = *this > id && (stored.attempts == 0 || self.has(Defect::BreaksLeases));
            if is_its && (*this == id || waits) && stored.delivered_at.is_none() {
                stored.due_at = due_at;
            }
        }
        Ok(())
    }

    async fn resend(
        &self,
        endpoint: &EndpointName,
        which: &Resend,
        sent: &EventFilter,
        now: ShopTime,
    ) -> Result<Resent, StoreError> {
        let _alone = self.alone().await;
        let mut resent = Resent::default();
        let all = self.has(Defect::MixesEndpoints);
        let mut tables = self.tables();
        let mut in_its_way = None;
        for stored in tables.events.iter_mut().filter(|stored| all || stored.endpoint == *endpoint) {
            let event = &stored.delivery.event;
            let is_meant = match which {
                Resend::GivenUp => stored.delivered_at.is_none() && stored.due_at.is_none(),
                Resend::Failing => {
                    stored.delivered_at.is_none() && stored.due_at.is_some() && stored.attempts > 0
                }
                Resend::OfOrder(order_id) => event.order_id == *order_id,
                Resend::Event { order_id, event_id } => {
                    event.order_id == *order_id && stored.delivery.event_id == *event_id
                }
                Resend::Happened { from, until } => event.at >= *from && event.at < *until,
            };
            let is_sent = sent.wants(event.kind) || self.has(Defect::ResendsAnything);
            if is_meant && (is_sent || stored.delivered_at.is_none()) {
                (stored.delivered_at, stored.due_at, stored.attempts) = (None, Some(now), 0);
            }
            resent.due += u64::from(is_meant && is_sent);
            resent.unwanted += u64::from(is_meant && !is_sent);
            if is_meant && is_sent && matches!(which, Resend::Event { .. }) {
                in_its_way = Some((stored.delivery.id, event.order_id.clone()));
            }
        }
        for stored in &mut tables.events {
            let is_its = in_its_way.as_ref().is_some_and(|(id, order)| {
                stored.delivery.id < *id && stored.delivery.event.order_id == *order
            });
            let is_given_up = stored.delivered_at.is_none() && stored.due_at.is_none();
            if is_its && is_given_up && stored.endpoint == *endpoint {
                (stored.due_at, stored.attempts) = (Some(now), 0);
            }
        }
        Ok(resent)
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
                given_up: backlog.given_up + u64::from(stored.due_at.is_none()),
                oldest: Some(backlog.oldest.map_or(at, |oldest| oldest.min(at))),
            }
        }))
    }
}

#[async_trait]
impl WebhookEndpoints for Memory {
    async fn register(
        &self,
        names: &[EndpointName],
        now: ShopTime,
        absent_for: Duration,
    ) -> Result<(), StoreError> {
        let _alone = self.alone().await;
        let mut tables = self.tables();
        let latest = tables.endpoints.values().map(|state| state.seen_at).max();
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
            let is_absent = latest.is_some_and(|latest| state.seen_at < latest.before(absent_for));
            if is_absent && !self.has(Defect::KeepsRegistrations) {
                state.registered_at = now;
            }
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
    ) -> Result<Pause, StoreError> {
        let _alone = self.alone().await;
        let state = self.tables().endpoints.get(name).cloned();
        pause().await;
        let Some(mut state) = state else { return Ok(Pause::None) };
        if state.paused_at.is_some() {
            return Ok(Pause::GoesOn);
        }
        let last_failure =
            state.last_failure_at.map(|last| if self.has(Defect::KeepsStreaks) { at } else { last });
        if failing_since(state.failing_since, last_failure, at) > failing_before {
            return Ok(Pause::None);
        }
        state.paused_at = Some(at);
        self.tables().endpoints.insert(name.clone(), state);
        Ok(Pause::Begun)
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
