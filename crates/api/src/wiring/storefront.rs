use std::sync::Arc;

use adapters::{passwords::Argon2Passwords, sql::SqlStore, system::SystemRandomness};
use application::{BrowseGoods, ShoppingService, SignIn, SignInPorts};
use ports::Clock;

use super::StartError;
use crate::{
    configuration::Configuration,
    http::{GoodsCache, Storefront},
};

/// The use cases for sign-in, goods, carts and addresses.
///
/// # Errors
/// Passwords cannot be hashed.
pub(super) fn storefront(
    store: &Arc<dyn SqlStore>,
    shopping: &Arc<ShoppingService>,
    clock: &Arc<dyn Clock>,
    configuration: &Configuration,
) -> Result<Storefront, StartError> {
    let sign_in = match configuration.sign_in {
        Some(rules) => {
            let ports = SignInPorts {
                credentials: Arc::clone(store) as _,
                passwords: Arc::new(Argon2Passwords::new(Arc::new(SystemRandomness))?),
                shopping: Arc::clone(shopping),
                clock: Arc::clone(clock),
            };
            Some(SignIn::new(ports, rules))
        }
        None => None,
    };
    Ok(Storefront {
        sign_in,
        goods: BrowseGoods::new(Arc::clone(store) as _),
        cache: GoodsCache::default(),
        promises: configuration.http.promises.clone(),
        trusts_proxy: configuration.http.trusted_proxy,
    })
}
