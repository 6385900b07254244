//! What would be proposed, to look at before anything is.

use std::time::{Duration, Instant};

use deprovision_core::provider::{ErrorKind, ProviderError, Removal};
use deprovision_core::resource::RepositoryId;

use crate::code::{GitCode, Look};
use crate::error::GitError;
use crate::git::{Git, NewCommit, printable};
use crate::removal::plan::RemovalPlan;
use crate::removal::{Ground, RemovalSettings, Verdict, judge, plan_removal};

/// What a removal would change, what it would leave, and what the judge says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemovalPreview {
    /// For `git apply`; empty when nothing can be removed by rule. It has the bytes of
    /// the files, which may be no UTF-8.
    pub patch: Vec<u8>,
    /// The files that change.
    pub files: Vec<String>,
    /// How many lines change.
    pub lines: usize,
    /// What a person has to do, each with its file and line after the change.
    pub left: Vec<String>,
    /// What the judge says, when there is one and something changes.
    pub verdict: Option<Verdict>,
}

impl GitCode {
    /// What `propose` would do: the patch, what is left to people, and the judge's
    /// verdict. No branch is made or moved.
    ///
    /// # Errors
    /// [`ProviderError`] when the repository can not be read, or nothing is known of it
    /// (kind `Invalid`).
    pub async fn preview(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
    ) -> Result<RemovalPreview, ProviderError> {
        const OPERATION: &str = "preview of a removal";
        let failed = |error: GitError| error.in_operation(OPERATION);
        let git = self.git(repository, OPERATION)?;
        let look = self.look_for(git, repository, removal, OPERATION).await?;
        let look = look.map_err(|why| ProviderError::new(ErrorKind::Invalid, OPERATION, why))?;
        let plan = self.planned(git, &look, removal).await.map_err(failed)?;
        let mut patch = Vec::new();
        let mut verdict = None;
        if !plan.edits.is_empty() {
            let commit = git
                .make_commit(&NewCommit {
                    base: &look.default,
                    edits: &plan.edits,
                    message: "a preview\n\n".to_owned(),
                })
                .await
                .map_err(failed)?;
            patch = git.diff(&look.default, &commit).await.map_err(failed)?;
            verdict = judged(self.settings(), git, &look, &plan, Duration::MAX).await;
        }
        Ok(RemovalPreview {
            patch,
            files: plan.edits.iter().map(|e| printable(&e.path)).collect(),
            lines: plan.lines,
            left: plan.left,
            verdict,
        })
    }

    /// The plan for what was found.
    pub(crate) async fn planned(
        &self,
        git: &Git,
        look: &Look,
        removal: &Removal,
    ) -> Result<RemovalPlan, GitError> {
        let ground = Ground {
            git,
            commit: &look.default,
            found: &look.found,
            scanner: &look.scanner,
            left_out: &look.left_out,
            cache: &self.cache,
        };
        plan_removal(&ground, removal, self.settings()).await
    }

    /// Why the judge does not let the plan be proposed; nothing when it does, or when
    /// there is none.
    pub(crate) async fn objection(
        &self,
        git: &Git,
        look: &Look,
        plan: &RemovalPlan,
        end: Instant,
    ) -> Option<String> {
        // Some of the time is for the branch.
        let time = end.saturating_duration_since(Instant::now()) / 10 * 9;
        match judged(self.settings(), git, look, plan, time).await? {
            Verdict::Accepted => None,
            Verdict::Refused { why } | Verdict::Undecided { why } => {
                Some(format!("not proposed: {why}"))
            }
        }
    }
}

async fn judged(
    settings: &RemovalSettings,
    git: &Git,
    look: &Look,
    plan: &RemovalPlan,
    time: Duration,
) -> Option<Verdict> {
    let by = settings.judge.as_ref().filter(|_| !plan.edits.is_empty())?;
    Some(judge(by, git, &look.default, &plan.edits, time).await)
}
