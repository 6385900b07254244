//! Labels and reviewers of a pull request.
//!
//! Reviewers come first: a label is the sign that all was done.

use serde_json::json;

use crate::call::{ADD_LABELS, LIST_REVIEWS, REQUEST_REVIEWERS};
use crate::change::Pull;
use crate::change::code_owners::{CodeOwners, MOST_BYTES, Owners, PLACES};
use crate::change::progress::Progress;
use crate::change::pull::Person;
use crate::change::pull_requests::{PullRequests, Work};
use crate::clone::Cloned;
use crate::error::Failed;

impl PullRequests {
    /// Adds the labels that are missing; gives whether GitHub has refused that for good.
    pub(super) async fn label(
        &self,
        work: &Work,
        pull: &Pull,
        progress: &mut Progress,
    ) -> Result<bool, Failed> {
        let missing = pull.lacks(&self.labels);
        if missing.is_empty() {
            return Ok(false);
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

    /// Asks the owners of the changed files who were not asked and have not reviewed. One
    /// that was only just opened nobody has reviewed.
    pub(super) async fn ask_reviewers(
        &self,
        work: &Work,
        pull: &Pull,
        is_new: bool,
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
        let reviews: Vec<Review> = match is_new {
            true => Vec::new(),
            false => work.session.list(&LIST_REVIEWS, &parameters, &[]).await?,
        };
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
        tolerated(sent.map(|_| ()), "its reviewers", progress).map(|_| ())
    }
}

/// A proposal without a label or a reviewer is a proposal: a refusal that stays is said
/// in the receipt. Gives whether there was one.
fn tolerated(
    sent: Result<(), Failed>,
    what: &str,
    progress: &mut Progress,
) -> Result<bool, Failed> {
    match sent {
        Err(Failed::Refused(refusal)) if !refusal.error.kind().is_retryable() => {
            progress.made(format!("{what} were refused: {}", refusal.error));
            Ok(true)
        }
        other => other.map(|()| false),
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
