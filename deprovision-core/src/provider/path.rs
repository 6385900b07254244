//! The ways in: announcing, browning out, closing and reopening them, and
//! probing them from outside.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::provider::{Outcome, PathAbilities, ProviderError};
use crate::resource::AccessPathId;
use crate::time::Timestamp;

/// What callers are told while the path is still open: the `Deprecation` header
/// (RFC 9745), the `Sunset` header (RFC 8594) and links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SunsetNotice {
    /// Since when it is deprecated.
    pub deprecated_at: Timestamp,
    /// When it will end; never before `deprecated_at` (RFC 9745, section 4).
    pub sunset: Option<Timestamp>,
    /// The successor's URL (`rel="successor-version"`, RFC 5829).
    pub successor: Option<String>,
    /// Where people read about it (`rel="deprecation"`).
    pub documentation: Option<String>,
}

impl SunsetNotice {
    /// A notice with a date of deprecation alone.
    #[must_use]
    pub fn new(deprecated_at: Timestamp) -> Self {
        Self {
            deprecated_at,
            sunset: None,
            successor: None,
            documentation: None,
        }
    }
}

/// What callers are told by a closed path: 410 Gone with a problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GoneNotice {
    /// The API's name for people.
    pub title: String,
    /// The successor's URL.
    pub successor: Option<String>,
    /// Where people read about it.
    pub documentation: Option<String>,
}

impl GoneNotice {
    /// A notice with a name alone.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            successor: None,
            documentation: None,
        }
    }
}

/// How an access path is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "a path that is neither open nor closed nor browned out has to be decided everywhere"
)]
pub enum PathState {
    /// Requests are served.
    Open {
        /// What callers are told.
        notice: Option<SunsetNotice>,
    },
    /// Requests are answered 410 until a moment, then served again by itself.
    BrownOut {
        /// When it ends.
        until: Timestamp,
        /// What callers are told before and after.
        notice: Option<SunsetNotice>,
    },
    /// Requests are answered 410.
    Closed {
        /// What callers are told.
        notice: GoneNotice,
    },
}

/// Reads how access paths are set, and what they can.
///
/// # Behaviour
/// What every implementation keeps (`conformance::access_path` checks it):
/// - A brown-out that is over is `Open`, with the notice that it had.
/// - A path that is not there is an error of the kind `NotFound`, never open.
/// - What a path says it can, `set` does. What it says it can not, `set` refuses as
///   `Unsupported`, and nothing changes.
/// - The abilities of a path that nobody changed are the same in every word, however
///   it is set: what it can not do stands in plans, which are approved by digest.
#[async_trait]
pub trait AccessPathObserver: Send + Sync {
    /// How the path is set now. A brown-out that is over is `Open`.
    async fn path(&self, id: &AccessPathId) -> Result<Observation<PathState>, ProviderError>;

    /// What the path can, for whoever plans to do it.
    async fn abilities(
        &self,
        id: &AccessPathId,
    ) -> Result<Observation<PathAbilities>, ProviderError>;
}

/// Sets access paths.
///
/// # Behaviour
/// What every implementation keeps (`conformance::access_path` checks it):
/// - `set` is absorbing, and `path` shows it afterwards, for all that the path
///   [can](AccessPathObserver::abilities).
/// - Setting one path changes no other.
/// - A closed path answers 410 with a problem document, whatever the credential;
///   an open one serves as if nothing had ever been.
/// - A path that is open with a notice serves as before, and its answers carry
///   the notice as `Deprecation`, `Sunset` and `Link`.
/// - A browned-out path answers as a closed one does, and serves again by itself
///   when it is over.
/// - A notice whose sunset is earlier than its deprecation, and a URL that could
///   forge a header, are refused as `Invalid`; nothing changes.
/// - Setting a path that is not there is refused as `NotFound`.
/// - A service that can not tell notices, or brown out, refuses such a state as
///   `Unsupported`; nothing changes.
#[async_trait]
pub trait AccessPath: Send + Sync {
    /// Sets the path.
    async fn set(
        &self,
        id: &AccessPathId,
        state: &PathState,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError>;
}

/// What a probe from outside got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "what counts as closed is decided here and nowhere else (invariant I-5)"
)]
pub enum ProbeAnswer {
    /// 410 with a problem document: closed as agreed.
    Gone,
    /// Any other answer (also 401, 403, 429 and 5xx): not closed as agreed.
    Other {
        /// The HTTP status.
        status: u16,
    },
    /// No answer: a time-out, a refused connection. Says nothing.
    None {
        /// Why.
        why: String,
    },
}

/// What a probe of one face got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FaceProbe {
    /// What was asked: a method and a URL.
    pub request: String,
    /// What came back.
    pub answer: ProbeAnswer,
}

impl FaceProbe {
    /// One probe.
    #[must_use]
    pub fn new(request: impl Into<String>, answer: ProbeAnswer) -> Self {
        Self {
            request: request.into(),
            answer,
        }
    }
}

/// Calls an access path as a stranger would, over the network.
///
/// # Behaviour
/// What every implementation keeps (`conformance::path_probe` checks it):
/// - Every host, stage and alias of the path is probed, each on its own.
/// - A path with nothing to probe is unknown, never closed.
/// - Only a 410 with a problem document is `Gone`: not a bare 410, not 401, 403,
///   404, 429 or 5xx with or without a problem document, not a redirect (which
///   is not followed), and not silence (invariant I-5).
#[async_trait]
pub trait PathProbe: Send + Sync {
    /// Probes every face of the path.
    async fn probe(&self, id: &AccessPathId) -> Result<Observation<Vec<FaceProbe>>, ProviderError>;
}
