//! Clients that have no key for their requests: a second click on the same button is answered with the order of the first.

use domain::{AddressId, Money, Order, OrderStatus, Purchase, Refusal, RepeatGuard, ShopTime, UserId};
use ports::{OrderListQuery, StoreError};

use super::{BatchRequest, PlaceOrder, PlaceOrderError, PlacedOrder, PlacementError, found, may_be_there};
use crate::retries::{Again, Attempts};

/// How often an order is tried whose guard another order has. Each time but the last the other order was too old, and its
/// guard was taken off it; that many clicks within one moment are no accident.
const TRIES: u32 = 4;

impl PlaceOrder {
    /// Places an order, or finds the one that the first click became.
    pub(super) async fn place_once(&self, request: BatchRequest) -> Result<PlacedOrder, PlaceOrderError> {
        // Of now, not of when its turn comes: a first click that takes long is no older for it.
        let clicked_at = self.service.now();
        let mut tries = Attempts::at_most(TRIES, &*self.service.transact.randomness);
        loop {
            let unplaced = match self.batcher.place(request.clone()).await {
                Ok(placed) => return Ok(placed),
                Err(unplaced) => unplaced,
            };
            unplaced.buyer.map(crate::noticed::buyer);
            let is_repeated = match (&unplaced.error, unplaced.buyer) {
                (PlacementError::NothingSelected, Some(user_id)) => {
                    let first = self.just_emptied_the_cart(user_id, request.address_id, clicked_at).await;
                    let first = first.map_err(may_be_there)?;
                    return expected(request.expected_amount, first.ok_or(unplaced.error)?);
                }
                (PlacementError::Repeated, _) => true,
                // The first click may have taken the last piece, or have been the last that the buyer may leave unpaid.
                (PlacementError::Refused(_), _) => false,
                (
                    PlacementError::NotAdmitted(_)
                    | PlacementError::UnknownAddress
                    | PlacementError::NothingSelected
                    | PlacementError::InvalidQuantity(_)
                    | PlacementError::Busy
                    | PlacementError::KeyInUse
                    | PlacementError::Carts(_)
                    | PlacementError::Store(_),
                    _,
                ) => return Err(unplaced.error.into()),
            };
            let Some(guard) = unplaced.guard else { return Err(unplaced.error.into()) };
            let first = match self.service.orders.find_by_guard(&guard).await {
                Err(error) if is_repeated => return Err(may_be_there(error)),
                found => found?,
            };
            match first {
                Some(first) if self.is_just_placed(&first, clicked_at) => {
                    return expected(request.expected_amount, first);
                }
                _ if !is_repeated => return Err(unplaced.error.into()),
                Some(earlier) => self.store.release_guard(&earlier.id, &guard).await?,
                // Another click has just done that.
                None => {}
            }
            tries.again(Again::Conflict, PlacementError::Busy).await?;
        }
    }

    /// The order of the cart that was placed a moment ago, if it is what emptied the cart.
    async fn just_emptied_the_cart(
        &self,
        user_id: UserId,
        address_id: AddressId,
        clicked_at: ShopTime,
    ) -> Result<Option<Order>, StoreError> {
        let status = Some(OrderStatus::AwaitingPayment);
        // Before it may be some by a clock that was far ahead.
        let query = OrderListQuery { user_id, status, before: None, limit: 4 };
        let listed = self.service.orders.list(&query).await?;
        let latest = listed.into_iter().find(|order| self.is_just_placed(order, clicked_at));
        let Some(latest) = latest else { return Ok(None) };
        let lines = latest.goods.iter().map(|line| (line.sku_id, line.quantity)).collect();
        let Some(purchase) = Purchase::new(lines) else { return Ok(None) };
        let guard = RepeatGuard::new(user_id, address_id, &purchase, true);
        let guarded = self.service.orders.find_by_guard(&guard).await?;
        Ok(guarded.filter(|order| self.is_just_placed(order, clicked_at)))
    }

    /// Whether the order is still the one that the buyer wants to pay, and was not placed long before this click.
    fn is_just_placed(&self, order: &Order, clicked_at: ShopTime) -> bool {
        order.status == OrderStatus::AwaitingPayment
            && order.created_at.was_within(self.rules.double_click, clicked_at)
    }
}

/// The order of the first click, if it cost what the second expects when it was placed: staff may have lowered it since.
fn expected(amount: Option<Money>, first: Order) -> Result<PlacedOrder, PlaceOrderError> {
    match amount {
        Some(amount) if amount != first.listed_amount() => {
            Err(PlacementError::Refused(Refusal::AmountChanged(first.total_amount)).into())
        }
        Some(_) | None => Ok(found(first)),
    }
}
