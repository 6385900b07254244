//! Reading and searching one file after the other, in memory that is used again.

use std::io::{self, Read};
use std::path::Path;

use crate::search::Scanner;
use crate::search::beneath::Folder;
use crate::search::file::{FileSearched, LARGEST, search_file, too_large};
use crate::search::needles::Occurrence;
use crate::search::text::{LOOKED_AT, Text};

/// Most files of source code are shorter: they are read with one call.
const FIRST_READ: usize = 128 * 1024;

/// A file that was searched.
#[derive(Debug)]
pub(super) struct Searched {
    pub(super) path: Vec<u8>,
    pub(super) outcome: io::Result<FileSearched>,
    pub(super) bytes: u64,
}

/// Reads files of a folder.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    folder: &'a Folder,
    scanner: &'a Scanner,
    buffer: Vec<u8>,
    found: Vec<Occurrence>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(folder: &'a Folder, scanner: &'a Scanner) -> Self {
        Self {
            folder,
            scanner,
            buffer: vec![0; FIRST_READ],
            found: Vec::new(),
        }
    }

    /// Searches a file, by its path from the folder.
    pub(super) fn search(&mut self, path: &Path) -> Searched {
        let name = path_bytes(path);
        let (outcome, bytes) = match self.read(path) {
            Ok(Content::Text(length)) => {
                let bytes = self.buffer.get(..length).unwrap_or_default();
                let searched = search_file(self.scanner, &name, bytes, &mut self.found);
                (Ok(searched), length)
            }
            Ok(Content::Binary(length)) => (Ok(FileSearched::Binary), length),
            Ok(Content::TooLarge(length)) => (Ok(FileSearched::Unread(too_large())), length),
            Err(error) => (Err(error), 0),
        };
        Searched {
            path: name,
            outcome,
            bytes: bytes as u64,
        }
    }

    fn read(&mut self, path: &Path) -> io::Result<Content> {
        let mut file = self.folder.file(path)?;
        let mut length = 0;
        loop {
            let read = match file.read(&mut self.buffer[length..]) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let looked_at = length >= LOOKED_AT;
            length += read;
            if read == 0 {
                return Ok(Content::Text(length));
            }
            // A large file that is no text is not read to its end.
            if !looked_at && length >= LOOKED_AT && Text::of(&self.buffer[..length]) == Text::Binary
            {
                return Ok(Content::Binary(length));
            }
            if length as u64 > LARGEST {
                return Ok(Content::TooLarge(length));
            }
            if length == self.buffer.len() {
                self.buffer.resize(length * 2, 0);
            }
        }
    }
}

/// What the buffer holds, and how much of it.
enum Content {
    Text(usize),
    Binary(usize),
    TooLarge(usize),
}

#[cfg(unix)]
pub(super) fn path_bytes(path: &Path) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(not(unix))]
pub(super) fn path_bytes(path: &Path) -> Vec<u8> {
    path.to_string_lossy().replace('\\', "/").into_bytes()
}

#[cfg(unix)]
pub(super) fn path_of(bytes: &[u8]) -> std::path::PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).into()
}

#[cfg(not(unix))]
pub(super) fn path_of(bytes: &[u8]) -> std::path::PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}
