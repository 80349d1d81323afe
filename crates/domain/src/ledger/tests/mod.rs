mod amendments;
mod attempts;
mod fulfilment;
mod notified;
mod other_attempts;
mod payments;
mod refunds;
mod sequences;

use std::time::Duration;

use super::*;
use crate::{
    Cause, EvidenceSource, OrderId, Refund, RefundAsk, RefundKind, Restock, ShopTime, Trade,
    stock::moves::tests::{noon, order},
};

pub(crate) const ORDER: &str = "2019112820400804";
const WHOLE: &str = "323.91";

pub(crate) fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn later() -> ShopTime {
    noon().after(Duration::from_secs(60))
}

/// A paid trade of the order's whole amount.
fn trade(trade_no: &str) -> Trade {
    Trade {
        channel: crate::Channel::Alipay,
        trade_no: trade_no.to_owned(),
        out_trade_no: ORDER.to_owned(),
        status: TradeStatus::Success,
        total_amount: money(WHOLE),
        refunded: Money::ZERO,
        refund_request_no: None,
        buyer: None,
        paid_at: None,
    }
}

pub(crate) fn paid(trade_no: &str, status: PaymentStatus) -> PaymentRecord {
    let trade = trade(trade_no);
    PaymentRecord { trade, status, source: EvidenceSource::Notification, recorded_at: noon() }
}

/// A refund of trade A by staff.
pub(crate) fn refund(number: &str, amount: &str, status: RefundStatus) -> Refund {
    Refund {
        channel: crate::Channel::Alipay,
        out_request_no: number.to_owned(),
        out_trade_no: ORDER.to_owned(),
        trade_no: "A".to_owned(),
        amount: money(amount),
        reason: "质量问题".to_owned(),
        kind: RefundKind::Shop,
        status,
        restock: Vec::new(),
        cause: staff(),
        requested_at: noon(),
        finished_at: None,
        failure: None,
    }
}

fn external(number: &str, amount: &str) -> Refund {
    Refund { kind: RefundKind::External, ..refund(number, amount, RefundStatus::Succeeded) }
}

fn staff() -> Cause {
    Cause::shop("小王".to_owned(), None)
}

pub(crate) fn pieces(wishes: &[(i32, u32)]) -> Vec<Restock> {
    wishes.iter().map(|(sku_id, pieces)| Restock { sku_id: SkuId(*sku_id), pieces: *pieces }).collect()
}

/// An order of two pieces of SKU 4 and one of SKU 5 in this status, without other records. Seven pieces of each SKU are
/// in stock.
fn ledger(status: crate::OrderStatus) -> OrderLedger {
    OrderLedger {
        order: Some(Order { status, ..order(&[(4, 2), (5, 1)]) }),
        in_stock: [(SkuId(4), 7), (SkuId(5), 7)].into(),
        ..OrderLedger::empty(ORDER)
    }
}

/// The order, paid by trade A and not shipped, with these refunds.
fn paid_ledger(refunds: &[Refund]) -> OrderLedger {
    OrderLedger {
        payments: vec![paid("A", PaymentStatus::Settled)],
        refunds: refunds.to_vec(),
        ..ledger(crate::OrderStatus::AwaitingShipment)
    }
}

/// The decided events, and the ledger after them.
fn decide(ledger: &OrderLedger, command: &Command) -> Result<(Vec<Event>, OrderLedger), Refusal> {
    let events = ledger.decide(command, &staff(), later())?;
    let mut after = ledger.clone();
    for event in &events {
        after.apply(event).unwrap();
    }
    Ok((events, after))
}

fn status_of(ledger: &OrderLedger) -> crate::OrderStatus {
    ledger.order.as_ref().unwrap().status
}

fn order_id() -> OrderId {
    OrderId::parse(ORDER).unwrap()
}

pub(crate) fn ask(amount: Option<&str>) -> RefundAsk {
    RefundAsk {
        trade_no: None,
        amount: amount.map(money),
        reason: "质量问题".to_owned(),
        restock: None,
        out_request_no: "shop-1".to_owned(),
        expected_left: None,
    }
}
