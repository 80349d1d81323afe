//! Clients that have no key for their requests: a second click on the same button is answered with the order of the first.

use domain::{Order, OrderStatus, Purchase, Refusal, RepeatGuard};
use ports::{Destination, OrderListQuery};

use super::{PlaceOrder, PlaceOrderError, PlaceOrderRequest, PlacementError};

/// How often an order is tried whose guard another order has. Each time but the last the other order was too old, and its
/// guard was taken off it; that many clicks within one moment are no accident.
const TRIES: usize = 4;

impl PlaceOrder {
    /// Places an order, or finds the one that the first click became.
    pub(super) async fn place_once(
        &self,
        request: &PlaceOrderRequest,
        destination: Destination,
    ) -> Result<Order, PlaceOrderError> {
        let mut draft = match self.draft(request, &destination, None).await {
            Ok(draft) => draft,
            Err(PlaceOrderError::NothingSelected) => {
                let first = self.just_emptied_the_cart(&destination).await?;
                return expected(request, first.ok_or(PlaceOrderError::NothingSelected)?);
            }
            Err(error) => return Err(error),
        };
        let is_of_cart = !draft.cart_lines.is_empty();
        let guard = RepeatGuard::new(draft.user_id, draft.address_id, &draft.purchase, is_of_cart);
        draft.repeat_guard = Some(guard.clone());
        for _ in 0..TRIES {
            let error = match self.desk.place(draft.clone()).await {
                Ok(order) => return Ok(order),
                Err(error) => error,
            };
            let is_repeated = match &error {
                PlacementError::Repeated => true,
                // The first click may have taken the last piece.
                PlacementError::Refused(_) => false,
                PlacementError::Busy | PlacementError::KeyInUse | PlacementError::Store(_) => {
                    return Err(error.into());
                }
            };
            match self.orders.find_by_guard(&guard).await? {
                Some(first) if self.is_just_placed(&first) => return expected(request, first),
                _ if !is_repeated => return Err(error.into()),
                Some(earlier) => {
                    let mut unit = self.units.begin().await?;
                    unit.orders().release_guard(&earlier.id, &guard).await?;
                    unit.commit().await?;
                }
                // Another click has just done that.
                None => {}
            }
        }
        Err(PlacementError::Busy.into())
    }

    /// The order of the cart that was placed a moment ago, if it is what emptied the cart.
    async fn just_emptied_the_cart(
        &self,
        Destination { user_id, address }: &Destination,
    ) -> Result<Option<Order>, PlaceOrderError> {
        let status = Some(OrderStatus::AwaitingPayment);
        let query = OrderListQuery { user_id: *user_id, status, before: None, limit: 1 };
        let latest = self.orders.list(&query).await?.pop().filter(|order| self.is_just_placed(order));
        let (Some(latest), Some(address)) = (latest, address) else { return Ok(None) };
        let lines = latest.goods.iter().map(|line| (line.sku_id, line.quantity)).collect();
        let Some(purchase) = Purchase::new(lines) else { return Ok(None) };
        let guard = RepeatGuard::new(*user_id, address.id, &purchase, true);
        let guarded = self.orders.find_by_guard(&guard).await?;
        Ok(guarded.filter(|order| self.is_just_placed(order)))
    }

    /// Whether the order is still the one that the buyer wants to pay, and not older than a second click.
    fn is_just_placed(&self, order: &Order) -> bool {
        order.status == OrderStatus::AwaitingPayment
            && self.clock.now().since(order.created_at) < self.rules.double_click
    }
}

/// The order of the first click, if it costs what the second expects.
fn expected(request: &PlaceOrderRequest, first: Order) -> Result<Order, PlaceOrderError> {
    match request.expected_amount {
        Some(amount) if amount != first.total_amount => {
            Err(PlacementError::Refused(Refusal::AmountChanged(first.total_amount)).into())
        }
        Some(_) | None => Ok(first),
    }
}
