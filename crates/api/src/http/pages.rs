//! The few pages that the service has of its own.

use actix_web::{HttpResponse, http::header::ContentType, web};
use adapters::sql::demo;

use super::no_such_page;

/// Neither page nor picture loads anything from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self' 'unsafe-inline'; \
                      connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

pub(super) async fn index() -> HttpResponse {
    page(include_str!("../pages/index.html"))
}

/// Where Alipay's return leads, unless the shop has a result page of its own.
pub(super) async fn pay_success() -> HttpResponse {
    page(include_str!("../pages/pay_success.html"))
}

/// A picture of the demo shop.
pub(super) async fn picture(name: web::Path<String>) -> HttpResponse {
    match demo::picture(&name) {
        Some(svg) => HttpResponse::Ok()
            .content_type("image/svg+xml")
            .insert_header(("cache-control", "public, max-age=86400"))
            .insert_header(("x-content-type-options", "nosniff"))
            .insert_header(("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"))
            .body(svg),
        None => no_such_page().await,
    }
}

fn page(html: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header(("content-security-policy", POLICY))
        .insert_header(("x-content-type-options", "nosniff"))
        .insert_header(("referrer-policy", "no-referrer"))
        .body(html)
}
