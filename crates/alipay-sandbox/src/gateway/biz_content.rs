use alipay_protocol::Params;
use serde_json::{Map, Value};

use crate::{amount::Amount, failure::Failure, ledger::TradeRef};

/// Maximum length of the numbers in a request: `out_trade_no`, `trade_no`, `out_request_no`.
const MAX_NUMBER: usize = 64;

/// `biz_content`, read member by member under Alipay's limits.
pub(crate) struct BizContent(Map<String, Value>);

impl BizContent {
    pub(crate) fn read(params: &Params) -> Result<Self, Failure> {
        let text = params.text("biz_content").ok_or(Failure::MissingBizContent)?;
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) | Err(_) => Err(Failure::InvalidParameter { field: "biz_content" }),
        }
    }

    /// A text of at most `longest` characters; `None` if it is missing or empty. A JSON number becomes its digits, as
    /// at Alipay.
    pub(crate) fn text(&self, field: &'static str, longest: usize) -> Result<Option<String>, Failure> {
        let text = match self.0.get(field) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(Failure::InvalidParameter { field });
            }
        };
        if text.chars().count() > longest {
            return Err(Failure::InvalidParameter { field });
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    pub(crate) fn required_text(&self, field: &'static str, longest: usize) -> Result<String, Failure> {
        self.text(field, longest)?.ok_or(Failure::InvalidParameter { field })
    }

    pub(crate) fn amount(&self, field: &'static str) -> Result<Amount, Failure> {
        Amount::parse(&self.required_text(field, 12)?).ok_or(Failure::InvalidParameter { field })
    }

    /// A merchant's number: letters, digits and `_`.
    pub(crate) fn out_trade_no(&self) -> Result<Option<String>, Failure> {
        let field = "out_trade_no";
        let number = self.text(field, MAX_NUMBER)?;
        let plain = |number: &String| number.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if number.as_ref().is_some_and(|number| !plain(number)) {
            return Err(Failure::InvalidParameter { field });
        }
        Ok(number)
    }

    pub(crate) fn out_request_no(&self) -> Result<Option<String>, Failure> {
        self.text("out_request_no", MAX_NUMBER)
    }

    /// The trade of the call: by `trade_no`, or else by `out_trade_no`.
    pub(crate) fn trade_ref(&self) -> Result<TradeRef, Failure> {
        if let Some(trade_no) = self.text("trade_no", MAX_NUMBER)? {
            return Ok(TradeRef::TradeNo(trade_no));
        }
        let out_trade_no = self.out_trade_no()?;
        out_trade_no.map(TradeRef::OutTradeNo).ok_or(Failure::InvalidParameter { field: "out_trade_no" })
    }

    pub(crate) fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field).filter(|value| !value.is_null())
    }
}
