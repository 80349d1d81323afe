//! Sign-in, goods, carts and addresses, in the old back end's own formats.
//!
//! HTTP 200 with a `code`, as in all old operations, and `error` as a text.

mod addresses;
mod carts;
mod error;
mod fields;
mod goods;
mod goods_cache;
mod tokens;
mod wire;

use actix_web::{
    HttpResponse, Resource, ResponseError,
    web::{self, ServiceConfig},
};
use application::{BrowseGoods, SignIn};
use domain::Caller;

use super::{Shop, caller, middleware::in_time};
pub use goods_cache::GoodsCache;

use error::{StorefrontCode, StorefrontError};

/// The use cases for sign-in, goods, carts and addresses.
pub struct Storefront {
    /// Signs buyers in; `None` if the shop's old back end does that.
    pub sign_in: Option<SignIn>,
    /// Shows goods.
    pub goods: BrowseGoods,
    /// Caches the responses about goods.
    pub cache: GoodsCache,
    /// The promises to buyers on the front page.
    pub promises: Vec<String>,
    /// Whether a proxy in front sends the client's true address in `X-Forwarded-For`.
    pub trusts_proxy: bool,
}

/// The routes, each with and without a trailing slash.
pub(super) fn routes(services: &mut ServiceConfig) {
    for slash in ["", "/"] {
        let resource = |path: &str| -> Resource {
            web::resource(format!("{path}{slash}")).default_service(web::to(no_such_method))
        };
        services
            .service(resource("/v1/tokens").route(web::post().to(tokens::post)))
            .service(resource("/v1/goods/index").route(web::get().to(goods::index)))
            .service(resource("/v1/goods/catalogs/{catalog}").route(web::get().to(goods::catalog)))
            .service(resource("/v1/goods/detail/{sku}").route(web::get().to(goods::detail)))
            .service(resource("/v1/goods/sku").route(web::post().to(goods::choose)))
            .service(
                resource("/v1/carts/{user}")
                    .route(web::get().to(carts::get))
                    .route(web::post().to(carts::post))
                    .route(web::put().to(carts::put))
                    .route(web::delete().to(carts::delete)),
            )
            .service(
                resource("/v1/users/{user}/address")
                    .route(web::get().to(addresses::get))
                    .route(web::post().to(addresses::post)),
            )
            .service(resource("/v1/users/{user}/address/default").route(web::post().to(addresses::prefer)))
            .service(
                resource("/v1/users/{user}/address/{id}")
                    .route(web::put().to(addresses::put))
                    .route(web::delete().to(addresses::delete)),
            );
    }
}

async fn no_such_method() -> HttpResponse {
    StorefrontError::new(StorefrontCode::NoSuchMethod, "请求参数错误:不支持的请求方法").error_response()
}

/// The signed-in user, who must be the user in the path.
fn owner(caller::Caller(caller): caller::Caller, named: &str) -> Result<Caller, StorefrontError> {
    if caller.username.0 == named { Ok(caller) } else { Err(StorefrontCode::AnotherUser.into()) }
}

/// The outcome of the work, or 50000 if it takes longer than a request may.
async fn bounded<T, E: Into<StorefrontError>>(
    shop: &Shop,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, StorefrontError> {
    match in_time(shop, work).await {
        Some(outcome) => outcome.map_err(Into::into),
        None => Err(StorefrontCode::Unforeseen.into()),
    }
}
