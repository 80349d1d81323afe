//! `/v1/admin/webhooks`: endpoints, the delivery log, resending and resuming.

use std::time::Duration;

use domain::{
    AttemptOutcome, DeliveryAttempt, EndpointName, EndpointState, EventFilter, EventId, OrderEventKind,
    OrderId,
};
use mockall::predicate::eq;
use ports::{AttemptQuery, LoggedAttempt, OutboxBacklog, Resend, Resent};

use super::*;

const WEBHOOKS: &str = "/v1/admin/webhooks";
const EVENT: &str = "evt_019ac6d7-5b00-7000-8000-000000000000";

fn named(name: &str) -> EndpointName {
    EndpointName::parse(name).unwrap()
}

fn endpoint(name: &str) -> EndpointState {
    EndpointState {
        name: named(name),
        registered_at: at("12:00:00"),
        seen_at: at("12:00:00"),
        paused_at: None,
        failing_since: None,
        last_failure_at: None,
        last_success_at: Some(at("12:00:01")),
    }
}

/// One endpoint that is in the settings, and one that is not.
fn with_endpoints() -> Mocks {
    let mut mocks = Mocks::untouched();
    mocks.endpoints.expect_states().returning(|| {
        let failing = EndpointState {
            paused_at: Some(at("15:00:00")),
            failing_since: Some(at("12:00:02")),
            last_failure_at: Some(at("14:59:59")),
            ..endpoint("erp")
        };
        Ok(vec![endpoint("default"), failing])
    });
    mocks
}

#[actix_web::test]
async fn endpoints_are_listed_with_what_they_owe() {
    let mut mocks = with_endpoints();
    mocks.webhooks.expect_backlog().times(2).returning(|name| {
        let oldest = Some(at("12:00:02"));
        let owed = OutboxBacklog { undelivered: 9, given_up: 1, oldest };
        Ok(if name.is_first() { OutboxBacklog::default() } else { owed })
    });
    let listed = done(&sent(mocks, get(WEBHOOKS)).await);
    assert_eq!(
        listed,
        json!({"endpoints": [
            {"name": "default", "host": null, "types": [], "registered_at": "2019-11-28 12:00:00",
             "paused_at": null, "failing_since": null, "last_failure_at": null,
             "last_success_at": "2019-11-28 12:00:01", "undelivered": 0, "given_up": 0, "oldest": null},
            {"name": "erp", "host": "erp.example:8443", "types": ["order.refund"],
             "registered_at": "2019-11-28 12:00:00", "paused_at": "2019-11-28 15:00:00",
             "failing_since": "2019-11-28 12:00:02", "last_failure_at": "2019-11-28 14:59:59",
             "last_success_at": "2019-11-28 12:00:01", "undelivered": 9, "given_up": 1,
             "oldest": "2019-11-28 12:00:02"},
        ]})
    );
}

fn logged(id: i64, outcome: AttemptOutcome) -> LoggedAttempt {
    let attempt = DeliveryAttempt {
        event_id: EventId::parse(EVENT).unwrap(),
        order_id: OrderId::parse(ORDER).unwrap(),
        kind: OrderEventKind::Created,
        at: at("12:00:02"),
        took: Duration::from_micros(12_345),
        outcome,
    };
    LoggedAttempt { id, endpoint: named("erp"), attempt }
}

#[actix_web::test]
async fn the_delivery_log_is_shown_page_by_page() {
    let mut mocks = Mocks::untouched();
    let asked = AttemptQuery {
        endpoint: Some(named("erp")),
        order_id: Some(OrderId::parse(ORDER).unwrap()),
        before: Some(9),
        limit: 3,
    };
    mocks.endpoints.expect_attempts().times(1).with(eq(asked)).returning(|_| {
        Ok(vec![
            logged(8, AttemptOutcome::Delivered(204)),
            logged(5, AttemptOutcome::Unreachable),
            logged(4, AttemptOutcome::CutOff),
        ])
    });
    let uri = format!("{WEBHOOKS}/attempts?endpoint=erp&order_id={ORDER}&before=9&limit=2");
    let shown = |id: i64, outcome: &str, http_status: Value| {
        json!({"id": id, "endpoint": "erp", "event_id": EVENT, "order_id": ORDER, "type": "order.created",
               "at": "2019-11-28 12:00:02", "took_ms": 12, "outcome": outcome, "http_status": http_status})
    };
    assert_eq!(
        done(&sent(mocks, get(&uri)).await),
        json!({"attempts": [shown(8, "delivered", json!(204)), shown(5, "unreachable", Value::Null)], "next": 5})
    );
    let mut mocks = Mocks::untouched();
    let all = AttemptQuery { limit: 51, ..AttemptQuery::default() };
    mocks.endpoints.expect_attempts().times(1).with(eq(all)).returning(|_| Ok(Vec::new()));
    let nothing = done(&sent(mocks, get(&format!("{WEBHOOKS}/attempts"))).await);
    assert_eq!(nothing, json!({"attempts": [], "next": null}));
    for (query, named) in [
        ("endpoint=ERP", "endpoint"),
        ("order_id=x", "order_id"),
        ("before=0", "before"),
        ("before=x", "before"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=1&limit=2", "limit"),
        ("what=1", "what"),
    ] {
        bad_parameter(get(&format!("{WEBHOOKS}/attempts?{query}")), named).await;
    }
}

#[actix_web::test]
async fn one_event_is_resent_to_one_endpoint() {
    let uri = format!("{WEBHOOKS}/erp/resend");
    let body = json!({"order_id": ORDER, "event_id": EVENT});
    let which =
        Resend::Event { order_id: OrderId::parse(ORDER).unwrap(), event_id: EventId::parse(EVENT).unwrap() };
    let refunds = EventFilter::Kinds(vec![OrderEventKind::Refund]);
    for (due, unwanted) in [(1, 0), (0, 0), (0, 1)] {
        let mut mocks = with_endpoints();
        mocks
            .webhooks
            .expect_resend()
            .times(1)
            .with(eq(named("erp")), eq(which.clone()), eq(refunds.clone()), eq(noon()))
            .returning(move |_, _, _, _| Ok(Resent { due, unwanted }));
        let answer = sent(mocks, post(&uri, &body)).await;
        match (due, unwanted) {
            (1, _) => assert_eq!(done(&answer), json!({"resent": 1, "waits_for_resume": true})),
            (_, 0) => assert_eq!(refused(&answer, EVENT_NOT_FOUND), "该订单没有这个事件,或已清除"),
            (_, _) => {
                let text = refused(&answer, NOT_SENT);
                assert_eq!(text, "推送端点 erp 的 types 不包含该事件的类型,不会推送");
            }
        }
    }
    let mut mocks = Mocks::untouched();
    mocks.endpoints.expect_states().returning(|| Ok(vec![endpoint("erp")]));
    mocks.webhooks.expect_resend().times(1).returning(|_, _, _, _| Ok(Resent { due: 1, unwanted: 0 }));
    assert_eq!(done(&sent(mocks, post(&uri, &body)).await), json!({"resent": 1, "waits_for_resume": false}));
    let answer = sent(with_endpoints(), post(&format!("{WEBHOOKS}/default/resend"), &body)).await;
    assert_eq!(refused(&answer, NOT_SENT), "该推送端点不在配置中,不会推送");
    bad_bodies(&uri, &body).await;
    bad_parameter(post(&uri, &json!({"order_id": "x", "event_id": EVENT})), "订单编号").await;
    bad_parameter(post(&uri, &json!({"order_id": ORDER, "event_id": "x"})), "event_id").await;
}

#[actix_web::test]
async fn an_endpoint_is_resumed() {
    for resumed in [true, false] {
        let mut mocks = with_endpoints();
        mocks.webhooks.expect_resend().times(1).returning(|_, _, _, _| Ok(Resent::default()));
        mocks.endpoints.expect_resume().times(1).with(eq(named("erp"))).returning(move |_| Ok(resumed));
        let answer = sent(mocks, post(&format!("{WEBHOOKS}/erp/resume"), &json!({}))).await;
        assert_eq!(done(&answer), json!({"resumed": resumed}));
    }
    let answer = sent(with_endpoints(), post(&format!("{WEBHOOKS}/default/resume"), &json!({}))).await;
    assert_eq!(done(&answer), json!({"resumed": false}), "it is not paused");
}

#[actix_web::test]
async fn an_endpoint_that_is_not_there_is_404() {
    let body = json!({"order_id": ORDER, "event_id": EVENT});
    for what in ["resend", "resume"] {
        for name in ["nobody", "NOBODY", "%E8%AE%A2"] {
            let answer = sent(with_endpoints(), post(&format!("{WEBHOOKS}/{name}/{what}"), &body)).await;
            assert_eq!(refused(&answer, ENDPOINT_NOT_FOUND), "没有这个推送端点", "{name}");
        }
    }
}

#[actix_web::test]
async fn nobody_but_staff_is_let_in() {
    let client = Mocks::untouched().open().await;
    for uri in [WEBHOOKS.to_owned(), format!("{WEBHOOKS}/attempts")] {
        let answer = client.send(TestRequest::get().uri(&uri)).await;
        refused(&answer, UNAUTHENTICATED);
    }
    for what in ["resend", "resume"] {
        let request = TestRequest::post().uri(&format!("{WEBHOOKS}/erp/{what}")).set_payload("{}");
        refused(&client.send(request).await, UNAUTHENTICATED);
    }
    client.close().await;
}

#[actix_web::test]
async fn a_failure_of_the_database_is_told_without_its_cause() {
    let mut mocks = Mocks::untouched();
    mocks.endpoints.expect_states().times(1).returning(|| Err(store_down()));
    refused(&sent(mocks, get(WEBHOOKS)).await, INTERNAL);
    let mut mocks = Mocks::untouched();
    mocks.endpoints.expect_attempts().times(1).returning(|_| Err(rows_locked()));
    refused(&sent(mocks, get(&format!("{WEBHOOKS}/attempts"))).await, BUSY);
    let mut mocks = with_endpoints();
    mocks.webhooks.expect_resend().times(1).returning(|_, _, _, _| Ok(Resent::default()));
    mocks.endpoints.expect_resume().times(1).returning(|_| Err(store_down()));
    refused(&sent(mocks, post(&format!("{WEBHOOKS}/erp/resume"), &json!({}))).await, INTERNAL);
}
