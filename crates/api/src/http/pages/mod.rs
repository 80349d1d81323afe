//! The shop's pages, which are embedded in the program, and the pictures of the demo shop.

mod files;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{self, AcceptEncoding, Encoding, EntityTag, Header, IfNoneMatch},
    },
    web,
};
use adapters::sql::demo;
use url::Url;

pub use files::Pages;
use files::{Form, Page};

use super::{Shop, no_such_page};

/// The page for paths that do not exist.
const MISSING: &str = include_str!("missing.html");
/// For files with the hash of their content in their name: they never change.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// For files that may change: the browser asks each time, mostly with the answer "not modified".
pub(super) const ASK_AGAIN: &str = "no-cache";

/// The content security policy: content from this server, pictures from the shop's picture server, and frames from the
/// payment channel if the shop shows codes in its pages.
fn policy(base_url: &str, frames: Option<&str>) -> String {
    let pictures = Url::parse(base_url)
        .ok()
        .filter(|url| ["http", "https"].contains(&url.scheme()))
        .map_or_else(String::new, |url| format!(" {}", url.origin().ascii_serialization()));
    let frames = frames.map_or_else(String::new, |origins| format!(" frame-src {origins};"));
    format!(
        "default-src 'none';{frames} script-src 'self'; style-src 'self'; img-src 'self' data:{pictures}; \
         connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// A page, or a file that pages load. This route is the last one, so that no page can hide an operation.
pub(super) async fn page(request: HttpRequest, shop: web::Data<Shop>) -> HttpResponse {
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    match shop.pages.find(request.path()).filter(|_| is_read) {
        Some(page) => answer(&request, &shop.pages, page),
        None => no_such_page(&request),
    }
}

/// Whether a browser requests a page for a person.
pub(super) fn is_for_people(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    let is_read = [Method::GET, Method::HEAD].contains(request.method());
    is_read && accepted.is_some_and(|accepted| accepted.to_ascii_lowercase().contains("text/html"))
}

/// The page for paths that do not exist.
pub(super) fn missing() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"))
        .insert_header(("referrer-policy", "no-referrer"))
        .body(MISSING)
}

fn answer(request: &HttpRequest, pages: &Pages, page: &Page) -> HttpResponse {
    let form = negotiated(request, page);
    let is_known = is_known(request, &form.tag);
    let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, form.tag.to_string()))
        .insert_header((header::CACHE_CONTROL, if page.is_hashed { FOR_EVER } else { ASK_AGAIN }))
        .insert_header((header::VARY, "accept-encoding"))
        .insert_header(("content-security-policy", pages.policy()))
        .insert_header(("x-content-type-options", "nosniff"))
        .insert_header(("referrer-policy", "no-referrer"))
        .insert_header(("cross-origin-opener-policy", "same-origin"));
    if is_known {
        return response.finish();
    }
    if let Some(encoding) = form.encoding {
        response.insert_header((header::CONTENT_ENCODING, encoding.as_str()));
    }
    response.insert_header((header::CONTENT_TYPE, page.media_type)).body(form.body.clone())
}

/// Whether the client already has the content with this tag.
pub(super) fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        // A missing header is also parsed as `Any`.
        Ok(IfNoneMatch::Any) => request.headers().contains_key(header::IF_NONE_MATCH),
        Err(_) => false,
    }
}

/// The form that the browser prefers; the plain form if the browser states no preference.
fn negotiated<'a>(request: &HttpRequest, page: &'a Page) -> &'a Form {
    let liked = AcceptEncoding::parse(request).ok().and_then(|accepted| {
        let supported: Vec<_> = page.compressed.iter().filter_map(|form| form.encoding).collect();
        let supported: Vec<_> =
            supported.into_iter().map(Encoding::Known).chain([Encoding::identity()]).collect();
        accepted.negotiate(supported.iter())
    });
    let is_liked = |form: &&Form| form.encoding.map(Encoding::Known) == liked;
    page.compressed.iter().find(is_liked).unwrap_or(&page.plain)
}

/// A picture of the demo shop.
pub(super) async fn picture(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    match demo::picture(&name) {
        Some(svg) => HttpResponse::Ok()
            .content_type("image/svg+xml")
            .insert_header(("cache-control", "public, max-age=86400"))
            .insert_header(("x-content-type-options", "nosniff"))
            .insert_header(("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'"))
            .body(svg),
        None => no_such_page(&request),
    }
}
