use std::net::{IpAddr, SocketAddr};

use actix_web::{HttpRequest, http::header::X_FORWARDED_FOR};

/// Whether the request carries a proxy's `X-Forwarded-For` header.
pub(super) fn is_forwarded(request: &HttpRequest) -> bool {
    request.headers().contains_key(X_FORWARDED_FOR)
}

/// The address of the client: the peer, or, behind a trusted proxy, the last address in the header, which the proxy has
/// added. The addresses before it may be forged by the client.
pub(super) fn address(request: &HttpRequest, trusts_proxy: bool) -> Option<IpAddr> {
    let peer = request.peer_addr().map(|peer| peer.ip());
    if trusts_proxy { forwarded(request).or(peer) } else { peer }
}

fn forwarded(request: &HttpRequest) -> Option<IpAddr> {
    let header = request.headers().get_all(X_FORWARDED_FOR).last()?.as_bytes();
    // The part before the last address may contain any bytes.
    let last = header.rsplit(|byte| *byte == b',').next()?;
    let last = str::from_utf8(last).ok()?.trim();
    let with_port = || last.parse().map(|address: SocketAddr| address.ip());
    last.trim_matches(['[', ']']).parse().or_else(|_| with_port()).ok()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn seen(forwarded: &[&str], trusts_proxy: bool) -> String {
        let mut request = TestRequest::get().peer_addr("10.0.0.1:4000".parse().unwrap());
        for value in forwarded {
            request = request.append_header((X_FORWARDED_FOR, *value));
        }
        address(&request.to_http_request(), trusts_proxy).unwrap().to_string()
    }

    #[test]
    fn the_header_counts_only_where_a_proxy_is_to_be_believed() {
        assert_eq!(seen(&["1.2.3.4"], false), "10.0.0.1");
        assert_eq!(seen(&["1.2.3.4"], true), "1.2.3.4");
        assert_eq!(seen(&[], true), "10.0.0.1");
    }

    #[test]
    fn what_the_caller_invents_stands_before_what_the_proxy_adds() {
        assert_eq!(seen(&["9.9.9.9, 1.2.3.4"], true), "1.2.3.4");
        assert_eq!(seen(&["9.9.9.9", "1.2.3.4"], true), "1.2.3.4");
        assert_eq!(seen(&["9.9.9.9, nonsense"], true), "10.0.0.1");
        assert_eq!(seen(&["九, 1.2.3.4"], true), "1.2.3.4");
        assert_eq!(seen(&["1.2.3.4, 九"], true), "10.0.0.1");
        assert_eq!(seen(&["1.2.3.4:5000"], true), "1.2.3.4");
        assert_eq!(seen(&["[2001:db8::1]:5000"], true), "2001:db8::1");
        assert_eq!(seen(&["2001:db8::1"], true), "2001:db8::1");
    }
}
