//! What a notice has to say.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{ApiId, CallerId, RetirementId};
use crate::provider::{FindingFacts, RoleFacts};
use crate::time::{Period, Timestamp};

/// What there is to say of one API to one person. Every text in it may come from
/// anywhere: whoever writes a message guards its own syntax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct NoticeFacts {
    /// Which API.
    pub api: ApiId,
    /// How people call it.
    pub title: String,
    /// In which retirement; none when nobody has proposed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retirement: Option<RetirementId>,
    /// Why it is retired, or called off.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Why this person is told: each of their roles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleFacts>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Timestamp>,
    /// How often its end was moved: the sequence number of a calendar entry.
    #[serde(default)]
    pub moved: u32,
    /// What to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<SuccessorFacts>,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation: Option<String>,
    /// What goes: `GET /v1/orders/{id}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<String>,
    /// The recipient's own calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallFacts>,
    /// The next time at which it does not answer for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brown_out: Option<BrownOutFacts>,
    /// What was found: of an unused API, of what came back, of an owner's APIs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingFacts>,
    /// What the recipient is asked to approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalFacts>,
    /// Where the certificate is, or which one it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Where the recipient can answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<AnswerLinks>,
}

impl NoticeFacts {
    /// That an API is meant, and no more.
    #[must_use]
    pub fn new(api: ApiId, title: impl Into<String>) -> Self {
        Self {
            api,
            title: title.into(),
            retirement: None,
            reason: String::new(),
            roles: Vec::new(),
            ends: None,
            moved: 0,
            successor: None,
            documentation: None,
            routes: Vec::new(),
            calls: Vec::new(),
            brown_out: None,
            findings: Vec::new(),
            approval: None,
            certificate: None,
            links: None,
        }
    }
}

/// What comes instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SuccessorFacts {
    /// Which API.
    pub api: ApiId,
    /// How people call it.
    pub title: String,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

impl SuccessorFacts {
    /// A successor.
    #[must_use]
    pub fn new(api: ApiId, title: impl Into<String>, url: Option<String>) -> Self {
        Self {
            api,
            title: title.into(),
            url,
        }
    }
}

/// How one caller of the recipient's used the API lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CallFacts {
    /// Which caller.
    pub caller: CallerId,
    /// How often.
    pub requests: u64,
    /// When last.
    pub last_seen: Timestamp,
    /// Which routes, the busiest first, where the source tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<String>,
}

impl CallFacts {
    /// The calls of a caller.
    #[must_use]
    pub fn new(caller: CallerId, requests: u64, last_seen: Timestamp) -> Self {
        Self {
            caller,
            requests,
            last_seen,
            routes: Vec::new(),
        }
    }
}

/// When an API does not answer for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BrownOutFacts {
    /// Not before.
    pub not_before: Timestamp,
    /// For how long.
    pub lasts: Period,
}

impl BrownOutFacts {
    /// A brown-out.
    #[must_use]
    pub fn new(not_before: Timestamp, lasts: Period) -> Self {
        Self { not_before, lasts }
    }
}

/// What somebody is asked to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ApprovalFacts {
    /// The digest of the plan: the approval holds for this one alone.
    pub plan: String,
    /// The irreversible step, in words; none for the plan as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What is done, one line an action, but for notices, which are one line: the first
    /// hundred, and of them first what nothing brings back.
    pub actions: Vec<String>,
    /// How many lines there are, listed or not.
    pub count: u64,
    /// How long an approval may be used.
    pub lasts: Period,
}

impl ApprovalFacts {
    /// So many lines are listed.
    pub const LISTED: usize = 100;

    /// That a plan is to be approved.
    #[must_use]
    pub fn new(plan: impl Into<String>, lasts: Period) -> Self {
        Self {
            plan: plan.into(),
            step: None,
            actions: Vec::new(),
            count: 0,
            lasts,
        }
    }
}

/// Where one person answers one notice: each address works once, for them alone, and
/// until it expires. Whoever has it can answer for them: it goes to nobody else, and
/// `Debug` does not show it (invariant I-20).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AnswerLinks {
    /// To say that it was read.
    pub acknowledge: String,
    /// To object, with a reason.
    pub object: String,
    /// To ask for more time.
    pub more_time: String,
    /// To approve the plan; for those who may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approve: Option<String>,
}

impl AnswerLinks {
    /// Addresses to answer at, but for approvals.
    #[must_use]
    pub fn new(
        acknowledge: impl Into<String>,
        object: impl Into<String>,
        more_time: impl Into<String>,
    ) -> Self {
        Self {
            acknowledge: acknowledge.into(),
            object: object.into(),
            more_time: more_time.into(),
            approve: None,
        }
    }
}

impl fmt::Debug for AnswerLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerLinks").finish_non_exhaustive()
    }
}
