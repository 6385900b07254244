//! Bytes in and out, with bounded memory.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use deprovision_core::digest::Digest;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::task::JoinHandle;

use crate::directory::stop::Stop;

/// How much is read at a time.
const CHUNK: usize = 128 * 1024;

/// zstd's own default: a good ratio at the speed of a disk.
const LEVEL: i32 = 3;

/// The most memory a stored object may ask for when it is read: 2^27 bytes, what
/// zstd itself allows by default. A hostile one asks for more and is refused.
const WINDOW_LOG_MAX: u32 = 27;

/// Length and SHA-256 of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measure {
    pub(crate) length: u64,
    pub(crate) sha256: Digest,
}

/// Reads to the end and hands every chunk on.
fn pump(
    mut from: impl Read,
    stop: &Stop,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<Measure> {
    let mut hash = Sha256::new();
    let mut length = 0u64;
    let mut chunk = vec![0; CHUNK];
    loop {
        stop.check()?;
        let read = match from.read(&mut chunk) {
            Ok(0) => {
                return Ok(Measure {
                    length,
                    sha256: Digest::from_bytes(hash.finalize().into()),
                });
            }
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = chunk.get(..read).unwrap_or_default();
        length += read as u64;
        hash.update(bytes);
        each(bytes)?;
    }
}

/// Measures a stream.
pub(crate) fn measure(from: impl Read, stop: &Stop) -> io::Result<Measure> {
    pump(from, stop, |_| Ok(()))
}

/// Writes a stream compressed and makes it durable; measures what was read.
pub(crate) fn compress(from: impl Read, to: File, stop: &Stop) -> io::Result<Measure> {
    let mut encoder = zstd::Encoder::new(to, LEVEL)?;
    encoder.include_checksum(true)?;
    let measure = pump(from, stop, |bytes| encoder.write_all(bytes))?;
    encoder.finish()?.sync_all()?;
    Ok(measure)
}

/// Writes a stream as it is; measures it.
pub(crate) fn copy(from: impl Read, mut to: File, stop: &Stop) -> io::Result<Measure> {
    pump(from, stop, |bytes| to.write_all(bytes))
}

/// Reads what [`compress`] wrote; never more than one byte over `length`, so that
/// a small hostile file can not become endless.
pub(crate) fn decompress(from: File, length: u64) -> io::Result<impl Read + Send> {
    let mut decoder = zstd::Decoder::new(from)?;
    decoder.window_log_max(WINDOW_LOG_MAX)?;
    Ok(decoder.take(length.saturating_add(1)))
}

/// A blocking reader as a stream: reads a chunk at a time off the async threads.
pub(crate) struct Streamed<R> {
    state: State<R>,
}

enum State<R> {
    Idle(R, Vec<u8>, usize),
    Busy(JoinHandle<(R, io::Result<Vec<u8>>)>),
    Over,
    Failed,
}

impl<R: Read + Send + 'static> Streamed<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self {
            state: State::Idle(reader, Vec::new(), 0),
        }
    }
}

impl<R: Read + Send + Unpin + 'static> AsyncRead for Streamed<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            match std::mem::replace(&mut self.state, State::Failed) {
                State::Idle(reader, chunk, at) if at < chunk.len() => {
                    let rest = chunk.get(at..).unwrap_or_default();
                    let now = rest.len().min(out.remaining());
                    out.put_slice(rest.get(..now).unwrap_or_default());
                    self.state = State::Idle(reader, chunk, at + now);
                    return Poll::Ready(Ok(()));
                }
                State::Idle(mut reader, mut chunk, _) => {
                    self.state = State::Busy(tokio::task::spawn_blocking(move || {
                        chunk.resize(CHUNK, 0);
                        let read = loop {
                            match reader.read(&mut chunk) {
                                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                                other => break other,
                            }
                        };
                        let result = read.map(|read| {
                            chunk.truncate(read);
                            chunk
                        });
                        (reader, result)
                    }));
                }
                State::Busy(mut work) => match Pin::new(&mut work).poll(cx) {
                    Poll::Pending => {
                        self.state = State::Busy(work);
                        return Poll::Pending;
                    }
                    Poll::Ready(Err(cut_off)) => {
                        return Poll::Ready(Err(io::Error::other(cut_off)));
                    }
                    Poll::Ready(Ok((_, Err(error)))) => return Poll::Ready(Err(error)),
                    Poll::Ready(Ok((_, Ok(chunk)))) if chunk.is_empty() => {
                        self.state = State::Over;
                        return Poll::Ready(Ok(()));
                    }
                    Poll::Ready(Ok((reader, Ok(chunk)))) => {
                        self.state = State::Idle(reader, chunk, 0);
                    }
                },
                State::Over => {
                    self.state = State::Over;
                    return Poll::Ready(Ok(()));
                }
                // An error is never followed by an end, which would look whole.
                State::Failed => {
                    return Poll::Ready(Err(io::Error::other("an earlier read failed")));
                }
            }
        }
    }
}
