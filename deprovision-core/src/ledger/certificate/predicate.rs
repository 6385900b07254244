//! What a certificate says of a retirement.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{ApiId, PersonId, RetirementId};
use crate::ledger::certificate::{
    ActionFact, ApprovalFact, ArchiveFact, LogState, ObjectionFact, WaiverFact,
};
use crate::time::Timestamp;

/// Under which rules: digests of what the log holds in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Basis {
    /// The policy's digest.
    pub policy: Digest,
    /// The pipeline's digest.
    pub pipeline: Digest,
    /// The plan's digest: what the approvals are bound to.
    pub plan: Digest,
}

impl Basis {
    /// The three digests.
    #[must_use]
    pub fn new(policy: Digest, pipeline: Digest, plan: Digest) -> Self {
        Self {
            policy,
            pipeline,
            plan,
        }
    }
}

/// What happened, from proposal to retirement. In JSON, names are in camelCase
/// and moments in RFC 3339 with a `Z`, as in-toto asks of predicates; readers ignore
/// fields they do not know.
///
/// ```
/// use deprovision_core::digest::Digest;
/// use deprovision_core::ledger::certificate::{Basis, LogState, RetirementPredicate};
/// # use deprovision_core::id::{ApiId, PersonId, RetirementId};
/// # fn facts() -> Result<(), Box<dyn std::error::Error>> {
/// let stream = RetirementId::parse("orders-v1")?;
/// let log = LogState::of(&stream, &[])?;
/// let digest = Digest::of_bytes(b"policy.toml");
/// let mut facts = RetirementPredicate::new(
///     ApiId::parse("orders-v1")?,
///     "Orders, version 1",
///     stream,
///     PersonId::parse("dana@example.com")?,
///     "2027-01-01T00:00:00Z".parse()?,
///     "2027-03-01T00:00:00Z".parse()?,
///     Basis::new(digest, digest, digest),
///     log,
/// );
/// facts.not_promised.push("traffic that no source records".into());
/// # Ok(())
/// # }
/// # facts().unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RetirementPredicate {
    /// Which API.
    pub api: ApiId,
    /// Its name for people.
    pub title: String,
    /// Which retirement; also the name of its stream.
    pub retirement: RetirementId,
    /// Who proposed it.
    pub proposer: PersonId,
    /// When it was proposed.
    pub proposed_at: Timestamp,
    /// When everything was verified.
    pub retired_at: Timestamp,
    /// Under which rules.
    pub basis: Basis,
    /// Who approved.
    #[serde(default)]
    pub approvals: Vec<ApprovalFact>,
    /// Who objected.
    #[serde(default)]
    pub objections: Vec<ObjectionFact>,
    /// Which grants stay, by whose word and until when (invariant I-6).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<WaiverFact>,
    /// What was done.
    #[serde(default)]
    pub actions: Vec<ActionFact>,
    /// What is kept.
    #[serde(default)]
    pub archives: Vec<ArchiveFact>,
    /// What this certificate does not say: gaps of the evidence, limits of the
    /// providers. Read it before relying on the rest.
    #[serde(default)]
    pub not_promised: Vec<String>,
    /// The log that all of this is read from.
    pub log: LogState,
}

impl RetirementPredicate {
    /// The facts every retirement has. The lists are empty; fill in what there is.
    #[must_use]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is required, and all but the moments are of different types"
    )]
    pub fn new(
        api: ApiId,
        title: impl Into<String>,
        retirement: RetirementId,
        proposer: PersonId,
        proposed_at: Timestamp,
        retired_at: Timestamp,
        basis: Basis,
        log: LogState,
    ) -> Self {
        Self {
            api,
            title: title.into(),
            retirement,
            proposer,
            proposed_at,
            retired_at,
            basis,
            approvals: Vec::new(),
            objections: Vec::new(),
            waivers: Vec::new(),
            actions: Vec::new(),
            archives: Vec::new(),
            not_promised: Vec::new(),
            log,
        }
    }
}
