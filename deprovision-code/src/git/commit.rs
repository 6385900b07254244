//! Commits: reading one, and making one with an index of its own.

use crate::error::GitError;
use crate::git::Git;
use crate::git::refs::{identity, line};

/// What a commit says.
#[derive(Debug, Clone)]
pub(crate) struct CommitInfo {
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    /// Name and address.
    pub(crate) committer: String,
    /// As git writes it: seconds and zone.
    pub(crate) date: String,
    pub(crate) message: String,
}

impl CommitInfo {
    /// The values of a trailer in the last paragraph of the message.
    pub(crate) fn trailers<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let message = self.message.trim_end();
        let last = message.rfind("\n\n").map_or(message, |at| &message[at..]);
        last.lines().filter_map(move |line| {
            let (name, value) = line.split_once(": ")?;
            (name == key).then_some(value)
        })
    }

    /// The value of a trailer that stands once.
    pub(crate) fn trailer(&self, key: &str) -> Option<String> {
        let mut values = self.trailers(key);
        let value = values.next()?.to_owned();
        values.next().is_none().then_some(value)
    }
}

/// A file with its new bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileEdit {
    pub(crate) path: Vec<u8>,
    /// As the tree has it.
    pub(crate) mode: String,
    pub(crate) bytes: Vec<u8>,
}

/// A commit to make.
#[derive(Debug)]
pub(crate) struct NewCommit<'a> {
    /// On top of which commit.
    pub(crate) base: &'a str,
    pub(crate) edits: &'a [FileEdit],
    /// Subject, text and trailers, without the trailer that names the tree.
    pub(crate) message: String,
}

/// The trailer that names the tree, so that a change of the content is noticed.
pub(crate) const TREE: &str = "Deprovision-Tree";

impl Git {
    /// Reads a commit.
    pub(crate) async fn commit(&self, commit: &str) -> Result<CommitInfo, GitError> {
        let bytes = self.object(commit).await?;
        let text = String::from_utf8_lossy(&bytes);
        parse(&text).ok_or_else(|| GitError::Unexpected {
            command: "cat-file".to_owned(),
            what: format!("{commit} is not a commit"),
        })
    }

    /// Makes a commit; its date is the date of its base, so that making it twice
    /// gives the same one. No ref, no index of the user and no file changes.
    pub(crate) async fn make_commit(&self, new: &NewCommit<'_>) -> Result<String, GitError> {
        let base = self.commit(new.base).await?;
        let tree = self.make_tree(new).await?;
        let date = format!("@{}", base.date);
        let environment = identity(Some(&date));
        let message = format!("{}{TREE}: {tree}\n", new.message);
        let (_, output) = self
            .try_run(
                &["commit-tree", &tree, "-p", new.base, "-F", "-"],
                &environment,
                message.as_bytes(),
                &[0],
            )
            .await?;
        Ok(line(&output))
    }

    async fn make_tree(&self, new: &NewCommit<'_>) -> Result<String, GitError> {
        let io = |source| GitError::Io {
            command: "read-tree".to_owned(),
            source,
        };
        let scratch = tokio::task::spawn_blocking(tempfile::tempdir)
            .await
            .map_err(|error| io(std::io::Error::other(error)))?
            .map_err(io)?;
        let index = scratch.path().join("index");
        let environment = [("GIT_INDEX_FILE", index.into_os_string())];
        self.try_run(&["read-tree", new.base], &environment, b"", &[0])
            .await?;
        let mut update = Vec::new();
        for edit in new.edits {
            let oid = self
                .run(
                    &["hash-object", "-w", "-t", "blob", "--no-filters", "--stdin"],
                    &edit.bytes,
                )
                .await?;
            update.extend_from_slice(format!("{} {}\t", edit.mode, line(&oid)).as_bytes());
            update.extend_from_slice(&edit.path);
            update.push(0);
        }
        self.try_run(
            &["update-index", "-z", "--index-info"],
            &environment,
            &update,
            &[0],
        )
        .await?;
        let (_, tree) = self
            .try_run(&["write-tree"], &environment, b"", &[0])
            .await?;
        Ok(line(&tree))
    }
}

fn parse(text: &str) -> Option<CommitInfo> {
    let (headers, message) = text.split_once("\n\n")?;
    let mut tree = None;
    let mut parents = Vec::new();
    let mut committer = None;
    for header in headers.lines() {
        match header.split_once(' ') {
            Some(("tree", oid)) => tree = Some(oid.to_owned()),
            Some(("parent", oid)) => parents.push(oid.to_owned()),
            Some(("committer", who)) => committer = Some(who.to_owned()),
            Some(_) | None => {}
        }
    }
    let committer = committer?;
    let end = committer.rfind('>')? + 1;
    Some(CommitInfo {
        tree: tree?,
        parents,
        date: committer[end..].trim().to_owned(),
        committer: committer[..end].to_owned(),
        message: message.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailer_counts_only_in_the_last_paragraph_and_once() {
        let text = "tree t\nparent p\nauthor a <a> 1 +0000\ncommitter b <b@c> 12 +0200\n\n\
                    Subject\n\nX: in the text\n\nX: 1\nY: 2\nY: 3\n";
        let commit = parse(text).unwrap();
        assert_eq!(commit.committer, "b <b@c>");
        assert_eq!(commit.date, "12 +0200");
        assert_eq!(commit.trailer("X").as_deref(), Some("1"));
        assert_eq!(commit.trailer("Y"), None);
        assert_eq!(commit.trailers("Y").count(), 2);
    }
}
