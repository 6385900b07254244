//! Taking a merged change back, by a change of its own.

use std::collections::BTreeMap;

use deprovision_core::provider::{Outcome, ProviderError};

use crate::change::{BranchState, ChangeName, Published, publish};
use crate::error::GitError;
use crate::git::{FileEdit, Git, TreeEntry, printable};

/// What a merged change needs to be taken back.
#[derive(Debug, Default)]
struct Reverted {
    edits: Vec<FileEdit>,
    /// Files that have changed since and stay as they are.
    changed: Vec<String>,
}

/// Proposes the reversal of our merged commit, for the files that `wanted`
/// selects: each gets the bytes it had before, unless somebody has changed it since.
pub(crate) async fn revert_merged(
    git: &Git,
    name: &ChangeName,
    default: &str,
    wanted: impl Fn(&[u8]) -> bool,
    operation: &str,
) -> Result<Outcome, ProviderError> {
    let failed = |error: GitError| error.in_operation(operation);
    let Some((commit, ours)) = name.merged(git, default).await.map_err(failed)? else {
        return Ok(Outcome::done("there is nothing to withdraw"));
    };
    let plan = plan(git, &commit, &ours.base, default, wanted)
        .await
        .map_err(failed)?;
    if plan.edits.is_empty() {
        if plan.changed.is_empty() {
            return Ok(Outcome::done(format!("{commit} is taken back already")));
        }
        return Ok(Outcome::not_done(format!(
            "{} changed since {commit}; take it back by hand with git revert",
            plan.changed.join(", ")
        )));
    }
    let reverse = name.reverted();
    let seen = match reverse.state(git, default).await.map_err(failed)? {
        BranchState::Absent => None,
        BranchState::Ours { tip, .. } => Some(tip),
        BranchState::Extended { tip } => {
            return Ok(Outcome::done(format!(
                "{} at {}, with the work of others on top",
                reverse.branch(),
                tip.commit
            )));
        }
        BranchState::Foreign { tip } => {
            return Err(BranchState::foreign(&reverse, &tip, operation));
        }
    };
    let mut text = format!(
        "Take back: {}\n\nThis restores what {commit} changed.\n",
        ours.info.message.lines().next().unwrap_or_default()
    );
    if !plan.changed.is_empty() {
        text.push_str("\nChanged since, and left as they are:\n");
        for file in &plan.changed {
            text.push_str(&format!("- {file}\n"));
        }
    }
    let change = Published {
        name: &reverse,
        base: default,
        edits: &plan.edits,
        text: &text,
        trailers: "",
        fingerprint: &commit,
    };
    publish(git, &change, seen.as_ref(), operation).await
}

async fn plan(
    git: &Git,
    commit: &str,
    base: &str,
    default: &str,
    wanted: impl Fn(&[u8]) -> bool,
) -> Result<Reverted, GitError> {
    let before = by_path(git.files(base).await?);
    let after = by_path(git.files(commit).await?);
    let now = by_path(git.files(default).await?);
    let mut plan = Reverted::default();
    // Our changes edit files; they never add, remove or rename one.
    for (path, old) in &before {
        let changed = after.get(path).filter(|new| new.oid != old.oid);
        let (Some(new), true) = (changed, wanted(path)) else {
            continue;
        };
        match now.get(path) {
            Some(entry) if entry.oid == new.oid => plan.edits.push(FileEdit {
                path: path.clone(),
                mode: entry.mode.clone(),
                bytes: git.object(&old.oid).await?,
            }),
            Some(entry) if entry.oid == old.oid => {}
            Some(_) | None => plan.changed.push(printable(path)),
        }
    }
    Ok(plan)
}

fn by_path(entries: Vec<TreeEntry>) -> BTreeMap<Vec<u8>, TreeEntry> {
    entries
        .into_iter()
        .map(|entry| (entry.path.clone(), entry))
        .collect()
}
