//! The memory that all objects on their way share.

use std::sync::{Arc, Mutex};

use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error;
use crate::s3::calls::PUT;
use crate::s3::upload::Halt;

/// Room for bytes of objects, shared by all that is on its way.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    room: Arc<Semaphore>,
    /// How many objects go in parts at once: each keeps its source open.
    long: Arc<Semaphore>,
    /// Buffers of parts that were sent: given back to the system and taken anew they
    /// would leave holes that add up.
    spare: Arc<Mutex<Vec<BytesMut>>>,
    pub(crate) bytes: u64,
}

impl Memory {
    /// Room for so many bytes, and for as many long objects as have a part in it.
    pub(crate) fn of(bytes: u64, part_size: u64) -> Self {
        let permits = |count: u64| {
            let count = usize::try_from(count).unwrap_or(Semaphore::MAX_PERMITS);
            Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS)))
        };
        Self {
            room: permits(bytes / 1024),
            long: permits(bytes / part_size.max(1)),
            spare: Arc::default(),
            bytes,
        }
    }

    /// Room for one more long object.
    pub(crate) async fn begin_long(&self) -> Result<OwnedSemaphorePermit, Halt> {
        self.long.clone().acquire_owned().await.map_err(closed)
    }

    /// A buffer for a part.
    pub(crate) fn buffer(&self, size: usize) -> BytesMut {
        let mut spare = self
            .spare
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        match spare.pop() {
            Some(buffer) if buffer.capacity() >= size => buffer,
            Some(_) | None => BytesMut::with_capacity(size),
        }
    }

    /// Takes back what was sent, when nobody else has it.
    pub(crate) fn give_back(&self, bytes: Bytes) {
        if let Ok(mut buffer) = bytes.try_into_mut() {
            buffer.clear();
            self.spare
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
                .push(buffer);
        }
    }

    pub(crate) async fn take(&self, bytes: u64) -> Result<OwnedSemaphorePermit, Halt> {
        let kib = bytes.min(self.bytes).div_ceil(1024).max(1);
        let kib = u32::try_from(kib).unwrap_or(u32::MAX);
        self.room
            .clone()
            .acquire_many_owned(kib)
            .await
            .map_err(closed)
    }
}

/// It never is.
fn closed(error: tokio::sync::AcquireError) -> Halt {
    let why = "the memory of the archiver is closed";
    Halt::Failed(error::invalid(PUT.operation, why).with_source(error))
}
