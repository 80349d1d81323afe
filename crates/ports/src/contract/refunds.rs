//! [`crate::RefundRepo`].

use std::{collections::BTreeSet, sync::Arc};

use domain::{Cause, Refund, RefundKind, RefundStatus, Restock, ShopTime, SkuId};

use super::{
    Shop,
    samples::{how_many, micros, money, order_id, others_go_on, taken_by_eight, until_let_through},
};

const ORDER: &str = "2019112812000004";

fn refund(out_request_no: &str) -> Refund {
    Refund {
        out_request_no: out_request_no.to_owned(),
        out_trade_no: ORDER.to_owned(),
        trade_no: "A1".to_owned(),
        amount: money("9.90"),
        reason: "质量问题“😀”".to_owned(),
        kind: RefundKind::Shop,
        status: RefundStatus::Requested,
        restock: vec![Restock { sku_id: SkuId(4), pieces: 2 }, Restock { sku_id: SkuId(5), pieces: 1 }],
        cause: Cause::shop("小王".to_owned(), Some("req-1".to_owned())),
        requested_at: micros(5),
        finished_at: None,
        failure: None,
    }
}

async fn record(shop: &dyn Shop, refund: &Refund, due_at: Option<ShopTime>) -> bool {
    let mut unit = shop.units().begin().await.unwrap();
    let recorded = unit.refunds().record(refund, due_at).await.unwrap();
    unit.commit().await.unwrap();
    recorded
}

async fn of_order(shop: &dyn Shop, out_trade_no: &str) -> Vec<Refund> {
    shop.units().begin().await.unwrap().refunds().of_order(out_trade_no).await.unwrap()
}

async fn claim(shop: &dyn Shop, now: u64, lease_until: u64, limit: u32) -> Vec<(String, u32)> {
    let mut unit = shop.units().begin().await.unwrap();
    let claimed = unit.refunds().claim_due(micros(now), micros(lease_until), limit).await.unwrap();
    unit.commit().await.unwrap();
    claimed.into_iter().map(|claimed| (claimed.item.out_request_no, claimed.attempts)).collect()
}

/// Every field of every kind, the first recorded first.
pub async fn are_read_as_they_were_recorded(shop: Arc<dyn Shop>) {
    let finished = Refund {
        kind: RefundKind::External,
        status: RefundStatus::Succeeded,
        restock: Vec::new(),
        cause: Cause::system(),
        finished_at: Some(micros(7)),
        ..refund("r1")
    };
    let failed = Refund {
        kind: RefundKind::Late,
        status: RefundStatus::Failed,
        failure: Some("ACQ.SELLER_BALANCE_NOT_ENOUGH 余额不足".to_owned()),
        ..refund("r3")
    };
    let duplicate = Refund { kind: RefundKind::Duplicate, ..refund("r4") };
    let other_order = Refund { out_trade_no: "订单 2".to_owned(), ..refund("r5") };
    let all = [finished, refund("r2"), failed, duplicate];
    for refund in all.iter().chain([&other_order]) {
        assert!(record(&*shop, refund, None).await);
    }
    assert_eq!(of_order(&*shop, ORDER).await, all);
    assert_eq!(shop.orders().refunds(&order_id(ORDER)).await.unwrap(), all);
    assert_eq!(shop.orders().refunds(&order_id("2019112812000005")).await.unwrap(), []);
    assert_eq!(of_order(&*shop, "订单 2").await, std::slice::from_ref(&other_order));
    let mut unit = shop.units().begin().await.unwrap();
    assert_eq!(unit.refunds().find("r5").await.unwrap(), Some(other_order));
    assert_eq!(unit.refunds().find("R5").await.unwrap(), None);
}

/// A request number has one record, the first, however many try.
pub async fn are_recorded_once_for_each_number(shop: Arc<dyn Shop>) {
    let recorded = how_many(20, |_| {
        let shop = Arc::clone(&shop);
        async move {
            until_let_through(|| async {
                let mut unit = shop.units().begin().await?;
                let recorded = unit.refunds().record(&refund("r1"), None).await?;
                unit.commit().await.map(|()| recorded)
            })
            .await
        }
    });
    assert_eq!(recorded.await, 1);
    let other = Refund { out_trade_no: "2019112812000005".to_owned(), amount: money("1.00"), ..refund("r1") };
    assert!(!record(&*shop, &other, None).await);
    assert_eq!(of_order(&*shop, ORDER).await, [refund("r1")]);
}

/// What has come to an end stays there, and is not due any more.
pub async fn are_finished_once(shop: Arc<dyn Shop>) {
    assert!(record(&*shop, &refund("r1"), Some(micros(1))).await);
    assert!(record(&*shop, &refund("r2"), Some(micros(1))).await);
    let finish = async |status, failure: Option<&str>| {
        let mut unit = shop.units().begin().await.unwrap();
        let failure = failure.map(str::to_owned);
        let finished = unit.refunds().finish("r1", status, failure, micros(9)).await.unwrap();
        unit.commit().await.unwrap();
        finished
    };
    assert!(finish(RefundStatus::Failed, Some(&"因".repeat(300))).await);
    assert!(!finish(RefundStatus::Succeeded, None).await);
    let mut unit = shop.units().begin().await.unwrap();
    unit.refunds().set_due("r1", micros(1), Some("late".to_owned())).await.unwrap();
    unit.commit().await.unwrap();
    let failed = Refund {
        status: RefundStatus::Failed,
        failure: Some("因".repeat(200)),
        finished_at: Some(micros(9)),
        ..refund("r1")
    };
    assert_eq!(of_order(&*shop, ORDER).await, [failed, refund("r2")]);
    assert_eq!(claim(&*shop, 10, 20, 9).await, [("r2".to_owned(), 0)]);
}

/// What failed and happened after all is on record as it happened, and everything else as it was.
pub async fn are_corrected_once_and_where_they_failed_alone(shop: Arc<dyn Shop>) {
    let succeeded = Refund { status: RefundStatus::Succeeded, finished_at: Some(micros(7)), ..refund("r2") };
    assert!(record(&*shop, &refund("r1"), Some(micros(1))).await);
    assert!(record(&*shop, &succeeded, None).await);
    let happened = |number: &str| Refund {
        amount: money("9.80"),
        status: RefundStatus::Succeeded,
        restock: vec![Restock { sku_id: SkuId(4), pieces: 1 }],
        finished_at: Some(micros(20)),
        ..refund(number)
    };
    let correct = async |number: &str| {
        let mut unit = shop.units().begin().await.unwrap();
        let corrected = unit.refunds().correct(&happened(number)).await.unwrap();
        unit.commit().await.unwrap();
        corrected
    };
    for number in ["r1", "r2", "r3"] {
        assert!(!correct(number).await, "{number}");
    }
    assert_eq!(of_order(&*shop, ORDER).await, [refund("r1"), succeeded.clone()]);

    let mut unit = shop.units().begin().await.unwrap();
    let why = Some("ACQ.TRADE_STATUS_ERROR".to_owned());
    assert!(unit.refunds().finish("r1", RefundStatus::Failed, why, micros(9)).await.unwrap());
    unit.commit().await.unwrap();
    assert!(correct("r1").await);
    assert!(!correct("r1").await);
    assert_eq!(of_order(&*shop, ORDER).await, [happened("r1"), succeeded]);
    assert_eq!(claim(&*shop, 99, 100, 9).await, []);
}

/// The longest due first, no more than asked for; again only when the lease has ended, one attempt later.
pub async fn are_claimed_once_and_again_after_the_lease(shop: Arc<dyn Shop>) {
    for (number, due) in
        [("r1", Some(30)), ("r2", Some(10)), ("r3", None), ("r4", Some(20)), ("r5", Some(99))]
    {
        assert!(record(&*shop, &refund(number), due.map(micros)).await);
    }
    let named = |number: &str, attempts| (number.to_owned(), attempts);
    assert_eq!(claim(&*shop, 9, 50, 9).await, []);
    assert_eq!(claim(&*shop, 30, 50, 2).await, [named("r2", 0), named("r4", 0)]);
    assert_eq!(claim(&*shop, 30, 60, 9).await, [named("r1", 0)]);
    assert_eq!(claim(&*shop, 49, 60, 9).await, []);
    assert_eq!(claim(&*shop, 50, 70, 9).await, [named("r2", 1), named("r4", 1)]);

    let mut unit = shop.units().begin().await.unwrap();
    unit.refunds().set_due("r2", micros(40), Some("支付宝处理中".to_owned())).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(claim(&*shop, 51, 70, 9).await, [named("r2", 2)]);
    let failures: Vec<_> =
        of_order(&*shop, ORDER).await.into_iter().filter_map(|refund| refund.failure).collect();
    assert_eq!(failures, ["支付宝处理中"]);
}

/// Eight who claim at once share what is due.
pub async fn are_claimed_by_one_alone(shop: Arc<dyn Shop>) {
    for number in 0..40 {
        assert!(record(&*shop, &refund(&format!("r{number}")), Some(micros(1))).await);
    }
    let all = Arc::clone(&shop);
    let mut taken = taken_by_eight(move || {
        let shop = Arc::clone(&all);
        async move {
            let mut unit = shop.units().begin().await?;
            let claimed = unit.refunds().claim_due(micros(2), micros(9), 3).await?;
            others_go_on().await;
            unit.commit().await?;
            Ok(claimed.into_iter().map(|one| one.item.out_request_no).collect())
        }
    })
    .await;
    taken.extend(claim(&*shop, 2, 9, 99).await.into_iter().map(|(number, _)| number));
    let distinct: BTreeSet<_> = taken.iter().collect();
    assert_eq!((taken.len(), distinct.len()), (40, 40), "each once");
}
