//! Which trees there are to search, and what they are called.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A tree to search.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    /// Whether it is a clone.
    pub(crate) is_clone: bool,
}

/// How far below a folder clones are looked for: `<host>/<owner>/<name>`.
const DEEPEST: usize = 3;

/// The clones that the paths name or hold; a folder that holds none is a tree itself.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<Tree>, String> {
    let mut folders = Vec::new();
    for path in paths {
        let folder = path
            .canonicalize()
            .map_err(|error| format!("{} can not be read: {error}", path.display()))?;
        if !folder.is_dir() {
            return Err(format!("{} is no folder", path.display()));
        }
        let mut clones = Vec::new();
        clones_below(&folder, DEEPEST, &mut clones);
        if clones.is_empty() {
            folders.push((folder, false));
        } else {
            folders.extend(clones.into_iter().map(|clone| (clone, true)));
        }
    }
    // A folder that is named twice, or below another one, is one tree.
    let mut seen = BTreeSet::new();
    folders.retain(|(folder, _)| seen.insert(folder.clone()));
    let mut taken = BTreeSet::new();
    let trees = folders.into_iter().map(|(folder, is_clone)| {
        let short = folder.file_name().unwrap_or(folder.as_os_str());
        let short = short.to_string_lossy().into_owned();
        let name = if taken.insert(short.clone()) {
            short
        } else {
            folder.display().to_string()
        };
        Tree {
            name,
            folder,
            is_clone,
        }
    });
    Ok(trees.collect())
}

fn clones_below(folder: &Path, deep: usize, clones: &mut Vec<PathBuf>) {
    if folder.join(".git").symlink_metadata().is_ok() {
        clones.push(folder.to_owned());
        return;
    }
    if deep == 0 {
        return;
    }
    // One that can not be listed is told when it is searched.
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut below: Vec<PathBuf> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect();
    below.sort();
    for folder in below {
        clones_below(&folder, deep - 1, clones);
    }
}
