//! Changes of an order's amount and address.

use std::sync::Arc;

use domain::{AddressId, Amendment, ShippingAddress};

use super::*;
use crate::contract::{
    OldOrder,
    samples::{an_address, shipping},
};

fn staff() -> Cause {
    Cause::shop("小王".to_owned(), Some("req-2".to_owned()))
}

fn lowered(before: &str, after: &str, discount: &str) -> Event {
    Event::AmountLowered {
        before: money(before),
        after: money(after),
        discount: money(discount),
        cause: staff(),
        reason: "老客户".to_owned(),
        at: micros(7),
    }
}

fn redirected(status: OrderStatus, from: &ShippingAddress, to: &str, id: Option<AddressId>) -> Event {
    Event::AddressChanged {
        status,
        before: from.clone(),
        after: shipping(to),
        address_id: id,
        cause: staff(),
        reason: "搬家".to_owned(),
        at: micros(8),
    }
}

fn entry(status: OrderStatus, reason: &str, amendment: Amendment, at: u64) -> TimelineEntry {
    TimelineEntry {
        from: Some(status),
        to: status,
        cause: staff(),
        reason: reason.to_owned(),
        amendment: Some(amendment),
        at: micros(at),
    }
}

/// The amount changes only while the order is unpaid and has the expected amount; otherwise nothing changes.
pub async fn lowers_an_amount_from_the_expected_one_alone(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    stocked.place(&[stocked.order(ORDER), stocked.order(OTHER)]).await;
    let shop = &*stocked.shop;
    let mut expected = read(shop, ORDER).await;
    let paid = Event::StatusChanged(change(ORDER, AwaitingPayment, AwaitingShipment, "支付成功"));
    for (event, is_written) in [
        (lowered("219.91", "200.00", "19.91"), false),
        (lowered("219.90", "200.00", "19.90"), true),
        (lowered("219.90", "200.00", "19.90"), false),
        (lowered("200.00", "0.01", "219.89"), true),
        (paid, true),
        (lowered("0.01", "0.00", "219.90"), false),
    ] {
        assert_eq!(!lost(append(shop, ORDER, std::slice::from_ref(&event)).await), is_written, "{event:?}");
        if is_written {
            expected.apply(&event).unwrap();
        }
        assert_eq!(read(shop, ORDER).await, expected, "after {event:?}");
    }
    let order = expected.order.unwrap();
    assert_eq!((order.total_amount, order.discount, order.amendments), (money("0.01"), money("219.89"), 2));
    assert_eq!(stocked.find(ORDER).await, Some(order));
    let timeline = timeline(shop, ORDER).await;
    let amount = |before, after| Amendment::Amount { before: money(before), after: money(after) };
    let first = entry(AwaitingPayment, "老客户", amount("219.90", "200.00"), 7);
    let second = entry(AwaitingPayment, "老客户", amount("200.00", "0.01"), 7);
    assert_eq!(timeline[..2], [first, second]);
    assert_eq!((timeline.len(), timeline[2].to), (3, AwaitingShipment));
    let file = shop.admin().file(&order_id(ORDER)).await.unwrap().unwrap();
    assert_eq!(file.changes, timeline);
    let other = stocked.find(OTHER).await.unwrap();
    assert_eq!((other.discount, other.amendments), (Money::ZERO, 0));
    assert!(lost(append(shop, "2019112812000099", &[lowered("219.90", "1.00", "218.90")]).await));
}

/// Of twenty concurrent callers that lower the same amount, one succeeds.
pub async fn lowers_an_amount_once_however_many_try(shop: Arc<dyn Shop>) {
    let stocked = Arc::new(Stocked::new(shop).await);
    stocked.place(&[stocked.order(ORDER)]).await;
    let lowered = how_many(20, |_| {
        let stocked = Arc::clone(&stocked);
        async move {
            until_let_through(|| async {
                let lower = lowered("219.90", "200.00", "19.90");
                written(stocked.shop.ledgers().lock(ORDER).await?.append(&[lower]).await)
            })
            .await
        }
    });
    assert_eq!(lowered.await, 1);
    assert_eq!(timeline(&*stocked.shop, ORDER).await.len(), 1);
    assert_eq!(stocked.find(ORDER).await.map(|order| order.amendments), Some(1));
}

/// In any other status nothing changes. An order of the old back end, which has no copy of its address, gets one.
pub async fn changes_an_address_in_the_expected_status_alone(shop: Arc<dyn Shop>) {
    let stocked = Stocked::new(shop).await;
    stocked.place(&[stocked.order(ORDER), stocked.order(OTHER)]).await;
    let shop = &*stocked.shop;
    let office = shop.add_address(stocked.user_id, an_address("上海市徐汇区")).await;
    let home = shipping("北京市东城区珍贝大厦");
    let mut expected = read(shop, ORDER).await;
    let paid = Event::StatusChanged(change(ORDER, AwaitingPayment, AwaitingShipment, "支付成功"));
    for (event, is_written) in [
        (redirected(AwaitingShipment, &home, "天津市", None), false),
        (redirected(AwaitingPayment, &home, "上海市徐汇区", Some(office)), true),
        (paid, true),
        (redirected(AwaitingPayment, &shipping("上海市徐汇区"), "天津市", None), false),
        (redirected(AwaitingShipment, &shipping("上海市徐汇区"), "天津市", None), true),
    ] {
        assert_eq!(!lost(append(shop, ORDER, std::slice::from_ref(&event)).await), is_written, "{event:?}");
        if is_written {
            expected.apply(&event).unwrap();
        }
        assert_eq!(read(shop, ORDER).await, expected, "after {event:?}");
    }
    let timeline = timeline(shop, ORDER).await;
    let before = |street| Amendment::Address { before: shipping(street) };
    assert_eq!(timeline[0], entry(AwaitingPayment, "搬家", before("北京市东城区珍贝大厦"), 8));
    assert_eq!((timeline.len(), timeline[1].to), (3, AwaitingShipment));
    assert_eq!(timeline[2], entry(AwaitingShipment, "搬家", before("上海市徐汇区"), 8));
    assert_eq!(stocked.find(OTHER).await.map(|order| order.shipping), Some(home));

    let number = "2019112720400804";
    let old = OldOrder {
        id: order_id(number),
        user_id: stocked.user_id,
        address_id: stocked.address_id,
        status: 1,
        total_amount: money("114.95"),
        created_at: noon(),
        lines: vec![(stocked.sku_id, 1, money("104.95"))],
    };
    shop.add_old_order(old).await;
    let before = stocked.find(number).await.unwrap().shipping;
    append(shop, number, &[redirected(AwaitingPayment, &before, "天津市", None)]).await.unwrap();
    shop.move_address(stocked.address_id, "广州市").await;
    assert_eq!(stocked.find(number).await.unwrap().shipping, shipping("天津市"));
}
