//! A copy of a version in a directory of its own, with some files edited.
//!
//! Made from objects and not by `git checkout`: what a repository configures (filters,
//! line endings, hooks) does not run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt;

use crate::error::GitError;
use crate::git::{EntryKind, FileEdit, Git, TreeEntry, printable};

/// A file up to this size is held in memory while it is written.
const SMALL: u64 = 4 * 1024 * 1024;

/// The most that a copy may take.
const LARGEST: u64 = 16 * 1024 * 1024 * 1024;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckoutError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("{path} can not be written: {source}")]
    Write {
        path: String,
        source: std::io::Error,
    },
    #[error("{path} is no possible path of a file")]
    Path { path: String },
    #[error("the files together take {size} bytes, more than {LARGEST}")]
    Size { size: u64 },
}

/// Writes the files of a commit below a directory that is there and empty.
pub(crate) async fn checkout(
    git: &Git,
    commit: &str,
    edits: &[FileEdit],
    directory: &Path,
) -> Result<(), CheckoutError> {
    let edits: BTreeMap<&[u8], &[u8]> = edits
        .iter()
        .map(|edit| (edit.path.as_slice(), edit.bytes.as_slice()))
        .collect();
    let entries = git.files(commit).await?;
    // The commits of submodules are not in this repository.
    let here = || entries.iter().filter(|e| e.kind != EntryKind::Submodule);
    let oids: BTreeSet<&str> = here().map(|entry| entry.oid.as_str()).collect();
    let sizes = git.sizes(&oids).await?;
    let size_of = |entry: &TreeEntry| sizes.get(&entry.oid).copied().unwrap_or(0);
    let size = here().map(size_of).fold(0, u64::saturating_add);
    if size > LARGEST {
        return Err(CheckoutError::Size { size });
    }
    let mut places = Vec::with_capacity(entries.len());
    for entry in entries {
        let place = place_of(directory, &entry.path).ok_or_else(|| CheckoutError::Path {
            path: printable(&entry.path),
        })?;
        places.push((entry, place));
    }
    let is = |kind| move |(entry, _): &&(TreeEntry, PathBuf)| entry.kind == kind;
    for (entry, place) in places.iter().filter(is(EntryKind::Submodule)) {
        let made = tokio::fs::create_dir_all(place).await;
        made.map_err(|source| not_written(entry, source))?;
    }
    let (small, large): (Vec<_>, Vec<_>) = places
        .iter()
        .filter(is(EntryKind::File))
        .partition(|(entry, _)| size_of(entry) <= SMALL);
    let oids = small.iter().map(|(entry, _)| entry.oid.clone()).collect();
    let mut objects = git.open(oids)?;
    for (entry, place) in small {
        let bytes = objects.next().await?.unwrap_or_default();
        let bytes = edits.get(entry.path.as_slice()).copied().unwrap_or(&bytes);
        let written = write(entry, place, bytes).await;
        written.map_err(|source| not_written(entry, source))?;
    }
    for (entry, place) in large {
        match edits.get(entry.path.as_slice()) {
            Some(bytes) => write(entry, place, bytes).await,
            None => copy(git, entry, size_of(entry), place).await,
        }
        .map_err(|source| not_written(entry, source))?;
    }
    // Last, so that nothing is ever written through one.
    for (entry, place) in places.iter().filter(is(EntryKind::Symlink)) {
        let target = git.object(&entry.oid).await?;
        if stays_inside(&entry.path, &target) {
            let linked = link(&target, place).await;
            linked.map_err(|source| not_written(entry, source))?;
        }
    }
    Ok(())
}

fn not_written(entry: &TreeEntry, source: std::io::Error) -> CheckoutError {
    CheckoutError::Write {
        path: printable(&entry.path),
        source,
    }
}

/// Where a path of a tree lies below a directory; nothing for one that would leave it.
fn place_of(directory: &Path, path: &[u8]) -> Option<PathBuf> {
    let mut place = directory.to_owned();
    for part in path.split(|byte| *byte == b'/') {
        if part.is_empty() || part == b"." || part == b".." || part.eq_ignore_ascii_case(b".git") {
            return None;
        }
        place.push(os(part)?);
    }
    Some(place)
}

#[cfg(unix)]
fn os(part: &[u8]) -> Option<&std::ffi::OsStr> {
    use std::os::unix::ffi::OsStrExt;
    Some(std::ffi::OsStr::from_bytes(part))
}

#[cfg(not(unix))]
fn os(part: &[u8]) -> Option<&str> {
    let part = std::str::from_utf8(part).ok()?;
    (!part.contains(['\\', ':'])).then_some(part)
}

/// Whether a link at a path points to something in the tree.
fn stays_inside(path: &[u8], target: &[u8]) -> bool {
    let mut depth = path.split(|byte| *byte == b'/').count() - 1;
    if target.is_empty() || target.starts_with(b"/") || target.contains(&0) {
        return false;
    }
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => match depth.checked_sub(1) {
                Some(up) => depth = up,
                None => return false,
            },
            _ => depth += 1,
        }
    }
    true
}

async fn open(entry: &TreeEntry, place: &Path) -> std::io::Result<tokio::fs::File> {
    if let Some(parent) = place.parent() {
        tokio::fs::create_dir_all(parent).await?;
    }
    let mut options = tokio::fs::OpenOptions::new();
    // Two names that are one here must not end up in one file.
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(if entry.mode == "100755" { 0o755 } else { 0o644 });
    #[cfg(not(unix))]
    let _ = entry;
    options.open(place).await
}

async fn write(entry: &TreeEntry, place: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = open(entry, place).await?;
    file.write_all(bytes).await?;
    file.flush().await
}

/// Writes a large file without holding it in memory.
async fn copy(git: &Git, entry: &TreeEntry, size: u64, place: &Path) -> std::io::Result<()> {
    let (mut child, limit) = git
        .start(&["cat-file", "blob", &entry.oid])
        .map_err(std::io::Error::other)?;
    drop(child.stdin.take());
    let mut from = child
        .stdout
        .take()
        .ok_or_else(|| std::io::Error::other("git has no output"))?;
    let mut file = open(entry, place).await?;
    let copied = tokio::time::timeout(limit, tokio::io::copy(&mut from, &mut file)).await??;
    file.flush().await?;
    if copied == size {
        Ok(())
    } else {
        Err(std::io::Error::other("git ended early"))
    }
}

#[cfg(unix)]
async fn link(target: &[u8], place: &Path) -> std::io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    if let Some(parent) = place.parent() {
        tokio::fs::create_dir_all(parent).await?;
    }
    tokio::fs::symlink(std::ffi::OsStr::from_bytes(target), place).await
}

/// Without links, what git itself does there: a file with the target in it.
#[cfg(not(unix))]
async fn link(target: &[u8], place: &Path) -> std::io::Result<()> {
    if let Some(parent) = place.parent() {
        tokio::fs::create_dir_all(parent).await?;
    }
    tokio::fs::write(place, target).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leaves_the_directory() {
        let below = Path::new("/x");
        for path in [
            b"../a".as_slice(),
            b"a/../../b",
            b"/etc/passwd",
            b"a//b",
            b"./a",
            b".git/config",
            b"a/.GIT/hooks/x",
            b"",
        ] {
            assert_eq!(place_of(below, path), None, "{path:?}");
        }
        assert_eq!(
            place_of(below, b"a/.gitignore").unwrap(),
            Path::new("/x/a/.gitignore")
        );
    }

    #[test]
    fn a_link_that_leaves_the_tree_is_told_from_one_that_stays() {
        for (path, target, inside) in [
            ("a", "/", false),
            ("a", "..", false),
            ("a/b", "../c", true),
            ("a/b", "../../c", false),
            ("a", "b/../c", true),
            ("a", "b/../../c", false),
            ("a", "", false),
        ] {
            let seen = stays_inside(path.as_bytes(), target.as_bytes());
            assert_eq!(seen, inside, "{path} -> {target}");
        }
    }
}
