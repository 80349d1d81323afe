//! [`crate::PaymentRepo`].

use std::sync::Arc;

use domain::{EvidenceSource, Money, PaymentRecord, PaymentStatus, TradeStatus};

use super::{
    Shop,
    samples::{how_many, money, payment, until_let_through},
};

const ORDER: &str = "2019112812000004";

async fn record(shop: &dyn Shop, payment: &PaymentRecord) -> bool {
    let mut unit = shop.units().begin().await.unwrap();
    let recorded = unit.payments().record(payment).await.unwrap();
    unit.commit().await.unwrap();
    recorded
}

async fn of_order(shop: &dyn Shop, out_trade_no: &str) -> Vec<PaymentRecord> {
    shop.units().begin().await.unwrap().payments().of_order(out_trade_no).await.unwrap()
}

/// Every field of every kind, the first recorded first.
pub async fn are_read_as_they_were_recorded(shop: Arc<dyn Shop>) {
    let statuses = [
        PaymentStatus::WrongAmount,
        PaymentStatus::Settled,
        PaymentStatus::Duplicate,
        PaymentStatus::Late,
        PaymentStatus::UnknownOrder,
    ];
    let mut payments: Vec<PaymentRecord> = Vec::new();
    for (number, status) in statuses.into_iter().enumerate() {
        let mut payment = payment(&format!("A{}", 9 - number), ORDER, status);
        if number % 2 == 1 {
            payment.source = EvidenceSource::Query;
            payment.trade.status = TradeStatus::Finished;
            payment.trade.total_amount = Money::MAX;
            payment.trade.refunded = money("0.01");
            payment.trade.buyer = None;
            payment.trade.paid_at = None;
        }
        assert!(record(&*shop, &payment).await);
        payments.push(payment);
    }
    assert!(record(&*shop, &payment("B1", "2019112812000005", PaymentStatus::Settled)).await);
    assert_eq!(of_order(&*shop, ORDER).await, payments);
    assert_eq!(of_order(&*shop, "2019").await, []);
}

/// A trade has one record, the first; numbers that differ in case are two.
pub async fn are_recorded_once(shop: Arc<dyn Shop>) {
    let first = payment("2019a", ORDER, PaymentStatus::Settled);
    assert!(record(&*shop, &first).await);
    let again = PaymentRecord { status: PaymentStatus::Late, ..first.clone() };
    assert!(!record(&*shop, &again).await);
    let other_order = payment("2019a", "2019112812000005", PaymentStatus::Settled);
    assert!(!record(&*shop, &other_order).await);
    assert_eq!(of_order(&*shop, ORDER).await, std::slice::from_ref(&first));
    assert_eq!(of_order(&*shop, "2019112812000005").await, []);
    let other_trade = payment("2019A", ORDER, PaymentStatus::Duplicate);
    assert!(record(&*shop, &other_trade).await);
    assert_eq!(of_order(&*shop, ORDER).await, [first, other_trade]);
}

/// Alipay may have a number that is no order's, and no number at all.
pub async fn are_recorded_for_any_number(shop: Arc<dyn Shop>) {
    for (trade_no, out_trade_no) in [("A1", "other-shop_1"), ("A2", "订单"), ("A3", "x"), ("A4", "X")] {
        let payment = payment(trade_no, out_trade_no, PaymentStatus::UnknownOrder);
        assert!(record(&*shop, &payment).await);
        assert_eq!(of_order(&*shop, out_trade_no).await, [payment]);
    }
}

/// Of twenty who tell of the same trade at once, one records it.
pub async fn are_recorded_once_however_many_try(shop: Arc<dyn Shop>) {
    let recorded = how_many(20, |_| {
        let shop = Arc::clone(&shop);
        async move {
            until_let_through(|| async {
                let mut unit = shop.units().begin().await?;
                let recorded = unit.payments().record(&payment("A1", ORDER, PaymentStatus::Settled)).await?;
                unit.commit().await.map(|()| recorded)
            })
            .await
        }
    });
    assert_eq!(recorded.await, 1);
    assert_eq!(of_order(&*shop, ORDER).await.len(), 1);
}

/// The sum of what went back of one trade, and that nothing is left of it, and of no other.
pub async fn keep_what_went_back(shop: Arc<dyn Shop>) {
    for number in ["A1", "a1"] {
        assert!(record(&*shop, &payment(number, ORDER, PaymentStatus::Settled)).await);
    }
    let mut unit = shop.units().begin().await.unwrap();
    unit.payments().set_refunded("A1", money("219.89")).await.unwrap();
    unit.payments().set_refunded("unknown", money("1.00")).await.unwrap();
    unit.commit().await.unwrap();
    let kept = async || {
        let trades = of_order(&*shop, ORDER).await.into_iter().map(|payment| payment.trade);
        trades.map(|trade| (trade.status, trade.refunded)).collect::<Vec<_>>()
    };
    let success = TradeStatus::Success;
    assert_eq!(kept().await, [(success, money("219.89")), (success, Money::ZERO)]);
    for _ in 0..2 {
        let mut unit = shop.units().begin().await.unwrap();
        unit.payments().close("A1").await.unwrap();
        unit.payments().close("unknown").await.unwrap();
        unit.commit().await.unwrap();
    }
    assert_eq!(kept().await, [(TradeStatus::Closed, money("219.89")), (success, Money::ZERO)]);
}
