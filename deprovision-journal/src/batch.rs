//! Group commit: changes that wait at the same time share one transaction, and
//! with it one wait for the disk.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use redb::{Database, Durability};
use tokio::sync::oneshot;

use crate::fault::{Fault, guarded};
use crate::write::Tables;

/// Why a change has no answer of its own.
#[derive(Debug)]
pub(crate) enum Failed {
    /// It certainly was not stored.
    NotStored(Fault),
    /// It may or may not have been stored, whole.
    Unknown(Fault),
}

/// A change that waits for its transaction.
trait Job: Send {
    /// Makes the change, again when the first transaction failed.
    fn run(&mut self, tables: &mut Tables<'_>) -> Result<(), Fault>;
    /// Tells the caller: what `run` gave, or what went wrong.
    fn end(self: Box<Self>, failed: Option<Failed>);
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
}

struct Change<T, F> {
    work: F,
    made: Option<T>,
    answer: oneshot::Sender<Result<T, Failed>>,
}

impl<T, F> Job for Change<T, F>
where
    T: Send,
    F: FnMut(&mut Tables<'_>) -> Result<T, Fault> + Send,
{
    fn run(&mut self, tables: &mut Tables<'_>) -> Result<(), Fault> {
        self.made = Some((self.work)(tables)?);
        Ok(())
    }

    fn end(self: Box<Self>, failed: Option<Failed>) {
        let result = match (failed, self.made) {
            (None, Some(made)) => Ok(made),
            (Some(failed), _) => Err(failed),
            (None, None) => Err(Failed::NotStored(Fault::Cancelled)),
        };
        // Whoever asked may be gone by now.
        let _ = self.answer.send(result);
    }

    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }
}

/// The database with the changes that wait for it.
pub(crate) struct Store {
    /// There until the store is dropped.
    database: Option<Database>,
    waiting: Mutex<Vec<Box<dyn Job>>>,
    turn: Arc<tokio::sync::Mutex<()>>,
    /// Set when redb panicked: its state in memory can not be trusted any more.
    broken: AtomicBool,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("waiting", &self.waiting().len())
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

impl Store {
    pub(crate) fn new(database: Database) -> Self {
        Self {
            database: Some(database),
            waiting: Mutex::default(),
            turn: Arc::default(),
            broken: AtomicBool::new(false),
        }
    }

    /// Reads on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Database) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || {
            let database = store.usable()?;
            store.watched(|| work(database))
        })
        .await
        .unwrap_or(Err(Fault::Cancelled))
    }

    /// Makes a change, together with whatever else waits.
    ///
    /// A change whose caller gives up before its transaction began is not made.
    pub(crate) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnMut(&mut Tables<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Failed> {
        let (answer, mut answered) = oneshot::channel();
        self.waiting().push(Box::new(Change {
            work,
            made: None,
            answer,
        }));
        let turn = self.turn.clone().lock_owned().await;
        // Whoever had the turn before may have taken this change along.
        if let Ok(result) = answered.try_recv() {
            return result;
        }
        let store = self.clone();
        let _ = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            store.work_off();
        })
        .await;
        answered
            .await
            .unwrap_or(Err(Failed::Unknown(Fault::Cancelled)))
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Box<dyn Job>>> {
        // A list of changes is whole whenever the lock is free.
        self.waiting.lock().unwrap_or_else(|p| p.into_inner())
    }

    /// Takes all changes that wait, and answers each.
    fn work_off(&self) {
        let mut jobs = std::mem::take(&mut *self.waiting());
        jobs.retain(|job| !job.is_abandoned());
        match self.transact(&mut jobs) {
            // One that can not be made must not take the others with it.
            Err(Failed::NotStored(_)) if jobs.len() > 1 => {
                for job in jobs {
                    let mut alone = vec![job];
                    let failed = self.transact(&mut alone).err();
                    answer(alone, failed);
                }
            }
            result => answer(jobs, result.err()),
        }
    }

    /// Runs the changes in one transaction and makes it durable.
    fn transact(&self, jobs: &mut [Box<dyn Job>]) -> Result<(), Failed> {
        let database = self.usable().map_err(Failed::NotStored)?;
        let prepared = self.watched(|| {
            let mut transaction = database.begin_write()?;
            transaction.set_durability(Durability::Immediate)?;
            // The commit is flushed before it becomes the current one. Without
            // this, redb takes the commit before for the current one when it finds
            // the newest damaged after a crash, and an acknowledged append is gone
            // without a word.
            transaction.set_two_phase_commit(true);
            let changed = {
                let mut tables = Tables::open(&transaction)?;
                for job in jobs {
                    job.run(&mut tables)?;
                }
                tables.changed
            };
            if changed {
                Ok(Some(transaction))
            } else {
                transaction.abort()?;
                Ok(None)
            }
        });
        match prepared.map_err(Failed::NotStored)? {
            None => Ok(()),
            Some(transaction) => self
                .watched(|| Ok(transaction.commit()?))
                .map_err(Failed::Unknown),
        }
    }

    /// Runs what may panic inside redb; after a panic the store is not used again.
    fn watched<T>(&self, work: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        let mut finished = false;
        let result = guarded(|| {
            let result = work();
            finished = true;
            result
        });
        if !finished {
            self.broken.store(true, Ordering::Release);
        }
        result
    }

    fn usable(&self) -> Result<&Database, Fault> {
        match &self.database {
            Some(database) if !self.broken.load(Ordering::Acquire) => Ok(database),
            Some(_) | None => {
                let why = "the store panicked before; open the journal anew to check the file";
                Err(Fault::Damaged(why.into()))
            }
        }
    }
}

impl Drop for Store {
    /// Closes the file. redb may panic there as well on a file that was damaged
    /// while it was open; the next opening finds that out again.
    fn drop(&mut self) {
        let database = self.database.take();
        let _ = guarded(|| {
            drop(database);
            Ok(())
        });
    }
}

/// Answers all jobs of one transaction.
fn answer(jobs: Vec<Box<dyn Job>>, failed: Option<Failed>) {
    for job in jobs {
        job.end(failed.as_ref().map(|failed| match failed {
            Failed::NotStored(fault) => Failed::NotStored(fault.clone()),
            Failed::Unknown(fault) => Failed::Unknown(fault.clone()),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake_disk::FakeDisk;
    use crate::open::lay_out;
    use std::sync::atomic::AtomicU32;

    fn store() -> Arc<Store> {
        let database = redb::Builder::new()
            .create_with_backend(FakeDisk::default())
            .unwrap();
        lay_out(&database).unwrap();
        Arc::new(Store::new(database))
    }

    /// A change that waits in the store, and is given this to do.
    fn waiting<T: Send + 'static>(
        store: &Arc<Store>,
        work: impl FnMut(&mut Tables<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> tokio::task::JoinHandle<Result<T, Failed>> {
        let store = store.clone();
        tokio::spawn(async move { store.write(work).await })
    }

    async fn until_waiting(store: &Store, count: usize) {
        while store.waiting().len() < count {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_change_that_can_not_be_made_does_not_take_others_with_it() {
        let store = store();
        let turn = store.turn.clone().lock_owned().await;
        let good = waiting(&store, |_| Ok(1));
        let bad = waiting(&store, |_| Err::<(), _>(Fault::Damaged("bad".into())));
        let other = waiting(&store, |_| Ok(2));
        until_waiting(&store, 3).await;
        drop(turn);
        assert_eq!(good.await.unwrap().unwrap(), 1);
        assert!(matches!(bad.await.unwrap(), Err(Failed::NotStored(_))));
        assert_eq!(other.await.unwrap().unwrap(), 2);
    }

    #[tokio::test]
    async fn a_change_that_nobody_waits_for_any_more_is_not_made() {
        let store = store();
        let made = Arc::new(AtomicU32::new(0));
        let turn = store.turn.clone().lock_owned().await;
        let count = || {
            let made = made.clone();
            move |_: &mut Tables<'_>| {
                made.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        };
        let given_up = waiting(&store, count());
        until_waiting(&store, 1).await;
        let kept = waiting(&store, count());
        until_waiting(&store, 2).await;
        given_up.abort();
        assert!(given_up.await.unwrap_err().is_cancelled());
        drop(turn);
        kept.await.unwrap().unwrap();
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn after_a_panic_nothing_is_answered_any_more() {
        let store = store();
        let panics = store.read(|_| -> Result<(), Fault> { panic!("for a test") });
        let Err(Fault::Damaged(why)) = panics.await else {
            panic!("a panic was answered");
        };
        assert!(why.contains("for a test"), "{why}");
        assert!(matches!(
            store.read(|_| Ok(())).await,
            Err(Fault::Damaged(_))
        ));
        let write = store.write(|_| Ok(())).await;
        assert!(matches!(write, Err(Failed::NotStored(Fault::Damaged(_)))));
    }
}
