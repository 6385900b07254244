//! Proposing a removal: a branch and one pull request.

use async_trait::async_trait;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    ChangeProposer, ChangeState, Outcome, Pace, ProviderError, Removal,
};
use deprovision_core::resource::RepositoryId;
use serde_json::json;

use crate::call::{
    ADD_LABELS, CREATE_COMMIT, CREATE_PULL, CREATE_REF, CREATE_TREE, Call, GET_REF, GET_REPOSITORY,
    LIST_PULLS, LIST_REVIEWS, REQUEST_REVIEWERS, UPDATE_PULL,
};
use crate::change::adapter::Work;
use crate::change::code_owners::{CodeOwners, MOST_BYTES, Owners, PLACES};
use crate::change::observe::known;
use crate::change::publish::publish;
use crate::change::pull::Person;
use crate::change::text::{Purpose, Text, same_marker};
use crate::change::{GitHubCode, Pull, Standing};
use crate::clone::{Cloned, Depth, GitFailed};
use crate::error::Failed;
use crate::estimate::Estimate;

/// The calls of a proposal in a repository where nothing was proposed yet, whose files are
/// text: for plans.
pub(crate) static CALLS_OF_A_PROPOSAL: [&Call; 10] = [
    &GET_REPOSITORY,
    &LIST_PULLS,
    &CREATE_TREE,
    &CREATE_COMMIT,
    &GET_REF,
    &CREATE_REF,
    &CREATE_PULL,
    &ADD_LABELS,
    &LIST_REVIEWS,
    &REQUEST_REVIEWERS,
];

/// What others can see of an operation so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    seen: Vec<String>,
}

impl Progress {
    pub(super) fn made(&mut self, what: impl Into<String>) {
        self.seen.push(what.into());
    }

    /// What a failure in the middle means: an error promises that nothing was changed.
    pub(super) fn broken_off(self, failed: Failed) -> Result<Outcome, ProviderError> {
        let done = self.seen.join(", ");
        match failed {
            Failed::Refused(refusal) if self.seen.is_empty() => Err(refusal.error),
            Failed::Refused(refusal) if refusal.error.kind().is_retryable() => {
                Ok(Outcome::unknown(format!("{done}; then {}", refusal.error)))
            }
            Failed::Refused(refusal) => {
                Ok(Outcome::not_done(format!("{done}; then {}", refusal.error)))
            }
            Failed::Unsure(error) => Ok(Outcome::unknown(match done.as_str() {
                "" => error.to_string(),
                done => format!("{done}; then {error}"),
            })),
        }
    }

    pub(super) fn receipt(self, at: &str) -> Outcome {
        let mut receipt = at.to_owned();
        for what in self.seen {
            receipt.push_str("; ");
            receipt.push_str(&what);
        }
        Outcome::done(receipt)
    }
}

#[async_trait]
impl ChangeProposer for GitHubCode {
    async fn propose(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        const OPERATION: &str = "open a pull request";
        let session = self.github.within(permit.call_timeout());
        let work = match self
            .open(OPERATION, &session, repository, Depth::Recent)
            .await?
        {
            Ok(work) => work,
            Err(why) => return Ok(Outcome::not_done(why)),
        };
        let failed = |failed: GitFailed| failed.of(OPERATION);
        let branch = self.branches(removal).removal;
        let before = work.cloned.ours().await.map_err(failed)?;
        let here = &work.opened.repository;
        let local = work.localised(removal);
        let outcome = work.opened.proposer.propose(here, &local, permit).await?;
        if !matches!(outcome, Outcome::Done { .. }) {
            return Ok(outcome);
        }
        let seen = work.opened.observer.change(here, &local).await?;
        let left = match known(&seen) {
            Some(ChangeState::Proposed { left, .. }) => left.clone(),
            Some(ChangeState::Merged { .. } | ChangeState::Reverting { .. }) => {
                return Ok(outcome);
            }
            Some(
                ChangeState::Absent
                | ChangeState::Conflicting { .. }
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
        let old = before.get(&branch).map(String::as_str);
        let change = Change {
            purpose: Purpose::Removes,
            branch: &branch,
            removal,
            left: &left,
            old,
        };
        self.propose_branch(&work, &change).await
    }

    async fn withdraw(
        &self,
        repository: &RepositoryId,
        removal: &Removal,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.take_back(repository, removal, permit).await
    }

    fn pace(&self, proposals: u64) -> Option<Pace> {
        Some(Estimate::of_proposals(proposals, self.github.limits()).pace())
    }
}

/// A branch of the clone that is to be on GitHub, with a pull request.
pub(super) struct Change<'a> {
    pub(super) purpose: Purpose,
    pub(super) branch: &'a str,
    pub(super) removal: &'a Removal,
    pub(super) left: &'a [String],
    /// Where GitHub had it.
    pub(super) old: Option<&'a str>,
}

impl GitHubCode {
    /// Publishes a branch of the clone and gives it one pull request.
    pub(super) async fn propose_branch(
        &self,
        work: &Work,
        change: &Change<'_>,
    ) -> Result<Outcome, ProviderError> {
        let mut progress = Progress::default();
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
        const OPERATION: &str = "open a pull request";
        let failed = |failed: GitFailed| Failed::refused(failed.of(OPERATION));
        let (session, name, branch) = (&work.session, &work.name, change.branch);
        let base = &work.about.default_branch;
        let standing = Pull::of_branch(session, name, branch, base).await?;
        if let Standing::Declined(pull) = standing {
            return Ok(Err(pull));
        }
        let ours = work.cloned.ours().await.map_err(failed)?;
        let Some(new) = ours.get(branch) else {
            let why = format!("the clone has no branch {branch}");
            return Err(crate::error::invalid(OPERATION, why).into());
        };
        if change.old != Some(new) {
            let made = publish(session, &work.cloned, branch, change.old, new).await?;
            progress.made(format!("{branch} is at {made}"));
        }
        let on_top = OnTop::of(&work.cloned, new).await.map_err(failed)?;
        let text = Text::of(
            change.purpose,
            change.removal,
            branch,
            &on_top.files,
            change.left,
        );
        let pull = match standing {
            Standing::Open(pull) => {
                // With the work of others on top, the text is theirs too.
                let stale = !same_marker(branch, pull.text(), &text.body);
                if pull.is_ours(branch) && on_top.is_alone && stale {
                    self.rewrite(work, &pull, &text).await?;
                    progress.made("its text is new");
                }
                pull
            }
            Standing::None | Standing::Declined(_) => {
                let pull = self.open_pull(work, branch, &text).await?;
                progress.made(format!("#{} is open", pull.number));
                pull
            }
        };
        self.label(work, &pull, progress).await?;
        if self.ask_owners {
            self.ask_reviewers(work, &pull, &on_top.files, progress)
                .await?;
        }
        Ok(Ok(pull))
    }

    async fn open_pull(&self, work: &Work, branch: &str, text: &Text) -> Result<Pull, Failed> {
        let base = &work.about.default_branch;
        let body = json!({
            "title": text.title,
            "head": branch,
            "base": base,
            "body": text.body,
            "maintainer_can_modify": true,
        });
        let sent = work
            .session
            .write(&CREATE_PULL, &work.name.parameters(), Some(&body))
            .await;
        let failed = match sent {
            Ok(answer) => return Ok(answer.read(&CREATE_PULL)?),
            Err(failed) => failed,
        };
        let exists = failed.is_invalid_because("already exists");
        if !(exists || matches!(failed, Failed::Unsure(_))) {
            return Err(failed);
        }
        // Never sent again unseen: it is looked for, and when it can not be seen yet,
        // whoever asked looks again later.
        match Pull::of_branch(&work.session, &work.name, branch, base).await {
            Ok(Standing::Open(pull)) => Ok(pull),
            Ok(Standing::None | Standing::Declined(_)) | Err(_) => Err(match failed {
                Failed::Refused(refusal) => Failed::Unsure(refusal.error),
                unsure @ Failed::Unsure(_) => unsure,
            }),
        }
    }

    async fn rewrite(&self, work: &Work, pull: &Pull, text: &Text) -> Result<(), Failed> {
        let number = pull.number.to_string();
        let body = json!({ "title": text.title, "body": text.body });
        let parameters = work.name.with("pull_number", &number);
        work.session
            .write(&UPDATE_PULL, &parameters, Some(&body))
            .await
            .map(|_| ())
    }

    async fn label(&self, work: &Work, pull: &Pull, progress: &mut Progress) -> Result<(), Failed> {
        let has = |name: &String| {
            pull.labels
                .iter()
                .any(|label| label.name.eq_ignore_ascii_case(name))
        };
        let missing: Vec<&String> = self.labels.iter().filter(|name| !has(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let number = pull.number.to_string();
        let body = json!({ "labels": missing });
        let parameters = work.name.with("issue_number", &number);
        let sent = work
            .session
            .write(&ADD_LABELS, &parameters, Some(&body))
            .await;
        tolerated(sent.map(|_| ()), "its labels", progress)
    }

    /// Asks the owners of the changed files who were not asked and have not reviewed.
    async fn ask_reviewers(
        &self,
        work: &Work,
        pull: &Pull,
        files: &[String],
        progress: &mut Progress,
    ) -> Result<(), Failed> {
        let mut owners = owners_of(&work.cloned, files).await;
        let asked = pull.requested_reviewers.iter().flatten();
        let author = pull.user.iter();
        for person in asked.chain(author) {
            owners
                .people
                .retain(|login| !login.eq_ignore_ascii_case(&person.login));
        }
        for team in pull.requested_teams.iter().flatten() {
            owners.teams.remove(&team.slug);
        }
        if owners == Owners::default() {
            return Ok(());
        }
        #[derive(serde::Deserialize)]
        struct Review {
            user: Option<Person>,
        }
        let number = pull.number.to_string();
        let parameters = work.name.with("pull_number", &number);
        let reviews: Vec<Review> = work.session.list(&LIST_REVIEWS, &parameters, &[]).await?;
        let reviewed = !reviews.is_empty();
        for person in reviews.iter().filter_map(|review| review.user.as_ref()) {
            owners
                .people
                .retain(|login| !login.eq_ignore_ascii_case(&person.login));
        }
        // A team that has answered is asked no more, and who answered for it nobody says.
        if reviewed {
            owners.teams.clear();
        }
        if owners == Owners::default() {
            return Ok(());
        }
        let body = json!({ "reviewers": owners.people, "team_reviewers": owners.teams });
        let sent = work
            .session
            .write(&REQUEST_REVIEWERS, &parameters, Some(&body))
            .await;
        tolerated(sent.map(|_| ()), "its reviewers", progress)
    }
}

/// A proposal without a label or a reviewer is a proposal: a refusal that stays is said
/// in the receipt.
fn tolerated(sent: Result<(), Failed>, what: &str, progress: &mut Progress) -> Result<(), Failed> {
    match sent {
        Err(Failed::Refused(refusal)) if !refusal.error.kind().is_retryable() => {
            progress.made(format!("{what} were refused: {}", refusal.error));
            Ok(())
        }
        other => other,
    }
}

/// What a branch has on top of the default branch.
struct OnTop {
    files: Vec<String>,
    /// Whether it is our one commit.
    is_alone: bool,
}

impl OnTop {
    async fn of(cloned: &Cloned, tip: &str) -> Result<Self, GitFailed> {
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
            files: files.iter().map(|file| shown(&file.path)).collect(),
            is_alone,
        })
    }
}

/// The owners that the default branch names for these files.
async fn owners_of(cloned: &Cloned, files: &[String]) -> Owners {
    for place in PLACES {
        let object = format!("refs/heads/{}:{place}", cloned.default_branch);
        match cloned.blob(&object).await {
            Ok(bytes) if bytes.len() < MOST_BYTES => {
                let text = String::from_utf8_lossy(&bytes);
                return CodeOwners::parse(&text).of(files.iter().map(String::as_str));
            }
            Ok(_) => return Owners::default(),
            Err(_) => {}
        }
    }
    Owners::default()
}
