//! Code that calls an API: finding it, and proposing its removal.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::catalog::Api;
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::provider::{Outcome, ProviderError};
use crate::resource::RepositoryId;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReferenceKind {
    /// Source code.
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
    /// What was found.
    pub marker: Marker,
    /// What it is.
    pub kind: ReferenceKind,
}

impl Reference {
    /// A reference.
    #[must_use]
    pub fn new(
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
            marker,
            kind,
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
#[async_trait]
pub trait CodeSearch: Send + Sync {
    /// All references to the API in the default version of the repository.
    async fn references(
        &self,
        repository: &RepositoryId,
        api: &Api,
    ) -> Result<Observation<Vec<Reference>>, ProviderError>;
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
}
