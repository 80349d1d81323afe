//! Restricts `/control/…` and the page of trades to programs and to pages of the sandbox itself.

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, HeaderName},
    },
    middleware::Next,
};
use serde_json::json;
use url::{Host, Url};

/// Refuses requests that a browser sends for a page of another site. It checks `Origin`, the body type of a `POST`
/// (other types than JSON need no CORS permission), and `Host`, which has the other site's name in a DNS rebinding
/// attack.
pub(crate) async fn turn_strangers_away(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    match refusal(request.request()) {
        None => Ok(next.call(request).await?.map_into_left_body()),
        Some((status, message)) => {
            let answer = HttpResponse::build(status).json(json!({ "message": message }));
            Ok(request.into_response(answer).map_into_right_body())
        }
    }
}

fn refusal(request: &HttpRequest) -> Option<(StatusCode, &'static str)> {
    let host = text(request, &header::HOST).unwrap_or_default();
    if !is_own(host) {
        let message =
            "Host must be an address, a name without a dot, or one under localhost, local, internal or test";
        return Some((StatusCode::FORBIDDEN, message));
    }
    if request.headers().contains_key(header::ORIGIN) {
        let origin = text(request, &header::ORIGIN).and_then(|origin| origin.split_once("://"));
        if !origin.is_some_and(|(_, authority)| authority.eq_ignore_ascii_case(host)) {
            return Some((StatusCode::FORBIDDEN, "a page of another origin may not do this"));
        }
    }
    let is_json =
        || request.mime_type().ok().flatten().is_some_and(|mime| mime.essence_str() == "application/json");
    (request.method() == Method::POST && !is_json())
        .then_some((StatusCode::BAD_REQUEST, "Content-Type must be application/json"))
}

/// Top-level names of this machine, of its local network, or that are reserved. Sources: RFC 6761, RFC 6762, and
/// ICANN's resolution of 2024-07-29 on `internal`.
const NOT_OF_THE_INTERNET: [&str; 4] = ["localhost", "local", "internal", "test"];

/// Whether no internet site can have this host name: it is an IP address, a name without a dot, such as that of a
/// container, or a reserved name.
fn is_own(host: &str) -> bool {
    let url = Url::parse(&format!("http://{host}/"));
    match url.as_ref().ok().filter(|url| url.path() == "/").and_then(Url::host) {
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        Some(Host::Domain(name)) => {
            name.rsplit_once('.').is_none_or(|(_, last)| NOT_OF_THE_INTERNET.contains(&last))
        }
        None => false,
    }
}

fn text<'a>(request: &'a HttpRequest, name: &HeaderName) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn no_site_of_the_internet_has_such_a_name() {
        for own in [
            "127.0.0.1:8001",
            "[::1]:8001",
            "10.0.0.7",
            "localhost",
            "LOCALHOST:8001",
            "a.localhost",
            "sandbox:80",
            "host.docker.internal:8001",
            "shop.LOCAL",
        ] {
            assert!(is_own(own), "{own}");
        }
        for strange in [
            "",
            "evil.example",
            "127.0.0.1.evil.example:8001",
            "localhost.",
            "a/b",
            "local.com",
            "mylocal.io",
            ":80",
        ] {
            assert!(!is_own(strange), "{strange}");
        }
    }
}
