//! What the suites of archives and erasers share.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tokio::io::AsyncReadExt as _;

use crate::conformance::{Permits, Trouble, done, known};
use crate::id::RetirementId;
use crate::permit::{SourceState, run_restore_drill, verify_archive};
use crate::provider::{
    ArchiveReader, ArchiveState, Archiver, ByteStream, DatasetReader, Eraser, Manifest,
};
use crate::resource::{ArchiveId, DatasetId};

/// What the suites [`archive`](crate::conformance::archive()) and
/// [`erase`](crate::conformance::erase()) need of
/// an adapter, and of the world behind it.
#[async_trait]
pub trait ArchiveFixture: Send + Sync {
    /// The adapter as a reader of data.
    fn reader(&self) -> &dyn DatasetReader;
    /// The adapter as a reader of archives.
    fn archives(&self) -> &dyn ArchiveReader;
    /// The adapter as an archiver.
    fn archiver(&self) -> &dyn Archiver;
    /// The adapter as an eraser.
    fn eraser(&self) -> &dyn Eraser;
    /// Makes a new, empty dataset.
    async fn dataset(&self) -> Result<DatasetId, Trouble>;
    /// A dataset of the same provider with an archive of it, for which `eraser`
    /// is not responsible: another account.
    fn elsewhere(&self) -> Elsewhere<'_>;
    /// Puts an object there, over what has its name. Another content must be
    /// another version when this returns.
    async fn put(&self, id: &DatasetId, name: &str, bytes: &[u8]) -> Result<(), Trouble>;
    /// Removes an object.
    async fn remove(&self, id: &DatasetId, name: &str) -> Result<(), Trouble>;
    /// Puts something into a dataset that can not be named or read as an object
    /// (a name that is not UTF-8, a link), or removes it; `false` when there is
    /// no such thing here.
    async fn put_unreadable(&self, id: &DatasetId, there: bool) -> Result<bool, Trouble>;
    /// Leaves a finished archive as a crash just before its manifest would have.
    async fn unfinish(&self, id: &ArchiveId) -> Result<(), Trouble>;
    /// Changes the stored bytes of one archived object.
    async fn corrupt(&self, id: &ArchiveId, name: &str) -> Result<(), Trouble>;
    /// How many objects are more than one page of the provider's list.
    fn more_than_a_page(&self) -> usize;
    /// Whether finished archives are locked for longer than the suite runs: then
    /// discarding one is `NotDone`, and it stays.
    fn locks(&self) -> bool {
        false
    }
    /// Returns when all that was written can be seen.
    async fn settle(&self) -> Result<(), Trouble>;
}

/// A dataset that another account keeps.
#[expect(
    missing_debug_implementations,
    reason = "it holds nothing but trait objects"
)]
pub struct Elsewhere<'a> {
    /// Reads it.
    pub reader: &'a dyn DatasetReader,
    /// Reads its archives.
    pub archives: &'a dyn ArchiveReader,
    /// Archives it.
    pub archiver: &'a dyn Archiver,
    /// The dataset; it holds an object.
    pub dataset: DatasetId,
}

/// Names that are awkward and allowed everywhere.
pub(crate) const OBJECTS: [(&str, &[u8]); 6] = [
    ("a", b"first"),
    ("b/c", b"second"),
    ("b/d e", b""),
    ("b/\u{43a}\u{43b}\u{44e}\u{447}.json", b"{}"),
    ("b.c", b"second"),
    ("z/z/z/z.gz.zst", &[0, 255, 10, 13]),
];

pub(crate) struct Suite<'a, F> {
    pub(crate) fixture: &'a F,
    pub(crate) permits: Permits,
}

pub(crate) async fn read(mut stream: ByteStream) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

impl<'a, F: ArchiveFixture> Suite<'a, F> {
    pub(crate) fn new(fixture: &'a F) -> Self {
        Self {
            fixture,
            permits: Permits::new(),
        }
    }

    /// A dataset with the usual objects.
    pub(crate) async fn filled(&self) -> Result<DatasetId, Trouble> {
        let id = self.fixture.dataset().await?;
        for (name, bytes) in OBJECTS {
            self.fixture.put(&id, name, bytes).await?;
        }
        self.fixture.settle().await?;
        Ok(id)
    }

    /// All bytes of a dataset.
    pub(crate) async fn content(
        &self,
        id: &DatasetId,
    ) -> Result<BTreeMap<String, Vec<u8>>, Trouble> {
        let reader = self.fixture.reader();
        let mut content = BTreeMap::new();
        for (name, info) in known(reader.objects(id).await?)? {
            let bytes = read(reader.open(id, &name).await?).await?;
            assert_eq!(bytes.len() as u64, info.length, "the length of {name:?}");
            content.insert(name, bytes);
        }
        Ok(content)
    }

    pub(crate) fn archive_of(&self, id: &DatasetId) -> Result<ArchiveId, Trouble> {
        let retirement = RetirementId::parse("suite-retirement")?;
        Ok(self.fixture.archiver().archive_of(id, &retirement)?)
    }

    pub(crate) async fn archive(&self, id: &DatasetId) -> Result<(ArchiveId, String), Trouble> {
        let archive = self.archive_of(id)?;
        let permit = self.permits.permit().await?;
        let archiver = self.fixture.archiver();
        let receipt = done(archiver.archive(id, &archive, &permit).await?)?;
        self.fixture.settle().await?;
        Ok((archive, receipt))
    }

    pub(crate) async fn state(&self, id: &ArchiveId) -> Result<ArchiveState, Trouble> {
        known(self.fixture.archives().archive(id).await?)
    }

    pub(crate) async fn manifest(&self, id: &ArchiveId) -> Result<Manifest, Trouble> {
        match self.state(id).await? {
            ArchiveState::Finished { manifest, .. } => Ok(manifest),
            state @ (ArchiveState::Absent { .. } | ArchiveState::Unfinished) => {
                panic!("the archive must be finished and is {state:?}")
            }
        }
    }

    /// Whether the guards accept the archive: read back, restored, compared.
    pub(crate) async fn is_accepted(
        &self,
        id: &DatasetId,
        archive: &ArchiveId,
    ) -> Result<bool, Trouble> {
        let (reader, now) = (self.fixture.reader(), self.permits.now());
        let archives = self.fixture.archives();
        let whole = SourceState::Whole;
        let Ok(verified) = verify_archive(reader, archives, id, archive, whole, now).await else {
            return Ok(false);
        };
        let permit = self.permits.permit().await?;
        let archiver = self.fixture.archiver();
        let drill = run_restore_drill(reader, archiver, reader, &verified, 1, &permit, now).await;
        Ok(drill.is_ok())
    }
}
