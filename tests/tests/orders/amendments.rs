//! Amount and address of an order, changed after it was placed: with the real program and the sandbox.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what is wrong by panicking")]

use serde_json::{Value, json};
use tests::{Buyer, Dashop, Database, Sandbox, Setup, Staff, until};

tests::on_both_stores!(
    a_lowered_order_is_paid_anew,
    the_old_amount_pays_nothing_and_goes_back,
    an_order_is_lowered_once_and_only_before_it_is_paid,
    nothing_is_lowered_while_alipay_is_away,
    an_order_goes_elsewhere_and_the_old_address_is_forgotten_in_time,
    the_command_line_does_the_same,
);

struct Shop {
    sandbox: Sandbox,
    dashop: Dashop,
    database: Database,
    buyer: Buyer,
    staff: Staff,
}

/// The shop with an unpaid order of 114.95, the order's number and its URL.
async fn open(setup: Setup) -> (Shop, String, String) {
    let sandbox = Sandbox::start().await;
    let dashop = setup.paying_at_sandbox(&sandbox).start().await;
    let mut database = dashop.database().await;
    database.add_buyers(904, 2).await;
    database.add_sku(901, "104.95", 10).await;
    let (buyer, staff) = (dashop.buyer("b904"), dashop.staff("mei"));
    let created =
        buyer.create(json!({"address_id": 904, "settlement_type": 1, "sku_id": 901, "buy_num": 1})).await;
    let (order, pay_url) = started(&created);
    (Shop { sandbox, dashop, database, buyer, staff }, order, pay_url)
}

fn started(answer: &Value) -> (String, String) {
    assert_eq!(answer["code"], 200, "{answer}");
    let text = |name: &str| answer["data"][name].as_str().unwrap().to_owned();
    (text("order_id"), text("pay_url"))
}

impl Shop {
    async fn lower(&self, order: &str, from: &str, to: &str) -> (u16, Value) {
        let body = json!({"amount": to, "expected_amount": from, "reason": "老客户"});
        let reply = self.staff.act(order, "amount", body).await;
        (reply.status, reply.json())
    }

    async fn lowered(&self, order: &str, from: &str, to: &str) {
        let (status, answer) = self.lower(order, from, to).await;
        assert_eq!((status, &answer["total_amount"]), (200, &json!(to)), "{answer}");
    }

    async fn pay_url(&self, order: &str, amount: &str) -> String {
        let answer = self.buyer.pay_with(order, json!({"expected_amount": amount})).await;
        assert_eq!(answer["data"]["total_amount"], amount, "{answer}");
        started(&answer).1
    }

    async fn comes_to(&self, order: &str, status: i64) {
        until("the order gets there", async || self.buyer.show(order).await["status"] == status).await;
    }

    fn is_audited(&self) {
        let said = self.dashop.setup().run(&["audit"]);
        let text = String::from_utf8([said.stdout, said.stderr].concat()).unwrap();
        assert_eq!(said.status.code(), Some(0), "{text}");
    }
}

async fn a_lowered_order_is_paid_anew(setup: Setup) {
    let (shop, order, first) = open(setup).await;
    shop.sandbox.arrive(&first).await;
    shop.lowered(&order, "114.95", "100.00").await;
    assert_eq!(shop.sandbox.refuses_to_be_paid(&order).await, "ACQ.TRADE_HAS_CLOSE");
    shop.lowered(&order, "100.00", "99.50").await;
    let stale = shop.buyer.pay_with(&order, json!({"expected_amount": "114.95"})).await;
    assert_eq!(stale["code"], 50113, "{stale}");

    let second = format!("{order}_2");
    let pay_url = shop.pay_url(&order, "99.50").await;
    shop.sandbox.arrive(&pay_url).await;
    shop.sandbox.pay(&second).await;
    shop.comes_to(&order, 2).await;
    assert_eq!(shop.sandbox.trades(&second).await[0]["total_amount"], "99.50");

    let shown = shop.buyer.show(&order).await;
    assert_eq!((&shown["order_total_amount"], &shown["order_discount"]), (&json!("99.50"), &json!("15.45")));
    let timeline = shown["timeline"].as_array().unwrap();
    let steps: Vec<_> = timeline.iter().map(|entry| (&entry["to"], &entry["amount"])).collect();
    let lowered = [json!({"from": "114.95", "to": "100.00"}), json!({"from": "100.00", "to": "99.50"})];
    let (null, [first, last]) = (Value::Null, &lowered);
    assert_eq!(
        steps,
        [(&json!(1), &null), (&json!(1), first), (&json!(1), last), (&json!(2), &null)],
        "{shown}"
    );
    let record = shop.staff.order(&order).await;
    assert_eq!((&record["discount"], &record["timeline"][1]["by"]), (&json!("15.45"), &json!("mei")));
    assert_eq!(record["attempts"][0]["amount"], "114.95", "what Alipay was asked to charge");
    shop.is_audited();
}

/// The buyer had not opened the first cashier page, so Alipay had no trade to close; then the buyer opens it and pays.
async fn the_old_amount_pays_nothing_and_goes_back(setup: Setup) {
    let (shop, order, first) = open(setup).await;
    shop.lowered(&order, "114.95", "100.00").await;
    shop.sandbox.arrive(&first).await;
    shop.sandbox.pay(&order).await;
    let wrong = async || {
        let payments = shop.staff.order(&order).await["payments"].clone();
        payments.as_array().unwrap().iter().any(|payment| payment["status"] == "wrong_amount")
    };
    until("the old amount is on record", wrong).await;
    assert_eq!(shop.buyer.show(&order).await["status"], 1, "it pays nothing");

    let pay_url = shop.pay_url(&order, "100.00").await;
    shop.sandbox.arrive(&pay_url).await;
    shop.sandbox.pay(&format!("{order}_2")).await;
    shop.comes_to(&order, 2).await;
    let trade_no = shop.sandbox.trades(&order).await[0]["trade_no"].clone();
    let body = json!({"request_id": "w", "reason": "金额不符", "trade_no": trade_no});
    let reply = shop.staff.act(&order, "refunds", body).await;
    assert_eq!((reply.status, &reply.json()["refund"]["amount"]), (200, &json!("114.95")), "{}", reply.text);
    assert_eq!(shop.buyer.show(&order).await["status"], 2, "what paid it stays");
    shop.is_audited();
}

async fn an_order_is_lowered_once_and_only_before_it_is_paid(setup: Setup) {
    let (shop, order, first) = open(setup).await;
    let refused = async |from: &str, to: &str, code: &str| {
        let (_, answer) = shop.lower(&order, from, to).await;
        assert_eq!(answer["error"]["code"], code, "{answer}");
    };
    refused("114.95", "114.95", "amount_not_lower").await;
    refused("114.95", "200.00", "amount_not_lower").await;
    refused("114.95", "0.00", "bad_request").await;
    refused("120.00", "100.00", "conflict").await;
    let body = || json!({"amount": "90.00", "expected_amount": "114.95", "reason": "老客户"});
    // Ten requests at once, all the same: the amount changes once.
    let at_once = (0..10).map(|_| shop.staff.act(&order, "amount", body()));
    for reply in futures_util::future::join_all(at_once).await {
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    let timeline = shop.staff.order(&order).await["timeline"].clone();
    assert_eq!(timeline.as_array().unwrap().len(), 2, "{timeline}");
    shop.sandbox.lose_notifications().await;
    let pay_url = shop.pay_url(&order, "90.00").await;
    shop.sandbox.arrive(&pay_url).await;
    shop.sandbox.pay(&format!("{order}_2")).await;
    // The notification was lost; the next attempt to lower the amount discovers the payment.
    refused("90.00", "80.00", "not_allowed").await;
    assert_eq!(shop.buyer.show(&order).await["status"], 2);
    drop(first);
    shop.is_audited();
}

async fn nothing_is_lowered_while_alipay_is_away(setup: Setup) {
    let (shop, order, first) = open(setup).await;
    shop.sandbox
        .fault(
            json!({"method": "alipay.trade.query", "kind": "system_error", "moment": "before", "times": 20}),
        )
        .await;
    let (status, answer) = shop.lower(&order, "114.95", "100.00").await;
    assert_eq!((status, &answer["error"]["code"]), (502, &json!("alipay_unavailable")), "{answer}");
    shop.sandbox.clear_faults().await;
    let record = shop.staff.order(&order).await;
    assert_eq!(
        (&record["total_amount"], &record["attempts"][0]["state"]),
        (&json!("114.95"), &json!("open"))
    );
    shop.sandbox.arrive(&first).await;
    shop.sandbox.pay(&order).await;
    shop.comes_to(&order, 2).await;
}

async fn an_order_goes_elsewhere_and_the_old_address_is_forgotten_in_time(setup: Setup) {
    let (mut shop, order, first) = open(setup).await;
    let then = "'2026-01-01 00:00:00.000000', '2026-01-01 00:00:00.000000'";
    let entry = format!(
        "INSERT INTO address (id, created_time, updated_time, receiver, address, default_address, is_alive, postcode, \
         receiver_mobile, tag, uid_id) VALUES (999, {then}, '王小二', '上海市浦东新区世纪大道1号', 0, 1, '200000', \
         '13800000000', '公司', 904)"
    );
    shop.database.execute(&entry).await;
    let home = shop.buyer.show(&order).await["address"].clone();
    let anothers = shop.buyer.change_address(&order, 905).await;
    assert_eq!(anothers["code"], 50102, "{anothers}");
    let strangers = shop.dashop.buyer("b905").change_address(&order, 905).await;
    assert_eq!(strangers["code"], 50107, "{strangers}");
    for _ in 0..2 {
        let changed = shop.buyer.change_address(&order, 999).await;
        assert_eq!(changed["code"], 200, "{changed}");
    }
    let shown = shop.buyer.show(&order).await;
    assert_eq!(shown["address"]["receiver"], "王小二");
    assert_eq!(shown["timeline"][1]["old_address"], home);

    shop.sandbox.arrive(&first).await;
    shop.sandbox.pay(&order).await;
    shop.comes_to(&order, 2).await;
    let late = shop.buyer.change_address(&order, 904).await;
    assert_eq!(late["code"], 50108, "{late}");
    let address = json!({
        "receiver": "王小三", "mobile": "13900000000", "address": "天津市和平区", "title": "公司", "reason": "王小三来电"
    });
    let reply = shop.staff.act(&order, "address", address.clone()).await;
    assert_eq!(
        (reply.status, &reply.json()["address"]["receiver"]),
        (200, &json!("王小三")),
        "{}",
        reply.text
    );
    let parcel = json!({"carrier": "顺丰速运", "tracking_number": "SF1"});
    assert_eq!(shop.staff.act(&order, "ship", parcel).await.status, 200);
    let reply = shop.staff.act(&order, "address", address).await;
    assert_eq!(
        (reply.status, &reply.json()["error"]["code"]),
        (409, &json!("not_allowed")),
        "{}",
        reply.text
    );
    let received = shop.buyer.confirm(&order).await;
    assert_eq!(received["code"], 200, "{received}");

    let kept = "SELECT CONCAT(receiver, ' ', mobile, ' ', street, ' ', reason) AS n FROM (SELECT old_receiver AS receiver, \
                old_mobile AS mobile, old_street AS street, reason, id FROM dashop_order_amendment) AS kept ORDER BY id";
    let before = shop.database.words(kept).await;
    assert!(before.len() == 2 && before[1].starts_with("王小二 13800000000 "), "{before:?}");
    shop.database.execute("UPDATE tb_order_info SET updated_time = '2020-01-01 00:00:00.000000'").await;
    let said = shop.dashop.setup().run(&["anonymise", "--yes"]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let after = shop.database.words(kept).await;
    assert_eq!(after, ["已匿名 已匿名 已匿名 ", "已匿名 已匿名 已匿名 "]);
    let shown = shop.buyer.show(&order).await.to_string();
    assert!(!shown.contains("王小") && !shown.contains("13800000000"), "{shown}");
    shop.is_audited();
}

async fn the_command_line_does_the_same(setup: Setup) {
    let (shop, order, _) = open(setup).await;
    let said = |arguments: &[&str]| {
        let output = shop.dashop.setup().run(arguments);
        // A successful command prints its result on stdout; the program logs on stderr.
        let text = if output.status.success() { output.stdout } else { output.stderr };
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    };
    let lower = ["lower-amount", &order, "100.00", "--expected", "114.95", "--reason", "老客户"];
    for _ in 0..2 {
        assert_eq!(said(&lower), (0, format!("order {order} costs 100.00\n")));
    }
    let (status, text) = said(&["lower-amount", &order, "120", "--expected", "100.00"]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("must be at least 0.01 and less than 100.00"), "{text}");
    let elsewhere =
        ["change-address", &order, "--receiver", "王小二", "--mobile", "13800000000", "--address", "上海市"];
    assert_eq!(said(&elsewhere), (0, format!("order {order} goes to the new address\n")));
    let (status, text) =
        said(&["change-address", &order, "--receiver", "王", "--mobile", "1", "--address", "上海市"]);
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("mobile is not valid"), "{text}");
    let (_, sheet) = said(&["order", &order]);
    for shown in ["and a discount of 14.95", "改价 114.95 → 100.00 (老客户)", "王小二 13800000000 上海市"]
    {
        assert!(sheet.contains(shown), "{shown}: {sheet}");
    }
    let by = shop.staff.order(&order).await["timeline"][1]["by"].clone();
    assert_eq!(by, "command line");
    shop.is_audited();
}
