//! The key figures of a day as JSON.

use application::Figures;
use domain::{PaymentRecord, Refund, order_number};
use ports::{DayFigures, UnmatchedPayment};
use serde::Serialize;
use utoipa::ToSchema;

/// The figures of a day and the days before it.
#[derive(Serialize, ToSchema)]
#[schema(as = Figures)]
pub(super) struct FiguresData {
    date: String,
    orders: u64,
    order_amount: String,
    paid: u64,
    paid_amount: String,
    refunded: u64,
    refunded_amount: String,
    /// Orders that wait to be shipped now.
    to_ship: u64,
    /// Orders that wait to be paid now.
    awaiting_payment: u64,
    /// That day and the six before it, the oldest first.
    days: Vec<DayData>,
    /// Payments that need a decision of staff: payments for no order or of a wrong amount that are not fully refunded; late
    /// and duplicate payments that are not fully refunded; payments with an open refund that was tried in vain; and
    /// payments with a refund by staff that failed on these days.
    unmatched_payments: Vec<UnmatchedData>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = UnmatchedPayment)]
struct UnmatchedData {
    trade_no: String,
    /// The order number at Alipay. The shop may have no order with this number.
    order_id: String,
    /// `wrong_amount` or `unknown_order`; or `late`, `duplicate` or `settled` if a refund of the payment is not done.
    status: &'static str,
    amount: String,
    /// The refunded amount.
    refunded: String,
    /// Null if Alipay gave no time; then the payment counts at `recorded_at`.
    #[schema(required)]
    paid_at: Option<String>,
    recorded_at: String,
    /// The refund that is not done, if one was requested.
    #[schema(required)]
    refund: Option<OpenRefundData>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OpenRefund)]
struct OpenRefundData {
    out_request_no: String,
    amount: String,
    /// requested or failed.
    status: &'static str,
    /// Alipay's reason why the refund is not done, if it gave one.
    #[schema(required)]
    failure: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DayFigures)]
struct DayData {
    date: String,
    orders: u64,
    paid_amount: String,
    refunded_amount: String,
}

impl From<Figures> for FiguresData {
    fn from(figures: Figures) -> Self {
        let day = figures.day;
        Self {
            date: day.date.to_string(),
            orders: day.orders,
            order_amount: day.order_amount.to_string(),
            paid: day.paid,
            paid_amount: day.paid_amount.to_string(),
            refunded: day.refunded,
            refunded_amount: day.refunded_amount.to_string(),
            to_ship: figures.to_ship,
            awaiting_payment: figures.awaiting_payment,
            days: figures.week.iter().map(DayData::from).collect(),
            unmatched_payments: figures.unmatched.into_iter().map(UnmatchedData::from).collect(),
        }
    }
}

impl From<UnmatchedPayment> for UnmatchedData {
    fn from(UnmatchedPayment { payment, refund }: UnmatchedPayment) -> Self {
        let PaymentRecord { trade, status, recorded_at, .. } = payment;
        Self {
            trade_no: trade.trade_no,
            order_id: order_number(&trade.out_trade_no).to_owned(),
            status: status.as_str(),
            amount: trade.total_amount.to_string(),
            refunded: trade.refunded.to_string(),
            paid_at: trade.paid_at.map(|at| at.to_string()),
            recorded_at: recorded_at.to_string(),
            refund: refund.map(OpenRefundData::from),
        }
    }
}

impl From<Refund> for OpenRefundData {
    fn from(refund: Refund) -> Self {
        Self {
            out_request_no: refund.out_request_no,
            amount: refund.amount.to_string(),
            status: refund.status.as_str(),
            failure: refund.failure,
        }
    }
}

impl From<&DayFigures> for DayData {
    fn from(day: &DayFigures) -> Self {
        Self {
            date: day.date.to_string(),
            orders: day.orders,
            paid_amount: day.paid_amount.to_string(),
            refunded_amount: day.refunded_amount.to_string(),
        }
    }
}
