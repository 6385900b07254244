//! Names of our branches, and whose work they hold.

use deprovision_core::id::ApiId;

use crate::error::GitError;
use crate::git::{BranchTip, COMMITTER, CommitInfo, Git, TREE};

const API: &str = "Deprovision-Api";
const CHANGE: &str = "Deprovision-Change";
const BASE: &str = "Deprovision-Base";
const FINGERPRINT: &str = "Deprovision-Fingerprint";

/// How many commits behind a tip are looked at for one of ours.
const DEPTH: &str = "--max-count=200";

/// One change of one API: its branch and the trailers of its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangeName {
    api: String,
    change: String,
}

/// What is on our branch.
#[derive(Debug, Clone)]
pub(crate) enum BranchState {
    Absent,
    /// Our commit, as we made it.
    Ours {
        tip: BranchTip,
        commit: Box<Ours>,
    },
    /// Our commit, and on top of it the work of others.
    Extended {
        tip: BranchTip,
    },
    /// Something that we did not make.
    Foreign {
        tip: BranchTip,
    },
}

/// A commit that we made.
#[derive(Debug, Clone)]
pub(crate) struct Ours {
    pub(crate) base: String,
    pub(crate) fingerprint: String,
    pub(crate) info: CommitInfo,
}

impl ChangeName {
    pub(crate) fn new(api: &ApiId, change: impl Into<String>) -> Self {
        Self {
            api: api.to_string(),
            change: change.into(),
        }
    }

    /// The change that takes a merged one back.
    pub(crate) fn reverted(&self) -> Self {
        Self {
            api: self.api.clone(),
            change: format!("revert-{}", self.change),
        }
    }

    /// `deprovision/<api>/<change>`; what a ref can not hold of the id, and `/`, as `%2F`.
    pub(crate) fn branch(&self) -> String {
        format!("deprovision/{}/{}", escaped(&self.api), self.change)
    }

    /// The subject of a commit that marks documents.
    pub(crate) fn subject(&self) -> String {
        let mark = self.change.rsplit('-').next().unwrap_or_default();
        let what = match self.change.starts_with("operation-") {
            true => "an operation",
            false => "the documents",
        };
        format!("Mark {what} of {} as {mark}\n", self.api)
    }

    /// The trailers of its commit, but the last, which names the tree.
    pub(crate) fn trailers(&self, base: &str, fingerprint: &str) -> String {
        format!(
            "{API}: {}\n{CHANGE}: {}\n{BASE}: {base}\n{FINGERPRINT}: {fingerprint}\n",
            self.api, self.change
        )
    }

    /// The commit, when it is one of ours for this change and nobody has touched it.
    pub(crate) fn recognise(&self, info: CommitInfo) -> Option<Ours> {
        let is = |key, value: &str| info.trailer(key).as_deref() == Some(value);
        let base = info.trailer(BASE)?;
        let untouched = info.committer == COMMITTER
            && info.parents.as_slice() == [base.as_str()]
            && is(TREE, &info.tree)
            && is(API, &self.api)
            && is(CHANGE, &self.change);
        let fingerprint = info.trailer(FINGERPRINT)?;
        untouched.then_some(Ours {
            base,
            fingerprint,
            info,
        })
    }

    /// What is on the branch now. `default` is the commit of the default branch.
    pub(crate) async fn state(&self, git: &Git, default: &str) -> Result<BranchState, GitError> {
        let Some(tip) = git.tip(&self.branch()).await? else {
            return Ok(BranchState::Absent);
        };
        if tip.symbolic.is_some() {
            return Ok(BranchState::Foreign { tip });
        }
        if let Some(ours) = self.recognise(git.commit(&tip.commit).await?) {
            return Ok(BranchState::Ours {
                tip,
                commit: Box::new(ours),
            });
        }
        let exclude = format!("^{default}");
        let history = git.history(&[DEPTH, &tip.commit, &exclude]).await?;
        for commit in history {
            if self.recognise(git.commit(&commit).await?).is_some() {
                return Ok(BranchState::Extended { tip });
            }
        }
        Ok(BranchState::Foreign { tip })
    }

    /// Our commits in the history of the default branch, newest first.
    pub(crate) async fn merged(
        &self,
        git: &Git,
        default: &str,
    ) -> Result<Vec<(String, Ours)>, GitError> {
        let grep = format!("--grep={API}: {}", self.api);
        let found = git
            .history(&[DEPTH, "--topo-order", "--fixed-strings", &grep, default])
            .await?;
        let mut merged = Vec::new();
        for commit in found {
            if let Some(ours) = self.recognise(git.commit(&commit).await?) {
                merged.push((commit, ours));
            }
        }
        Ok(merged)
    }
}

fn escaped(id: &str) -> String {
    let bytes = id.as_bytes();
    let mut text = String::with_capacity(id.len());
    for (index, byte) in bytes.iter().enumerate() {
        let next = bytes.get(index + 1);
        let dot_is_safe = next.is_some_and(u8::is_ascii_alphanumeric)
            && !(id.ends_with(".lock") && index + 5 == bytes.len());
        if byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_')
            || (*byte == b'.' && dot_is_safe)
        {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_odd_id_has_a_branch_of_its_own() {
        for (id, expected) in [
            ("orders-v1", "deprovision/orders-v1/x"),
            ("default/orders", "deprovision/default%2Forders/x"),
            ("a.b", "deprovision/a.b/x"),
            ("a..b", "deprovision/a%2E.b/x"),
            ("a.lock", "deprovision/a%2Elock/x"),
            ("a.", "deprovision/a%2E/x"),
            ("a@b:c", "deprovision/a%40b%3Ac/x"),
        ] {
            let name = ChangeName::new(&ApiId::parse(id).unwrap(), "x");
            assert_eq!(name.branch(), expected);
        }
    }

    proptest! {
        #[test]
        fn two_ids_never_share_a_branch(a in "[a-z0-9][a-z0-9./@:+#-]{0,6}", b in "[a-z0-9][a-z0-9./@:+#-]{0,6}") {
            prop_assert_eq!(a == b, escaped(&a) == escaped(&b));
        }
    }
}
