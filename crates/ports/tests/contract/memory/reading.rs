use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::{
    Address, AddressId, Caller, IdempotencyKey, NotAdmitted, Order, OrderGoods, OrderId, PaymentAttempt,
    PaymentRecord, Refund, RepeatGuard, ShippingAddress, ShopTime, Sku, SkuId, TimelineEntry, UserId,
    Username,
};
use ports::{
    Catalog, Destination, DirectBuy, DirectBuys, IdempotencyKeys, IdempotencyRecord, OrderListQuery,
    OrderReader, StoreError, Users,
};

use super::{Account, Defect, Memory, StoredOrder, Tables, key_text};

#[async_trait]
impl Users for Memory {
    async fn find(&self, username: &Username) -> Result<Option<UserId>, StoreError> {
        let same = |stored: &String| match self.defect {
            Some(Defect::IgnoresCase) => stored.eq_ignore_ascii_case(&username.0),
            Some(_) | None => *stored == username.0,
        };
        let index = self.tables().users.iter().position(same);
        Ok(index.map(|index| UserId(i32::try_from(index).unwrap() + 1)))
    }

    async fn authenticate(&self, caller: &Caller) -> Result<Result<UserId, NotAdmitted>, StoreError> {
        let Some(user_id) = Users::find(self, &caller.username).await? else {
            return Ok(Err(NotAdmitted::UnknownUser));
        };
        let tables = self.tables();
        let Account { is_active, password } = &tables.accounts[&user_id];
        let is_active = *is_active || self.has(Defect::LetsEverybodyIn);
        let unmarked = Caller { mark: None, ..caller.clone() };
        let caller = if self.has(Defect::IgnoresMarks) { &unmarked } else { caller };
        Ok(caller.admitted(is_active, password).map(|()| user_id))
    }

    async fn destination(
        &self,
        caller: &Caller,
        address_id: AddressId,
    ) -> Result<Result<Destination, NotAdmitted>, StoreError> {
        let user_id = match self.authenticate(caller).await? {
            Ok(user_id) => user_id,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let tables = self.tables();
        let valid = |(owner, address, is_alive): &&(UserId, Address, bool)| {
            address.id == address_id
                && (*owner == user_id || self.has(Defect::IgnoresOwner))
                && (*is_alive || self.has(Defect::ShowsDeleted))
        };
        let address = tables.addresses.iter().find(valid).map(|(_, address, _)| address.clone());
        Ok(Ok(Destination { user_id, address }))
    }
}

#[async_trait]
impl Catalog for Memory {
    async fn skus(&self, ids: &[SkuId]) -> Result<BTreeMap<SkuId, Sku>, StoreError> {
        Ok(self.tables().skus(ids))
    }
}

impl Tables {
    pub(super) fn skus(&self, ids: &[SkuId]) -> BTreeMap<SkuId, Sku> {
        let now = |id: &SkuId| {
            let (sku, record) = self.skus.get(id)?;
            Some((*id, Sku { stock: u32::try_from(record.stock).unwrap_or(0), ..sku.clone() }))
        };
        ids.iter().filter_map(now).collect()
    }
}

#[async_trait]
impl DirectBuys for Memory {
    async fn remember(&self, user_id: UserId, latest: DirectBuy) -> Result<(), StoreError> {
        let mut tables = self.tables();
        if !(self.has(Defect::KeepsFirstDirectBuy) && tables.direct_buys.contains_key(&user_id)) {
            tables.direct_buys.insert(user_id, latest);
        }
        Ok(())
    }

    async fn forget(&self, user_id: UserId) -> Result<(), StoreError> {
        self.tables().direct_buys.remove(&user_id);
        Ok(())
    }

    async fn latest(&self, user_id: UserId) -> Result<Option<DirectBuy>, StoreError> {
        Ok(self.tables().direct_buys.get(&user_id).copied())
    }
}

#[async_trait]
impl OrderReader for Memory {
    async fn find(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        Ok(self.tables().order(id, self.defect))
    }

    async fn list(&self, query: &OrderListQuery) -> Result<Vec<Order>, StoreError> {
        let tables = self.tables();
        let is_own = |order: &Order| order.user_id == query.user_id || self.has(Defect::IgnoresOwner);
        let mut orders: Vec<Order> = tables
            .orders
            .keys()
            .filter_map(|id| tables.order(id, self.defect))
            .filter(|order| is_own(order) && query.status.is_none_or(|status| status == order.status))
            .collect();
        if !self.has(Defect::ListsUnordered) {
            orders.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        }
        if let Some(before) = &query.before {
            let Some(last) = tables.order(before, self.defect).filter(is_own) else { return Ok(Vec::new()) };
            orders.retain(|order| match self.defect {
                Some(Defect::PagesByTime) => order.created_at < last.created_at,
                Some(_) | None => (order.created_at, &order.id) < (last.created_at, &last.id),
            });
        }
        if !self.has(Defect::IgnoresLimit) {
            orders.truncate(usize::try_from(query.limit).unwrap());
        }
        Ok(orders)
    }

    async fn attempts(&self, id: &OrderId) -> Result<Vec<PaymentAttempt>, StoreError> {
        Ok(self.tables().attempts_of(id.as_str()))
    }

    async fn refund_due_payments(&self, ids: &[OrderId]) -> Result<Vec<PaymentRecord>, StoreError> {
        let is_asked_for = |payment: &&PaymentRecord| {
            let number = &payment.trade.out_trade_no;
            let number =
                if self.has(Defect::IgnoresAttempts) { number } else { domain::order_number(number) };
            let asked_for = ids.iter().any(|id| id.as_str() == number);
            let is_asked_for = asked_for || self.has(Defect::IgnoresOwner);
            is_asked_for && payment.status.is_refund_due()
        };
        Ok(self.tables().payments.iter().filter(is_asked_for).cloned().collect())
    }

    async fn refunds(&self, id: &OrderId) -> Result<Vec<Refund>, StoreError> {
        let tables = self.tables();
        let refunds = tables.refunds.iter().map(|(refund, _)| refund);
        Ok(refunds
            .filter(|refund| domain::order_number(&refund.out_trade_no) == id.as_str())
            .cloned()
            .collect())
    }

    async fn timeline(&self, id: &OrderId) -> Result<Vec<TimelineEntry>, StoreError> {
        let tables = self.tables();
        Ok(tables.timeline.iter().filter(|(order, _)| order == id).map(|(_, entry)| entry.clone()).collect())
    }

    async fn numbers_beginning_with(&self, second: &str) -> Result<Vec<OrderId>, StoreError> {
        let tables = self.tables();
        Ok(tables.orders.keys().filter(|id| id.as_str().starts_with(second)).cloned().collect())
    }

    async fn find_by_guard(&self, guard: &RepeatGuard) -> Result<Option<Order>, StoreError> {
        let tables = self.tables();
        let mut orders = tables.orders.iter();
        let found = orders.find(|(_, stored)| stored.guard.as_ref() == Some(guard));
        Ok(found.and_then(|(id, _)| tables.order(id, self.defect)))
    }

    async fn find_by_key(
        &self,
        user_id: UserId,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRecord>, StoreError> {
        let found = self.tables().keys.get(&(user_id, key_text(key))).cloned();
        Ok(found.map(|(digest, order_id)| IdempotencyRecord { digest, order_id }))
    }
}

#[async_trait]
impl IdempotencyKeys for Memory {
    async fn purge(&self, used_before: ShopTime, limit: u32) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let mut old: Vec<_> = tables
            .key_times
            .iter()
            .filter(|(_, at)| **at < used_before)
            .map(|(key, _)| key.clone())
            .collect();
        if !self.has(Defect::IgnoresLimit) {
            old.truncate(usize::try_from(limit).unwrap());
        }
        for key in &old {
            tables.keys.remove(key);
            tables.key_times.remove(key);
        }
        Ok(u64::try_from(old.len()).unwrap())
    }
}

impl Tables {
    /// An order as a reader sees it: without snapshots, with the current values of the other tables.
    pub(super) fn order(&self, id: &OrderId, defect: Option<Defect>) -> Option<Order> {
        let StoredOrder { order, address_id, has_snapshots, .. } = self.orders.get(id)?;
        let mut order = order.clone();
        if *has_snapshots && defect != Some(Defect::ReadsSkusOfToday) {
            return Some(order);
        }
        if defect == Some(Defect::NeedsSnapshots) {
            return Some(order);
        }
        order.shipping = self.shipping(*address_id)?;
        order.goods.retain(|line| line.quantity.pieces() > 0);
        for line in &mut order.goods {
            self.describe(line);
        }
        Some(order)
    }

    fn shipping(&self, id: AddressId) -> Option<ShippingAddress> {
        self.addresses
            .iter()
            .find(|(_, address, _)| address.id == id)
            .map(|(_, address, _)| address.shipping.clone())
    }

    fn describe(&self, line: &mut OrderGoods) {
        if let Some((sku, _)) = self.skus.get(&line.sku_id) {
            line.name.clone_from(&sku.name);
            line.default_image_url.clone_from(&sku.default_image_url);
            line.attributes.clone_from(&sku.attributes);
        }
    }
}
