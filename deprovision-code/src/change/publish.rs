//! Putting a change on its branch, and taking it off.

use deprovision_core::provider::{ErrorKind, Outcome, ProviderError};

use crate::change::{BranchState, ChangeName};
use crate::error::GitError;
use crate::git::{BranchTip, FileEdit, Git, NewCommit};

/// A change to put on its branch.
#[derive(Debug)]
pub(crate) struct Published<'a> {
    pub(crate) name: &'a ChangeName,
    /// On top of which commit.
    pub(crate) base: &'a str,
    pub(crate) edits: &'a [FileEdit],
    /// Subject and text.
    pub(crate) text: &'a str,
    /// More trailers, each with its line's end.
    pub(crate) trailers: &'a str,
    pub(crate) fingerprint: &'a str,
}

/// Makes the commit and moves the branch to it from where it was seen.
///
/// Before the branch moves nothing can be seen of it; afterwards all of it.
pub(crate) async fn publish(
    git: &Git,
    change: &Published<'_>,
    seen: Option<&BranchTip>,
    operation: &str,
) -> Result<Outcome, ProviderError> {
    let branch = change.name.branch();
    guard_users(git, &branch, seen, operation).await?;
    let message = format!(
        "{}\n\n{}{}",
        change.text.trim_end(),
        change.trailers,
        change.name.trailers(change.base, change.fingerprint)
    );
    let commit = git
        .make_commit(&NewCommit {
            base: change.base,
            edits: change.edits,
            message,
        })
        .await
        .map_err(|error| error.in_operation(operation))?;
    let old = seen.map(|tip| tip.commit.as_str());
    if old == Some(commit.as_str()) {
        return Ok(Outcome::done(format!("{branch} at {commit}")));
    }
    match git.move_branch(&branch, &commit, old).await {
        Ok(()) => Ok(Outcome::done(format!("{branch} at {commit}"))),
        Err(error) => settle(git, &branch, Some(&commit), old, error, operation).await,
    }
}

/// Removes the branch, from where it was seen.
pub(crate) async fn retract(
    git: &Git,
    name: &ChangeName,
    seen: &BranchTip,
    operation: &str,
) -> Result<Outcome, ProviderError> {
    let branch = name.branch();
    guard_users(git, &branch, Some(seen), operation).await?;
    match git.delete_branch(&branch, &seen.commit).await {
        Ok(()) => Ok(Outcome::done(format!("{branch} removed"))),
        Err(error) => settle(git, &branch, None, Some(&seen.commit), error, operation).await,
    }
}

/// What came of a move that did not succeed.
async fn settle(
    git: &Git,
    branch: &str,
    wanted: Option<&str>,
    old: Option<&str>,
    error: GitError,
    operation: &str,
) -> Result<Outcome, ProviderError> {
    match &error {
        // It was stopped in the middle, or its answer was lost.
        GitError::TimedOut { .. } | GitError::Io { .. } => {
            return Ok(Outcome::unknown(format!(
                "{branch} may or may not have moved: {error}"
            )));
        }
        GitError::Missing { .. } | GitError::Failed { .. } | GitError::Unexpected { .. } => {}
    }
    let now = match git.tip(branch).await {
        Ok(tip) => tip.map(|tip| tip.commit),
        Err(again) => {
            return Ok(Outcome::unknown(format!(
                "{branch} may or may not have moved: {again}"
            )));
        }
    };
    if now.as_deref() == wanted {
        return Ok(Outcome::done(format!("{branch} is as wanted")));
    }
    let (kind, advice) = if now.as_deref() == old {
        (
            ErrorKind::Transient,
            format!(
                "{branch} could not be moved; if a file {branch}.lock stays in the repository's refs, remove it"
            ),
        )
    } else {
        (
            ErrorKind::Conflict,
            format!("{branch} was moved by somebody else meanwhile; try again"),
        )
    };
    Err(ProviderError::new(kind, operation, advice).with_source(error))
}

/// Nobody's current branch may move below them.
async fn guard_users(
    git: &Git,
    branch: &str,
    seen: Option<&BranchTip>,
    operation: &str,
) -> Result<(), ProviderError> {
    let fail = |place: &str| {
        Err(ProviderError::new(
            ErrorKind::Conflict,
            operation,
            format!("{branch} is checked out in {place}; switch to another branch there"),
        ))
    };
    if let Some(place) = seen.and_then(|tip| tip.checked_out.as_deref()) {
        return fail(place);
    }
    let head = git
        .head_branch()
        .await
        .map_err(|error| error.in_operation(operation))?;
    if head.as_deref() == Some(branch) {
        return fail("the working copy");
    }
    Ok(())
}

impl BranchState {
    /// The refusal for a branch that we must not touch.
    pub(crate) fn foreign(name: &ChangeName, tip: &BranchTip, operation: &str) -> ProviderError {
        ProviderError::new(
            ErrorKind::Conflict,
            operation,
            format!(
                "the branch {} holds {}, which was not made here; rename or remove that branch",
                name.branch(),
                tip.commit
            ),
        )
    }
}
