//! What keys are called, and what is wrong with a text that is none.

use std::fmt;

/// The longest key name accepted, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// Why a text is no key or no key's name. Never repeats the text: it may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The name is empty, too long, or holds what names must not hold.
    #[error(
        "a key's name is 1 to 256 bytes without spaces, control characters and +; a domain you own is a good start, for example example.com/ledger"
    )]
    Name,
    /// The text is not of the form `name+hash+base64`.
    #[error(
        "a verifier key is written name+hash+base64, and a private one PRIVATE+KEY+name+hash+base64; copy it whole"
    )]
    Form,
    /// The key is for another algorithm than Ed25519.
    #[error("the key is for another algorithm; only Ed25519 (type 1) is known")]
    Algorithm,
    /// The hash does not belong to the name and the key.
    #[error(
        "the hash in the key does not belong to its name and key; copy it again from where it was made"
    )]
    Hash,
    /// The bytes are no public key that can be trusted.
    #[error(
        "the public key is no point of the curve, or one that verifies what nobody signed; make another key"
    )]
    Point,
}

/// The name of a key: for example `example.com/ledger`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Parses a name.
    ///
    /// # Errors
    /// [`KeyError::Name`] when it is empty, longer than 256 bytes, or holds a
    /// space, a control character or a `+`.
    pub fn parse(name: impl Into<String>) -> Result<Self, KeyError> {
        let name = name.into();
        let forbidden = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains(forbidden) {
            return Err(KeyError::Name);
        }
        Ok(Self(name))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyName({})", self.0)
    }
}
