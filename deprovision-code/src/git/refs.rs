//! Branches: reading them, and moving ours only.

use std::ffi::OsString;

use crate::error::GitError;
use crate::git::Git;

/// The tip of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BranchTip {
    pub(crate) commit: String,
    /// It is only another name for that ref.
    pub(crate) symbolic: Option<String>,
    /// Somebody has it checked out, there.
    pub(crate) checked_out: Option<String>,
}

impl Git {
    /// The commit of a branch; nothing when there is no such branch.
    pub(crate) async fn commit_of(&self, branch: &str) -> Result<Option<String>, GitError> {
        self.resolve(&format!("refs/heads/{branch}")).await
    }

    /// The commit that a name stands for; nothing when there is none.
    pub(crate) async fn resolve(&self, name: &str) -> Result<Option<String>, GitError> {
        let name = format!("{name}^{{commit}}");
        let (code, output) = self
            .try_run(
                &[
                    "rev-parse",
                    "--verify",
                    "--quiet",
                    "--end-of-options",
                    &name,
                ],
                &[],
                b"",
                &[0, 1],
            )
            .await?;
        Ok((code == 0).then(|| line(&output)))
    }

    /// Everything about a branch of ours; nothing when there is none.
    pub(crate) async fn tip(&self, branch: &str) -> Result<Option<BranchTip>, GitError> {
        let full = format!("refs/heads/{branch}");
        let output = self
            .run(
                &[
                    "for-each-ref",
                    "--format=%(refname)%00%(objectname)%00%(symref)%00%(worktreepath)%00",
                    "--",
                    &full,
                ],
                b"",
            )
            .await?;
        let fields: Vec<String> = output
            .split(|byte| *byte == 0)
            .map(|field| String::from_utf8_lossy(field).into_owned())
            .collect();
        // The pattern also lists refs below a directory of that name.
        let Some([name, commit, symbolic, checked_out, ..]) = fields.get(..4).map(|f| {
            let [a, b, c, d] = [0, 1, 2, 3].map(|i| f[i].clone());
            [a, b, c, d]
        }) else {
            return Ok(None);
        };
        if name.trim_start() != full {
            return Ok(None);
        }
        let some = |text: String| (!text.is_empty()).then_some(text);
        Ok(Some(BranchTip {
            commit,
            symbolic: some(symbolic),
            checked_out: some(checked_out),
        }))
    }

    /// What `HEAD` points to, also when that branch has no commit yet; nothing
    /// when `HEAD` is detached.
    pub(crate) async fn head_branch(&self) -> Result<Option<String>, GitError> {
        let (code, output) = self
            .try_run(&["symbolic-ref", "--quiet", "HEAD"], &[], b"", &[0, 1])
            .await?;
        if code != 0 {
            return Ok(None);
        }
        Ok(line(&output).strip_prefix("refs/heads/").map(str::to_owned))
    }

    /// Whether git accepts the name of a branch.
    pub(crate) async fn is_branch_name(&self, branch: &str) -> Result<bool, GitError> {
        let full = format!("refs/heads/{branch}");
        let (code, _) = self
            .try_run(&["check-ref-format", &full], &[], b"", &[0, 1, 129])
            .await?;
        Ok(code == 0 && !branch.starts_with('-'))
    }

    /// Whether every commit of the first is in the second.
    pub(crate) async fn is_ancestor(&self, first: &str, second: &str) -> Result<bool, GitError> {
        let (code, _) = self
            .try_run(
                &["merge-base", "--is-ancestor", first, second],
                &[],
                b"",
                &[0, 1],
            )
            .await?;
        Ok(code == 0)
    }

    /// Commits, newest first, as `rev-list` selects them.
    pub(crate) async fn history(&self, selection: &[&str]) -> Result<Vec<String>, GitError> {
        let arguments = [&["rev-list"], selection, &["--"]].concat();
        let output = self.run(&arguments, b"").await?;
        Ok(String::from_utf8_lossy(&output)
            .lines()
            .map(str::to_owned)
            .collect())
    }

    /// What a commit changed against another, as `git apply` reads it.
    pub(crate) async fn diff(&self, from: &str, to: &str) -> Result<Vec<u8>, GitError> {
        let options = [
            "diff-tree",
            "-r",
            "-p",
            "--full-index",
            "--no-renames",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            // Else a file whose attributes forbid a diff would be named only.
            "--text",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            "--unified=3",
            from,
            to,
            "--",
        ];
        self.run(&options, b"").await
    }

    /// Makes a branch, or moves it from the commit where it was seen.
    pub(crate) async fn move_branch(
        &self,
        branch: &str,
        to: &str,
        seen_at: Option<&str>,
    ) -> Result<(), GitError> {
        let full = format!("refs/heads/{branch}");
        // An empty old value: it must not exist.
        let old = seen_at.unwrap_or("");
        self.try_run(
            &[
                "update-ref",
                "--no-deref",
                "-m",
                "deprovision",
                &full,
                to,
                old,
            ],
            &identity(None),
            b"",
            &[0],
        )
        .await?;
        Ok(())
    }

    /// Removes a branch that is still where it was seen.
    pub(crate) async fn delete_branch(&self, branch: &str, seen_at: &str) -> Result<(), GitError> {
        let full = format!("refs/heads/{branch}");
        self.run(&["update-ref", "--no-deref", "-d", &full, seen_at], b"")
            .await?;
        Ok(())
    }
}

/// Who commits: always the same, so that the same change is the same commit.
pub(crate) const COMMITTER: &str = "deprovision <noreply@deprovision.invalid>";

/// The identity as git's environment, at a moment in git's own form.
pub(crate) fn identity(date: Option<&str>) -> [(&'static str, OsString); 6] {
    let date = date.unwrap_or("@0 +0000");
    [
        ("GIT_AUTHOR_NAME", "deprovision".into()),
        ("GIT_AUTHOR_EMAIL", "noreply@deprovision.invalid".into()),
        ("GIT_AUTHOR_DATE", date.into()),
        ("GIT_COMMITTER_NAME", "deprovision".into()),
        ("GIT_COMMITTER_EMAIL", "noreply@deprovision.invalid".into()),
        ("GIT_COMMITTER_DATE", date.into()),
    ]
}

pub(crate) fn line(output: &[u8]) -> String {
    String::from_utf8_lossy(output).trim_end().to_owned()
}
