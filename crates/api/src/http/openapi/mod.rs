//! The document of the interface, `/openapi.json`, and the page that shows it, `/docs`: both from the program alone.

mod answers;
mod around;

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    http::header::LOCATION,
    web::{self, ServiceConfig},
};
use utoipa::{
    OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_swagger_ui::Config;

pub(super) use answers::{OfGet, OfPost, OfResult, PostBody};

use super::{admin, health, no_such_page, processing, success};

/// Where the document is.
const DOCUMENT: &str = "/openapi.json";

/// The page loads nothing from elsewhere; the library that draws it sets styles on what it draws.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "dashop",
        description = "The order service of 达达商城. Buyers' operations answer HTTP 200 with a `code`; those of the shop side \
                       answer ordinary HTTP statuses. docs/API.md has the codes and what is not obvious."
    ),
    paths(
        processing::get,
        processing::post,
        success::result,
        success::notification,
        success::browser_return,
        health::healthz,
        health::readyz
    ),
    tags(
        (name = "orders", description = "preview, order, pay, receive"),
        (name = "shop side", description = "for the shop's people and programs"),
        (name = "around the orders", description = "sign-in, goods, carts and addresses, in the old back end's formats"),
        (name = "service", description = "for those who run it")
    )
)]
struct Document;

/// The whole document.
fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    document.merge(admin::Document::openapi());
    around::add(&mut document.paths);
    let token = |what: &str| {
        let bearer =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").description(Some(what));
        SecurityScheme::Http(bearer.build())
    };
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("buyer", token("a buyer's token; dashop token USER"));
    components.add_security_scheme("staff", token("a token of the shop's people; dashop token --staff NAME"));
    document
}

/// The routes of document and page, open to all.
pub(super) fn routes(services: &mut ServiceConfig) {
    let text = web::Bytes::from(serde_json::json!(document()).to_string());
    services
        .route(DOCUMENT, web::get().to(move || json(text.clone())))
        .route("/docs", web::get().to(to_page))
        .route("/docs/{file:.*}", web::get().to(page));
}

async fn json(text: web::Bytes) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("cache-control", "no-cache"))
        .content_type("application/json")
        .body(text)
}

/// The page loads its files from below itself.
async fn to_page() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "docs/")).finish()
}

async fn page(file: web::Path<String>) -> HttpResponse {
    let config = Config::from(DOCUMENT).validator_url("none").try_it_out_enabled(true);
    match utoipa_swagger_ui::serve(&file, Arc::new(config)) {
        Ok(Some(file)) => HttpResponse::Ok()
            .content_type(file.content_type)
            .insert_header(("cache-control", "no-cache"))
            .insert_header(("content-security-policy", POLICY))
            .insert_header(("x-content-type-options", "nosniff"))
            .insert_header(("referrer-policy", "no-referrer"))
            .body(file.bytes.into_owned()),
        Ok(None) => no_such_page().await,
        Err(error) => {
            tracing::error!(%error, "the page of the interface cannot be made");
            HttpResponse::InternalServerError().finish()
        }
    }
}
