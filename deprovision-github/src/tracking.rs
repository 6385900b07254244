//! One issue that shows how far a retirement has come in many repositories.

use deprovision_core::digest::Digest;
use deprovision_core::id::ApiId;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{ChangeState, Outcome, ProviderError};
use deprovision_core::resource::RepositoryId;
use serde::Deserialize;
use serde_json::json;

use crate::call::{CREATE_ISSUE, LIST_ISSUES, UPDATE_ISSUE};
use crate::change::{About, GitHubCode};
use crate::client::{GitHub, Session};
use crate::error::Failed;
use crate::name::RepositoryName;

/// The most repositories that the text lists: GitHub takes 65,536 characters.
const LISTED: usize = 400;

/// An issue with a line for each repository, kept up to date, and closed when nothing is
/// left to do.
///
/// It is found again by its label and a marker in its text, and never opened twice; what
/// people write beside it belongs in its comments.
#[derive(Debug, Clone)]
pub struct TrackingIssue {
    github: GitHub,
    repository: RepositoryId,
}

#[derive(Debug, Clone, Deserialize)]
struct Issue {
    number: u64,
    html_url: String,
    state: String,
    #[serde(default)]
    body: Option<String>,
    /// Pull requests are issues too.
    #[serde(default)]
    pull_request: Option<serde_json::Value>,
}

/// Text and state of the issue.
struct Wanted {
    marker: String,
    body: String,
    open: bool,
}

impl TrackingIssue {
    /// In this repository.
    #[must_use]
    pub fn new(github: &GitHub, repository: RepositoryId) -> Self {
        Self {
            github: github.clone(),
            repository,
        }
    }

    /// Opens it, brings it up to date, or closes it: what is needed, and nothing when
    /// nothing is.
    ///
    /// # Errors
    /// When GitHub refuses; nothing was changed.
    pub async fn show(
        &self,
        api: &ApiId,
        changes: &[(RepositoryId, ChangeState)],
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        const OPERATION: &str = "keep the tracking issue";
        let session = self.github.within(permit.call_timeout());
        let name = RepositoryName::of(OPERATION, self.github.server(), &self.repository)?;
        let wanted = Wanted::of(api, changes);
        let found = find(&session, &name, &wanted.marker)
            .await
            .map_err(Failed::of_read)?;
        let sent = match &found {
            None if !wanted.open => return Ok(Outcome::done("there is nothing to track")),
            None => {
                let about = About::ask(&session, &name).await.map_err(Failed::of_read)?;
                about.check_writable(OPERATION)?;
                let body = json!({
                    "title": format!("Retire {api}"),
                    "body": wanted.body,
                    "labels": [GitHubCode::DEFAULT_LABEL],
                });
                session
                    .write(&CREATE_ISSUE, &name.parameters(), Some(&body))
                    .await
            }
            Some(issue) => {
                let is_open = issue.state == "open";
                if issue.body.as_deref() == Some(&wanted.body) && is_open == wanted.open {
                    return Ok(Outcome::done(issue.html_url.clone()));
                }
                let number = issue.number.to_string();
                let state = if wanted.open { "open" } else { "closed" };
                let body = json!({ "body": wanted.body, "state": state });
                let parameters = name.with("issue_number", &number);
                session.write(&UPDATE_ISSUE, &parameters, Some(&body)).await
            }
        };
        match sent {
            Ok(answer) => {
                let call = if found.is_some() {
                    &UPDATE_ISSUE
                } else {
                    &CREATE_ISSUE
                };
                // It is done, whatever the answer looks like.
                let url = answer.read::<Issue>(call).map(|issue| issue.html_url);
                Ok(Outcome::done(
                    url.unwrap_or_else(|_| format!("the issue in {name}")),
                ))
            }
            Err(failed) => failed.of_write(),
        }
    }
}

/// The newest issue with the marker: a list and not a search, which lags behind.
async fn find(
    session: &Session,
    name: &RepositoryName,
    marker: &str,
) -> Result<Option<Issue>, Failed> {
    let query = [("state", "all"), ("labels", GitHubCode::DEFAULT_LABEL)];
    let all: Vec<Issue> = session
        .list(&LIST_ISSUES, &name.parameters(), &query)
        .await?;
    Ok(all
        .into_iter()
        .filter(|issue| issue.pull_request.is_none())
        .find(|issue| {
            issue
                .body
                .as_deref()
                .is_some_and(|body| body.contains(marker))
        }))
}

impl Wanted {
    fn of(api: &ApiId, changes: &[(RepositoryId, ChangeState)]) -> Self {
        let digest = &Digest::of_bytes(api.as_str().as_bytes()).to_hex()[..16];
        let marker = format!("<!-- deprovision: tracking {digest} -->");
        let is_done = |state: &ChangeState| matches!(state, ChangeState::Merged { .. });
        let done = changes.iter().filter(|(_, state)| is_done(state)).count();
        let mut body = format!(
            "The API `{api}` is being retired. {done} of {} repositories name it no more.\n\n",
            changes.len()
        );
        for (id, state) in changes.iter().take(LISTED) {
            let (mark, text) = match state {
                ChangeState::Absent => (' ', "nothing is proposed yet".to_owned()),
                ChangeState::Proposed { at, left } if left.is_empty() => {
                    (' ', format!("{at} waits for its review"))
                }
                ChangeState::Proposed { at, left } => (
                    ' ',
                    format!(
                        "{at} waits for its review, and {} places for a person's hand",
                        left.len()
                    ),
                ),
                ChangeState::Conflicting { at, .. } => {
                    (' ', format!("{at} conflicts, and is put on top again"))
                }
                ChangeState::Unfinished { at, .. } => {
                    (' ', format!("{at} is open, and is being completed"))
                }
                ChangeState::Declined { at } => {
                    (' ', format!("{at} was closed: a person has to decide"))
                }
                ChangeState::Merged { .. } => ('x', "done".to_owned()),
                ChangeState::Reverting { at } => (' ', format!("{at} would take it back")),
            };
            body.push_str(&format!(
                "- [{mark}] {}/{}: {text}\n",
                id.locator().account(),
                id.name()
            ));
        }
        if let Some(more @ 1..) = changes.len().checked_sub(LISTED) {
            body.push_str(&format!("- and {more} more\n"));
        }
        body.push_str(&format!(
            "\nThis text is kept by the retirement: write in comments.\n\n{marker}\n"
        ));
        Self {
            marker,
            body,
            open: done < changes.len(),
        }
    }
}
