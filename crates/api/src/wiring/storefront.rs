use std::sync::Arc;

use adapters::{passwords::Argon2Passwords, sql::SqlStore, system::SystemRandomness};
use application::{BrowseGoods, EditAddresses, EditCart, SignIn, SignInPorts};
use ports::{CartStore, Clock};

use super::StartError;
use crate::{
    configuration::Configuration,
    http::{GoodsCache, Storefront},
};

/// The use cases around the orders.
///
/// # Errors
/// Passwords cannot be hashed.
pub(super) fn storefront(
    store: &Arc<dyn SqlStore>,
    carts: &Arc<dyn CartStore>,
    clock: &Arc<dyn Clock>,
    configuration: &Configuration,
) -> Result<Storefront, StartError> {
    let cart = Arc::new(EditCart {
        users: Arc::clone(store) as _,
        carts: Arc::clone(carts),
        removals: configuration.redis.is_some().then(|| Arc::clone(store) as _),
        catalog: Arc::clone(store) as _,
        limit: configuration.rules.quantity_limit,
    });
    let sign_in = match configuration.sign_in {
        Some(rules) => {
            let ports = SignInPorts {
                credentials: Arc::clone(store) as _,
                passwords: Arc::new(Argon2Passwords::new(Arc::new(SystemRandomness))?),
                cart: Arc::clone(&cart),
                clock: Arc::clone(clock),
            };
            Some(SignIn::new(ports, rules))
        }
        None => None,
    };
    Ok(Storefront {
        sign_in,
        goods: BrowseGoods { storefront: Arc::clone(store) as _ },
        cache: GoodsCache::default(),
        promises: configuration.http.promises.clone(),
        cart,
        addresses: EditAddresses {
            users: Arc::clone(store) as _,
            address_book: Arc::clone(store) as _,
            clock: Arc::clone(clock),
        },
        trusts_proxy: configuration.http.trusted_proxy,
    })
}
