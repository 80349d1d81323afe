//! `dashop audit` beside the running shop: it reports each planted fault, and nothing else.

use serde_json::{Value, json};
use tests::Setup;

use crate::shop::{NEVER, Placed, Said, Shop, it};

tests::on_both_stores!(an_honest_shop_is_clean, each_planted_fault_is_named_alone);

/// The exit status and the report of the audit.
fn audit(shop: &Shop) -> (i32, Value) {
    let said = Said::by(shop.dashop().setup(), &["audit", "--json"]);
    let report = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{} {}", said.out, said.err));
    (said.status, report)
}

/// Orders with everything that can happen to one without a fault.
struct Lives {
    placed: Placed,
    cancelled: Placed,
    paid: Placed,
    shipped: Placed,
    partly: Placed,
    refunded: Placed,
}

async fn live(shop: &mut Shop) -> Lives {
    let placed = shop.place(904, 901).await;
    let cancelled = shop.place(904, 901).await;
    shop.cancel(&cancelled).await;
    let paid = shop.paid(904, 901).await;
    let shipped = shop.paid(904, 901).await;
    let partly = shop.paid(905, 901).await;
    let refunded = shop.paid(905, 901).await;
    let setup = shop.dashop().setup().clone();
    let done = |arguments: &[&str]| {
        let said = Said::by(&setup, arguments);
        assert_eq!(said.status, 0, "{arguments:?}: {}", said.err);
    };
    done(&["ship", &shipped.id]);
    let received = shop.dashop().buyer("b904").confirm(&shipped.id).await;
    assert_eq!(received["code"], 200, "{received}");
    done(&["refund", &partly.id, "--amount", "1.00"]);
    done(&["refund", &refunded.id]);
    shop.comes_to(&refunded.id, 6).await;
    Lives { placed, cancelled, paid, shipped, partly, refunded }
}

async fn an_honest_shop_is_clean(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    live(&mut shop).await;
    let (status, report) = audit(&shop);
    assert_eq!((status, &report["findings"]), (0, &json!([])), "{report}");
    assert_eq!((&report["orders"], &report["sales_compared"]), (&json!(6), &json!(true)));
    let said = Said::by(shop.dashop().setup(), &["audit"]);
    assert!(said.out.starts_with("6 orders, ") && said.out.ends_with(": 0 differences\n"), "{}", said.out);
    let unreachable = shop.dashop().setup().clone().with("DASHOP_DATABASE_URL", "mysql://a:b@127.0.0.1:1/c");
    let unreachable = unreachable.with("DASHOP_DATABASE_START_TIMEOUT", "0");
    assert_eq!(Said::by(&unreachable, &["audit"]).status, 2, "nothing was found out");
}

async fn each_planted_fault_is_named_alone(setup: Setup) {
    let mut shop = Shop::open(setup).await;
    let lives = live(&mut shop).await;
    let Lives { placed, cancelled, paid, shipped, partly, refunded } = &lives;
    let info = |set: &str, order: &Placed| format!("UPDATE tb_order_info SET {set} WHERE {}", it(&order.id));
    let payment = |set: &str, order: &Placed| {
        format!("UPDATE dashop_payment SET {set} WHERE out_trade_no = '{}'", order.id)
    };
    let refund = |set: &str, order: &Placed| {
        format!("UPDATE dashop_refund SET {set} WHERE out_trade_no = '{}'", order.id)
    };
    let delivery = |order: &str, kind: &str| {
        format!(
            "INSERT INTO dashop_webhook_delivery (endpoint, order_id, kind, to_status, actor, reason, at) \
             VALUES ('gone', '{order}', '{kind}', 1, 'buyer', '', '2019-11-28 20:40:08.000000')"
        )
    };
    let (old, nobody) = ("expire_at = NULL", "2019112820400899");
    // The statement that plants the fault, the one that removes it, and the finding.
    let faults = [
        (info("status = 7", placed), info("status = 1", placed), "unreadable"),
        (info("total_amount = '1.00'", placed), info("total_amount = '219.00'", placed), "sums"),
        (info("discount = '1.00'", placed), info("discount = '0.00'", placed), "sums"),
        (
            info("total_amount = '218.00', discount = '1.00'", placed),
            info("total_amount = '219.00', discount = '0.00'", placed),
            "amendments",
        ),
        (info("amendments = 1", placed), info("amendments = 0", placed), "amendments"),
        (
            format!(
                "INSERT INTO dashop_order_amendment (order_id, kind, status, actor, reason, at) \
                 VALUES ('{}', 'amount', 1, 'shop', '', '2019-11-28 20:40:08.000000')",
                placed.id
            ),
            "DELETE FROM dashop_order_amendment".to_owned(),
            "unreadable",
        ),
        (info("total_count = 2", placed), info("total_count = 1", placed), "sums"),
        (info("status = 2", placed), info("status = 1", placed), "timeline"),
        (info("status = 1", shipped), info("status = 4", shipped), "timeline"),
        (info("refunded_amount = '2.00'", partly), info("refunded_amount = '1.00'", partly), "refund_sums"),
        (payment("status = 'late'", paid), payment("status = 'settled'", paid), "refund_owed"),
        (info("due_at = NULL", placed), info(&format!("due_at = {NEVER}"), placed), "forgotten"),
        (
            format!(
                "INSERT INTO dashop_refund (out_request_no, out_trade_no, trade_no, amount, reason, kind, status, \
                 restock, actor, requested_at) SELECT 'undue', out_trade_no, trade_no, '1.00', '', 'shop', \
                 'requested', '[]', 'shop', recorded_at FROM dashop_payment WHERE out_trade_no = '{}'",
                paid.id
            ),
            "DELETE FROM dashop_refund WHERE out_request_no = 'undue'".to_owned(),
            "forgotten",
        ),
        (payment("status = 'lost'", paid), payment("status = 'settled'", paid), "unreadable"),
        (payment("status = 'unknown_order'", paid), payment("status = 'settled'", paid), "payment"),
        (payment("total_amount = '9.00'", paid), payment("total_amount = '219.00'", paid), "payment"),
        (payment("refunded = '9.00'", paid), payment("refunded = '0.00'", paid), "refund_sums"),
        (refund("amount = '2.00'", partly), refund("amount = '1.00'", partly), "refund_sums"),
        (refund("amount = '900.00'", partly), refund("amount = '1.00'", partly), "refund_exceeds_payment"),
        (refund("trade_no = CONCAT(trade_no, 'x')", refunded), String::new(), "orphan"),
        (
            format!("UPDATE dashop_stock_move SET kind = 'revive' WHERE {}", it(&cancelled.id)),
            format!("UPDATE dashop_stock_move SET kind = 'cancel' WHERE {}", it(&cancelled.id)),
            "movements",
        ),
        (
            format!("UPDATE dashop_stock_move SET kind = 'bag' WHERE {}", it(&cancelled.id)),
            format!("UPDATE dashop_stock_move SET kind = 'cancel' WHERE {}", it(&cancelled.id)),
            "unreadable",
        ),
        (
            "UPDATE DDSC_SKU SET sales = sales + 1 WHERE id = 901".to_owned(),
            "UPDATE DDSC_SKU SET sales = sales - 1 WHERE id = 901".to_owned(),
            "sales",
        ),
        (
            "UPDATE DDSC_SKU SET stock = stock - 100 WHERE id = 901".to_owned(),
            "UPDATE DDSC_SKU SET stock = stock + 100 WHERE id = 901".to_owned(),
            "stock",
        ),
        (
            format!(
                "INSERT INTO dashop_payment (trade_no, out_trade_no, trade_status, total_amount, refunded, status, \
                 source, recorded_at) SELECT 'x', out_trade_no, trade_status, total_amount, refunded, status, source, \
                 recorded_at FROM dashop_payment WHERE out_trade_no = '{}'",
                paid.id
            ),
            "DELETE FROM dashop_payment WHERE trade_no = 'x'".to_owned(),
            "second_payment",
        ),
        (
            format!(
                "INSERT INTO dashop_order_timeline (order_id, from_status, to_status, actor, reason, at) \
                 VALUES ('{nobody}', 1, 2, 'alipay', '', '2019-11-28 20:40:08.000000')"
            ),
            format!("DELETE FROM dashop_order_timeline WHERE order_id = '{nobody}'"),
            "orphan",
        ),
        (
            format!(
                "INSERT INTO dashop_outbox (order_id, kind, to_status, actor, reason, at) \
                 VALUES ('{nobody}', 'order.created', 1, 'buyer', '', '2019-11-28 20:40:08.000000')"
            ),
            format!("DELETE FROM dashop_outbox WHERE order_id = '{nobody}'"),
            "orphan",
        ),
        (
            format!(
                "INSERT INTO dashop_outbox (order_id, kind, to_status, actor, reason, at) \
                 VALUES ('{}', 'order.lost', 1, 'buyer', '', '2019-11-28 20:40:08.000000')",
                placed.id
            ),
            "DELETE FROM dashop_outbox WHERE kind = 'order.lost'".to_owned(),
            "unreadable",
        ),
        (delivery(nobody, "order.created"), "DELETE FROM dashop_webhook_delivery".to_owned(), "orphan"),
        (delivery(&placed.id, "order.lost"), "DELETE FROM dashop_webhook_delivery".to_owned(), "unreadable"),
        (
            info(&format!("{old}, total_amount = '209.00'"), placed),
            info("expire_at = created_time, total_amount = '219.00'", placed),
            "old_total_without_freight",
        ),
    ];
    assert_eq!(audit(&shop).0, 0);
    for (plant, take_back, kind) in faults {
        shop.database.execute(&plant).await;
        let (status, report) = audit(&shop);
        assert_eq!((status, &report["counts"]), (1, &json!({kind: 1})), "{plant}: {report}");
        if take_back.is_empty() {
            let back = plant.replace("CONCAT(trade_no, 'x')", "REPLACE(trade_no, 'x', '')");
            shop.database.execute(&back).await;
        } else {
            shop.database.execute(&take_back).await;
        }
        let (status, report) = audit(&shop);
        assert_eq!(status, 0, "{take_back}: {report}");
    }
}
