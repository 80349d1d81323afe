//! A payment that Alipay has and we do not.

use super::*;

/// Another application of the same Alipay account took it: it is listed, and no refund is offered.
#[tokio::test]
async fn a_payment_of_another_application_is_left_alone() {
    let foreign = BillEntry { out_trade_no: "WX-7".to_owned(), ..entry("A", "9.00", None) };
    let refunded = BillEntry { out_trade_no: "WX-7".to_owned(), ..entry("A", "9.00", Some("r")) };
    let done =
        repaired(billing(vec![foreign, refunded]), DailyStatement::default(), &Ledgers::default()).await;
    let left = (DifferenceKind::Foreign, "未处理:不是本店的订单号".to_owned());
    assert_eq!(done, [left.clone(), left]);
}

async fn settled(
    answer: Result<Option<Trade>, GatewayError>,
    ledgers: &Ledgers,
) -> Vec<(DifferenceKind, String)> {
    let gateway = knowing_trade(billing(vec![entry("A", "323.91", None)]), answer);
    repaired(gateway, DailyStatement::default(), ledgers).await
}

fn unpaid() -> Ledgers {
    Ledgers::of(only(OrderStatus::AwaitingPayment))
}

#[tokio::test]
async fn is_settled_by_what_alipay_says_and_not_by_the_bill() {
    let ledgers = unpaid();
    let done = settled(Ok(Some(trade("A", "323.91"))), &ledgers).await;
    assert_eq!(done, one(DifferenceKind::MissingHere, "已入账,订单已付款"));
    assert_eq!(status(&ledgers), OrderStatus::AwaitingShipment);

    let ledgers = unpaid();
    let done = settled(Ok(Some(trade("A", "219.00"))), &ledgers).await;
    assert_eq!(done, one(DifferenceKind::MissingHere, "已入账:wrong_amount"));
    assert_eq!(ledgers.get(ORDER).payments[0].trade.total_amount, money("219.00"));
}

#[tokio::test]
async fn may_have_come_in_meanwhile() {
    let done = settled(Ok(Some(trade("A", "323.91"))), &Ledgers::of(paid_ledger(&[]))).await;
    assert_eq!(done, one(DifferenceKind::MissingHere, "此前已入账"));
}

#[tokio::test]
async fn is_left_alone_where_alipay_does_not_confirm_it() {
    let closed = Trade { status: TradeStatus::Closed, ..trade("A", "323.91") };
    for (answer, why) in [
        (Ok(None), "未处理:支付宝查无此交易"),
        (Ok(Some(closed)), "未处理:交易状态为TRADE_CLOSED"),
        (Err(alipay_down()), "未处理:the payment channel cannot be reached"),
    ] {
        let ledgers = unpaid();
        assert_eq!(settled(answer, &ledgers).await, one(DifferenceKind::MissingHere, why));
        assert_eq!(ledgers.appended(), []);
    }
}

#[tokio::test]
async fn is_left_for_the_next_time_where_it_cannot_be_written_down() {
    let down = unpaid().failing_to_lock([store_down()]);
    let done = settled(Ok(Some(trade("A", "323.91"))), &down).await;
    assert_eq!(done.len(), 1);
    assert!(done[0].1.starts_with("未处理:"), "{done:?}");
}
