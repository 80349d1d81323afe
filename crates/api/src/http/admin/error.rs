//! The errors of the shop side, and which outcomes of use cases they stand for. docs/API.md has the same table.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use application::{OrderError, SettleError, TransactError};
use domain::{NotAllowed, OrderStatus, Trigger, ledger::Refusal};
use ports::{GatewayError, StoreError};
use serde::Serialize;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

use super::xlsx::{MOST, WorkbookError};
use crate::http::{
    codes::log_failure,
    observe::{AnsweredCode, answered},
};

/// An error code that clients of the shop side can distinguish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AdminCode {
    /// A parameter is missing, unreadable or unknown.
    BadRequest,
    /// No valid staff token.
    Unauthenticated,
    /// No such order.
    OrderNotFound,
    /// No such webhook endpoint.
    EndpointNotFound,
    /// The order has no such event, or it has been deleted.
    EventNotFound,
    /// The endpoint does not get this event.
    NotSent,
    /// No such path.
    NotFound,
    /// A path without this method.
    MethodNotAllowed,
    /// The order's status does not allow it.
    NotAllowed,
    /// The order changed in the meantime.
    Conflict,
    /// A refund or return was made after the caller read the order. The request had no effect.
    Stale,
    /// The request id was used for a different request.
    RequestIdReused,
    /// More than the rest of the payment.
    AmountExceedsPayment,
    /// There is no payment, or it is fully refunded.
    NothingToRefund,
    /// More pieces than the order holds.
    RestockExceedsOrder,
    /// The amount is not lower than the order's amount.
    AmountNotLower,
    /// Alipay cannot be reached or gives an invalid answer.
    AlipayUnavailable,
    /// The database is busy, or the request's time limit is over.
    Busy,
    /// Any other failure.
    Internal,
}

/// An outcome that is not a success, in the format of the response.
#[derive(Debug)]
pub(super) struct AdminApiError {
    code: AdminCode,
    text: Cow<'static, str>,
}

/// The body of every failure.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct Envelope<'a> {
    error: ErrorData<'a>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ErrorDetail)]
struct ErrorData<'a> {
    code: &'static str,
    /// A text for people, in Chinese, that names the problem.
    message: &'a str,
}

/// The failures that operations of the shop side may return, for the OpenAPI document.
pub(super) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut codes: BTreeMap<u16, Vec<String>> = BTreeMap::new();
        for code in AdminCode::OF_OPERATIONS {
            codes.entry(code.status().as_u16()).or_default().push(format!("`{}`", code.as_str()));
        }
        let schema = Ref::from_schema_name(Envelope::name());
        let response = |codes: Vec<String>| {
            let content = ContentBuilder::new().schema(Some(schema.clone())).build();
            ResponseBuilder::new().description(codes.join(", ")).content("application/json", content).build()
        };
        codes.into_iter().map(|(status, codes)| (status.to_string(), response(codes).into())).collect()
    }
}

impl AdminCode {
    /// The codes that operations may return, by [`AdminCode::as_str`] and [`AdminCode::status`].
    const OF_OPERATIONS: [Self; 17] = [
        Self::BadRequest,
        Self::Unauthenticated,
        Self::OrderNotFound,
        Self::EndpointNotFound,
        Self::EventNotFound,
        Self::NotSent,
        Self::NotAllowed,
        Self::Conflict,
        Self::Stale,
        Self::RequestIdReused,
        Self::AmountExceedsPayment,
        Self::NothingToRefund,
        Self::RestockExceedsOrder,
        Self::AmountNotLower,
        Self::AlipayUnavailable,
        Self::Busy,
        Self::Internal,
    ];

    /// The code on the wire, the HTTP status, and the standard text.
    fn parts(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::BadRequest => ("bad_request", StatusCode::BAD_REQUEST, "请求参数错误"),
            Self::Unauthenticated => ("unauthenticated", StatusCode::UNAUTHORIZED, "请使用员工令牌登录"),
            Self::OrderNotFound => ("order_not_found", StatusCode::NOT_FOUND, "订单不存在"),
            Self::EndpointNotFound => ("endpoint_not_found", StatusCode::NOT_FOUND, "没有这个推送端点"),
            Self::EventNotFound => ("event_not_found", StatusCode::NOT_FOUND, "该订单没有这个事件,或已清除"),
            Self::NotSent => ("not_sent", StatusCode::CONFLICT, "该推送端点不在配置中,不会推送"),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND, "没有这个接口"),
            Self::MethodNotAllowed => {
                ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED, "不支持的请求方法")
            }
            Self::NotAllowed => ("not_allowed", StatusCode::CONFLICT, "订单状态不允许此操作"),
            Self::Conflict => ("conflict", StatusCode::CONFLICT, "订单刚刚发生了变化,请刷新后重试"),
            Self::Stale => ("stale", StatusCode::CONFLICT, "订单刚刚有其他退款或入库,请核对后重试"),
            Self::RequestIdReused => {
                ("request_id_reused", StatusCode::CONFLICT, "该 request_id 已用于另一个请求")
            }
            Self::AmountExceedsPayment => {
                ("amount_exceeds_payment", StatusCode::UNPROCESSABLE_ENTITY, "退款金额超过可退金额")
            }
            Self::NothingToRefund => {
                ("nothing_to_refund", StatusCode::UNPROCESSABLE_ENTITY, "没有可退的款项")
            }
            Self::RestockExceedsOrder => {
                ("restock_exceeds_order", StatusCode::UNPROCESSABLE_ENTITY, "退回库存的件数超过订单中的件数")
            }
            Self::AmountNotLower => {
                ("amount_not_lower", StatusCode::UNPROCESSABLE_ENTITY, "新金额应低于订单金额")
            }
            Self::AlipayUnavailable => {
                ("alipay_unavailable", StatusCode::BAD_GATEWAY, "支付宝暂不可用,请稍后重试")
            }
            Self::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE, "系统繁忙,请稍后重试"),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "系统错误"),
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        self.parts().0
    }

    fn status(self) -> StatusCode {
        self.parts().1
    }

    /// The failure with the code's standard text. Codes whose text names something get their own text.
    pub(super) fn failure(self) -> AdminApiError {
        AdminApiError::new(self, self.parts().2)
    }
}

impl AdminApiError {
    pub(super) fn new(code: AdminCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, text: text.into() }
    }

    /// An error for an invalid parameter, named by the text.
    pub(super) fn bad(what: impl fmt::Display) -> Self {
        Self::new(AdminCode::BadRequest, format!("请求参数错误:{what}"))
    }
}

impl fmt::Display for AdminApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code.as_str(), self.text)
    }
}

impl ResponseError for AdminApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        answered(AnsweredCode::Word(self.code.as_str()));
        let error = ErrorData { code: self.code.as_str(), message: &self.text };
        let mut answer = HttpResponse::build(self.code.status());
        answer.insert_header(("cache-control", "no-store"));
        if self.code == AdminCode::Unauthenticated {
            answer.insert_header(("www-authenticate", "Bearer"));
        }
        answer.json(Envelope { error })
    }
}

impl From<StoreError> for AdminApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy(_) => AdminCode::Busy.failure(),
            StoreError::Unavailable(_)
            | StoreError::OutcomeUnknown(_)
            | StoreError::Corrupt(_)
            | StoreError::Refused(_) => internal(&error),
        }
    }
}

impl From<WorkbookError> for AdminApiError {
    fn from(error: WorkbookError) -> Self {
        match error {
            WorkbookError::Store(error) => error.into(),
            WorkbookError::TooMany => {
                Self::bad(format_args!("订单多于{MOST}个:请缩小下单时间的范围,或导出 orders.csv"))
            }
            WorkbookError::Written(_) | WorkbookError::GivenUp(_) => internal(&error),
        }
    }
}

impl From<NotAllowed> for AdminApiError {
    fn from(NotAllowed { status, trigger }: NotAllowed) -> Self {
        let why = match (status, trigger) {
            // Otherwise an unpaid order could be paid.
            (OrderStatus::AwaitingPayment, Trigger::Paid) => "支付期限已过",
            (status, _) => status.label(),
        };
        Self::new(AdminCode::NotAllowed, format!("订单状态不允许此操作:{why}"))
    }
}

impl From<GatewayError> for AdminApiError {
    fn from(error: GatewayError) -> Self {
        log_failure(&error, "a payment channel failed");
        AdminCode::AlipayUnavailable.failure()
    }
}

impl From<SettleError> for AdminApiError {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::NotKnownYet => AdminCode::Conflict.failure(),
            SettleError::Gateway(error) => error.into(),
            SettleError::Transact(error) => error.into(),
        }
    }
}

impl From<TransactError> for AdminApiError {
    fn from(error: TransactError) -> Self {
        match error {
            TransactError::Refused(refusal) => refusal.into(),
            TransactError::Conflict => AdminCode::Conflict.failure(),
            TransactError::Store(error) => error.into(),
        }
    }
}

impl From<Refusal> for AdminApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::UnknownOrder => AdminCode::OrderNotFound.failure(),
            Refusal::NotAllowed(error) => error.into(),
            Refusal::BeingRefunded => {
                Self::new(AdminCode::NotAllowed, "订单状态不允许此操作:款项正在全部退回")
            }
            Refusal::NothingToShip => {
                Self::new(AdminCode::NotAllowed, "订单状态不允许此操作:商品已全部退回库存")
            }
            Refusal::NothingToRefund => AdminCode::NothingToRefund.failure(),
            Refusal::ExceedsPayment { left } => {
                Self::new(AdminCode::AmountExceedsPayment, format!("退款金额超过可退金额{left}"))
            }
            Refusal::ExceedsOrder(sku_id) => Self::new(
                AdminCode::RestockExceedsOrder,
                format!("商品[{sku_id}]退回库存的件数超过订单中的件数"),
            ),
            Refusal::AmountNotLower { amount } => {
                Self::new(AdminCode::AmountNotLower, format!("新金额应不低于0.01且低于{amount}"))
            }
            Refusal::AmountChanged { amount } => {
                Self::new(AdminCode::Conflict, format!("订单金额现为{amount},请刷新后重试"))
            }
            Refusal::RefundedMeanwhile(left) => {
                Self::new(AdminCode::Stale, format!("可退金额现为{left},请核对退款记录后重试"))
            }
            Refusal::ReturnedMeanwhile(pieces) => {
                Self::new(AdminCode::Stale, format!("已退回库存的件数现为{pieces},请核对后重试"))
            }
            Refusal::AddressChanged => Self::new(AdminCode::Conflict, "收货地址刚刚被修改,请刷新后重试"),
            Refusal::TooManyAmendments => {
                Self::new(AdminCode::NotAllowed, "订单状态不允许此操作:修改次数已用完")
            }
            Refusal::TooManyAttempts => {
                Self::new(AdminCode::NotAllowed, "订单状态不允许此操作:支付次数已用完,改价后买家将无法支付")
            }
            // The buyer has just opened another attempt to pay.
            Refusal::OtherAttemptOpen => AdminCode::Conflict.failure(),
            Refusal::RequestNumberReused => AdminCode::RequestIdReused.failure(),
            Refusal::RefundUnconfirmed { .. } | Refusal::RefundUnnumbered => AdminCode::Conflict.failure(),
            // Staff do not pay, so this is unexpected.
            Refusal::CostsNothing | Refusal::UnknownRefund(_) | Refusal::Contradiction(_) => {
                internal(&refusal)
            }
        }
    }
}

impl From<OrderError> for AdminApiError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::NotAdmitted(_) | OrderError::UnknownAddress => internal(&error),
            OrderError::Gateway(error) => error.into(),
            OrderError::Settle(error) => error.into(),
            OrderError::Transact(error) => error.into(),
            OrderError::Store(error) => error.into(),
        }
    }
}

/// Logs the cause once. It does not appear in the response.
pub(super) fn internal(error: &(dyn std::error::Error + 'static)) -> AdminApiError {
    log_failure(error, "a request of staff failed");
    AdminCode::Internal.failure()
}
