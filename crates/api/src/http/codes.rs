//! Maps the outcomes of use cases to codes.

use application::{
    OrderError, PaymentResultError, PlaceOrderError, PlacementError, SettleError, TransactError,
};
use domain::{InvalidQuantity, NotAdmitted, NotAllowed, Refusal, SkuId, ledger};
use ports::{GatewayError, StoreError};

use super::{ApiError, Code};
use crate::error_chain::chain;

impl Code {
    /// The failure with the code's standard text. Codes whose text names something have their own functions.
    pub(super) fn failure(self) -> ApiError {
        ApiError::new(self, self.text())
    }
}

fn unavailable(sku_id: SkuId) -> ApiError {
    ApiError::new(Code::Unavailable, format!("商品[{sku_id}]已下架"))
}

/// A failure without a code in the contract. The cause is logged once and does not appear in the response.
pub(super) fn unforeseen(error: &(dyn std::error::Error + 'static)) -> ApiError {
    log_failure(error, "a request failed");
    Code::Unforeseen.failure()
}

/// A database failure. If rows were locked, the response says that the client may try again.
fn store_failure(error: &StoreError) -> ApiError {
    match error {
        StoreError::Busy(_) => Code::Busy.failure(),
        StoreError::Unavailable(_)
        | StoreError::OutcomeUnknown(_)
        | StoreError::Corrupt(_)
        | StoreError::Refused(_) => unforeseen(error),
    }
}

/// Why a placed order cannot be paid at once. Never a code that means "not placed": the client would order again.
pub(super) fn unsigned(cause: &OrderError) -> ApiError {
    if let OrderError::Transact(TransactError::Refused(ledger::Refusal::TooManyAttempts)) = cause {
        return Code::TooManyAttempts.failure();
    }
    log_failure(cause, "an order is placed, and its buyer is not led to pay it");
    Code::Channel.failure()
}

/// Logs an error with its causes, within the span of the request.
pub(super) fn log_failure(error: &(dyn std::error::Error + 'static), what: &str) {
    tracing::error!(error = chain(error), "{what}");
}

impl From<NotAdmitted> for ApiError {
    fn from(refusal: NotAdmitted) -> Self {
        match refusal {
            NotAdmitted::UnknownUser => Code::UnknownUser.failure(),
            NotAdmitted::PasswordChanged => Code::NotSignedIn.failure(),
        }
    }
}

impl From<PlaceOrderError> for ApiError {
    fn from(error: PlaceOrderError) -> Self {
        match error {
            PlaceOrderError::NoDirectBuy => Self::new(Code::BadParameter, "请求参数错误:缺少参数 sku_id"),
            PlaceOrderError::KeyReused => Code::KeyReused.failure(),
            PlaceOrderError::NotAllowed(NotAllowed { .. }) => Code::NotAllowed.failure(),
            PlaceOrderError::Placement(error) => error.into(),
            PlaceOrderError::Unsigned { cause, .. } => unsigned(&cause),
            PlaceOrderError::Store(error) => store_failure(&error),
        }
    }
}

impl From<PlacementError> for ApiError {
    fn from(error: PlacementError) -> Self {
        match error {
            PlacementError::NotAdmitted(refusal) => refusal.into(),
            PlacementError::UnknownAddress => Code::UnknownAddress.failure(),
            PlacementError::NothingSelected => Code::NothingSelected.failure(),
            PlacementError::InvalidQuantity(InvalidQuantity { .. }) => Code::InvalidQuantity.failure(),
            PlacementError::Refused(refusal) => refusal.into(),
            PlacementError::Busy => Code::Busy.failure(),
            // The order of the other request was not found: that request has failed.
            PlacementError::KeyInUse | PlacementError::Repeated => Code::Busy.failure(),
            PlacementError::Carts(error) => unforeseen(&*error),
            PlacementError::Store(error) => match &*error {
                // The order may exist: a buyer who reads that it failed would order again.
                StoreError::OutcomeUnknown(_) => {
                    log_failure(&error, "it is not known whether an order was written");
                    Code::OutcomeUnknown.failure()
                }
                StoreError::Busy(_)
                | StoreError::Unavailable(_)
                | StoreError::Corrupt(_)
                | StoreError::Refused(_) => store_failure(&error),
            },
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unavailable(sku_id) => unavailable(sku_id),
            Refusal::StockShort(sku_id) => Self::new(Code::StockShort, format!("商品[{sku_id}]库存不足")),
            Refusal::AmountChanged(_) => Code::AmountChanged.failure(),
            Refusal::TooExpensive => Code::InvalidQuantity.failure(),
            Refusal::CostsNothing => Code::Unpayable.failure(),
            Refusal::TooManyUnpaidOrders { limit } => {
                Self::new(Code::TooMuchUnpaid, format!("未付款订单过多(最多{limit}个),请先付款或取消"))
            }
            Refusal::TooManyUnpaidPieces { sku_id, limit } => Self::new(
                Code::TooMuchUnpaid,
                format!("商品[{sku_id}]的未付款数量过多(最多{limit}件),请先付款或取消,或减少购买数量"),
            ),
        }
    }
}

impl From<TransactError> for ApiError {
    fn from(error: TransactError) -> Self {
        match error {
            TransactError::Refused(refusal) => match refusal {
                ledger::Refusal::UnknownOrder => Code::UnknownOrder.failure(),
                ledger::Refusal::NotAllowed(NotAllowed { .. })
                | ledger::Refusal::BeingRefunded
                | ledger::Refusal::NothingToShip
                | ledger::Refusal::NothingToRefund
                | ledger::Refusal::ExceedsPayment { .. }
                | ledger::Refusal::ExceedsOrder(_)
                | ledger::Refusal::RefundedMeanwhile(_)
                | ledger::Refusal::ReturnedMeanwhile(_)
                | ledger::Refusal::RequestNumberReused => Code::NotAllowed.failure(),
                ledger::Refusal::TooManyAttempts => Code::TooManyAttempts.failure(),
                ledger::Refusal::TooManyAmendments => {
                    Self::new(Code::NotAllowed, "订单状态不允许此操作:修改次数已用完")
                }
                ledger::Refusal::AmountChanged { .. } | ledger::Refusal::AmountNotLower { .. } => {
                    Code::AmountChanged.failure()
                }
                ledger::Refusal::CostsNothing => Code::Unpayable.failure(),
                ledger::Refusal::OtherAttemptOpen | ledger::Refusal::AddressChanged => Code::Busy.failure(),
                // The channel's answer may be complete in a moment.
                ledger::Refusal::RefundUnconfirmed { .. } | ledger::Refusal::RefundUnnumbered => {
                    Code::Busy.failure()
                }
                ledger::Refusal::UnknownRefund(_) | ledger::Refusal::Contradiction(_) => unforeseen(&refusal),
            },
            TransactError::Conflict => Code::Busy.failure(),
            TransactError::Store(error) => store_failure(&error),
        }
    }
}

impl From<OrderError> for ApiError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::NotAdmitted(refusal) => refusal.into(),
            OrderError::UnknownAddress => Code::UnknownAddress.failure(),
            OrderError::Gateway(error) => error.into(),
            OrderError::Settle(error) => error.into(),
            OrderError::Transact(error) => error.into(),
            OrderError::Store(error) => store_failure(&error),
        }
    }
}

impl From<SettleError> for ApiError {
    fn from(error: SettleError) -> Self {
        match error {
            // The channel's answer may be complete in a moment.
            SettleError::NotKnownYet => Code::Busy.failure(),
            SettleError::Gateway(error) => error.into(),
            SettleError::Transact(error) => error.into(),
        }
    }
}

impl From<GatewayError> for ApiError {
    fn from(error: GatewayError) -> Self {
        log_failure(&error, "a payment channel failed");
        Code::Channel.failure()
    }
}

/// The response of operation 6 if the state is unknown; `None` if the message is not from the channel or not for this shop.
pub(super) fn payment_result_failure(error: PaymentResultError) -> Option<ApiError> {
    match error {
        PaymentResultError::NotVerified(_) | PaymentResultError::NotForUs(_) => None,
        PaymentResultError::UnknownOrder => Some(Code::UnknownOrder.failure()),
        PaymentResultError::Gateway { cause, .. } => Some(cause.into()),
        PaymentResultError::NotKnownYet(_) => Some(Code::Channel.failure()),
        PaymentResultError::Settle(error) => Some(error.into()),
        PaymentResultError::Store(error) => Some(store_failure(&error)),
    }
}
