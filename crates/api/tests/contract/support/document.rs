//! Checks answers with the document of the interface.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Map, Value, json};

use super::Answer;

const PLACE: &str = "http://shop.example/openapi.json";
const METHODS: [&str; 5] = ["get", "post", "put", "delete", "head"];

/// The formats of answers in the document. For some answers the document has no format: see docs/API.md.
pub(crate) struct Document {
    schemas: Schemas,
    operations: Vec<Operation>,
}

struct Operation {
    method: String,
    /// The segments of its path.
    path: Vec<String>,
    statuses: BTreeSet<u16>,
    /// By status and content type.
    formats: BTreeMap<(u16, String), SchemaIndex>,
    request: Option<SchemaIndex>,
}

impl Document {
    /// Reads the document strictly: an object may have no properties that the document does not name.
    pub(crate) fn new(mut document: Value) -> Self {
        close(&mut document);
        let mut judge = Judge { compiler: Compiler::new(), schemas: Schemas::new() };
        judge.compiler.add_resource(PLACE, document.clone()).unwrap();
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                if METHODS.contains(&method.as_str()) {
                    operations.push(judge.operation(method, path, operation));
                }
            }
        }
        Self { schemas: judge.schemas, operations }
    }

    /// The first violation of the document in this answer. An answer without a documented format has none.
    pub(crate) fn objection(&self, method: &Method, path: &str, answer: &Answer) -> Option<String> {
        let operation = self.operation(method, path)?;
        if !operation.statuses.contains(&answer.status.as_u16()) {
            return Some(format!("no answer {} is described", answer.status));
        }
        if operation.formats.is_empty() {
            return None;
        }
        let content_type = answer.header("content-type").unwrap_or_default();
        let content_type = content_type.split(';').next().unwrap_or_default();
        let Some(format) = operation.formats.get(&(answer.status.as_u16(), content_type.to_owned())) else {
            return Some(format!("no answer {} in {content_type} is described", answer.status));
        };
        if content_type != "application/json" {
            return None;
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        self.schemas.validate(&body, *format).err().map(|error| format!("{error}"))
    }

    /// The first violation of the document in this body of a request.
    pub(crate) fn objection_to_request(&self, method: &Method, path: &str, body: &Value) -> Option<String> {
        let format = self.operation(method, path).unwrap().request.unwrap();
        self.schemas.validate(body, format).err().map(|error| format!("{error}"))
    }

    fn operation(&self, method: &Method, path: &str) -> Option<&Operation> {
        let mocks: Vec<&str> = mocks(path).collect();
        let is_it = |operation: &&Operation| {
            let fits = |(part, form): (&&str, &String)| form.starts_with('{') || part == form;
            operation.method.eq_ignore_ascii_case(method.as_str())
                && operation.path.len() == mocks.len()
                && mocks.iter().zip(&operation.path).all(fits)
        };
        self.operations.iter().find(is_it)
    }
}

/// The segments of a path, with or without a last slash.
fn mocks(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

struct Judge {
    compiler: Compiler,
    schemas: Schemas,
}

impl Judge {
    fn operation(&mut self, method: &str, path: &str, operation: &Value) -> Operation {
        let at = format!("/paths/{}/{method}", escaped(path));
        let (mut statuses, mut formats) = (BTreeSet::new(), BTreeMap::new());
        for (status, response) in operation["responses"].as_object().unwrap() {
            statuses.insert(status.parse().unwrap());
            for content_type in response["content"].as_object().into_iter().flat_map(Map::keys) {
                let content = format!("{at}/responses/{status}/content/{}", escaped(content_type));
                formats.insert((status.parse().unwrap(), content_type.clone()), self.compiled(&content));
            }
        }
        let body = operation.pointer("/requestBody/content/application~1json");
        let request = body.map(|_| self.compiled(&format!("{at}/requestBody/content/application~1json")));
        let path = mocks(path).map(str::to_owned).collect();
        Operation { method: method.to_owned(), path, statuses, formats, request }
    }

    fn compiled(&mut self, content: &str) -> SchemaIndex {
        let fragment = content.replace('{', "%7B").replace('}', "%7D");
        let place = format!("{PLACE}#{fragment}/schema");
        self.compiler.compile(&place, &mut self.schemas).unwrap_or_else(|error| panic!("{place}: {error:#}"))
    }
}

/// A name as a part of a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Forbids unnamed properties in each object that leaves this open. Objects that combine several schemas are merged
/// first.
fn close(document: &mut Value) {
    let known = document["components"]["schemas"].clone();
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(Value::Array(all)) = fields.remove("allOf") {
                    fields.extend(merged(&known, &all));
                }
                if fields.contains_key("properties") && !fields.contains_key("additionalProperties") {
                    fields.insert("additionalProperties".to_owned(), json!(false));
                }
                open.extend(fields.values_mut());
            }
            Value::Array(values) => open.extend(values),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

fn merged(known: &Value, all: &[Value]) -> Map<String, Value> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for one in all {
        let name = one["$ref"].as_str().and_then(|reference| reference.rsplit('/').next());
        let one = name.map_or(one, |name| &known[name]);
        properties.extend(one["properties"].as_object().unwrap().clone());
        required.extend(one["required"].as_array().unwrap().clone());
    }
    let merged = json!({"type": "object", "properties": properties, "required": required});
    merged.as_object().unwrap().clone()
}
