//! The fields of a page's request: a JSON object in the body, whatever its content type.

use actix_web::{HttpRequest, web::Payload};
use serde_json::{Map, Value};

use crate::http::{
    Shop,
    middleware::in_time,
    parameters::{is_there, whole},
};

/// The fields of a request by name, without empty ones.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// The fields of the body; `None` if it is no object, is too large, or does not arrive in time.
    pub(super) async fn of_body(shop: &Shop, body: Payload) -> Option<Self> {
        let bytes = in_time(shop, body.to_bytes_limited(shop.body_limit)).await?.ok()?.ok()?;
        if bytes.trim_ascii().is_empty() {
            return Some(Self(Map::new()));
        }
        let mut fields: Map<String, Value> = serde_json::from_slice(&bytes).ok()?;
        fields.retain(|_, value| is_there(value));
        Some(Self(fields))
    }

    /// The fields of the body, which override those of the query string. For methods whose body a proxy may drop.
    pub(super) async fn of_body_or_query(shop: &Shop, request: &HttpRequest, body: Payload) -> Option<Self> {
        let Self(mut fields) = Self::of_body(shop, body).await?;
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            let value = Value::String(value.into_owned());
            if is_there(&value) {
                fields.entry(name).or_insert(value);
            }
        }
        Some(Self(fields))
    }

    /// The value of a field, of any type.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text, or a number as a text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A whole number, as a number or a text.
    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        whole(self.value(name)?)
    }

    /// Whole numbers: a list, or a comma-separated text as in a query string.
    pub(super) fn integers(&self, name: &str) -> Option<Vec<i64>> {
        match self.value(name)? {
            Value::Array(numbers) => numbers.iter().map(whole).collect(),
            Value::String(text) => text.split(',').map(|number| number.trim().parse().ok()).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
        }
    }

    /// All fields.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}
