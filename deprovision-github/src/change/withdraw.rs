//! Taking a change back: closed with a word why, or reverted by a change of its own.

use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{ChangeState, Outcome, ProviderError, Removal};
use deprovision_core::resource::RepositoryId;
use serde::Deserialize;
use serde_json::json;

use crate::call::{CREATE_COMMENT, LIST_COMMENTS, UPDATE_PULL};
use crate::change::adapter::Work;
use crate::change::observe::known;
use crate::change::propose::{Change, Progress};
use crate::change::publish::delete;
use crate::change::text::{Purpose, withdrawn};
use crate::change::{GitHubCode, Pull, Standing};
use crate::clone::{Depth, GitFailed};
use crate::error::Failed;

impl GitHubCode {
    pub(super) async fn take_back(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        const OPERATION: &str = "withdraw a pull request";
        let session = self.github.within(permit.call_timeout());
        let work = match self
            .open(OPERATION, &session, repository, Depth::Whole)
            .await?
        {
            Ok(work) => work,
            Err(why) => return Ok(Outcome::done(format!("nothing to withdraw: {why}"))),
        };
        let failed = |failed: GitFailed| failed.of(OPERATION);
        let branches = self.branches(removal);
        let before = work.cloned.ours().await.map_err(failed)?;
        let here = &work.opened.repository;
        let local = work.localised(removal);
        let outcome = work.opened.proposer.withdraw(here, &local, permit).await?;
        if !matches!(outcome, Outcome::Done { .. }) {
            return Ok(outcome);
        }
        let after = work.cloned.ours().await.map_err(failed)?;
        let removed = before
            .get(&branches.removal)
            .filter(|_| !after.contains_key(&branches.removal));
        let mut progress = Progress::default();
        let closed = self
            .close(
                &work,
                &branches.removal,
                removed.map(String::as_str),
                &mut progress,
            )
            .await;
        if let Err(failed) = closed {
            return progress.broken_off(failed);
        }
        if !after.contains_key(&branches.reversal) {
            return Ok(progress.receipt("withdrawn"));
        }
        // Whether it is needed says the default branch, and not that it is there.
        let seen = work.opened.observer.change(here, &local).await?;
        if !matches!(known(&seen), Some(ChangeState::Reverting { .. })) {
            return Ok(progress.receipt("withdrawn"));
        }
        work.about.check_writable(OPERATION)?;
        let change = Change {
            purpose: Purpose::TakesBack,
            branch: &branches.reversal,
            removal,
            left: &[],
            old: before.get(&branches.reversal).map(String::as_str),
        };
        self.propose_branch(&work, &change).await
    }

    /// Closes the pull request of a branch, and deletes the branch where it was ours.
    async fn close(
        &self,
        work: &Work,
        branch: &str,
        removed: Option<&str>,
        progress: &mut Progress,
    ) -> Result<(), Failed> {
        let base = &work.about.default_branch;
        let (session, name) = (&work.session, &work.name);
        let standing = Pull::of_branch(session, name, branch, base).await?;
        let pull = match (&standing, removed) {
            (Standing::Open(pull), Some(_)) | (Standing::Declined(pull), _) => Some(pull),
            // A branch that is not ours has a pull request that is not ours.
            (Standing::Open(_), None) | (Standing::None, _) => None,
        };
        if (pull.is_some() || removed.is_some())
            && let Err(error) = work.about.check_writable("withdraw a pull request")
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
