//! The library's controls over HTTP.

use alipay_protocol::Method;
use serde_json::{Value, json};

use crate::merchant::{Merchant, ORDER};

async fn post(merchant: &Merchant, path: &str, body: Value) -> (u16, Value) {
    let url = format!("http://{}/control/{path}", merchant.sandbox.addr());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(url).header("content-type", "application/json").body(body.to_string());
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

async fn get(merchant: &Merchant, path: &str) -> Value {
    let answer = merchant.fetch(&format!("http://{}/control/{path}", merchant.sandbox.addr())).await;
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

#[actix_web::test]
async fn faults_are_added_counted_and_forgotten() {
    let merchant = Merchant::new();
    let fault =
        json!({ "method": "alipay.trade.query", "kind": "unavailable", "moment": "before", "times": 2 });
    assert_eq!(post(&merchant, "faults", fault.clone()).await, (200, json!({ "waiting": 2 })));
    let query =
        async || merchant.call(Method::TradeQuery, json!({ "out_trade_no": ORDER })).await["code"].clone();
    assert_eq!(query().await, "20000");
    assert_eq!(get(&merchant, "faults").await, json!({ "waiting": 1 }));
    let url = format!("http://{}/control/faults", merchant.sandbox.addr());
    reqwest::Client::builder().no_proxy().build().unwrap().delete(url).send().await.unwrap();
    assert_eq!(query().await, "40004");
    for kind in ["no_answer", "system_error", "no_balance", "dropped"] {
        let fault = json!({ "method": "alipay.trade.close", "kind": kind, "moment": "after" });
        assert_eq!(post(&merchant, "faults", fault).await.0, 200);
    }
    let slow =
        json!({ "method": "alipay.trade.close", "kind": "slow", "moment": "after", "milliseconds": 5 });
    assert_eq!(post(&merchant, "faults", slow).await, (200, json!({ "waiting": 5 })));
    for (field, value) in [
        ("method", json!("alipay.trade.pay")),
        ("kind", json!("slow")),
        ("kind", json!("broken")),
        ("moment", json!("never")),
        ("times", json!(0)),
        ("times", json!(1001)),
        ("milliseconds", json!(5)),
        ("unknown", json!(1)),
    ] {
        let mut odd = fault.clone();
        odd[field] = value;
        let (status, answer) = post(&merchant, "faults", odd).await;
        assert!(status == 400 && answer["message"].is_string(), "{field}: {status} {answer}");
    }
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn buyers_and_the_console_are_played_and_the_books_shown() {
    let mut merchant = Merchant::new();
    merchant.notify_url = Some("http://shop.example/notify".to_owned());
    let order = json!({ "out_trade_no": ORDER });
    let refusal = post(&merchant, "pay", order.clone()).await;
    assert_eq!(refusal, (409, json!({ "code": "ACQ.TRADE_NOT_EXIST", "message": "交易不存在" })));
    assert_eq!(post(&merchant, "notifications", json!({ "hold": true })).await.0, 204);
    merchant.visit(&Merchant::page_pay_terms()).await;
    assert_eq!(post(&merchant, "pay", order.clone()).await.1["status"], "TRADE_SUCCESS");
    assert_eq!(post(&merchant, "pay-again", order.clone()).await.1["paid"], true);
    let refund = json!({ "out_trade_no": ORDER, "amount": "30.00" });
    let number = post(&merchant, "refund", refund).await.1["out_request_no"].clone();
    let bad_amount = json!({ "out_trade_no": ORDER, "amount": "-1" });
    assert_eq!(post(&merchant, "refund", bad_amount).await.0, 400);
    assert_eq!(post(&merchant, "finish", order).await.1["status"], "TRADE_FINISHED");
    let trades = get(&merchant, "trades").await;
    let first = &trades[0];
    assert_eq!(
        *first,
        json!({
            "out_trade_no": ORDER,
            "trade_no": first["trade_no"],
            "status": "TRADE_FINISHED",
            "total_amount": "323.91",
            "paid": true,
            "created_at": "2019-11-28 20:40:08",
            "paid_at": "2019-11-28 20:40:08",
            "refunded": "30.00",
            "refunds": [{ "out_request_no": number, "amount": "30.00", "at": "2019-11-28 20:40:08" }],
        })
    );
    assert_eq!(trades[1]["status"], "TRADE_SUCCESS");
    assert_eq!(get(&merchant, &format!("trades?out_trade_no={ORDER}")).await, trades);
    assert_eq!(get(&merchant, "trades?out_trade_no=1").await, json!([]));
    let requests = get(&merchant, "requests").await;
    assert_eq!(
        (&requests[0]["method"], &requests[0]["out_trade_no"]),
        (&json!("alipay.trade.page.pay"), &json!(ORDER))
    );
    let held = post(&merchant, "notifications/held", Value::Null).await.1;
    assert_eq!((held.as_array().unwrap().len(), &held[0]["out_trade_no"]), (4, &json!(ORDER)));
    assert!(held[0]["form"].as_str().unwrap().contains("&sign="));
    assert_eq!(get(&merchant, "notifications").await, json!([]));
    merchant.sandbox.stop().await;
}

#[actix_web::test]
async fn no_page_of_another_origin_can_send_it() {
    let merchant = Merchant::new();
    merchant.visit(&Merchant::page_pay_terms()).await;
    let url = format!("http://{}/control/pay", merchant.sandbox.addr());
    // A request that a browser sends across origins without a preflight.
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(url);
    let body = json!({ "out_trade_no": ORDER }).to_string();
    let answer = request.header("content-type", "text/plain").body(body).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(!merchant.sandbox.trades()[0].paid);
    merchant.sandbox.stop().await;
}

/// Requests that a browser sends for a page of another site, and for a site whose name now resolves to this machine.
#[actix_web::test]
async fn no_page_of_another_site_can_use_or_read_it() {
    let merchant = Merchant::new();
    merchant.visit(&Merchant::page_pay_terms()).await;
    let addr = merchant.sandbox.addr().to_string();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let status = async |path: &str, post: bool, headers: &[(&str, &str)]| {
        let url = format!("http://{addr}{path}");
        let mut request = if post { client.post(url) } else { client.get(url) };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let held = "/control/notifications/held";
    assert_eq!(status(held, true, &[]).await, 400, "no body needs no leave");
    assert_eq!(status(held, true, &[("content-type", "text/plain")]).await, 400);
    let json = ("content-type", "application/json; charset=utf-8");
    let own = format!("http://{addr}");
    for (origin, expected) in
        [(own.as_str(), 200), ("http://evil.example", 403), ("http://127.0.0.1:1", 403), ("null", 403)]
    {
        assert_eq!(status(held, true, &[json, ("origin", origin)]).await, expected, "{origin}");
        assert_eq!(status("/control/trades", false, &[("origin", origin)]).await, expected, "{origin}");
    }
    for path in ["/control/trades", "/control/requests", "/"] {
        assert_eq!(status(path, false, &[]).await, 200, "{path}");
        assert_eq!(status(path, false, &[("host", "sandbox:8001")]).await, 200, "{path}");
        let rebound = [("host", "evil.example:8001"), ("origin", "http://evil.example:8001")];
        assert_eq!(status(path, false, &rebound).await, 403, "{path}");
        assert_eq!(status(path, false, &rebound[..1]).await, 403, "{path}");
    }
    merchant.sandbox.stop().await;
}
