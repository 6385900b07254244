//! Who makes links, and reads them.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::answer::{AnswerKind, AnswerTicket, TicketError};
use crate::digest::Digest;
use crate::id::{PersonId, RetirementId, StepId};
use crate::provider::AnswerLinks;
use crate::resource::NoticeId;
use crate::secret::Secret;
use crate::time::{Period, Timestamp};

/// The shortest key, in bytes: as long as what it signs with (RFC 2104, section 3).
const SHORTEST: usize = 32;
/// No link of ours is longer.
const LONGEST: usize = 8 * 1024;

/// What links are signed with. Whoever has it can answer as anybody.
#[derive(Debug, Clone)]
pub struct AnswerKey(Secret);

/// Why a desk can not be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerDeskError {
    /// The key can be guessed.
    #[error("the key has {0} bytes; make one of at least 32 random bytes")]
    ShortKey(usize),
    /// The address is no place on the web.
    #[error("{0:?} is no address for answers: write https://host/path, without ? and #")]
    Address(String),
}

impl AnswerKey {
    /// A key.
    ///
    /// # Errors
    /// [`AnswerDeskError::ShortKey`] below 32 bytes.
    pub fn new(key: Secret) -> Result<Self, AnswerDeskError> {
        match key.expose().len() {
            short if short < SHORTEST => Err(AnswerDeskError::ShortKey(short)),
            _ => Ok(Self(key)),
        }
    }

    fn mac(&self, text: &str) -> Option<Hmac<Sha256>> {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.expose().as_bytes());
        // Every length is a key.
        let mut mac = mac.ok()?;
        mac.update(b"deprovision/answer/v1\n");
        mac.update(text.as_bytes());
        Some(mac)
    }
}

/// Makes the links in notices, and reads those that come back.
///
/// A link holds what it is good for (which retirement, notice and person, what they may
/// say, until when), signed with HMAC-SHA256 (RFC 2104). Nothing is kept for it: that it
/// counts once is for the log, which refuses the second answer of one name.
///
/// **Opening a link must not answer.** Mail programs and scanners open links before any
/// person does: show a page, and answer when its form is sent (`POST`).
///
/// ```
/// use deprovision_core::answer::{AnswerDesk, AnswerKey, AnswerKind};
/// use deprovision_core::secret::Secret;
/// use deprovision_core::time::Timestamp;
///
/// let key = AnswerKey::new(Secret::new("a key of at least 32 random bytes"))?;
/// let desk = AnswerDesk::new("https://apis.example.com/answer", key)?;
/// let now = Timestamp::now();
/// let notice = "outbox:shop:local:orders-v1/announcement/dana".parse()?;
/// let links = desk.links(&"orders-v1".parse()?, &"dana".parse()?, &notice, now);
///
/// let (_, token) = links.object.split_once("?token=").unwrap_or_default();
/// let ticket = desk.read(token, now)?;
/// assert_eq!(ticket.kind, AnswerKind::Object);
/// assert_eq!(ticket.person.as_str(), "dana");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct AnswerDesk {
    address: String,
    key: AnswerKey,
    old: Vec<AnswerKey>,
    lasts: Period,
}

impl fmt::Debug for AnswerDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerDesk")
            .field("address", &self.address)
            .field("lasts", &self.lasts)
            .finish_non_exhaustive()
    }
}

impl AnswerDesk {
    /// How long a link is good where nothing else is said; in notices, from the promised
    /// end.
    pub const LASTS: Period = Period::days(30);

    /// A desk whose page is at this address. The token is the parameter `token` of its
    /// query: keep queries out of the access log of that page, and send it with
    /// `Referrer-Policy: no-referrer`.
    ///
    /// # Errors
    /// [`AnswerDeskError::Address`] when it is no plain `https` address (or `http` on
    /// this machine).
    pub fn new(address: impl Into<String>, key: AnswerKey) -> Result<Self, AnswerDeskError> {
        let address = address.into();
        let rest = address.strip_prefix("https://");
        let rest = rest.or_else(|| {
            let rest = address.strip_prefix("http://")?;
            let host = rest.split(['/', ':']).next()?;
            ["localhost", "127.0.0.1"].contains(&host).then_some(rest)
        });
        let plain = |text: &str| {
            let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~/:%".contains(&b);
            !text.is_empty() && !text.starts_with('/') && text.bytes().all(allowed)
        };
        if !rest.is_some_and(plain) {
            return Err(AnswerDeskError::Address(address));
        }
        Ok(Self {
            address,
            key,
            old: Vec::new(),
            lasts: Self::LASTS,
        })
    }

    /// With links that are good for so long.
    #[must_use]
    pub fn lasting(mut self, lasts: Period) -> Self {
        self.lasts = lasts;
        self
    }

    /// Reading also what another key signed: while keys are changed.
    #[must_use]
    pub fn accepting(mut self, old: AnswerKey) -> Self {
        self.old.push(old);
        self
    }

    /// The links for one person in one notice. The same ones each time they are made
    /// from the same moment.
    #[must_use]
    pub fn links(
        &self,
        retirement: &RetirementId,
        person: &PersonId,
        notice: &NoticeId,
        from: Timestamp,
    ) -> AnswerLinks {
        let link = |kind| self.link(retirement, person, notice, kind, from);
        AnswerLinks::new(
            link(AnswerKind::Acknowledge),
            link(AnswerKind::Object),
            link(AnswerKind::MoreTime),
        )
    }

    /// A link by which one person approves a plan, or an irreversible step of it.
    #[must_use]
    pub fn approval(
        &self,
        retirement: &RetirementId,
        person: &PersonId,
        notice: &NoticeId,
        (plan, step): (Digest, Option<StepId>),
        from: Timestamp,
    ) -> String {
        let kind = AnswerKind::Approve { plan, step };
        self.link(retirement, person, notice, kind, from)
    }

    fn link(
        &self,
        retirement: &RetirementId,
        person: &PersonId,
        notice: &NoticeId,
        kind: AnswerKind,
        from: Timestamp,
    ) -> String {
        let ticket = AnswerTicket {
            retirement: retirement.clone(),
            person: person.clone(),
            notice: notice.clone(),
            kind,
            expires: self.lasts.after(from),
        };
        // Ids and moments can always be written.
        let text = serde_json::to_string(&ticket).unwrap_or_default();
        let body = BASE64_URL_SAFE_NO_PAD.encode(&text);
        let signature = self.key.mac(&body).map(|mac| mac.finalize().into_bytes());
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature.unwrap_or_default());
        format!("{}?token={body}.{signature}", self.address)
    }

    /// Reads the token of a link. It answers nothing yet.
    ///
    /// # Errors
    /// [`TicketError`] when it was not made here, was changed, or has expired.
    pub fn read(&self, token: &str, now: Timestamp) -> Result<AnswerTicket, TicketError> {
        if token.len() > LONGEST {
            return Err(TicketError::Forged);
        }
        let (body, signature) = token.trim().split_once('.').ok_or(TicketError::Forged)?;
        let signature = BASE64_URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| TicketError::Forged)?;
        // Compared in constant time, and before anything in it is looked at.
        let keys = std::iter::once(&self.key).chain(&self.old);
        let mut signed = false;
        for key in keys {
            let mac = key.mac(body);
            signed |= mac.is_some_and(|mac| mac.verify_slice(&signature).is_ok());
        }
        if !signed {
            return Err(TicketError::Forged);
        }
        let text = BASE64_URL_SAFE_NO_PAD
            .decode(body)
            .map_err(|_| TicketError::Forged)?;
        let ticket: AnswerTicket =
            serde_json::from_slice(&text).map_err(|_| TicketError::Forged)?;
        if now >= ticket.expires {
            return Err(TicketError::Expired(ticket.expires));
        }
        Ok(ticket)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> AnswerKey {
        AnswerKey::new(Secret::new(text.repeat(32))).unwrap()
    }

    fn desk(key: AnswerKey) -> AnswerDesk {
        AnswerDesk::new("https://apis.example.com/answer", key).unwrap()
    }

    fn token(desk: &AnswerDesk, from: Timestamp) -> String {
        let notice = "outbox:shop:local:orders-v1/announcement/dana"
            .parse()
            .unwrap();
        let (retirement, person) = ("orders-v1".parse().unwrap(), "dana".parse().unwrap());
        let links = desk.links(&retirement, &person, &notice, from);
        links.more_time.split_once("?token=").unwrap().1.to_owned()
    }

    #[test]
    fn a_link_is_good_until_it_expires_and_with_its_key_alone() {
        let now = Timestamp::UNIX_EPOCH;
        let ours = desk(key("k")).lasting(Period::hours(1));
        let token = token(&ours, now);
        let ticket = ours.read(&token, now).unwrap();
        assert_eq!(ticket.kind, AnswerKind::MoreTime);
        let end = Period::hours(1).after(now);
        assert_eq!(ours.read(&token, end), Err(TicketError::Expired(end)));
        let new = desk(key("n"));
        assert_eq!(new.read(&token, now), Err(TicketError::Forged));
        assert_eq!(new.accepting(key("k")).read(&token, now), Ok(ticket));
    }

    #[test]
    fn i_20_neither_the_key_nor_a_link_is_shown() {
        let desk = desk(key("hunter2"));
        assert!(!format!("{desk:?} {:?}", desk.key).contains("hunter2"));
        let notice = "outbox:shop:local:n".parse().unwrap();
        let (retirement, person) = ("orders-v1".parse().unwrap(), "dana".parse().unwrap());
        let links = desk.links(&retirement, &person, &notice, Timestamp::UNIX_EPOCH);
        assert!(!format!("{links:?}").contains(&links.object));
    }

    #[test]
    fn a_key_that_can_be_guessed_and_an_address_that_is_none_are_refused() {
        assert!(AnswerKey::new(Secret::new("short")).is_err());
        for bad in [
            "",
            "apis.example.com",
            "http://apis.example.com",
            "https://",
            "https:///x",
            "https://a/x?y",
            "https://a/x#y",
            "https://a/<script>",
            "https://u@a/x",
            "javascript:alert(1)",
        ] {
            assert!(AnswerDesk::new(bad, key("k")).is_err(), "{bad}");
        }
        assert!(AnswerDesk::new("http://localhost:8080/answer", key("k")).is_ok());
    }

    proptest! {
        #[test]
        fn nothing_but_what_was_signed_is_read(
            at in any::<prop::sample::Index>(),
            bit in 0_u8..7,
            any in ".{0,200}",
        ) {
            let desk = desk(key("k"));
            let now = Timestamp::UNIX_EPOCH;
            let good = token(&desk, now);
            let mut bytes = good.clone().into_bytes();
            let index = at.index(bytes.len());
            bytes[index] ^= 1 << bit;
            let changed = String::from_utf8_lossy(&bytes);
            if changed.trim() != good {
                prop_assert_eq!(desk.read(&changed, now), Err(TicketError::Forged));
            }
            prop_assert!(desk.read(&good[..index], now).is_err(), "cut off");
            prop_assert!(desk.read(&any, now).is_err());
        }
    }
}
