//! Requests that Slack signed.

use std::fmt;
use std::sync::Arc;

use deprovision_core::secret::Secret;
use deprovision_core::time::Clock;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::error::InboundError;
use super::fields::{moment, needed, read, whole};
use super::seen::{CAPACITY, Fresh, Seen};

/// Verifies requests that Slack signed, version `v0`
/// (<https://docs.slack.dev/authentication/verifying-requests-from-slack>).
///
/// # Behaviour
/// - A request whose time is more than five minutes from now, before or after, is refused.
/// - Slack names no id: two requests are the same when their signatures are. A request
///   that Slack itself repeats is signed anew, and is a new one.
/// - Slack has one signing secret an app; while it is changed there are two.
/// - What was seen is kept in memory; see [`WebhookVerifier`](super::WebhookVerifier).
pub struct SlackVerifier {
    secrets: Vec<Secret>,
    clock: Arc<dyn Clock>,
    seen: Seen,
}

const TIMESTAMP: &str = "x-slack-request-timestamp";
const SIGNATURE: &str = "x-slack-signature";
/// The length of a signature, in bytes.
const TAG: usize = 32;

impl SlackVerifier {
    /// Believes Slack for the apps with these signing secrets. An empty secret is left out.
    pub fn new(secrets: impl IntoIterator<Item = Secret>, clock: Arc<dyn Clock>) -> Self {
        let usable = |secret: &Secret| !secret.expose().is_empty();
        Self {
            secrets: secrets.into_iter().filter(usable).collect(),
            clock,
            seen: Seen::new(CAPACITY),
        }
    }

    /// Changes how many requests are remembered (100,000 unless told, some 20 MB).
    #[must_use]
    pub fn with_capacity(mut self, requests: usize) -> Self {
        self.seen = Seen::new(requests);
        self
    }

    /// Verifies a request: its headers, and its body as it came, before it is parsed.
    ///
    /// # Errors
    /// [`InboundError`] says why it is not believed.
    pub fn verify<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        headers: impl IntoIterator<Item = (K, V)>,
        body: &[u8],
    ) -> Result<Fresh, InboundError> {
        let names = [TIMESTAMP, SIGNATURE, "content-length"];
        let [timestamp, signature, length] = read(headers, names)?;
        let timestamp = needed(timestamp, TIMESTAMP)?;
        let signature = needed(signature, SIGNATURE)?;
        let now = self.clock.now();
        let signed_at = moment(&timestamp, TIMESTAMP, now)?;
        whole(length.as_deref(), body)?;
        let tag = tag(&signature)?;
        let genuine = self.secrets.iter().any(|secret| {
            mac(secret, &timestamp, body).is_some_and(|mac| mac.verify_slice(&tag).is_ok())
        });
        if !genuine {
            return Err(InboundError::Forged);
        }
        self.seen.take(&tag, signed_at, now)
    }
}

/// HMAC takes keys of any length, so there always is one.
fn mac(secret: &Secret, timestamp: &[u8], body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    for part in [b"v0:".as_slice(), timestamp, b":", body] {
        mac.update(part);
    }
    Some(mac)
}

/// The bytes of `v0=` and 64 hexadecimal digits.
fn tag(signature: &[u8]) -> Result<Vec<u8>, InboundError> {
    let malformed = InboundError::Malformed(SIGNATURE);
    let digits = signature.strip_prefix(b"v0=").ok_or(malformed)?;
    let digit = |b: &u8| {
        char::from(*b)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let digits: Option<Vec<u8>> = digits.iter().map(digit).collect();
    let digits = digits.ok_or(malformed)?;
    if digits.len() < 2 * TAG {
        return Err(InboundError::Truncated);
    }
    let (pairs, rest) = digits.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(malformed);
    }
    Ok(pairs.iter().map(|[high, low]| high * 16 + low).collect())
}

impl fmt::Debug for SlackVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlackVerifier")
            .field("secrets", &self.secrets.len())
            .finish_non_exhaustive()
    }
}
