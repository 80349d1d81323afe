//! Around the operations: other origins, request ids, health, pictures and pages.

use actix_web::{
    http::{Method, StatusCode},
    test::TestRequest,
};
use api::configuration::Origins;
use serde_json::json;

use crate::support::*;

fn preflight(origin: &str, method: &str, headers: &str) -> TestRequest {
    TestRequest::default()
        .method(Method::OPTIONS)
        .uri(PROCESSING)
        .insert_header(("origin", origin))
        .insert_header(("access-control-request-method", method))
        .insert_header(("access-control-request-headers", headers))
}

#[actix_web::test]
async fn a_page_of_another_origin_may_ask() {
    let client = Mocks::untouched().open().await;
    for method in ["GET", "POST", "PUT", "DELETE"] {
        let request = preflight(
            "http://127.0.0.1:7000",
            method,
            "authorization,content-type,idempotency-key,x-request-id",
        );
        let answer = client.send(request).await;
        assert!(answer.status.is_success(), "{method}: {answer:?}");
        let origin = answer.header("access-control-allow-origin").unwrap();
        assert!(["*", "http://127.0.0.1:7000"].contains(&origin), "{origin}");
        let list = |name| answer.header(name).unwrap().to_lowercase();
        assert!(list("access-control-allow-methods").contains(&method.to_lowercase()));
        for header in ["authorization", "content-type", "idempotency-key", "x-request-id"] {
            assert!(list("access-control-allow-headers").contains(header), "{header}");
        }
        assert!(answer.header("access-control-max-age").is_some());
    }
    assert!(!client.send(preflight("http://a.example", "PATCH", "authorization")).await.status.is_success());
    client.close().await;
}

#[actix_web::test]
async fn answers_to_another_origin_can_be_read_errors_included() {
    let client = Mocks::untouched().open().await;
    for (uri, method) in [(PROCESSING, Method::GET), (PROCESSING, Method::POST), ("/nowhere", Method::GET)] {
        let request =
            TestRequest::default().method(method).uri(uri).insert_header(("origin", "http://a.example"));
        let answer = client.send(request).await;
        assert!(answer.header("access-control-allow-origin").is_some(), "{uri}: {answer:?}");
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
        assert!(exposed.to_lowercase().contains("x-request-id"), "{uri}: {answer:?}");
    }
    client.close().await;
}

#[actix_web::test]
async fn where_origins_are_configured_no_other_may_ask() {
    let mut mocks = Mocks::untouched();
    mocks.origins = Origins::These(vec!["http://shop.example".to_owned(), "https://shop.example".to_owned()]);
    let client = mocks.open().await;
    let allowed = |answer: Answer| answer.header("access-control-allow-origin").map(str::to_owned);
    for origin in ["http://shop.example", "https://shop.example"] {
        let answer = client.send(preflight(origin, "POST", "authorization")).await;
        assert_eq!(allowed(answer).as_deref(), Some(origin));
    }
    for origin in ["http://evil.example", "http://shop.example.evil.example", "null"] {
        let answer = client.send(preflight(origin, "POST", "authorization")).await;
        assert_eq!(allowed(answer), None, "{origin}");
    }
    client.close().await;
}

/// Staff use the shop's own pages, and programs send no origin.
#[actix_web::test]
async fn no_page_of_another_origin_may_call_the_shop_side() {
    for origins in [Origins::Any, Origins::These(vec!["http://a.example".to_owned()])] {
        let mut mocks = Mocks::untouched();
        mocks.origins = origins;
        let client = mocks.open().await;
        for path in ["/v1/admin/orders", "/v1/admin/orders/1/refunds", "/v1/%61dmin/orders", "/v1/admin"] {
            let asking = preflight("http://a.example", "GET", "authorization").uri(path);
            let asked = client.send(asking).await;
            assert!(!asked.status.is_success(), "{path}: {asked:?}");
            let sending = TestRequest::get().uri(path).insert_header(("origin", "http://a.example"));
            let sent = client.send(sending).await;
            for answer in [asked, sent] {
                assert_eq!(answer.header("access-control-allow-origin"), None, "{path}: {answer:?}");
            }
        }
        let tokens = preflight("http://a.example", "POST", "content-type").uri("/v1/tokens");
        assert!(client.send(tokens).await.header("access-control-allow-origin").is_some());
        client.close().await;
    }
}

#[actix_web::test]
async fn every_answer_names_its_request() {
    let client = Mocks::untouched().open().await;
    let named = |name: &'static str| {
        client.send(TestRequest::get().uri("/healthz").insert_header(("x-request-id", name)))
    };
    assert_eq!(named("order-77.A_b").await.header("x-request-id"), Some("order-77.A_b"));
    let mut seen = std::collections::BTreeSet::new();
    for strange in
        ["", "two words", "a=\"b\"", "0123456789012345678901234567890123456789012345678901234567890123456789"]
    {
        let made = named(strange).await.header("x-request-id").unwrap().to_owned();
        assert!(made != strange && made.len() >= 16, "{made}");
        assert!(seen.insert(made), "each has its own");
    }
    for uri in [PROCESSING, "/nowhere", "/"] {
        assert!(client.send(TestRequest::get().uri(uri)).await.header("x-request-id").is_some(), "{uri}");
    }
    client.close().await;
}

#[actix_web::test]
async fn health_and_readiness() {
    let client = Mocks::untouched().open().await;
    for uri in ["/healthz", "/readyz"] {
        let answer = client.send(TestRequest::get().uri(uri)).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({"status": "ok"})));
        let head = client.send(TestRequest::default().method(Method::HEAD).uri(uri)).await;
        assert_eq!(head.status, StatusCode::OK, "balancers ask so");
    }
    let mut mocks = Mocks::untouched();
    mocks.readiness.missing = vec!["database: the database is not available".to_owned()];
    let client = mocks.open().await;
    assert_eq!(client.send(TestRequest::get().uri("/healthz")).await.status, StatusCode::OK);
    let answer = client.send(TestRequest::get().uri("/readyz")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let missing = json!({"status": "unavailable", "missing": ["database: the database is not available"]});
    assert_eq!(body, missing);
    client.close().await;
}

/// A balancer must not stop Alipay's notifications because buyers' carts are unavailable.
#[actix_web::test]
async fn a_shop_without_carts_is_ready_and_says_so() {
    let mut mocks = Mocks::untouched();
    mocks.readiness.degraded = vec!["carts"];
    let answer = mocks.send(TestRequest::get().uri("/readyz")).await;
    assert_eq!(
        (answer.status, answer.json()),
        (StatusCode::OK, json!({"status": "ok", "degraded": ["carts"]}))
    );
}

#[actix_web::test]
async fn other_methods_and_paths_are_answered_in_json() {
    let client = Mocks::untouched().open().await;
    for uri in [PROCESSING, SUCCESS] {
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            let answer = client.send(TestRequest::default().method(method).uri(uri)).await.json();
            assert_eq!(answer["code"], 50101, "{uri}: {answer}");
            assert!(answer["errmsg"].as_str().unwrap().starts_with("请求参数错误:"), "{answer}");
        }
    }
    for uri in ["/v1/orders/", "/v1/orders", "/v1/orders/processing/more", "/v1/orders/processing//"] {
        let answer = client.send(TestRequest::get().uri(uri)).await.json();
        assert_eq!(
            answer["code"], 50101,
            "everything below the prefix is answered in the contract's form: {uri}"
        );
    }
    for uri in ["/nowhere", "/media/", "/%2e%2e/etc/passwd"] {
        let answer = client.send(TestRequest::get().uri(uri)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{uri}");
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body["code"], 404, "{uri}");
    }
    client.close().await;
}

#[actix_web::test]
async fn who_looks_for_a_page_that_is_not_there_gets_one_that_says_so() {
    let client = Mocks::untouched().open().await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for uri in ["/nowhere", "/nowhere.html", "/media/nothing.svg", "/docs/none.js"] {
        let answer = client.send(TestRequest::get().uri(uri).insert_header(("accept", browser))).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{uri}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{uri}");
        let page = str::from_utf8(&answer.body).unwrap();
        assert!(page.contains("没有这个页面") && page.contains("href=\"/\""), "{page}");
        for accepted in ["application/json", "*/*", "image/avif,image/webp,*/*;q=0.8"] {
            let request = TestRequest::get().uri(uri).insert_header(("accept", accepted));
            assert_eq!(json_of(&client.send(request).await)["code"], 404, "{uri} {accepted}");
        }
    }
    let posted = TestRequest::post().uri("/nowhere").insert_header(("accept", browser));
    assert_eq!(
        json_of(&client.send(posted).await)["code"],
        404,
        "a form or a program, nobody to read a page"
    );
    client.close().await;
}

fn json_of(answer: &Answer) -> serde_json::Value {
    serde_json::from_slice(&answer.body).unwrap()
}

#[actix_web::test]
async fn no_browser_guesses_what_an_answer_is() {
    let client = Mocks::untouched().open().await;
    for uri in [PROCESSING, "/v1/admin/orders", "/healthz", "/nowhere", "/", "/openapi.json", "/docs/"] {
        let answer = client.send(TestRequest::get().uri(uri)).await;
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{uri}");
    }
    client.close().await;
}

#[actix_web::test]
async fn what_is_no_picture_of_the_demo_shop_is_not_found() {
    let client = Mocks::untouched().open().await;
    for name in ["..%2f..%2fetc%2fpasswd", "demo/../demo", "nothing.svg", "%00", "%E7%BA%A2.svg", "1.jpg"] {
        let answer = client.send(TestRequest::get().uri(&format!("/media/{name}"))).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{name}");
    }
    client.close().await;
}

#[actix_web::test]
async fn the_pages_are_html_that_may_load_nothing_from_elsewhere() {
    let client = Mocks::untouched().open().await;
    for uri in ["/", "/index.html", "/pay_success.html?order_id=1&sign=x", "/admin.html"] {
        let answer = client.send(TestRequest::get().uri(uri)).await;
        assert_eq!(answer.status, StatusCode::OK, "{uri}");
        assert!(answer.header("content-type").unwrap().starts_with("text/html; charset=utf-8"), "{uri}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        let page = str::from_utf8(&answer.body).unwrap();
        assert!(!page.contains("http://") && !page.contains("https://"), "{uri}");
    }
    client.close().await;
}

#[actix_web::test]
async fn no_page_hides_an_operation_or_answers_a_post() {
    let client = Mocks::untouched().open().await;
    for (method, uri) in
        [(Method::POST, "/"), (Method::DELETE, "/index.html"), (Method::GET, "/v1/index.html")]
    {
        let answer = client.send(TestRequest::default().method(method).uri(uri)).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{uri}");
    }
    let answer = client.send(TestRequest::default().method(Method::HEAD).uri("/index.html")).await;
    assert_eq!(answer.status, StatusCode::OK, "balancers ask so");
    client.close().await;
}
