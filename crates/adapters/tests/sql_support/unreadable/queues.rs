//! Unreadable rows of queues are parked; the other rows of the queue do not wait for them.

use super::*;

async fn claim(rows: &Rows, now: u32) -> Vec<Claimed<Delivery>> {
    let claimed = rows.shop.store.claim(&EndpointName::first(), at(now), at(now + 1), 9).await;
    claimed.unwrap()
}

fn orders_of(claimed: &[Claimed<Delivery>]) -> Vec<&str> {
    claimed.iter().map(|claimed| &claimed.item.event.order_id.as_str()[15..]).collect()
}

/// An unreadable attempt does not end a page of the log early.
pub(crate) async fn cost_one_attempt_of_the_delivery_log(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Elsewhere).await;
    let attempt = |nth: u32, kind: &str| {
        format!(
            "({nth}, 'default', 'evt_{nth}', '{}', '{kind}', '2019-11-28 12:00:00', 1, 'delivered', 200)",
            number(1)
        )
    };
    rows.run(&format!(
        "INSERT INTO dashop_webhook_attempt (id, endpoint, event_id, order_id, kind, at, took_ms, outcome, http_status) \
         VALUES {},{},{},{}",
        attempt(1, "order.created"),
        attempt(2, "order.created"),
        attempt(3, "order.unheard_of"),
        attempt(4, "order.created"),
    ))
    .await;
    let page = async |before, limit| {
        let query = AttemptQuery { before, limit, ..AttemptQuery::default() };
        let logged = WebhookEndpoints::attempts(&*rows.shop.store, &query).await.unwrap();
        logged.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(page(None, 2).await, [4, 2]);
    assert_eq!(rows.errors.take(), ["dashop_webhook_attempt 3"]);
    assert_eq!(page(Some(4), 1).await, [2]);
    assert_eq!(page(Some(2), 9).await, [1]);
}

/// An event of an unknown kind, and one without a valid time: later events of their orders wait until they are resent,
/// and no others do.
pub(crate) async fn park_one_event(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Database).await;
    for (order, second) in [(1, 1), (2, 2), (1, 3), (3, 4)] {
        rows.change(order, second).await;
    }
    rows.run("UPDATE dashop_outbox SET kind = 'order.unheard_of' WHERE id = 1").await;
    rows.run(&format!("UPDATE dashop_outbox SET at = {ZERO_DATE} WHERE id = 4")).await;
    assert_eq!(orders_of(&claim(&rows, 10).await), ["2"]);
    assert_eq!(rows.errors.take(), ["dashop_outbox 1", "dashop_outbox 4"]);
    assert_eq!(rows.shop.store.parked(), 2);
    assert_eq!(
        orders_of(&claim(&rows, 20).await),
        ["2"],
        "it is due again when its lease ends, and no other"
    );
    assert_eq!(rows.errors.take(), Vec::<String>::new());
    let backlog = rows.shop.store.backlog(&EndpointName::first()).await.unwrap();
    assert_eq!((backlog.undelivered, backlog.given_up, backlog.oldest), (4, 3, Some(at(1))));

    rows.run("UPDATE dashop_outbox SET kind = 'order.status_changed' WHERE id = 1").await;
    let (first, of_order) = (EndpointName::first(), Resend::OfOrder(id(1)));
    let resent = rows.shop.store.resend(&first, &of_order, &EventFilter::All, at(30)).await.unwrap();
    assert_eq!(resent.due, 2);
    assert_eq!(orders_of(&claim(&rows, 30).await), ["2", "1"]);
}

/// A database that was restored from a backup reuses row numbers; its new events must have other ids than those from
/// before.
pub(crate) async fn events_have_names_that_never_repeat(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Database).await;
    let tell = async || {
        rows.change(1, 1).await;
        rows.change(2, 1).await;
        claim(&rows, 10).await
    };
    let names = |claimed: &[Claimed<Delivery>]| -> Vec<EventId> {
        claimed.iter().map(|claimed| claimed.item.event_id.clone()).collect()
    };
    let before = tell().await;
    let reset = match &rows.shop.engine {
        Engine::Sqlite(_) => "DELETE FROM sqlite_sequence WHERE name = 'dashop_outbox'",
        Engine::Mysql { .. } => "ALTER TABLE dashop_outbox AUTO_INCREMENT = 1",
    };
    rows.run(&format!("DELETE FROM dashop_outbox; {reset}")).await;
    let after = tell().await;
    assert_eq!(after[0].item.id, before[0].item.id, "the rows have the same numbers");
    let (before, after) = (names(&before), names(&after));
    assert!(after.iter().all(|name| !before.contains(name)), "{before:?} {after:?}");
    let uuid = after[0].to_string();
    assert_eq!((uuid.len(), &uuid[..4], &uuid[18..19]), (40, "evt_", "7"), "{uuid}");

    rows.run("UPDATE dashop_outbox SET event_id = NULL WHERE id = 1").await;
    assert_eq!(
        names(&claim(&rows, 20).await)[0].to_string(),
        "evt_1",
        "as it was told before there were UUIDs"
    );
}

/// A refund of an unknown kind, and one without a valid time.
pub(crate) async fn park_one_refund(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Database).await;
    for request_no in ["r1", "r2", "r3"] {
        rows.append(1, ledger::Event::RefundRequested { refund: refund(request_no), due_at: at(1) }).await;
    }
    rows.run("UPDATE dashop_refund SET kind = 'unheard-of' WHERE out_request_no = 'r1'").await;
    rows.run(&format!("UPDATE dashop_refund SET requested_at = {ZERO_DATE} WHERE out_request_no = 'r2'"))
        .await;
    for second in [10, 20] {
        let due = rows.shop.store.claim_due_refunds(at(second), at(second + 1), 9).await.unwrap();
        assert_eq!(due.iter().map(|claimed| &claimed.item.out_request_no).collect::<Vec<_>>(), ["r3"]);
    }
    assert_eq!(rows.errors.take(), ["dashop_refund r1", "dashop_refund r2"], "once each");
    assert_eq!(rows.shop.store.parked(), 2);
}

/// A due order with an invalid number.
pub(crate) async fn park_one_due_order(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Database).await;
    rows.run("UPDATE tb_order_info SET due_at = '2019-11-28 12:00:01.000000'").await;
    rows.run(
        "DELETE FROM tb_order_goods; UPDATE tb_order_info SET order_id = 'none' WHERE order_id LIKE '%01'",
    )
    .await;
    for second in [10, 20] {
        let due = rows.shop.store.claim_due_orders(at(second), at(second + 1), 9).await.unwrap();
        assert_eq!(due.len(), 4);
    }
    assert_eq!(rows.errors.take(), ["tb_order_info none"]);
}

/// An invalid list of lines.
pub(crate) async fn park_one_cart_removal(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Elsewhere).await;
    let line = vec![(rows.skus[0], CartStamp("{}".to_owned()))];
    let new = [6, 7].map(|last| NewOrder {
        cart_lines: line.clone(),
        ..orders::an_order(&number(last), rows.buyer, rows.address_id, at(1))
    });
    orders::place(&*rows.shop.store, &[], &new).await;
    rows.run(&format!("UPDATE dashop_cart_removal SET `lines` = '[[' WHERE order_id = '{}'", number(6)))
        .await;
    let readable = [CartRemoval::of(&new[1]).unwrap()];
    assert_eq!(rows.shop.store.pending_of(rows.buyer).await.unwrap(), readable);
    for _ in 0..2 {
        let taken = rows.shop.store.take_over(at(9), at(1), 9).await.unwrap();
        assert_eq!(taken, readable);
    }
    let named = format!("dashop_cart_removal {}", number(6));
    assert_eq!(rows.errors.take(), [named.clone(), named], "by the cart, and where it was parked");
    assert_eq!(rows.shop.store.parked(), 1);
    let parked =
        "SELECT COUNT(*) AS n FROM dashop_cart_removal WHERE parked_at = '2019-11-28 12:00:01.000000'";
    assert_eq!(rows.shop.engine.number(parked).await, 1, "at the time of the pass, not at its age limit");
}

/// The age of the oldest waiting event does not count events that are done, parked, not due yet, or without a valid
/// date.
pub(crate) async fn do_not_age_what_waits(engine: Engine) {
    let rows = Rows::on(engine, CartsIn::Elsewhere).await;
    let event = |id: u32, at: &str, due: &str, delivered: &str| {
        format!("({id}, '{}', 'order.paid', 2, 'buyer', '', {at}, {due}, {delivered})", number(id))
    };
    let (early, late) = ("'2019-11-28 11:00:00'", "'2019-11-28 11:30:00'");
    let events = [
        event(1, late, late, "NULL"),
        event(2, early, late, "NULL"),
        event(3, early, "NULL", early),
        event(4, late, "NULL", "NULL"),
        event(5, ZERO_DATE, early, "NULL"),
    ];
    rows.run(&format!(
        "INSERT INTO dashop_outbox (id, order_id, kind, to_status, actor, reason, at, due_at, delivered_at) VALUES {}",
        events.join(",")
    ))
    .await;
    rows.run(&format!(
        "INSERT INTO dashop_cart_removal (order_id, user_id, `lines`, recorded_at, parked_at) VALUES \
         ('99', {buyer}, '[]', {late}, NULL), ('2', {buyer}, '[]', {early}, {late})",
        buyer = rows.buyer
    ))
    .await;
    rows.run(&format!("UPDATE tb_order_info SET due_at = {early} WHERE order_id = '{}'", number(1))).await;
    rows.run(&format!(
        "UPDATE tb_order_info SET due_at = '2019-11-28 13:00:00' WHERE order_id = '{}'",
        number(2)
    ))
    .await;

    let time = |text: &str| ShopTime::parse(text.trim_matches('\'')).unwrap();
    rows.shop
        .store
        .register(&[EndpointName::first()], at(0), std::time::Duration::from_secs(3600))
        .await
        .unwrap();
    let backlogs = rows.shop.store.backlogs(at(0), at(0)).await.unwrap();
    let of = |queue: &str| {
        let backlog = backlogs.iter().find(|backlog| backlog.queue == queue).unwrap();
        (backlog.rows, backlog.oldest)
    };
    assert_eq!(of("outbox"), (3, Some(time(early))));
    assert_eq!(of("outbox_given_up"), (1, Some(time(late))));
    assert_eq!(of("cart_removals"), (1, None), "the number of its order tells no time");
    assert_eq!(of("due_orders"), (1, Some(time(early))));
    assert_eq!(of("open_refunds"), (0, None));

    // A claim of an order or a removal moves its time: the age of one that fails again and again is that of its order.
    let (earliest, soon) = ("'2019-11-28 10:00:00'", "'2019-11-28 12:04:59'");
    rows.run(&format!(
        "UPDATE tb_order_info SET status = 1, created_time = {earliest}, expire_at = {earliest}, due_at = {soon} \
         WHERE order_id = '{}'",
        number(2)
    ))
    .await;
    rows.run(&format!(
        "INSERT INTO dashop_cart_removal (order_id, user_id, `lines`, recorded_at) VALUES ('{}', {}, '[]', {soon})",
        number(2),
        rows.buyer
    ))
    .await;
    let backlogs = rows.shop.store.backlogs(at(0), at(0)).await.unwrap();
    for (queue, oldest) in [("due_orders", time(earliest)), ("cart_removals", at(0))] {
        let backlog = backlogs.iter().find(|backlog| backlog.queue == queue).unwrap();
        assert_eq!((backlog.rows, backlog.oldest), (2, Some(oldest)), "{queue}");
    }
    let unused = rows.shop.store.backlogs(at(0), at(1)).await.unwrap();
    let of_events = unused.iter().filter(|backlog| backlog.queue.starts_with("outbox"));
    assert_eq!(
        of_events.map(|backlog| backlog.rows).collect::<Vec<_>>(),
        [0, 0],
        "it is in no settings any more"
    );
}
