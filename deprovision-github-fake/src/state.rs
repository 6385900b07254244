//! What GitHub remembers beside the repositories' objects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::git::Bare;

/// Everything that the API reads and writes.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    pub(crate) next_id: u64,
    pub(crate) repositories: BTreeMap<(String, String), Repository>,
    pub(crate) installations: BTreeMap<u64, Installation>,
    /// By organisation and name.
    pub(crate) organisation_secrets: BTreeMap<(String, String), OrganisationSecret>,
    /// By organisation.
    pub(crate) organisation_hooks: BTreeMap<String, Vec<Hook>>,
    /// Who a token is.
    pub(crate) tokens: BTreeMap<String, String>,
    /// Tokens that were asked to be revoked, and how many requests later they are.
    pub(crate) revoking: Vec<(String, u32)>,
}

/// A repository.
#[derive(Debug, Clone)]
pub(crate) struct Repository {
    pub(crate) id: u64,
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) default_branch: String,
    pub(crate) archived: bool,
    pub(crate) fork: bool,
    pub(crate) private: bool,
    pub(crate) bare: Bare,
    /// Of issues and pull requests together.
    pub(crate) last_number: u64,
    pub(crate) pulls: BTreeMap<u64, Pull>,
    pub(crate) issues: BTreeMap<u64, Issue>,
    /// By the number of an issue or pull request.
    pub(crate) comments: BTreeMap<u64, Vec<Comment>>,
    pub(crate) keys: Vec<DeployKey>,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) secrets: BTreeSet<String>,
    /// People that may be asked for a review; everybody when it is empty.
    pub(crate) collaborators: BTreeSet<String>,
}

/// A pull request.
#[derive(Debug, Clone)]
pub(crate) struct Pull {
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) head: String,
    pub(crate) base: String,
    pub(crate) author: String,
    pub(crate) open: bool,
    pub(crate) merged: Option<String>,
    pub(crate) labels: Vec<String>,
    pub(crate) reviewers: BTreeSet<String>,
    pub(crate) teams: BTreeSet<String>,
    pub(crate) reviewed_by: BTreeSet<String>,
    /// The last commit of its branch, when that is gone.
    pub(crate) last_head: String,
}

/// An issue.
#[derive(Debug, Clone)]
pub(crate) struct Issue {
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) open: bool,
    pub(crate) author: String,
    pub(crate) labels: Vec<String>,
}

/// A comment.
#[derive(Debug, Clone)]
pub(crate) struct Comment {
    pub(crate) id: u64,
    pub(crate) body: String,
    pub(crate) author: String,
}

/// A deploy key.
#[derive(Debug, Clone)]
pub(crate) struct DeployKey {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) key: String,
    pub(crate) read_only: bool,
}

/// A webhook.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) id: u64,
    pub(crate) url: String,
    pub(crate) active: bool,
}

/// A secret of an organisation.
#[derive(Debug, Clone)]
pub(crate) struct OrganisationSecret {
    /// `all`, `private` or `selected`.
    pub(crate) visibility: String,
    /// The ids of the repositories, where selected.
    pub(crate) repositories: BTreeSet<u64>,
}

/// An installation of the app.
#[derive(Debug, Clone)]
pub(crate) struct Installation {
    pub(crate) id: u64,
    pub(crate) account: String,
    pub(crate) suspended: bool,
}

impl State {
    /// An id that nothing else has.
    pub(crate) fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// A repository, whatever the case of its name.
    pub(crate) fn repository(&self, owner: &str, name: &str) -> Option<&Repository> {
        self.repositories
            .values()
            .find(|r| r.owner.eq_ignore_ascii_case(owner) && r.name.eq_ignore_ascii_case(name))
    }

    /// The same, to change it.
    pub(crate) fn repository_mut(&mut self, owner: &str, name: &str) -> Option<&mut Repository> {
        self.repositories
            .values_mut()
            .find(|r| r.owner.eq_ignore_ascii_case(owner) && r.name.eq_ignore_ascii_case(name))
    }
}

impl Repository {
    /// The next number of an issue or pull request.
    pub(crate) fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// Somebody, as GitHub shows them.
pub(crate) fn user(login: &str) -> Value {
    json!({ "login": login })
}
