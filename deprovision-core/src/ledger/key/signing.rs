//! The private half of a key.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use secrecy::zeroize::Zeroizing;

use crate::ledger::key::text::{ED25519, parts};
use crate::ledger::key::{KeyError, KeyName, VerifierKey};
use crate::secret::Secret;

/// What a private key's text begins with.
const PRIVATE: &str = "PRIVATE+KEY+";

/// A private key: neither `Serialize` nor `Display`, only its name in `Debug`,
/// wiped from memory when dropped (invariant I-20).
///
/// Core draws no randomness: the 32 bytes of the seed come from the operating
/// system's generator or a secret store. Keep the key where the journal's
/// operators can not read it: who holds both can rewrite history unseen.
///
/// ```
/// use deprovision_core::ledger::{KeyName, SigningKey};
/// let key = SigningKey::from_seed(KeyName::parse("example.com/ledger")?, &[7; 32]);
/// assert_eq!(format!("{key:?}"), "SigningKey(example.com/ledger, redacted)");
/// # Ok::<(), deprovision_core::ledger::KeyError>(())
/// ```
///
/// ```compile_fail
/// use deprovision_core::ledger::{KeyName, SigningKey};
/// let key = SigningKey::from_seed(KeyName::parse("example.com/ledger").unwrap(), &[7; 32]);
/// println!("{key}");
/// ```
///
/// ```compile_fail
/// use deprovision_core::ledger::{KeyName, SigningKey};
/// let key = SigningKey::from_seed(KeyName::parse("example.com/ledger").unwrap(), &[7; 32]);
/// serde_json::to_string(&key).unwrap();
/// ```
pub struct SigningKey {
    key: ed25519_dalek::SigningKey,
    public: VerifierKey,
}

impl SigningKey {
    /// The key of a seed: 32 random bytes, never used for anything else.
    #[must_use]
    pub fn from_seed(name: KeyName, seed: &[u8; 32]) -> Self {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = VerifierKey::new(name, key.verifying_key());
        Self { key, public }
    }

    /// Reads the text form `PRIVATE+KEY+name+hash+base64`.
    ///
    /// # Errors
    /// [`KeyError`], which never repeats the text.
    pub fn from_secret(text: &Secret) -> Result<Self, KeyError> {
        let text = text.expose().strip_prefix(PRIVATE).ok_or(KeyError::Form)?;
        let (name, hash, seed) = parts(text)?;
        let key = Self::from_seed(name, &seed);
        if key.public.id().to_string() != hash {
            return Err(KeyError::Hash);
        }
        Ok(key)
    }

    /// The text form `PRIVATE+KEY+name+hash+base64`, for a secret store.
    #[must_use]
    pub fn to_secret(&self) -> Secret {
        let mut typed = Zeroizing::new([ED25519; 33]);
        typed[1..].copy_from_slice(self.key.as_bytes());
        let encoded = Zeroizing::new(STANDARD.encode(typed.as_slice()));
        let (name, id) = (self.public.name(), self.public.id());
        Secret::new(format!("{PRIVATE}{name}+{id}+{}", *encoded))
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.public
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        self.public.name()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, redacted)", self.public.name())
    }
}
