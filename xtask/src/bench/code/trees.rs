//! Real sources from the registries, as trees that git knows.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, Places, output, peers, succeed};

/// A collection of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// Python and YAML, from PyPI.
    Ansible,
    /// Python and JSON, from PyPI.
    HomeAssistant,
    /// Clients of APIs and libraries in JavaScript and TypeScript, from npm.
    Npm,
}

impl Which {
    pub(super) const ALL: [Self; 3] = [Self::Ansible, Self::HomeAssistant, Self::Npm];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ansible => "ansible 12.3.0 (PyPI)",
            Self::HomeAssistant => "homeassistant 2024.3.3 (PyPI)",
            Self::Npm => "six packages of npm",
        }
    }
}

/// A tree, and a repository beside it in which all its files are committed.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) which: Which,
    pub(super) folder: PathBuf,
    pub(super) git_dir: PathBuf,
    pub(super) files: u64,
    pub(super) bytes: u64,
    /// Where lists of markers for it go.
    pub(super) beside: PathBuf,
}

impl Tree {
    pub(super) fn make(places: &Places, which: Which) -> Result<Self, Failure> {
        let (folder, name) = match which {
            Which::Ansible => (peers::sources(places)?.join("ansible"), "ansible"),
            Which::HomeAssistant => (
                peers::sources(places)?.join("homeassistant"),
                "homeassistant",
            ),
            Which::Npm => (peers::npm_sources(places)?, "npm"),
        };
        let beside = places.target.join("bench/code").join(name);
        let io = |error| format!("{} can not be made: {error}", beside.display());
        std::fs::create_dir_all(&beside).map_err(io)?;
        let git_dir = beside.join("repository");
        let (files, bytes) = count(&folder)?;
        let tree = Self {
            which,
            folder,
            git_dir,
            files,
            bytes,
            beside,
        };
        tree.commit()?;
        Ok(tree)
    }

    /// Git, for this tree.
    pub(super) fn git(&self) -> Command {
        let mut git = Command::new("git");
        git.args(["-c", "core.autocrlf=false", "-c", "user.name=bench"])
            .args(["-c", "user.email=bench@example.com", "-c", "gc.auto=0"])
            .arg("--git-dir")
            .arg(&self.git_dir)
            .arg("--work-tree")
            .arg(&self.folder)
            .current_dir(&self.folder);
        git
    }

    /// Commits all files, also those that the sources' own `.gitignore` names.
    fn commit(&self) -> Result<(), Failure> {
        let done = self.beside.join("committed.txt");
        let state = format!("{} {}", self.files, self.bytes);
        if std::fs::read_to_string(&done).is_ok_and(|committed| committed == state) {
            return Ok(());
        }
        println!("{}: {} files are committed", self.which.name(), self.files);
        if self.git_dir.exists() {
            std::fs::remove_dir_all(&self.git_dir).map_err(|error| {
                format!("{} can not be removed: {error}", self.git_dir.display())
            })?;
        }
        succeed(
            Command::new("git")
                .args(["init", "--quiet", "--bare", "--initial-branch=main"])
                .arg(&self.git_dir),
        )?;
        succeed(self.git().args(["add", "--all", "--force", "."]))?;
        succeed(self.git().args(["commit", "--quiet", "-m", "all"]))?;
        // As a clone has it: packed.
        succeed(self.git().args(["repack", "-a", "-d", "-q"]))?;
        let clean = output(self.git().args(["status", "--porcelain"]))?;
        if !clean.is_empty() {
            return Err(format!("not everything is committed: {clean}"));
        }
        std::fs::write(&done, state)
            .map_err(|error| format!("{} can not be written: {error}", done.display()))
    }
}

/// How many files lie below a folder, and how many bytes they have.
fn count(folder: &Path) -> Result<(u64, u64), Failure> {
    let failed = |error| format!("{} can not be read: {error}", folder.display());
    let (mut files, mut bytes) = (0, 0);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let about = entry.metadata().map_err(failed)?;
        if about.is_dir() {
            let below = count(&entry.path())?;
            files += below.0;
            bytes += below.1;
        } else if about.is_file() {
            files += 1;
            bytes += about.len();
        }
    }
    Ok((files, bytes))
}

/// All files of a tree, in the order of their names.
pub(super) fn files_below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error| format!("{} can not be read: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.sort();
    for path in paths {
        let about = path.symlink_metadata().map_err(failed)?;
        if about.is_dir() {
            files_below(&path, files)?;
        } else if about.is_file() {
            files.push(path);
        }
    }
    Ok(())
}
