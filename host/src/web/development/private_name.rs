//! Names of hosts that nobody on the internet can have. A page of another site can have its name
//! lead to this machine after it was loaded (DNS rebinding), and would then read what only the
//! author of an app should see. It cannot do that under one of these names.

use http::uri::Authority;
use url::Host;

/// Domains that no registry gives away: RFC 6761, RFC 6762, RFC 8375, and `internal`, which ICANN
/// has reserved.
const DOMAINS: [&str; 5] = ["localhost", "test", "local", "home.arpa", "internal"];

/// Whether a `Host` names an address, a machine of this network, or this machine.
pub(super) fn is_private(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    match Host::parse(authority.host()) {
        Ok(Host::Ipv4(_) | Host::Ipv6(_)) => true,
        Ok(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(&name);
            let is_in = |domain: &str| name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
            !name.contains('.') || DOMAINS.iter().any(|domain| is_in(domain))
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_can_be_bought_is_not_private() {
        for private in [
            "localhost:8080",
            "LOCALHOST",
            "shop.localhost",
            "127.0.0.1:8080",
            "192.168.1.7",
            "[::1]:8080",
            "laptop",
            "laptop.local.",
            "shop.test:80",
            "shop.home.arpa",
        ] {
            assert!(is_private(private), "{private}");
        }
        for public in ["example.org", "localhost.example.org:8080", "a.notlocalhost", "127.0.0.1.example", ""] {
            assert!(!is_private(public), "{public}");
        }
    }
}
