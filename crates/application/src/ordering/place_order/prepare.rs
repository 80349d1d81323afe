//! Loads the buyers and carts of a group of requests together.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::{Cart, CartStamp, InvalidQuantity, NotAdmitted, Purchase, RepeatGuard, SkuId, UserId};
use ports::{Buyer, BuyerQuery, CartError, StoreError};

use super::{BatchRequest, OrderItems, Placement, PlacementError, Unplaced, draft::OrderDraft};

/// The carts of a group, or why they cannot be read.
type Carts = Result<BTreeMap<UserId, Cart>, Arc<CartError>>;

/// One cart cannot be read, although others can.
#[derive(Debug, thiserror::Error)]
#[error("the cart of user {0} cannot be read")]
struct Unreadable(UserId);

impl Placement {
    /// Makes drafts of the requests, with two queries for all of them.
    pub(super) async fn prepare<'a>(
        &self,
        requests: &[&'a BatchRequest],
    ) -> Result<Vec<Result<OrderDraft<'a>, Unplaced>>, StoreError> {
        let query = |request: &&BatchRequest| BuyerQuery {
            caller: request.caller.clone(),
            address_id: request.address_id,
        };
        let buyers = self.ports.store.buyers(&requests.iter().map(query).collect::<Vec<_>>()).await?;
        let members = || requests.iter().zip(&buyers);
        let of_cart: BTreeSet<UserId> = members()
            .filter(|(request, _)| request.items == OrderItems::Cart)
            .filter_map(|(_, buyer)| buyer.as_ref().ok().filter(|buyer| buyer.address.is_some()))
            .map(|buyer| buyer.user_id)
            .collect();
        let carts = self.carts(&of_cart.into_iter().collect::<Vec<_>>()).await;
        Ok(members().map(|(request, buyer)| self.draft(request, buyer, &carts)).collect())
    }

    async fn carts(&self, user_ids: &[UserId]) -> Carts {
        if user_ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        self.ports.carts.load_many(user_ids).await.map_err(Arc::new)
    }

    fn draft<'a>(
        &self,
        request: &'a BatchRequest,
        buyer: &Result<Buyer, NotAdmitted>,
        carts: &Carts,
    ) -> Result<OrderDraft<'a>, Unplaced> {
        let buyer = buyer.as_ref().map_err(|refusal| PlacementError::NotAdmitted(*refusal))?;
        let unplaced = |error| Unplaced { error, buyer: Some(buyer.user_id), guard: None };
        let address = buyer.address.as_ref().ok_or_else(|| unplaced(PlacementError::UnknownAddress))?;
        let (purchase, cart_lines) = self.items(request.items, buyer, carts).map_err(unplaced)?;
        let repeat_guard = request.is_guarded.then(|| {
            RepeatGuard::new(buyer.user_id, address.id, &purchase, request.items == OrderItems::Cart)
        });
        let Buyer { user_id, latest_order_at, .. } = *buyer;
        let address = address.clone();
        Ok(OrderDraft { request, user_id, address, purchase, cart_lines, latest_order_at, repeat_guard })
    }

    fn items(
        &self,
        items: OrderItems,
        buyer: &Buyer,
        carts: &Carts,
    ) -> Result<(Purchase, Vec<(SkuId, CartStamp)>), PlacementError> {
        let quantity = |count| self.rules.quantity_limit.quantity(count);
        match items {
            OrderItems::Direct { sku_id, quantity: count } => {
                Ok((Purchase::of_one(sku_id, quantity(count)?), Vec::new()))
            }
            OrderItems::Cart => {
                let carts = carts.as_ref().map_err(|error| PlacementError::Carts(Arc::clone(error)))?;
                let cart = carts.get(&buyer.user_id).ok_or_else(|| {
                    PlacementError::Carts(Arc::new(CartError(Unreadable(buyer.user_id).into())))
                })?;
                let cart = cart.clone().without(&buyer.ordered_lines);
                let lines = cart
                    .selected()
                    .map(|line| Ok((line.sku_id, quantity(line.count)?)))
                    .collect::<Result<BTreeMap<_, _>, InvalidQuantity>>()?;
                let stamps = cart.selected().map(|line| (line.sku_id, line.stamp.clone())).collect();
                Ok((Purchase::new(lines).ok_or(PlacementError::NothingSelected)?, stamps))
            }
        }
    }
}
