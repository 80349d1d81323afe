//! The OpenAPI document, `/openapi.json`, and the page that shows it, `/docs`. Both need no files beside the program.

mod around;

use std::{borrow::Cow, io::Read, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{AcceptEncoding, ContentEncoding, Encoding, Header, LOCATION},
    web::{self, ServiceConfig},
};
use flate2::read::GzDecoder;
use futures_util::{Stream, stream};
use utoipa::{
    OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_swagger_ui::Config;

use super::{admin, health, no_such_page, processing, success};

/// The path of the document.
const DOCUMENT: &str = "/openapi.json";

/// The policy of the page. It loads nothing from other servers; its library sets inline styles.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// How many bytes of a file are decompressed at a time.
const PIECE: u64 = 32 * 1024;

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
        success::channel_notification,
        success::browser_return,
        health::healthz,
        health::readyz
    ),
    tags(
        (name = "orders", description = "preview, order, pay, receive"),
        (name = "shop side", description = "for staff and programs"),
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
    components.add_security_scheme("staff", token("a token of staff; dashop token --staff NAME"));
    document
}

/// The public routes of the document and the page.
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

/// Redirects to the path with a slash, below which the page loads its files.
async fn to_page() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "docs/")).finish()
}

async fn page(request: HttpRequest, file: web::Path<String>) -> HttpResponse {
    let config = Config::from(DOCUMENT).validator_url("none").try_it_out_enabled(true);
    match utoipa_swagger_ui::serve(&file, Arc::new(config)) {
        Ok(Some(file)) => {
            let mut answer = HttpResponse::Ok();
            answer
                .content_type(file.content_type)
                .insert_header(("cache-control", "no-cache"))
                .insert_header(("vary", "accept-encoding"))
                .insert_header(("content-security-policy", POLICY))
                .insert_header(("referrer-policy", "no-referrer"));
            match file.bytes {
                Cow::Borrowed(bytes) if file.gzpipped && reads_gzip(&request) => {
                    answer.insert_header(ContentEncoding::Gzip).body(web::Bytes::from_static(bytes))
                }
                Cow::Borrowed(bytes) if file.gzpipped => answer.streaming(unzipped(bytes)),
                bytes @ (Cow::Borrowed(_) | Cow::Owned(_)) => answer.body(bytes.into_owned()),
            }
        }
        Ok(None) => no_such_page(&request),
        Err(error) => {
            tracing::error!(%error, "the page of the interface cannot be made");
            HttpResponse::InternalServerError().finish()
        }
    }
}

fn reads_gzip(request: &HttpRequest) -> bool {
    let offered = [Encoding::gzip(), Encoding::identity()];
    let accepted =
        AcceptEncoding::parse(request).ok().and_then(|accepted| accepted.negotiate(offered.iter()));
    accepted == Some(Encoding::gzip())
}

/// A file of the page, decompressed in pieces. Only clients without gzip need it.
fn unzipped(bytes: &'static [u8]) -> impl Stream<Item = std::io::Result<web::Bytes>> {
    stream::try_unfold(GzDecoder::new(bytes), |mut decoder| async move {
        let mut piece = Vec::new();
        decoder.by_ref().take(PIECE).read_to_end(&mut piece)?;
        Ok((!piece.is_empty()).then(|| (web::Bytes::from(piece), decoder)))
    })
}
