use async_trait::async_trait;
use domain::{
    Address, AddressId, Money, Order, OrderGoods, OrderStatus, Quantity, RefusedMessage, SaleAttribute,
    ShippingAddress, ShopDate, Sku, SkuId, StoredPassword, UserId,
};
use ports::{
    AddressBook, AdminOrders, CartRemovalMode, CartRemovalQueue, Catalog, Credentials, DailyStatements,
    DirectBuys, IdempotencyKeys, OrderReader, OrderRepo, PlacingStore, RefusedMessages, StorefrontReader,
    Users, WebhookEndpoints, WebhookQueue,
    contract::{KeptDifference, NewAddress, NewSku, OldOrder, Shop, StockRecord},
};

use super::{Account, Memory, StoredOrder};

#[async_trait]
impl Shop for Memory {
    fn users(&self) -> &dyn Users {
        self
    }

    fn addresses(&self) -> &dyn AddressBook {
        self
    }

    fn storefront(&self) -> &dyn StorefrontReader {
        self
    }

    fn credentials(&self) -> &dyn Credentials {
        self
    }

    fn catalog(&self) -> &dyn Catalog {
        self
    }

    fn direct_buys(&self) -> &dyn DirectBuys {
        self
    }

    fn orders(&self) -> &dyn OrderReader {
        self
    }

    fn admin(&self) -> &dyn AdminOrders {
        self
    }

    fn ledgers(&self) -> &dyn OrderRepo {
        self
    }

    fn idempotency_keys(&self) -> &dyn IdempotencyKeys {
        self
    }

    fn refused(&self) -> &dyn RefusedMessages {
        self
    }

    fn placing(&self) -> &dyn PlacingStore {
        self
    }

    fn removals(&self) -> &dyn CartRemovalQueue {
        self
    }

    fn ledger(&self) -> &dyn DailyStatements {
        self
    }

    fn endpoints(&self) -> &dyn WebhookEndpoints {
        self
    }

    fn webhooks(&self) -> &dyn WebhookQueue {
        self
    }

    fn removal_mode(&self) -> CartRemovalMode {
        self.mode
    }

    async fn add_user(&self, username: &str) -> UserId {
        let mut tables = self.tables();
        tables.users.push(username.to_owned());
        let user_id = UserId(i32::try_from(tables.users.len()).unwrap());
        let password = StoredPassword { md5: String::new(), hash: None };
        tables.accounts.insert(user_id, Account { is_active: true, password });
        user_id
    }

    async fn set_password(&self, user_id: UserId, md5: &str, is_active: bool) {
        let mut tables = self.tables();
        let hash = tables.accounts.get(&user_id).and_then(|account| account.password.hash.clone());
        let password = StoredPassword { md5: md5.to_owned(), hash };
        tables.accounts.insert(user_id, Account { is_active, password });
    }

    async fn add_address(&self, user_id: UserId, address: NewAddress) -> AddressId {
        let mut tables = self.tables();
        let id = AddressId(i32::try_from(tables.addresses.len()).unwrap() + 1);
        let (title, receiver, mobile) = NewAddress::TEXT;
        let shipping = ShippingAddress {
            title: title.to_owned(),
            receiver: receiver.to_owned(),
            mobile: mobile.to_owned(),
            address: address.street.to_owned(),
        };
        tables.addresses.push((
            user_id,
            Address { id, is_default: address.is_default, shipping },
            address.is_alive,
        ));
        id
    }

    async fn move_address(&self, id: AddressId, street: &str) {
        for (_, address, _) in &mut self.tables().addresses {
            if address.id == id {
                street.clone_into(&mut address.shipping.address);
            }
        }
    }

    async fn add_sku(&self, sku: NewSku) -> SkuId {
        let mut tables = self.tables();
        let id = SkuId(i32::try_from(tables.skus.len()).unwrap() + 1);
        let attributes = sku
            .attributes
            .iter()
            .map(|(name, value)| SaleAttribute { name: (*name).to_owned(), value: (*value).to_owned() });
        let stored = Sku {
            id,
            name: sku.name.to_owned(),
            default_image_url: format!("{}.jpg", sku.name),
            price: sku.price,
            stock: 0,
            is_launched: sku.is_launched,
            attributes: attributes.collect(),
        };
        tables.skus.insert(id, (stored, StockRecord { stock: sku.stock.into(), sales: 0, version: 0 }));
        id
    }

    async fn add_variant(&self, of: SkuId, sku: NewSku) -> SkuId {
        let id = self.add_sku(sku).await;
        self.tables().products.insert(id, of);
        id
    }

    async fn change_sku(&self, id: SkuId, name: &str, image: &str, price: Money) {
        let mut tables = self.tables();
        let (sku, _) = tables.skus.get_mut(&id).unwrap();
        *sku = Sku {
            name: name.to_owned(),
            default_image_url: image.to_owned(),
            price,
            attributes: Vec::new(),
            ..sku.clone()
        };
    }

    async fn stock_record(&self, id: SkuId) -> StockRecord {
        self.tables().skus[&id].1
    }

    async fn differences(&self, day: ShopDate) -> Vec<KeptDifference> {
        let tables = self.tables();
        let of_day = tables.differences.iter().filter(|(of, _)| *of == day);
        of_day.map(|(_, kept)| kept.clone()).collect()
    }

    async fn refused_messages(&self) -> Vec<RefusedMessage> {
        self.tables().refused.clone()
    }

    async fn add_old_order(&self, old: OldOrder) {
        let lines = old.lines.iter().filter_map(|(sku_id, pieces, price)| {
            Some(OrderGoods {
                sku_id: *sku_id,
                name: String::new(),
                default_image_url: String::new(),
                price: *price,
                quantity: Quantity::stored(*pieces)?,
                attributes: Vec::new(),
            })
        });
        let order = Order {
            id: old.id.clone(),
            user_id: old.user_id,
            status: OrderStatus::from_code(old.status.into()).unwrap(),
            total_count: old.lines.iter().map(|line| u32::try_from(line.1).unwrap_or(0)).sum(),
            total_amount: old.total_amount,
            freight: "10.00".parse().unwrap(),
            discount: Money::ZERO,
            amendments: 0,
            shipping: ShippingAddress {
                title: String::new(),
                receiver: String::new(),
                mobile: String::new(),
                address: String::new(),
            },
            created_at: old.created_at,
            expire_at: None,
            shipment: None,
            refunded_amount: Money::ZERO,
            goods: lines.collect(),
        };
        let stored = StoredOrder { order, address_id: old.address_id, has_snapshots: false, guard: None };
        self.tables().orders.insert(old.id, stored);
    }

    async fn put_in_cart(&self, user_id: UserId, sku_id: SkuId, value: &str) {
        self.tables().carts.insert((user_id, sku_id), value.to_owned());
    }

    async fn cart_value(&self, user_id: UserId, sku_id: SkuId) -> Option<String> {
        self.tables().carts.get(&(user_id, sku_id)).cloned()
    }
}
