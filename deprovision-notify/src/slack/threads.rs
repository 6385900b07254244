//! One thread for each retirement.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;

/// Which thread is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Thread {
    /// The channel, as Slack names it: `C0123456789`.
    pub channel: String,
    /// The retirement.
    pub retirement: String,
}

impl Thread {
    /// The thread of a retirement in a channel.
    #[must_use]
    pub fn new(channel: impl Into<String>, retirement: impl Into<String>) -> Self {
        Self {
            channel: channel.into(),
            retirement: retirement.into(),
        }
    }
}

/// Remembers with which message a thread began: its `ts`, as Slack names it.
///
/// A thread is for the reader's ease. When it can not be read or kept, the letter goes out
/// without, and the receipt says so.
///
/// # Behaviour
/// - What was remembered first stays, until it is forgotten.
/// - Forgetting names the `ts` that does not work any more, so that a newer one stays.
#[async_trait]
pub trait Threads: Send + Sync {
    /// The first message of the thread.
    async fn first(
        &self,
        thread: &Thread,
    ) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>>;

    /// Remembers the first message of the thread, unless there is one.
    async fn remember(
        &self,
        thread: &Thread,
        ts: &str,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;

    /// Forgets the first message of the thread, if it is this one: Slack takes no more
    /// replies to it.
    async fn forget(
        &self,
        thread: &Thread,
        ts: &str,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// Threads in memory: after a restart, a retirement begins a new one.
#[derive(Debug, Default)]
pub struct MemoryThreads(Mutex<BTreeMap<Thread, String>>);

impl MemoryThreads {
    /// No threads yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn with<T>(&self, change: impl FnOnce(&mut BTreeMap<Thread, String>) -> T) -> T {
        // A poisoned lock still holds whole entries.
        change(&mut self.0.lock().unwrap_or_else(|p| p.into_inner()))
    }
}

#[async_trait]
impl Threads for MemoryThreads {
    async fn first(
        &self,
        thread: &Thread,
    ) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.with(|all| all.get(thread).cloned()))
    }

    async fn remember(
        &self,
        thread: &Thread,
        ts: &str,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.with(|all| {
            all.entry(thread.clone()).or_insert_with(|| ts.to_owned());
        });
        Ok(())
    }

    async fn forget(
        &self,
        thread: &Thread,
        ts: &str,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.with(|all| {
            if all.get(thread).is_some_and(|first| first == ts) {
                all.remove(thread);
            }
        });
        Ok(())
    }
}
