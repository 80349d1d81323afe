//! 订单搜索 of staff: orders of all buyers, newest first, page by page, or all of them for an export.

use std::sync::Arc;

use domain::{NumberRange, OrderId, OrderStatus, ShopTime, Username};
use ports::{AdminOrders, FoundOrder, OrderSearch, ShippingListEntry, StoreError};

use crate::{
    StaffOrders,
    pages::{Page, one_more},
};

/// Search criteria for orders; `None` means no restriction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// The order number, or its first digits.
    pub number: Option<OrderId>,
    /// The buyer's exact name.
    pub username: Option<Username>,
    /// The order's status.
    pub status: Option<OrderStatus>,
    /// Placed in this second or later.
    pub from: Option<ShopTime>,
    /// Placed before this second.
    pub until: Option<ShopTime>,
}

/// All orders that match a search. Each page is read only when it is requested.
pub struct OrderExport {
    admin: Arc<dyn AdminOrders>,
    /// The search for the remaining orders; `None` if there are no more.
    rest: Option<OrderSearch>,
    left: u32,
}

impl StaffOrders {
    /// How many orders an export reads at once.
    pub const EXPORT_PAGE: u32 = 500;
    /// The most orders in one export.
    pub const EXPORT_MOST: u32 = 100_000;

    /// One page of at most `limit` orders: the first page, or the orders after the order `before`.
    pub async fn page(
        &self,
        filter: &OrderFilter,
        before: Option<&OrderId>,
        limit: u32,
    ) -> Result<Page<FoundOrder, OrderId>, StoreError> {
        let Some(mut search) = self.search(filter, one_more(limit)).await? else {
            return Ok(Page { items: Vec::new(), next: None });
        };
        if let Some(before) = before {
            search.numbers = search.numbers.below(before);
        }
        Ok(Page::of(self.admin.search(&search).await?, limit, |order| order.id.clone()))
    }

    /// All matching orders, up to [`StaffOrders::EXPORT_MOST`].
    pub async fn export(&self, filter: &OrderFilter) -> Result<OrderExport, StoreError> {
        let rest = self.search(filter, Self::EXPORT_PAGE).await?;
        Ok(OrderExport { admin: Arc::clone(&self.admin), rest, left: Self::EXPORT_MOST })
    }

    /// The search for this filter; `None` if there is no such buyer.
    async fn search(&self, filter: &OrderFilter, limit: u32) -> Result<Option<OrderSearch>, StoreError> {
        let user_id = match &filter.username {
            Some(username) => match self.users.find(username).await? {
                Some(user_id) => Some(user_id),
                None => return Ok(None),
            },
            None => None,
        };
        let mut numbers = NumberRange::all();
        if let Some(number) = &filter.number {
            numbers = numbers.beginning_with(number);
        }
        if let Some(from) = filter.from {
            numbers = numbers.not_before(from);
        }
        if let Some(until) = filter.until {
            numbers = numbers.earlier_than(until);
        }
        Ok(Some(OrderSearch { numbers, user_id, status: filter.status, limit }))
    }
}

impl OrderExport {
    /// Whether more orders are left than the export may contain.
    pub async fn is_too_long(&self) -> Result<bool, StoreError> {
        match &self.rest {
            Some(search) => self.admin.exceeds(&OrderSearch { limit: self.left, ..search.clone() }).await,
            None => Ok(false),
        }
    }

    /// The next orders, newest first; `None` if there are no more. After an error, the next call reads the same orders.
    pub async fn next(&mut self) -> Result<Option<Vec<FoundOrder>>, StoreError> {
        let Some(search) = self.rest.as_ref().filter(|_| self.left > 0) else { return Ok(None) };
        let limit = search.limit.min(self.left);
        let page = self.admin.search(&OrderSearch { limit, ..search.clone() }).await?;
        let found = u32::try_from(page.len()).unwrap_or(u32::MAX);
        self.left = self.left.saturating_sub(found);
        self.rest = match page.last() {
            Some(last) if found == limit => {
                Some(OrderSearch { numbers: search.numbers.clone().below(&last.id), ..search.clone() })
            }
            Some(_) | None => None,
        };
        Ok(Some(page).filter(|page| !page.is_empty()))
    }

    /// Like [`Self::next`], with goods and payments. If these cannot be read, the next call skips that page's orders.
    pub async fn next_with_goods(&mut self) -> Result<Option<Vec<ShippingListEntry>>, StoreError> {
        let Some(page) = self.next().await? else { return Ok(None) };
        let ids: Vec<OrderId> = page.into_iter().map(|order| order.id).collect();
        Ok(Some(self.admin.shipping_list(&ids).await?))
    }
}
