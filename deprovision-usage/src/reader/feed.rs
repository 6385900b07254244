//! All inputs of a reading, one after the other, as blocks of whole lines.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;

use deprovision_core::digest::Digest;
use deprovision_core::usage::Input as Named;
use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder as ZstdDecoder;

use super::blocks::{BLOCK, Blocks};
use super::error::UsageReaderError;
use super::progress::Progress;
use crate::files::{OpenFile, Packing};
use crate::format::{Format, Records, detect};

/// A stream of bytes to read.
pub(super) struct Stream {
    pub(super) name: String,
    pub(super) inner: Box<dyn Read + Send>,
    /// How many bytes must come; `None` when that is not known.
    pub(super) length: Option<u64>,
}

impl Stream {
    pub(super) fn of(file: OpenFile) -> Self {
        let (path, inner, length) = file.into_parts();
        Self {
            name: path.display().to_string(),
            inner: Box::new(inner),
            length: Some(length),
        }
    }
}

/// A block of lines of one input.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// Which block of all it is.
    pub(super) number: u64,
    /// Which input it is of.
    pub(super) input: usize,
    /// How many bytes it has.
    pub(super) length: usize,
    pub(super) format: Format,
}

/// What is read now.
struct Open {
    blocks: Blocks<Box<dyn Read + Send>>,
    format: Format,
    /// Bytes of the file that are still to come.
    raw: Arc<RawCount>,
}

/// The inputs, opened one after the other.
pub(super) struct Feed {
    waiting: VecDeque<Stream>,
    open: Option<Open>,
    format: Option<Format>,
    progress: Arc<Progress>,
    number: u64,
    /// The inputs so far.
    pub(super) inputs: Vec<Named>,
    /// Which input begins with what.
    begun: BTreeMap<Digest, String>,
    /// What was found out about the format of each.
    pub(super) detected: Vec<(String, String)>,
    /// What could not be read.
    pub(super) missing: Vec<String>,
}

impl Feed {
    pub(super) fn new(
        streams: Vec<Stream>,
        format: Option<Format>,
        progress: Arc<Progress>,
    ) -> Self {
        for stream in &streams {
            progress.expect(stream.length.unwrap_or(0));
        }
        Self {
            waiting: streams.into(),
            open: None,
            format,
            progress,
            number: 0,
            inputs: Vec::new(),
            begun: BTreeMap::new(),
            detected: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// The next block; `None` when all is read.
    pub(super) fn next(&mut self, buffer: &mut Vec<u8>) -> Result<Option<Block>, UsageReaderError> {
        loop {
            if self.progress.is_stopped() {
                return Err(UsageReaderError::Stopped);
            }
            if self.open.is_none() {
                let Some(stream) = self.waiting.pop_front() else {
                    return Ok(None);
                };
                self.begin(stream)?;
            }
            let (Some(open), Some(input)) = (&mut self.open, self.inputs.last_mut()) else {
                continue;
            };
            let first = open.blocks.bytes == 0;
            let length = open.blocks.next(buffer);
            if first {
                let beginning = buffer.get(..length).unwrap_or_default();
                let named = Named::new(std::mem::take(&mut input.name), beginning, 0);
                let twin = self.begun.insert(named.begins, named.name.clone());
                if let (Some(first), true) = (twin, length > 0) {
                    return Err(UsageReaderError::Twice {
                        first,
                        second: named.name,
                    });
                }
                *input = named;
            }
            input.bytes = open.blocks.bytes;
            if length == 0 {
                self.end()?;
                continue;
            }
            let block = Block {
                number: self.number,
                input: self.inputs.len() - 1,
                length,
                format: open.format.clone(),
            };
            self.number += 1;
            return Ok(Some(block));
        }
    }

    /// Begins with an input: unpacks it and finds out its format.
    fn begin(&mut self, stream: Stream) -> Result<(), UsageReaderError> {
        let Stream {
            name,
            inner,
            length,
        } = stream;
        let fail = |source| UsageReaderError::Io {
            name: name.clone(),
            source,
        };
        let raw = Arc::new(RawCount::default());
        let mut counted = Counted {
            inner,
            raw: raw.clone(),
            progress: self.progress.clone(),
        };
        let mut magic = Vec::new();
        Read::by_ref(&mut counted)
            .take(Packing::MAGIC)
            .read_to_end(&mut magic)
            .map_err(fail)?;
        let packing = Packing::of(&magic);
        let whole = Cursor::new(magic).chain(counted);
        let mut text: Box<dyn Read + Send> = match packing {
            Packing::Plain => Box::new(whole),
            // A rotated log may be several members one after the other.
            Packing::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(BLOCK, whole))),
            Packing::Zstd => Box::new(ZstdDecoder::new(whole).map_err(fail)?),
            Packing::Other(packing) => return Err(UsageReaderError::Packed { name, packing }),
        };
        raw.expect(length);
        self.inputs.push(Named::new(name.clone(), b"", 0));
        // What can be unpacked of a damaged beginning is enough here.
        let mut beginning = Vec::new();
        let damage = Read::by_ref(&mut text)
            .take(SAMPLE)
            .read_to_end(&mut beginning)
            .err();
        if beginning.is_empty() {
            let why = match damage {
                Some(error) => format!("{name} can not be unpacked ({error})"),
                None => format!("{name} is empty"),
            };
            self.missing.push(why);
            return Ok(());
        }
        let format = match &self.format {
            Some(format) => format.clone(),
            None => {
                let found = detect(&beginning).map_err(|source| UsageReaderError::Format {
                    name: name.clone(),
                    source,
                })?;
                self.detected.push((name, found.why));
                found.format
            }
        };
        let records = format.needs_records(&beginning);
        let text: Box<dyn Read + Send> = match damage {
            None => Box::new(Cursor::new(beginning).chain(text)),
            Some(error) => Box::new(Cursor::new(beginning).chain(Failing(Some(error)))),
        };
        let text: Box<dyn Read + Send> = if records {
            Box::new(Records::new(BufReader::with_capacity(BLOCK, text)))
        } else {
            text
        };
        self.open = Some(Open {
            blocks: Blocks::new(text),
            format,
            raw,
        });
        Ok(())
    }

    /// An input ended.
    fn end(&mut self) -> Result<(), UsageReaderError> {
        let (Some(open), Some(input)) = (self.open.take(), self.inputs.last()) else {
            return Ok(());
        };
        if let Some(error) = open.blocks.failed {
            self.missing.push(format!(
                "{} can not be read behind its first {} bytes ({error})",
                input.name, open.blocks.bytes
            ));
        } else if open.raw.is_short() {
            self.missing.push(format!(
                "{} became shorter while it was read; read it again",
                input.name
            ));
        }
        Ok(())
    }
}

/// How much of the beginning the format is told by.
const SAMPLE: u64 = 64 * 1024;

/// How many bytes of a file came, and how many there should be.
#[derive(Debug, Default)]
struct RawCount {
    expected: std::sync::atomic::AtomicU64,
    read: std::sync::atomic::AtomicU64,
}

impl RawCount {
    fn expect(&self, length: Option<u64>) {
        let length = length.unwrap_or(0);
        self.expected
            .store(length, std::sync::atomic::Ordering::Relaxed);
    }

    fn is_short(&self) -> bool {
        let load =
            |count: &std::sync::atomic::AtomicU64| count.load(std::sync::atomic::Ordering::Relaxed);
        load(&self.read) < load(&self.expected)
    }
}

/// Counts the bytes that come.
struct Counted {
    inner: Box<dyn Read + Send>,
    raw: Arc<RawCount>,
    progress: Arc<Progress>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.raw
            .read
            .fetch_add(read as u64, std::sync::atomic::Ordering::Relaxed);
        self.progress.add(read);
        Ok(read)
    }
}

/// What comes behind the readable part of a damaged file.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
