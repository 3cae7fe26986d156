//! The address that a request comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use ipnet::IpNet;

use crate::dialects::Dialect;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client's address, as far as it can be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The nearest address that is not one of the trusted proxies'. What stands further left in
    /// X-Forwarded-For was written by the client, and proves nothing.
    fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
        let mut nearest = peer.to_canonical();
        let hops = headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = hops.flat_map(|value| value.split(',')).collect();
        for hop in hops.iter().rev() {
            if !is_trusted(&nearest) {
                break;
            }
            let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
            nearest = address.to_canonical();
        }
        Self(nearest)
    }

    /// What is counted as one client: whoever has an IPv6 address has a whole /64 of them.
    pub(crate) fn network(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        }
    }
}

impl<D: Dialect> FromRequestParts<D> for ClientAddress {
    type Rejection = D::Error;

    async fn from_request_parts(parts: &mut Parts, _: &D) -> Result<Self, D::Error> {
        Ok(parts.extensions.get().copied().unwrap_or(UNKNOWN))
    }
}

// Only where no socket is involved.
const UNKNOWN: ClientAddress = ClientAddress(IpAddr::V6(Ipv6Addr::UNSPECIFIED));

/// Finds out the address and leaves it for whoever reads the request.
pub(crate) fn locate(request: &mut Request, trusted: &[IpNet]) -> ClientAddress {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address =
        peer.map_or(UNKNOWN, |peer| ClientAddress::of(peer.0.ip(), request.headers(), trusted));
    request.extensions_mut().insert(address);
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, forwarded: &str, trusted: &[&str]) -> String {
        let headers = HeaderMap::from_iter([(
            axum::http::HeaderName::from_static(FORWARDED_FOR),
            forwarded.parse().unwrap(),
        )]);
        let trusted: Vec<IpNet> = trusted.iter().map(|net| net.parse().unwrap()).collect();
        ClientAddress::of(peer.parse().unwrap(), &headers, &trusted).0.to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(address("203.0.113.7", "10.9.9.9", &[]), "203.0.113.7");
        assert_eq!(address("203.0.113.7", "10.9.9.9", &["10.0.0.0/8"]), "203.0.113.7");
        let proxies = ["10.0.0.0/8"];
        assert_eq!(address("10.0.0.1", "198.51.100.4", &proxies), "198.51.100.4");
        assert_eq!(
            address("10.0.0.1", "1.1.1.1, 198.51.100.4, 10.0.0.2", &proxies),
            "198.51.100.4"
        );
        assert_eq!(address("10.0.0.1", "nonsense", &proxies), "10.0.0.1");
        assert_eq!(address("::ffff:203.0.113.7", "", &proxies), "203.0.113.7");
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let network = |text: &str| ClientAddress(text.parse().unwrap()).network();
        assert_eq!(network("2001:db8::1"), network("2001:db8::2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
    }
}
