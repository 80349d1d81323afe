use std::time::Duration;

use alipay_protocol::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    Fault, FaultKind, FaultMoment, HeldNotification, NotificationBehaviour, NotificationRecord,
    RequestRecord, TradeRecord, trade,
};

/// Maximum number of faults that one request adds.
const MAX_TIMES: u32 = 1000;
/// Maximum delay, in milliseconds.
const MAX_MILLISECONDS: u64 = 600_000;

/// `POST /control/faults`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultJson {
    method: String,
    kind: KindJson,
    moment: MomentJson,
    /// The delay of a `slow` fault.
    milliseconds: Option<u64>,
    #[serde(default = "once")]
    times: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindJson {
    Slow,
    NoAnswer,
    Unavailable,
    SystemError,
    NoBalance,
    Dropped,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum MomentJson {
    Before,
    After,
}

fn once() -> u32 {
    1
}

impl FaultJson {
    /// The method, the fault and how many times it is added; `None` if the combination is invalid.
    pub(super) fn read(&self) -> Option<(Method, Fault, u32)> {
        let kind = match (&self.kind, self.milliseconds) {
            (KindJson::Slow, Some(span @ 1..=MAX_MILLISECONDS)) => {
                FaultKind::Slow(Duration::from_millis(span))
            }
            (KindJson::NoAnswer, None) => FaultKind::NoAnswer,
            (KindJson::Unavailable, None) => FaultKind::Unavailable,
            (KindJson::SystemError, None) => FaultKind::SystemError,
            (KindJson::NoBalance, None) => FaultKind::NoBalance,
            (KindJson::Dropped, None) => FaultKind::Dropped,
            (
                KindJson::Slow
                | KindJson::NoAnswer
                | KindJson::Unavailable
                | KindJson::SystemError
                | KindJson::NoBalance
                | KindJson::Dropped,
                _,
            ) => return None,
        };
        let moment = match self.moment {
            MomentJson::Before => FaultMoment::BeforeWork,
            MomentJson::After => FaultMoment::AfterWork,
        };
        let times = (1..=MAX_TIMES).contains(&self.times).then_some(self.times)?;
        Some((self.method.parse().ok()?, Fault { kind, moment }, times))
    }
}

/// A request about one order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderJson {
    pub(super) out_trade_no: String,
}

/// `POST /control/key`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyJson {
    pub(super) new_key: bool,
}

/// `POST /control/refund`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundJson {
    pub(super) out_trade_no: String,
    pub(super) amount: String,
}

/// `POST /control/notifications`: a missing member has its default value.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BehaviourJson {
    resend_after_ms: Option<Vec<u64>>,
    speed_up: u32,
    delay_ms: u64,
    duplicates: u32,
    lose_first: u32,
    reorder: bool,
    notify_close: bool,
    hold: bool,
}

impl Default for BehaviourJson {
    fn default() -> Self {
        Self {
            resend_after_ms: None,
            speed_up: 1,
            delay_ms: 0,
            duplicates: 0,
            lose_first: 0,
            reorder: false,
            notify_close: false,
            hold: false,
        }
    }
}

impl From<BehaviourJson> for NotificationBehaviour {
    fn from(json: BehaviourJson) -> Self {
        let waits = json.resend_after_ms.map(|waits| waits.into_iter().map(Duration::from_millis).collect());
        Self {
            resend_after: waits.unwrap_or_else(|| Self::default().resend_after),
            speed_up: json.speed_up,
            delay: Duration::from_millis(json.delay_ms),
            duplicates: json.duplicates,
            lose_first: json.lose_first,
            reorder: json.reorder,
            notify_close: json.notify_close,
            hold: json.hold,
        }
    }
}

/// One trade.
#[derive(Serialize)]
pub(super) struct TradeJson {
    out_trade_no: String,
    trade_no: String,
    status: &'static str,
    total_amount: String,
    paid: bool,
    created_at: String,
    paid_at: Option<String>,
    refunded: String,
    refunds: Vec<Value>,
}

impl TradeJson {
    pub(super) fn of(trade: &TradeRecord) -> Self {
        let refund = |one: &crate::RefundRecord| json!({ "out_request_no": one.out_request_no, "amount": one.amount.to_string(), "at": one.at.to_string() });
        Self {
            out_trade_no: trade.out_trade_no.clone(),
            trade_no: trade.trade_no.clone(),
            status: trade::TradeStatus::from(trade.status).word(),
            total_amount: trade.total_amount.to_string(),
            paid: trade.paid,
            created_at: trade.created_at.to_string(),
            paid_at: trade.paid_at.map(|at| at.to_string()),
            refunded: trade.refunded.to_string(),
            refunds: trade.refunds.iter().map(refund).collect(),
        }
    }
}

pub(super) fn request_json(record: &RequestRecord) -> Value {
    json!({
        "method": record.method.name(),
        "out_trade_no": record.out_trade_no,
        "trade_no": record.trade_no,
        "out_request_no": record.out_request_no,
        "at": record.at.to_string(),
    })
}

pub(super) fn notification_json(record: &NotificationRecord) -> Value {
    json!({
        "notify_id": record.notify_id,
        "out_trade_no": record.out_trade_no,
        "trade_status": record.trade_status,
        "attempts": record.attempts,
        "acknowledged": record.acknowledged,
        "over": record.over,
        "last_answer": record.last_answer,
    })
}

pub(super) fn held_json(held: &HeldNotification) -> Value {
    json!({ "out_trade_no": held.out_trade_no, "form": String::from_utf8_lossy(&held.form) })
}
