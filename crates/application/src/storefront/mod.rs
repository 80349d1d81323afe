//! Sign-in, goods, carts and addresses.

mod browse_goods;
mod edit_addresses;
mod edit_cart;
mod failures;
mod sign_in;

pub use browse_goods::{BrowseGoods, BrowseGoodsError, SectionPage, SkuDetail};
pub use edit_cart::ShownLine;
pub use sign_in::{SignIn, SignInError, SignInPorts, SignInRequest, SignInRules, SignedIn};

use std::sync::Arc;

use domain::{AddressRefusal, CartRefusal, NotAdmitted};
use ports::{
    AddressBook, CartError, CartRemovalQueue, CartStore, Catalog, Clock, DirectBuys, Randomness, StoreError,
    Users,
};

use crate::ShopRules;

/// The use cases of buyers before an order: carts, address books, and the preview of an order.
pub struct ShoppingService {
    /// Admits users.
    pub users: Arc<dyn Users>,
    /// Reads and changes address books.
    pub address_book: Arc<dyn AddressBook>,
    /// Reads SKUs.
    pub catalog: Arc<dyn Catalog>,
    /// Reads and changes carts.
    pub carts: Arc<dyn CartStore>,
    /// The ordered lines that have not left the carts yet. `None` if carts are in the database, where the transaction of
    /// the order removes its lines.
    pub removals: Option<Arc<dyn CartRemovalQueue>>,
    /// Remembers the direct buys that buyers previewed.
    pub direct_buys: Arc<dyn DirectBuys>,
    /// Gives the time of previews and of changes to address books.
    pub clock: Arc<dyn Clock>,
    /// Adds jitter between concurrent changes to the same cart or address book.
    pub randomness: Arc<dyn Randomness>,
    /// Freight and limits.
    pub rules: ShopRules,
}

/// Why a cart or an address book is not shown or not changed.
#[derive(Debug, thiserror::Error)]
pub enum ShoppingError {
    /// The user of the token is not admitted.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The rules of carts do not allow it.
    #[error(transparent)]
    Cart(#[from] CartRefusal),
    /// The rules of address books do not allow it.
    #[error(transparent)]
    Address(#[from] AddressRefusal),
    /// It was changed concurrently at every attempt.
    #[error("the cart or the address book is being changed by others")]
    Conflict,
    /// The carts failed.
    #[error(transparent)]
    Carts(#[from] CartError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
