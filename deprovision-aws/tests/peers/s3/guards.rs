//! Archive and erase as the engine does, through the real guards.

use deprovision_core::conformance::Permits;
use deprovision_core::id::{ApiId, RetirementId, WorkerId};
use deprovision_core::journal::Lease;
use deprovision_core::permit::{
    EraseWarrant, SourceState, WritePermit, run_restore_drill, verify_archive,
};
use deprovision_core::provider::{
    ArchiveReader, ArchiveState, Archiver, Eraser, Outcome, error_chain,
};
use deprovision_core::resource::{ArchiveId, DatasetId};
use deprovision_core::time::{Period, Timestamp};

use crate::s3::fixture::{Store, place};

/// A permit of the lease with this epoch.
pub(crate) fn permit(epoch: u64) -> WritePermit {
    let now = Timestamp::now();
    let lease = Lease::new(
        RetirementId::parse("tests").unwrap(),
        WorkerId::parse("tests").unwrap(),
        epoch,
        Period::hours(1).after(now),
    );
    WritePermit::from_lease(&lease, Period::minutes(10), now).unwrap()
}

impl Store {
    /// The whole data bucket, as a dataset.
    pub(crate) fn dataset(&self) -> DatasetId {
        self.datasets.dataset(&place(&self.data, "")).unwrap()
    }

    pub(crate) fn archive_id(&self) -> ArchiveId {
        self.archive
            .archive_of(&self.dataset(), &self.retirement)
            .unwrap()
    }

    /// The archive step; the text of whatever is not `Done`.
    pub(crate) async fn archive_now(&self) -> Result<String, String> {
        let (id, archive) = (self.dataset(), self.archive_id());
        text(
            Archiver::archive(&self.archive, &id, &archive, &permit(1))
                .await
                .map_err(|error| error_chain(&error))?,
        )
    }

    /// The steps after it: verify, drill, erase; the text of the first that refuses.
    pub(crate) async fn erase_now(&self, state: SourceState, epoch: u64) -> Result<String, String> {
        let (id, archive) = (self.dataset(), self.archive_id());
        let permits = Permits::new();
        let now = permits.now();
        let verified = verify_archive(&self.datasets, &self.archive, &id, &archive, state, now)
            .await
            .map_err(|doubt| error_chain(&doubt))?;
        let drill = run_restore_drill(
            &self.datasets,
            &self.archive,
            &self.datasets,
            &verified,
            1,
            &permit(epoch),
            now,
        )
        .await
        .map_err(|doubt| error_chain(&doubt))?;
        let api = ApiId::parse("orders-v1").unwrap();
        let warrant = permits.warrant(&api, [id.into()]).await.unwrap();
        let warrant = EraseWarrant::issue(&warrant, verified, drill, now).unwrap();
        text(
            self.eraser
                .erase(&warrant)
                .await
                .map_err(|error| error_chain(&error))?,
        )
    }

    pub(crate) async fn is_finished(&self) -> bool {
        let seen = ArchiveReader::archive(&self.archive, &self.archive_id())
            .await
            .unwrap();
        matches!(seen.known_completely(), Some(ArchiveState::Finished { .. }))
    }

    /// No part of an upload is left anywhere.
    pub(crate) async fn expect_no_parts(&self) {
        for bucket in [&self.archives, &self.scratch] {
            let page = self
                .raw
                .list_multipart_uploads()
                .bucket(bucket)
                .send()
                .await
                .unwrap();
            assert!(page.uploads().is_empty(), "{:?}", page.uploads());
        }
    }
}

fn text(outcome: Outcome) -> Result<String, String> {
    match outcome {
        Outcome::Done { receipt } => Ok(receipt),
        Outcome::NotDone { why } => Err(format!("not done: {why}")),
        Outcome::Unknown { why } => Err(format!("unknown: {why}")),
    }
}
