//! Who changed files last.

use std::collections::{BTreeMap, BTreeSet};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::error::GitError;
use crate::git::Git;

/// What begins the line of a commit, so that no file name is taken for one.
const MARK: u8 = 1;

impl Git {
    /// The author of the last commit that changed each of these files, with the address,
    /// by file. Names in the form of `printable` that are quoted are not asked for.
    pub(crate) async fn last_authors(
        &self,
        commit: &str,
        files: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, String>, GitError> {
        let mut wanted: BTreeSet<&str> = files.iter().map(String::as_str).collect();
        wanted.retain(|file| !file.starts_with('"'));
        let mut authors = BTreeMap::new();
        if wanted.is_empty() {
            return Ok(authors);
        }
        let options = [
            "log",
            "-z",
            "--no-renames",
            "--name-only",
            "--no-show-signature",
            "--format=tformat:%x01%aN <%aE>",
            "--stdin",
        ];
        let (mut child, limit) = self.start(&options)?;
        let deadline = tokio::time::Instant::now() + limit;
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Ok(authors);
        };
        let mut input = format!("{commit}\n--\n");
        for file in &wanted {
            input.push_str(file);
            input.push('\n');
        }
        let write = tokio::spawn(async move {
            // A command that ends early closes its input.
            let _ = stdin.write_all(input.as_bytes()).await;
        });
        let mut stdout = BufReader::new(stdout);
        let mut author = String::new();
        let mut record = Vec::new();
        while !wanted.is_empty() {
            record.clear();
            let read = stdout.read_until(0, &mut record);
            let read = match tokio::time::timeout_at(deadline, read).await {
                Ok(Ok(read)) => read,
                Ok(Err(source)) => {
                    return Err(GitError::Io {
                        command: "log".to_owned(),
                        source,
                    });
                }
                Err(_) => {
                    return Err(GitError::TimedOut {
                        command: "log".to_owned(),
                        after: limit,
                    });
                }
            };
            if read == 0 {
                break;
            }
            let text = record.strip_suffix(b"\0").unwrap_or(&record);
            let text = text.strip_prefix(b"\n").unwrap_or(text);
            if let Some(who) = text.strip_prefix(&[MARK]) {
                author = String::from_utf8_lossy(who).into_owned();
                continue;
            }
            let file = String::from_utf8_lossy(text);
            if wanted.remove(file.as_ref()) {
                authors.insert(file.into_owned(), author.clone());
            }
        }
        // Everybody is known: the rest of the history is not needed.
        let _ = child.start_kill();
        write.abort();
        Ok(authors)
    }
}
