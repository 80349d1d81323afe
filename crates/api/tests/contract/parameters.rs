//! Possible values in a body or a query, and their effects. Defect 10: bad parameters were HTTP 500 pages.

use actix_web::test::TestRequest;
use serde_json::{Value, json};

use crate::{samples::*, support::*};

async fn refused(request: TestRequest) -> String {
    let answer = Mocks::signed_in().answer(request).await.json();
    assert_eq!(answer["code"], 50101, "{answer}");
    let text = answer["errmsg"].as_str().unwrap().to_owned();
    assert!(text.starts_with("请求参数错误:") && text.len() > "请求参数错误:".len(), "{answer}");
    assert_eq!(answer, error(50101, &text));
    text
}

#[actix_web::test]
async fn an_unknown_or_missing_status_is_named() {
    for query in ["", "?status=", "?status=4", "?status=-1", "?status=x", "?status=0.0", "?settlement_type=0"]
    {
        let text = refused(TestRequest::get().uri(&format!("{PROCESSING}{query}"))).await;
        assert!(text.contains("status"), "{query}: {text}");
    }
    for body in [
        json!({}),
        json!({"status": 2}),
        json!({"status": null}),
        json!({"status": [0]}),
        json!({"status": {"a": 0}}),
        json!({"status": false}),
        json!({"status": 0.0}),
        json!({"status": "null"}),
        json!({"status": 18446744073709551615_u64}),
    ] {
        let text = refused(post_json(body.clone())).await;
        assert!(text.contains("status"), "{body}: {text}");
    }
}

#[actix_web::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    let deep_member = format!("{{\"status\": {deep}}}");
    let bodies: [&[u8]; 16] = [
        b"{",
        b"}",
        b"null",
        b"[]",
        b"[{\"status\": 0}]",
        b"\"status\"",
        b"0",
        b"status=0&address_id=7",
        b"{\"status\": 0} {\"status\": 0}",
        b"{\"status\": 01}",
        b"{\"status\": 1e999}",
        b"{'status': 0}",
        b"{\"status\": 0, \"name\": \"\xff\xfe\"}",
        b"\x00\x01\x02",
        deep.as_bytes(),
        deep_member.as_bytes(),
    ];
    for body in bodies {
        refused(post_text(body.to_vec())).await;
    }
}

#[actix_web::test]
async fn a_name_that_stands_twice_is_refused_and_named() {
    let text = refused(post_text("{\"status\": 0, \"address_id\": 7, \"address_id\": 8}")).await;
    assert!(text.contains("address_id"), "{text}");
    let text = refused(TestRequest::get().uri(&format!("{PROCESSING}?status=1&status=2"))).await;
    assert!(text.contains("status"), "{text}");
}

#[actix_web::test]
async fn a_body_up_to_the_limit_is_read_and_one_above_is_refused() {
    let padded = |length: usize| {
        let body = json!({"status": 9, "note": ""}).to_string();
        body.replace("\"\"", &format!("\"{}\"", "x".repeat(length - body.len())))
    };
    let text = refused(post_text(padded(BODY_LIMIT))).await;
    assert!(text.contains("status"), "it was read: {text}");
    let text = refused(post_text(padded(BODY_LIMIT + 1))).await;
    assert!(!text.contains("status") && text.contains(&BODY_LIMIT.to_string()), "{text}");
}

#[actix_web::test]
async fn each_parameter_of_creating_is_checked_and_named() {
    let good = || json!({"status": 0, "address_id": 7, "settlement_type": 1, "sku_id": 4, "buy_num": 1});
    for (name, bad) in [
        (
            "address_id",
            vec![Value::Null, json!(""), json!("x"), json!(7.5), json!([7]), json!({"id": 7}), json!(true)],
        ),
        ("settlement_type", vec![Value::Null, json!(2), json!(-1), json!("cart"), json!(0.5), json!([0])]),
        ("sku_id", vec![json!("x"), json!(4.5), json!([4]), json!({}), json!(false)]),
        ("buy_num", vec![Value::Null, json!("")]),
    ] {
        for value in bad {
            let mut body = good();
            body[name] = value;
            let text = refused(post_json(body.clone())).await;
            assert!(text.contains(name), "{body}: {text}");
        }
    }
}

/// A key that no row can have gets the same answer as one that no row has.
#[actix_web::test]
async fn numbers_out_of_range_are_answered_and_not_wrapped() {
    for id in [json!(2147483648_i64), json!(-1), json!(4294967303_i64), json!("9223372036854775807")] {
        let mut mocks = Mocks::signed_in();
        mocks.buyer = Box::new(|query| {
            assert_ne!(query.address_id.0, 7, "4294967303 is not 7");
            let (ordered_lines, latest_order_at) = (Vec::new(), None);
            Ok(Ok(ports::Buyer { user_id: USER, address: None, ordered_lines, latest_order_at }))
        });
        let answer = mocks.post(json!({"status": 0, "address_id": id, "settlement_type": 0})).await;
        assert!(answer["code"] == 50102 || answer["code"] == 50101, "{id}: {answer}");

        let body = json!({"status": 0, "address_id": 7, "settlement_type": 1, "sku_id": id, "buy_num": 1});
        let answer = Mocks::ordering().selling([sku(7, "1.00", 9)]).post(body).await;
        assert!(answer["code"] == 50109 || answer["code"] == 50101, "{id}: {answer}");
    }
}

/// Whatever the value of a parameter, the contract defines the answer.
#[actix_web::test]
async fn no_value_of_any_parameter_is_an_http_error() {
    let values = [
        "",
        "0",
        "-0",
        "+1",
        "1e1",
        "%00",
        "%FF",
        "'",
        "\"",
        "null",
        "[]",
        "９",
        "99999999999999999999",
        "%25",
    ];
    let names = [
        "status",
        "settlement_type",
        "settlement",
        "sku_id",
        "buy_num",
        "order_status",
        "order_id",
        "limit",
        "before",
    ];
    for status in 0..3 {
        for name in names {
            for value in values {
                let mut mocks = Mocks::with_addresses(vec![address()])
                    .with_cart(cart(&[(4, 1, true)]))
                    .selling([sku(4, "1.00", 9)]);
                mocks.orders.expect_list().returning(|_| Ok(Vec::new()));
                mocks.direct_buys.expect_remember().returning(|_, _| Ok(()));
                let query: String = [
                    ("status", status.to_string()),
                    ("settlement_type", "1".into()),
                    ("sku_id", "4".into()),
                    ("buy_num", "1".into()),
                    ("order_status", "0".into()),
                    ("order_id", "1".into()),
                ]
                .into_iter()
                .filter(|(other, _)| *other != name)
                .map(|(other, value)| format!("{other}={value}&"))
                .collect();
                let query = format!("{query}{name}={value}");
                let uri = format!("{PROCESSING}?{query}");
                let Ok(uri) = uri.parse::<actix_web::http::Uri>() else { continue };
                let mocks = mocks.on_record(only(domain::OrderStatus::Completed));
                let answer = mocks.answer(TestRequest::get().uri(&uri.to_string())).await.json();
                let code = answer["code"].as_i64().unwrap();
                let expected = [200, 50101, 50107, 50109, 50110];
                assert!(expected.contains(&code), "{query}: {answer}");
            }
        }
    }
}

/// Each source may use either name; the body still takes precedence over the query string.
#[actix_web::test]
async fn the_body_wins_whichever_name_it_uses() {
    let mut mocks = Mocks::ordering().selling([sku(4, "1.00", 0)]);
    mocks.carts.expect_load_many().never();
    let request = TestRequest::post()
        .uri(&format!("{PROCESSING}?settlement_type=0"))
        .set_payload(r#"{"status":0,"address_id":7,"settlement":1,"sku_id":4,"buy_num":1}"#);
    assert_eq!(mocks.answer(request).await.json()["code"], 50103, "a direct buy, not the cart");
}

/// Null and the empty text count as absent, so neither hides a value.
#[actix_web::test]
async fn what_is_not_there_hides_nothing() {
    let bought = || Mocks::ordering().selling([sku(4, "1.00", 0)]);
    let of_cart = || bought().with_cart(cart(&[(4, 1, true)]));
    for (uri, body) in [
        ("", json!({"status": 0, "address_id": 7, "settlement_type": null, "settlement": 0})),
        ("", json!({"status": 0, "address_id": 7, "settlement_type": 0, "settlement": null})),
        ("?address_id=7", json!({"status": 0, "address_id": null, "settlement": 0})),
        ("?settlement_type=0&status=", json!({"status": 0, "address_id": 7, "settlement": ""})),
        ("?settlement=0&settlement=&settlement_type=", json!({"status": "0", "address_id": 7})),
    ] {
        let request = TestRequest::post().uri(&format!("{PROCESSING}{uri}")).set_payload(body.to_string());
        assert_eq!(
            of_cart().answer(request).await.json()["code"],
            50103,
            "{uri} {body}: the order of the cart"
        );
    }
    let mocks = Mocks::with_addresses(vec![address()]).selling([sku(4, "1.00", 9)]);
    let answer = mocks.with_cart(cart(&[(4, 1, true)])).get("status=0&settlement_type=&settlement=0").await;
    assert_eq!(answer["code"], 200, "{answer}");
}

/// Unknown names may occur twice.
#[actix_web::test]
async fn a_name_that_nobody_reads_may_stand_twice() {
    let mut mocks = Mocks::signed_in();
    mocks.orders.expect_list().returning(|_| Ok(Vec::new()));
    assert_eq!(mocks.get("status=1&order_status=0&x=1&x=2").await["code"], 200);
}
