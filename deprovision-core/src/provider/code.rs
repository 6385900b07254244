//! Code that calls an API: finding it, and proposing its removal.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::catalog::Api;
use crate::id::ApiId;
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::provider::{Outcome, ProviderError};
use crate::resource::RepositoryId;
use crate::time::{Period, Timestamp};

/// A text that marks code as a caller of the API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Marker {
    /// The text, found exactly as it stands.
    pub text: String,
    /// Where it comes from, for a person: `host`, `route`, `operation id`.
    pub origin: String,
}

impl Marker {
    /// A marker.
    #[must_use]
    pub fn new(text: impl Into<String>, origin: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            origin: origin.into(),
        }
    }
}

/// What a reference is.
///
/// A test, a manifest, a setting or a document is that whatever the line in it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReferenceKind {
    /// Source code that calls: the marker is the name, or stands in the arguments, of a call.
    Call,
    /// A string in source code that no call on its line takes.
    String,
    /// Source code of which no more is known.
    Code,
    /// A comment in source code.
    Comment,
    /// A test.
    Test,
    /// Prose.
    Document,
    /// Configuration.
    Configuration,
    /// A dependency in a manifest.
    Dependency,
}

impl ReferenceKind {
    /// For a person.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::String => "string",
            Self::Code => "code",
            Self::Comment => "comment",
            Self::Test => "test",
            Self::Document => "document",
            Self::Configuration => "configuration",
            Self::Dependency => "dependency",
        }
    }
}

/// Where the text of a file comes from, and so where a reference in it is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Provenance {
    /// People wrote it here.
    #[default]
    Written,
    /// It was copied in from elsewhere: update it there.
    Vendored,
    /// A program wrote it: change what it was made from.
    Generated,
}

impl Provenance {
    /// For a person.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Vendored => "vendored",
            Self::Generated => "generated",
        }
    }
}

/// How sure it is that a reference means the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Confidence {
    /// The text is there; it may mean something else.
    Low,
    /// It most likely means the API.
    #[default]
    Medium,
    /// Hardly anything else can be meant.
    High,
}

impl Confidence {
    /// For a person.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Whom to ask about the place of a reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CodeOwner {
    /// Those whom the repository names for the file (`CODEOWNERS`), as it names them.
    Named(Vec<String>),
    /// Nobody is named; this is who changed the file last, with the address.
    LastAuthor(String),
}

/// One place in a repository that names the API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Reference {
    /// The file, relative to the repository, with `/`.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
    /// The column in bytes, counted from 1.
    pub column: u64,
    /// Which API.
    pub api: ApiId,
    /// What was found.
    pub marker: Marker,
    /// What it is.
    pub kind: ReferenceKind,
    /// Where the file comes from.
    #[serde(default)]
    pub provenance: Provenance,
    /// How sure it is that the API is meant.
    #[serde(default)]
    pub confidence: Confidence,
    /// Whom to ask; nothing when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<CodeOwner>,
}

impl Reference {
    /// A reference in a file that people wrote, of medium confidence, with no owner known.
    #[must_use]
    pub fn new(
        api: ApiId,
        file: impl Into<String>,
        line: u64,
        column: u64,
        marker: Marker,
        kind: ReferenceKind,
    ) -> Self {
        Self {
            file: file.into(),
            line,
            column,
            api,
            marker,
            kind,
            provenance: Provenance::default(),
            confidence: Confidence::default(),
            owner: None,
        }
    }
}

/// A file that named the API in some version, now or before.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PastReference {
    /// The file, relative to the repository, with `/`.
    pub file: String,
    /// Which API.
    pub api: ApiId,
    /// What was found.
    pub marker: Marker,
    /// The version that brought it, the first one.
    pub added: VersionSeen,
    /// The version that took it away, the last one; nothing when some branch still has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<VersionSeen>,
}

impl PastReference {
    /// A reference that some version brought.
    #[must_use]
    pub fn new(file: impl Into<String>, api: ApiId, marker: Marker, added: VersionSeen) -> Self {
        Self {
            file: file.into(),
            api,
            marker,
            added,
            removed: None,
        }
    }
}

/// A version of a repository, and who made it when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct VersionSeen {
    /// Its id: that of a commit.
    pub id: String,
    /// Who made it, with the address.
    pub author: String,
    /// When it was made.
    pub at: Timestamp,
}

impl VersionSeen {
    /// A version.
    pub fn new(id: impl Into<String>, author: impl Into<String>, at: Timestamp) -> Self {
        Self {
            id: id.into(),
            author: author.into(),
            at,
        }
    }
}

/// How far a reviewable change has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "a change that is neither open nor merged must be decided"
)]
pub enum ChangeState {
    /// There is no change, and one is needed.
    Absent,
    /// It is proposed and waits for people.
    Proposed {
        /// Where: a branch, the address of a pull request.
        at: String,
        /// What it still leaves to be done by hand, for a person.
        left: Vec<String>,
    },
    /// It is proposed, and can not be merged as it is: it is to be proposed again.
    Conflicting {
        /// Where: a branch, the address of a pull request.
        at: String,
        /// With what.
        why: String,
    },
    /// It is proposed, and not all that belongs to it was done: whoever did it was stopped.
    /// It is to be proposed again, which completes it.
    Unfinished {
        /// Where: a branch, the address of a pull request.
        at: String,
        /// What is missing.
        why: String,
    },
    /// A person closed it without merging it. Nothing is proposed again until a person
    /// reopens it, or it is withdrawn.
    Declined {
        /// Where: the address of a pull request.
        at: String,
    },
    /// The default version has it, or never needed it.
    Merged {
        /// The commit or version in which it was seen.
        at: String,
    },
    /// The default version has it, and a change that takes it back is proposed.
    Reverting {
        /// Where: a branch, the address of a pull request.
        at: String,
    },
}

/// Finds references.
///
/// # Behaviour
/// What every implementation keeps:
/// - Every line with a marker is found, whatever the file's encoding; what can
///   not be read makes the answer partial.
/// - Nothing outside the repository is read.
/// - Every reference names the API that was asked for.
/// - `references_to_all` says of each API what `references` says of it.
#[async_trait]
pub trait CodeSearch: Send + Sync {
    /// All references to the API in the default version of the repository.
    async fn references(
        &self,
        repository: &RepositoryId,
        api: &Api,
    ) -> Result<Observation<Vec<Reference>>, ProviderError>;

    /// All references to each of the APIs, by API. The default asks for one after the
    /// other; who can look for all of them at once should.
    async fn references_to_all(
        &self,
        repository: &RepositoryId,
        apis: &[Api],
    ) -> Result<BTreeMap<ApiId, Observation<Vec<Reference>>>, ProviderError> {
        let mut all = BTreeMap::new();
        for api in apis {
            all.insert(api.id.clone(), self.references(repository, api).await?);
        }
        Ok(all)
    }
}

/// Finds what was there once: in any version, on any branch.
///
/// # Behaviour
/// What every implementation keeps:
/// - What the default version holds is in the answer, and so is what it held before.
/// - A history that is not all there makes the answer partial.
#[async_trait]
pub trait CodeHistory: Send + Sync {
    /// Every file that ever named the API.
    async fn past_references(
        &self,
        repository: &RepositoryId,
        api: &Api,
    ) -> Result<Observation<Vec<PastReference>>, ProviderError>;
}

/// What a removal is to do: which API goes, and what comes instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Removal {
    /// The API that goes.
    pub api: Api,
    /// The API that comes instead.
    pub successor: Option<Api>,
}

impl Removal {
    /// A removal.
    #[must_use]
    pub fn new(api: Api, successor: Option<Api>) -> Self {
        Self { api, successor }
    }
}

/// How long changes take at the least, by what their provider allows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// From the first call to the last.
    pub at_least: Period,
    /// Which limits, for a person.
    pub why: String,
}

impl Pace {
    /// A pace.
    #[must_use]
    pub fn new(at_least: Period, why: impl Into<String>) -> Self {
        Self {
            at_least,
            why: why.into(),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.at_least.as_seconds().div_ceil(60);
        let (hours, minutes) = (minutes / 60, minutes % 60);
        write!(f, "at least {hours} h {minutes} min by {}", self.why)
    }
}

/// Reads how far the removal of references has come.
#[async_trait]
pub trait ChangeObserver: Send + Sync {
    /// How far the removal has come. `Merged` when the default version has no reference left.
    async fn change(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
    ) -> Result<Observation<ChangeState>, ProviderError>;
}

/// Proposes the removal of references as a reviewable change; never writes to
/// the default branch.
///
/// # Behaviour
/// What every implementation keeps:
/// - `propose` twice is `propose` once: the change is found again by its branch.
/// - The change holds the removal and nothing else, on top of the default branch as it is.
/// - The user's working tree, index and current branch stay as they are.
/// - What can not be removed surely stays, and [`ChangeState::Proposed`] lists it.
/// - Where a judge is set up (a build, tests), a change that it does not accept is not
///   proposed: the outcome is [`Outcome::NotDone`] and says what the judge said.
/// - `withdraw` removes what `propose` made, and nothing else.
#[async_trait]
pub trait ChangeProposer: Send + Sync {
    /// Proposes the removal.
    async fn propose(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError>;

    /// Withdraws the proposal; one that is merged already is reverted by a change of its own.
    async fn withdraw(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError>;

    /// How long so many proposals take, one a repository, by the provider's limits: for
    /// whoever approves them. `None` where nothing limits them but the work itself.
    fn pace(&self, _proposals: u64) -> Option<Pace> {
        None
    }
}
