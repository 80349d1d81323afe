//! The shop side on the command line: the same use cases as `/v1/admin`.

use std::fmt::Write as _;

use adapters::system::SystemRandomness;
use application::{AdminOrderDetails, OrderFilter};
use clap::Args;
use domain::{
    Amendment, Money, OrderId, OrderStatus, RefundAsk, RefundStatus, Restock, Shipment, ShippingAddress,
    ShopTime, SkuId, TimelineEntry, Trade, Username,
};
use ports::{FoundOrder, Randomness};

use super::{
    CommandError, operator, order_number,
    output::{complain, say, say_line},
    table::{Table, visible},
};
use crate::{
    configuration::Configuration,
    http::{MAX_REASON, end, first_moment, head, one_line, rows},
    wiring::{open_orders, open_staff_orders},
};

/// Search criteria for orders.
#[derive(Args)]
pub(super) struct OrdersArguments {
    /// The order number, or its first digits.
    #[arg(long, value_parser = number)]
    number: Option<OrderId>,
    /// The buyer's exact name.
    #[arg(long)]
    user: Option<String>,
    /// 1 待付款, 2 待发货, 3 待收货, 4 已完成, 5 已取消, 6 已退款.
    #[arg(long, value_parser = status)]
    status: Option<OrderStatus>,
    /// Placed on this day or later: YYYY-MM-DD, or "YYYY-MM-DD HH:MM:SS".
    #[arg(long, value_parser = from)]
    from: Option<ShopTime>,
    /// Placed on this day or earlier, or before this moment.
    #[arg(long, value_parser = to)]
    to: Option<ShopTime>,
    /// The largest number of orders.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000), conflicts_with = "csv")]
    limit: u32,
    /// Prints all orders, at most 100,000, as a table for a spreadsheet.
    #[arg(long)]
    csv: bool,
}

/// What to refund.
#[derive(Args)]
pub(super) struct RefundArguments {
    /// The order's number, or the number of a payment without an order.
    order: String,
    /// The amount; by default the whole rest.
    #[arg(long)]
    amount: Option<Money>,
    /// The reason, for the buyer.
    #[arg(long, default_value = "商家退款")]
    reason: String,
    /// Pieces that go back into stock. By default none; or all pieces of an order that was not shipped, with the last
    /// of its money; or those of a failed refund that is repeated, as far as the order still holds them.
    #[arg(long, value_name = "SKU:COUNT", value_parser = restock, conflicts_with = "keep_pieces")]
    restock: Vec<Restock>,
    /// No pieces go back into stock.
    #[arg(long)]
    keep_pieces: bool,
    /// The trade number at Alipay; by default that of the payment that paid the order.
    #[arg(long)]
    trade_no: Option<String>,
    /// The request number, with which the refund can be repeated; by default a new one.
    #[arg(long)]
    request_id: Option<String>,
}

pub(super) async fn orders(
    configuration: &Configuration,
    arguments: &OrdersArguments,
) -> Result<(), CommandError> {
    let staff = open_staff_orders(configuration).await?;
    let filter = OrderFilter {
        number: arguments.number.clone(),
        username: arguments.user.clone().map(Username),
        status: arguments.status,
        from: arguments.from,
        until: arguments.to,
    };
    if arguments.csv {
        let mut export = staff.export(&filter).await?;
        if export.is_too_long().await? {
            return Err(CommandError::TooManyOrders);
        }
        let mut goes_on = say(head()?)?;
        while goes_on && let Some(orders) = export.next_with_goods().await? {
            goes_on = say(rows(&orders)?)?;
        }
        return Ok(());
    }
    let found = staff.page(&filter, None, arguments.limit).await?;
    say(list(&found.items, found.next.is_some())).map(drop)
}

pub(super) async fn order(configuration: &Configuration, order: &str) -> Result<(), CommandError> {
    let order_id = order_number(order)?;
    let staff = open_staff_orders(configuration).await?;
    let details = staff.inspect(&order_id).await?.ok_or(CommandError::NoSuchOrder(order_id))?;
    say(sheet(&details)).map(drop)
}

pub(super) async fn refund(
    configuration: &Configuration,
    arguments: RefundArguments,
) -> Result<(), CommandError> {
    let order_number = arguments.order;
    if !Trade::is_number(&order_number) {
        return Err(CommandError::NotAPaymentNumber);
    }
    let is_new = arguments.request_id.is_none();
    let request_id = arguments.request_id.unwrap_or_else(new_request_id);
    let ask = RefundAsk {
        out_request_no: RefundAsk::request_no(&request_id)
            .ok_or_else(|| CommandError::NotARequestNumber(request_id.clone()))?,
        trade_no: arguments.trade_no.map(|text| line("--trade-no", &text, Trade::MAX_NUMBER)).transpose()?,
        amount: arguments.amount,
        reason: line("--reason", &arguments.reason, MAX_REASON)?,
        expected_left: None,
        restock: (arguments.keep_pieces || !arguments.restock.is_empty()).then_some(arguments.restock),
    };
    let orders = open_orders(configuration).await?;
    tell_new(&request_id, is_new);
    let refund = orders.refund(&order_number, &ask, &operator()).await;
    let refund = refund.map_err(|cause| CommandError::refund(&order_number, &request_id, cause))?;
    match refund.status {
        RefundStatus::Succeeded => {
            say_line(format!("{} of order {order_number} went back, request {request_id}", refund.amount)).map(drop)
        }
        RefundStatus::Requested => say_line(format!(
            "{} of order {order_number}, request {request_id}: written down, and not confirmed by Alipay so far ({}). \
             The service goes on asking; dashop order {order_number} shows what came of it.",
            refund.amount,
            visible(refund.failure.as_deref().unwrap_or("no answer"))
        ))
        .map(drop),
        RefundStatus::Failed => {
            Err(CommandError::RefundRefused { number: refund.out_request_no, request_id, why: refund.failure })
        }
    }
}

/// The pieces that come back.
#[derive(Args)]
pub(super) struct ReturnArguments {
    /// The order's number.
    order: String,
    /// Pieces that go back into stock.
    #[arg(value_name = "SKU:COUNT", value_parser = restock, required = true)]
    restock: Vec<Restock>,
    /// The request number, with which the return can be repeated; by default a new one.
    #[arg(long)]
    request_id: Option<String>,
}

pub(super) async fn return_pieces(
    configuration: &Configuration,
    arguments: ReturnArguments,
) -> Result<(), CommandError> {
    let order_id = order_number(&arguments.order)?;
    let is_new = arguments.request_id.is_none();
    let request_id = arguments.request_id.unwrap_or_else(new_request_id);
    let request_no = RefundAsk::request_no(&request_id)
        .ok_or_else(|| CommandError::NotARequestNumber(request_id.clone()))?;
    let orders = open_orders(configuration).await?;
    tell_new(&request_id, is_new);
    let returned = orders.return_pieces(&order_id, arguments.restock, request_no, None, &operator()).await;
    returned.map_err(|cause| CommandError::returning(&order_id, &request_id, cause))?;
    say_line(format!("the pieces of order {order_id} are back in stock, request {request_id}")).map(drop)
}

/// Orders in a table.
fn list(orders: &[FoundOrder], has_more: bool) -> String {
    if orders.is_empty() {
        return "no such orders\n".to_owned();
    }
    let mut table = Table::new(&["NUMBER", "STATUS", "BUYER", "PIECES", "AMOUNT", "PLACED", "RECEIVER"]);
    for order in orders {
        table.row([
            order.id.to_string(),
            order.status.to_string(),
            order.username.to_string(),
            order.total_count.to_string(),
            order.total_amount.to_string(),
            order.created_at.to_string(),
            order.receiver.clone(),
        ]);
    }
    let mut text = table.lines("");
    if has_more {
        text.push_str("… and more: --limit, --from and --to show others\n");
    }
    text
}

/// All records of one order.
fn sheet(details: &AdminOrderDetails) -> String {
    let order = &details.order;
    let mut facts = Table::new(&["order", order.id.as_str()]);
    let mut fact = |name: &str, value: String| facts.row([name.to_owned(), value]);
    fact("status", format!("{} {}", order.status.code(), order.status));
    fact("buyer", format!("{} (user {})", details.username, order.user_id));
    let discount = match order.discount.is_zero() {
        true => String::new(),
        false => format!(" and a discount of {}", order.discount),
    };
    fact("amount", format!("{} with a freight of {}{discount}", order.total_amount, order.freight));
    fact("refunded", format!("{}, {} can still be", order.refunded_amount, details.refundable_amount));
    fact("placed", order.created_at.to_string());
    if let Some(expire_at) = order.expire_at {
        fact("to be paid by", expire_at.to_string());
    }
    let to = &order.shipping;
    fact("to", format!("{} {} {} ({})", to.receiver, to.mobile, to.address, to.title));
    if let Some(shipment) = &order.shipment {
        let Shipment { carrier, tracking_number, shipped_at } = shipment;
        fact("shipped", format!("{shipped_at} {carrier} {tracking_number}"));
    }
    let mut text = facts.lines("");
    section(&mut text, "lines", &lines(details));
    section(&mut text, "payments", &payments(details));
    section(&mut text, "refunds", &refunds(details));
    section(&mut text, "timeline", &timeline(details));
    text
}

fn section(text: &mut String, name: &str, table: &Table) {
    if !table.is_empty() {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "\n{name}\n{}", table.lines("  "));
    }
}

fn lines(details: &AdminOrderDetails) -> Table {
    let mut table = Table::new(&["SKU", "PIECES", "BACK", "PRICE", "AMOUNT", "NAME"]);
    for (line, returned) in details.order.goods.iter().zip(&details.returned) {
        let attributes: Vec<&str> =
            line.attributes.iter().map(|attribute| attribute.value.as_str()).collect();
        table.row([
            line.sku_id.to_string(),
            line.quantity.pieces().to_string(),
            returned.to_string(),
            line.price.to_string(),
            line.amount().to_string(),
            format!("{} {}", line.name, attributes.join(" ")).trim_end().to_owned(),
        ]);
    }
    table
}

fn payments(details: &AdminOrderDetails) -> Table {
    let mut table =
        Table::new(&["TRADE", "STATUS", "AMOUNT", "REFUNDED", "REFUNDABLE", "PAID", "RECORDED", "FROM"]);
    for (payment, refundable) in &details.payments {
        let trade = &payment.trade;
        table.row([
            trade.trade_no.clone(),
            format!("{} {}", payment.status.as_str(), trade.status.as_str()),
            trade.total_amount.to_string(),
            trade.refunded.to_string(),
            refundable.to_string(),
            trade.paid_at.map(|time| time.to_string()).unwrap_or_default(),
            payment.recorded_at.to_string(),
            payment.source.as_str().to_owned(),
        ]);
    }
    table
}

fn refunds(details: &AdminOrderDetails) -> Table {
    let mut table = Table::new(&["REQUEST", "KIND", "STATUS", "AMOUNT", "ASKED", "BY", "BACK", "REASON"]);
    for refund in &details.refunds {
        let back: Vec<String> =
            refund.restock.iter().map(|back| format!("{}:{}", back.sku_id, back.pieces)).collect();
        let reason = match &refund.failure {
            Some(failure) => format!("{} ({failure})", refund.reason),
            None => refund.reason.clone(),
        };
        table.row([
            refund.out_request_no.clone(),
            refund.kind.as_str().to_owned(),
            refund.status.as_str().to_owned(),
            refund.amount.to_string(),
            refund.requested_at.to_string(),
            refund.cause.name.clone().unwrap_or_else(|| refund.cause.actor.as_str().to_owned()),
            back.join(" "),
            reason,
        ]);
    }
    table
}

fn timeline(details: &AdminOrderDetails) -> Table {
    let mut table = Table::new(&["TIME", "STATUS", "BY", "REASON", "REQUEST"]);
    for entry in &details.timeline {
        let name = entry.cause.name.as_deref().unwrap_or_default();
        table.row([
            entry.at.to_string(),
            entry.to.to_string(),
            format!("{} {name}", entry.cause.actor.as_str()).trim_end().to_owned(),
            reason(entry),
            entry.cause.request_id.clone().unwrap_or_default(),
        ]);
    }
    table
}

/// The reason, with the change beside the status, if any.
fn reason(entry: &TimelineEntry) -> String {
    let what = match &entry.amendment {
        None => return entry.reason.clone(),
        Some(Amendment::Amount { before, after }) => format!("改价 {before} → {after}"),
        Some(Amendment::Address { before: ShippingAddress { receiver, mobile, address, .. } }) => {
            format!("改地址,原为 {receiver} {mobile} {address}")
        }
    };
    format!("{what} ({})", entry.reason)
}

fn new_request_id() -> String {
    format!("{:08x}{:08x}", SystemRandomness.draw(), SystemRandomness.draw())
}

/// Prints a new request number before it is used, so that the command can be repeated with it after an interruption.
fn tell_new(request_id: &str, is_new: bool) {
    if is_new {
        complain(&format!("request {request_id}"));
    }
}

/// A line of text, trimmed.
pub(super) fn line(what: &'static str, text: &str, most: usize) -> Result<String, CommandError> {
    one_line(text, most).ok_or(CommandError::NotALine { what, most })
}

fn number(text: &str) -> Result<OrderId, String> {
    OrderId::parse(text).map_err(|error| error.to_string())
}

fn status(text: &str) -> Result<OrderStatus, String> {
    let status = text.parse().ok().and_then(OrderStatus::from_code);
    status.ok_or_else(|| format!("a status is a number from 1 to {}", OrderStatus::ALL.len()))
}

fn from(text: &str) -> Result<ShopTime, String> {
    first_moment(text).ok_or_else(|| NOT_A_TIME.to_owned())
}

fn to(text: &str) -> Result<ShopTime, String> {
    end(text).ok_or_else(|| NOT_A_TIME.to_owned())
}

const NOT_A_TIME: &str = "a time is YYYY-MM-DD, or YYYY-MM-DD HH:MM:SS";

fn restock(text: &str) -> Result<Restock, String> {
    let parts = text.split_once(':').and_then(|(sku, count)| Some((sku.parse().ok()?, count.parse().ok()?)));
    match parts {
        Some((sku_id, pieces)) if pieces > 0 => Ok(Restock { sku_id: SkuId(sku_id), pieces }),
        Some(_) | None => Err("pieces are SKU:COUNT, such as 4:1".to_owned()),
    }
}
