//! The shop side, `/v1/admin`: ordinary HTTP statuses, for staff alone.

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
    HttpResponse, ResponseError,
    http::{Method, header},
    web::{self, ServiceConfig},
};
use application::{ManageWebhooks, StaffOrders};
use percent_encoding::percent_decode_str;
use ports::Clock;
use utoipa::OpenApi;

pub(crate) use csv::{TableError, head, rows};
use error::{AdminApiError, AdminCode};
pub(crate) use parameters::{MAX_REASON, date, end, first_moment, one_line};
pub use session::LoginCode;
pub use staff::StaffKey;

/// What the handlers of the shop side work with, beside what they share with the buyers'.
pub struct Admin {
    /// The one-time code of the link that is printed at the start.
    pub login_code: LoginCode,
    /// Orders of all buyers.
    pub orders: StaffOrders,
    /// Webhook endpoints.
    pub webhooks: ManageWebhooks,
    /// When something is shipped.
    pub clock: Arc<dyn Clock>,
}

/// The shop side in the document of the interface.
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

/// The prefix of its paths.
const PREFIX: &str = "/v1/admin";

/// Whether this is a path of the shop side, however it is written.
pub(super) fn is_path(path: &str) -> bool {
    let path = percent_decode_str(path).decode_utf8_lossy();
    path.strip_prefix(PREFIX).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The routes of the shop side, each with and without a last slash.
pub(super) fn routes(services: &mut ServiceConfig) {
    let mut scope = web::scope(PREFIX).default_service(web::to(no_such_operation));
    for slash in ["", "/"] {
        let resource = |path: &str, method: Method| {
            let others = web::to(move || no_such_method(method.clone()));
            web::resource(format!("{path}{slash}")).default_service(others)
        };
        scope = scope
            .service(resource("/orders", Method::GET).route(web::get().to(orders::search)))
            .service(resource("/orders.csv", Method::GET).route(web::get().to(orders::export)))
            .service(resource("/session", Method::POST).route(web::post().to(session::open)))
            .service(resource("/orders.xlsx", Method::GET).route(web::get().to(orders::export_workbook)))
            .service(resource("/figures", Method::GET).route(web::get().to(orders::figures)))
            .service(resource("/webhooks", Method::GET).route(web::get().to(webhooks::list)))
            .service(resource("/webhooks/attempts", Method::GET).route(web::get().to(webhooks::attempts)))
            .service(
                resource("/webhooks/{endpoint}/resend", Method::POST).route(web::post().to(webhooks::resend)),
            )
            .service(
                resource("/webhooks/{endpoint}/resume", Method::POST).route(web::post().to(webhooks::resume)),
            )
            .service(resource("/orders/{order_id}", Method::GET).route(web::get().to(orders::show)))
            .service(resource("/orders/{order_id}/ship", Method::POST).route(web::post().to(orders::ship)))
            .service(
                resource("/orders/{order_id}/cancel", Method::POST).route(web::post().to(orders::cancel)),
            )
            .service(
                resource("/orders/{order_id}/amount", Method::POST)
                    .route(web::post().to(orders::lower_amount)),
            )
            .service(
                resource("/orders/{order_id}/address", Method::POST)
                    .route(web::post().to(orders::change_address)),
            )
            .service(
                resource("/orders/{order_id}/refunds", Method::POST).route(web::post().to(orders::refund)),
            )
            .service(
                resource("/orders/{order_id}/returns", Method::POST)
                    .route(web::post().to(orders::return_pieces)),
            );
    }
    services.service(scope);
}

/// The answer names the path's only method, as RFC 9110, 15.5.6 asks for.
async fn no_such_method(only: Method) -> HttpResponse {
    let mut answer = AdminCode::MethodNotAllowed.failure().error_response();
    if let Ok(only) = header::HeaderValue::from_str(only.as_str()) {
        answer.headers_mut().insert(header::ALLOW, only);
    }
    answer
}

async fn no_such_operation() -> AdminApiError {
    AdminCode::NotFound.failure()
}
