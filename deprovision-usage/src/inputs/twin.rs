//! Whether a packed file and a plain one are the same log, packed just now.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder as ZstdDecoder;

/// What two different logs differ in at the latest.
const BEGINNING: u64 = 4 * 1024;

/// Whether all that can be unpacked of a file, which must be something, is the
/// beginning of the plain file. First the beginnings are compared; only when they are
/// the same, all of it: where the plain file is the one that is being written, the
/// packed one holds more and must be read.
///
/// An error comes with the file that it is about.
pub(super) fn holds_all_of(plain: &Path, packed: &Path) -> Result<bool, (PathBuf, io::Error)> {
    for limit in [BEGINNING, u64::MAX] {
        let plain_text = open(plain)?;
        let packed_text = open(packed)?;
        let unpacked: Box<dyn Read> = match unpack(packed_text) {
            Ok(unpacked) => unpacked,
            // Not packed at all, or with something else: it says so when it is read.
            Err(_) => return Ok(false),
        };
        let unpacked = BufReader::new(unpacked.take(limit));
        if !is_beginning(unpacked, plain_text).map_err(|error| (plain.into(), error))? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn open(path: &Path) -> Result<BufReader<File>, (PathBuf, io::Error)> {
    let file = File::open(path).map_err(|error| (path.to_owned(), error))?;
    Ok(BufReader::new(file))
}

fn unpack(mut file: BufReader<File>) -> io::Result<Box<dyn Read>> {
    match file.fill_buf()? {
        [0x1f, 0x8b, ..] => Ok(Box::new(MultiGzDecoder::new(file))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Ok(Box::new(ZstdDecoder::with_buffer(file)?)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Whether the first text, up to its end or its damage, is something and begins the
/// second one.
fn is_beginning(mut first: impl BufRead, mut second: impl BufRead) -> io::Result<bool> {
    let mut something = false;
    loop {
        let ours = match first.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // Not packed to its end yet.
            Err(_) | Ok([]) => return Ok(something),
            Ok(ours) => ours,
        };
        let theirs = match second.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        let length = ours.len().min(theirs.len());
        if length == 0 || ours.get(..length) != theirs.get(..length) {
            return Ok(false);
        }
        something = true;
        first.consume(length);
        second.consume(length);
    }
}
