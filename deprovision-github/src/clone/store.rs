//! The folder of all clones.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use deprovision_core::provider::{ErrorKind, LocalClone, ProviderError};
use deprovision_core::secret::Secret;

use crate::client::Session;
use crate::clone::command::{Git, GitFailed};
use crate::name::RepositoryName;

const OPERATION: &str = "clone a repository";

/// Our branches, as a refspec.
const OURS: &str = "refs/heads/deprovision/*";

/// How many commits back a clone goes in which changes are made: as far as those who look
/// for our commits look back.
const BACK: &str = "200";

/// How often it is looked whether a clone is free.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// How long a clone that others use is waited for: a look takes seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much of the history a clone has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// The last commit of the default branch, and nothing of ours: for searching.
    Newest,
    /// Enough to see what became of our branches.
    Recent,
    /// All: to take back what was merged long ago.
    Whole,
}

/// Clones below one folder. A clone is in use by one at a time, in this process and in
/// others.
#[derive(Debug, Clone)]
pub(crate) struct Clones {
    root: PathBuf,
}

/// A clone that nobody else uses meanwhile.
#[derive(Debug)]
pub(crate) struct Cloned {
    pub(crate) git: Git,
    pub(crate) directory: PathBuf,
    pub(crate) default_branch: String,
    pub(crate) name: RepositoryName,
    _lock: Lock,
}

/// The right to use a clone, in this process and among others.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that another thread is just starting
        // may still hold a copy of it.
        let _ = self.0.unlock();
    }
}

impl Clones {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// The clone of a repository, as the server has it now; `None` when its default branch
    /// has no commit.
    pub(crate) async fn refreshed(
        &self,
        session: &Session,
        name: &RepositoryName,
        default_branch: &str,
        depth: Depth,
    ) -> Result<Option<Cloned>, ProviderError> {
        let server = session.github().server();
        // Names differ by more than their case on no GitHub.
        let folder = self
            .root
            .join(server.region())
            .join(name.owner.to_lowercase())
            .join(format!("{}.git", name.name.to_lowercase()));
        let broken = |error: std::io::Error| unusable(&folder, error);
        let lock = lock(&folder, session.time_left(PATIENCE))
            .await
            .map_err(broken)?
            .ok_or_else(|| {
                ProviderError::new(
                    ErrorKind::Transient,
                    OPERATION,
                    format!(
                        "another process uses {}; give each its own folder, or wait",
                        folder.display()
                    ),
                )
            })?;
        let git = Git::new(&folder, session.time_left(session.github().limits().fetch));
        let failed = |failed: GitFailed| failed.of(OPERATION);
        if !is_whole(&git).await {
            make(&git, &folder).await?;
        }
        let token = session.token().await.map_err(|f| f.of_read())?;
        let url = format!("{}/{}/{}.git", server.web(), name.owner, name.name);
        let default = format!("+refs/heads/{default_branch}:refs/heads/{default_branch}");
        let ours = format!("+{OURS}:{OURS}");
        let mut fetched = fetch(&git, &url, &token, &default, &ours, depth).await;
        if fetched.as_ref().is_err_and(GitFailed::is_of_the_clone) {
            make(&git, &folder).await?;
            fetched = fetch(&git, &url, &token, &default, &ours, depth).await;
        }
        match fetched {
            Ok(()) => {}
            Err(failed) if failed.said.contains("couldn't find remote ref") => return Ok(None),
            Err(error) => return Err(failed(error)),
        }
        let head = format!("refs/heads/{default_branch}");
        git.run(&["symbolic-ref", "HEAD", &head])
            .await
            .map_err(failed)?;
        Ok(Some(Cloned {
            git,
            directory: folder,
            default_branch: default_branch.to_owned(),
            name: name.clone(),
            _lock: lock,
        }))
    }
}

async fn fetch(
    git: &Git,
    url: &str,
    token: &Secret,
    default: &str,
    ours: &str,
    depth: Depth,
) -> Result<(), GitFailed> {
    let mut arguments = match depth {
        Depth::Newest => vec!["--depth=1", url, default],
        Depth::Recent => vec!["--prune", "--depth", BACK, url, default, ours],
        Depth::Whole => vec!["--prune", url, default, ours],
    };
    if depth == Depth::Whole && is_shallow(git).await {
        arguments.insert(0, "--unshallow");
    }
    git.fetch(url, token, &arguments).await
}

/// Makes a clone anew: what a killed process left is not mended.
async fn make(git: &Git, folder: &Path) -> Result<(), ProviderError> {
    let broken = |error: std::io::Error| unusable(folder, error);
    for entry in std::fs::read_dir(folder).map_err(broken)? {
        let path = entry.map_err(broken)?.path();
        let removed = match path.is_dir() {
            true => std::fs::remove_dir_all(&path),
            false => std::fs::remove_file(&path),
        };
        removed.map_err(broken)?;
    }
    git.run(&["init", "--quiet", "--bare"])
        .await
        .map_err(|failed| failed.of(OPERATION))?;
    Ok(())
}

fn unusable(folder: &Path, error: std::io::Error) -> ProviderError {
    ProviderError::new(
        ErrorKind::Transient,
        OPERATION,
        format!(
            "{} can not be used; check its rights and space",
            folder.display()
        ),
    )
    .with_source(error)
}

async fn is_whole(git: &Git) -> bool {
    git.line(&["rev-parse", "--is-bare-repository"])
        .await
        .is_ok_and(|answer| answer == "true")
}

async fn is_shallow(git: &Git) -> bool {
    git.line(&["rev-parse", "--is-shallow-repository"])
        .await
        .is_ok_and(|answer| answer == "true")
}

/// Locks the file beside a folder, which it makes, as soon as nobody else has it; `None`
/// when that takes too long.
async fn lock(folder: &Path, patience: Duration) -> std::io::Result<Option<Lock>> {
    std::fs::create_dir_all(folder)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.with_extension("lock"))?;
    let mut waited = Duration::ZERO;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(Lock(file))),
            Err(std::fs::TryLockError::WouldBlock) if waited < patience => {
                waited += LOOK_AGAIN;
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Err(std::fs::TryLockError::WouldBlock) => return Ok(None),
            Err(std::fs::TryLockError::Error(error)) => return Err(error),
        }
    }
}

impl Cloned {
    /// For whoever works in it.
    pub(crate) fn as_local(&self) -> LocalClone {
        LocalClone::new(
            &self.name.owner,
            &self.name.name,
            &self.directory,
            &self.default_branch,
        )
    }

    /// Our branches, each with its commit.
    pub(crate) async fn ours(&self) -> Result<BTreeMap<String, String>, GitFailed> {
        let listed = self
            .git
            .line(&[
                "for-each-ref",
                "--format=%(refname:lstrip=2) %(objectname)",
                "refs/heads/deprovision/",
            ])
            .await?;
        Ok(listed
            .lines()
            .filter_map(|line| line.rsplit_once(' '))
            .map(|(branch, commit)| (branch.to_owned(), commit.to_owned()))
            .collect())
    }
}
