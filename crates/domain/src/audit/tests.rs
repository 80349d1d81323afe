use super::*;
use crate::{
    Cause, EvidenceSource, OrderStatus::*, PaymentRecord, PaymentStatus, RefundKind, ShopTime, StockMove,
    Trade, TradeStatus,
};

const NUMBER: &str = "2019112820400804";

fn noon() -> ShopTime {
    ShopTime::parse("2019-11-28 12:00:00").unwrap()
}

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn payment(trade_no: &str, status: PaymentStatus, refunded: &str) -> PaymentRecord {
    PaymentRecord {
        trade: Trade {
            channel: crate::Channel::Alipay,
            trade_no: trade_no.to_owned(),
            out_trade_no: NUMBER.to_owned(),
            status: TradeStatus::Success,
            total_amount: money("30.00"),
            refunded: money(refunded),
            refund_request_no: None,
            buyer: None,
            paid_at: None,
        },
        status,
        source: EvidenceSource::Query,
        recorded_at: noon(),
    }
}

fn refund(number: &str, amount: &str, status: RefundStatus) -> Refund {
    Refund {
        channel: crate::Channel::Alipay,
        out_request_no: number.to_owned(),
        out_trade_no: NUMBER.to_owned(),
        trade_no: "t".to_owned(),
        amount: money(amount),
        reason: String::new(),
        kind: RefundKind::Shop,
        status,
        restock: Vec::new(),
        cause: Cause::system(),
        requested_at: noon(),
        finished_at: None,
        failure: None,
    }
}

fn moved(kind: StockMoveKind, pieces: u32) -> StockMove {
    StockMove { sku_id: SkuId(4), pieces, kind, at: noon() }
}

/// An order of two pieces at 10.00 and a freight of 10.00 that passed through these statuses.
fn record(way: &[OrderStatus]) -> AuditRecord {
    let all: Vec<OrderStatus> = [AwaitingPayment].into_iter().chain(way.iter().copied()).collect();
    let timeline: Vec<_> = all.iter().copied().zip(way.iter().copied()).collect();
    let status = *all.last().unwrap();
    let is_paid = way.contains(&AwaitingShipment);
    AuditRecord {
        number: NUMBER.to_owned(),
        order: Some(StoredOrder {
            status,
            total_count: 2,
            total_fen: 3_000,
            freight_fen: 1_000,
            discount_fen: 0,
            amendments: 0,
            refunded_fen: 0,
            has_due_at: matches!(status, AwaitingPayment | AwaitingReceipt),
            is_shipped_here: way.contains(&AwaitingReceipt),
            is_old: false,
        }),
        lines: vec![StoredLine { sku_id: SkuId(4), count: 2, price_fen: 1_000 }],
        timeline,
        payments: if is_paid { vec![payment("t", PaymentStatus::Settled, "0.00")] } else { Vec::new() },
        movements: if status == Cancelled { vec![moved(StockMoveKind::Cancelled, 2)] } else { Vec::new() },
        ..AuditRecord::default()
    }
}

fn kinds_by(record: &AuditRecord, terms: AuditTerms) -> Vec<FindingKind> {
    let found = record.check(terms, &mut OldTotalsSeen::default());
    found.into_iter().map(|found| found.kind).collect()
}

fn kinds(record: &AuditRecord) -> Vec<FindingKind> {
    kinds_by(record, AuditTerms::default())
}

/// A record that was changed in one place.
fn changed(way: &[OrderStatus], change: impl FnOnce(&mut AuditRecord)) -> AuditRecord {
    let mut record = record(way);
    change(&mut record);
    record
}

fn order(record: &mut AuditRecord) -> &mut StoredOrder {
    record.order.as_mut().unwrap()
}

fn refunded(way: &[OrderStatus], amount: &str) -> AuditRecord {
    changed(way, |record| {
        record.payments = vec![payment("t", PaymentStatus::Settled, amount)];
        record.refunds = vec![refund("r", amount, RefundStatus::Succeeded)];
        order(record).refunded_fen = fen(money(amount));
    })
}

/// An order whose amount was lowered from 30.00 to 25.00 and then to 22.00, with a change of address in between.
fn lowered(way: &[OrderStatus], change: impl FnOnce(&mut AuditRecord)) -> AuditRecord {
    changed(way, |record| {
        let order = order(record);
        (order.total_fen, order.discount_fen, order.amendments) = (2_200, 800, 3);
        record.amendments = vec![Some((3_000, 2_500)), None, Some((2_500, 2_200))];
        record.payments.iter_mut().for_each(|payment| payment.trade.total_amount = money("22.00"));
        change(record);
    })
}

#[test]
fn what_an_order_costs_less_is_what_its_amendments_say() {
    for way in [&[][..], &[AwaitingShipment], &[Cancelled]] {
        assert_eq!(kinds(&lowered(way, |_| {})), [], "{way:?}");
    }
    type Wrong = (&'static str, fn(&mut AuditRecord), &'static [FindingKind]);
    let wrong: [Wrong; 9] = [
        ("nothing says why", |record| record.amendments.clear(), &[FindingKind::Amendments]),
        ("one is missing", |record| _ = record.amendments.remove(0), &[FindingKind::Amendments]),
        (
            "a change of address is missing",
            |record| _ = record.amendments.remove(1),
            &[FindingKind::Amendments],
        ),
        ("in another order", |record| record.amendments.reverse(), &[FindingKind::Amendments]),
        ("raised", |record| record.amendments[2] = Some((2_500, 2_600)), &[FindingKind::Amendments]),
        ("more than is said", |record| order(record).amendments = 4, &[FindingKind::Amendments]),
        ("less than is said to come off", |record| order(record).discount_fen = 700, &[FindingKind::Sums]),
        ("another total", |record| order(record).total_fen = 2_100, &[FindingKind::Sums]),
        ("below nothing", |record| record.lines[0].price_fen = 300, &[FindingKind::Sums]),
    ];
    for (what, change, expected) in wrong {
        assert_eq!(kinds(&lowered(&[], change)), expected, "{what}");
    }
    let raised = changed(&[], |record| {
        (order(record).total_fen, order(record).discount_fen) = (3_100, -100);
    });
    assert_eq!(kinds(&raised), [FindingKind::Sums]);
    let nobodys = AuditRecord { number: NUMBER.to_owned(), amendments: vec![None], ..AuditRecord::default() };
    assert_eq!(kinds(&nobodys), [FindingKind::Orphan]);
}

#[test]
fn a_lowered_order_may_have_had_a_payment_of_any_amount() {
    let paid = |status, amount: &str| {
        lowered(&[AwaitingShipment], |record| {
            let mut other = payment("u", status, "0.00");
            other.trade.total_amount = money(amount);
            record.payments.push(other);
        })
    };
    // Payments of the old amounts, and of the new amount while the order still had another one.
    for amount in ["30.00", "25.00", "22.00"] {
        assert_eq!(kinds(&paid(PaymentStatus::WrongAmount, amount)), [], "{amount}");
    }
    let old = lowered(&[AwaitingShipment], |record| record.payments[0].trade.total_amount = money("30.00"));
    assert_eq!(kinds(&old), [FindingKind::Payment], "what it cost before does not pay it");
    let of_the_amount =
        changed(&[], |record| record.payments = vec![payment("t", PaymentStatus::WrongAmount, "0.00")]);
    assert_eq!(kinds(&of_the_amount), [FindingKind::Payment]);
}

#[test]
fn every_honest_way_is_clean() {
    for way in [
        &[][..],
        &[AwaitingShipment],
        &[AwaitingShipment, AwaitingReceipt],
        &[AwaitingShipment, AwaitingReceipt, Completed],
        &[Cancelled],
    ] {
        assert_eq!(kinds(&record(way)), [], "{way:?}");
    }
    assert_eq!(kinds(&refunded(&[AwaitingShipment], "1.00")), []);
    assert_eq!(kinds(&refunded(&[AwaitingShipment, Refunded], "30.00")), []);
    let mut ended = refunded(&[AwaitingShipment, Refunded], "30.00");
    ended.refunds_without_due_at = vec!["r".to_owned()];
    assert_eq!(kinds(&ended), [], "what has ended waits for nothing");
    let old = changed(&[], |record| (order(record).is_old, order(record).has_due_at) = (true, false));
    assert_eq!(kinds(&old), []);
    let revived = changed(&[Cancelled, AwaitingShipment], |record| {
        record.movements = vec![moved(StockMoveKind::Cancelled, 2), moved(StockMoveKind::Revived, 2)];
    });
    assert_eq!(kinds(&revived), []);
    let late = changed(&[Cancelled], |record| {
        record.payments = vec![payment("t", PaymentStatus::Late, "0.00")];
        record.refunds = vec![refund("owed", "30.00", RefundStatus::Requested)];
    });
    assert_eq!(kinds(&late), []);
    let nobodys = AuditRecord {
        payments: vec![payment("t", PaymentStatus::UnknownOrder, "0.00")],
        ..AuditRecord::default()
    };
    assert_eq!(kinds(&nobodys), []);
}

#[test]
fn each_fault_is_named_once() {
    use FindingKind as Kind;
    let paid = &[AwaitingShipment][..];
    let faults = [
        (Kind::NoLines, changed(&[], |record| record.lines.clear())),
        (Kind::Sums, changed(&[], |record| order(record).total_fen = 2_999)),
        (Kind::Sums, changed(&[], |record| order(record).total_count = 1)),
        (Kind::Timeline, changed(&[], |record| order(record).status = AwaitingShipment)),
        (Kind::Timeline, changed(paid, |record| record.timeline.clear())),
        (Kind::Timeline, changed(paid, |record| record.timeline = vec![(AwaitingPayment, Completed)])),
        (Kind::Payment, changed(paid, |record| record.payments.clear())),
        (
            Kind::Payment,
            changed(&[], |record| record.payments = vec![payment("t", PaymentStatus::Settled, "0.00")]),
        ),
        (
            Kind::Payment,
            changed(&[], |record| record.payments = vec![payment("t", PaymentStatus::WrongAmount, "0.00")]),
        ),
        (
            Kind::SecondPayment,
            changed(paid, |record| record.payments.push(payment("u", PaymentStatus::Settled, "0.00"))),
        ),
        (
            Kind::RefundOwed,
            changed(paid, |record| record.payments.push(payment("u", PaymentStatus::Duplicate, "0.00"))),
        ),
        (Kind::RefundSums, changed(paid, |record| order(record).refunded_fen = 1)),
        (Kind::RefundSums, refunded(paid, "30.00")),
        (Kind::RefundSums, refunded(&[AwaitingShipment, Refunded], "29.99")),
        (
            Kind::RefundExceedsPayment,
            changed(paid, |record| record.refunds = vec![refund("r", "30.01", RefundStatus::Succeeded)]),
        ),
        (
            Kind::Orphan,
            changed(&[], |record| record.refunds = vec![refund("r", "1.00", RefundStatus::Failed)]),
        ),
        (Kind::Forgotten, changed(&[], |record| order(record).has_due_at = false)),
        (
            Kind::Forgotten,
            changed(&[AwaitingShipment, AwaitingReceipt], |record| order(record).has_due_at = false),
        ),
        (
            Kind::Forgotten,
            changed(paid, |record| {
                record.refunds = vec![refund("r", "1.00", RefundStatus::Requested)];
                record.refunds_without_due_at = vec!["r".to_owned()];
            }),
        ),
        (Kind::Movements, changed(&[Cancelled], |record| record.movements.clear())),
        (
            Kind::Movements,
            changed(&[Cancelled], |record| record.movements = vec![moved(StockMoveKind::Cancelled, 1)]),
        ),
        (Kind::Movements, changed(&[], |record| record.movements = vec![moved(StockMoveKind::Cancelled, 2)])),
        (Kind::Movements, changed(paid, |record| record.movements = vec![moved(StockMoveKind::Revived, 1)])),
        (
            Kind::Movements,
            changed(paid, |record| {
                record.movements = vec![moved(StockMoveKind::Returned("a".to_owned()), 3)]
            }),
        ),
        (
            Kind::Movements,
            changed(paid, |record| {
                record.movements = vec![moved(StockMoveKind::Refunded("r".to_owned()), 1)]
            }),
        ),
        (Kind::Orphan, changed(&[], |record| (record.order, record.payments) = (None, Vec::new()))),
        (Kind::Orphan, AuditRecord { events: 1, ..AuditRecord::default() }),
        (
            Kind::Unreadable,
            changed(&[Completed], |record| {
                let (table, key, why) = ("tb_order_info", NUMBER.to_owned(), "status 7".to_owned());
                record.unreadable.push(UnreadableRow { table, key, why, has_pieces: false });
            }),
        ),
    ];
    for (kind, record) in faults {
        assert_eq!(kinds(&record), [kind], "{record:?}");
    }
}

/// The old back office may ship what was ordered and paid here.
#[test]
fn a_shipment_by_another_program_is_a_step_that_is_not_in_the_timeline() {
    let sent = changed(&[AwaitingShipment], |record| {
        let order = order(record);
        (order.status, order.has_due_at) = (AwaitingReceipt, false);
    });
    assert_eq!(kinds(&sent), []);
    let received = changed(&[AwaitingShipment], |record| {
        record.timeline.push((AwaitingReceipt, Completed));
        order(record).status = Completed;
    });
    assert_eq!(kinds(&received), []);
    // Such an order needs a payment like any other.
    let unpaid = changed(&[AwaitingShipment], |record| {
        order(record).status = AwaitingReceipt;
        record.payments.clear();
    });
    assert_eq!(kinds(&unpaid), [FindingKind::Payment]);
    let here = changed(&[AwaitingShipment], |record| {
        let order = order(record);
        (order.status, order.is_shipped_here) = (AwaitingReceipt, true);
    });
    assert_eq!(kinds(&here), [FindingKind::Timeline]);
}

#[test]
fn the_old_back_end_keeps_no_timeline_and_no_payments() {
    let old = |total_fen| {
        changed(&[], |record| {
            let order = order(record);
            (order.is_old, order.status, order.total_fen) = (true, Completed, total_fen);
        })
    };
    let goods_alone = AuditTerms { old_totals: OldTotals::GoodsAlone, ..AuditTerms::default() };
    for (total, terms, found) in [
        (3_000, AuditTerms::default(), vec![]),
        (2_000, AuditTerms::default(), vec![FindingKind::OldTotalWithoutFreight]),
        (2_000, goods_alone, vec![]),
        (3_000, goods_alone, vec![FindingKind::OldTotalWithFreight]),
        (2_500, goods_alone, vec![FindingKind::Sums]),
    ] {
        assert_eq!(kinds_by(&old(total), terms), found, "{total} {terms:?}");
    }
    // The old back end charged whole yuan. This service learns of the payment with the first refund.
    let charged_less = changed(&[], |record| {
        (order(record).is_old, order(record).status) = (true, AwaitingShipment);
        record.payments = vec![payment("t", PaymentStatus::Settled, "0.00")];
        record.payments[0].trade.total_amount = money("29.00");
    });
    assert_eq!(kinds(&charged_less), []);
    let mut seen = OldTotalsSeen::default();
    assert_eq!(seen.looks_like(), None);
    for total in [2_000, 2_000, 3_000] {
        old(total).check(AuditTerms::default(), &mut seen);
    }
    assert_eq!((seen.goods_alone, seen.with_freight), (2, 1));
    assert_eq!(seen.looks_like(), Some(OldTotals::GoodsAlone));
}

#[test]
fn stock_and_sales_agree_with_the_orders() {
    let sku = |stock, sales| StoredSku { id: SkuId(4), stock, sales };
    let elsewhere = AuditTerms { old_sales: OldSales::BeganElsewhere, ..AuditTerms::default() };
    for (sku, held, terms, found) in [
        (sku(0, 2), Some(2), AuditTerms::default(), None),
        (sku(0, 3), Some(2), AuditTerms::default(), Some(FindingKind::Sales)),
        (sku(0, 1), Some(2), AuditTerms::default(), Some(FindingKind::Sales)),
        (sku(0, 3), Some(2), elsewhere, None),
        (sku(0, 1), Some(2), elsewhere, Some(FindingKind::Sales)),
        (sku(0, 3), None, AuditTerms::default(), None),
        (sku(-1, 2), Some(2), AuditTerms::default(), Some(FindingKind::Stock)),
    ] {
        assert_eq!(sku.check(held, terms).map(|found| found.kind), found, "{sku:?} {held:?} {terms:?}");
    }
    let mut held = BTreeMap::new();
    record(&[Cancelled]).add_held(&mut held);
    record(&[AwaitingShipment]).add_held(&mut held);
    assert_eq!(held, BTreeMap::from([(SkuId(4), 2)]));
}
