//! Running git, with nobody's configuration and one place to fetch from.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::secret::Secret;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// The environment of every command, beside `PATH`.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("LC_ALL", "C"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("GIT_ASKPASS", ""),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_LITERAL_PATHSPECS", "1"),
];

/// What every command gets: no hooks, no helpers, no redirect that could take the token
/// elsewhere, no protocol but the one that the server's address has.
const FIXED: &[&str] = &[
    "core.hooksPath=/dev/null",
    "core.quotePath=false",
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.followRedirects=false",
    "fetch.recurseSubmodules=false",
    "protocol.allow=never",
];

/// The most of git's complaints that an error repeats.
const MAX_SAID: usize = 300;

/// One bare repository on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    directory: PathBuf,
    limit: Duration,
}

/// A command that did not succeed.
#[derive(Debug)]
pub(crate) struct GitFailed {
    pub(crate) said: String,
}

impl Git {
    pub(crate) fn new(directory: &Path, limit: Duration) -> Self {
        Self {
            directory: directory.to_owned(),
            limit,
        }
    }

    /// Runs a command that touches no network; gives what it says.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, GitFailed> {
        self.talk(arguments, &[], b"").await
    }

    /// The first line of what a command says.
    pub(crate) async fn line(&self, arguments: &[&str]) -> Result<String, GitFailed> {
        let output = self.run(arguments).await?;
        Ok(String::from_utf8_lossy(&output).trim_end().to_owned())
    }

    /// Fetches from an address, as whoever holds the token. The token goes by the
    /// environment: arguments can be seen by everybody on the machine.
    pub(crate) async fn fetch(
        &self,
        url: &str,
        token: &Secret,
        arguments: &[&str],
    ) -> Result<(), GitFailed> {
        let scheme = url.split(':').next().unwrap_or_default();
        let allowed = format!("protocol.{scheme}.allow=always");
        let basic = BASE64_STANDARD.encode(format!("x-access-token:{}", token.expose()));
        let environment: [(&str, OsString); 3] = [
            ("GIT_CONFIG_COUNT", "1".into()),
            ("GIT_CONFIG_KEY_0", format!("http.{url}.extraHeader").into()),
            (
                "GIT_CONFIG_VALUE_0",
                format!("Authorization: Basic {basic}").into(),
            ),
        ];
        let mut all = vec![
            "-c",
            &allowed,
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
        ];
        all.extend_from_slice(arguments);
        self.talk(&all, &environment, b"").await.map(|_| ())
    }

    async fn talk(
        &self,
        arguments: &[&str],
        environment: &[(&str, OsString)],
        input: &[u8],
    ) -> Result<Vec<u8>, GitFailed> {
        let failed = |said: String| GitFailed { said };
        let mut command = Command::new("git");
        command.env_clear();
        for kept in [
            "PATH",
            "TMPDIR",
            "SystemRoot",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "HTTPS_PROXY",
            "https_proxy",
            "NO_PROXY",
            "no_proxy",
        ] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
            .envs(ENVIRONMENT.iter().copied())
            .envs(environment.iter().map(|(key, value)| (key, value)))
            .env("GIT_DIR", &self.directory)
            .current_dir(&self.directory)
            .arg("--no-pager");
        for setting in FIXED {
            command.arg("-c").arg(setting);
        }
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|_| failed("git could not be started; install it".to_owned()))?;
        let talk = async {
            if let Some(mut stdin) = child.stdin.take() {
                // A command that ends early closes its input: its exit code tells.
                let _ = stdin.write_all(input).await;
            }
            child.wait_with_output().await
        };
        match tokio::time::timeout(self.limit, talk).await {
            Ok(Ok(output)) if output.status.success() => Ok(output.stdout),
            Ok(Ok(output)) => Err(failed(shortened(&output.stderr))),
            Ok(Err(_)) => Err(failed("git was lost".to_owned())),
            Err(_) => Err(failed("git took too long".to_owned())),
        }
    }
}

impl GitFailed {
    /// Whether the clone itself is no use: a lock that a killed git left, or objects that
    /// are not whole.
    pub(crate) fn is_of_the_clone(&self) -> bool {
        let words = [
            ".lock': File exists",
            "shallow",
            "bad object",
            "corrupt",
            "loose object",
        ];
        words.iter().any(|word| self.said.contains(word))
    }

    /// What it means for whoever wanted it.
    pub(crate) fn of(self, operation: &str) -> ProviderError {
        let said = self.said.to_lowercase();
        let refused = [
            "authentication failed",
            "could not read username",
            "error: 403",
            "error: 401",
        ];
        let missing = ["repository not found", "not found", "error: 404"];
        let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
        let (kind, advice) = if any(&refused) {
            (
                ErrorKind::Denied,
                "the token may not read the repository; it needs Contents: read",
            )
        } else if any(&missing) {
            (ErrorKind::NotFound, "git sees no such repository")
        } else if said.contains("redirect") || said.contains("error: 301") {
            (
                ErrorKind::Invalid,
                "the repository was renamed; use its new name",
            )
        } else {
            (
                ErrorKind::Transient,
                "the clone could not be read or brought up to date",
            )
        };
        ProviderError::new(kind, operation, format!("{advice} ({})", self.said))
    }
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
        "git gave no reason".to_owned()
    } else {
        text
    }
}
