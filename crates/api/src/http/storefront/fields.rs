//! What a request of a page says: a JSON object in the body, whatever its content type says.

use actix_web::{HttpRequest, web::Payload};
use serde_json::{Map, Value};

use crate::http::{
    Shop,
    middleware::in_time,
    parameters::{is_there, whole},
};

/// The fields of a request by name; those alone that are there.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Those of the body; `None` if it is not an object, too large, or does not arrive in time.
    pub(super) async fn of_body(shop: &Shop, body: Payload) -> Option<Self> {
        let bytes = in_time(shop, body.to_bytes_limited(shop.body_limit)).await?.ok()?.ok()?;
        if bytes.trim_ascii().is_empty() {
            return Some(Self(Map::new()));
        }
        let mut fields: Map<String, Value> = serde_json::from_slice(&bytes).ok()?;
        fields.retain(|_, value| is_there(value));
        Some(Self(fields))
    }

    /// Those of the body over those of the query string, for methods whose body a proxy may drop.
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

    /// Whatever the field says.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text; a number is one too.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// A whole number, also written as a text.
    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        whole(self.value(name)?)
    }

    /// Whole numbers: a list, or a text with commas between them as a query string has it.
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
