//! Keys that sign checkpoints and certificates, in the text form of C2SP signed
//! notes (<https://c2sp.org/signed-note>), which Go's `sumdb/note` uses too.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::secret::Secret;

/// The signature type of Ed25519 in signed notes.
const ED25519: u8 = 1;

/// The longest key name accepted, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// What a private key's text begins with.
const PRIVATE: &str = "PRIVATE+KEY+";

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

/// The four bytes that, with the name, tell keys apart. No cryptographic strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(crate) [u8; 4]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A public key with its name: what whoever checks a log has to get by a way they trust.
///
/// ```
/// use deprovision_core::ledger::VerifierKey;
/// let text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
/// let key: VerifierKey = text.parse()?;
/// assert_eq!(key.name().as_str(), "example.com/foo");
/// assert_eq!(key.to_string(), text);
/// # Ok::<(), deprovision_core::ledger::KeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: KeyName,
    id: KeyId,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifierKey {
    fn new(name: KeyName, key: ed25519_dalek::VerifyingKey) -> Self {
        let id = id_of(&name, key.as_bytes());
        Self { name, id, key }
    }

    /// Names a raw Ed25519 public key.
    ///
    /// # Errors
    /// [`KeyError::Point`] when the bytes are no key that can be trusted.
    pub fn from_public_bytes(name: KeyName, public: &[u8; 32]) -> Result<Self, KeyError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(public).map_err(|_| KeyError::Point)?;
        if key.is_weak() {
            return Err(KeyError::Point);
        }
        Ok(Self::new(name, key))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.name
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The raw Ed25519 public key.
    #[must_use]
    pub fn public_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether this key signed the message. Strict: only the one signature that
    /// RFC 8032 defines, never a malleable twin.
    pub(crate) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .and_then(|signature| self.key.verify_strict(message, &signature))
            .is_ok()
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, hash, public) = parts(text)?;
        let key = Self::from_public_bytes(name, &public)?;
        if key.id.to_string() != hash {
            return Err(KeyError::Hash);
        }
        Ok(key)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let typed = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, self.id, STANDARD.encode(typed))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl Serialize for VerifierKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for VerifierKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

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
        if key.public.id.to_string() != hash {
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
        let (name, id) = (&self.public.name, self.public.id);
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
        &self.public.name
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, redacted)", self.public.name)
    }
}

/// The name, the hash and the 32 bytes of `name+hash+base64`.
fn parts(text: &str) -> Result<(KeyName, &str, Zeroizing<[u8; 32]>), KeyError> {
    // Base64 may hold a +, names and hashes do not.
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(hash), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Form);
    };
    let name = KeyName::parse(name)?;
    let typed = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| KeyError::Form)?);
    let bytes = match typed.as_slice() {
        [ED25519, bytes @ ..] => bytes,
        [_other, ..] => return Err(KeyError::Algorithm),
        [] => return Err(KeyError::Form),
    };
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| KeyError::Form)?;
    Ok((name, hash, Zeroizing::new(bytes)))
}

/// `SHA-256(name || 0x0A || 0x01 || public key)[..4]`.
fn id_of(name: &KeyName, public: &[u8; 32]) -> KeyId {
    let hash = Sha256::new()
        .chain_update(name.as_str())
        .chain_update([b'\n', ED25519])
        .chain_update(public)
        .finalize();
    let [a, b, c, d, ..] = <[u8; 32]>::from(hash);
    KeyId([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// From the tests of golang.org/x/mod/sumdb/note.
    const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const PRIVATE_TEXT: &str =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

    #[test]
    fn the_keys_of_the_go_implementation_are_read_and_written() {
        let key = SigningKey::from_secret(&Secret::new(PRIVATE_TEXT)).unwrap();
        assert_eq!(key.verifier().to_string(), VERIFIER);
        assert_eq!(*key.verifier(), VERIFIER.parse().unwrap());
        assert_eq!(key.to_secret().expose(), PRIVATE_TEXT);
        let json = serde_json::to_string(key.verifier()).unwrap();
        assert_eq!(
            serde_json::from_str::<VerifierKey>(&json).unwrap(),
            *key.verifier()
        );
    }

    #[test]
    fn no_part_of_a_key_and_no_changed_key_is_a_key() {
        for from in 0..VERIFIER.len() {
            for to in from + 1..=VERIFIER.len() {
                if (from, to) != (0, VERIFIER.len()) {
                    assert!(VERIFIER[from..to].parse::<VerifierKey>().is_err());
                }
            }
        }
        for i in 0..VERIFIER.len() {
            let mut bytes = VERIFIER.as_bytes().to_vec();
            bytes[i] += 1;
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.parse::<VerifierKey>().is_err(), "{text}");
        }
        for i in 0..PRIVATE_TEXT.len() {
            let mut bytes = PRIVATE_TEXT.as_bytes().to_vec();
            bytes[i] += 1;
            let text = Secret::new(String::from_utf8(bytes).unwrap());
            assert!(SigningKey::from_secret(&text).is_err());
        }
        let wrong_length =
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==";
        assert_eq!(wrong_length.parse::<VerifierKey>(), Err(KeyError::Form));
        let wrong_algorithm = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        assert_eq!(
            wrong_algorithm.parse::<VerifierKey>(),
            Err(KeyError::Algorithm)
        );
    }

    #[test]
    fn a_public_key_that_verifies_what_nobody_signed_is_refused() {
        let mut identity = [0; 32];
        identity[0] = 1;
        let name = KeyName::parse("x").unwrap();
        assert_eq!(
            VerifierKey::from_public_bytes(name, &identity),
            Err(KeyError::Point)
        );
    }

    #[test]
    fn i_20_neither_debug_nor_an_error_shows_the_private_key() {
        let key = SigningKey::from_secret(&Secret::new(PRIVATE_TEXT)).unwrap();
        let shown = format!("{key:?} {:?}", key.to_secret());
        assert!(!shown.contains("AYEKFALVFGyN"), "{shown}");
        assert!(!shown.contains("810a1402"), "{shown}");
        let broken = Secret::new(PRIVATE_TEXT.replace("c74f20a3", "c74f20a4"));
        let error = SigningKey::from_secret(&broken).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("AYEKFALVFGyN"));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "(PRIVATE\\+KEY\\+)?.{0,20}\\+?.{0,10}\\+?.{0,60}") {
            let _ = text.parse::<VerifierKey>();
            let _ = SigningKey::from_secret(&Secret::new(text.clone()));
            let _ = KeyName::parse(text);
        }

        #[test]
        fn every_key_is_read_as_it_is_written(seed in any::<[u8; 32]>(), name in "[a-z./é-]{1,20}") {
            let key = SigningKey::from_seed(KeyName::parse(name).unwrap(), &seed);
            let text = key.verifier().to_string();
            prop_assert_eq!(&text.parse::<VerifierKey>().unwrap(), key.verifier());
            let again = SigningKey::from_secret(&key.to_secret()).unwrap();
            prop_assert_eq!(again.verifier(), key.verifier());
        }
    }
}
