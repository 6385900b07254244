//! Pull requests, as GitHub shows them.

use serde::Deserialize;

use crate::call::{GET_PULL, LIST_PULLS};
use crate::change::text::{marker, withdrawn};
use crate::client::Session;
use crate::error::Failed;
use crate::name::RepositoryName;

/// What we use of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Pull {
    pub(crate) number: u64,
    pub(crate) html_url: String,
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) body: Option<String>,
    #[serde(default)]
    pub(crate) merged_at: Option<String>,
    #[serde(default)]
    pub(crate) user: Option<Person>,
    #[serde(default)]
    pub(crate) labels: Vec<Label>,
    #[serde(default)]
    pub(crate) requested_reviewers: Option<Vec<Person>>,
    #[serde(default)]
    pub(crate) requested_teams: Option<Vec<Team>>,
    /// `None` while GitHub works it out, and in lists.
    #[serde(default)]
    pub(crate) mergeable: Option<bool>,
}

/// Somebody.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Person {
    pub(crate) login: String,
}

/// A team.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Team {
    pub(crate) slug: String,
}

/// A label.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Label {
    #[serde(default)]
    pub(crate) name: String,
}

/// How a branch's pull request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There is none, or what was there is merged, withdrawn or somebody else's.
    None,
    /// It waits for people.
    Open(Pull),
    /// A person closed it.
    Declined(Pull),
}

impl Pull {
    /// The pull request of a branch, found again by the branch and its marker.
    pub(crate) async fn of_branch(
        session: &Session,
        name: &RepositoryName,
        branch: &str,
        base: &str,
    ) -> Result<Standing, Failed> {
        let head = format!("{}:{branch}", name.owner);
        let query = [("state", "all"), ("head", head.as_str()), ("base", base)];
        let all: Vec<Self> = session
            .list(&LIST_PULLS, &name.parameters(), &query)
            .await?;
        Ok(Self::standing(all, branch))
    }

    fn standing(mut all: Vec<Self>, branch: &str) -> Standing {
        all.sort_by_key(|pull| std::cmp::Reverse(pull.number));
        if let Some(open) = all.iter().find(|pull| pull.is_open()) {
            return Standing::Open(open.clone());
        }
        match all.into_iter().next() {
            Some(last)
                if last.merged_at.is_none()
                    && last.is_ours(branch)
                    && !last.is_withdrawn(branch) =>
            {
                Standing::Declined(last)
            }
            Some(_) | None => Standing::None,
        }
    }

    /// All that GitHub says of one.
    pub(crate) async fn ask(
        session: &Session,
        name: &RepositoryName,
        number: u64,
    ) -> Result<Self, Failed> {
        let number = number.to_string();
        session
            .get(&GET_PULL, &name.with("pull_number", &number))
            .await
    }

    pub(crate) fn is_open(&self) -> bool {
        self.state == "open"
    }

    /// Whether we opened it: else its text is somebody else's.
    pub(crate) fn is_ours(&self, branch: &str) -> bool {
        self.text().contains(&marker(branch))
    }

    /// Those of the labels that it does not have.
    pub(crate) fn lacks<'a>(&self, labels: &'a [String]) -> Vec<&'a String> {
        let has = |name: &String| {
            self.labels
                .iter()
                .any(|label| label.name.eq_ignore_ascii_case(name))
        };
        labels.iter().filter(|name| !has(name)).collect()
    }

    fn is_withdrawn(&self, branch: &str) -> bool {
        self.text().contains(&withdrawn(branch))
    }

    pub(crate) fn text(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRANCH: &str = "deprovision/orders/x";

    fn pull(number: u64, state: &str, merged: bool, body: &str) -> Pull {
        let merged_at = merged.then_some("2027-01-01T00:00:00Z");
        let value = serde_json::json!({ "number": number, "html_url": "u", "state": state,
            "body": body, "merged_at": merged_at });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_newest_counts_unless_one_is_open() {
        let ours = format!("{}00 -->", marker(BRANCH));
        let stands = |all: Vec<Pull>| match Pull::standing(all, BRANCH) {
            Standing::None => "none".to_owned(),
            Standing::Open(pull) => format!("open {}", pull.number),
            Standing::Declined(pull) => format!("declined {}", pull.number),
        };
        let gone = withdrawn(BRANCH);
        assert_eq!(stands(vec![]), "none");
        assert_eq!(stands(vec![pull(1, "closed", false, &ours)]), "declined 1");
        assert_eq!(stands(vec![pull(1, "closed", false, "by hand")]), "none");
        assert_eq!(stands(vec![pull(1, "closed", true, &ours)]), "none");
        assert_eq!(stands(vec![pull(1, "closed", false, &gone)]), "none");
        let (open, closed) = (pull(1, "open", false, ""), pull(2, "closed", false, &ours));
        assert_eq!(stands(vec![closed.clone(), open]), "open 1");
        assert_eq!(stands(vec![closed, pull(3, "closed", true, &ours)]), "none");
    }
}
