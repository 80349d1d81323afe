//! The document of the interface, against the program that it describes.

use std::collections::BTreeSet;

use actix_web::{
    http::{Method, StatusCode},
    test::TestRequest,
};
use serde_json::Value;

use crate::{embedded::Embedded, support::*};

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

async fn document() -> Value {
    let answer = Parts::untouched().open().await.send(TestRequest::get().uri("/openapi.json")).await;
    assert_eq!(answer.status, StatusCode::OK);
    answer.json()
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

/// Each method and path that docs/API.md heads an operation with, in the form of the document.
fn operations_in_words() -> BTreeSet<(String, String)> {
    let words = include_str!("../../../../docs/API.md");
    let mut operations = BTreeSet::new();
    for code in words.split('`').skip(1).step_by(2) {
        let Some((method, rest)) = code.split_once(' ') else { continue };
        if !METHODS.contains(&method.to_lowercase().as_str()) || !rest.starts_with('/') {
            continue;
        }
        let path = rest.split([' ', '?']).next().unwrap();
        let path: Vec<&str> = path
            .split('/')
            .map(|part| match part {
                "O" => "{order_id}",
                "U" => "{user}",
                "S" => "{sku}",
                "C" => "{catalog}",
                "ID" => "{id}",
                part => part,
            })
            .collect();
        operations.insert((method.to_lowercase(), path.join("/")));
    }
    operations
}

#[actix_web::test]
async fn what_the_document_has_is_what_the_words_have() {
    assert_eq!(operations(&document().await), operations_in_words());
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

#[actix_web::test]
async fn the_page_comes_from_the_program_alone() {
    let client = Parts::untouched().open().await;
    let answer = client.send(TestRequest::get().uri("/docs")).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::PERMANENT_REDIRECT, Some("docs/")));
    for file in ["", "index.css", "swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        let answer = client.send(TestRequest::get().uri(&format!("/docs/{file}"))).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
        assert!(answer.header("content-security-policy").unwrap().contains("default-src 'none'"), "{file}");
    }
    let start = client.send(TestRequest::get().uri("/docs/swagger-initializer.js")).await;
    assert!(str::from_utf8(&start.body).unwrap().contains("/openapi.json"), "{start:?}");
    let answer = client.send(TestRequest::get().uri("/docs/none.js")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}
