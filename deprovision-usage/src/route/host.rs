//! The hosts of the catalog, and which of them a request names.

use std::net::IpAddr;

use hashbrown::HashMap;

/// What a request says about its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// Nothing that tells: no host, or a bare address. It may be any.
    Untold,
    /// One of the catalog's, by its number.
    Known(u32),
    /// One that the catalog does not have.
    Foreign,
}

/// All hosts that the catalog names.
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    numbers: HashMap<Vec<u8>, u32, foldhash::fast::RandomState>,
}

impl Hosts {
    /// The number of a host of the catalog.
    pub(super) fn add(&mut self, name: &str) -> u32 {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(normal(name.as_bytes())).or_insert(next)
    }

    /// Which host a request names: `name`, `name:port`, `user@name`, `[address]`.
    pub(crate) fn find(&self, name: Option<&[u8]>) -> Host {
        let name = match name {
            Some(name) => normal(name),
            None => return Host::Untold,
        };
        let address = std::str::from_utf8(&name).map(|text| text.parse::<IpAddr>().is_ok());
        if name.is_empty() || address == Ok(true) {
            return Host::Untold;
        }
        match self.numbers.get(&name) {
            Some(number) => Host::Known(*number),
            None => Host::Foreign,
        }
    }
}

/// The name alone, in lower case.
fn normal(host: &[u8]) -> Vec<u8> {
    let host = host.trim_ascii();
    let host = host.rsplit(|b| *b == b'@').next().unwrap_or_default();
    let name = match host.strip_prefix(b"[") {
        Some(literal) => literal.split(|b| *b == b']').next(),
        None => host.split(|b| *b == b':').next(),
    };
    let mut name = name.unwrap_or_default().to_ascii_lowercase();
    while name.last() == Some(&b'.') {
        name.pop();
    }
    name
}
