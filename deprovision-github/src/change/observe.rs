//! How far a change has come.

use async_trait::async_trait;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ChangeObserver, ChangeState, ProviderError, Removal};
use deprovision_core::resource::RepositoryId;

use crate::change::adapter::Work;
use crate::change::{GitHubCode, Pull, Standing};
use crate::clone::Depth;
use crate::error::Failed;

#[async_trait]
impl ChangeObserver for GitHubCode {
    async fn change(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
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
        let seen = work
            .opened
            .observer
            .change(&work.opened.repository, &work.localised(removal))
            .await?;
        let Observation::Known {
            value,
            as_of,
            coverage,
        } = seen
        else {
            return Ok(seen);
        };
        let value = self
            .with_pull_request(&work, removal, value)
            .await
            .map_err(Failed::of_read)?;
        Ok(Observation::Known {
            value,
            as_of,
            coverage,
        })
    }
}

/// What was seen, even where the files were not seen whole: a change that is there is there.
pub(super) fn known(seen: &Observation<ChangeState>) -> Option<&ChangeState> {
    match seen {
        Observation::Known { value, .. } => Some(value),
        Observation::Unknown { .. } => None,
    }
}

impl GitHubCode {
    /// What the clone shows, and what people said on GitHub.
    async fn with_pull_request(
        &self,
        work: &Work,
        removal: &Removal,
        local: ChangeState,
    ) -> Result<ChangeState, Failed> {
        let branches = self.branches(removal);
        let base = &work.about.default_branch;
        let standing =
            async |branch: &str| Pull::of_branch(&work.session, &work.name, branch, base).await;
        match local {
            ChangeState::Merged { .. } => Ok(local),
            ChangeState::Reverting { .. } => Ok(match standing(&branches.reversal).await? {
                Standing::Open(pull) => ChangeState::Reverting { at: pull.html_url },
                Standing::None | Standing::Declined(_) => ChangeState::Merged {
                    at: format!("{base} of {}", work.name),
                },
            }),
            ChangeState::Absent => Ok(match standing(&branches.removal).await? {
                Standing::Declined(pull) => ChangeState::Declined { at: pull.html_url },
                // On a branch that holds something else, or whose change was merged.
                Standing::None | Standing::Open(_) => ChangeState::Absent,
            }),
            ChangeState::Proposed { left, .. } => match standing(&branches.removal).await? {
                Standing::Open(pull) => {
                    let whole = Pull::ask(&work.session, &work.name, pull.number).await?;
                    Ok(if whole.mergeable == Some(false) {
                        ChangeState::Conflicting {
                            at: pull.html_url,
                            why: format!("{base} has changed in the same places"),
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
            ChangeState::Conflicting { .. } | ChangeState::Declined { .. } => Ok(local),
        }
    }
}
