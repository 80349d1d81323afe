//! Sign-in, goods, carts and addresses.

mod browse_goods;
mod edit_addresses;
mod edit_cart;
mod failures;
mod sign_in;

pub use browse_goods::{BrowseGoods, BrowseGoodsError, SectionPage, SkuDetail};
pub use edit_addresses::EditAddressesError;
pub use edit_cart::{EditCartError, ShownLine};
pub use sign_in::{SignIn, SignInError, SignInPorts, SignInRequest, SignInRules, SignedIn};

use std::sync::Arc;

use ports::{AddressBook, CartRemovalQueue, CartStore, Catalog, Clock, DirectBuys, Randomness, Users};

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
