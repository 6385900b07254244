//! How far a change has come.

use deprovision_core::observation::Observation;
use deprovision_core::provider::{ChangeBranches, ChangeState, ProviderError};
use deprovision_core::resource::RepositoryId;

use crate::change::propose::OnTop;
use crate::change::pull_requests::{PullRequests, Work};
use crate::change::text::{tells_of, unlabelled};
use crate::change::wanted::{Wanted, known};
use crate::change::{Pull, Standing};
use crate::clone::{Depth, GitFailed};
use crate::error::Failed;

impl PullRequests {
    /// What the clone shows, and what people said on GitHub.
    pub(super) async fn look(
        &self,
        repository: &RepositoryId,
        wanted: Wanted<'_>,
    ) -> Result<Observation<ChangeState>, ProviderError> {
        const OPERATION: &str = "look for a pull request";
        let session = self.github.reading();
        let work = match self
            .open(OPERATION, &session, repository, Depth::Recent)
            .await?
        {
            Ok(work) => work,
            Err(why) => return Ok(Observation::unknown(why)),
        };
        let branches = wanted.branches(self.workshop.as_ref())?;
        let seen = work.seen(wanted).await?;
        let Some(local) = known(&seen).cloned() else {
            return Ok(seen);
        };
        let state = self
            .with_pull_request(&work, &branches, local)
            .await
            .map_err(Failed::of_read)?;
        Ok(seen.map(|_| state))
    }

    async fn with_pull_request(
        &self,
        work: &Work,
        branches: &ChangeBranches,
        local: ChangeState,
    ) -> Result<ChangeState, Failed> {
        match local {
            ChangeState::Merged { .. } => Ok(local),
            ChangeState::Reverting { .. } => Ok(match work.standing(&branches.reversal).await? {
                Standing::Open(pull)
                    if self
                        .missing(work, &branches.reversal, &pull)
                        .await?
                        .is_none() =>
                {
                    ChangeState::Reverting { at: pull.html_url }
                }
                // Until all of it is done, it is to be taken back again.
                Standing::None | Standing::Open(_) | Standing::Declined(_) => ChangeState::Merged {
                    at: format!("{} of {}", work.about.default_branch, work.name),
                },
            }),
            ChangeState::Absent => Ok(match work.standing(&branches.change).await? {
                Standing::Declined(pull) => ChangeState::Declined { at: pull.html_url },
                // On a branch that holds something else, or whose change was merged.
                Standing::None | Standing::Open(_) => ChangeState::Absent,
            }),
            ChangeState::Proposed { left, .. } => match work.standing(&branches.change).await? {
                Standing::Open(pull) => {
                    if let Some(why) = self.missing(work, &branches.change, &pull).await? {
                        let at = pull.html_url;
                        return Ok(ChangeState::Unfinished { at, why });
                    }
                    let whole = Pull::ask(&work.session, &work.name, pull.number).await?;
                    Ok(if whole.mergeable == Some(false) {
                        ChangeState::Conflicting {
                            at: pull.html_url,
                            why: format!(
                                "{} has changed in the same places",
                                work.about.default_branch
                            ),
                        }
                    } else {
                        ChangeState::Proposed {
                            at: pull.html_url,
                            left,
                        }
                    })
                }
                Standing::Declined(pull) => Ok(ChangeState::Declined { at: pull.html_url }),
                // A branch without a pull request is proposed to nobody.
                Standing::None => Ok(ChangeState::Absent),
            },
            ChangeState::Conflicting { .. }
            | ChangeState::Unfinished { .. }
            | ChangeState::Declined { .. } => Ok(local),
        }
    }

    /// What a proposal still lacks whose process was stopped, by the signs that are set
    /// last: a label, and the commit in the text. What is not our own is never unfinished.
    async fn missing(
        &self,
        work: &Work,
        branch: &str,
        pull: &Pull,
    ) -> Result<Option<String>, Failed> {
        const OPERATION: &str = "look for a pull request";
        let failed = |failed: GitFailed| Failed::refused(failed.of(OPERATION));
        if !pull.is_ours(branch) {
            return Ok(None);
        }
        if let [label, ..] = pull.lacks(&self.labels).as_slice()
            && !pull.text().contains(&unlabelled(branch))
        {
            return Ok(Some(format!("its label {label}, and what comes before it")));
        }
        let ours = work.cloned.ours().await.map_err(failed)?;
        let Some(tip) = ours.get(branch) else {
            return Ok(None);
        };
        let on_top = OnTop::of(&work.cloned, tip).await.map_err(failed)?;
        let is_told = !on_top.is_alone || tells_of(branch, pull.text(), tip);
        Ok((!is_told).then(|| format!("a text that tells of {tip}")))
    }
}
