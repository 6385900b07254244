//! A file that is read and never written: what redb writes stays in memory.
//!
//! redb repairs an unclean file while it opens it, and marks every file it opens
//! for writing. To look into a file that may not be ours without changing a
//! byte, it is opened through this.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

/// The size of the pieces that are kept in memory once they are written to.
const BLOCK: u64 = 4096;

#[derive(Debug)]
pub(crate) struct Overlay {
    file: FileBackend,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// How long the file looks.
    len: u64,
    /// Up to where the bytes of the real file are still seen.
    shown: u64,
    written: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    pub(crate) fn over(file: FileBackend) -> io::Result<Self> {
        let len = file.len()?;
        Ok(Self {
            file,
            state: Mutex::new(State {
                len,
                shown: len,
                written: BTreeMap::new(),
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A lock is poisoned only by a panic between two steps of a write to
        // memory, and then the whole overlay is thrown away.
        self.state.lock().unwrap_or_else(|p| p.into_inner())
    }

    /// The bytes of one block as they look now.
    fn block(&self, state: &State, number: u64) -> io::Result<Vec<u8>> {
        if let Some(written) = state.written.get(&number) {
            return Ok(written.clone());
        }
        let mut bytes = vec![0; BLOCK as usize];
        let start = number * BLOCK;
        let there = state.shown.saturating_sub(start).min(BLOCK) as usize;
        if there > 0 {
            self.file.read(start, &mut bytes[..there])?;
        }
        Ok(bytes)
    }
}

/// The blocks that a range touches: each with its part of the block and of the range.
fn pieces(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let within = (at % BLOCK) as usize;
        let size = (BLOCK as usize - within).min(length - done);
        let piece = (at / BLOCK, within, done, size);
        done += size;
        (size > 0).then_some(piece)
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let end = offset.checked_add(out.len() as u64);
        if end.is_none_or(|end| end > state.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (number, within, done, size) in pieces(offset, out.len()) {
            let block = self.block(&state, number)?;
            out[done..done + size].copy_from_slice(&block[within..within + size]);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        state.shown = state.shown.min(len);
        state.len = len;
        state.written.split_off(&len.div_ceil(BLOCK));
        // What is cut off reads as zero when the file grows again.
        if let Some(last) = state.written.get_mut(&(len / BLOCK)) {
            last[(len % BLOCK) as usize..].fill(0);
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        for (number, within, done, size) in pieces(offset, data.len()) {
            let mut block = self.block(&state, number)?;
            block[within..within + size].copy_from_slice(&data[done..done + size]);
            state.written.insert(number, block);
        }
        state.len = state.len.max(offset + data.len() as u64);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write as _;

    #[derive(Debug, Clone)]
    enum Op {
        Write(u64, Vec<u8>),
        SetLen(u64),
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let op = prop_oneof![
            (0..20_000_u64, prop::collection::vec(any::<u8>(), 0..6_000))
                .prop_map(|(at, data)| Op::Write(at, data)),
            (0..20_000_u64).prop_map(Op::SetLen),
        ];
        prop::collection::vec(op, 0..12)
    }

    proptest! {
        #[test]
        fn it_looks_like_a_file_and_the_real_one_stays(
            bytes in prop::collection::vec(any::<u8>(), 0..10_000),
            ops in ops(),
        ) {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&bytes).unwrap();
            let overlay =
                Overlay::over(FileBackend::new(file.reopen().unwrap()).unwrap()).unwrap();
            let mut model = bytes.clone();
            for op in ops {
                match op {
                    Op::Write(at, data) => {
                        let end = at as usize + data.len();
                        model.resize(model.len().max(end), 0);
                        model[at as usize..end].copy_from_slice(&data);
                        overlay.write(at, &data).unwrap();
                    }
                    Op::SetLen(len) => {
                        model.resize(len as usize, 0);
                        overlay.set_len(len).unwrap();
                    }
                }
                prop_assert_eq!(overlay.len().unwrap(), model.len() as u64);
                let mut seen = vec![1; model.len()];
                overlay.read(0, &mut seen).unwrap();
                prop_assert!(seen == model);
                prop_assert!(overlay.read(model.len() as u64, &mut [0]).is_err());
            }
            prop_assert!(std::fs::read(file.path()).unwrap() == bytes);
        }
    }
}
