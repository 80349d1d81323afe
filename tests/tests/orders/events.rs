//! Order events for an endpoint that fails, hangs and recovers.

use adapters::system::SystemClock;
use ports::Clock;
use tests::{Dashop, Event, Listener, Reception, Setup, until};

const SECRET: &str = "a secret of the tests that both sides have";

tests::on_both_stores!(an_endpoint_that_fails_receives_all_in_order_over_a_kill);

/// A shop that sends its events to the listener.
async fn shop(setup: Setup, listener: &Listener) -> Dashop {
    let setup = setup.with("DASHOP_EVENTS_URL", listener.url()).with("DASHOP_EVENTS_SECRET", SECRET);
    let dashop = setup.start().await;
    let mut database = dashop.database().await;
    database.add_buyers(905, 2).await;
    database.add_sku(901, "313.91", 10).await;
    dashop
}

/// The type and the new status of the accepted events.
fn taken(listener: &Listener, order_id: &str) -> Vec<(String, i64)> {
    let events = listener.events(order_id).into_iter().filter(|event| event.is_taken);
    events.map(|event| (kind(&event), event.json()["to"].as_i64().unwrap())).collect()
}

fn kind(event: &Event) -> String {
    event.json()["type"].as_str().unwrap().to_owned()
}

async fn an_endpoint_that_fails_receives_all_in_order_over_a_kill(setup: Setup) {
    let listener = Listener::start().await;
    listener.receive_unknown([Reception::HangUp]);
    let dashop = shop(setup, &listener).await;
    let order_id = dashop.order_one(905, 901).await;
    // A redirect is not an acceptance either: an event that is signed for one endpoint is not sent to another.
    listener.receive(&order_id, [Reception::Status(302)]);
    until("the first try has failed", async || listener.events(&order_id).len() == 1).await;
    let cancelled = dashop.buyer("b905").cancel(&order_id).await;
    assert_eq!(cancelled["code"], 200, "{cancelled}");
    assert!(dashop.events(&["status"]).starts_with("undelivered: 2\ngiven up: 0\noldest: "));

    let dashop = dashop.kill().start().await;
    let all = [("order.created".to_owned(), 1), ("order.status_changed".to_owned(), 5)];
    until("both are received", async || taken(&listener, &order_id).len() == 2).await;
    assert_eq!(taken(&listener, &order_id), all);
    let events = listener.events(&order_id);
    assert_eq!(
        events.iter().map(kind).collect::<Vec<_>>(),
        ["order.created", "order.created", "order.created", "order.status_changed"]
    );
    for event in &events {
        let sent_at: i64 = event.headers["dashop-timestamp"].parse().unwrap();
        assert!((SystemClock.now().unix_seconds() - sent_at).abs() < 60, "{event:?}");
        assert!(event.is_signed_with(SECRET), "{event:?}");
        assert!(!event.is_signed_with("another"), "{event:?}");
        assert_eq!(event.headers["dashop-event-id"], event.json()["id"]);
        assert_eq!(event.headers["content-type"], "application/json");
    }
    assert_eq!(events[0].body, events[2].body, "the same event is the same each time");
    until("it is written down", async || dashop.events(&["status"]) == "undelivered: 0\ngiven up: 0\n").await;

    assert_eq!(dashop.events(&["resend", "--order", &order_id]), "2 events will be sent once more\n");
    until("both are received once more", async || taken(&listener, &order_id).len() == 4).await;
    assert_eq!(taken(&listener, &order_id), [all.clone(), all].concat());
    assert_eq!(listener.events(&order_id)[5].body, events[3].body);
    let log = dashop.log();
    assert!(!log.contains(SECRET) && !log.contains("of-the-listener"), "no secret is logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_hangs_over_one_order_receives_others_and_is_given_up() {
    let listener = Listener::start().await;
    listener.receive_unknown([Reception::Silence]);
    let dashop = shop(Setup::embedded(), &listener).await;
    let hanging = dashop.order_one(905, 901).await;
    until("the listener hangs", async || listener.events(&hanging).len() == 1).await;
    assert_eq!(dashop.buyer("b905").cancel(&hanging).await["code"], 200);
    let other = dashop.order_one(906, 901).await;
    until("the other order's is received", async || taken(&listener, &other).len() == 1).await;
    assert_eq!(listener.given_up(), 0, "while it still hangs over the first");
    until("the program gives up", async || listener.given_up() == 1).await;
    until("it is sent again", async || taken(&listener, &hanging).len() == 2).await;
    let statuses: Vec<i64> = taken(&listener, &hanging).into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, [1, 5]);
}
