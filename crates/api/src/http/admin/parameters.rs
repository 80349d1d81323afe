use std::collections::BTreeMap;

use actix_web::{HttpRequest, web::Payload};
use application::OrderFilter;
use domain::{EndpointName, OrderId, OrderStatus, ShopDate, ShopTime, Username};
use serde::de::DeserializeOwned;

use super::AdminApiError;

/// The longest user name in a search.
const MAX_USERNAME: usize = 150;
/// The longest reason that a timeline and a refund can store.
pub(crate) const MAX_REASON: usize = 200;

/// The parameters of a query string. Each is known and occurs once.
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// # Errors
    /// A parameter is not in `known`, or occurs twice.
    pub(super) fn of(request: &HttpRequest, known: &[&str]) -> Result<Self, AdminApiError> {
        let mut values = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(request.query_string().as_bytes()) {
            if !known.contains(&name.as_ref()) {
                return Err(AdminApiError::bad(format_args!("没有参数 {}", shortened(&name))));
            }
            if values.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(AdminApiError::bad(format_args!("{name} 重复")));
            }
        }
        // A form sends empty fields; they are no criteria.
        values.retain(|_, value: &mut String| !value.is_empty());
        Ok(Self(values))
    }

    /// The value, parsed by `read`; `form` describes the expected format.
    fn read<T>(
        &self,
        name: &str,
        form: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, AdminApiError> {
        let Some(text) = self.0.get(name) else { return Ok(None) };
        read(text.trim()).map(Some).ok_or_else(|| AdminApiError::bad(format_args!("{name} 应为{form}")))
    }

    pub(super) fn order_id(&self, name: &str) -> Result<Option<OrderId>, AdminApiError> {
        self.read(name, "1至64位数字", |text| OrderId::parse(text).ok())
    }

    /// A day that can end a week of valid days.
    pub(super) fn date(&self, name: &str) -> Result<Option<ShopDate>, AdminApiError> {
        let form = "0001-01-07 起 YYYY-MM-DD 格式的日期";
        let is_day = |day: ShopDate| ShopDate::parse(&day.to_string()).is_some();
        self.read(name, form, |text| ShopDate::parse(text).filter(|day| is_day(day.days_before(6))))
    }

    pub(super) fn endpoint(&self, name: &str) -> Result<Option<EndpointName>, AdminApiError> {
        self.read(name, "端点名称", |text| EndpointName::parse(text).ok())
    }

    /// The id of a row.
    pub(super) fn id(&self, name: &str) -> Result<Option<i64>, AdminApiError> {
        self.read(name, "正整数", |text| text.parse().ok().filter(|id| *id > 0))
    }

    /// A whole number from 1 to `most`.
    pub(super) fn number(&self, name: &str, most: u32) -> Result<Option<u32>, AdminApiError> {
        let form = format!("1至{most}的整数");
        self.read(name, &form, |text| text.parse().ok().filter(|number| (1..=most).contains(number)))
    }

    /// The search criteria for orders.
    pub(super) fn filter(&self) -> Result<OrderFilter, AdminApiError> {
        const TIME: &str = "YYYY-MM-DD 或 YYYY-MM-DD HH:MM:SS 格式的时间";
        Ok(OrderFilter {
            number: self.order_id("number")?,
            username: self.read("user", "用户名", |text| {
                (text.chars().count() <= MAX_USERNAME).then(|| Username(text.to_owned()))
            })?,
            status: self.read("status", "1至6的整数", |text| {
                text.parse().ok().and_then(OrderStatus::from_code)
            })?,
            from: self.read("from", TIME, first_moment)?,
            until: self.read("to", TIME, end)?,
        })
    }
}

/// The names of the parameters that [`Query::filter`] reads.
pub(super) const FILTER: [&str; 5] = ["number", "user", "status", "from", "to"];

/// The beginning of a day, or a moment.
pub(crate) fn first_moment(text: &str) -> Option<ShopTime> {
    ShopDate::parse(text).map(ShopDate::begin).or_else(|| moment(text))
}

/// The end of a day, exclusive, or a moment.
pub(crate) fn end(text: &str) -> Option<ShopTime> {
    ShopDate::parse(text).map(|date| date.next().begin()).or_else(|| moment(text))
}

/// A moment of such a day.
fn moment(text: &str) -> Option<ShopTime> {
    ShopDate::parse(text.get(..10)?)?;
    ShopTime::parse(text).filter(|moment| moment.to_string() == text)
}

/// The JSON body of a request, whatever its content type.
///
/// # Errors
/// The body is larger than `limit` bytes, or has another format; the text names the parameter.
pub(super) async fn body<T: DeserializeOwned>(body: Payload, limit: usize) -> Result<T, AdminApiError> {
    let bytes = match body.to_bytes_limited(limit).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return Err(AdminApiError::bad("请求体无法读取")),
        Err(_) => return Err(AdminApiError::bad(format_args!("请求体超过{limit}字节"))),
    };
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    let asked = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (path, error) = (error.path().to_string(), error.into_inner());
        not_expected(if error.is_data() && path != "." { &path } else { "请求体" }, &error)
    })?;
    json.end().map_err(|error| not_expected("请求体", &error))?;
    Ok(asked)
}

fn not_expected(name: &str, error: &serde_json::Error) -> AdminApiError {
    AdminApiError::bad(shortened(&format!("{name}:{error}")))
}

/// A required line of text, trimmed.
pub(super) fn line(name: &str, text: &str, most: usize) -> Result<String, AdminApiError> {
    one_line(text, most).ok_or_else(|| AdminApiError::bad(format_args!("{name} 应为1至{most}字的一行文字")))
}

/// Checks and trims a line of text, also for the command line.
pub(crate) fn one_line(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    let fits = (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// The part of a client's text that a response repeats.
fn shortened(text: &str) -> String {
    text.chars().take(100).collect()
}
