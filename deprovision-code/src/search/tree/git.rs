//! What git knows of a tree that the files do not tell.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use deprovision_core::provider::{CodeOwner, Reference};

use crate::error::GitError;
use crate::git::{Git, locate};

/// How long one git command may take.
const TIME_OUT: Duration = Duration::from_secs(300);

/// The repository of a working tree.
#[derive(Debug, Clone)]
pub(super) struct WorkTree {
    git: Git,
}

impl WorkTree {
    /// Of a folder that has a `.git`.
    pub(super) async fn at(program: &Path, folder: &Path) -> Result<Self, GitError> {
        let (_, git_dir) = locate(program, folder, TIME_OUT).await?;
        let git = Git::new(program, Path::new(&git_dir), TIME_OUT).in_work_tree(folder);
        Ok(Self { git })
    }

    /// Files that are tracked though a `.gitignore` names them.
    pub(super) async fn tracked_though_ignored(&self) -> Result<Vec<Vec<u8>>, GitError> {
        let options = [
            "ls-files",
            "-z",
            "--cached",
            "--ignored",
            "--exclude-per-directory=.gitignore",
        ];
        let mut options = options.to_vec();
        let exclude = self.git.git_dir().join("info/exclude");
        let exclude = exclude
            .exists()
            .then(|| exclude.to_string_lossy().into_owned());
        let from = exclude.map(|path| format!("--exclude-from={path}"));
        options.extend(from.as_deref());
        let output = self.git.run(&options, b"").await?;
        Ok(records(&output).map(<[u8]>::to_vec).collect())
    }

    /// Where other repositories belong into this one.
    pub(super) async fn submodules(&self) -> Result<BTreeSet<Vec<u8>>, GitError> {
        let output = self.git.run(&["ls-files", "-z", "--stage"], b"").await?;
        let modules = records(&output)
            .filter(|record| record.starts_with(b"160000 "))
            .filter_map(|record| {
                let tab = record.iter().position(|byte| *byte == b'\t')?;
                record.get(tab + 1..).map(<[u8]>::to_vec)
            });
        Ok(modules.collect())
    }

    /// Adds to references without an owner who changed their file last.
    pub(super) async fn add_last_authors(
        &self,
        references: &mut [Reference],
    ) -> Result<(), GitError> {
        if self.git.resolve("HEAD").await?.is_none() {
            return Ok(());
        }
        let files = references
            .iter()
            .filter(|reference| reference.owner.is_none());
        let files: BTreeSet<String> = files.map(|reference| reference.file.clone()).collect();
        let authors = self.git.last_authors("HEAD", &files).await?;
        add_authors(references, &authors);
        Ok(())
    }
}

/// Adds the authors of files to references without an owner.
pub(crate) fn add_authors(references: &mut [Reference], authors: &BTreeMap<String, String>) {
    for reference in references {
        if reference.owner.is_none() {
            let author = authors.get(&reference.file).cloned();
            reference.owner = author.map(CodeOwner::LastAuthor);
        }
    }
}

fn records(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output
        .split(|byte| *byte == 0)
        .filter(|record| !record.is_empty())
}

/// Whether a folder is the top of a repository.
pub(super) fn is_repository(folder: &Path) -> bool {
    folder.join(".git").symlink_metadata().is_ok()
}

/// The `git` that is asked, where nobody names another.
pub(super) fn usual_program() -> PathBuf {
    "git".into()
}
