//! The responses of the shop side as JSON.

use application::{AdminOrderDetails, Page};
use domain::{
    Amendment, Money, Order, OrderGoods, OrderId, OrderStatus, PaymentAttempt, PaymentRecord, Refund,
    SaleAttribute, Shipment, ShopTime, TimelineEntry, Username,
};
use ports::FoundOrder;
use serde::Serialize;
use utoipa::ToSchema;

use super::requests::{AddressData, RestockData};
use crate::http::wire::ChangedAmountData;

/// A page of a search.
#[derive(Serialize, ToSchema)]
#[schema(as = FoundOrders)]
pub(super) struct OrdersData {
    orders: Vec<SummaryData>,
    /// What to pass as `before` for the next page; null on the last page.
    #[schema(required)]
    next: Option<String>,
}

/// A summary of an order.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderSummary)]
struct SummaryData {
    order_id: String,
    user: UserData,
    /// 1 待付款, 2 待发货, 3 待收货, 4 已完成, 5 已取消, 6 已退款.
    status: i16,
    status_text: &'static str,
    /// The number of pieces in all lines.
    total_count: u32,
    /// Goods and freight, less the discount by staff.
    total_amount: String,
    freight: String,
    /// How much of its payment is refunded.
    refunded_amount: String,
    created_at: String,
    /// The payment deadline.
    #[schema(required)]
    expire_at: Option<String>,
    receiver: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Buyer)]
struct UserData {
    id: i32,
    username: String,
}

/// All records of one order.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderDetail)]
pub(super) struct AdminOrderData {
    #[serde(flatten)]
    summary: SummaryData,
    /// The amount by which staff lowered the total.
    discount: String,
    address: AddressData,
    lines: Vec<LineData>,
    attempts: Vec<AttemptData>,
    payments: Vec<PaymentData>,
    refunds: Vec<RefundData>,
    #[schema(required)]
    shipment: Option<ShipmentData>,
    timeline: Vec<TimelineData>,
    /// How much of the payment that paid the order can still be refunded.
    refundable_amount: String,
    /// The prefix for image names.
    base_url: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = OrderLine)]
struct LineData {
    sku_id: i32,
    name: String,
    default_image_url: String,
    price: String,
    count: u32,
    total_amount: String,
    attributes: Vec<AttributeData>,
    /// Pieces that went back into stock.
    returned: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Attribute)]
struct AttributeData {
    name: String,
    value: String,
}

/// An attempt to pay the order.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentAttempt)]
struct AttemptData {
    /// Its number at the channel.
    out_trade_no: String,
    /// The payment channel.
    channel: &'static str,
    /// page or wap.
    product: &'static str,
    amount: String,
    /// open, given_up, closed or paid.
    state: &'static str,
    opened_at: String,
    #[schema(required)]
    closed_at: Option<String>,
    #[schema(required)]
    paid_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Payment)]
struct PaymentData {
    /// The payment channel; the trade number is unique within it.
    channel: &'static str,
    trade_no: String,
    /// The number of its attempt.
    out_trade_no: String,
    /// settled, duplicate, late, wrong_amount or unknown_order.
    status: &'static str,
    /// The code of `trade_status`.
    trade_status: &'static str,
    total_amount: String,
    refunded_amount: String,
    refundable_amount: String,
    #[schema(required)]
    buyer: Option<String>,
    #[schema(required)]
    paid_at: Option<String>,
    /// notification or query.
    source: &'static str,
    recorded_at: String,
}

/// A refund.
#[derive(Serialize, ToSchema)]
#[schema(as = Refund)]
pub(super) struct RefundData {
    out_request_no: String,
    trade_no: String,
    amount: String,
    reason: String,
    /// shop, late, duplicate or external.
    kind: &'static str,
    /// requested, succeeded or failed.
    status: &'static str,
    restock: Vec<RestockData>,
    requested_by: String,
    created_at: String,
    #[schema(required)]
    finished_at: Option<String>,
    /// Alipay's reason if the refund has not succeeded so far.
    #[schema(required)]
    error: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Shipment)]
struct ShipmentData {
    carrier: String,
    tracking_number: String,
    shipped_at: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TimelineEntry)]
struct TimelineData {
    /// Null at the order's creation.
    #[schema(required)]
    from: Option<i16>,
    to: i16,
    /// buyer, shop, system or alipay.
    actor: &'static str,
    /// The person's name, if there is one.
    #[schema(required)]
    by: Option<String>,
    reason: String,
    at: String,
    #[schema(required)]
    request_id: Option<String>,
    /// The amount before and after, if it was lowered.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<ChangedAmountData>,
    /// The address before, if it was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_address: Option<AddressData>,
}

/// A refund, and the order after it.
#[derive(Serialize, ToSchema)]
#[schema(as = Refunded)]
pub(super) struct RefundedData {
    pub(super) refund: RefundData,
    /// Null if no order of the shop has the number under which Alipay received the money.
    #[schema(required)]
    pub(super) order: Option<AdminOrderData>,
}

impl From<Page<FoundOrder, OrderId>> for OrdersData {
    fn from(found: Page<FoundOrder, OrderId>) -> Self {
        Self {
            orders: found.items.into_iter().map(SummaryData::from).collect(),
            next: found.next.map(|id| id.to_string()),
        }
    }
}

impl From<FoundOrder> for SummaryData {
    fn from(order: FoundOrder) -> Self {
        Self {
            order_id: order.id.to_string(),
            user: UserData { id: order.user_id.0, username: order.username.0 },
            status: order.status.code(),
            status_text: order.status.label(),
            total_count: order.total_count,
            total_amount: order.total_amount.to_string(),
            freight: order.freight.to_string(),
            refunded_amount: order.refunded_amount.to_string(),
            created_at: order.created_at.to_string(),
            expire_at: order.expire_at.map(text),
            receiver: order.receiver,
        }
    }
}

impl SummaryData {
    fn of(order: &Order, username: Username) -> Self {
        Self {
            order_id: order.id.to_string(),
            user: UserData { id: order.user_id.0, username: username.0 },
            status: order.status.code(),
            status_text: order.status.label(),
            total_count: order.total_count,
            total_amount: order.total_amount.to_string(),
            freight: order.freight.to_string(),
            refunded_amount: order.refunded_amount.to_string(),
            created_at: order.created_at.to_string(),
            expire_at: order.expire_at.map(text),
            receiver: order.shipping.receiver.clone(),
        }
    }
}

impl AdminOrderData {
    pub(super) fn new(details: AdminOrderDetails, base_url: &str) -> Self {
        let AdminOrderDetails {
            order,
            username,
            returned,
            attempts,
            payments,
            refunds,
            refundable_amount,
            timeline,
        } = details;
        let summary = SummaryData::of(&order, username);
        Self {
            summary,
            discount: order.discount.to_string(),
            address: AddressData::from(order.shipping),
            lines: order.goods.into_iter().zip(returned).map(LineData::from).collect(),
            attempts: attempts.into_iter().map(AttemptData::from).collect(),
            payments: payments.into_iter().map(PaymentData::from).collect(),
            refunds: refunds.into_iter().map(RefundData::from).collect(),
            shipment: order.shipment.map(ShipmentData::from),
            timeline: timeline.into_iter().map(TimelineData::from).collect(),
            refundable_amount: refundable_amount.to_string(),
            base_url: base_url.to_owned(),
        }
    }
}

impl From<(OrderGoods, u32)> for LineData {
    fn from((line, returned): (OrderGoods, u32)) -> Self {
        let attribute = |SaleAttribute { name, value }| AttributeData { name, value };
        Self {
            sku_id: line.sku_id.0,
            price: line.price.to_string(),
            count: line.quantity.pieces(),
            total_amount: line.amount().to_string(),
            name: line.name,
            default_image_url: line.default_image_url,
            attributes: line.attributes.into_iter().map(attribute).collect(),
            returned,
        }
    }
}

impl From<(PaymentRecord, Money)> for PaymentData {
    fn from((payment, refundable): (PaymentRecord, Money)) -> Self {
        let trade = payment.trade;
        Self {
            channel: trade.channel.as_str(),
            trade_no: trade.trade_no,
            out_trade_no: trade.out_trade_no,
            status: payment.status.as_str(),
            trade_status: trade.status.as_str(),
            total_amount: trade.total_amount.to_string(),
            refunded_amount: trade.refunded.to_string(),
            refundable_amount: refundable.to_string(),
            buyer: trade.buyer,
            paid_at: trade.paid_at.map(text),
            source: payment.source.as_str(),
            recorded_at: payment.recorded_at.to_string(),
        }
    }
}

impl From<PaymentAttempt> for AttemptData {
    fn from(attempt: PaymentAttempt) -> Self {
        Self {
            out_trade_no: attempt.out_trade_no,
            channel: attempt.channel.as_str(),
            product: attempt.product.as_str(),
            amount: attempt.amount.to_string(),
            state: attempt.state.as_str(),
            opened_at: attempt.opened_at.to_string(),
            closed_at: attempt.closed_at.map(text),
            paid_at: attempt.paid_at.map(text),
        }
    }
}

impl From<Refund> for RefundData {
    fn from(refund: Refund) -> Self {
        let restock = refund.restock.into_iter();
        let cause = refund.cause;
        Self {
            out_request_no: refund.out_request_no,
            trade_no: refund.trade_no,
            amount: refund.amount.to_string(),
            reason: refund.reason,
            kind: refund.kind.as_str(),
            status: refund.status.as_str(),
            restock: restock.map(|back| RestockData { sku_id: back.sku_id.0, count: back.pieces }).collect(),
            requested_by: cause.name.unwrap_or_else(|| cause.actor.as_str().to_owned()),
            created_at: refund.requested_at.to_string(),
            finished_at: refund.finished_at.map(text),
            error: refund.failure,
        }
    }
}

impl From<Shipment> for ShipmentData {
    fn from(shipment: Shipment) -> Self {
        Self {
            carrier: shipment.carrier,
            tracking_number: shipment.tracking_number,
            shipped_at: shipment.shipped_at.to_string(),
        }
    }
}

impl From<TimelineEntry> for TimelineData {
    fn from(entry: TimelineEntry) -> Self {
        let (amount, old_address) = match entry.amendment {
            None => (None, None),
            Some(Amendment::Amount { before, after }) => (Some(ChangedAmountData::new(before, after)), None),
            Some(Amendment::Address { before }) => (None, Some(AddressData::from(before))),
        };
        Self {
            from: entry.from.map(OrderStatus::code),
            to: entry.to.code(),
            actor: entry.cause.actor.as_str(),
            by: entry.cause.name,
            reason: entry.reason,
            at: entry.at.to_string(),
            request_id: entry.cause.request_id,
            amount,
            old_address,
        }
    }
}

fn text(time: ShopTime) -> String {
    time.to_string()
}
