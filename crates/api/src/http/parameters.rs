//! The parameters of an operation: a JSON object in the body, which overrides the query string.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use actix_web::{HttpRequest, web::Payload};
use domain::{Money, OrderId, SkuId};
use serde::{
    Deserialize,
    de::{self, MapAccess, Visitor},
};
use serde_json::Value;

use super::{ApiError, Code};

/// Parameters by name.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// The parameters with a value: see [`is_there`].
    values: BTreeMap<String, Value>,
    /// The parameters that the query string has twice with different values. Using one of them is an error.
    ambiguous: BTreeSet<String>,
}

/// An error for an invalid parameter, named by the text.
fn bad(what: impl fmt::Display) -> ApiError {
    ApiError::new(Code::BadParameter, Cow::Owned(format!("请求参数错误:{what}")))
}

impl Parameters {
    /// The parameters of the query string.
    pub(super) fn of_query(request: &HttpRequest) -> Self {
        let mut parameters = Self::default();
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            let (name, value) = (name.into_owned(), Value::String(value.into_owned()));
            if !is_there(&value) {
                continue;
            }
            if parameters.values.insert(name.clone(), value.clone()).is_some_and(|other| other != value) {
                parameters.ambiguous.insert(name);
            }
        }
        let Self { values, ambiguous } = &mut parameters;
        if ambiguous.contains("settlement") && !values.contains_key("settlement_type") {
            ambiguous.insert("settlement_type".to_owned());
        }
        rename_settlement(values);
        parameters
    }

    /// The parameters of the body, which override those of the query string. The body is parsed as JSON, whatever its
    /// content type.
    ///
    /// # Errors
    /// The body is too large, is no JSON object, or contains a name twice.
    pub(super) async fn of_body(
        request: &HttpRequest,
        body: Payload,
        limit: usize,
    ) -> Result<Self, ApiError> {
        let mut parameters = Self::of_query(request);
        let body = match body.to_bytes_limited(limit).await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return Err(bad("请求体无法读取")),
            Err(_) => return Err(bad(format_args!("请求体超过{limit}字节"))),
        };
        if !body.trim_ascii().is_empty() {
            let Object(mut members) = serde_json::from_slice(&body).map_err(not_an_object)?;
            members.retain(|_, value| is_there(value));
            rename_settlement(&mut members);
            parameters.ambiguous.retain(|name| !members.contains_key(name));
            parameters.values.extend(members);
        }
        Ok(parameters)
    }

    fn get(&self, name: &str) -> Result<Option<&Value>, ApiError> {
        if self.ambiguous.contains(name) {
            return Err(bad(format_args!("{name} 重复")));
        }
        Ok(self.values.get(name))
    }

    /// A whole number, as a number or a text.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.get(name)? else { return Ok(None) };
        whole(value).map(Some).ok_or_else(|| bad(format_args!("{name} 应为整数")))
    }

    /// A required whole number.
    pub(super) fn required_integer(&self, name: &str) -> Result<i64, ApiError> {
        self.integer(name)?.ok_or_else(|| missing(name))
    }

    /// The quantity of a direct buy. A value that is no whole number is an invalid quantity.
    pub(super) fn quantity(&self, name: &str) -> Result<i64, ApiError> {
        let value = self.get(name)?.ok_or_else(|| missing(name))?;
        whole(value).ok_or_else(|| Code::InvalidQuantity.failure())
    }

    /// The SKU of a direct buy. A number outside the range of ids means a SKU that does not exist.
    pub(super) fn sku_id(&self, name: &str) -> Result<Option<SkuId>, ApiError> {
        match self.integer(name)? {
            None => Ok(None),
            Some(id) => match i32::try_from(id) {
                Ok(id) => Ok(Some(SkuId(id))),
                Err(_) => Err(ApiError::new(Code::Unavailable, format!("商品[{id}]已下架"))),
            },
        }
    }

    /// A required order number. A value that is not digits means an order that does not exist.
    pub(super) fn order_id(&self, name: &str) -> Result<OrderId, ApiError> {
        let text = self.scalar(name)?.ok_or_else(|| missing(name))?;
        OrderId::parse(&text).map_err(|_| Code::UnknownOrder.failure())
    }

    /// The order number at which the previous page of a list ended.
    pub(super) fn page_end(&self, name: &str) -> Result<Option<OrderId>, ApiError> {
        let Some(text) = self.scalar(name)? else { return Ok(None) };
        OrderId::parse(&text).map(Some).map_err(|_| bad(format_args!("{name} 不是订单编号")))
    }

    /// A text, or a number as a text: the old page sends order numbers as JavaScript numbers.
    fn scalar(&self, name: &str) -> Result<Option<String>, ApiError> {
        match self.get(name)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                Err(bad(format_args!("{name} 应为文字或数字")))
            }
        }
    }

    /// A line of text.
    pub(super) fn text(&self, name: &str, most: usize) -> Result<Option<String>, ApiError> {
        match self.get(name)? {
            None => Ok(None),
            Some(Value::String(text))
                if text.chars().count() <= most && !text.chars().any(char::is_control) =>
            {
                Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
            }
            Some(_) => Err(bad(format_args!("{name} 应为不超过{most}字的一行文字"))),
        }
    }

    /// An amount of money.
    pub(super) fn amount(&self, name: &str) -> Result<Option<Money>, ApiError> {
        let Some(text) = self.scalar(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| bad(format_args!("{name} 应为金额")))
    }
}

/// `settlement` is an alias of `settlement_type`. If both are present, `settlement_type` counts.
fn rename_settlement(parameters: &mut BTreeMap<String, Value>) {
    if let Some(value) = parameters.remove("settlement") {
        parameters.entry("settlement_type".to_owned()).or_insert(value);
    }
}

pub(super) fn missing(name: &str) -> ApiError {
    bad(format_args!("缺少参数 {name}"))
}

pub(super) fn unknown_value(name: &str) -> ApiError {
    bad(format_args!("{name} 的值未知"))
}

/// Whether it is a value. Null and the empty text count as absent, and do not override another value.
pub(super) fn is_there(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => true,
    }
}

/// A whole number, as a number or a text.
pub(super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn not_an_object(error: serde_json::Error) -> ApiError {
    match error.classify() {
        // The error of `Object` for a name that occurs twice.
        serde_json::error::Category::Data if error.to_string().starts_with(TWICE) => {
            let text = error.to_string();
            let name =
                text.strip_prefix(TWICE).and_then(|rest| rest.split(" at line").next()).unwrap_or_default();
            bad(format_args!("{name} 重复"))
        }
        serde_json::error::Category::Data
        | serde_json::error::Category::Syntax
        | serde_json::error::Category::Eof
        | serde_json::error::Category::Io => bad("请求体应为JSON对象"),
    }
}

const TWICE: &str = "twice: ";

/// A JSON object without duplicate names.
struct Object(BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if members.insert(name.clone(), value).is_some() {
                        return Err(de::Error::custom(format_args!("{TWICE}{name}")));
                    }
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}
