//! Running git so that nobody's configuration decides what happens.

#[cfg(unix)]
use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::error::GitError;

/// What every command gets: no hooks, no helpers, no network, no signature, no
/// index extensions that write elsewhere, every object durable before its ref.
const FIXED: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.sparseCheckout=false",
    "index.sparse=false",
    "core.quotePath=false",
    "core.fsync=loose-object,pack,reference",
    "core.commentChar=#",
    "commit.gpgSign=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "i18n.commitEncoding=UTF-8",
    "protocol.allow=never",
];

/// The environment of every command, beside `PATH`.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("LC_ALL", "C"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", ""),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_GRAFT_FILE", "/dev/null"),
    ("GIT_LITERAL_PATHSPECS", "1"),
];

/// The most of git's complaints that an error repeats.
const MAX_SAID: usize = 600;

/// One repository, seen through the git program.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    program: PathBuf,
    git_dir: PathBuf,
    /// Where the files lie, for the commands that look at them.
    work_tree: Option<PathBuf>,
    limit: Duration,
    deadline: Option<Instant>,
}

impl Git {
    pub(crate) fn new(program: &Path, git_dir: &Path, limit: Duration) -> Self {
        Self {
            program: program.to_owned(),
            git_dir: git_dir.to_owned(),
            work_tree: None,
            limit,
            deadline: None,
        }
    }

    /// The same, for commands that look at the files in a folder.
    pub(crate) fn in_work_tree(mut self, folder: &Path) -> Self {
        self.work_tree = Some(folder.to_owned());
        self
    }

    pub(crate) fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The same, with all commands together ending before a moment.
    pub(crate) fn within(&self, time: Duration) -> Self {
        Self {
            deadline: Instant::now().checked_add(time),
            ..self.clone()
        }
    }

    /// Runs a command that must succeed; gives its output.
    pub(crate) async fn run(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, GitError> {
        let (code, output) = self.try_run(arguments, &[], input, &[0]).await?;
        debug_assert_eq!(code, 0);
        Ok(output)
    }

    /// Runs a command that may also end with one of the given exit codes.
    pub(crate) async fn try_run(
        &self,
        arguments: &[&str],
        environment: &[(&'static str, OsString)],
        input: &[u8],
        allowed: &[i32],
    ) -> Result<(i32, Vec<u8>), GitError> {
        let (mut command, name) = self.command(arguments);
        command.envs(environment.iter().map(|(key, value)| (key, value)));
        let mut child = self.spawn(&mut command, &name)?;
        let limit = self.time_left();
        let talk = async {
            let stdin = child.stdin.take();
            let stdout = child.stdout.take();
            let stderr = child.stderr.take();
            let write = async {
                if let Some(mut stdin) = stdin {
                    // A command that ends early closes its input: its exit code tells.
                    let _ = stdin.write_all(input).await;
                }
            };
            let (_, out, err) = tokio::join!(write, read_all(stdout), read_all(stderr));
            let status = child.wait().await?;
            Ok::<_, std::io::Error>((status, out?, err?))
        };
        let (status, out, err) = match tokio::time::timeout(limit, talk).await {
            Ok(Ok(done)) => done,
            Ok(Err(source)) => {
                return Err(GitError::Io {
                    command: name,
                    source,
                });
            }
            Err(_) => {
                return Err(GitError::TimedOut {
                    command: name,
                    after: limit,
                });
            }
        };
        match status.code() {
            Some(code) if allowed.contains(&code) => Ok((code, out)),
            _ => Err(GitError::Failed {
                command: name,
                code: status.to_string(),
                said: shortened(&err),
            }),
        }
    }

    /// Starts a command whose input and output the caller drives.
    pub(crate) fn start(&self, arguments: &[&str]) -> Result<(Child, Duration), GitError> {
        let (mut command, name) = self.command(arguments);
        command.stderr(Stdio::null());
        Ok((self.spawn(&mut command, &name)?, self.time_left()))
    }

    fn time_left(&self) -> Duration {
        match self.deadline {
            Some(deadline) => self
                .limit
                .min(deadline.saturating_duration_since(Instant::now())),
            None => self.limit,
        }
    }

    fn command(&self, arguments: &[&str]) -> (Command, String) {
        let mut command = Command::new(&self.program);
        command.env_clear();
        for kept in ["PATH", "TMPDIR", "SystemRoot"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command.envs(ENVIRONMENT.iter().copied());
        command.env("GIT_DIR", &self.git_dir);
        if let Some(work_tree) = &self.work_tree {
            command.env("GIT_WORK_TREE", work_tree);
        }
        command.current_dir(self.work_tree.as_ref().unwrap_or(&self.git_dir));
        command.arg("--no-pager");
        for setting in FIXED {
            command.arg("-c").arg(setting);
        }
        command.args(arguments);
        // Settings may come first: the name is what is not one.
        let name = arguments
            .iter()
            .find(|argument| !argument.starts_with('-') && !argument.contains('='));
        let name = name.map_or_else(String::new, |name| (*name).to_owned());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        (command, name)
    }

    fn spawn(&self, command: &mut Command, name: &str) -> Result<Child, GitError> {
        command.spawn().map_err(|source| {
            // A directory that is gone gives the same error as a missing program.
            if source.kind() == std::io::ErrorKind::NotFound && self.git_dir.exists() {
                GitError::Missing {
                    program: self.program.clone(),
                }
            } else {
                GitError::Io {
                    command: name.to_owned(),
                    source,
                }
            }
        })
    }
}

/// Asks a directory outside any known repository: for registering it.
pub(crate) async fn locate(
    program: &Path,
    directory: &Path,
    limit: Duration,
) -> Result<(String, OsString), GitError> {
    // `GIT_DIR` must not be set here, so these two run on their own.
    let mut answers = Vec::new();
    for arguments in [
        ["version"].as_slice(),
        // Who registers a directory vouches for it, whoever owns its files.
        ["-c", "safe.directory=*", "rev-parse", "--absolute-git-dir"].as_slice(),
    ] {
        let git = Git::new(program, directory, limit);
        let (mut command, name) = git.command(arguments);
        command.env_remove("GIT_DIR");
        if let Some(parent) = directory.parent() {
            // The directory itself, not some repository that it lies in.
            command.env("GIT_CEILING_DIRECTORIES", parent);
        }
        let child = git.spawn(&mut command, &name)?;
        let output = match tokio::time::timeout(limit, child.wait_with_output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(source)) => {
                return Err(GitError::Io {
                    command: name,
                    source,
                });
            }
            Err(_) => {
                return Err(GitError::TimedOut {
                    command: name,
                    after: limit,
                });
            }
        };
        if !output.status.success() {
            return Err(GitError::Failed {
                command: name,
                code: output.status.to_string(),
                said: shortened(&output.stderr),
            });
        }
        answers.push(output.stdout);
    }
    let git_dir = answers.pop().unwrap_or_default();
    let version = answers.pop().unwrap_or_default();
    let git_dir = git_dir.strip_suffix(b"\n").unwrap_or(&git_dir);
    Ok((
        String::from_utf8_lossy(&version).trim().to_owned(),
        os_string(git_dir),
    ))
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    OsStr::from_bytes(bytes).to_owned()
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

async fn read_all(
    stream: Option<impl tokio::io::AsyncRead + Unpin>,
) -> Result<Vec<u8>, std::io::Error> {
    let mut all = Vec::new();
    if let Some(mut stream) = stream {
        stream.read_to_end(&mut all).await?;
    }
    Ok(all)
}

fn shortened(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let text: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_SAID)
        .collect();
    if text.is_empty() {
        "it gave no reason".to_owned()
    } else {
        text
    }
}
