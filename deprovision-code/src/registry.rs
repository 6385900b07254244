//! Which repository lies in which directory, and which version of it counts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::resource::RepositoryId;
use deprovision_core::time::{Clock, SystemClock, Timestamp};

use crate::error::GitError;
use crate::git::{Git, MINIMUM_VERSION, locate};

/// The provider part of the ids that this crate understands.
pub(crate) const PROVIDER: &str = "git";

/// How long a git command may take, when nothing else is said: long enough to
/// read a repository of some gigabytes.
const TIME_OUT: Duration = Duration::from_secs(300);

/// Which branch holds the default version of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DefaultBranch {
    /// The branch that `HEAD` points to while the repository is registered; with
    /// a detached `HEAD`, `main` or else `master`.
    ///
    /// In a clone in which people work, `HEAD` points to whatever they work on:
    /// name the branch there.
    #[default]
    Head,
    /// The branch of that name.
    Named(String),
}

impl DefaultBranch {
    /// The branch of that name.
    pub fn named(name: impl Into<String>) -> Self {
        Self::Named(name.into())
    }
}

/// Why a directory can not be registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The id is not one of this crate's.
    #[error(
        "{id} is not the id of a working copy: write git:<account>:local:<name>, the name of letters, digits and . _ - without a slash"
    )]
    Id {
        /// The id.
        id: RepositoryId,
    },
    /// The id has a directory already.
    #[error("{id} is registered already, for {}", directory.display())]
    Twice {
        /// The id.
        id: RepositoryId,
        /// Its directory.
        directory: PathBuf,
    },
    /// The directory is not a repository that git can read.
    #[error("{} can not be read as a Git repository; name the top of a clone or a bare repository", directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// What git said.
        #[source]
        source: GitError,
    },
    /// Git is too old.
    #[error("{found} is too old; install git {MINIMUM_VERSION} or later")]
    Version {
        /// What git says of itself.
        found: String,
    },
    /// The branch has no possible name, or none can be found.
    #[error("{id} has no default branch {branch:?}; name one with DefaultBranch::named")]
    Branch {
        /// The repository.
        id: RepositoryId,
        /// What was looked for.
        branch: String,
    },
}

/// The repositories on this machine that retirements may touch, by id.
///
/// Clones and bare repositories alike. Everything is read from the objects of
/// the default branch, never from a working tree.
#[derive(Debug)]
pub struct GitRepositories {
    program: PathBuf,
    time_out: Duration,
    clock: Arc<dyn Clock>,
    known: BTreeMap<RepositoryId, Repository>,
}

/// One registered repository.
#[derive(Debug, Clone)]
pub(crate) struct Repository {
    pub(crate) git: Git,
    pub(crate) branch: String,
    directory: PathBuf,
}

impl Default for GitRepositories {
    fn default() -> Self {
        Self::new()
    }
}

impl GitRepositories {
    /// No repositories yet, and the `git` that `PATH` finds.
    #[must_use]
    pub fn new() -> Self {
        Self {
            program: "git".into(),
            time_out: TIME_OUT,
            clock: Arc::new(SystemClock::new()),
            known: BTreeMap::new(),
        }
    }

    /// Another git program; for the repositories that are registered afterwards.
    #[must_use]
    pub fn with_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// How long one git command may take (300 s by default, a day at most); for the
    /// repositories that are registered afterwards.
    #[must_use]
    pub fn with_time_out(mut self, time_out: Duration) -> Self {
        // A moment that far away can still be computed.
        self.time_out = time_out.min(Duration::from_secs(86_400));
        self
    }

    /// Another clock, for the moment that observations name.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Registers a directory under an id, `git:<account>:local:<name>`. The name
    /// holds no slash, so that the id of a document, `<name>/<path>`, has one meaning.
    ///
    /// # Errors
    /// [`RegisterError`] when the id is not of that form or taken, git is missing
    /// or too old, or the directory is not the top of a repository.
    pub async fn register(
        &mut self,
        id: RepositoryId,
        directory: impl AsRef<Path>,
        branch: DefaultBranch,
    ) -> Result<(), RegisterError> {
        check_id(&id)?;
        if let Some(known) = self.known.get(&id) {
            return Err(RegisterError::Twice {
                id,
                directory: known.directory.clone(),
            });
        }
        let directory = directory.as_ref();
        let unreadable = |source| RegisterError::Directory {
            directory: directory.to_owned(),
            source,
        };
        let absolute = tokio::fs::canonicalize(directory).await.map_err(|source| {
            unreadable(GitError::Io {
                command: "rev-parse".to_owned(),
                source,
            })
        })?;
        let program = found(&self.program);
        let (version, git_dir) = locate(&program, &absolute, self.time_out)
            .await
            .map_err(unreadable)?;
        if !is_recent(&version) {
            return Err(RegisterError::Version { found: version });
        }
        let git = Git::new(&program, Path::new(&git_dir), self.time_out);
        let branch = default_branch(&git, &id, branch, unreadable).await?;
        self.known.insert(
            id,
            Repository {
                git,
                branch,
                directory: absolute,
            },
        );
        Ok(())
    }

    /// The registered ids, each with the name of its default branch.
    pub fn iter(&self) -> impl Iterator<Item = (&RepositoryId, &str)> {
        self.known
            .iter()
            .map(|(id, repository)| (id, repository.branch.as_str()))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn find(
        &self,
        id: &RepositoryId,
        operation: &str,
    ) -> Result<&Repository, ProviderError> {
        self.known.get(id).ok_or_else(|| {
            ProviderError::new(
                ErrorKind::NotFound,
                operation,
                format!("{id} is not registered; register its directory with GitRepositories"),
            )
        })
    }
}

/// The program where `PATH` has it. A program with a whole path is started without
/// copying the page tables of this process, which takes long when it is large.
fn found(program: &Path) -> PathBuf {
    if program.components().count() != 1 {
        return program.to_owned();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_absolute() && candidate.is_file())
        // Starting it says what is wrong.
        .unwrap_or_else(|| program.to_owned())
}

fn check_id(id: &RepositoryId) -> Result<(), RegisterError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if id.provider().as_str() == PROVIDER
        && id.locator().region() == "local"
        && id.name().chars().all(plain)
    {
        Ok(())
    } else {
        Err(RegisterError::Id { id: id.clone() })
    }
}

async fn default_branch(
    git: &Git,
    id: &RepositoryId,
    wanted: DefaultBranch,
    failed: impl Fn(GitError) -> RegisterError,
) -> Result<String, RegisterError> {
    let none = |branch: &str| RegisterError::Branch {
        id: id.clone(),
        branch: branch.to_owned(),
    };
    match wanted {
        DefaultBranch::Named(name) => {
            if git.is_branch_name(&name).await.map_err(&failed)? {
                Ok(name)
            } else {
                Err(none(&name))
            }
        }
        DefaultBranch::Head => {
            if let Some(name) = git.head_branch().await.map_err(&failed)? {
                return Ok(name);
            }
            for name in ["main", "master"] {
                if git.commit_of(name).await.map_err(&failed)?.is_some() {
                    return Ok(name.to_owned());
                }
            }
            Err(none("main"))
        }
    }
}

/// `git version 2.47.3` and the like; a version that can not be read is let through.
fn is_recent(version: &str) -> bool {
    let mut numbers = version
        .trim_start_matches("git version ")
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    let mut minimum = MINIMUM_VERSION
        .split('.')
        .filter_map(|part| part.parse::<u32>().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) => {
            (Some(major), Some(minor)) >= (minimum.next(), minimum.next())
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_git_is_told_from_a_recent_one() {
        assert!(is_recent("git version 2.47.3"));
        assert!(is_recent("git version 2.32.0.windows.1"));
        assert!(is_recent("git version 3.0.0"));
        assert!(!is_recent("git version 2.31.9"));
        assert!(!is_recent("git version 1.99.0"));
    }

    #[test]
    fn the_name_of_a_repository_holds_no_slash() {
        for (text, good) in [
            ("git:shop:local:orders", true),
            ("git:shop:local:team/orders", false),
            ("git:shop:eu:orders", false),
            ("github:shop:local:orders", false),
        ] {
            assert_eq!(check_id(&text.parse().unwrap()).is_ok(), good, "{text}");
        }
    }
}
