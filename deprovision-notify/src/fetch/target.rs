//! Where a request goes.

use std::fmt;
use std::net::IpAddr;

use deprovision_core::secret::Secret;
use url::{Host, Position, Url};

use super::address::NotPublic;
use super::reach::Reach;

/// Where a request goes: an address that was read and checked. The address may hold a
/// secret (Slack's and Teams' do), so only its host is ever shown.
#[derive(Clone)]
pub struct Target {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) literal: Option<IpAddr>,
    pub(crate) port: u16,
    /// Path and query.
    pub(crate) path: Secret,
}

/// Why nothing is sent to an address. No more of it is shown than the host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// It is no address of the web.
    #[error("this is no web address; write it as https://host/path, without spaces")]
    NotUrl,
    /// It is not HTTPS.
    #[error("the address of {host} is not https; use https")]
    NotHttps {
        /// Its host.
        host: String,
    },
    /// It holds a user name or a password.
    #[error("the address of {host} holds a user name or password; leave them out")]
    UserInfo {
        /// Its host.
        host: String,
    },
    /// Its port is that of another service than HTTPS.
    #[error(
        "{host} is addressed at port {port}, which is another service's; use 443, or one from 1024 on"
    )]
    Port {
        /// Its host.
        host: String,
        /// Its port.
        port: u16,
    },
    /// Its name is one that leads into the own network.
    #[error("{host} is a name of the own network; allow it by name if it is meant")]
    LocalName {
        /// Its host.
        host: String,
    },
    /// It leads to an address that is not public.
    #[error(
        "{host} leads to {address}, which is {why}; allow the host or its network if it is meant"
    )]
    Address {
        /// Its host.
        host: String,
        /// The address.
        address: IpAddr,
        /// What that is.
        why: NotPublic,
    },
}

/// Names under which nobody on the internet has a host: RFC 6761, RFC 6762, RFC 7686,
/// RFC 8375, and `.internal`, which ICANN reserved for private use in 2024.
const LOCAL_NAMES: [&str; 9] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "lan",
    "home.arpa",
    "onion",
    "invalid",
];

impl Target {
    /// Reads an address as browsers do (the WHATWG URL standard), so that every other
    /// spelling of a host (`0x7f.1`, `2130706433`, `①.1.1.1`, `LOCALHOST.`) is brought to
    /// the one that is checked.
    ///
    /// # Errors
    /// [`TargetError`] when it is no address, or not one that may be reached. What the name
    /// leads to is checked when something is sent.
    pub fn parse(address: &str, reach: &Reach) -> Result<Self, TargetError> {
        let strange = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
        let lower = address.get(..8).unwrap_or(address).to_ascii_lowercase();
        // The URL standard mends these; who writes them means something else.
        let rest = lower
            .strip_prefix("https://")
            .or_else(|| lower.strip_prefix("http://"));
        if address.contains(strange) || rest.is_none_or(|rest| rest.starts_with('/')) {
            return Err(TargetError::NotUrl);
        }
        let url = Url::parse(address).map_err(|_| TargetError::NotUrl)?;
        let (host, literal) = match url.host().ok_or(TargetError::NotUrl)? {
            Host::Ipv4(v4) => (v4.to_string(), Some(IpAddr::V4(v4))),
            Host::Ipv6(v6) => (v6.to_string(), Some(IpAddr::V6(v6))),
            Host::Domain(name) => (name.strip_suffix('.').unwrap_or(name).to_owned(), None),
        };
        let tls = url.scheme() == "https";
        if !tls && !reach.allows_plain_http() {
            return Err(TargetError::NotHttps { host });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::UserInfo { host });
        }
        let port = url.port_or_known_default().unwrap_or_default();
        let usual = if tls { 443 } else { 80 };
        if port != usual && port < 1024 {
            return Err(TargetError::Port { host, port });
        }
        match literal {
            Some(address) => {
                if let Some(why) = reach.refuses(&host, address) {
                    return Err(TargetError::Address { host, address, why });
                }
            }
            None if reach.allows_host(&host) => {}
            None => check_name(&host)?,
        }
        let path = Secret::new(&url[Position::BeforePath..Position::AfterQuery]);
        Ok(Self {
            tls,
            host,
            literal,
            port,
            path,
        })
    }

    /// Its host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What stands in the header `Host`.
    pub(crate) fn authority(&self) -> String {
        let host = match self.literal {
            Some(IpAddr::V6(v6)) => format!("[{v6}]"),
            Some(IpAddr::V4(_)) | None => self.host.clone(),
        };
        match (self.tls, self.port) {
            (true, 443) | (false, 80) => host,
            (_, port) => format!("{host}:{port}"),
        }
    }
}

fn check_name(host: &str) -> Result<(), TargetError> {
    if host.is_empty() || host.split('.').any(str::is_empty) {
        return Err(TargetError::NotUrl);
    }
    let is_local = |local: &str| {
        host.strip_suffix(local)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    // A name of one label is completed by the resolver's search list.
    if !host.contains('.') || LOCAL_NAMES.iter().any(|local| is_local(local)) {
        return Err(TargetError::LocalName {
            host: host.to_owned(),
        });
    }
    Ok(())
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({}, path redacted)", self.authority())
    }
}
