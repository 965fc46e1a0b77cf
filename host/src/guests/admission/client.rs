//! Who asks, for the purpose of sharing.

use std::net::IpAddr;
use std::sync::Arc;

/// A client's address. Of IPv6 only the network counts, since one household has a whole one.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Client(u128);

impl Client {
    /// The client at an address.
    pub fn at(address: IpAddr) -> Self {
        let address = match address {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        let bits = address.to_bits();
        Self(if address.to_ipv4_mapped().is_some() { bits } else { bits >> 64 << 64 })
    }
}

/// On whose account something is taken: an app, and the client that asks it.
#[derive(Debug, Clone)]
pub struct Party {
    /// The app's name.
    pub app: Arc<str>,
    /// The client.
    pub client: Client,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_household_are_one_client() {
        let client = |text: &str| Client::at(text.parse().unwrap());
        assert_eq!(client("2001:db8:1:2::1"), client("2001:db8:1:2:ffff::9"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
        assert_eq!(client("192.0.2.1"), client("::ffff:192.0.2.1"));
    }
}
