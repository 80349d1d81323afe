//! The shop around the orders: sign-in, goods, carts, addresses.

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

/// What buyers do before they order: their carts, their address books, and the preview of an order.
pub struct ShoppingService {
    /// Who may buy.
    pub users: Arc<dyn Users>,
    /// Where it can go.
    pub address_book: Arc<dyn AddressBook>,
    /// What there is to buy.
    pub catalog: Arc<dyn Catalog>,
    /// What the buyers put aside.
    pub carts: Arc<dyn CartStore>,
    /// What of that was ordered and has not left the cart yet. `None` if carts are in the database: there the transaction of the
    /// order removes its lines.
    pub removals: Option<Arc<dyn CartRemovalQueue>>,
    /// What they previewed without the cart.
    pub direct_buys: Arc<dyn DirectBuys>,
    /// When they did, and when address books are changed.
    pub clock: Arc<dyn Clock>,
    /// Keeps those apart who change the same cart or address book.
    pub randomness: Arc<dyn Randomness>,
    /// Freight and limits.
    pub rules: ShopRules,
}
