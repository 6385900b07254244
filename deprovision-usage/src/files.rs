//! The files of a log, opened at one moment and read line by line, packed or not.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder as ZstdDecoder;

/// How much is read at a time.
const CHUNK: usize = 64 * 1024;

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

/// What reading a file ends with, when not with its end.
#[derive(Debug)]
pub(crate) enum ReadError<E> {
    /// The file could not be read.
    Io(io::Error),
    /// It became shorter while it was read.
    Truncated,
    /// It is packed in a way that is not read, with that name.
    Packed(&'static str),
    /// The visitor's own error.
    Visitor(E),
}

/// How far a file was read.
#[derive(Debug)]
pub(crate) struct ReadTo {
    /// How many lines were visited.
    pub(crate) lines: u64,
    /// Why it could not be unpacked behind them; `None` when they are all.
    pub(crate) damage: Option<io::Error>,
}

impl OpenFile {
    /// Its path, what there is to read of it, and how much that is.
    pub(crate) fn into_parts(self) -> (PathBuf, io::Take<File>, u64) {
        (self.path, self.file.take(self.length), self.length)
    }

    /// Calls the visitor with each line's number, text (without its line feed, at
    /// most [`MAX_LINE`] bytes) and whether it was cut.
    pub(crate) fn lines<E>(
        self,
        mut visit: impl FnMut(&Path, u64, &[u8], bool) -> Result<(), E>,
    ) -> Result<ReadTo, ReadError<E>> {
        let mut raw = BufReader::with_capacity(CHUNK, self.file.take(self.length));
        let mut visit = |number, text: &[u8], cut| visit(&self.path, number, text, cut);
        let read = match Packing::of(raw.fill_buf().map_err(ReadError::Io)?) {
            Packing::Plain => {
                let read = each_line(&mut raw, &mut visit)?;
                if let Some(error) = read.damage {
                    return Err(ReadError::Io(error));
                }
                read
            }
            // A rotated log may be several members one after the other.
            Packing::Gzip => {
                let decoder = MultiGzDecoder::new(&mut raw);
                each_line(&mut BufReader::with_capacity(CHUNK, decoder), &mut visit)?
            }
            Packing::Zstd => {
                let decoder = ZstdDecoder::with_buffer(&mut raw).map_err(ReadError::Io)?;
                each_line(&mut BufReader::with_capacity(CHUNK, decoder), &mut visit)?
            }
            Packing::Other(name) => return Err(ReadError::Packed(name)),
        };
        // What was not read of the file is no longer there.
        if read.damage.is_none() && raw.get_ref().limit() > 0 {
            return Err(ReadError::Truncated);
        }
        Ok(read)
    }
}

/// Visits the lines up to the end, or to where the reader fails.
fn each_line<E>(
    reader: &mut impl BufRead,
    visit: &mut impl FnMut(u64, &[u8], bool) -> Result<(), E>,
) -> Result<ReadTo, ReadError<E>> {
    let mut line = Vec::new();
    let mut lines = 0;
    let damage = loop {
        match next_line(reader, &mut line) {
            Err(error) => break Some(error),
            Ok((0, _)) => break None,
            Ok((_, cut)) => {
                lines += 1;
                visit(lines, &line, cut).map_err(ReadError::Visitor)?;
            }
        }
    };
    Ok(ReadTo { lines, damage })
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

/// Reads up to and with the next line feed, and keeps the first [`MAX_LINE`] bytes
/// before it. Gives how many bytes were read, and whether some were not kept.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<(u64, bool)> {
    line.clear();
    let (mut read, mut cut) = (0, false);
    loop {
        let chunk = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        let end = chunk.iter().position(|b| *b == b'\n');
        let text = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
        let room = MAX_LINE.saturating_sub(line.len());
        cut |= text.len() > room;
        line.extend(text.iter().take(room));
        let used = text.len() + usize::from(end.is_some());
        read += used as u64;
        reader.consume(used);
        if end.is_some() || used == 0 {
            return Ok((read, cut));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_are_cut_as_the_standard_library_cuts_them(
            text in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), Just(b'\r')], 0..80),
            capacity in 1usize..9,
        ) {
            let mut reader = BufReader::with_capacity(capacity, text.as_slice());
            let mut lines = Vec::new();
            let mut line = Vec::new();
            let mut total = 0;
            loop {
                let (read, cut) = next_line(&mut reader, &mut line).unwrap();
                if read == 0 { break; }
                total += read;
                prop_assert!(!cut);
                lines.push(line.clone());
            }
            let expected: Vec<Vec<u8>> = text.split_inclusive(|b| *b == b'\n')
                .map(|l| l.strip_suffix(b"\n").unwrap_or(l).to_vec()).collect();
            prop_assert_eq!(lines, expected);
            prop_assert_eq!(total, text.len() as u64);
        }
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_one_is_whole() {
        let mut text = vec![b'x'; MAX_LINE + 5];
        text.extend(b"\nnext\n");
        let mut reader = BufReader::new(text.as_slice());
        let mut line = Vec::new();
        assert_eq!(
            next_line(&mut reader, &mut line).unwrap(),
            (MAX_LINE as u64 + 6, true)
        );
        assert_eq!(line.len(), MAX_LINE);
        assert_eq!(next_line(&mut reader, &mut line).unwrap(), (5, false));
        assert_eq!(line, b"next");
    }
}
