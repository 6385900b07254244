//! Proposing a change: a branch and one pull request.

use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{ChangeState, Outcome, ProviderError};
use deprovision_core::resource::RepositoryId;
use serde_json::json;

use crate::call::{
    ADD_LABELS, CREATE_COMMIT, CREATE_PULL, CREATE_REF, CREATE_TREE, Call, GET_REF, GET_REPOSITORY,
    LIST_PULLS, REQUEST_REVIEWERS, UPDATE_PULL,
};
use crate::change::progress::Progress;
use crate::change::publish::publish;
use crate::change::pull_requests::{PullRequests, Work};
use crate::change::text::{Purpose, Text, same_marker, unlabelled};
use crate::change::wanted::{Wanted, known};
use crate::change::{Pull, Standing};
use crate::clone::{Cloned, Depth, GitFailed};
use crate::error::Failed;

const OPERATION: &str = "open a pull request";

/// The calls of a proposal in a repository where nothing was proposed yet, whose files are
/// text: for plans.
pub(crate) static CALLS_OF_A_PROPOSAL: [&Call; 9] = [
    &GET_REPOSITORY,
    &LIST_PULLS,
    &CREATE_TREE,
    &CREATE_COMMIT,
    &GET_REF,
    &CREATE_REF,
    &CREATE_PULL,
    &REQUEST_REVIEWERS,
    &ADD_LABELS,
];

/// A branch of the clone that is to be on GitHub, with a pull request.
pub(super) struct Change<'a> {
    pub(super) purpose: Purpose,
    pub(super) wanted: Wanted<'a>,
    pub(super) branch: &'a str,
    /// What it leaves to people.
    pub(super) left: &'a [String],
    /// Where GitHub had it.
    pub(super) old: Option<&'a str>,
}

impl PullRequests {
    /// Makes the change in the clone, and proposes it.
    pub(super) async fn propose(
        &self,
        repository: &RepositoryId,
        wanted: Wanted<'_>,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let session = self.github.within(permit.call_timeout());
        let work = match self
            .open(OPERATION, &session, repository, Depth::Recent)
            .await?
        {
            Ok(work) => work,
            Err(why) => return Ok(Outcome::not_done(why)),
        };
        let failed = |failed: GitFailed| failed.of(OPERATION);
        let branch = wanted.branches(self.workshop.as_ref())?.change;
        let before = work.cloned.ours().await.map_err(failed)?;
        let outcome = work.make(wanted, permit).await?;
        if !matches!(outcome, Outcome::Done { .. }) {
            return Ok(outcome);
        }
        let seen = work.seen(wanted).await?;
        let left = match known(&seen) {
            Some(ChangeState::Proposed { left, .. }) => left.clone(),
            Some(ChangeState::Merged { .. } | ChangeState::Reverting { .. }) => {
                return Ok(outcome);
            }
            Some(
                ChangeState::Absent
                | ChangeState::Conflicting { .. }
                | ChangeState::Unfinished { .. }
                | ChangeState::Declined { .. },
            )
            | None => {
                let doubt = seen.doubt().unwrap_or_default();
                return Ok(Outcome::not_done(format!(
                    "nothing came to {branch} in the clone; {doubt}"
                )));
            }
        };
        work.about.check_writable(OPERATION)?;
        let change = Change {
            purpose: Purpose::Makes,
            wanted,
            branch: &branch,
            left: &left,
            old: before.get(&branch).map(String::as_str),
        };
        self.propose_branch(&work, &change, Progress::default())
            .await
    }

    /// Publishes a branch of the clone and gives it one pull request.
    pub(super) async fn propose_branch(
        &self,
        work: &Work,
        change: &Change<'_>,
        mut progress: Progress,
    ) -> Result<Outcome, ProviderError> {
        match self.steps_of_a_proposal(work, change, &mut progress).await {
            Ok(Ok(pull)) => Ok(progress.receipt(&pull.html_url)),
            Ok(Err(declined)) => Ok(Outcome::not_done(format!(
                "{} was closed without being merged; reopen it, or withdraw the change",
                declined.html_url
            ))),
            Err(failed) => progress.broken_off(failed),
        }
    }

    async fn steps_of_a_proposal(
        &self,
        work: &Work,
        change: &Change<'_>,
        progress: &mut Progress,
    ) -> Result<Result<Pull, Pull>, Failed> {
        let standing = work.standing(change.branch).await?;
        if let Standing::Declined(pull) = standing {
            return Ok(Err(pull));
        }
        let on_top = work.carry(change, progress).await?;
        let text = work.text(change, &on_top).await;
        let (pull, is_new) = match standing {
            Standing::Open(pull) => (pull, false),
            Standing::None | Standing::Declined(_) => {
                let opened = work.open_pull(change.branch, &text).await?;
                progress.made(format!("#{} is open", opened.0.number));
                opened
            }
        };
        if self.ask_owners {
            self.ask_reviewers(work, &pull, is_new, &on_top.files, progress)
                .await?;
        }
        let refused = self.label(work, &pull, progress).await?;
        // Last, for it says that the rest was done.
        work.retell(change, &pull, &on_top, &text, refused, progress)
            .await?;
        Ok(Ok(pull))
    }

    /// Carries over what stays of a branch that others share, and says so in its pull
    /// request, when there is one.
    pub(super) async fn keep_the_rest(
        &self,
        work: &Work,
        change: &Change<'_>,
        progress: &mut Progress,
    ) -> Result<(), Failed> {
        let standing = work.standing(change.branch).await?;
        let on_top = work.carry(change, progress).await?;
        match standing {
            Standing::Open(pull) => {
                let text = work.text(change, &on_top).await;
                work.retell(change, &pull, &on_top, &text, false, progress)
                    .await
            }
            Standing::None | Standing::Declined(_) => Ok(()),
        }
    }
}

impl Work {
    /// How the pull request of a branch stands.
    pub(super) async fn standing(&self, branch: &str) -> Result<Standing, Failed> {
        let base = &self.about.default_branch;
        Pull::of_branch(&self.session, &self.name, branch, base).await
    }

    /// Carries the branch to GitHub, unless it is there.
    async fn carry(&self, change: &Change<'_>, progress: &mut Progress) -> Result<OnTop, Failed> {
        let failed = |failed: GitFailed| Failed::refused(failed.of(OPERATION));
        let branch = change.branch;
        let ours = self.cloned.ours().await.map_err(failed)?;
        let Some(new) = ours.get(branch) else {
            let why = format!("the clone has no branch {branch}");
            return Err(crate::error::invalid(OPERATION, why).into());
        };
        let mut on_top = OnTop::of(&self.cloned, new).await.map_err(failed)?;
        if change.old != Some(new) {
            let made = publish(&self.session, &self.cloned, branch, change.old, new).await?;
            progress.made(format!("{branch} is at {made}"));
            on_top.tip = made;
        }
        Ok(on_top)
    }

    async fn text(&self, change: &Change<'_>, on_top: &OnTop) -> Text {
        let left = match change.purpose {
            Purpose::Makes => self.left(change.wanted, change.left, &on_top.files).await,
            Purpose::TakesBack => Vec::new(),
        };
        Text::of(
            change.purpose,
            change.wanted,
            change.branch,
            &on_top.tip,
            &on_top.files,
            &left,
        )
    }

    /// Gives our own pull request its text, when something of it is not so any more. With
    /// the work of others on top, the text is theirs too.
    async fn retell(
        &self,
        change: &Change<'_>,
        pull: &Pull,
        on_top: &OnTop,
        text: &Text,
        label_refused: bool,
        progress: &mut Progress,
    ) -> Result<(), Failed> {
        let branch = change.branch;
        let is_stale = on_top.is_alone && !same_marker(branch, pull.text(), &text.body);
        let is_untold = label_refused && !pull.text().contains(&unlabelled(branch));
        if !pull.is_ours(branch) || !(is_stale || is_untold) {
            return Ok(());
        }
        let (title, told) = match is_stale {
            true => (&text.title, text.body.as_str()),
            false => (&pull.title, pull.text()),
        };
        let told = match label_refused {
            true => format!("{}\n{}\n", told.trim_end(), unlabelled(branch)),
            false => told.to_owned(),
        };
        let number = pull.number.to_string();
        let body = json!({ "title": title, "body": told });
        let parameters = self.name.with("pull_number", &number);
        self.session
            .write(&UPDATE_PULL, &parameters, Some(&body))
            .await?;
        progress.made("its text is new");
        Ok(())
    }

    /// Opens it; gives also whether it was not there before.
    async fn open_pull(&self, branch: &str, text: &Text) -> Result<(Pull, bool), Failed> {
        let base = &self.about.default_branch;
        let body = json!({
            "title": text.title,
            "head": branch,
            "base": base,
            "body": text.body,
            "maintainer_can_modify": true,
        });
        let sent = self
            .session
            .write(&CREATE_PULL, &self.name.parameters(), Some(&body))
            .await;
        let failed = match sent {
            Ok(answer) => return Ok((answer.read(&CREATE_PULL)?, true)),
            Err(failed) => failed,
        };
        let exists = failed.is_invalid_because("already exists");
        if !(exists || matches!(failed, Failed::Unsure(_))) {
            return Err(failed);
        }
        // Never sent again unseen: it is looked for, and when it can not be seen yet,
        // whoever asked looks again later.
        match self.standing(branch).await {
            Ok(Standing::Open(pull)) => Ok((pull, !exists)),
            Ok(Standing::None | Standing::Declined(_)) | Err(_) => Err(match failed {
                Failed::Refused(refusal) => Failed::Unsure(refusal.error),
                unsure @ Failed::Unsure(_) => unsure,
            }),
        }
    }
}

/// What a branch has on top of the default branch.
pub(super) struct OnTop {
    pub(super) tip: String,
    pub(super) files: Vec<String>,
    /// Whether it is our one commit.
    pub(super) is_alone: bool,
}

impl OnTop {
    pub(super) async fn of(cloned: &Cloned, tip: &str) -> Result<Self, GitFailed> {
        let parents = cloned.commit(tip).await?.parents;
        let default = format!("refs/heads/{}", cloned.default_branch);
        // Where the history is cut off there may be no common commit.
        let common = cloned.git.line(&["merge-base", &default, tip]).await.ok();
        let is_alone = parents.len() == 1 && common == parents.first().cloned();
        let files = match common.or_else(|| parents.first().cloned()) {
            Some(base) => cloned.changed(&base, tip).await?,
            None => Vec::new(),
        };
        let shown = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
        Ok(Self {
            tip: tip.to_owned(),
            files: files.iter().map(|file| shown(&file.path)).collect(),
            is_alone,
        })
    }
}
