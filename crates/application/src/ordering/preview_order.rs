//! 确认订单: shows what an order would contain and cost. Changes only the remembered direct buy.

use std::collections::BTreeMap;

use domain::{Address, AmountTooLarge, Caller, PricedLine, Purchase, Quote, Refusal, Sku, SkuId, UserId};
use ports::{DirectBuy, StoreError};

use super::{OrderItems, PlacementError};
use crate::ShoppingService;

/// What an order would contain and cost.
#[derive(Debug)]
pub struct Preview {
    /// The buyer's addresses, the default one first. The page shows them even after an error, if they are known.
    pub addresses: Vec<Address>,
    /// Lines and sums, or why the order cannot be placed.
    pub quote: Result<Quote, PlacementError>,
}

impl ShoppingService {
    /// Previews an order of this buyer.
    #[tracing::instrument(level = "debug", name = "preview_order", skip_all)]
    pub async fn preview(&self, caller: &Caller, items: OrderItems) -> Preview {
        match self.buyer(caller).await {
            Ok((user_id, addresses)) => Preview { addresses, quote: self.quote(user_id, items).await },
            Err(refusal) => Preview { addresses: Vec::new(), quote: Err(refusal) },
        }
    }

    /// The preview for a request that cannot be read: the buyer's addresses, if they are known. For a direct buy, the
    /// remembered one is deleted, as after every direct buy that cannot be quoted.
    pub async fn unread_preview(
        &self,
        caller: &Caller,
        is_direct: bool,
    ) -> (Vec<Address>, Result<(), PlacementError>) {
        match self.buyer(caller).await {
            Ok((user_id, addresses)) if is_direct => {
                (addresses, self.remember(user_id, None).await.map_err(PlacementError::from))
            }
            Ok((_, addresses)) => (addresses, Ok(())),
            Err(refusal) => (Vec::new(), Err(refusal)),
        }
    }

    async fn buyer(&self, caller: &Caller) -> Result<(UserId, Vec<Address>), PlacementError> {
        let user_id = crate::noticed::buyer(self.users.authenticate(caller).await??);
        let entries = self.address_book.entries(user_id).await?.0;
        Ok((user_id, entries.into_iter().map(|entry| entry.address).collect()))
    }

    async fn quote(&self, user_id: UserId, items: OrderItems) -> Result<Quote, PlacementError> {
        match items {
            OrderItems::Cart => {
                let lines = self.ticked_lines(user_id).await?;
                if lines.is_empty() {
                    return Err(PlacementError::NothingSelected);
                }
                let skus = self.catalog.skus(&lines.keys().copied().collect::<Vec<_>>()).await?;
                let purchase = Purchase::of_cart(&lines, &skus, self.rules.quantity_limit)?;
                self.price(&purchase.ok_or(PlacementError::NothingSelected)?, &skus)
            }
            OrderItems::Direct { sku_id, quantity } => {
                let quote = self.quote_directly(sku_id, quantity).await;
                self.remember(user_id, quote.as_ref().ok()).await?;
                quote
            }
        }
    }

    async fn quote_directly(&self, sku_id: SkuId, quantity: i64) -> Result<Quote, PlacementError> {
        let quantity = self.rules.quantity_limit.quantity(quantity)?;
        let skus = self.catalog.skus(&[sku_id]).await?;
        let quote = self.price(&Purchase::of_one(sku_id, quantity), &skus)?;
        match quote.unavailable.first() {
            Some(line) => Err(Refusal::Unavailable(line.sku_id).into()),
            None => Ok(quote),
        }
    }

    /// Remembers the previewed direct buy. `None` deletes the remembered one: it is no longer what the buyer wants.
    ///
    /// If this fails, the preview fails too: otherwise a client that names no SKU would order the earlier preview.
    async fn remember(&self, user_id: UserId, shown: Option<&Quote>) -> Result<(), StoreError> {
        match shown.and_then(|quote| quote.lines.first()) {
            Some(PricedLine { sku, quantity, .. }) => {
                let (sku_id, quantity, previewed_at) = (sku.id, *quantity, self.clock.now());
                self.direct_buys.remember(user_id, DirectBuy { sku_id, quantity, previewed_at }).await
            }
            None => self.direct_buys.forget(user_id).await,
        }
    }

    /// The ticked SKUs of the cart with their quantities.
    async fn ticked_lines(&self, user_id: UserId) -> Result<BTreeMap<SkuId, i64>, PlacementError> {
        let mut cart = self.carts.load(user_id).await?;
        if let Some(removals) = &self.removals {
            let ordered = removals.pending_of(user_id).await?.into_iter().flat_map(|removal| removal.lines);
            cart = cart.without(&ordered.collect::<Vec<_>>());
        }
        Ok(cart.selected().map(|line| (line.sku_id, line.count)).collect())
    }

    fn price(&self, purchase: &Purchase, skus: &BTreeMap<SkuId, Sku>) -> Result<Quote, PlacementError> {
        let quote = purchase.quote(skus, &self.rules.pricing);
        let quote = quote.map_err(|AmountTooLarge| Refusal::TooExpensive)?;
        if quote.costs_nothing() { Err(Refusal::CostsNothing.into()) } else { Ok(quote) }
    }
}
