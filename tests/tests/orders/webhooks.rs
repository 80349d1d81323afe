//! Several webhook endpoints: each has its own queue.

use adapters::{private_files, system::SystemClock};
use ports::Clock;
use serde_json::{Value, json};
use tests::{Dashop, Listener, Reception, Setup, Staff, until};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SECOND_SECRET: &str = "a secret of before that is still in use";
const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

tests::on_both_stores!(
    two_endpoints_have_their_own_queues,
    an_endpoint_that_fails_for_long_is_paused_and_resumed
);

/// A shop with the endpoint `default`, and `erp` with these additional lines in its table.
async fn shop(setup: Setup, first: &Listener, erp: &Listener, lines: &str) -> Dashop {
    let file = setup.directory().join("dashop.toml");
    let url = erp.url();
    let table = format!("[webhooks.erp]\nurl = \"{url}\"\nsecret = \"{SECRET}\"\n{lines}\n");
    private_files::create(&file, table.as_bytes()).unwrap();
    let setup = setup
        .with("DASHOP_CONFIG", file.to_str().unwrap())
        .with("DASHOP_EVENTS_URL", first.url())
        .with("DASHOP_EVENTS_SECRET", SECRET)
        .with("DASHOP_EVENTS_SECOND_SECRET", SECOND_SECRET)
        .with("DASHOP_EVENTS_PAUSE_HOURS", "1")
        .with_metrics();
    let dashop = setup.start().await;
    let mut database = dashop.database().await;
    database.add_buyers(905, 2).await;
    database.add_sku(901, "313.91", 10).await;
    dashop
}

/// The types of the order's accepted events, in the order of arrival.
fn taken(listener: &Listener, order_id: &str) -> Vec<String> {
    let events = listener.events(order_id).into_iter().filter(|event| event.is_taken);
    events.map(|event| event.json()["type"].as_str().unwrap().to_owned()).collect()
}

async fn endpoint(staff: &Staff, name: &str) -> Value {
    let listed = staff.get("webhooks").await;
    let endpoints = listed["endpoints"].as_array().unwrap();
    endpoints.iter().find(|endpoint| endpoint["name"] == name).unwrap_or_else(|| panic!("{listed}")).clone()
}

async fn attempts(staff: &Staff, query: &str) -> Vec<Value> {
    let log = staff.get(&format!("webhooks/attempts?{query}")).await;
    log["attempts"].as_array().unwrap().clone()
}

/// One endpoint is down, then refuses events; the other still gets its events. A resend to one does not resend to the
/// other.
async fn two_endpoints_have_their_own_queues(setup: Setup) {
    let (first, erp) = (Listener::start().await, Listener::start().await);
    first.break_down(Some(503));
    let dashop = shop(setup, &first, &erp, "types = [\"order.status_changed\"]").await;
    let order_id = dashop.order_one(905, 901).await;
    erp.receive(&order_id, [Reception::HangUp]);
    assert_eq!(dashop.buyer("b905").cancel(&order_id).await["code"], 200);
    until("the other endpoint has the event", async || taken(&erp, &order_id).len() == 1).await;
    assert_eq!(taken(&erp, &order_id), ["order.status_changed"], "nothing else is wanted there");
    assert_eq!(taken(&first, &order_id), [""; 0]);
    assert!(!first.events(&order_id).is_empty(), "it was tried");
    for event in erp.events(&order_id) {
        assert!(event.is_signed_with(SECRET) && !event.is_signed_with(SECOND_SECRET), "{event:?}");
    }

    first.break_down(None);
    until("the first endpoint receives both", async || taken(&first, &order_id).len() == 2).await;
    assert_eq!(taken(&first, &order_id), ["order.created", "order.status_changed"]);
    for event in first.events(&order_id) {
        assert!(event.is_signed_with(SECRET) && event.is_signed_with(SECOND_SECRET), "{event:?}");
        assert!(!event.is_signed_with("another secret of enough bytes"), "{event:?}");
        assert_eq!(event.headers["webhook-id"], event.json()["id"]);
        assert_eq!(event.headers["webhook-timestamp"], event.headers["dashop-timestamp"]);
    }
    let staff = dashop.staff("小王");
    until("all is on record", async || {
        endpoint(&staff, "erp").await["undelivered"] == 0
            && endpoint(&staff, "default").await["undelivered"] == 0
    })
    .await;
    let of_erp = attempts(&staff, &format!("endpoint=erp&order_id={order_id}")).await;
    let outcomes: Vec<_> =
        of_erp.iter().map(|attempt| (&attempt["outcome"], &attempt["http_status"])).collect();
    assert_eq!(outcomes, [(&json!("delivered"), &json!(200)), (&json!("unreachable"), &Value::Null)]);
    let of_first = attempts(&staff, &format!("endpoint=default&order_id={order_id}&limit=9")).await;
    assert!(of_first.iter().any(|attempt| attempt["http_status"] == 503), "{of_first:?}");

    let event_id = &of_erp[0]["event_id"];
    let again = json!({"order_id": order_id, "event_id": event_id});
    let resent = staff.post("webhooks/erp/resend", again.clone()).await.json();
    assert_eq!(resent, json!({"resent": 1, "waits_for_resume": false}));
    until("erp receives it once more", async || taken(&erp, &order_id).len() == 2).await;
    assert_eq!(erp.events(&order_id).last().unwrap().json()["id"], *event_id);
    assert_eq!(taken(&first, &order_id).len(), 2);
    let arguments =
        ["resend", "--order", &order_id, "--event", event_id.as_str().unwrap(), "--endpoint", "default"];
    assert_eq!(dashop.events(&arguments), "1 events will be sent once more\n");
    until("the first receives it once more", async || taken(&first, &order_id).len() == 3).await;
    assert_eq!(taken(&erp, &order_id).len(), 2);
    let log = dashop.log();
    assert!(!log.contains(SECRET) && !log.contains(SECOND_SECRET), "no secret is logged");
}

async fn an_endpoint_that_fails_for_long_is_paused_and_resumed(setup: Setup) {
    let (first, erp) = (Listener::start().await, Listener::start().await);
    erp.break_down(Some(500));
    let dashop = shop(setup, &first, &erp, "").await;
    let staff = dashop.staff("小王");
    let order_id = dashop.order_one(905, 901).await;
    until("it fails", async || endpoint(&staff, "erp").await["failing_since"] != Value::Null).await;
    assert_eq!(endpoint(&staff, "default").await["failing_since"], Value::Null);
    assert_eq!(endpoint(&staff, "erp").await["paused_at"], Value::Null, "not for long");
    let long_ago = SystemClock.now().before(std::time::Duration::from_secs(2 * 3600));
    let mut database = dashop.database().await;
    database
        .execute(&format!(
            "UPDATE dashop_webhook_endpoint SET failing_since = '{long_ago}.000000' WHERE name = 'erp'"
        ))
        .await;
    until("it is paused", async || endpoint(&staff, "erp").await["paused_at"] != Value::Null).await;
    until("the log says so", async || dashop.log().contains("is paused")).await;
    assert!(dashop.events(&["status"]).contains("paused since: "));
    let metrics = dashop.metrics().await;
    assert!(metrics.contains("dashop_webhook_paused{endpoint=\"erp\"} 1"), "{metrics}");
    assert!(metrics.contains("dashop_webhook_paused{endpoint=\"default\"} 0"), "{metrics}");

    let tried = erp.events(&order_id).len();
    assert_eq!(dashop.buyer("b905").cancel(&order_id).await["code"], 200);
    let other = dashop.order_one(906, 901).await;
    until("the first endpoint receives all", async || {
        taken(&first, &order_id).len() == 2 && taken(&first, &other).len() == 1
    })
    .await;
    assert_eq!((erp.events(&order_id).len(), erp.events(&other).len()), (tried, 0), "nothing is sent there");
    until("nothing is lost", async || endpoint(&staff, "erp").await["undelivered"] == 3).await;

    erp.break_down(None);
    assert_eq!(dashop.events(&["resume", "erp"]), "erp is resumed\n");
    assert_eq!(dashop.events(&["resume", "erp"]), "erp is not paused; nothing was changed\n");
    until("erp receives all", async || taken(&erp, &order_id).len() == 2 && taken(&erp, &other).len() == 1)
        .await;
    assert_eq!(taken(&erp, &order_id), ["order.created", "order.status_changed"]);
    // The endpoint accepts an event before that is recorded.
    until("all is on record", async || endpoint(&staff, "erp").await["undelivered"] == 0).await;
    let well = endpoint(&staff, "erp").await;
    assert_eq!((&well["failing_since"], &well["paused_at"]), (&Value::Null, &Value::Null));
    let unknown = dashop.setup().run(&["events", "resume", "nobody"]);
    assert_eq!(unknown.status.code(), Some(1), "{unknown:?}");
}

/// Events that a request causes carry its trace; other events carry none.
#[tokio::test(flavor = "multi_thread")]
async fn the_trace_of_a_request_goes_with_what_it_causes() {
    let (first, erp) = (Listener::start().await, Listener::start().await);
    let dashop = shop(Setup::embedded(), &first, &erp, "").await;
    let buyer = dashop.buyer("b905").in_trace(TRACE);
    let body = json!({"address_id": 905, "settlement_type": 1, "sku_id": 901, "buy_num": 1});
    let created = buyer.create(body).await;
    let order_id = created["data"]["order_id"].as_str().unwrap().to_owned();
    assert_eq!(buyer.cancel(&order_id).await["code"], 200);
    let other = dashop.order_one(906, 901).await;
    for listener in [&first, &erp] {
        until("all is received", async || {
            taken(listener, &order_id).len() == 2 && taken(listener, &other).len() == 1
        })
        .await;
        for event in listener.events(&order_id) {
            assert_eq!(event.headers.get("traceparent").map(String::as_str), Some(TRACE));
        }
        assert!(listener.events(&other).iter().all(|event| !event.headers.contains_key("traceparent")));
    }
}
