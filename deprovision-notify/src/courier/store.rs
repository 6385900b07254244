//! One thread at the file, and group commit: changes that wait at the same time share
//! one transaction, and with it one wait for the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use redb::{Database, Durability};
use tokio::sync::oneshot;

use super::error::Fault;
use super::queue::Tables;

/// So many changes share a transaction at most: nobody waits for ever longer ones.
const SHARE: usize = 256;

/// A change that waits for its transaction.
trait Job: Send {
    fn run(&mut self, tables: &mut Tables<'_>) -> Result<(), Fault>;
    /// Tells whoever asked: what `run` gave, or what went wrong.
    fn end(self: Box<Self>, done: Result<(), Fault>);
}

struct Change<T, F> {
    work: Option<F>,
    made: Option<T>,
    answer: oneshot::Sender<Result<T, Fault>>,
}

impl<T, F> Job for Change<T, F>
where
    T: Send,
    F: FnOnce(&mut Tables<'_>) -> Result<T, Fault> + Send,
{
    fn run(&mut self, tables: &mut Tables<'_>) -> Result<(), Fault> {
        if let Some(work) = self.work.take() {
            self.made = Some(work(tables)?);
        }
        Ok(())
    }

    fn end(self: Box<Self>, done: Result<(), Fault>) {
        let made = self.made.ok_or(Fault::Ended);
        // Whoever asked may be gone by now.
        let _ = self.answer.send(done.and(made));
    }
}

/// The file with the changes that wait for it. It is closed when this is dropped.
#[derive(Debug)]
pub(super) struct Store {
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Store {
    pub(super) fn over(database: Database) -> std::io::Result<Self> {
        let (jobs, waiting) = channel();
        let thread = std::thread::Builder::new()
            .name("courier-store".to_owned())
            .spawn(move || work_off(&database, &waiting))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Makes a change, together with whatever else waits; durable when it returns.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tables<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(Change {
            work: Some(work),
            made: None,
            answer,
        });
        let jobs = self.jobs.as_ref().ok_or(Fault::Ended)?;
        jobs.send(job).map_err(|_| Fault::Ended)?;
        answered.await.unwrap_or(Err(Fault::Ended))
    }
}

impl Drop for Store {
    /// Waits for the changes that were asked for, and closes the file.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // What panicked there was answered to whoever waited.
            let _ = thread.join();
        }
    }
}

/// Takes the changes that wait until nobody can ask for more.
fn work_off(database: &Database, waiting: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = waiting.recv() {
        let mut jobs = vec![first];
        jobs.extend(waiting.try_iter().take(SHARE - 1));
        // redb may panic on a file that was damaged while it was open.
        let done = catch_unwind(AssertUnwindSafe(|| transact(database, &mut jobs)));
        let panicked = done.is_err();
        let done = done.unwrap_or_else(|_| Err(Fault::Damaged("the store panicked".to_owned())));
        for job in jobs {
            job.end(done.clone());
        }
        if panicked {
            // Its state in memory can not be trusted any more: all who wait are told.
            return;
        }
    }
}

/// Runs the changes in one transaction and makes it durable.
fn transact(database: &Database, jobs: &mut [Box<dyn Job>]) -> Result<(), Fault> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    // Flushed before it becomes the current one: without this redb may take the commit
    // before for the current one after a crash, and a letter that went would go again.
    transaction.set_two_phase_commit(true);
    let changed = {
        let mut tables = Tables::open(&transaction)?;
        for job in jobs {
            job.run(&mut tables)?;
        }
        tables.finish()?
    };
    if changed {
        transaction
            .commit()
            .map_err(|error| Fault::Unconfirmed(Arc::new(error.into())))
    } else {
        Ok(transaction.abort()?)
    }
}
