//! The suite that every journal passes.

use std::sync::Arc;

use async_trait::async_trait;
use deprovision_core::conformance::{JournalFixture, Trouble, journal};
use deprovision_core::journal::Journal;
use deprovision_core::time::ManualClock;
use deprovision_journal::RedbJournal;
use tempfile::TempDir;

struct InFolder(TempDir);

#[async_trait]
impl JournalFixture for InFolder {
    async fn fresh(
        &self,
        name: &str,
        clock: Arc<ManualClock>,
    ) -> Result<Arc<dyn Journal>, Trouble> {
        let path = self.0.path().join(name);
        assert!(!path.exists(), "{name} was asked for twice");
        Ok(Arc::new(RedbJournal::create(path, clock).await?))
    }

    async fn reopen(
        &self,
        name: &str,
        journal: Arc<dyn Journal>,
        clock: Arc<ManualClock>,
    ) -> Result<Arc<dyn Journal>, Trouble> {
        drop(journal);
        let path = self.0.path().join(name);
        Ok(Arc::new(RedbJournal::open(path, clock).await?))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_journal_in_a_file_keeps_every_promise() {
    let folder = InFolder(TempDir::new().unwrap());
    assert_eq!(journal(&folder).await.unwrap(), 28);
}
