use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The shortest time between two log lines about addresses with too many connections.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Counts the connections of each address, so that one address cannot take all connections.
#[derive(Clone)]
pub(super) struct Shares {
    most: usize,
    held: Arc<Mutex<Held>>,
}

#[derive(Default)]
struct Held {
    connections: HashMap<IpAddr, usize>,
    reported: Option<Instant>,
}

/// One connection of an address.
pub(super) struct Share {
    address: IpAddr,
    held: Arc<Mutex<Held>>,
}

impl Shares {
    pub(super) fn new(most: usize) -> Self {
        Self { most, held: Arc::default() }
    }

    /// Adds a connection of this address; `None` if the address has its maximum.
    pub(super) fn take(&self, address: IpAddr) -> Option<Share> {
        let address = network(address);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let connections = held.connections.entry(address).or_default();
        if *connections < self.most {
            *connections += 1;
            return Some(Share { address, held: Arc::clone(&self.held) });
        }
        if held.reported.is_none_or(|reported| reported.elapsed() >= TELL_EVERY) {
            held.reported = Some(Instant::now());
            tracing::warn!(%address, connections = self.most, "an address has as many connections as it may; more are closed");
        }
        None
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(connections) = held.connections.get_mut(&self.address) else { return };
        *connections = connections.saturating_sub(1);
        if *connections == 0 {
            held.connections.remove(&self.address);
        }
    }
}

/// An IPv6 client usually controls a whole /64 network, so all its addresses count as one.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => IpAddr::V4(address),
            None => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(shares: &Shares, address: &str) -> Option<Share> {
        shares.take(address.parse().unwrap())
    }

    #[test]
    fn an_address_gets_its_share_and_no_more_until_it_gives_one_back() {
        let shares = Shares::new(2);
        let first = take(&shares, "192.0.2.1");
        let second = take(&shares, "192.0.2.1");
        assert!(first.is_some() && second.is_some());
        assert!(take(&shares, "192.0.2.1").is_none());
        assert!(take(&shares, "192.0.2.2").is_some(), "others have their own");
        drop(first);
        assert!(take(&shares, "192.0.2.1").is_some());
    }

    #[test]
    fn what_is_given_back_is_not_remembered() {
        let shares = Shares::new(2);
        drop(take(&shares, "192.0.2.1"));
        assert!(shares.held.lock().unwrap().connections.is_empty());
    }

    #[test]
    fn a_network_of_the_sixth_version_is_one_address() {
        let shares = Shares::new(1);
        let _held = take(&shares, "2001:db8::1");
        assert!(take(&shares, "2001:db8::2").is_none());
        assert!(take(&shares, "2001:db8:0:1::1").is_some());
        let _mapped = take(&shares, "::ffff:192.0.2.1");
        assert!(take(&shares, "192.0.2.1").is_none());
    }
}
