use super::*;

fn entry(from: OrderStatus, to: OrderStatus, amendment: Option<Amendment>, at: &str) -> TimelineEntry {
    let at = ShopTime::parse(&format!("2019-11-28 {at}")).unwrap();
    TimelineEntry { from: Some(from), to, cause: Cause::system(), reason: String::new(), amendment, at }
}

#[test]
fn an_amendment_stands_before_the_change_that_ends_its_status() {
    use OrderStatus::{AwaitingPayment, AwaitingReceipt, AwaitingShipment};
    let money = |text: &str| text.parse().unwrap();
    let lowered = |before, after, at| {
        let amount = Amendment::Amount { before: money(before), after: money(after) };
        entry(AwaitingPayment, AwaitingPayment, Some(amount), at)
    };
    // The clock of the process that recorded the payment was behind.
    let paid = entry(AwaitingPayment, AwaitingShipment, None, "12:00:01");
    let shipped = entry(AwaitingShipment, AwaitingReceipt, None, "12:30:00");
    let (first, second) = (lowered("9.00", "8.00", "12:00:02"), lowered("8.00", "7.00", "12:00:03"));
    let changes = vec![paid.clone(), shipped.clone()];
    let merged = TimelineEntry::in_order(changes, vec![first.clone(), second.clone()]);
    assert_eq!(merged, [first.clone(), second, paid, shipped]);
    assert_eq!(TimelineEntry::in_order(Vec::new(), vec![first.clone()]), [first]);
}
