//! Unknown paths, and the table of codes.

use actix_web::{http::Method, test::TestRequest};

use super::*;

/// The path and the only method of each operation.
pub(super) fn operations() -> [(Method, String); 10] {
    [
        (Method::GET, ORDERS.to_owned()),
        (Method::GET, "/v1/admin/orders.csv".to_owned()),
        (Method::GET, "/v1/admin/orders.xlsx".to_owned()),
        (Method::GET, "/v1/admin/figures".to_owned()),
        (Method::GET, of_order("")),
        (Method::POST, of_order("/ship")),
        (Method::POST, of_order("/cancel")),
        (Method::POST, of_order("/amount")),
        (Method::POST, of_order("/address")),
        (Method::POST, of_order("/refunds")),
    ]
}

#[actix_web::test]
async fn a_method_that_a_path_does_not_take_is_405_and_says_which_one_it_takes() {
    let client = Mocks::untouched().open().await;
    let with_slash = operations().map(|(only, uri)| (only, format!("{uri}/")));
    for (only, uri) in operations().into_iter().chain(with_slash) {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            if method == only {
                continue;
            }
            let request = TestRequest::default().method(method.clone()).uri(&uri);
            for request in [by_staff(TestRequest::default().method(method).uri(&uri)), request] {
                let answer = client.send(request).await;
                assert_eq!(refused(&answer, METHOD_NOT_ALLOWED), "不支持的请求方法", "{uri}");
                assert_eq!(answer.header("allow"), Some(only.as_str()), "RFC 9110, 15.5.6");
            }
        }
    }
    client.close().await;
}

/// Known paths are refused because of their content, not as unknown.
#[actix_web::test]
async fn each_path_works_with_and_without_its_last_slash() {
    let client = Mocks::untouched().open().await;
    for (method, uri) in operations() {
        let uri = uri.replace(ORDER, "x");
        let ask =
            |uri: String| client.send(by_staff(TestRequest::default().method(method.clone()).uri(&uri)));
        let without = ask(format!("{uri}?date=x")).await;
        assert_eq!(
            refused(&ask(format!("{uri}/?date=x")).await, BAD_REQUEST),
            refused(&without, BAD_REQUEST)
        );
    }
    let answer = sent(with_file(Mocks::untouched(), file(OrderStatus::Completed)), get(&of_order("/"))).await;
    assert_eq!(done(&answer), details(OrderStatus::Completed));
    client.close().await;
}

#[actix_web::test]
async fn a_path_that_is_not_there_is_404() {
    let client = Mocks::untouched().open().await;
    for path in [
        "",
        "/",
        "/order",
        "/orders//",
        "/orders.json",
        "/figures/x",
        &format!("/orders/{ORDER}/x"),
        "/orders/1/ship/x",
    ] {
        for method in [Method::GET, Method::POST] {
            let request = TestRequest::default().method(method).uri(&format!("/v1/admin{path}"));
            assert_eq!(refused(&client.send(by_staff(request)).await, NOT_FOUND), "没有这个接口", "{path}");
        }
    }
    client.close().await;
}

/// The tests and the documentation list the same operations.
#[test]
fn the_codes_are_those_of_the_documentation() {
    let documentation = include_str!("../../../../../docs/API.md");
    let (_, shop_side) = documentation.split_once("## The shop side").unwrap();
    let (shop_side, _) = shop_side.split_once("\n## ").unwrap();
    let row = |line: &str| {
        let cells: Vec<_> = line.strip_prefix("| `")?.split('|').map(str::trim).collect();
        let status = cells.get(1)?.parse::<u16>().ok()?;
        Some((status, cells.first()?.trim_end_matches('`').to_owned()))
    };
    let mut documented: Vec<_> = shop_side.lines().filter_map(row).collect();
    documented.sort();
    let mut tested = [
        BAD_REQUEST,
        UNAUTHENTICATED,
        NOT_FOUND,
        ORDER_NOT_FOUND,
        ENDPOINT_NOT_FOUND,
        EVENT_NOT_FOUND,
        NOT_SENT,
        METHOD_NOT_ALLOWED,
        NOT_ALLOWED,
        CONFLICT,
        STALE,
        REQUEST_ID_REUSED,
        AMOUNT_EXCEEDS_PAYMENT,
        NOTHING_TO_REFUND,
        RESTOCK_EXCEEDS_ORDER,
        AMOUNT_NOT_LOWER,
        INTERNAL,
        ALIPAY_UNAVAILABLE,
        BUSY,
    ]
    .map(|(status, code)| (status, code.to_owned()));
    tested.sort();
    assert_eq!(documented, tested);
}
