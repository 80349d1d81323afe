//! What must be true at the end of a sequence.

use std::{collections::BTreeMap, sync::Arc};

use application::Audit;
use domain::{
    Money, Order, OrderId, OrderLedger, OrderStatus, PaymentRecord, Refund, RefundStatus, SkuId, StockMove,
    audit::AuditTerms,
};

use crate::{events::Sequence, world::World};

/// The stored data of an order.
struct Record {
    order: Order,
    payments: Vec<PaymentRecord>,
    refunds: Vec<Refund>,
    moves: Vec<StockMove>,
}

pub(crate) async fn must_add_up(sequence: &Sequence<'_>) {
    let mut held: BTreeMap<SkuId, i64> = BTreeMap::new();
    for id in &sequence.orders {
        let record = read(sequence, id).await;
        is_explained_by_its_timeline(sequence, &record.order).await;
        has_come_to_rest(sequence, &record);
        agrees_with_alipay(sequence, &record);
        for (sku_id, pieces) in pieces_held(sequence, &record) {
            *held.entry(sku_id).or_default() += pieces;
        }
    }
    let mut database = sequence.world.database.lock().await;
    for (sku_id, began_with) in &sequence.skus {
        let (stock, sales, _) = database.pieces(sku_id.0).await;
        let sold = held.get(sku_id).copied().unwrap_or(0);
        if stock < 0 || stock + sold != *began_with || sales != sold {
            sequence.fail(&format!(
                "SKU {sku_id} began with {began_with}: stock {stock}, sales {sales}, in orders {sold}"
            ));
        }
    }
}

async fn read(sequence: &Sequence<'_>, id: &OrderId) -> Record {
    let OrderLedger { order, payments, refunds, movements, .. } = sequence.ledger(id.as_str()).await;
    Record { order: order.unwrap(), payments, refunds, moves: movements }
}

/// `dashop audit` finds no differences in all sequences together.
pub(crate) async fn must_pass_the_audit(world: &World) {
    let audit = Audit { store: Arc::clone(&world.store) as _, terms: AuditTerms::default() };
    let report = audit.execute(|_, _| ()).await.unwrap();
    assert!(report.orders > 0 && report.skus > 0 && report.has_compared_sales, "{report:?}");
    assert_eq!(report.findings, []);
}

/// Some orders were lowered and paid, and some trades were paid with an old amount.
pub(crate) async fn must_have_met_old_amounts(world: &World) {
    let mut database = world.database.lock().await;
    for (what, rows) in [
        ("lowered and paid", "tb_order_info WHERE discount <> '0.00' AND status IN (2, 3, 4, 6)"),
        (
            "paid with an old amount",
            "dashop_payment JOIN tb_order_info ON order_id = out_trade_no \
             WHERE dashop_payment.total_amount <> tb_order_info.total_amount",
        ),
        ("sent elsewhere", "dashop_order_amendment WHERE kind = 'address'"),
    ] {
        let count = database.number(&format!("SELECT COUNT(*) AS n FROM {rows}")).await;
        assert!(count > 0, "no order was {what}");
    }
}

/// An acknowledged notification is not sent again, so its payment and its refund must be stored.
pub(crate) async fn must_be_on_record(sequence: &Sequence<'_>, form: &[u8]) {
    let fields: BTreeMap<_, _> = url::form_urlencoded::parse(form).into_owned().collect();
    let ledger = sequence.ledger(&fields["out_trade_no"]).await;
    if fields.contains_key("gmt_payment")
        && ledger.payment(domain::Channel::Alipay.trade(&fields["trade_no"])).is_none()
    {
        sequence.fail(&format!("acknowledged, and its payment is not on record: {fields:?}"));
    }
    if let Some(number) = fields.get("out_biz_no")
        && ledger.refund(number).is_none()
    {
        sequence.fail(&format!("acknowledged, and its refund is not on record: {fields:?}"));
    }
}

/// The timeline is a path of allowed transitions that ends at the order's status.
async fn is_explained_by_its_timeline(sequence: &Sequence<'_>, order: &Order) {
    let mut status = OrderStatus::AwaitingPayment;
    for entry in sequence.world.store.timeline(&order.id).await.unwrap() {
        if entry.amendment.is_some() && (entry.from, entry.to) == (Some(status), status) {
            continue;
        }
        if entry.from != Some(status) || !OrderStatus::leads(status, entry.to) {
            sequence.fail(&format!("{}: {status} cannot be followed by {entry:?}", order.id));
        }
        status = entry.to;
    }
    if status != order.status {
        sequence.fail(&format!("{} is {}, its timeline ends with {status}", order.id, order.status));
    }
}

/// Nothing is due any more.
fn has_come_to_rest(sequence: &Sequence<'_>, record: &Record) {
    let Record { order, refunds, .. } = record;
    if order.status == OrderStatus::AwaitingPayment {
        sequence.fail(&format!("{} is unpaid, long after its deadline", order.id));
    }
    if order.status == OrderStatus::AwaitingReceipt {
        sequence.fail(&format!("{} was never received", order.id));
    }
    if let Some(open) = refunds.iter().find(|refund| refund.status == RefundStatus::Requested) {
        sequence.fail(&format!("refund {open:?} was never finished"));
    }
}

/// Each trade agrees with Alipay's to the fen.
fn agrees_with_alipay(sequence: &Sequence<'_>, record: &Record) {
    let Record { order, payments, refunds, .. } = record;
    let mut kept = Money::ZERO;
    for trade in sequence.world.trades_of(&order.id).into_iter().filter(|trade| trade.paid) {
        let payment = payments.iter().find(|payment| payment.trade.trade_no == trade.trade_no);
        let gone_back = sum(refunds, |refund| {
            refund.trade_no == trade.trade_no && refund.status == RefundStatus::Succeeded
        });
        let agrees = payment.is_some_and(|payment| {
            payment.trade.total_amount == trade.total_amount && payment.trade.refunded == trade.refunded
        });
        if !agrees || gone_back != trade.refunded {
            sequence
                .fail(&format!("{}: Alipay has {trade:?}, we have {payment:?} and {refunds:?}", order.id));
        }
        kept = kept.checked_add(trade.total_amount.checked_sub(trade.refunded).unwrap()).unwrap();
    }
    let expected = match order.status {
        OrderStatus::AwaitingPayment | OrderStatus::Cancelled | OrderStatus::Refunded => Money::ZERO,
        OrderStatus::AwaitingShipment | OrderStatus::AwaitingReceipt | OrderStatus::Completed => {
            order.total_amount.checked_sub(order.refunded_amount).unwrap()
        }
    };
    if kept != expected || (order.status.is_paid() && kept.is_zero()) {
        sequence.fail(&format!("{} is {}, and {kept} is kept of it", order.id, order.status));
    }
}

fn sum(refunds: &[Refund], counts: impl Fn(&Refund) -> bool) -> Money {
    let counted = refunds.iter().filter(|refund| counts(refund));
    counted.fold(Money::ZERO, |sum, refund| sum.checked_add(refund.amount).unwrap())
}

/// The pieces that the order took, less those that came back, computed from its lines and the stock ledger.
fn pieces_held(sequence: &Sequence<'_>, record: &Record) -> BTreeMap<SkuId, i64> {
    let mut held: BTreeMap<SkuId, i64> =
        record.order.stock().into_iter().map(|line| (line.sku_id, line.pieces.into())).collect();
    for moved in &record.moves {
        let pieces = i64::from(moved.pieces);
        *held.entry(moved.sku_id).or_default() += if moved.kind.is_return() { -pieces } else { pieces };
    }
    if record.order.status == OrderStatus::Cancelled && held.values().any(|pieces| *pieces != 0)
        || held.values().any(|pieces| *pieces < 0)
    {
        sequence.fail(&format!("{} holds {held:?}", record.order.id));
    }
    held
}
