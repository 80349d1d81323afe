//! The fixtures: the ports of the adapter under test, and further access to its data.

use async_trait::async_trait;
use domain::{AddressId, Difference, Money, OrderId, RefusedMessage, ShopDate, ShopTime, SkuId, UserId};

use crate::{
    AddressBook, AdminOrders, CartRemovalMode, CartRemovalQueue, Catalog, Credentials, DailyStatements,
    DirectBuys, IdempotencyKeys, OrderReader, OrderRepo, PlacingStore, RefusedMessages, StorefrontReader,
    Users, WebhookEndpoints, WebhookQueue,
};

/// A database for one test, empty at first.
#[async_trait]
pub trait Shop: Send + Sync {
    /// The port.
    fn users(&self) -> &dyn Users;
    /// The port.
    fn addresses(&self) -> &dyn AddressBook;
    /// The port.
    fn storefront(&self) -> &dyn StorefrontReader;
    /// The port.
    fn credentials(&self) -> &dyn Credentials;
    /// The port.
    fn catalog(&self) -> &dyn Catalog;
    /// The port.
    fn direct_buys(&self) -> &dyn DirectBuys;
    /// The port.
    fn orders(&self) -> &dyn OrderReader;
    /// The port.
    fn admin(&self) -> &dyn AdminOrders;
    /// The port.
    fn ledgers(&self) -> &dyn OrderRepo;
    /// The port.
    fn placing(&self) -> &dyn PlacingStore;
    /// The port.
    fn removals(&self) -> &dyn CartRemovalQueue;
    /// The port.
    fn ledger(&self) -> &dyn DailyStatements;
    /// The port.
    fn idempotency_keys(&self) -> &dyn IdempotencyKeys;
    /// The port; the database stores the events of orders for it.
    fn webhooks(&self) -> &dyn WebhookQueue;
    /// The port.
    fn endpoints(&self) -> &dyn WebhookEndpoints;

    /// The port.
    fn refused(&self) -> &dyn RefusedMessages;

    /// How ordered lines leave the carts.
    fn removal_mode(&self) -> CartRemovalMode;

    /// Adds a user.
    async fn add_user(&self, username: &str) -> UserId;
    /// Sets a user's password, as its MD5, and whether the user may sign in.
    async fn set_password(&self, user_id: UserId, md5: &str, is_active: bool);
    /// Adds an entry to a user's address book.
    async fn add_address(&self, user_id: UserId, address: NewAddress) -> AddressId;
    /// Changes the text of an address to `street`, as a buyer who moves does.
    async fn move_address(&self, id: AddressId, street: &str);
    /// Puts a SKU into the shop.
    async fn add_sku(&self, sku: NewSku) -> SkuId;
    /// Puts another SKU of the same product into the shop, with values of the attributes that the product has, in their
    /// order.
    async fn add_variant(&self, of: SkuId, sku: NewSku) -> SkuId;
    /// Changes a SKU's name, picture and price, and removes its attributes, as staff may do later.
    async fn change_sku(&self, id: SkuId, name: &str, image: &str, price: Money);
    /// The stored stock of a SKU.
    async fn stock_record(&self, id: SkuId) -> StockRecord;
    /// The stored differences of the last comparison of a day, in the order in which they were found.
    async fn differences(&self, day: ShopDate) -> Vec<KeptDifference>;
    /// The stored refused messages, in the order in which they were stored; times to the second.
    async fn refused_messages(&self) -> Vec<RefusedMessage>;
    /// Writes an order as the old back end does, with its columns only.
    async fn add_old_order(&self, order: OldOrder);
    /// Puts a line into a cart in the database; only if [`Shop::removal_mode`] says that the carts are there.
    async fn put_in_cart(&self, user_id: UserId, sku_id: SkuId, value: &str);
    /// The stored value of that line.
    async fn cart_value(&self, user_id: UserId, sku_id: SkuId) -> Option<String>;
}

/// Carts for one test, empty at first.
#[async_trait]
pub trait Carts: Send + Sync {
    /// The port.
    fn store(&self) -> &dyn crate::CartStore;
    /// Puts a line into a cart as another program does; it replaces an existing line.
    async fn put(&self, user_id: UserId, sku_id: SkuId, value: &str);
    /// The stored value of a line.
    async fn value(&self, user_id: UserId, sku_id: SkuId) -> Option<String>;
}

/// An address to be added; [`NewAddress::TEXT`] has its other columns.
#[derive(Debug, Clone, Copy)]
pub struct NewAddress {
    /// The street.
    pub street: &'static str,
    /// `default_address`.
    pub is_default: bool,
    /// `is_alive`; `false` means that the buyer deleted the address.
    pub is_alive: bool,
}

impl NewAddress {
    /// The other columns, the same for all addresses: `tag`, `receiver`, `receiver_mobile`.
    pub const TEXT: (&str, &str, &str) = ("家", "习瓜瓜", "13691433520");
}

/// A SKU to be added, with its own product and category, the picture `<name>.jpg`, no sales and version 0.
#[derive(Debug, Clone, Copy)]
pub struct NewSku {
    /// Its name.
    pub name: &'static str,
    /// Price of one piece.
    pub price: Money,
    /// Pieces.
    pub stock: i32,
    /// Whether it is on the shelf.
    pub is_launched: bool,
    /// Its attributes, in the order of their ids: name and value.
    pub attributes: &'static [(&'static str, &'static str)],
}

/// The stored numbers of a SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockRecord {
    /// Pieces left.
    pub stock: i64,
    /// Pieces sold.
    pub sales: i64,
    /// How often the stock changed.
    pub version: i64,
}

/// A stored difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDifference {
    /// The difference.
    pub difference: Difference,
    /// The action taken.
    pub done: Option<String>,
    /// When it was found, to the second.
    pub found_at: ShopTime,
}

/// An order as the old back end wrote it, paid by Alipay, with a freight of 10.00 and no fraction of a second.
#[derive(Debug, Clone)]
pub struct OldOrder {
    /// Its number.
    pub id: OrderId,
    /// The buyer.
    pub user_id: UserId,
    /// The address.
    pub address_id: AddressId,
    /// `status`.
    pub status: i16,
    /// `total_amount`.
    pub total_amount: Money,
    /// `created_time`.
    pub created_at: ShopTime,
    /// SKU, pieces and price of each line; `total_count` is their sum.
    pub lines: Vec<(SkuId, i32, Money)>,
}
