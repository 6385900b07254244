//! What a commit in a clone is made of.

use crate::clone::Cloned;
use crate::clone::command::GitFailed;

/// A commit, as its object has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommitText {
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    pub(crate) author: Signature,
    pub(crate) committer: Signature,
    pub(crate) message: String,
}

/// Who made a commit, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) name: String,
    pub(crate) email: String,
    /// Seconds since 1970.
    pub(crate) at: i64,
}

/// A file that a commit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangedFile {
    /// As bytes: Git's names need not be UTF-8.
    pub(crate) path: Vec<u8>,
    /// Its new mode and object; none when it is deleted.
    pub(crate) new: Option<(String, String)>,
}

impl Cloned {
    /// A commit.
    pub(crate) async fn commit(&self, commit: &str) -> Result<CommitText, GitFailed> {
        let text = self.git.run(&["cat-file", "commit", commit]).await?;
        parsed(&String::from_utf8_lossy(&text)).ok_or_else(|| GitFailed {
            said: format!("the commit {commit} is not as commits are"),
        })
    }

    /// The files in which two commits differ.
    pub(crate) async fn changed(
        &self,
        from: &str,
        to: &str,
    ) -> Result<Vec<ChangedFile>, GitFailed> {
        let output = self
            .git
            .run(&["diff-tree", "-r", "-z", "--raw", "--no-renames", from, to])
            .await?;
        let mut fields = output.split(|byte| *byte == 0);
        let mut changed = Vec::new();
        while let (Some(head), Some(path)) = (fields.next(), fields.next()) {
            // `:100644 100755 OLD NEW M`
            let head = String::from_utf8_lossy(head);
            let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
            let [_, mode, _, new, status] = words[..] else {
                break;
            };
            changed.push(ChangedFile {
                path: path.to_vec(),
                new: (status != "D").then(|| (mode.to_owned(), new.to_owned())),
            });
        }
        Ok(changed)
    }

    /// The bytes of an object.
    pub(crate) async fn blob(&self, object: &str) -> Result<Vec<u8>, GitFailed> {
        self.git.run(&["cat-file", "blob", object]).await
    }
}

fn parsed(text: &str) -> Option<CommitText> {
    let (headers, message) = text.split_once("\n\n")?;
    let (mut tree, mut author, mut committer, mut parents) = (None, None, None, Vec::new());
    for header in headers.lines() {
        match header.split_once(' ') {
            Some(("tree", oid)) => tree = Some(oid.to_owned()),
            Some(("parent", oid)) => parents.push(oid.to_owned()),
            Some(("author", who)) => author = signature(who),
            Some(("committer", who)) => committer = signature(who),
            Some(_) | None => {}
        }
    }
    Some(CommitText {
        tree: tree?,
        parents,
        author: author?,
        committer: committer?,
        message: message.to_owned(),
    })
}

/// `name <address> 1800000000 +0000`
fn signature(text: &str) -> Option<Signature> {
    let (who, when) = text.rsplit_once("> ")?;
    let (name, email) = who.split_once(" <")?;
    Some(Signature {
        name: name.to_owned(),
        email: email.to_owned(),
        at: when.split(' ').next()?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_is_read_whole() {
        let text = "tree t\nparent p\nauthor A B <a@b> 12 +0000\ncommitter C <c@d> 13 +0200\n\nSubject\n\ntext\n";
        let commit = parsed(text).unwrap();
        assert_eq!((commit.tree.as_str(), commit.parents.len()), ("t", 1));
        assert_eq!((commit.author.name.as_str(), commit.author.at), ("A B", 12));
        assert_eq!(commit.message, "Subject\n\ntext\n");
        assert_eq!(parsed("tree t\n\nno author"), None);
    }
}
