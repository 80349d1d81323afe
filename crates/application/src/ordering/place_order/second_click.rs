//! For clients without idempotency keys: a second click on the same button gets the order of the first click.

use domain::{AddressId, Money, Order, OrderStatus, Purchase, Refusal, RepeatGuard, ShopTime, UserId};
use ports::{OrderListQuery, StoreError};

use super::{BatchRequest, PlaceOrder, PlaceOrderError, PlacedOrder, PlacementError, found, may_be_there};
use crate::retries::{Again, Attempts};

/// How often an order is tried if another order has its guard. After each try, the guard is taken off an order that is
/// too old. So many clicks at the same moment do not happen by accident.
const TRIES: u32 = 4;

impl PlaceOrder {
    /// Places an order, or finds the order of the first click.
    pub(super) async fn place_once(&self, request: BatchRequest) -> Result<PlacedOrder, PlaceOrderError> {
        // The time of this click, not of its turn in the queue: otherwise a slow first click would count as old.
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
                // The first click may have taken the last piece, or reached the buyer's limit of unpaid orders.
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
                // A concurrent click has just released the guard.
                None => {}
            }
            tries.again(Again::Conflict, PlacementError::Busy).await?;
        }
    }

    /// The order that was placed from the cart a moment ago, if it emptied the cart.
    async fn just_emptied_the_cart(
        &self,
        user_id: UserId,
        address_id: AddressId,
        clicked_at: ShopTime,
    ) -> Result<Option<Order>, StoreError> {
        let status = Some(OrderStatus::AwaitingPayment);
        // Orders of a process whose clock was far ahead may be listed before it.
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

    /// Whether the order still awaits payment, and was not placed long before this click.
    fn is_just_placed(&self, order: &Order, clicked_at: ShopTime) -> bool {
        order.status == OrderStatus::AwaitingPayment
            && order.created_at.was_within(self.rules.double_click, clicked_at)
    }
}

/// The order of the first click, if its amount at placement is the amount that the second click expects. Staff may have
/// lowered it since.
fn expected(amount: Option<Money>, first: Order) -> Result<PlacedOrder, PlaceOrderError> {
    match amount {
        Some(amount) if amount != first.listed_amount() => {
            Err(PlacementError::Refused(Refusal::AmountChanged(first.total_amount)).into())
        }
        Some(_) | None => Ok(found(first)),
    }
}
