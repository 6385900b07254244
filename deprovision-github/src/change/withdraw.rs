//! Taking a change back: closed with a word why, or reverted by a change of its own.

use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{ChangeState, Outcome, ProviderError};
use deprovision_core::resource::RepositoryId;
use serde::Deserialize;
use serde_json::json;

use crate::call::{CREATE_COMMENT, LIST_COMMENTS, UPDATE_PULL};
use crate::change::progress::Progress;
use crate::change::propose::Change;
use crate::change::publish::delete;
use crate::change::pull_requests::{PullRequests, Work};
use crate::change::text::{Purpose, withdrawn};
use crate::change::wanted::{Wanted, known};
use crate::change::{Pull, Standing};
use crate::clone::{Depth, GitFailed};
use crate::error::Failed;

const OPERATION: &str = "withdraw a pull request";

impl PullRequests {
    /// Takes the change back in the clone, and what was proposed of it on GitHub.
    pub(super) async fn take_back(
        &self,
        repository: &RepositoryId,
        wanted: Wanted<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let session = self.github.within(permit.call_timeout());
        let work = match self
            .open(OPERATION, &session, repository, Depth::Whole)
            .await?
        {
            Ok(work) => work,
            Err(why) => return Ok(Outcome::done(format!("nothing to withdraw: {why}"))),
        };
        let failed = |failed: GitFailed| failed.of(OPERATION);
        let branches = wanted.branches(self.workshop.as_ref())?;
        let before = work.cloned.ours().await.map_err(failed)?;
        let outcome = work.unmake(wanted, permit).await?;
        if !matches!(outcome, Outcome::Done { .. }) {
            return Ok(outcome);
        }
        let after = work.cloned.ours().await.map_err(failed)?;
        let change = |purpose, branch| Change {
            purpose,
            wanted,
            branch,
            left: &[],
            old: before.get(branch).map(String::as_str),
        };
        let mut progress = Progress::default();
        let proposed = change(Purpose::Makes, branches.change.as_str());
        let taken_back = self
            .leave(&work, &proposed, after.get(&branches.change), &mut progress)
            .await;
        if let Err(failed) = taken_back {
            return progress.broken_off(failed);
        }
        if !after.contains_key(&branches.reversal) {
            return Ok(progress.receipt("withdrawn"));
        }
        // Whether it is needed says the default branch, and not that it is there.
        let seen = match work.seen(wanted).await {
            Ok(seen) => seen,
            Err(error) => return progress.broken_off(error.into()),
        };
        if !matches!(known(&seen), Some(ChangeState::Reverting { .. })) {
            return Ok(progress.receipt("withdrawn"));
        }
        if let Err(error) = work.about.check_writable(OPERATION) {
            return progress.broken_off(error.into());
        }
        let reversal = change(Purpose::TakesBack, branches.reversal.as_str());
        self.propose_branch(&work, &reversal, progress).await
    }

    /// What becomes of the branch of a change, and of its pull request, once the change is
    /// off it: `now` is what the clone has there.
    async fn leave(
        &self,
        work: &Work,
        change: &Change<'_>,
        now: Option<&String>,
        progress: &mut Progress,
    ) -> Result<(), Failed> {
        match (change.wanted, now) {
            (_, None) => self.close(work, change.branch, change.old, progress).await,
            // A removal has its branch for itself: that one is not ours.
            (Wanted::Removal(_), Some(_)) => self.close(work, change.branch, None, progress).await,
            (Wanted::Mark { .. }, Some(now)) => {
                let stays = change.old == Some(now);
                match work.about.check_writable(OPERATION) {
                    Err(_) if stays => Ok(()),
                    Err(error) => Err(error.into()),
                    Ok(()) => self.keep_the_rest(work, change, progress).await,
                }
            }
        }
    }

    /// Closes the pull request of a branch, and deletes the branch where it was ours.
    async fn close(
        &self,
        work: &Work,
        branch: &str,
        removed: Option<&str>,
        progress: &mut Progress,
    ) -> Result<(), Failed> {
        let (session, name) = (&work.session, &work.name);
        let standing = work.standing(branch).await?;
        let pull = match (&standing, removed) {
            (Standing::Open(pull), Some(_)) | (Standing::Declined(pull), _) => Some(pull),
            // A branch that is not ours has a pull request that is not ours.
            (Standing::Open(_), None) | (Standing::None, _) => None,
        };
        if (pull.is_some() || removed.is_some())
            && let Err(error) = work.about.check_writable(OPERATION)
        {
            return Err(error.into());
        }
        if let Some(pull) = pull {
            if pull.is_open() {
                self.comment_once(work, pull, branch, progress).await?;
            }
            let number = pull.number.to_string();
            let mut body = json!({ "state": "closed" });
            if pull.is_ours(branch) {
                body["body"] = json!(format!(
                    "{}\n{}\n",
                    pull.text().trim_end(),
                    withdrawn(branch)
                ));
            }
            let parameters = name.with("pull_number", &number);
            session
                .write(&UPDATE_PULL, &parameters, Some(&body))
                .await?;
            progress.made(format!("#{} is withdrawn", pull.number));
        }
        if let Some(old) = removed {
            delete(session, name, branch, old).await?;
            progress.made(format!("{branch} is deleted"));
        }
        Ok(())
    }

    /// Says why, unless that is said already.
    async fn comment_once(
        &self,
        work: &Work,
        pull: &Pull,
        branch: &str,
        progress: &mut Progress,
    ) -> Result<(), Failed> {
        #[derive(Deserialize)]
        struct Comment {
            #[serde(default)]
            body: Option<String>,
        }
        let mark = withdrawn(branch);
        let number = pull.number.to_string();
        let parameters = work.name.with("issue_number", &number);
        let said: Vec<Comment> = work.session.list(&LIST_COMMENTS, &parameters, &[]).await?;
        let is_said =
            |comment: &Comment| comment.body.as_deref().is_some_and(|b| b.contains(&mark));
        if said.iter().any(is_said) {
            return Ok(());
        }
        let text = format!(
            "The retirement was called off: this change is not needed any more.\n\n{mark}\n"
        );
        let body = json!({ "body": text });
        work.session
            .write(&CREATE_COMMENT, &parameters, Some(&body))
            .await?;
        progress.made("it is said why");
        Ok(())
    }
}
