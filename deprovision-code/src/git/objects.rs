//! Reading trees and blobs of a commit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdout};

use crate::error::GitError;
use crate::git::Git;

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Symlink,
    Submodule,
}

/// One entry of a tree, below all its directories.
#[derive(Debug, Clone)]
pub(crate) struct TreeEntry {
    pub(crate) kind: EntryKind,
    /// As git writes it: `100644`, `100755`.
    pub(crate) mode: String,
    pub(crate) oid: String,
    /// From the root of the repository, with `/`: any bytes but NUL.
    pub(crate) path: Vec<u8>,
}

impl Git {
    /// All files of a commit or tree, in git's order.
    pub(crate) async fn files(&self, tree: &str) -> Result<Vec<TreeEntry>, GitError> {
        let output = self
            .run(&["ls-tree", "-r", "-z", "--full-tree", tree], b"")
            .await?;
        output
            .split(|byte| *byte == 0)
            .filter(|record| !record.is_empty())
            .map(|record| {
                parse_entry(record).ok_or_else(|| GitError::Unexpected {
                    command: "ls-tree".to_owned(),
                    what: printable(record),
                })
            })
            .collect()
    }

    /// The file at exactly that path; nothing when there is none.
    pub(crate) async fn file(&self, tree: &str, path: &str) -> Result<Option<TreeEntry>, GitError> {
        let output = self
            .run(
                &["ls-tree", "-r", "-z", "--full-tree", tree, "--", path],
                b"",
            )
            .await?;
        Ok(output
            .split(|byte| *byte == 0)
            .filter_map(parse_entry)
            .find(|entry| entry.path == path.as_bytes()))
    }

    /// The files that both versions have and that differ: path, then the objects.
    pub(crate) async fn edited(
        &self,
        from: &str,
        to: &str,
    ) -> Result<Vec<(Vec<u8>, String, String)>, GitError> {
        let options = [
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            "--no-renames",
            "--no-abbrev",
            from,
            to,
            "--",
        ];
        let output = self.run(&options, b"").await?;
        let mut fields = output.split(|byte| *byte == 0);
        let mut edited = Vec::new();
        while let (Some(about), Some(path)) = (fields.next(), fields.next()) {
            let about = String::from_utf8_lossy(about);
            let parts: Vec<&str> = about.split(' ').collect();
            if let [_, _, before, after, "M"] = parts.as_slice() {
                edited.push((path.to_vec(), (*before).to_owned(), (*after).to_owned()));
            }
        }
        Ok(edited)
    }

    /// How many bytes each of these objects has.
    pub(crate) async fn sizes(
        &self,
        oids: &BTreeSet<&str>,
    ) -> Result<BTreeMap<String, u64>, GitError> {
        let input: String = oids.iter().flat_map(|oid| [*oid, "\n"]).collect();
        let format = "--batch-check=%(objectname) %(objectsize)";
        let output = self
            .run(&["cat-file", "--buffer", format], input.as_bytes())
            .await?;
        String::from_utf8_lossy(&output)
            .lines()
            .map(|line| {
                let (oid, size) = line.split_once(' ').unwrap_or((line, ""));
                let size = size.parse().map_err(|_| damaged(oid))?;
                Ok((oid.to_owned(), size))
            })
            .collect()
    }

    /// How many bytes an object has.
    pub(crate) async fn size(&self, oid: &str) -> Result<u64, GitError> {
        let sizes = self.sizes(&BTreeSet::from([oid])).await?;
        sizes.get(oid).copied().ok_or_else(|| damaged(oid))
    }

    /// Opens objects for reading one after the other, in the order asked for.
    pub(crate) fn open(&self, oids: Vec<String>) -> Result<Objects, GitError> {
        let (mut child, limit) = self.start(&["cat-file", "--batch", "--buffer"])?;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(unexpected("it has no input or output"));
        };
        let input: String = oids.iter().flat_map(|oid| [oid.as_str(), "\n"]).collect();
        tokio::spawn(async move {
            // A command that ends early closes its input: the reader notices.
            let _ = stdin.write_all(input.as_bytes()).await;
        });
        Ok(Objects {
            _child: child,
            stdout: BufReader::new(stdout),
            oids: oids.into_iter(),
            deadline: tokio::time::Instant::now() + limit,
            limit,
        })
    }

    /// The bytes of one object.
    pub(crate) async fn object(&self, oid: &str) -> Result<Vec<u8>, GitError> {
        let found = self.open(vec![oid.to_owned()])?.next().await?;
        found.ok_or_else(|| unexpected("it gave nothing"))
    }
}

/// Objects that are read one after the other, in bounded memory.
#[derive(Debug)]
pub(crate) struct Objects {
    /// Killed when this is dropped.
    _child: Child,
    stdout: BufReader<ChildStdout>,
    oids: std::vec::IntoIter<String>,
    deadline: tokio::time::Instant,
    limit: Duration,
}

impl Objects {
    /// The next one; nothing after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, GitError> {
        let Some(oid) = self.oids.next() else {
            return Ok(None);
        };
        match tokio::time::timeout_at(self.deadline, read_object(&mut self.stdout, &oid)).await {
            Ok(bytes) => bytes.map(Some),
            Err(_) => Err(GitError::TimedOut {
                command: "cat-file".to_owned(),
                after: self.limit,
            }),
        }
    }
}

async fn read_object(stdout: &mut BufReader<ChildStdout>, oid: &str) -> Result<Vec<u8>, GitError> {
    let io = |source| GitError::Io {
        command: "cat-file".to_owned(),
        source,
    };
    let mut header = Vec::new();
    stdout.read_until(b'\n', &mut header).await.map_err(io)?;
    let header = String::from_utf8_lossy(&header);
    let mut parts = header.trim_end().split(' ');
    let size = match (parts.next(), parts.next(), parts.next()) {
        (Some(name), Some(_), Some(size)) if name == oid => size.parse::<u64>().ok(),
        _ => None,
    };
    let Some(size) = size else {
        return Err(damaged(oid));
    };
    let mut bytes = Vec::new();
    let read = stdout
        .take(size)
        .read_to_end(&mut bytes)
        .await
        .map_err(io)?;
    if read as u64 != size || stdout.read_u8().await.map_err(io)? != b'\n' {
        return Err(unexpected(&format!("object {oid} ended early")));
    }
    Ok(bytes)
}

fn damaged(oid: &str) -> GitError {
    unexpected(&format!(
        "object {oid} is missing or damaged; run git fsck, or fetch a full clone"
    ))
}

fn unexpected(what: &str) -> GitError {
    GitError::Unexpected {
        command: "cat-file".to_owned(),
        what: what.to_owned(),
    }
}

/// `<mode> <type> <oid>\t<path>`
fn parse_entry(record: &[u8]) -> Option<TreeEntry> {
    let tab = record.iter().position(|byte| *byte == b'\t')?;
    let head = std::str::from_utf8(&record[..tab]).ok()?;
    let mut parts = head.split_ascii_whitespace();
    let (mode, _kind, oid) = (parts.next()?, parts.next()?, parts.next()?);
    let kind = match mode {
        "160000" => EntryKind::Submodule,
        "120000" => EntryKind::Symlink,
        _ => EntryKind::File,
    };
    Some(TreeEntry {
        kind,
        mode: mode.to_owned(),
        oid: oid.to_owned(),
        path: record[tab + 1..].to_vec(),
    })
}

/// A file name as text, in one line and unmistakable: as it is where it is plain
/// UTF-8, else in double quotes with `\n`, `\"`, `\\` and `\377` as git writes them.
pub(crate) fn printable(name: &[u8]) -> String {
    match std::str::from_utf8(name) {
        Ok(text) if !text.starts_with('"') && !text.chars().any(char::is_control) => {
            text.to_owned()
        }
        _ => {
            let mut quoted = String::from("\"");
            for chunk in name.utf8_chunks() {
                for c in chunk.valid().chars() {
                    match c {
                        '"' | '\\' => quoted.extend(['\\', c]),
                        '\n' => quoted.push_str("\\n"),
                        '\t' => quoted.push_str("\\t"),
                        '\r' => quoted.push_str("\\r"),
                        c if c.is_control() => {
                            let mut buffer = [0; 4];
                            for byte in c.encode_utf8(&mut buffer).bytes() {
                                quoted.push_str(&format!("\\{byte:03o}"));
                            }
                        }
                        c => quoted.push(c),
                    }
                }
                for byte in chunk.invalid() {
                    quoted.push_str(&format!("\\{byte:03o}"));
                }
            }
            quoted.push('"');
            quoted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_odd_file_name_becomes_one_line() {
        assert_eq!(printable(b"a b.txt"), "a b.txt");
        assert_eq!(printable("é".as_bytes()), "é");
        assert_eq!(printable(b"a\nb\xff"), "\"a\\nb\\377\"");
        assert_eq!(printable(b"\"a\""), "\"\\\"a\\\"\"");
    }

    proptest! {
        #[test]
        fn two_names_never_look_the_same(
            a in proptest::collection::vec(any::<u8>(), 0..6),
            b in proptest::collection::vec(any::<u8>(), 0..6),
        ) {
            prop_assert_eq!(a == b, printable(&a) == printable(&b));
            prop_assert!(!printable(&a).contains('\n'));
        }
    }
}
