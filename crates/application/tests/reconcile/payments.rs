//! A payment that Alipay has and we do not.

use super::*;

async fn settled(
    answer: Result<Option<Trade>, GatewayError>,
    units: Vec<MockUnitOfWork>,
) -> Vec<(DifferenceKind, String)> {
    let gateway = knowing_trade(billing(vec![entry("A", "323.91", None)]), answer);
    repaired(gateway, DayBooks::default(), units).await
}

#[tokio::test]
async fn is_settled_by_what_alipay_says_and_not_by_the_bill() {
    let paying = paying_in(OrderStatus::AwaitingPayment);
    let news = paying.news.clone();
    let done = settled(Ok(Some(trade("A", "323.91"))), vec![paying]).await;
    assert_eq!(done, one(DifferenceKind::MissingHere, "已入账,订单已付款"));
    let told: Vec<_> = news.all().into_iter().map(|told| (told.to, told.actor)).collect();
    assert_eq!(told, [(OrderStatus::AwaitingShipment, Actor::Alipay)]);

    let mut wrong = locking(Some(order(OrderStatus::AwaitingPayment)));
    wrong.payments.expect_of_order().times(1).returning(|_| Ok(vec![]));
    wrong
        .payments
        .expect_record()
        .times(1)
        .withf(|payment| payment.trade.total_amount == money("219.00"))
        .returning(|_| Ok(true));
    let done = settled(Ok(Some(trade("A", "219.00"))), vec![wrong]).await;
    assert_eq!(done, one(DifferenceKind::MissingHere, "已入账:wrong_amount"));
}

#[tokio::test]
async fn may_have_come_in_meanwhile() {
    let mut known = locking(Some(order(OrderStatus::AwaitingShipment)));
    known.payments.expect_of_order().times(1).returning(|_| Ok(vec![recorded("A", PaymentStatus::Settled)]));
    let done = settled(Ok(Some(trade("A", "323.91"))), vec![known]).await;
    assert_eq!(done, one(DifferenceKind::MissingHere, "此前已入账"));
}

#[tokio::test]
async fn is_left_alone_where_alipay_does_not_confirm_it() {
    let closed = Trade { status: TradeStatus::Closed, ..trade("A", "323.91") };
    for (answer, why) in [
        (Ok(None), "未处理:支付宝查无此交易"),
        (Ok(Some(closed)), "未处理:交易状态为TRADE_CLOSED"),
        (Err(alipay_down()), "未处理:Alipay cannot be reached"),
    ] {
        assert_eq!(settled(answer, vec![]).await, one(DifferenceKind::MissingHere, why));
    }
}

#[tokio::test]
async fn is_left_for_the_next_time_where_it_cannot_be_written_down() {
    let mut down = MockUnitOfWork::default();
    down.orders.expect_find_for_update().returning(|_| Err(store_down()));
    let done = settled(Ok(Some(trade("A", "323.91"))), vec![down]).await;
    assert_eq!(done.len(), 1);
    assert!(done[0].1.starts_with("未处理:"), "{done:?}");
}
