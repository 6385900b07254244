//! Who called: the user's name, else the client's address.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv6Addr};

use deprovision_core::digest::Digest;
use deprovision_core::id::{CallerId, ParseIdError};
use deprovision_core::secret::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What begins the id of a caller whose name is no id.
const ESCAPED: &str = "escaped:";
/// What begins the id of a caller whose name is too long for one.
const HASHED: &str = "hashed:";

/// What begins a pseudonym.
const PSEUDONYM: &str = "anon:";

/// Makes ids of callers' names, or pseudonyms.
#[derive(Debug)]
pub(crate) struct Namer {
    keyed: Option<Hmac<Sha256>>,
}

impl Namer {
    pub(crate) fn new(key: Option<&Secret>) -> Self {
        // HMAC takes keys of any length, so there is one whenever there is a key.
        let keyed = key.and_then(|key| Hmac::new_from_slice(key.expose().as_bytes()).ok());
        Self { keyed }
    }

    /// The id of a user's name or a client's address.
    pub(crate) fn id(&self, name: &[u8]) -> Option<CallerId> {
        let name = address(name);
        let Some(keyed) = &self.keyed else {
            return caller(&name).ok();
        };
        let mut keyed = keyed.clone();
        keyed.update(&name);
        let mut pseudonym = PSEUDONYM.to_owned();
        // Half of the hash is enough to never meet another by chance.
        for byte in keyed.finalize().into_bytes().iter().take(16) {
            let _ = write!(pseudonym, "{byte:02x}");
        }
        CallerId::parse(pseudonym).ok()
    }
}

/// The id of a name: two names never get the same one.
///
/// A name that is an id is the id. Every other name is written as `escaped:` with `+XX`
/// for what an id may not hold, or, when that is too long, as `hashed:` with its SHA-256.
fn caller(name: &[u8]) -> Result<CallerId, ParseIdError> {
    if let Ok(text) = std::str::from_utf8(name)
        && !text.starts_with(ESCAPED)
        && !text.starts_with(HASHED)
        && let Ok(id) = CallerId::parse(text)
    {
        return Ok(id);
    }
    let mut id = ESCAPED.to_owned();
    for &byte in name {
        if byte.is_ascii_alphanumeric() || b"._-@:".contains(&byte) {
            id.push(char::from(byte));
        } else {
            // Writing to a String can not fail.
            let _ = write!(id, "+{byte:02X}");
        }
    }
    CallerId::parse(id)
        .or_else(|_| CallerId::parse(format!("{HASHED}{}", Digest::of_bytes(name).to_hex())))
}

/// One writing for all writings of an address: the shortest usual one, and of an IPv4
/// address inside IPv6 that of IPv4.
fn address(client: &[u8]) -> Vec<u8> {
    let parsed = std::str::from_utf8(client)
        .ok()
        .and_then(|text| text.parse::<IpAddr>().ok())
        .map(|address| address.to_canonical());
    match parsed {
        Some(IpAddr::V6(address)) if starts_with_colon(&address) => {
            let parts = address.segments().map(|part| format!("{part:x}"));
            parts.join(":").into_bytes()
        }
        Some(address) => address.to_string().into_bytes(),
        None => client.to_vec(),
    }
}

/// An id begins with a letter or a digit, and `::1` does not.
fn starts_with_colon(address: &Ipv6Addr) -> bool {
    address.to_string().starts_with(':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(client: &str) -> String {
        caller(&address(client.as_bytes())).unwrap().to_string()
    }

    #[test]
    fn a_name_stays_as_it_is_and_an_address_has_one_form() {
        assert_eq!(of("ak_1"), "ak_1");
        assert_eq!(of("10.0.0.7"), "10.0.0.7");
        assert_eq!(of("::ffff:10.0.0.7"), "10.0.0.7");
        assert_eq!(of("2001:DB8:0::1"), "2001:db8::1");
        assert_eq!(of("::1"), "0:0:0:0:0:0:0:1");
    }

    #[test]
    fn any_name_becomes_an_id() {
        assert_eq!(of("o neil"), "escaped:o+20neil");
        assert_eq!(of("a/../b"), "escaped:a+2F..+2Fb");
        assert_eq!(of("escaped:a"), "escaped:escaped:a");
        assert!(of(&"é".repeat(300)).starts_with("hashed:"));
        assert!(caller(b"").is_ok());
    }

    proptest! {
        #[test]
        fn two_callers_never_have_one_id(
            a in prop::collection::vec(any::<u8>(), 0..400),
            b in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            prop_assert_eq!(a == b, caller(&a).unwrap() == caller(&b).unwrap());
        }
    }
}
