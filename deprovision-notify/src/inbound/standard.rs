//! Webhooks that are signed by Standard Webhooks.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deprovision_core::time::Clock;

use super::error::InboundError;
use super::fields::{moment, needed, read, whole};
use super::seen::{CAPACITY, Fresh, Seen};
use crate::webhook::SigningSecret;

/// Verifies webhooks that are signed by Standard Webhooks, version `v1`
/// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
///
/// # Behaviour
/// - A request whose time is more than five minutes from now, before or after, is refused.
/// - Any of the signatures may be by any of the secrets, so that both sides can change
///   theirs. Signatures of other versions are passed over.
/// - A `webhook-id` that was handled is refused for as long as its signature is good.
///   What was seen is kept in memory: after a restart, a request of the last five minutes
///   is let in again, so what handles it should bear that.
/// - Nothing is remembered of a request that is not genuine.
///
/// ```
/// use std::sync::Arc;
/// use deprovision_core::secret::Secret;
/// use deprovision_core::time::ManualClock;
/// use deprovision_notify::{InboundError, SigningSecret, WebhookVerifier};
///
/// let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
/// let clock = ManualClock::starting_at("2021-02-25T15:03:00Z".parse()?);
/// let verifier = WebhookVerifier::new([SigningSecret::parse(&secret)?], Arc::new(clock));
///
/// let headers = [
///     ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
///     ("webhook-timestamp", "1614265330"),
///     ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
/// ];
/// let body = br#"{"test": 2432232314}"#;
/// verifier.verify(headers, body)?.handled();
/// assert_eq!(verifier.verify(headers, body).unwrap_err(), InboundError::Replayed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WebhookVerifier {
    secrets: Vec<SigningSecret>,
    clock: Arc<dyn Clock>,
    seen: Seen,
}

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";
/// The longest id that is looked at, in bytes.
const MAX_ID: usize = 256;
/// How many signatures are looked at.
const MAX_SIGNATURES: usize = 16;
/// The length of a signature, in bytes.
const TAG: usize = 32;

impl WebhookVerifier {
    /// Believes whoever signs with one of these secrets. Without any, nobody.
    pub fn new(secrets: impl IntoIterator<Item = SigningSecret>, clock: Arc<dyn Clock>) -> Self {
        Self {
            secrets: secrets.into_iter().collect(),
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

    /// Verifies a request: its headers, and its body as it came.
    ///
    /// # Errors
    /// [`InboundError`] says why it is not believed.
    pub fn verify<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        &self,
        headers: impl IntoIterator<Item = (K, V)>,
        body: &[u8],
    ) -> Result<Fresh, InboundError> {
        let names = [ID, TIMESTAMP, SIGNATURE, "content-length"];
        let [id, timestamp, signature, length] = read(headers, names)?;
        let id = needed(id, ID)?;
        let timestamp = needed(timestamp, TIMESTAMP)?;
        let signature = needed(signature, SIGNATURE)?;
        // A full stop separates the id from what follows it in what is signed.
        if id.len() > MAX_ID || id.iter().any(|b| !b.is_ascii_graphic() || *b == b'.') {
            return Err(InboundError::Malformed(ID));
        }
        let now = self.clock.now();
        let signed_at = moment(&timestamp, TIMESTAMP, now)?;
        whole(length.as_deref(), body)?;
        self.check(&id, &timestamp, &signature, body)?;
        self.seen.take(&id, signed_at, now)
    }

    fn check(
        &self,
        id: &[u8],
        timestamp: &[u8],
        signature: &[u8],
        body: &[u8],
    ) -> Result<(), InboundError> {
        let mut wrong = InboundError::Forged;
        let all = signature.split(|b| *b == b' ').filter(|s| !s.is_empty());
        for one in all.take(MAX_SIGNATURES) {
            let Some(text) = one.strip_prefix(b"v1,") else {
                continue;
            };
            let Ok(tag) = STANDARD.decode(text) else {
                wrong = InboundError::Malformed(SIGNATURE);
                continue;
            };
            if tag.len() < TAG {
                wrong = InboundError::Truncated;
                continue;
            }
            if self
                .secrets
                .iter()
                .any(|secret| secret.signed(id, timestamp, body, &tag))
            {
                return Ok(());
            }
            wrong = InboundError::Forged;
        }
        Err(wrong)
    }
}

impl fmt::Debug for WebhookVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookVerifier")
            .field("secrets", &self.secrets.len())
            .finish_non_exhaustive()
    }
}
