//! Orders for the tests.

use adapters::sql::SqlStore;
use domain::{
    AddressId, Allocation, NewOrder, Order, OrderId, OrderStatus, ShippingAddress, ShopTime, UserId,
};
use ports::{PlacingOutcome, PlacingTransaction, StoreError};

/// An order without lines, cart and key.
pub(crate) fn an_order(
    number: &str,
    user_id: UserId,
    address_id: AddressId,
    created_at: ShopTime,
) -> NewOrder {
    let text = String::new;
    let order = Order {
        id: OrderId::parse(number).unwrap(),
        user_id,
        status: OrderStatus::AwaitingPayment,
        total_count: 1,
        total_amount: "1.50".parse().unwrap(),
        freight: "0.00".parse().unwrap(),
        discount: "0.00".parse().unwrap(),
        amendments: 0,
        shipping: ShippingAddress { title: text(), receiver: text(), mobile: text(), address: text() },
        created_at,
        expire_at: None,
        shipment: None,
        refunded_amount: "0.00".parse().unwrap(),
        goods: Vec::new(),
    };
    NewOrder {
        order,
        address_id,
        due_at: None,
        cart_lines: Vec::new(),
        idempotency: None,
        repeat_guard: None,
        trace: None,
    }
}

/// Begins a transaction that places orders, without locking a buyer.
pub(crate) async fn begin(store: &dyn SqlStore) -> Result<Box<dyn PlacingTransaction>, StoreError> {
    Ok(store.begin_group(&[], false).await?.transaction)
}

/// Takes stock and places orders.
pub(crate) async fn place(store: &dyn SqlStore, taken: &[Allocation], orders: &[NewOrder]) {
    let mut transaction = begin(store).await.unwrap();
    assert_eq!(transaction.take(taken).await.unwrap(), ports::StockOutcome::Taken);
    let outcome = transaction.write(orders).await.unwrap();
    assert!(matches!(outcome, PlacingOutcome::Committed(_)), "{outcome:?}");
}
