//! What may be reached.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::address::{NotPublic, not_public, plain};

/// Which hosts may be reached: the public internet by HTTPS, and what is allowed besides.
///
/// ```
/// use deprovision_notify::Reach;
/// let reach = Reach::public()
///     .and_host("hooks.corp.example")
///     .and_network("10.20.0.0/16")?;
/// # Ok::<(), deprovision_notify::ParseNetworkError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Reach {
    hosts: BTreeSet<String>,
    networks: Vec<IpNet>,
    plain_http: bool,
}

/// What is written is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network; write it as 10.20.0.0/16 or fd12:3456::/32")]
pub struct ParseNetworkError(String);

impl Reach {
    /// The public internet, by HTTPS.
    #[must_use]
    pub fn public() -> Self {
        Self::default()
    }

    /// And this host, by its exact name, at whatever address its name leads to: for
    /// services of an intranet. Whoever answers for that name decides where requests go,
    /// except that no metadata service is ever reached.
    #[must_use]
    pub fn and_host(mut self, host: &str) -> Self {
        let host = host.strip_suffix('.').unwrap_or(host);
        self.hosts.insert(host.to_ascii_lowercase());
        self
    }

    /// And every host with an address in this network, such as `10.20.0.0/16`. No metadata
    /// service is reached even so.
    ///
    /// # Errors
    /// [`ParseNetworkError`] when it is no network.
    pub fn and_network(mut self, network: &str) -> Result<Self, ParseNetworkError> {
        let parsed = network
            .parse::<IpNet>()
            .or_else(|_| network.parse::<IpAddr>().map(IpNet::from))
            .map_err(|_| ParseNetworkError(network.to_owned()))?;
        self.networks.push(parsed.trunc());
        Ok(self)
    }

    /// And without TLS: whoever is on the way reads and changes all that is sent. For tests
    /// on one machine.
    #[must_use]
    pub fn dangerous_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    pub(crate) fn allows_plain_http(&self) -> bool {
        self.plain_http
    }

    /// Whether this name is allowed by name.
    pub(crate) fn allows_host(&self, host: &str) -> bool {
        self.hosts.contains(host)
    }

    /// Why an address of this host may not be reached; nothing when it may.
    pub(crate) fn refuses(&self, host: &str, address: IpAddr) -> Option<NotPublic> {
        let why = not_public(address)?;
        let address = plain(address);
        let allowed = self.allows_host(host) || self.networks.iter().any(|n| n.contains(&address));
        match why {
            NotPublic::Metadata | NotPublic::Unspecified | NotPublic::Multicast => Some(why),
            NotPublic::Loopback
            | NotPublic::Private
            | NotPublic::Shared
            | NotPublic::LinkLocal
            | NotPublic::Documentation
            | NotPublic::Benchmarking
            | NotPublic::Tunnel
            | NotPublic::Reserved => (!allowed).then_some(why),
        }
    }
}
