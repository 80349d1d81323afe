//! The shop around the orders: sign-in, goods, carts, addresses.

mod browse_goods;
mod edit_addresses;
mod edit_cart;
mod failures;
mod sign_in;

pub use browse_goods::{BrowseGoods, BrowseGoodsError, SkuDetail};
pub use edit_addresses::{EditAddresses, EditAddressesError};
pub use edit_cart::{EditCart, EditCartError, ShownLine};
pub use sign_in::{SignIn, SignInError, SignInPorts, SignInRequest, SignInRules, SignedIn};
