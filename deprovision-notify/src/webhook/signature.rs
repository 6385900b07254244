//! Signatures by Standard Webhooks.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deprovision_core::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;

/// A secret that webhooks are signed with: `whsec_` and 24 to 64 random bytes in base64
/// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
///
/// ```
/// use deprovision_core::secret::Secret;
/// use deprovision_notify::SigningSecret;
/// let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
/// let signing = SigningSecret::parse(&secret)?;
/// assert_eq!(format!("{signing:?}"), "SigningSecret(redacted)");
/// # Ok::<(), deprovision_notify::SecretError>(())
/// ```
#[derive(Clone)]
pub struct SigningSecret(SecretSlice<u8>);

/// Why a text is no signing secret. Nothing of it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// It is not base64.
    #[error("a signing secret is `whsec_` and base64; copy it as a whole")]
    NotBase64,
    /// It is too short to be safe, or too long.
    #[error("a signing secret has 24 to 64 bytes, this one has {0}; make a new one")]
    Length(usize),
}

impl SigningSecret {
    /// Reads a secret; `whsec_` may be missing, as in other libraries.
    ///
    /// # Errors
    /// [`SecretError`] when it is none.
    pub fn parse(secret: &Secret) -> Result<Self, SecretError> {
        let text = secret.expose();
        let text = text.strip_prefix("whsec_").unwrap_or(text);
        let bytes = STANDARD.decode(text).map_err(|_| SecretError::NotBase64)?;
        if !(24..=64).contains(&bytes.len()) {
            return Err(SecretError::Length(bytes.len()));
        }
        Ok(Self(SecretSlice::from(bytes)))
    }

    /// The signature of a message: `v1,` and the base64 of an HMAC-SHA256 over
    /// `id.timestamp.body`, the timestamp in seconds since 1970.
    ///
    /// ```
    /// # use deprovision_core::secret::Secret;
    /// # use deprovision_notify::SigningSecret;
    /// # let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    /// let signing = SigningSecret::parse(&secret)?;
    /// let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    /// assert_eq!(
    ///     signing.sign(id, 1614265330, br#"{"test": 2432232314}"#),
    ///     "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    /// );
    /// # Ok::<(), deprovision_notify::SecretError>(())
    /// ```
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mac = self.mac(id.as_bytes(), timestamp.to_string().as_bytes(), body);
        let bytes = mac.map(|mac| mac.finalize().into_bytes());
        format!(
            "v1,{}",
            bytes.map_or_else(String::new, |bytes| STANDARD.encode(bytes))
        )
    }

    /// Whether this is the signature of the message, compared in constant time.
    pub(crate) fn signed(&self, id: &[u8], timestamp: &[u8], body: &[u8], tag: &[u8]) -> bool {
        self.mac(id, timestamp, body)
            .is_some_and(|mac| mac.verify_slice(tag).is_ok())
    }

    /// HMAC takes keys of any length, so there always is one.
    fn mac(&self, id: &[u8], timestamp: &[u8], body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).ok()?;
        for part in [id, b".", timestamp, b".", body] {
            mac.update(part);
        }
        Some(mac)
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i_20_what_is_no_secret_is_refused_and_not_shown() {
        for (text, wanted) in [
            ("whsec_", SecretError::Length(0)),
            ("whsec_c2hvcnQ=", SecretError::Length(5)),
            ("whsec_not base64", SecretError::NotBase64),
        ] {
            let error = SigningSecret::parse(&Secret::new(text)).unwrap_err();
            assert_eq!(error, wanted);
        }
        let long = Secret::new(STANDARD.encode([7; 65]));
        assert_eq!(
            SigningSecret::parse(&long).unwrap_err(),
            SecretError::Length(65)
        );
    }
}
