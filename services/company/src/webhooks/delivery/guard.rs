//! Keeps webhooks away from what is not public: whoever registers a URL must not reach through us
//! what they could not reach themselves.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ipnet::{Ipv4Net, Ipv6Net};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

const URL_LENGTH_MAX: usize = 2_048;
const RESOLVE_PATIENCE: Duration = Duration::from_secs(3);

/// Why a URL or an address is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Forbidden {
    /// Not a URL at all.
    #[error("is not a URL")]
    Url,
    /// Longer than anybody needs.
    #[error("has more than {URL_LENGTH_MAX} characters")]
    Length,
    /// Neither http nor https.
    #[error("is neither https nor http")]
    Scheme,
    /// Anybody on the way could read it.
    #[error("is not an https URL")]
    NotHttps,
    /// A name or a password stands in it.
    #[error("has credentials")]
    Credentials,
    /// Part of it never reaches a server.
    #[error("has a fragment")]
    Fragment,
    /// Leads to ourselves, our neighbours, or nowhere.
    #[error("does not lead to a public address")]
    NotPublic,
}

/// What may be reached. Clones share the list of exceptions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    exceptions: Arc<HashSet<Host>>,
}

impl Guard {
    /// `exceptions` are hosts that may be reached wherever they are: names or addresses, compared
    /// as a whole.
    ///
    /// # Errors
    /// When one of them is not a host.
    pub(crate) fn new(exceptions: &[String]) -> anyhow::Result<Self> {
        let hosts = exceptions.iter().map(|text| host(text)).collect::<Result<_, _>>()?;
        Ok(Self { exceptions: Arc::new(hosts) })
    }

    /// Reads a URL, and refuses those that show at a glance that they do not lead to the public.
    ///
    /// # Errors
    /// [`Forbidden`].
    pub(crate) fn url(&self, text: &str) -> Result<Url, Forbidden> {
        if text.len() > URL_LENGTH_MAX {
            return Err(Forbidden::Length);
        }
        let url = Url::parse(text).map_err(|_| Forbidden::Url)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Forbidden::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Forbidden::Credentials);
        }
        if url.fragment().is_some() {
            return Err(Forbidden::Fragment);
        }
        let host = url.host().ok_or(Forbidden::Url)?.to_owned();
        let public = match &host {
            Host::Ipv4(address) => is_public((*address).into()),
            Host::Ipv6(address) => is_public((*address).into()),
            Host::Domain(name) => !is_local_name(name),
        };
        if !public && !self.exceptions.contains(&host) {
            return Err(Forbidden::NotPublic);
        }
        Ok(url)
    }

    /// As [`Guard::url`]; http is for hosts only that may be reached wherever they are.
    ///
    /// # Errors
    /// [`Forbidden`].
    pub(crate) fn https_url(&self, text: &str) -> Result<Url, Forbidden> {
        let url = self.url(text)?;
        let excepted = url.host().is_some_and(|host| self.exceptions.contains(&host.to_owned()));
        if url.scheme() == "https" || excepted { Ok(url) } else { Err(Forbidden::NotHttps) }
    }

    /// Refuses a URL whose name leads somewhere that is not public. One that leads nowhere now may
    /// do so later: it passes, and is looked at again when it is connected to.
    ///
    /// # Errors
    /// [`Forbidden::NotPublic`].
    pub(crate) async fn destination(&self, url: &Url) -> Result<(), Forbidden> {
        let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
        match tokio::time::timeout(RESOLVE_PATIENCE, self.addresses(name)).await {
            Ok(Err(Unresolved::Forbidden(forbidden))) => Err(forbidden),
            _ => Ok(()),
        }
    }

    /// Where a name leads, if that may be reached. One address that may not spoils all.
    async fn addresses(&self, name: &str) -> Result<Vec<SocketAddr>, Unresolved> {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name, 0)).await?.collect();
        let excepted = || host(name).is_ok_and(|host| self.exceptions.contains(&host));
        if addresses.iter().all(|address| is_public(address.ip())) || excepted() {
            return Ok(addresses);
        }
        Err(Forbidden::NotPublic.into())
    }
}

/// The very addresses that are then connected to.
impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let addresses = guard.addresses(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unresolved {
    /// It leads where nobody may go.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It is not known.
    #[error("the name does not resolve")]
    Name(#[from] std::io::Error),
}

/// A host as URLs have it; a bare IPv6 address needs no brackets here.
fn host(text: &str) -> Result<Host, url::ParseError> {
    let text = text.trim();
    if let Ok(IpAddr::V6(address)) = text.parse() {
        return Ok(Host::Ipv6(address));
    }
    match Host::parse(text)? {
        Host::Domain(name) => Ok(Host::Domain(rooted(&name).to_owned())),
        address => Ok(address),
    }
}

/// A name without the dot of the root.
fn rooted(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

/// Names that never are public (RFC 6761, 6762, 8375 and ICANN's `internal`), resolved or not.
fn is_local_name(name: &str) -> bool {
    let name = rooted(name);
    let top = name.rsplit('.').next().unwrap_or_default();
    !name.contains('.')
        || matches!(top, "localhost" | "local" | "internal" | "invalid")
        || name.ends_with(".home.arpa")
}

/// Special-purpose IPv4 addresses, by the registry of IANA.
static NOT_PUBLIC_V4: LazyLock<Vec<Ipv4Net>> = LazyLock::new(|| {
    networks(&[
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    ])
});

/// What IANA has given out to be routed. Loopback, mapped and translated IPv4, unique-local,
/// link-local and multicast addresses all lie outside.
static GLOBAL_V6: LazyLock<Vec<Ipv6Net>> = LazyLock::new(|| networks(&["2000::/3"]));

/// Special-purpose addresses in it: protocol assignments and Teredo, documentation, and 6to4,
/// which wraps any IPv4 address.
static NOT_PUBLIC_V6: LazyLock<Vec<Ipv6Net>> =
    LazyLock::new(|| networks(&["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]));

fn networks<T: std::str::FromStr>(texts: &[&str]) -> Vec<T> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

/// Whether the address belongs to the public Internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.iter().any(|network| network.contains(&address))
                && !NOT_PUBLIC_V6.iter().any(|network| network.contains(&address))
        }
    }
}

#[cfg(test)]
mod tests;
