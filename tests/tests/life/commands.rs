//! The shop side on the command line, beside a running program: it does the same as the operations over HTTP.

use adapters::system::SystemClock;
use ports::Clock;
use serde_json::{Value, json};
use tests::{Setup, until};

use crate::shop::{Placed, Said, Shop, sql};

tests::on_both_stores!(
    orders_are_listed_and_shown,
    a_command_does_what_the_operation_does,
    what_is_not_allowed_is_said_and_changes_nothing,
    an_order_that_turns_out_paid_is_not_cancelled,
    a_refund_that_alipay_leaves_unclear_is_written_down_and_finished_by_the_job,
    a_refund_that_alipay_refuses_has_failed,
    a_refund_waits_for_the_shops_balance,
);

/// Runs a command that succeeds, and returns its output.
fn done(shop: &Shop, arguments: &[&str]) -> String {
    let said = Said::by(shop.dashop().setup(), arguments);
    assert_eq!(said.status, 0, "{arguments:?}: {}", said.err);
    said.out
}

/// Runs a command that fails with this status and message.
fn fails(shop: &Shop, arguments: &[&str], status: i32, why: &str) {
    let said = Said::by(shop.dashop().setup(), arguments);
    assert_eq!(said.status, status, "{arguments:?}: {}", said.err);
    assert!(said.err.contains(why), "{arguments:?}: {}", said.err);
    assert_eq!(said.out, "", "{arguments:?}");
}

async fn orders_are_listed_and_shown(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    assert_eq!(done(&shop, &["orders"]), "no such orders\n");
    let (first, second) = (shop.place(904, 901).await, shop.place(904, 901).await);
    let paid = shop.paid(905, 901).await;
    let numbers = |text: &str| {
        let words = text.lines().skip(1).map(|line| line.split_whitespace().next().unwrap().to_owned());
        words.collect::<Vec<_>>()
    };
    let newest_first = |orders: &[&Placed]| {
        let mut ids: Vec<String> = orders.iter().map(|order| order.id.clone()).collect();
        ids.sort_by(|a, b| b.cmp(a));
        ids
    };
    let all = newest_first(&[&first, &second, &paid]);
    // The shop's day may end between two orders.
    let of_its_day = all.iter().filter(|id| id.starts_with(&first.id[..8])).cloned().collect();
    assert_eq!(numbers(&done(&shop, &["orders"])), all);
    for (filter, expected) in [
        (["--status", "1"], newest_first(&[&first, &second])),
        (["--status", "2"], newest_first(&[&paid])),
        (["--user", "b905"], newest_first(&[&paid])),
        (["--number", &first.id], newest_first(&[&first])),
        (["--number", &first.id[..8]], of_its_day),
        (["--from", "2026-01-01"], all.clone()),
    ] {
        assert_eq!(numbers(&done(&shop, &["orders", filter[0], filter[1]])), expected, "{filter:?}");
    }
    for filter in [["--status", "6"], ["--user", "nobody"], ["--to", "2026-01-01"], ["--number", "1"]] {
        assert_eq!(done(&shop, &["orders", filter[0], filter[1]]), "no such orders\n", "{filter:?}");
    }
    let one = done(&shop, &["orders", "--limit", "1"]);
    assert_eq!(numbers(&one)[0], all[0]);
    assert!(one.ends_with("… and more: --limit, --from and --to show others\n"), "{one}");
    let table = done(&shop, &["orders", "--csv"]);
    assert!(table.starts_with('\u{feff}'), "{table}");
    assert_eq!(table.lines().count(), 1 + 3, "{table}");

    let sheet = done(&shop, &["order", &paid.id]);
    let trade_no = shop.sandbox.trades(&paid.id).await[0]["trade_no"].as_str().unwrap().to_owned();
    for shown in
        [&paid.id, "2 待发货", "b905 (user 905)", "219.00 with a freight of 10.00", &trade_no, "支付成功"]
    {
        assert!(sheet.contains(shown), "{shown}: {sheet}");
    }

    // Commands that only read need only the database.
    let keyless = shop.dashop().setup().beside().with("DASHOP_ALIPAY_APP_PRIVATE_KEY", "no key");
    for looks in [&["orders"][..], &["orders", "--csv"], &["order", &paid.id]] {
        let said = Said::by(&keyless, looks);
        assert_eq!(said.status, 0, "{looks:?}: {}", said.err);
        assert!(said.out.contains(&paid.id), "{looks:?}: {}", said.out);
    }
    let ship = Said::by(&keyless, &["ship", &paid.id, "--carrier", "顺丰速运", "--tracking-number", "SF1"]);
    assert!(ship.status != 0 && ship.err.contains("DASHOP_ALIPAY_APP_PRIVATE_KEY"), "{}", ship.err);
}

/// Does the same on the command line and over HTTP, each to an order of its own, and compares the results.
async fn a_command_does_what_the_operation_does(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let staff = shop.dashop().staff("mei");

    let (command, operation) = (shop.place(904, 901).await, shop.place(904, 901).await);
    shop.sandbox.arrive(&command.pay_url).await;
    shop.sandbox.arrive(&operation.pay_url).await;
    for _ in 0..2 {
        let said = done(&shop, &["cancel", &command.id, "--reason", "断货"]);
        assert_eq!(said, format!("order {} is cancelled\n", command.id));
        let reply = staff.act(&operation.id, "cancel", json!({"reason": "断货"})).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    are_alike(&mut shop, &command, &operation, &["query", "close"]).await;
    assert_eq!(shop.status(&command.id).await, 5);
    assert_eq!(shop.stock(901).await, (10, 0));

    let (command, operation) = (shop.paid(904, 901).await, shop.paid(904, 901).await);
    let parcel = ["--carrier", "顺丰速运", "--tracking-number", "SF1234567890"];
    let said = done(&shop, &[&["ship", &command.id], &parcel[..]].concat());
    assert_eq!(said, format!("order {} is on its way\n", command.id));
    let parcel = json!({"carrier": "顺丰速运", "tracking_number": "SF1234567890"});
    let reply = staff.act(&operation.id, "ship", parcel).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    are_alike(&mut shop, &command, &operation, &[]).await;
    assert_eq!(shop.status(&command.id).await, 3);

    let part = ["--amount", "19.00", "--reason", "少发", "--restock", "901:1", "--request-id", "a"];
    for _ in 0..2 {
        let said = done(&shop, &[&["refund", &command.id], &part[..]].concat());
        assert_eq!(said, format!("19.00 of order {} went back, request a\n", command.id));
        let restock = json!([{"sku_id": 901, "count": 1}]);
        let part = json!({"request_id": "b", "amount": "19.00", "reason": "少发", "restock": restock});
        let reply = staff.act(&operation.id, "refunds", part).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    are_alike(&mut shop, &command, &operation, &["refund"]).await;
    assert_eq!(shop.stock(901).await, (10, 0), "both came back");
    let refund = Said::by(shop.dashop().setup(), &["refund", &command.id, "--reason", "不合适"]);
    let went_back = format!("200.00 of order {} went back, request ", command.id);
    let request =
        refund.out.strip_prefix(&went_back).unwrap_or_else(|| panic!("{} {}", refund.out, refund.err));
    assert!(
        refund.err.contains(&format!("dashop: request {request}")),
        "told before it is used: {}",
        refund.err
    );
    let reply = staff.act(&operation.id, "refunds", json!({"request_id": "c", "reason": "不合适"})).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    are_alike(&mut shop, &command, &operation, &["refund", "refund"]).await;
    assert_eq!(shop.status(&command.id).await, 6);
    assert_eq!(shop.timeline(&command.id).await, ["1>2 alipay", "2>3 shop", "3>6 shop"]);
}

/// The calls to Alipay about both orders are the same, and so is what is stored, except numbers, times and names.
async fn are_alike(shop: &mut Shop, command: &Placed, operation: &Placed, calls: &[&str]) {
    assert_eq!(shop.sandbox.calls_about(&command.id).await, calls);
    assert_eq!(shop.sandbox.calls_about(&operation.id).await, calls);
    let staff = shop.dashop().staff("mei");
    let (command, operation) = (staff.order(&command.id).await, staff.order(&operation.id).await);
    assert_eq!(impersonal(command.clone()), impersonal(operation.clone()));
    let by = |order: &Value, who: &str| order["timeline"].to_string().contains(who);
    assert!(by(&command, "command line") && by(&operation, "mei"), "{command} {operation}");
}

fn impersonal(mut value: Value) -> Value {
    const PERSONAL: [&str; 19] = [
        "out_trade_no",
        "opened_at",
        "closed_at",
        "order_id",
        "created_at",
        "expire_at",
        "trade_no",
        "paid_at",
        "recorded_at",
        "out_request_no",
        "requested_by",
        "by",
        "finished_at",
        "shipped_at",
        "time",
        "at",
        "name",
        "actor_name",
        "request_id",
    ];
    match &mut value {
        Value::Object(fields) => {
            fields.retain(|name, _| !PERSONAL.contains(&name.as_str()));
            fields.values_mut().for_each(|field| *field = impersonal(field.take()));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = impersonal(item.take())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    value
}

async fn what_is_not_allowed_is_said_and_changes_nothing(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let (unpaid, paid) = (shop.place(904, 901).await, shop.paid(904, 901).await);
    done(&shop, &["refund", &paid.id, "--amount", "1.00", "--request-id", "known"]);
    let before = (shop.database.state_of(&unpaid.id).await, shop.database.state_of(&paid.id).await);
    let (unpaid_id, paid_id) = (unpaid.id.as_str(), paid.id.as_str());

    for (arguments, why) in [
        (&["ship", unpaid_id][..], "was not shipped: "),
        (&["ship", paid_id, "--carrier", "x\ny"], "carrier"),
        (&["ship", "2019112820400804"], "order 2019112820400804 was not shipped: no such order"),
        (&["ship", "abc"], "abc is not an order number"),
        (&["cancel", paid_id], "was not cancelled: "),
        (&["cancel", unpaid_id, "--reason", ""], "--reason must be one line of 1 to 200 characters"),
        (&["cancel", unpaid_id, "--reason", "a\nb"], "--reason must be one line of 1 to 200 characters"),
        (&["cancel", "2019112820400804"], "order 2019112820400804 was not cancelled: no such order"),
        (&["cancel", "abc"], "abc is not an order number"),
        (&["refund", unpaid_id], "was not refunded: "),
        (&["refund", paid_id, "--amount", "218.01"], "at most 218.00 is left to refund"),
        (&["refund", paid_id, "--amount", "0"], "there is nothing to refund"),
        (&["refund", paid_id, "--restock", "901:2"], "SKU 901 cannot go back in that number"),
        (&["refund", paid_id, "--restock", "902:1"], "SKU 902 cannot go back in that number"),
        (&["refund", paid_id, "--request-id", "a b"], "\"a b\" is no request number"),
        (&["refund", paid_id, "--request-id", "known", "--amount", "2.00"], "was used before"),
        (&["refund", paid_id, "--trade-no", "1"], "there is nothing to refund"),
        (&["refund", paid_id, "--reason", " "], "--reason must be one line of 1 to 200 characters"),
        (&["refund", "2019112820400804"], "order 2019112820400804 was not refunded: no such order"),
        (&["refund", "OLD-7"], "order OLD-7 was not refunded: no such order"),
        (&["refund", ""], "1 to 64 printable characters"),
        (&["order", "2019112820400804"], "there is no order 2019112820400804 to show"),
        (&["order", "abc"], "abc is not an order number"),
    ] {
        fails(&shop, arguments, 1, why);
    }
    for (arguments, why) in [
        (&["refund", paid_id, "--amount", "much"][..], "--amount"),
        (&["refund", paid_id, "--amount=-1"], "--amount"),
        (&["refund", paid_id, "--restock", "901"], "pieces are SKU:COUNT, such as 4:1"),
        (&["orders", "--status", "9"], "a status is a number from 1 to 6"),
        (&["orders", "--limit", "0"], "--limit"),
        (&["orders", "--from", "yesterday"], "a time is YYYY-MM-DD"),
        (&["orders", "--number", "abc"], "--number"),
        (&["ship"], "Usage"),
        (&["order"], "Usage"),
        (&["sell"], "sell"),
    ] {
        fails(&shop, arguments, 2, why);
    }
    let after = (shop.database.state_of(&unpaid.id).await, shop.database.state_of(&paid.id).await);
    assert_eq!(after, before);
    assert_eq!(shop.refunds(&paid.id).await, ["shop succeeded 1.00"]);
    assert_eq!(shop.stock(901).await, (8, 2));
}

async fn an_order_that_turns_out_paid_is_not_cancelled(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    shop.sandbox.lose_notifications().await;
    let order = shop.place(904, 901).await;
    shop.pay(&order).await;
    fails(&shop, &["cancel", &order.id], 1, &format!("order {} was not cancelled: ", order.id));
    assert_eq!(shop.timeline(&order.id).await, ["1>2 alipay"]);
    assert_eq!(shop.sandbox.calls_about(&order.id).await, ["query"]);
}

async fn a_refund_that_alipay_leaves_unclear_is_written_down_and_finished_by_the_job(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = shop.paid(904, 901).await;
    let system_error =
        json!({"method": "alipay.trade.refund", "kind": "system_error", "moment": "before", "times": 3});
    shop.sandbox.fault(system_error).await;
    let command = ["refund", &order.id, "--request-id", "r1"];
    let said = done(&shop, &command);
    assert!(said.contains("request r1: written down, and not confirmed by Alipay so far"), "{said}");
    assert_eq!(shop.refunds(&order.id).await, ["shop requested 219.00"]);
    assert_eq!(shop.status(&order.id).await, 2);
    fails(&shop, &["ship", &order.id], 1, "the order's whole payment is being refunded");

    let due = format!("UPDATE dashop_refund SET due_at = '{}'", sql(SystemClock.now()));
    shop.database.execute(&due).await;
    shop.comes_to(&order.id, 6).await;
    assert_eq!(shop.refunds(&order.id).await, ["shop succeeded 219.00"]);
    assert_eq!(done(&shop, &command), format!("219.00 of order {} went back, request r1\n", order.id));
    let calls = shop.sandbox.calls_about(&order.id).await;
    assert_eq!(calls, ["refund", "refund", "refund", "fastpay.refund.query", "refund"]);
    assert_eq!(shop.sandbox.trades(&order.id).await[0]["refunds"].as_array().unwrap().len(), 1);
}

async fn a_refund_that_alipay_refuses_has_failed(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = shop.paid(904, 901).await;
    shop.sandbox.finish(&order.id).await;
    let refused = "the payment channel refused refund shop-r1: ACQ.TRADE_HAS_FINISHED";
    for _ in 0..2 {
        fails(&shop, &["refund", &order.id, "--request-id", "r1"], 1, refused);
    }
    until("it has failed", async || shop.refunds(&order.id).await == ["shop failed 219.00"]).await;
    assert_eq!(shop.status(&order.id).await, 2, "and it is still to be sent");
    done(&shop, &["ship", &order.id]);
}

async fn a_refund_waits_for_the_shops_balance(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let order = shop.paid(904, 901).await;
    let no_balance = json!({"method": "alipay.trade.refund", "kind": "no_balance", "moment": "before"});
    shop.sandbox.fault(no_balance).await;
    let command = ["refund", &order.id, "--request-id", "r1"];
    let said = done(&shop, &command);
    assert!(said.contains("ACQ.SELLER_BALANCE_NOT_ENOUGH") && said.contains("goes on asking"), "{said}");
    assert_eq!(shop.refunds(&order.id).await, ["shop requested 219.00"]);

    let due = format!("UPDATE dashop_refund SET due_at = '{}'", sql(SystemClock.now()));
    shop.database.execute(&due).await;
    shop.comes_to(&order.id, 6).await;
    assert_eq!(shop.refunds(&order.id).await, ["shop succeeded 219.00"]);
}
