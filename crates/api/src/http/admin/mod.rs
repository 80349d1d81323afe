//! The shop side, `/v1/admin`: ordinary HTTP statuses, for staff only.

mod csv;
mod error;
mod figures;
mod orders;
mod parameters;
mod requests;
mod session;
mod staff;
mod table;
mod webhook_wire;
mod webhooks;
mod wire;
mod xlsx;

use std::sync::Arc;

use actix_web::{
    HttpResponse, ResponseError, Route,
    http::{Method, header},
    web::{self, ServiceConfig},
};
use application::{ManageWebhooks, StaffOrders};
use percent_encoding::percent_decode_str;
use ports::Clock;
use utoipa::OpenApi;

pub(crate) use csv::{TableError, head, rows};
use error::{AdminApiError, AdminCode};
pub(crate) use parameters::{MAX_REASON, end, first_moment, one_line};
pub use session::LoginCode;
pub use staff::StaffKey;

/// The state of the shop side's handlers, in addition to the state shared with the buyers' handlers.
pub struct Admin {
    /// The one-time code of the link that is printed at the start.
    pub login_code: LoginCode,
    /// Orders of all buyers.
    pub orders: StaffOrders,
    /// Webhook endpoints.
    pub webhooks: ManageWebhooks,
    /// Gives the time of shipments and of sessions.
    pub clock: Arc<dyn Clock>,
}

/// The shop side in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(
        orders::search,
        orders::export,
        orders::export_workbook,
        orders::figures,
        orders::show,
        orders::ship,
        orders::cancel,
        orders::lower_amount,
        orders::change_address,
        orders::refund,
        orders::return_pieces,
        webhooks::list,
        webhooks::attempts,
        webhooks::resend,
        webhooks::resume,
        session::open
    ),
    components(schemas(error::Envelope))
)]
pub(super) struct Document;

/// The prefix of all paths of the shop side.
const PREFIX: &str = "/v1/admin";

/// Whether this is a path of the shop side, in any spelling.
pub(super) fn is_path(path: &str) -> bool {
    let path = percent_decode_str(path).decode_utf8_lossy();
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The routes of the shop side, each with and without a trailing slash.
pub(super) fn routes(services: &mut ServiceConfig) {
    let mut scope = web::scope(PREFIX).default_service(web::to(no_such_operation));
    for slash in ["", "/"] {
        let only = |method: Method, path: &str, handler: Route| {
            let route = handler.method(method.clone());
            let others = web::to(move || no_such_method(method.clone()));
            web::resource(format!("{path}{slash}")).route(route).default_service(others)
        };
        scope = scope
            .service(only(Method::GET, "/orders", web::to(orders::search)))
            .service(only(Method::GET, "/orders.csv", web::to(orders::export)))
            .service(only(Method::POST, "/session", web::to(session::open)))
            .service(only(Method::GET, "/orders.xlsx", web::to(orders::export_workbook)))
            .service(only(Method::GET, "/figures", web::to(orders::figures)))
            .service(only(Method::GET, "/webhooks", web::to(webhooks::list)))
            .service(only(Method::GET, "/webhooks/attempts", web::to(webhooks::attempts)))
            .service(only(Method::POST, "/webhooks/{endpoint}/resend", web::to(webhooks::resend)))
            .service(only(Method::POST, "/webhooks/{endpoint}/resume", web::to(webhooks::resume)))
            .service(only(Method::GET, "/orders/{order_id}", web::to(orders::show)))
            .service(only(Method::POST, "/orders/{order_id}/ship", web::to(orders::ship)))
            .service(only(Method::POST, "/orders/{order_id}/cancel", web::to(orders::cancel)))
            .service(only(Method::POST, "/orders/{order_id}/amount", web::to(orders::lower_amount)))
            .service(only(Method::POST, "/orders/{order_id}/address", web::to(orders::change_address)))
            .service(only(Method::POST, "/orders/{order_id}/refunds", web::to(orders::refund)))
            .service(only(Method::POST, "/orders/{order_id}/returns", web::to(orders::return_pieces)));
    }
    services.service(scope);
}

/// The response names the path's only method, as RFC 9110, 15.5.6 requires.
async fn no_such_method(only: Method) -> HttpResponse {
    let mut answer = AdminCode::MethodNotAllowed.failure().error_response();
    if let Ok(only) = header::HeaderValue::from_str(only.as_str()) {
        answer.headers_mut().insert(header::ALLOW, only);
    }
    answer
}

async fn no_such_operation() -> HttpResponse {
    AdminCode::NotFound.failure().error_response()
}
