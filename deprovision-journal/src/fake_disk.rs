//! A disk for tests: it fails when told to, and forgets what was not flushed
//! when the power goes.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

/// The size of what a disk writes at once.
const SECTOR: usize = 512;

#[derive(Debug, Clone, Default)]
pub(crate) struct FakeDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What a read sees.
    seen: Vec<u8>,
    /// What the last flush left.
    flushed: Vec<u8>,
    /// What happened since.
    since: Vec<Change>,
    /// How many operations go well from now on.
    left: Option<u64>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

impl FakeDisk {
    pub(crate) fn holding(bytes: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.state().seen.clone_from(&bytes);
        disk.state().flushed = bytes;
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Lets every write, flush and change of length fail after that many.
    pub(crate) fn fail_after(&self, operations: u64) {
        self.state().left = Some(operations);
    }

    /// What a process that is killed leaves.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.state().seen.clone()
    }

    /// Changes what is there, behind everybody's back.
    pub(crate) fn scribble(&self, at: usize, bytes: &[u8]) {
        self.state().seen[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// What a loss of power leaves: of what was not flushed, any changes of length
    /// up to some moment, and any sectors.
    pub(crate) fn after_power_loss(&self, mut dice: impl FnMut(u64) -> u64) -> Vec<u8> {
        let state = self.state();
        let mut bytes = state.flushed.clone();
        let mut lengths = dice(state.since.len() as u64 + 1);
        let mut length = bytes.len();
        for change in &state.since {
            if let Change::SetLen(len) = change
                && lengths > 0
            {
                lengths -= 1;
                length = *len;
            }
        }
        bytes.resize(length, 0);
        for change in &state.since {
            if let Change::Write(at, data) = change {
                for (number, sector) in data.chunks(SECTOR).enumerate() {
                    let at = at + number * SECTOR;
                    if dice(2) == 0 && at + sector.len() <= length {
                        bytes[at..at + sector.len()].copy_from_slice(sector);
                    }
                }
            }
        }
        bytes
    }
}

impl State {
    fn step(&mut self) -> io::Result<()> {
        match &mut self.left {
            Some(0) => Err(io::Error::other("the disk failed")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl StorageBackend for FakeDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap();
        let state = self.state();
        let there = state.seen.get(at..at + out.len());
        out.copy_from_slice(there.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let len = usize::try_from(len).unwrap();
        let mut state = self.state();
        state.step()?;
        state.seen.resize(len, 0);
        state.since.push(Change::SetLen(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        state.flushed = state.seen.clone();
        state.since.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let at = usize::try_from(offset).unwrap();
        let mut state = self.state();
        state.step()?;
        state.seen[at..at + data.len()].copy_from_slice(data);
        state.since.push(Change::Write(at, data.to_vec()));
        Ok(())
    }
}
