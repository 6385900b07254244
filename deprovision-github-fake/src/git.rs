//! The repositories behind the API: real ones, through the git program.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The files of a version: their bytes by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// A bare repository.
#[derive(Debug, Clone)]
pub(crate) struct Bare {
    pub(crate) directory: PathBuf,
}

impl Bare {
    /// Makes one without a commit.
    pub(crate) fn create(directory: &Path, default_branch: &str) -> Result<Self, String> {
        let bare = Self {
            directory: directory.to_owned(),
        };
        std::fs::create_dir_all(directory).map_err(|error| error.to_string())?;
        bare.run(
            &[
                "init",
                "--quiet",
                "--bare",
                "--initial-branch",
                default_branch,
            ],
            b"",
        )?;
        bare.run(&["config", "http.receivepack", "false"], b"")?;
        bare.run(&["config", "uploadpack.allowFilter", "true"], b"")?;
        Ok(bare)
    }

    /// Runs git; gives what it says.
    pub(crate) fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
        self.run_with(&[], arguments, input)
    }

    /// The same, with more in its environment.
    pub(crate) fn run_with(
        &self,
        environment: &[(&str, &str)],
        arguments: &[&str],
        input: &[u8],
    ) -> Result<Vec<u8>, String> {
        let mut child = Command::new("git")
            .current_dir(&self.directory)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_DIR", &self.directory)
            .env("GIT_AUTHOR_NAME", "somebody")
            .env("GIT_AUTHOR_EMAIL", "somebody@github.example")
            .env("GIT_COMMITTER_NAME", "somebody")
            .env("GIT_COMMITTER_EMAIL", "somebody@github.example")
            .envs(environment.iter().copied())
            .args(["-c", "gc.auto=0", "-c", "core.quotePath=false"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("git could not be started: {error}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that ends early closes its input: its exit code tells.
            let _ = stdin.write_all(input);
        }
        let output = child
            .wait_with_output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("git {}: {}", arguments.join(" "), said.trim()))
        }
    }

    pub(crate) fn line(&self, arguments: &[&str], input: &[u8]) -> Result<String, String> {
        let output = self.run(arguments, input)?;
        Ok(String::from_utf8_lossy(&output).trim_end().to_owned())
    }

    /// The commit of a branch.
    pub(crate) fn tip(&self, branch: &str) -> Option<String> {
        let name = format!("refs/heads/{branch}");
        self.line(&["rev-parse", "--verify", "--quiet", &name], b"")
            .ok()
    }

    /// Puts files on top of a branch, in one commit; `None` removes one.
    pub(crate) fn commit(
        &self,
        branch: &str,
        files: &BTreeMap<String, Option<Vec<u8>>>,
        message: &str,
    ) -> Result<String, String> {
        let base = self.tip(branch);
        let mut script = Vec::new();
        script.extend_from_slice(
            format!(
                "commit refs/heads/{branch}\ncommitter somebody <somebody@github.example> {} +0000\ndata {}\n{message}\n",
                // Each commit is another one, and all are in order.
                1_800_000_000 + self.count(branch),
                message.len()
            )
            .as_bytes(),
        );
        if let Some(base) = base {
            script.extend_from_slice(format!("from {base}\n").as_bytes());
        }
        for (name, bytes) in files {
            let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
            match bytes {
                Some(bytes) => {
                    script.extend_from_slice(
                        format!("M 100644 inline \"{quoted}\"\ndata {}\n", bytes.len()).as_bytes(),
                    );
                    script.extend_from_slice(bytes);
                    script.push(b'\n');
                }
                None => script.extend_from_slice(format!("D \"{quoted}\"\n").as_bytes()),
            }
        }
        self.run(&["fast-import", "--quiet", "--force"], &script)?;
        self.tip(branch)
            .ok_or_else(|| format!("{branch} has no commit"))
    }

    fn count(&self, branch: &str) -> u64 {
        self.line(
            &["rev-list", "--count", &format!("refs/heads/{branch}")],
            b"",
        )
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(0)
    }

    /// The files of a version.
    pub(crate) fn files(&self, version: &str) -> Result<Files, String> {
        let listed = self.run(&["ls-tree", "-r", "-z", version], b"")?;
        let mut files = Files::new();
        for record in listed.split(|byte| *byte == 0).filter(|r| !r.is_empty()) {
            let record = String::from_utf8_lossy(record);
            let (head, name) = record.split_once('\t').unwrap_or((&record, ""));
            let oid = head.split(' ').nth(2).unwrap_or_default();
            files.insert(name.to_owned(), self.run(&["cat-file", "blob", oid], b"")?);
        }
        Ok(files)
    }

    /// The tree that a merge of two branches gives; `None` when they conflict.
    pub(crate) fn merged_tree(&self, into: &str, from: &str) -> Option<String> {
        let tree = self
            .line(&["merge-tree", "--write-tree", into, from], b"")
            .ok()?;
        tree.lines().next().map(str::to_owned)
    }

    /// Merges a branch into another, with a merge commit.
    pub(crate) fn merge(&self, into: &str, from: &str) -> Result<String, String> {
        let (ours, theirs) = (
            self.tip(into).ok_or("no base")?,
            self.tip(from).ok_or("no head")?,
        );
        let tree = self.merged_tree(&ours, &theirs).ok_or("it conflicts")?;
        let commit = self.line(
            &[
                "commit-tree",
                &tree,
                "-p",
                &ours,
                "-p",
                &theirs,
                "-m",
                &format!("Merge {from}"),
            ],
            b"",
        )?;
        self.run(&["update-ref", &format!("refs/heads/{into}"), &commit], b"")?;
        Ok(commit)
    }

    /// Every branch with its commit.
    pub(crate) fn branches(&self) -> Result<BTreeMap<String, String>, String> {
        let listed = self.line(
            &[
                "for-each-ref",
                "--format=%(refname:lstrip=2) %(objectname)",
                "refs/heads/",
            ],
            b"",
        )?;
        Ok(listed
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, commit)| (name.to_owned(), commit.to_owned()))
            .collect())
    }
}
