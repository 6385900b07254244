//! The files of a log, opened at one moment, and how each is packed.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;

/// How much of one line is looked at. What is longer is malformed.
pub(crate) const MAX_LINE: usize = 64 * 1024;

/// How often the files are opened again when a rotation came between.
const ATTEMPTS: u32 = 5;

/// One file, opened.
#[derive(Debug)]
pub(crate) struct OpenFile {
    pub(crate) path: PathBuf,
    file: File,
    /// How long it was when it was opened: what is appended later is not read.
    length: u64,
}

/// What could be opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) files: Vec<OpenFile>,
    /// Files that are not there, or hold nothing.
    pub(crate) absent: Vec<PathBuf>,
}

/// Why the files could not be opened.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// One of them can not be opened or looked at.
    Io(PathBuf, io::Error),
    /// One of them is a directory, a pipe or a device.
    NoFile(PathBuf),
    /// They were renamed each time.
    Rotating,
}

/// Opens all files so that they are the log of one moment: when a rotation
/// renames one meanwhile, all are opened again.
pub(crate) fn open(paths: &[PathBuf]) -> Result<Opened, OpenError> {
    for _ in 0..ATTEMPTS {
        let mut opened = Opened {
            files: Vec::new(),
            absent: Vec::new(),
        };
        let mut identities: Vec<Option<Identity>> = Vec::new();
        for path in paths {
            let fail = |error| OpenError::Io(path.clone(), error);
            let metadata = match std::fs::metadata(path) {
                Ok(metadata) if metadata.is_file() => metadata,
                // A directory is no log, and a pipe would be waited for.
                Ok(_) => return Err(OpenError::NoFile(path.clone())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    identities.push(None);
                    opened.absent.push(path.clone());
                    continue;
                }
                Err(error) => return Err(fail(error)),
            };
            let identity = Identity::of(&metadata);
            let known = identities
                .iter()
                .flatten()
                .any(|i| i.is_one_file(&identity));
            identities.push(Some(identity));
            if known {
                continue;
            }
            opened.files.push(OpenFile {
                path: path.clone(),
                file: File::open(path).map_err(fail)?,
                length: 0,
            });
        }
        let same = paths.iter().zip(&identities).all(|(path, opened)| {
            let now = std::fs::metadata(path).map(|metadata| Identity::of(&metadata));
            now.ok() == *opened
        });
        let same = same
            && opened.files.iter().all(|file| {
                let ours = file.file.metadata().map(|metadata| Identity::of(&metadata));
                ours.is_ok_and(|ours| identities.contains(&Some(ours)))
            });
        if !same {
            continue;
        }
        let mut files = Vec::new();
        for mut file in opened.files {
            let metadata = file
                .file
                .metadata()
                .map_err(|error| OpenError::Io(file.path.clone(), error))?;
            file.length = metadata.len();
            if file.length == 0 {
                opened.absent.push(file.path);
            } else {
                files.push(file);
            }
        }
        opened.files = files;
        return Ok(opened);
    }
    Err(OpenError::Rotating)
}

/// What tells a file from another that has its name later.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    #[cfg(unix)]
    inode: (u64, u64),
    /// As far as the standard library shows elsewhere.
    #[cfg(not(unix))]
    created: Option<std::time::SystemTime>,
}

impl Identity {
    #[cfg(unix)]
    fn of(metadata: &std::fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self {
            inode: (metadata.dev(), metadata.ino()),
        }
    }

    #[cfg(not(unix))]
    fn of(metadata: &std::fs::Metadata) -> Self {
        Self {
            created: metadata.created().ok(),
        }
    }

    /// Whether two names are certainly one file, which is then read once.
    fn is_one_file(&self, other: &Self) -> bool {
        cfg!(unix) && self == other
    }
}

impl OpenFile {
    /// Its path, what there is to read of it, and how much that is.
    pub(crate) fn into_parts(self) -> (PathBuf, io::Take<File>, u64) {
        (self.path, self.file.take(self.length), self.length)
    }
}

/// How a file is packed, as its first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Not at all.
    Plain,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// Something that is not read.
    Other(&'static str),
}

impl Packing {
    /// How many bytes tell.
    pub(crate) const MAGIC: u64 = 8;

    pub(crate) fn of(first: &[u8]) -> Self {
        match first {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'B', b'Z', b'h', ..] => Self::Other("bzip2"),
            [0xfd, b'7', b'z', b'X', b'Z', ..] => Self::Other("xz"),
            _ => Self::Plain,
        }
    }
}
