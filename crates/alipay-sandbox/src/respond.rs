//! Answers as HTTP.

use actix_web::{HttpResponse, http::header::ContentType};

use crate::gateway::Reply;

/// The gateway's answer.
pub(crate) fn respond(reply: Reply) -> HttpResponse {
    match reply {
        Reply::Json(json) => HttpResponse::Ok().content_type(ContentType::json()).body(json),
        Reply::Html(page) => html(page),
    }
}

/// A page of the cashier or of the overview.
pub(crate) fn html(page: String) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(page)
}
