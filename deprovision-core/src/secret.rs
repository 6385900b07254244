//! Secrets that can not be printed, logged or stored by accident.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::digest::Digest;

/// A secret: neither `Serialize` nor `Display`, redacted in `Debug`, wiped from
/// memory when dropped (invariant I-20).
///
/// ```
/// use deprovision_core::secret::Secret;
/// let key = Secret::new("sk_live_1234");
/// assert_eq!(format!("{key:?}"), "Secret(redacted)");
/// ```
///
/// ```compile_fail
/// let key = deprovision_core::secret::Secret::new("sk_live_1234");
/// println!("{key}");
/// ```
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes a secret in.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(SecretString::from(secret.into()))
    }

    /// Shows the secret, to the one call that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The SHA-256 of the secret: what a store of random, long keys may keep
    /// instead of the key. Not for passwords: those can be guessed from it.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        Digest::of_bytes(self.expose().as_bytes())
    }

    /// Whether the secret has this SHA-256, compared in constant time.
    #[must_use]
    pub fn has_sha256(&self, digest: &Digest) -> bool {
        self.sha256().as_bytes().ct_eq(digest.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i_20_debug_does_not_show_it() {
        assert!(!format!("{:?}", Secret::new("hunter2")).contains("hunter2"));
    }
}
