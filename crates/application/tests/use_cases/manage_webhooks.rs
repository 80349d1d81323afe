//! Staff's operations on webhooks, with mocked ports.

use std::{sync::Arc, time::Duration};

use application::{ManageWebhooks, ManageWebhooksError, WebhookSettings};
use domain::{
    AttemptOutcome, DeliveryAttempt, EndpointName, EndpointState, EventFilter, EventId, OrderEventKind,
    OrderId, OutboxId,
};
use mockall::predicate::eq;
use ports::{
    AttemptQuery, LoggedAttempt, OutboxBacklog, Resend, Resent,
    mock::{MockWebhookEndpoints, MockWebhookQueue},
};

use crate::support::*;

fn erp() -> EndpointName {
    EndpointName::parse("erp").unwrap()
}

fn state(name: EndpointName) -> EndpointState {
    EndpointState {
        registered_at: noon(),
        seen_at: noon(),
        paused_at: (!name.is_first()).then(noon),
        failing_since: None,
        last_failure_at: None,
        last_success_at: None,
        name,
    }
}

fn refunds() -> EventFilter {
    EventFilter::Kinds(vec![OrderEventKind::Refund])
}

fn managing(queue: MockWebhookQueue, mut endpoints: MockWebhookEndpoints) -> ManageWebhooks {
    endpoints.expect_states().returning(|| Ok(vec![state(erp()), state(EndpointName::first())]));
    let settings = WebhookSettings { name: erp(), host: "erp.example".to_owned(), filter: refunds() };
    ManageWebhooks {
        queue: Arc::new(queue),
        endpoints: Arc::new(endpoints),
        settings: vec![settings],
        clock: Arc::new(clock()),
    }
}

#[tokio::test]
async fn events_are_resent_from_now_on() {
    let mut store = MockWebhookQueue::new();
    let resent = Resent { due: 3, unwanted: 1 };
    store
        .expect_resend()
        .times(2)
        .with(eq(erp()), eq(Resend::GivenUp), eq(refunds()), eq(noon()))
        .returning(move |_, _, _, _| Ok(resent));
    let webhooks = managing(store, MockWebhookEndpoints::new());
    assert_eq!(webhooks.resend_to_all(&Resend::GivenUp).await.unwrap(), resent);
    assert_eq!(webhooks.resend(&erp(), &Resend::GivenUp).await.unwrap(), resent);
    let refused = webhooks.resend(&EndpointName::first(), &Resend::GivenUp).await;
    assert!(matches!(refused, Err(ManageWebhooksError::NotInSettings)), "{refused:?}");
    let nobody = EndpointName::parse("nobody").unwrap();
    let refused = webhooks.resend(&nobody, &Resend::GivenUp).await;
    assert!(matches!(refused, Err(ManageWebhooksError::UnknownEndpoint)), "{refused:?}");
}

/// A page has as many rows as requested, and another page follows if there are more, even if some rows are unreadable.
#[tokio::test]
async fn the_delivery_log_is_paged() {
    for (found, shown, next) in [(0, 0, None), (2, 2, None), (3, 2, Some(8))] {
        let mut endpoints = MockWebhookEndpoints::new();
        let asked = AttemptQuery { endpoint: Some(erp()), before: Some(10), limit: 2, order_id: None };
        let one_more = AttemptQuery { limit: 3, ..asked.clone() };
        endpoints.expect_attempts().times(1).with(eq(one_more)).returning(move |_| {
            let logged = |nth: i64| LoggedAttempt { id: 9 - nth, endpoint: erp(), attempt: tried() };
            Ok((0..found).map(logged).collect())
        });
        let page = managing(MockWebhookQueue::new(), endpoints).attempts(&asked).await.unwrap();
        assert_eq!((page.items.len(), page.next), (shown, next));
    }
}

fn tried() -> DeliveryAttempt {
    DeliveryAttempt {
        event_id: EventId::of_row(OutboxId(1)),
        order_id: OrderId::parse("1").unwrap(),
        kind: OrderEventKind::Created,
        at: noon(),
        took: Duration::ZERO,
        outcome: AttemptOutcome::CutOff,
    }
}

#[tokio::test]
async fn endpoints_are_listed_and_resumed() {
    let mut store = MockWebhookQueue::new();
    let backlog = OutboxBacklog { undelivered: 3, given_up: 1, oldest: Some(noon()) };
    store.expect_backlog().times(2).returning(move |_| Ok(backlog));
    store
        .expect_resend()
        .times(1)
        .with(eq(erp()), eq(Resend::Failing), eq(refunds()), eq(noon()))
        .returning(|_, _, _, _| Ok(Resent::default()));
    let mut endpoints = MockWebhookEndpoints::new();
    endpoints.expect_resume().times(1).with(eq(erp())).returning(|_| Ok(true));
    let webhooks = managing(store, endpoints);
    let listed = webhooks.list().await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0].settings.as_ref().map(|settings| settings.host.as_str()), Some("erp.example"));
    assert_eq!((&listed[1].settings, listed[1].backlog), (&None, backlog));
    assert!(webhooks.resume(&erp()).await.unwrap());
    assert_eq!(webhooks.paused().await.unwrap(), [erp()]);
    let of_first = webhooks.resume(&EndpointName::first()).await.unwrap();
    assert!(!of_first, "one that is not paused is as it was: its failures count");
    let nobody = EndpointName::parse("nobody").unwrap();
    assert!(matches!(webhooks.resume(&nobody).await, Err(ManageWebhooksError::UnknownEndpoint)));
}
