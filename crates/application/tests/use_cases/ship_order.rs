//! 发货 and 退回库存, on ledgers in memory.

use application::{OrderService, TransactError};
use domain::{
    Cause, OrderStatus, Shipment,
    ledger::{Event, Refusal},
};
use ports::mock::{Ledgers, MockPaymentGateway};

use crate::support::*;

fn staff() -> Cause {
    Cause::shop("小王".to_owned(), None)
}

fn use_case(ledgers: &Ledgers) -> OrderService {
    service(MockPaymentGateway::new(), ledgers)
}

async fn ship(ledgers: &Ledgers, carrier: &str, number: &str) -> Result<(), TransactError> {
    let parcel = Shipment::new(carrier, number, noon()).unwrap();
    use_case(ledgers).ship(&order_id(), &parcel, &staff()).await
}

#[tokio::test]
async fn a_paid_order_is_shipped_and_taken_for_received_some_days_later() {
    for (carrier, number, words) in
        [("顺丰速运", "SF1", "发货 顺丰速运 SF1"), ("", "", "发货"), ("自提", "", "发货 自提")]
    {
        let ledgers = Ledgers::of(paid_ledger(&[]));
        ship(&ledgers, carrier, number).await.unwrap();
        let Event::StatusChanged(change) = &ledgers.appended()[0] else { panic!("{:?}", ledgers.appended()) };
        assert_eq!((change.to, change.reason.as_str()), (OrderStatus::AwaitingReceipt, words));
        assert_eq!((&change.cause, change.due_at), (&staff(), Some(noon().after(RECEIPT_AFTER))));
        let shipment = ledgers.get(ORDER).order.unwrap().shipment.unwrap();
        assert_eq!((shipment.carrier.as_str(), shipment.tracking_number.as_str()), (carrier, number));
    }
}

#[tokio::test]
async fn what_cannot_be_shipped_is_refused() {
    let outcome = ship(&Ledgers::default(), "", "").await;
    assert!(matches!(outcome, Err(TransactError::Refused(Refusal::UnknownOrder))), "{outcome:?}");
    let outcome = ship(&Ledgers::of(only(OrderStatus::Cancelled)), "", "").await;
    assert!(matches!(outcome, Err(TransactError::Refused(Refusal::NotAllowed(_)))), "{outcome:?}");
    let outcome = ship(&Ledgers::of(paid_ledger(&[])).failing_to_lock([store_down()]), "", "").await;
    assert!(matches!(outcome, Err(TransactError::Store(_))), "{outcome:?}");
}

#[tokio::test]
async fn pieces_come_back_once_for_each_request() {
    let ledgers = Ledgers::of(paid_ledger(&[]));
    let give_back = async |pieces: &[(i32, u32)]| {
        use_case(&ledgers)
            .return_pieces(&order_id(), restock(pieces), "shop-1".to_owned(), None, &staff())
            .await
    };
    give_back(&[(4, 1)]).await.unwrap();
    give_back(&[(4, 1)]).await.unwrap();
    assert_eq!(ledgers.get(ORDER).movements.len(), 1);
    let other = give_back(&[(4, 2)]).await;
    assert!(matches!(other, Err(TransactError::Refused(Refusal::RequestNumberReused))), "{other:?}");
}
