//! Taking merged changes back, by a change of its own.

use std::collections::{BTreeMap, BTreeSet};

use deprovision_core::provider::{ErrorKind, Outcome, ProviderError};

use crate::change::{BranchState, ChangeName, Published, publish};
use crate::error::GitError;
use crate::git::{FileEdit, Git, printable};

/// The trailer that names a file which is taken back, quoted as JSON.
const FILE: &str = "Deprovision-File";

/// Which files of the merged changes are taken back.
#[derive(Debug, Clone)]
pub(crate) enum Selection {
    All,
    Files(BTreeSet<String>),
}

/// What it takes to take a merged change back.
#[derive(Debug, Default)]
struct Reversal {
    edits: Vec<FileEdit>,
    /// Files that have changed since and stay as they are.
    changed: Vec<String>,
}

/// How often a reversal is tried when somebody else moves its branch meanwhile.
const TRIES: u32 = 8;

/// Proposes the reversal of our merged commits, again when another reversal that
/// shares the branch was faster.
pub(crate) async fn revert_merged(
    git: &Git,
    name: &ChangeName,
    default: &str,
    selection: Selection,
    operation: &str,
) -> Result<Outcome, ProviderError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match try_revert_merged(git, name, default, selection.clone(), operation).await {
            Err(error) if *error.kind() == ErrorKind::Conflict && tries < TRIES => {}
            done => return done,
        }
    }
}

/// Proposes the reversal of our merged commits: each selected file gets the bytes
/// it had before, unless somebody has changed it since. Files that were selected
/// by an earlier reversal which is still open stay selected.
async fn try_revert_merged(
    git: &Git,
    name: &ChangeName,
    default: &str,
    mut selection: Selection,
    operation: &str,
) -> Result<Outcome, ProviderError> {
    let failed = |error: GitError| error.in_operation(operation);
    let reverse = name.reverted();
    let seen = match reverse.state(git, default).await.map_err(failed)? {
        BranchState::Absent => None,
        BranchState::Ours { tip, commit } => {
            let spent = git
                .is_ancestor(&tip.commit, default)
                .await
                .map_err(failed)?;
            if let (false, Selection::Files(files)) = (spent, &mut selection) {
                let earlier = commit.info.trailers(FILE);
                files.extend(earlier.filter_map(|file| serde_json::from_str::<String>(file).ok()));
            }
            Some(tip)
        }
        BranchState::Extended { tip } => {
            return Ok(Outcome::not_done(format!(
                "{} at {} holds the work of others; merge or remove it first",
                reverse.branch(),
                tip.commit
            )));
        }
        BranchState::Foreign { tip } => {
            return Err(BranchState::foreign(&reverse, &tip, operation));
        }
    };
    let reversal = plan(git, name, default, &selection).await.map_err(failed)?;
    if reversal.edits.is_empty() {
        if reversal.changed.is_empty() {
            return Ok(Outcome::done("there is nothing to take back"));
        }
        return Ok(Outcome::not_done(format!(
            "{} changed since; take it back by hand with git revert",
            reversal.changed.join(", ")
        )));
    }
    let change = Published {
        name: &reverse,
        base: default,
        edits: &reversal.edits,
        text: &text(name, &reversal.changed),
        trailers: &trailers(&selection),
        fingerprint: "reversal",
    };
    publish(git, &change, seen.as_ref(), operation).await
}

/// Where a reversal of the change is proposed, when one is that takes this file back
/// (any file without a name) and is not merged yet.
pub(crate) async fn reversal_proposed(
    git: &Git,
    name: &ChangeName,
    default: &str,
    file: Option<&str>,
) -> Result<Option<String>, GitError> {
    let reverse = name.reverted();
    let (tip, files) = match reverse.state(git, default).await? {
        BranchState::Ours { tip, commit } => {
            let files: BTreeSet<String> = commit
                .info
                .trailers(FILE)
                .filter_map(|file| serde_json::from_str(file).ok())
                .collect();
            (tip, files)
        }
        BranchState::Extended { tip } => (tip, BTreeSet::new()),
        BranchState::Absent | BranchState::Foreign { .. } => return Ok(None),
    };
    let takes_it_back = file.is_none_or(|file| files.is_empty() || files.contains(file));
    if !takes_it_back || git.is_ancestor(&tip.commit, default).await? {
        return Ok(None);
    }
    Ok(Some(reverse.branch()))
}

fn text(name: &ChangeName, changed: &[String]) -> String {
    let mut text = format!(
        "Take back a change that was merged\n\nThis restores what came from {}.\n",
        name.branch()
    );
    if !changed.is_empty() {
        text.push_str("\nChanged since, and left as they are:\n");
        for file in changed {
            text.push_str(&format!("- {file}\n"));
        }
    }
    text
}

fn trailers(selection: &Selection) -> String {
    match selection {
        Selection::All => String::new(),
        Selection::Files(files) => files
            .iter()
            .map(|file| format!("{FILE}: {}\n", serde_json::Value::from(file.as_str())))
            .collect(),
    }
}

/// What became of one file on its way back through our commits.
struct Way {
    /// Where it is now.
    now: String,
    /// Where the way back has come to.
    at: String,
    mode: String,
    blocked: bool,
}

async fn plan(
    git: &Git,
    name: &ChangeName,
    default: &str,
    selection: &Selection,
) -> Result<Reversal, GitError> {
    let mut ways: BTreeMap<Vec<u8>, Way> = BTreeMap::new();
    let present: BTreeMap<Vec<u8>, (String, String)> = git
        .files(default)
        .await?
        .into_iter()
        .map(|entry| (entry.path, (entry.oid, entry.mode)))
        .collect();
    let mut reversal = Reversal::default();
    // Our changes edit files; they never add, remove or rename one.
    for (commit, ours) in name.merged(git, default).await? {
        for (path, before, after) in git.edited(&ours.base, &commit).await? {
            let selected = match selection {
                Selection::All => true,
                Selection::Files(files) => files.iter().any(|file| file.as_bytes() == path),
            };
            let Some((now, mode)) = present.get(&path).filter(|_| selected) else {
                continue;
            };
            let way = ways.entry(path).or_insert_with(|| Way {
                now: now.clone(),
                at: now.clone(),
                mode: mode.clone(),
                blocked: false,
            });
            if way.at == after {
                way.at = before;
            } else if way.at != before {
                way.blocked = true;
            }
        }
    }
    for (path, way) in ways {
        if way.at != way.now {
            reversal.edits.push(FileEdit {
                path,
                bytes: git.object(&way.at).await?,
                mode: way.mode,
            });
        } else if way.blocked {
            reversal.changed.push(printable(&path));
        }
    }
    Ok(reversal)
}
