//! The HTTP interface.

mod admin;
mod answer;
mod caller;
mod client;
mod code;
mod codes;
mod documented;
mod health;
mod middleware;
mod observe;
mod openapi;
mod pages;
mod parameters;
mod processing;
mod secrets;
mod security;
mod storefront;
mod success;
mod wire;

use std::{net::IpAddr, sync::Arc, time::Duration};

use actix_cors::Cors;
use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{Method, header},
    web::{self, ServiceConfig},
};
use application::{OrderService, PlaceOrder, ShoppingService};
use domain::OrderId;

use crate::configuration::Origins;

pub use admin::{Admin, LoginCode, StaffKey};
pub(crate) use admin::{MAX_REASON, TableError, end, first_moment, head, one_line, rows};
pub use answer::ApiError;
pub use caller::{TokenError, TokenKey};
pub use code::Code;
pub use health::{Readiness, ReadinessReport, Stopping};
pub use middleware::named;
pub(crate) use observe::ACCESS;
pub use observe::Observer;
pub use pages::Pages;
pub use secrets::{Secrets, SecretsInForce};
pub use security::SecurityLog;
pub use storefront::{GoodsCache, Storefront};

/// The state that the handlers share: the use cases, and some configuration.
pub struct Shop {
    /// The use cases before an order.
    pub shopping: Arc<ShoppingService>,
    /// Places orders.
    pub place: PlaceOrder,
    /// The use cases for placed orders.
    pub orders: Arc<OrderService>,
    /// Sign-in, goods, carts and addresses.
    pub storefront: Storefront,
    /// The shop side.
    pub admin: Admin,
    /// Checks whether everything that orders need is available.
    pub readiness: Arc<dyn Readiness>,
    /// Whether the program is stopping.
    pub stopping: Stopping,
    /// The keys that sign and verify tokens.
    pub secrets: Arc<SecretsInForce>,
    /// Logs suspicious requests.
    pub security: SecurityLog,
    /// The shop's pages.
    pub pages: Pages,
    /// The prefix for image names.
    pub base_url: String,
    /// The URL of the result page.
    pub result_page: String,
    /// The largest body, in bytes.
    pub body_limit: usize,
    /// How long one request may take.
    pub request_timeout: Duration,
}

impl Shop {
    /// The address of the client, if known.
    fn address_of(&self, request: &HttpRequest) -> Option<IpAddr> {
        client::address(request, self.storefront.trusts_proxy)
    }

    /// The result page with this query.
    fn result_page_with(&self, query: &str) -> String {
        let joint = if self.result_page.contains('?') { '&' } else { '?' };
        format!("{}{joint}{query}", self.result_page)
    }

    /// The result page of an order that is paid.
    fn result_page_of(&self, order_id: &OrderId) -> String {
        self.result_page_with(&format!("order_id={order_id}"))
    }
}

/// The routes. Every path of the contract works with and without a trailing slash. The paths of orders also work with two
/// leading slashes, because some of the old pages append them to a base URL that ends with a slash (order-module,
/// `baseUrl`).
pub fn routes(services: &mut ServiceConfig) {
    for (first, last) in [("", ""), ("", "/"), ("/", ""), ("/", "/")] {
        let resource = |path: &str| {
            web::resource(format!("{first}/v1/orders/{path}{last}")).default_service(web::to(no_such_method))
        };
        services
            .service(
                resource("processing")
                    .route(web::get().to(processing::get))
                    .route(web::post().to(processing::post)),
            )
            .service(
                resource("success")
                    .route(web::get().to(success::result))
                    .route(web::post().to(success::notification)),
            )
            .service(resource("notify/{channel}").route(web::post().to(success::channel_notification)))
            .service(resource("return").route(web::get().to(success::browser_return)));
    }
    storefront::routes(services);
    admin::routes(services);
    openapi::routes(services);
    // Other paths below the contract's prefix get a response in its format.
    services.service(web::scope("/v1/orders").default_service(web::to(no_such_operation)));
    services
        .route("/healthz", web::get().to(health::healthz))
        .route("/healthz", web::head().to(health::healthz))
        .route("/readyz", web::get().to(health::readyz))
        .route("/readyz", web::head().to(health::readyz))
        .route("/media/{name:.*}", web::get().to(pages::picture))
        .default_service(web::to(pages::page));
}

/// Allows requests from pages of other origins if they are in `allowed`, because the old pages have another origin. The
/// paths of the shop side are never allowed. Pages send their token in a header, so no cookie can be misused.
pub fn cors(allowed: &Origins) -> Cors {
    let allowed = allowed.clone();
    Cors::default()
        .allowed_origin_fn(move |origin, request| {
            let is_allowed = match &allowed {
                Origins::Any => true,
                Origins::These(origins) => {
                    origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
                }
            };
            is_allowed && !admin::is_path(request.uri.path())
        })
        .allowed_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::HeaderName::from_static("idempotency-key"),
            middleware::REQUEST_ID,
        ])
        .expose_headers([middleware::REQUEST_ID])
        .max_age(3600)
}

async fn no_such_method() -> HttpResponse {
    ApiError::new(Code::BadParameter, "请求参数错误:不支持的请求方法").error_response()
}

async fn no_such_operation() -> HttpResponse {
    ApiError::new(Code::BadParameter, "请求参数错误:没有这个接口").error_response()
}

/// An HTML page for browsers, JSON for programs.
fn no_such_page(request: &HttpRequest) -> HttpResponse {
    if pages::is_for_people(request) {
        return pages::missing();
    }
    HttpResponse::NotFound().json(serde_json::json!({"code": 404, "error": "Not Found"}))
}
