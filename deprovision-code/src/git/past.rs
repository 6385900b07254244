//! Every version of every file, and which commit brought and took it.

use std::collections::BTreeSet;

use deprovision_core::provider::VersionSeen;
use deprovision_core::time::Timestamp;

use crate::error::GitError;
use crate::git::Git;
use crate::git::refs::line;

const MARK: u8 = 1;

/// So many objects are asked for with one command.
const AT_ONCE: usize = 1000;

/// A commit that brought or took an object under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) version: VersionSeen,
    pub(crate) path: Vec<u8>,
    /// The object before; nothing but zeros when the file is new.
    pub(crate) before: String,
    /// The object afterwards; nothing but zeros when the file is gone.
    pub(crate) after: String,
}

impl Git {
    /// All objects with the bytes of files in the history of all branches and tags.
    pub(crate) async fn all_blobs(&self) -> Result<BTreeSet<String>, GitError> {
        let options = [
            "rev-list",
            "--objects",
            "--no-object-names",
            "--filter=object:type=blob",
            "--filter-provided-objects",
            "--all",
        ];
        let output = self.run(&options, b"").await?;
        let text = String::from_utf8_lossy(&output);
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Whether older history is somewhere else.
    pub(crate) async fn is_shallow(&self) -> Result<bool, GitError> {
        let output = self
            .run(&["rev-parse", "--is-shallow-repository"], b"")
            .await?;
        Ok(line(&output) == "true")
    }

    /// The commits at the ends of all branches, here and as last seen elsewhere.
    pub(crate) async fn branch_tips(&self) -> Result<BTreeSet<String>, GitError> {
        let options = [
            "for-each-ref",
            "--format=%(objectname)",
            "refs/heads/",
            "refs/remotes/",
        ];
        let output = self.run(&options, b"").await?;
        let text = String::from_utf8_lossy(&output);
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// Every change that brought or took one of these objects, newest first.
    pub(crate) async fn changes_of(
        &self,
        objects: &BTreeSet<String>,
    ) -> Result<Vec<Change>, GitError> {
        let all: Vec<String> = objects
            .iter()
            .map(|object| format!("--find-object={object}"))
            .collect();
        let mut changes = Vec::new();
        for some in all.chunks(AT_ONCE) {
            let mut options = vec![
                "log",
                "--all",
                "-z",
                "--raw",
                "-r",
                "-m",
                "--root",
                "--no-abbrev",
                "--no-renames",
                "--no-show-signature",
                "--format=tformat:%x01%H %ct %aN <%aE>",
            ];
            options.extend(some.iter().map(String::as_str));
            let output = self.run(&options, b"").await?;
            changes.extend(parse(&output));
        }
        Ok(changes)
    }
}

fn parse(output: &[u8]) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut version = None;
    let mut records = output.split(|byte| *byte == 0);
    while let Some(record) = records.next() {
        let record = record.strip_prefix(b"\n").unwrap_or(record);
        if let Some(about) = record.strip_prefix(&[MARK]) {
            version = version_of(&String::from_utf8_lossy(about));
        } else if record.starts_with(b":") {
            let about = String::from_utf8_lossy(record);
            let fields: Vec<&str> = about.split(' ').collect();
            let path = records.next();
            if let ([_, _, before, after, _], Some(path), Some(version)) =
                (fields.as_slice(), path, &version)
            {
                changes.push(Change {
                    version: VersionSeen::clone(version),
                    path: path.to_vec(),
                    before: (*before).to_owned(),
                    after: (*after).to_owned(),
                });
            }
        }
    }
    changes
}

fn version_of(about: &str) -> Option<VersionSeen> {
    let mut parts = about.splitn(3, ' ');
    let (id, seconds, author) = (parts.next()?, parts.next()?, parts.next()?);
    let at = Timestamp::from_second(seconds.parse().ok()?).ok()?;
    Some(VersionSeen::new(id, author, at))
}
