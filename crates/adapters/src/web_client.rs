//! Sets up the HTTP clients of the adapters.

use std::time::Duration;

use reqwest::{Client, redirect};
use url::{Host, Url};

/// A client for the server at `url`. It follows no redirects.
///
/// The proxies of the environment (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`) are used, except for a server
/// on this machine: a proxy elsewhere cannot reach that.
pub(crate) fn client(
    url: &str,
    connect_timeout: Duration,
    timeout: Duration,
) -> Result<Client, reqwest::Error> {
    let client = Client::builder()
        .connect_timeout(connect_timeout)
        .timeout(timeout)
        .redirect(redirect::Policy::none());
    if is_on_this_machine(url) { client.no_proxy() } else { client }.build()
}

/// Whether a URL leads to this machine, so that another machine cannot use it.
pub fn is_on_this_machine(url: &str) -> bool {
    match Url::parse(url).as_ref().ok().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
        Some(Host::Ipv6(address)) => {
            let address = address.to_canonical();
            address.is_loopback() || address.is_unspecified()
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_this_machine_in_every_form() {
        for url in [
            "http://127.0.0.1:8001/gateway.do",
            "http://127.1.2.3/",
            "http://localhost:8001/gateway.do",
            "http://LOCALHOST/",
            "http://shop.localhost/",
            "http://[::1]:8001/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:0.0.0.0]/",
            "http://0.0.0.0:8001/gateway.do",
            "http://[::]:8001/",
        ] {
            assert!(is_on_this_machine(url), "{url}");
        }
        for url in [
            "https://openapi.alipay.com/gateway.do",
            "http://10.0.0.1/",
            "http://localhost.example/",
            "http://notlocalhost/",
            "nonsense",
        ] {
            assert!(!is_on_this_machine(url), "{url}");
        }
    }
}
