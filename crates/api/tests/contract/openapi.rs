//! Compares the document of the interface with the program.

use std::{collections::BTreeSet, io::Read};

use actix_web::{
    http::{
        Method, StatusCode,
        header::{CONTENT_TYPE, HeaderMap, HeaderValue},
    },
    test::TestRequest,
};
use domain::OrderStatus;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::{embedded::Embedded, samples::*, support::*};

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

async fn document() -> Value {
    let answer = Mocks::untouched().send(TestRequest::get().uri("/openapi.json")).await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.json()
}

/// A new status must appear in every list of statuses.
#[actix_web::test]
async fn all_statuses_are_told() {
    let document = document().await;
    let all = OrderStatus::ALL.map(|status| format!("{} {}", status.code(), status.label()));
    let summary = &document["components"]["schemas"]["OrderSummary"]["properties"]["status"]["description"];
    assert_eq!(*summary, json!(format!("{}.", all.join(", "))));
    let parameters = document["paths"]["/v1/admin/orders"]["get"]["parameters"].as_array().unwrap();
    let status = parameters.iter().find(|parameter| parameter["name"] == "status").unwrap();
    assert_eq!(status["schema"]["maximum"], json!(all.len()), "{status}");
    let listed = format!("list: 0 all, 1 to {} those in that status", all.len());
    assert!(document.to_string().contains(&listed), "{listed}");
}

/// Each method and path that the document has.
fn operations(document: &Value) -> BTreeSet<(String, String)> {
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|key| METHODS.contains(&key.as_str())) {
            operations.insert((method.clone(), path.clone()));
        }
    }
    operations
}

/// Each method and path in the headings of docs/API.md, in the document's form, and the rest of the query string.
fn operations_in_words() -> Vec<(String, String, &'static str)> {
    let words = include_str!("../../../../docs/API.md");
    let mut operations = Vec::new();
    for code in words.split('`').skip(1).step_by(2) {
        let Some((method, rest)) = code.split_once(' ') else { continue };
        if !METHODS.contains(&method.to_lowercase().as_str()) || !rest.starts_with('/') {
            continue;
        }
        let rest = rest.split(' ').next().unwrap();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path: Vec<&str> = path
            .split('/')
            .map(|part| match part {
                "CHANNEL" => "{channel}",
                "O" => "{order_id}",
                "U" => "{user}",
                "S" => "{sku}",
                "C" => "{catalog}",
                "ID" => "{id}",
                "E" => "{endpoint}",
                part => part,
            })
            .collect();
        operations.push((method.to_lowercase(), path.join("/"), query));
    }
    operations
}

#[actix_web::test]
async fn what_the_document_has_is_what_the_words_have() {
    let document = document().await;
    let words = operations_in_words();
    let in_words = words.iter().map(|(method, path, _)| (method.clone(), path.clone())).collect();
    assert_eq!(operations(&document), in_words);
    for (method, path, query) in words {
        let known = document["paths"][&path][&method]["parameters"].as_array();
        for name in query.split('&').filter_map(|pair| Some(pair.split_once('=')?.0)) {
            let is_it = |known: &&Value| known["name"] == name && known["in"] == "query";
            assert!(known.into_iter().flatten().any(|known| is_it(&known)), "{method} {path}: {name}");
        }
    }
}

#[actix_web::test]
async fn each_operation_of_the_document_is_served_and_no_other_method_of_its_path() {
    let operations = operations(&document().await);
    let shop = Embedded::open().await;
    let paths: BTreeSet<&String> = operations.iter().map(|(_, path)| path).collect();
    for path in paths {
        let uri = path
            .replace("{file}", "swagger-ui.css")
            .replace("{name}", "demo/cup-red.svg")
            .replace(['{', '}'], "~");
        for method in METHODS {
            let name = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let answer = shop.client.send(TestRequest::default().method(name).uri(&uri)).await;
            let refused = [StatusCode::METHOD_NOT_ALLOWED, StatusCode::NOT_FOUND].contains(&answer.status)
                || str::from_utf8(&answer.body).unwrap().contains("不支持的请求方法");
            let described = operations.contains(&(method.to_owned(), path.clone()));
            assert_eq!(described, !refused, "{method} {path}: {answer:?}");
        }
    }
}

#[actix_web::test]
async fn every_reference_of_the_document_leads_somewhere() {
    let document = document().await;
    let mut open = vec![&document];
    let mut seen = 0;
    while let Some(value) = open.pop() {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
            seen += 1;
        }
        match value {
            Value::Array(values) => open.extend(values),
            Value::Object(fields) => open.extend(fields.values()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    assert!(seen > 20, "{seen} references");
}

/// [`Client::call`] checks every answer of every test with the document; this tests the check itself.
#[actix_web::test]
async fn each_operation_has_its_answers_described() {
    let document = document().await;
    for (method, path) in operations(&document) {
        if !path.starts_with("/v1/") || path.ends_with("/return/") {
            continue;
        }
        let responses = document["paths"][&path][&method]["responses"].as_object().unwrap();
        let has_formats = path.starts_with("/v1/orders/") || path.starts_with("/v1/admin/");
        for (status, response) in responses {
            assert_eq!(response["content"].is_object(), has_formats, "{method} {path} {status}");
        }
        let statuses: Vec<&String> = responses.keys().collect();
        let expected: &[&str] = match (&*method, &*path) {
            (_, path) if path.starts_with("/v1/admin/") => {
                &["200", "400", "401", "404", "409", "422", "500", "502", "503"]
            }
            ("get", path) if path.starts_with("/v1/goods/") => &["200", "304"],
            (_, "/v1/tokens") => &["200", "404"],
            _ => &["200"],
        };
        assert_eq!(statuses, expected, "{method} {path}");
    }
}

#[actix_web::test]
async fn an_answer_that_is_not_as_described_is_found() {
    let refusal = json!({"code": 50108, "errmsg": "…", "error": {"error_msg": "…"}});
    let stranger = json!({"code": 403, "errmsg": "Please login", "error": "Please login"});
    let done = json!({"code": 200, "base_url": BASE_URL});
    let client = Mocks::untouched().open().await;
    let document = client.document().await;
    let objection = |method: Method, path: &str, status: u16, body: &Value| {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, headers, body: body.to_string().into() };
        document.objection(&method, path, &answer)
    };
    for (method, path) in [(Method::GET, PROCESSING), (Method::POST, PROCESSING), (Method::GET, SUCCESS)] {
        assert_eq!(objection(method.clone(), path, 200, &refusal), None);
        assert!(objection(method.clone(), path, 400, &refusal).is_some());
        let without_slash = path.trim_end_matches('/');
        for (name, value) in [
            ("code", json!(200)),
            ("code", json!(403)),
            ("code", json!("50108")),
            ("code", Value::Null),
            ("errmsg", Value::Null),
            ("error", json!("…")),
            ("data", json!({})),
            ("base_url", json!(BASE_URL)),
        ] {
            let mut other = refusal.clone();
            other[name] = value;
            assert!(
                objection(method.clone(), without_slash, 200, &other).is_some(),
                "{method} {path} {other}"
            );
        }
    }
    for method in [Method::GET, Method::POST] {
        assert_eq!(objection(method.clone(), PROCESSING, 200, &stranger), None);
        assert_eq!(objection(method.clone(), PROCESSING, 200, &done), None);
        for bare in [json!({"code": 200}), json!({"code": 200, "base_url": null}), json!({})] {
            assert!(objection(method.clone(), PROCESSING, 200, &bare).is_some(), "{method} {bare}");
        }
    }
    let order = format!("/v1/admin/orders/{ORDER}");
    let failure = json!({"error": {"code": "not_allowed", "message": "…"}});
    assert_eq!(objection(Method::GET, &order, 409, &failure), None);
    assert!(objection(Method::GET, &order, 418, &failure).is_some());
    assert!(objection(Method::GET, &order, 200, &failure).is_some());
    assert!(objection(Method::GET, &order, 409, &json!({"error": "not_allowed"})).is_some());
    let orders = json!({"orders": [], "next": null});
    assert_eq!(objection(Method::GET, "/v1/admin/orders", 200, &orders), None);
    for other in
        [json!({"orders": []}), json!({"orders": [{}], "next": null}), json!({"orders": [], "next": 1})]
    {
        assert!(objection(Method::GET, "/v1/admin/orders", 200, &other).is_some(), "{other}");
    }
    client.close().await;
}

#[actix_web::test]
async fn a_body_is_that_of_one_operation() {
    let client = Mocks::untouched().open().await;
    let document = client.document().await;
    let objection = |body: &Value| document.objection_to_request(&Method::POST, PROCESSING, body);
    for body in [
        json!({"status": 0, "address_id": 7, "settlement_type": 0}),
        json!({"status": 0, "address_id": 7, "settlement_type": 1, "sku_id": 4, "buy_num": 2, "expected_amount": "8.00"}),
        json!({"status": 1, "order_id": ORDER}),
        json!({"status": 3, "order_id": ORDER}),
        json!({"status": 3, "order_id": ORDER, "reason": "不想要了"}),
    ] {
        assert_eq!(objection(&body), None, "{body}");
    }
    for body in [
        json!({"status": 2, "order_id": ORDER}),
        json!({"status": 0, "order_id": ORDER}),
        json!({"status": 1, "address_id": 7, "settlement_type": 0}),
        json!({"status": 3}),
        json!({}),
    ] {
        assert!(objection(&body).is_some(), "{body}");
    }
    client.close().await;
}

#[actix_web::test]
async fn the_page_comes_from_the_program_alone() {
    let client = Mocks::untouched().open().await;
    let answer = client.send(TestRequest::get().uri("/docs")).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::PERMANENT_REDIRECT, Some("docs/")));
    for file in ["", "index.css", "swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        let answer = client.send(TestRequest::get().uri(&format!("/docs/{file}"))).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
        assert!(answer.header("content-security-policy").unwrap().contains("default-src 'none'"), "{file}");
    }
    for file in ["swagger-ui.css", "swagger-ui-bundle.js"] {
        let request = || TestRequest::get().uri(&format!("/docs/{file}"));
        let plain = client.send(request()).await;
        let zipped = client.send(request().insert_header(("accept-encoding", "gzip, br"))).await;
        assert_eq!(
            (plain.header("content-encoding"), zipped.header("content-encoding")),
            (None, Some("gzip"))
        );
        assert!(zipped.body.len() * 3 < plain.body.len(), "{file}: {} bytes", zipped.body.len());
        let mut unzipped = Vec::new();
        GzDecoder::new(&zipped.body[..]).read_to_end(&mut unzipped).unwrap();
        assert!(unzipped == plain.body, "{file}");
    }
    let start = client.send(TestRequest::get().uri("/docs/swagger-initializer.js")).await;
    assert!(str::from_utf8(&start.body).unwrap().contains("/openapi.json"), "{start:?}");
    let answer = client.send(TestRequest::get().uri("/docs/none.js")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    client.close().await;
}
