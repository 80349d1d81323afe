//! The shapes of the contract's JSON.

use application::{ListedOrder, OrderDetails, Page, PaymentInvitation};
use domain::{
    Address, Amendment, Money, Order, OrderGoods, OrderId, PaymentAttempt, PaymentProduct, PricedLine, Quote,
    Refund, RefundDue, SaleAttribute, ShippingAddress, TimelineEntry, Unavailable, UnavailableReason,
};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The payee, with the contract's spelling of the field.
const SALLER: &str = "达达商城";

/// `data` of operation 1.
#[derive(Serialize, ToSchema)]
pub(super) struct PreviewData {
    addresses: Vec<AddressData>,
    sku_list: Vec<LineData>,
    unavailable: Vec<UnavailableData>,
    total_count: u32,
    total_amount: String,
    #[schema(value_type = f64, required)]
    transit: Option<Box<RawValue>>,
    payment_amount: String,
}

#[derive(Serialize, ToSchema)]
struct AddressData {
    id: i32,
    name: String,
    mobile: String,
    title: String,
    address: String,
}

/// A line of a preview, or of an order.
#[derive(Serialize, ToSchema)]
struct LineData {
    id: i32,
    default_image_url: String,
    name: String,
    price: String,
    count: u32,
    total_amount: String,
    sku_sale_attr_names: Vec<String>,
    sku_sale_attr_vals: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct UnavailableData {
    id: i32,
    reason: &'static str,
}

/// `data` of operations 2 and 5.
#[derive(Serialize, ToSchema)]
pub(super) struct InvitationData {
    saller: &'static str,
    total_amount: String,
    order_id: String,
    pay_url: String,
    /// The URL of the same payment as a code to scan, for a frame in a page; present only if requested and enabled by the
    /// shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    code_url: Option<String>,
}

/// `data` of operation 2 if the order is placed but its `pay_url` could not be made. Operation 5 makes one.
#[derive(Serialize, ToSchema)]
pub(super) struct UnsignedData {
    total_amount: String,
    order_id: String,
}

impl UnsignedData {
    pub(super) fn new(order_id: &OrderId, total_amount: Money) -> Self {
        Self { total_amount: total_amount.to_string(), order_id: order_id.to_string() }
    }
}

/// `data` of operation 3.
#[derive(Serialize, ToSchema)]
pub(super) struct OrdersData {
    orders_list: Vec<OrderData>,
    #[schema(required)]
    next: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct OrderData {
    order_id: String,
    order_total_count: u32,
    order_total_amount: String,
    order_freight: String,
    /// The amount by which staff lowered the total; absent if they did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_discount: Option<String>,
    address: OrderAddressData,
    status: i16,
    status_text: &'static str,
    order_sku: Vec<LineData>,
    order_time: String,
    #[schema(required)]
    expire_at: Option<String>,
    #[schema(required)]
    carrier: Option<String>,
    #[schema(required)]
    tracking_number: Option<String>,
    #[schema(required)]
    shipped_at: Option<String>,
    refunded_amount: String,
    #[schema(required)]
    unkept_payment: Option<RefundDueData>,
}

/// The sum of late and duplicate payments of an order, and how much of it is refunded.
#[derive(Serialize, ToSchema)]
struct RefundDueData {
    amount: String,
    refunded_amount: String,
}

/// `data` of one order with its timeline.
#[derive(Serialize, ToSchema)]
pub(super) struct OrderDetailsData {
    order: OrderWithTimeline,
}

#[derive(Serialize, ToSchema)]
struct OrderWithTimeline {
    #[serde(flatten)]
    order: OrderData,
    /// The recorded attempts to pay, in the order in which they were opened; empty while there is only the first one.
    attempts: Vec<AttemptData>,
    /// Refunds of its payment that are done or on their way, in the order of their requests.
    refunds: Vec<RefundData>,
    timeline: Vec<TimelineData>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = BuyersAttempt)]
struct AttemptData {
    channel: &'static str,
    /// pc or wap, as in operation 5.
    device: &'static str,
    amount: String,
    /// open: the one to pay; given_up: replaced by another one; closed; paid.
    state: &'static str,
    opened_at: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = BuyersRefund)]
struct RefundData {
    amount: String,
    reason: String,
    /// requested: on its way; succeeded: refunded.
    status: &'static str,
    created_at: String,
    #[schema(required)]
    finished_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct TimelineData {
    #[schema(required)]
    from: Option<i16>,
    to: i16,
    actor: &'static str,
    reason: String,
    time: String,
    /// The amount before and after, if it was lowered.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<ChangedAmountData>,
    /// The address before, if it was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_address: Option<OrderAddressData>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ChangedAmount)]
pub(super) struct ChangedAmountData {
    from: String,
    to: String,
}

impl ChangedAmountData {
    pub(super) fn new(from: Money, to: Money) -> Self {
        Self { from: from.to_string(), to: to.to_string() }
    }
}

#[derive(Serialize, ToSchema)]
struct OrderAddressData {
    title: String,
    address: String,
    mobile: String,
    receiver: String,
}

/// `data` of operation 6.
#[derive(Serialize, ToSchema)]
pub(super) struct ResultData {
    order_id: String,
    total_amount: String,
}

impl PreviewData {
    /// A preview without goods, with these addresses.
    pub(super) fn empty(addresses: Vec<Address>) -> Self {
        Self::new(addresses, Quote::default())
    }

    pub(super) fn new(addresses: Vec<Address>, quote: Quote) -> Self {
        Self {
            addresses: addresses.into_iter().map(AddressData::from).collect(),
            total_count: quote.total_count,
            total_amount: quote.goods_amount.to_string(),
            transit: number(quote.freight),
            payment_amount: quote.payment_amount.to_string(),
            unavailable: quote.unavailable.iter().map(UnavailableData::from).collect(),
            sku_list: quote.lines.into_iter().map(LineData::from).collect(),
        }
    }
}

/// The freight is a JSON number in the contract. It is written as decimal digits, never as a float.
fn number(amount: Money) -> Option<Box<RawValue>> {
    RawValue::from_string(amount.to_decimal().normalize().to_string()).ok()
}

impl From<Address> for AddressData {
    fn from(address: Address) -> Self {
        let shipping = address.shipping;
        Self {
            id: address.id.0,
            name: shipping.receiver,
            mobile: shipping.mobile,
            title: shipping.title,
            address: shipping.address,
        }
    }
}

impl From<PricedLine> for LineData {
    fn from(line: PricedLine) -> Self {
        let (names, values) = columns(line.sku.attributes);
        Self {
            id: line.sku.id.0,
            default_image_url: line.sku.default_image_url,
            name: line.sku.name,
            price: line.sku.price.to_string(),
            count: line.quantity.pieces(),
            total_amount: line.amount.to_string(),
            sku_sale_attr_names: names,
            sku_sale_attr_vals: values,
        }
    }
}

impl From<OrderGoods> for LineData {
    fn from(line: OrderGoods) -> Self {
        let total_amount = line.amount().to_string();
        let (names, values) = columns(line.attributes);
        Self {
            id: line.sku_id.0,
            default_image_url: line.default_image_url,
            name: line.name,
            price: line.price.to_string(),
            count: line.quantity.pieces(),
            total_amount,
            sku_sale_attr_names: names,
            sku_sale_attr_vals: values,
        }
    }
}

fn columns(attributes: Vec<SaleAttribute>) -> (Vec<String>, Vec<String>) {
    attributes.into_iter().map(|attribute| (attribute.name, attribute.value)).unzip()
}

impl From<&Unavailable> for UnavailableData {
    fn from(line: &Unavailable) -> Self {
        Self { id: line.sku_id.0, reason: reason_text(line.reason) }
    }
}

/// The text for goods that can no longer be bought.
pub(super) fn reason_text(reason: UnavailableReason) -> &'static str {
    match reason {
        UnavailableReason::Gone => "商品不存在",
        UnavailableReason::OffShelf => "商品已下架",
    }
}

impl From<PaymentInvitation> for InvitationData {
    fn from(invitation: PaymentInvitation) -> Self {
        Self {
            saller: SALLER,
            total_amount: invitation.total_amount.to_string(),
            order_id: invitation.order_id.to_string(),
            pay_url: invitation.pay_url,
            code_url: invitation.code_url,
        }
    }
}

impl From<Page<ListedOrder, OrderId>> for OrdersData {
    fn from(page: Page<ListedOrder, OrderId>) -> Self {
        Self {
            orders_list: page.items.into_iter().map(OrderData::from).collect(),
            next: page.next.map(|id| id.to_string()),
        }
    }
}

impl From<ListedOrder> for OrderData {
    fn from(ListedOrder { order, refund_due }: ListedOrder) -> Self {
        Self {
            order_id: order.id.to_string(),
            order_total_count: order.total_count,
            order_total_amount: order.total_amount.to_string(),
            order_freight: order.freight.to_string(),
            order_discount: (!order.discount.is_zero()).then(|| order.discount.to_string()),
            address: OrderAddressData::from(order.shipping),
            status: order.status.code(),
            status_text: order.status.label(),
            order_sku: order.goods.into_iter().map(LineData::from).collect(),
            order_time: order.created_at.to_string(),
            expire_at: order.expire_at.map(|time| time.to_string()),
            carrier: order.shipment.as_ref().map(|shipment| shipment.carrier.clone()),
            tracking_number: order.shipment.as_ref().map(|shipment| shipment.tracking_number.clone()),
            shipped_at: order.shipment.map(|shipment| shipment.shipped_at.to_string()),
            refunded_amount: order.refunded_amount.to_string(),
            unkept_payment: refund_due.map(RefundDueData::from),
        }
    }
}

impl From<ShippingAddress> for OrderAddressData {
    fn from(ShippingAddress { title, receiver, mobile, address }: ShippingAddress) -> Self {
        Self { title, address, mobile, receiver }
    }
}

impl From<RefundDue> for RefundDueData {
    fn from(refund_due: RefundDue) -> Self {
        Self { amount: refund_due.amount.to_string(), refunded_amount: refund_due.refunded.to_string() }
    }
}

impl From<OrderDetails> for OrderDetailsData {
    fn from(details: OrderDetails) -> Self {
        let timeline = details.timeline.into_iter().map(TimelineData::from).collect();
        let attempts = details.attempts.into_iter().map(AttemptData::from).collect();
        let refunds = details.refunds.into_iter().map(RefundData::from).collect();
        let listed = ListedOrder { order: details.order, refund_due: details.refund_due };
        Self { order: OrderWithTimeline { order: OrderData::from(listed), attempts, refunds, timeline } }
    }
}

impl From<PaymentAttempt> for AttemptData {
    fn from(attempt: PaymentAttempt) -> Self {
        Self {
            channel: attempt.channel.as_str(),
            device: match attempt.product {
                PaymentProduct::Page => "pc",
                PaymentProduct::Wap => "wap",
            },
            amount: attempt.amount.to_string(),
            state: attempt.state.as_str(),
            opened_at: attempt.opened_at.to_string(),
        }
    }
}

impl From<Refund> for RefundData {
    fn from(refund: Refund) -> Self {
        Self {
            amount: refund.amount.to_string(),
            reason: refund.reason,
            status: refund.status.as_str(),
            created_at: refund.requested_at.to_string(),
            finished_at: refund.finished_at.map(|time| time.to_string()),
        }
    }
}

impl From<TimelineEntry> for TimelineData {
    fn from(entry: TimelineEntry) -> Self {
        let (amount, old_address) = match entry.amendment {
            None => (None, None),
            Some(Amendment::Amount { before, after }) => (Some(ChangedAmountData::new(before, after)), None),
            Some(Amendment::Address { before }) => (None, Some(OrderAddressData::from(before))),
        };
        Self {
            from: entry.from.map(domain::OrderStatus::code),
            to: entry.to.code(),
            actor: entry.cause.actor.as_str(),
            reason: entry.reason,
            time: entry.at.to_string(),
            amount,
            old_address,
        }
    }
}

impl From<&Order> for ResultData {
    fn from(order: &Order) -> Self {
        Self { order_id: order.id.to_string(), total_amount: order.total_amount.to_string() }
    }
}
