//! HTTP responses.

use actix_web::{
    HttpResponse,
    http::header::{self, ContentType},
};

use crate::gateway::Reply;

/// The gateway's answer.
pub(crate) fn respond(reply: Reply) -> HttpResponse {
    match reply {
        Reply::Json(json) => HttpResponse::Ok().content_type(ContentType::json()).body(json),
        Reply::Html(page) => html(page),
        Reply::Framed(page) => framed(page),
    }
}

/// A page that any shop may show in a frame: its only action is to pay, for which a person must press a button.
fn framed(page: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
        ))
        .content_type(ContentType::html())
        .body(page)
}

/// A page of the cashier or of the overview.
pub(crate) fn html(page: String) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(page)
}
