//! From names to files.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, glob_with};

use super::twin;

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// The standard input.
    Stdin,
}

/// How far below a directory files are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Depth {
    /// Only in the directory itself. The default: a directory of logs often holds
    /// those of other servers in directories of their own.
    #[default]
    OneLevel,
    /// Also in the directories in it, and in theirs. Links to directories are not
    /// followed.
    All,
}

/// A file that is not read, since another holds the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The packed file.
    pub packed: PathBuf,
    /// The file that begins with all that could be unpacked of it.
    pub same_as: PathBuf,
}

/// The files behind the names that a user gives.
///
/// A name is `-` for the standard input, a file, a directory, or a pattern with `*`,
/// `?`, `[…]` or `**`, unless a file has that very name. Of a directory all plain
/// files are taken but hidden ones (`.name`), and a pattern gives no hidden ones
/// either. What is named twice is read once.
///
/// The order is that of the names, and within one name the alphabet's: it is always
/// the same, and makes no difference to what is counted.
///
/// Where a log is packed just now, its plain and its packed file are both there. A
/// `X.gz` or `X.zst` beside an `X` is left out when all that can be unpacked of it is
/// also the beginning of `X`, and is named in [`Inputs::left_out`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inputs {
    /// What is read, in its order.
    pub files: Vec<Input>,
    /// Names without a file. They are reported and not passed over: a log that is
    /// missing makes an answer partial.
    pub missing: Vec<PathBuf>,
    /// Packed files whose lines are in a plain one.
    pub left_out: Vec<LeftOut>,
}

/// Why names stand for no files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputsError {
    /// The pattern is none.
    #[error("{pattern:?} is no pattern: at byte {at} {reason}; write [*] for a star itself")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The byte, counted from 0.
        at: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// No file fits the pattern.
    #[error(
        "no file fits the pattern {pattern:?}; look at the path, and quote the pattern when the shell should not read it"
    )]
    NoMatch {
        /// The pattern.
        pattern: String,
    },
    /// The directory has no file that would be read.
    #[error("the directory {} has no file that is not hidden; name its files, or look below it too", .path.display())]
    EmptyDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// A file or directory can not be looked at.
    #[error("{} can not be looked at; allow reading it", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Inputs {
    /// Looks up what the names stand for.
    ///
    /// # Errors
    /// [`InputsError`] when a pattern or a directory gives no file, or something is
    /// there and can not be looked at. A missing file is no error:
    /// [`Inputs::missing`].
    pub fn expand<N: AsRef<OsStr>>(
        names: impl IntoIterator<Item = N>,
        depth: Depth,
    ) -> Result<Self, InputsError> {
        let mut inputs = Self::default();
        let mut seen = BTreeSet::new();
        for name in names {
            let name = name.as_ref();
            if name == "-" {
                inputs.add(Input::Stdin, &mut seen);
                continue;
            }
            let path = Path::new(name);
            match std::fs::metadata(path) {
                Ok(metadata) if metadata.is_dir() => {
                    let mut files = Vec::new();
                    list(path, depth, &mut files)?;
                    if files.is_empty() {
                        return Err(InputsError::EmptyDirectory { path: path.into() });
                    }
                    for file in files {
                        inputs.add(Input::File(file), &mut seen);
                    }
                }
                // A device or a pipe too: who reads it says what is wrong with it.
                Ok(_) => inputs.add(Input::File(path.into()), &mut seen),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    match name.to_str().filter(|name| name.contains(['*', '?', '['])) {
                        Some(pattern) => {
                            for file in fitting(pattern)? {
                                inputs.add(Input::File(file), &mut seen);
                            }
                        }
                        None => inputs.missing.push(path.into()),
                    }
                }
                Err(source) => {
                    return Err(InputsError::Io {
                        path: path.into(),
                        source,
                    });
                }
            }
        }
        inputs.leave_out_twins()?;
        Ok(inputs)
    }

    fn add(&mut self, input: Input, seen: &mut BTreeSet<Input>) {
        if seen.insert(input.clone()) {
            self.files.push(input);
        }
    }

    fn leave_out_twins(&mut self) -> Result<(), InputsError> {
        let plain: BTreeSet<Input> = self.files.iter().cloned().collect();
        let mut kept = Vec::new();
        for input in std::mem::take(&mut self.files) {
            let Input::File(packed) = &input else {
                kept.push(input);
                continue;
            };
            let is_packed = packed
                .extension()
                .is_some_and(|extension| extension == "gz" || extension == "zst");
            let same_as = packed.with_extension("");
            if is_packed
                && plain.contains(&Input::File(same_as.clone()))
                && twin::holds_all_of(&same_as, packed)
                    .map_err(|(path, source)| InputsError::Io { path, source })?
            {
                self.left_out.push(LeftOut {
                    packed: packed.clone(),
                    same_as,
                });
            } else {
                kept.push(input);
            }
        }
        self.files = kept;
        Ok(())
    }
}

/// The plain files of a directory, in the alphabet's order.
fn list(directory: &Path, depth: Depth, files: &mut Vec<PathBuf>) -> Result<(), InputsError> {
    let fail = |path: &Path, source| InputsError::Io {
        path: path.into(),
        source,
    };
    let entries = std::fs::read_dir(directory).map_err(|error| fail(directory, error))?;
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| fail(directory, error))?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    paths.sort();
    for path in paths {
        // Follows a link to a file, and none to a directory, which may lead back.
        let is_link = path.is_symlink();
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => files.push(path),
            Ok(metadata) if metadata.is_dir() && !is_link && depth == Depth::All => {
                list(&path, depth, files)?;
            }
            Ok(_) => {}
            // Renamed meanwhile, or a link to nowhere.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(fail(&path, error)),
        }
    }
    Ok(())
}

/// The plain files that fit a pattern, in the alphabet's order.
fn fitting(pattern: &str) -> Result<Vec<PathBuf>, InputsError> {
    let options = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let found = glob_with(pattern, options).map_err(|error| InputsError::Pattern {
        pattern: pattern.to_owned(),
        at: error.pos,
        reason: error.msg,
    })?;
    let mut files = Vec::new();
    for path in found {
        let path = path.map_err(|error| InputsError::Io {
            path: error.path().to_owned(),
            source: error.into(),
        })?;
        if path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(InputsError::NoMatch {
            pattern: pattern.to_owned(),
        });
    }
    files.sort();
    Ok(files)
}
