use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::CommandError;

/// How long the service may take to answer.
const PATIENCE: Duration = Duration::from_secs(4);
const OK: &[u8] = b"HTTP/1.1 200 ";

/// Asks the service at this listen address whether it runs.
pub(super) async fn run(listen: SocketAddr) -> Result<(), CommandError> {
    let address = reachable(listen);
    let unhealthy = |problem: String| CommandError::Unhealthy { address, problem };
    match timeout(PATIENCE, ask(address)).await {
        Ok(Ok(begin)) if begin == OK => Ok(()),
        Ok(Ok(begin)) => Err(unhealthy(format!("answered {}", String::from_utf8_lossy(&begin)))),
        Ok(Err(error)) => Err(unhealthy(error.to_string())),
        Err(_) => Err(unhealthy("did not answer in time".to_owned())),
    }
}

/// The beginning of the response.
async fn ask(address: SocketAddr) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut begin = vec![0; OK.len()];
    stream.read_exact(&mut begin).await?;
    Ok(begin)
}

/// A service that listens on all addresses is asked on the loopback address.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_asked_where_it_listens() {
        for (listen, asked) in [
            ("0.0.0.0:8000", "127.0.0.1:8000"),
            ("[::]:9000", "[::1]:9000"),
            ("10.0.0.7:80", "10.0.0.7:80"),
            ("127.0.0.1:8000", "127.0.0.1:8000"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap(), "{listen}");
        }
    }
}
