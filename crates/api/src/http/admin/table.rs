//! Orders as a table for shipping and accounting: one row for each order line.

use domain::{Money, OrderGoods, returned_by_line};
use ports::ShippingListEntry;

/// The names of the columns.
pub(super) const HEADS: [&str; 23] = [
    "订单编号",
    "状态",
    "下单时间",
    "买家",
    "收货人",
    "手机号",
    "收货地址",
    "商品编号",
    "商品名称",
    "规格",
    "单价",
    "数量",
    "小计",
    "运费",
    "订单金额",
    "已退款",
    "支付宝交易号",
    "付款时间",
    "物流公司",
    "运单号",
    "发货时间",
    "优惠",
    "已退件数",
];

/// The content of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    /// Text from the shop or the program.
    Text(String),
    /// Text that a user typed.
    Typed(String),
    /// An identifier made of digits: a spreadsheet must not treat it as numeric.
    Number(String),
    Amount(Money),
    Count(u32),
    Empty,
}

/// One row for each order line. The amounts of the whole order are in its first row only, so that sums are right.
pub(super) fn rows(listed: &ShippingListEntry) -> Vec<[Cell; HEADS.len()]> {
    let returned = returned_by_line(&listed.order, &listed.movements);
    let lines: Vec<_> = listed.order.goods.iter().zip(returned).collect();
    match lines.split_first() {
        None => vec![row(listed, None, true)],
        Some((first, others)) => {
            let others = others.iter().map(|line| row(listed, Some(*line), false));
            std::iter::once(row(listed, Some(*first), true)).chain(others).collect()
        }
    }
}

fn row(
    ShippingListEntry { order, username, payment, .. }: &ShippingListEntry,
    line: Option<(&OrderGoods, u32)>,
    is_first: bool,
) -> [Cell; HEADS.len()] {
    let of_order = |amount: Money| if is_first { Cell::Amount(amount) } else { Cell::Empty };
    let time = |time: Option<domain::ShopTime>| or_empty(time.map(|time| Cell::Text(time.to_string())));
    let trade = payment.as_ref().map(|payment| &payment.trade);
    let shipment = order.shipment.as_ref();
    let (line, returned) = line.unzip();
    [
        Cell::Number(order.id.to_string()),
        Cell::Text(order.status.to_string()),
        Cell::Text(order.created_at.to_string()),
        Cell::Typed(username.0.clone()),
        Cell::Typed(order.shipping.receiver.clone()),
        Cell::Number(order.shipping.mobile.clone()),
        Cell::Typed(order.shipping.address.clone()),
        or_empty(line.map(|line| Cell::Number(line.sku_id.to_string()))),
        or_empty(line.map(|line| Cell::Typed(line.name.clone()))),
        or_empty(line.map(|line| Cell::Typed(attributes(line)))),
        or_empty(line.map(|line| Cell::Amount(line.price))),
        or_empty(line.map(|line| Cell::Count(line.quantity.pieces()))),
        or_empty(line.and_then(|line| line.price.checked_mul(line.quantity.pieces())).map(Cell::Amount)),
        of_order(order.freight),
        of_order(order.total_amount),
        of_order(order.refunded_amount),
        or_empty(trade.map(|trade| Cell::Number(trade.trade_no.clone()))),
        time(trade.and_then(|trade| trade.paid_at)),
        or_empty(shipment.map(|shipment| Cell::Typed(shipment.carrier.clone()))),
        or_empty(shipment.map(|shipment| Cell::Number(shipment.tracking_number.clone()))),
        time(shipment.map(|shipment| shipment.shipped_at)),
        of_order(order.discount),
        or_empty(returned.map(Cell::Count)),
    ]
}

fn attributes(line: &OrderGoods) -> String {
    let pair = |attribute: &domain::SaleAttribute| format!("{}:{}", attribute.name, attribute.value);
    line.attributes.iter().map(pair).collect::<Vec<_>>().join(" ")
}

fn or_empty(cell: Option<Cell>) -> Cell {
    cell.unwrap_or(Cell::Empty)
}
