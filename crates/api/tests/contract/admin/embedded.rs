//! The shop side over the embedded database: the life of an order in staff's hands, and what only a database shows.

use ports::{RefundOutcome, VerifiedNotification, mock::MockPaymentGateway};

use super::*;
use crate::embedded::Embedded;

/// An Alipay that reports 21.90 paid for every order it notifies of, and that refunds.
fn alipay() -> MockPaymentGateway {
    let mut gateway = MockPaymentGateway::new();
    gateway.expect_verify_notification().returning(|form| {
        let number = str::from_utf8(form).unwrap();
        let trade = Trade {
            trade_no: format!("T{number}"),
            out_trade_no: number.to_owned(),
            paid_at: Some(noon()),
            ..trade(PRICE)
        };
        Ok(VerifiedNotification { addressee: this_shop(), trade: Ok(trade) })
    });
    gateway.expect_refund().returning(|_| Ok(RefundOutcome::Refunded { gone_back: None }));
    gateway.expect_query().returning(|_| Ok(None));
    gateway
}

/// What a piece of SKU 1 costs in these tests, with freight.
const PRICE: &str = "21.90";

/// The demo shop, in which SKU 1 costs 11.90 and has ten pieces in stock.
async fn open() -> Embedded {
    let shop = Embedded::open_with(alipay()).await;
    shop.execute("UPDATE DDSC_SKU SET is_launched = 1, stock = 10, price = '11.90' WHERE id = 1");
    shop
}

async fn bought(shop: &Embedded) -> String {
    let answer = shop.buy(1).await;
    assert_eq!(answer["data"]["total_amount"], PRICE);
    answer["data"]["order_id"].as_str().unwrap().to_owned()
}

async fn paid(shop: &Embedded) -> String {
    let number = bought(shop).await;
    let notification = TestRequest::post().uri(SUCCESS).set_payload(number.clone());
    assert_eq!(shop.client.send(notification).await.text(), "success");
    number
}

async fn asked(shop: &Embedded, request: TestRequest) -> Value {
    done(&shop.client.send(request).await)
}

async fn search(shop: &Embedded, query: &str) -> (Vec<String>, Value) {
    let mut page = asked(shop, get(&format!("{ORDERS}?{query}"))).await;
    let number = |order: &Value| order["order_id"].as_str().unwrap().to_owned();
    let next = page["next"].take();
    (page["orders"].as_array().unwrap().iter().map(number).collect(), next)
}

/// The rows of a table without its header.
async fn table(shop: &Embedded, query: &str) -> Vec<String> {
    let answer = shop.client.send(get(&format!("/v1/admin/orders.csv?{query}"))).await;
    assert_eq!(answer.status, 200);
    str::from_utf8(&answer.body).unwrap().lines().skip(1).map(str::to_owned).collect()
}

#[actix_web::test]
async fn a_paid_order_is_sent_and_refunded_in_two_parts() {
    let shop = open().await;
    let number = paid(&shop).await;
    let order = format!("{ORDERS}/{number}");

    let part = json!({"request_id": "a", "amount": "11.90", "reason": "破损"});
    for _ in 0..2 {
        let mut answer = asked(&shop, post(&format!("{order}/refunds"), &part)).await;
        let refund = json!({
            "out_request_no": "shop-a", "trade_no": format!("T{number}"), "amount": "11.90", "reason": "破损",
            "kind": "shop", "status": "succeeded", "restock": [], "requested_by": STAFF,
            "created_at": "2019-11-28 12:00:00", "finished_at": "2019-11-28 12:00:00", "error": null
        });
        assert_eq!(answer["refund"], refund, "twice is once");
        let after = answer["order"].take();
        assert_eq!((&after["status"], &after["refundable_amount"]), (&json!(2), &json!("10.00")));
        assert_eq!(after["lines"][0]["returned"], 0, "it is still to be shipped");
    }
    let too_much = json!({"request_id": "b", "amount": "10.01", "reason": "破损"});
    let answer = shop.client.send(post(&format!("{order}/refunds"), &too_much)).await;
    assert_eq!(refused(&answer, AMOUNT_EXCEEDS_PAYMENT), "退款金额超过可退金额10.00");

    let parcel = json!({"carrier": "顺丰速运", "tracking_number": "SF1"});
    let after = asked(&shop, post(&format!("{order}/ship"), &parcel)).await;
    let shipment =
        json!({"carrier": "顺丰速运", "tracking_number": "SF1", "shipped_at": "2019-11-28 12:00:00"});
    assert_eq!((&after["status"], &after["shipment"]), (&json!(3), &shipment));
    assert_eq!(asked(&shop, post(&format!("{order}/ship"), &parcel)).await, after, "the same again");
    let other = json!({"carrier": "顺丰速运", "tracking_number": "SF2"});
    let again = shop.client.send(post(&format!("{order}/ship"), &other)).await;
    assert_eq!(refused(&again, NOT_ALLOWED), "订单状态不允许此操作:待收货");

    let rest = json!({"request_id": "b", "reason": "退货"});
    let answer = asked(&shop, post(&format!("{order}/refunds"), &rest)).await;
    assert_eq!((&answer["refund"]["amount"], &answer["order"]["status"]), (&json!("10.00"), &json!(6)));

    let shown = asked(&shop, get(&order)).await;
    assert_eq!(shown, answer["order"]);
    assert_eq!(shown["lines"][0]["returned"], 0, "the buyer has it");
    let back = json!({"request_id": "c", "restock": [{"sku_id": 1, "count": 1}]});
    for _ in 0..2 {
        let returned = asked(&shop, post(&format!("{order}/returns"), &back)).await;
        assert_eq!(returned["lines"][0]["returned"], 1);
    }
    let more = json!({"request_id": "d", "restock": [{"sku_id": 1, "count": 1}]});
    let answer = shop.client.send(post(&format!("{order}/returns"), &more)).await;
    refused(&answer, RESTOCK_EXCEEDS_ORDER);
    let steps: Vec<_> = shown["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| json!([step["from"], step["to"], step["actor"], step["by"], step["reason"]]))
        .collect();
    let expected = json!([
        [null, 1, "buyer", null, "下单"],
        [1, 2, "alipay", null, "支付成功"],
        [2, 3, "shop", STAFF, "发货 顺丰速运 SF1"],
        [3, 6, "shop", STAFF, "退货"],
    ]);
    assert_eq!(json!(steps), expected);
    assert_eq!(shown["payments"][0]["refunded_amount"], PRICE);

    let figures = asked(&shop, get("/v1/admin/figures")).await;
    let sums = ["orders", "order_amount", "paid", "paid_amount", "refunded", "refunded_amount", "to_ship"]
        .map(|name| figures[name].clone());
    let expected = json!([1, "21.90", 1, "21.90", 2, "21.90", 0]);
    assert_eq!(json!(sums), expected);
    let row = &table(&shop, "").await[0];
    for told in [
        &format!("\"{number}\t\",\"已退款\","),
        "\"demo\"",
        "\"10.00\",\"21.90\",\"21.90\"",
        "\"顺丰速运\",\"SF1\t\"",
    ] {
        assert!(row.contains(told), "{told}: {row}");
    }
}

#[actix_web::test]
async fn a_cancelled_order_gives_its_pieces_back_once() {
    let shop = open().await;
    let number = bought(&shop).await;
    for _ in 0..2 {
        let request = post(&format!("{ORDERS}/{number}/cancel"), &json!({"reason": "买家来电"}));
        let after = asked(&shop, request).await;
        assert_eq!((&after["status"], &after["lines"][0]["returned"]), (&json!(5), &json!(1)));
        let steps = after["timeline"].as_array().unwrap();
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[1]["reason"], "买家来电");
        assert_eq!((&steps[1]["by"], &steps[1]["request_id"]), (&json!(STAFF), &json!("r-1")));
    }
    let detail = shop.ask(TestRequest::get().uri("/v1/goods/detail/1")).await;
    assert_eq!(detail["data"]["stock"], 10);
}

#[actix_web::test]
async fn a_search_finds_what_it_is_asked_for() {
    let shop = open().await;
    let (unpaid, paid) = (bought(&shop).await, paid(&shop).await);
    let both = vec![paid.clone(), unpaid.clone()];
    for (query, expected) in [
        (String::new(), both.clone()),
        (format!("number={unpaid}"), vec![unpaid.clone()]),
        ("number=20191128".to_owned(), both.clone()),
        ("number=20191129".to_owned(), vec![]),
        ("user=demo".to_owned(), both.clone()),
        ("user=DEMO2".to_owned(), vec![]),
        ("status=1".to_owned(), vec![unpaid.clone()]),
        ("status=2".to_owned(), vec![paid.clone()]),
        ("status=3".to_owned(), vec![]),
        ("from=2019-11-28&to=2019-11-28".to_owned(), both.clone()),
        ("from=2019-11-28+12:00:00".to_owned(), both.clone()),
        ("from=2019-11-28+12:00:01".to_owned(), vec![]),
        ("to=2019-11-28+12:00:00".to_owned(), vec![]),
        ("to=2019-11-28+12:00:01".to_owned(), both.clone()),
        ("to=9999-12-31".to_owned(), both.clone()),
        ("from=0001-01-01&to=2019-11-27".to_owned(), vec![]),
        (format!("before={paid}"), vec![unpaid]),
    ] {
        assert_eq!(search(&shop, &query).await.0, expected, "{query}");
        if !query.starts_with("before") {
            let rows = table(&shop, &query).await;
            let numbers: Vec<_> =
                rows.iter().map(|row| row.split([',', '"', '\t']).nth(1).unwrap()).collect();
            assert_eq!(numbers, expected, "{query}");
        }
    }
}

#[actix_web::test]
async fn pages_of_a_search_follow_each_other_without_a_gap() {
    let shop = open().await;
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.push(bought(&shop).await);
    }
    expected.sort_by(|a, b| b.cmp(a));
    let (mut listed, mut before) = (Vec::new(), String::new());
    loop {
        let (page, next) = search(&shop, &format!("status=1&limit=3{before}")).await;
        assert!(page.len() <= 3);
        listed.extend(page);
        match next.as_str() {
            Some(next) => before = format!("&before={next}"),
            None => break,
        }
    }
    assert_eq!(listed, expected, "placed in one second: newest number first");
}

#[actix_web::test]
async fn days_far_away_are_days_without_orders() {
    let shop = open().await;
    for (date, first) in [("9999-12-31", "9999-12-25"), ("0001-01-07", "0001-01-01")] {
        let figures = asked(&shop, get(&format!("/v1/admin/figures?date={date}"))).await;
        assert_eq!((&figures["date"], &figures["orders"]), (&json!(date), &json!(0)));
        assert_eq!(figures["days"].as_array().unwrap().len(), 7);
        assert_eq!(figures["days"][0]["date"], first);
    }
}

#[actix_web::test]
async fn the_number_of_statements_does_not_grow_with_the_orders() {
    let shop = open().await;
    let mut counted = Vec::new();
    for more in [1, 6] {
        let mut number = String::new();
        for _ in 0..more {
            number = bought(&shop).await;
        }
        let mut statements = Vec::new();
        for uri in [
            ORDERS,
            &format!("{ORDERS}?user=demo&status=1"),
            &format!("{ORDERS}/{number}"),
            "/v1/admin/figures",
        ] {
            statements.push(shop.statements(asked(&shop, get(uri))).await.0);
        }
        counted.push(statements);
    }
    assert_eq!(counted[0], counted[1]);
    assert!(counted[0].iter().all(|statements| (1..=10).contains(statements)), "{counted:?}");
}
