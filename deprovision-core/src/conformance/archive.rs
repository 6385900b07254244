//! The suite of [`DatasetReader`](crate::provider::DatasetReader),
//! [`ArchiveReader`](crate::provider::ArchiveReader) and
//! [`Archiver`](crate::provider::Archiver).

use std::collections::BTreeMap;

use crate::conformance::archive_fixture::{OBJECTS, Suite, read};
use crate::conformance::{ArchiveFixture, Cases, Trouble, done, known, not_done};
use crate::digest::Digest;
use crate::id::RetirementId;
use crate::provider::{ArchiveState, Outcome};

/// Holds an adapter to the promises of [`DatasetReader`](crate::provider::DatasetReader),
/// [`ArchiveReader`](crate::provider::ArchiveReader) and
/// [`Archiver`](crate::provider::Archiver).
///
/// # Errors
/// When the fixture could not do its part. A broken promise panics.
pub async fn archive(fixture: &impl ArchiveFixture) -> Cases {
    let suite = Suite::new(fixture);
    let mut cases = 0;
    suite.objects_lists_all(&mut cases).await?;
    suite
        .what_can_not_be_read_is_never_left_out(&mut cases)
        .await?;
    suite.another_account_is_an_error(&mut cases).await?;
    suite.an_archive_has_one_name(&mut cases).await?;
    suite.an_archive_is_the_source(&mut cases).await?;
    suite.archiving_is_absorbing(&mut cases).await?;
    suite.an_unfinished_archive_is_finished(&mut cases).await?;
    suite.a_changed_source_is_archived_anew(&mut cases).await?;
    suite.the_only_copy_is_kept(&mut cases).await?;
    suite.a_restore_goes_to_scratch(&mut cases).await?;
    suite.a_damaged_archive_is_noticed(&mut cases).await?;
    suite.discarding_is_absorbing(&mut cases).await?;
    Ok(cases)
}

impl<F: ArchiveFixture> Suite<'_, F> {
    /// `objects` lists all of them, by relative names with `/`.
    async fn objects_lists_all(&self, cases: &mut u32) -> Result<(), Trouble> {
        let id = self.fixture.dataset().await?;
        let reader = self.fixture.reader();
        assert!(
            self.content(&id).await?.is_empty(),
            "an empty dataset is empty, completely"
        );
        *cases += 1;
        let mut wanted = BTreeMap::new();
        for (name, bytes) in OBJECTS {
            wanted.insert(name.to_owned(), bytes.to_vec());
        }
        for i in 0..self.fixture.more_than_a_page() {
            wanted.insert(format!("many/{i}"), i.to_string().into_bytes());
        }
        for (name, bytes) in &wanted {
            self.fixture.put(&id, name, bytes).await?;
        }
        self.fixture.settle().await?;
        assert_eq!(
            self.content(&id).await?,
            wanted,
            "all pages, and every byte"
        );
        *cases += 1;
        let before = known(reader.objects(&id).await?)?;
        self.fixture.put(&id, "a", b"FIRST").await?;
        self.fixture.settle().await?;
        let after = known(reader.objects(&id).await?)?;
        for (name, info) in &before {
            assert_eq!(
                name != "a",
                after.get(name) == Some(info),
                "the version of {name:?}"
            );
        }
        *cases += 1;
        assert!(reader.open(&id, "no-such-object").await.is_err());
        *cases += 1;
        Ok(())
    }

    /// What can not be named or read is an error or makes the list partial.
    async fn what_can_not_be_read_is_never_left_out(&self, cases: &mut u32) -> Result<(), Trouble> {
        let id = self.filled().await?;
        if !self.fixture.put_unreadable(&id, true).await? {
            return Ok(());
        }
        self.fixture.settle().await?;
        if let Ok(seen) = self.fixture.reader().objects(&id).await {
            assert!(seen.doubt().is_some(), "it was left out: {seen:?}");
        }
        let (archive, permit) = (self.archive_of(&id)?, self.permits.permit().await?);
        let archiver = self.fixture.archiver();
        if let Ok(outcome) = archiver.archive(&id, &archive, &permit).await {
            not_done(outcome, "an archive that leaves something out");
        }
        self.fixture.put_unreadable(&id, false).await?;
        self.fixture.settle().await?;
        self.archive(&id).await?;
        *cases += 1;
        Ok(())
    }

    /// What another account keeps is an error, and not empty.
    async fn another_account_is_an_error(&self, cases: &mut u32) -> Result<(), Trouble> {
        let elsewhere = self.fixture.elsewhere();
        let id = &elsewhere.dataset;
        let retirement = RetirementId::parse("suite-retirement")?;
        let archive = elsewhere.archiver.archive_of(id, &retirement)?;
        let (permit, archiver) = (self.permits.permit().await?, self.fixture.archiver());
        assert!(
            self.fixture.reader().objects(id).await.is_err(),
            "objects elsewhere"
        );
        assert!(
            archiver.archive_of(id, &retirement).is_err(),
            "archive_of elsewhere"
        );
        assert!(
            self.fixture.archives().archive(&archive).await.is_err(),
            "archive elsewhere"
        );
        assert!(
            archiver.archive(id, &archive, &permit).await.is_err(),
            "archiving elsewhere"
        );
        assert!(
            archiver.discard(&archive, &permit).await.is_err(),
            "discarding elsewhere"
        );
        *cases += 1;
        Ok(())
    }

    /// `archive_of` is always the same, another for another retirement, and makes nothing.
    async fn an_archive_has_one_name(&self, cases: &mut u32) -> Result<(), Trouble> {
        let (id, other) = (self.filled().await?, self.filled().await?);
        let archiver = self.fixture.archiver();
        let [first, second] = ["r-1", "r-2"].map(RetirementId::parse);
        let (first, second) = (first?, second?);
        let archive = archiver.archive_of(&id, &first)?;
        assert_eq!(archive, archiver.archive_of(&id, &first)?);
        assert_ne!(archive, archiver.archive_of(&id, &second)?);
        assert_ne!(archive, archiver.archive_of(&other, &first)?);
        match self.state(&archive).await? {
            ArchiveState::Absent { control } => {
                assert!(control.to_string().len() > "still saw ".len());
            }
            state @ (ArchiveState::Unfinished | ArchiveState::Finished { .. }) => {
                panic!("nothing was made yet, and there is {state:?}")
            }
        }
        *cases += 1;
        Ok(())
    }

    /// The manifest lists every object with length, SHA-256 and version; the
    /// bytes come back; the source is untouched; the guards accept it.
    async fn an_archive_is_the_source(&self, cases: &mut u32) -> Result<(), Trouble> {
        let id = self.filled().await?;
        let before = known(self.fixture.reader().objects(&id).await?)?;
        let (archive, _) = self.archive(&id).await?;
        let manifest = self.manifest(&archive).await?;
        assert_eq!(manifest.source, id);
        assert_eq!(manifest.objects.len(), OBJECTS.len());
        for (name, bytes) in OBJECTS {
            let entry = manifest.objects.get(name).ok_or("an object is missing")?;
            assert_eq!(entry.length, bytes.len() as u64);
            assert_eq!(
                entry.sha256,
                Digest::of_bytes(bytes),
                "the SHA-256 of {name:?}"
            );
            assert_eq!(
                Some(&entry.version),
                before.get(name).map(|info| &info.version)
            );
            let back = self
                .fixture
                .archives()
                .open_archived(&archive, name)
                .await?;
            assert_eq!(read(back).await?, bytes, "the bytes of {name:?}");
        }
        let after = known(self.fixture.reader().objects(&id).await?)?;
        assert_eq!(before, after, "the source is untouched");
        *cases += 1;
        assert!(
            self.is_accepted(&id, &archive).await?,
            "the guards accept it"
        );
        *cases += 1;
        let archives = self.fixture.archives();
        assert!(
            archives
                .open_archived(&archive, "no-such-object")
                .await
                .is_err()
        );
        *cases += 1;
        let empty = self.fixture.dataset().await?;
        let (archive, _) = self.archive(&empty).await?;
        assert!(self.manifest(&archive).await?.objects.is_empty());
        *cases += 1;
        Ok(())
    }

    /// Over a finished archive of the unchanged source it writes nothing.
    async fn archiving_is_absorbing(&self, cases: &mut u32) -> Result<(), Trouble> {
        let id = self.filled().await?;
        let (archive, receipt) = self.archive(&id).await?;
        let manifest = self.manifest(&archive).await?;
        self.permits
            .clock()
            .advance(crate::time::Period::minutes(1));
        assert_eq!(self.archive(&id).await?, (archive.clone(), receipt));
        assert_eq!(
            self.manifest(&archive).await?,
            manifest,
            "even the time is the same"
        );
        *cases += 1;
        Ok(())
    }

    /// An archive without a manifest is `Unfinished`, and archiving finishes it.
    async fn an_unfinished_archive_is_finished(&self, cases: &mut u32) -> Result<(), Trouble> {
        let id = self.filled().await?;
        let (archive, _) = self.archive(&id).await?;
        self.fixture.unfinish(&archive).await?;
        self.fixture.settle().await?;
        assert_eq!(self.state(&archive).await?, ArchiveState::Unfinished);
        assert!(
            !self.is_accepted(&id, &archive).await?,
            "the guards refuse it"
        );
        *cases += 1;
        self.archive(&id).await?;
        assert!(self.is_accepted(&id, &archive).await?);
        *cases += 1;
        Ok(())
    }

    /// A source with new or other objects is archived anew.
    async fn a_changed_source_is_archived_anew(&self, cases: &mut u32) -> Result<(), Trouble> {
        let id = self.filled().await?;
        let (archive, _) = self.archive(&id).await?;
        self.fixture.put(&id, "a", b"other").await?;
        self.fixture.put(&id, "new", b"new").await?;
        self.fixture.settle().await?;
        assert!(!self.is_accepted(&id, &archive).await?, "the guards notice");
        self.archive(&id).await?;
        assert_eq!(
            self.manifest(&archive).await?.objects.len(),
            OBJECTS.len() + 1
        );
        assert!(self.is_accepted(&id, &archive).await?);
        *cases += 1;
        Ok(())
    }

    /// An archive that holds what the source has no longer is neither replaced
    /// nor discarded.
    async fn the_only_copy_is_kept(&self, cases: &mut u32) -> Result<(), Trouble> {
        let id = self.filled().await?;
        let (archive, _) = self.archive(&id).await?;
        let manifest = self.manifest(&archive).await?;
        self.fixture.remove(&id, "b/c").await?;
        self.fixture.settle().await?;
        let (permit, archiver) = (self.permits.permit().await?, self.fixture.archiver());
        let again = archiver.archive(&id, &archive, &permit).await?;
        not_done(again, "archiving over the only copy of an object");
        assert_eq!(self.manifest(&archive).await?, manifest);
        *cases += 1;
        let gone = archiver.discard(&archive, &permit).await?;
        not_done(gone, "discarding the only copy of an object");
        let back = self
            .fixture
            .archives()
            .open_archived(&archive, "b/c")
            .await?;
        assert_eq!(read(back).await?, b"second");
        *cases += 1;
        Ok(())
    }

    /// `restore` writes the named objects to a scratch dataset of its own, which
    /// the reader reads; `discard_scratch` removes it and refuses anything else.
    async fn a_restore_goes_to_scratch(&self, cases: &mut u32) -> Result<(), Trouble> {
        let id = self.filled().await?;
        let before = known(self.fixture.reader().objects(&id).await?)?;
        let (archive, _) = self.archive(&id).await?;
        let (permit, archiver) = (self.permits.permit().await?, self.fixture.archiver());
        let names = ["a", "b/c"].map(str::to_owned);
        let scratch = archiver.restore(&archive, &names, &permit).await?;
        self.fixture.settle().await?;
        assert_ne!(scratch, id, "never to the source");
        let restored = self.content(&scratch).await?;
        assert_eq!(
            restored.keys().collect::<Vec<_>>(),
            names.iter().collect::<Vec<_>>()
        );
        assert_eq!(restored.get("b/c").map(Vec::as_slice), Some(&b"second"[..]));
        *cases += 1;
        let refused = archiver.discard_scratch(&id, &permit).await;
        assert!(!matches!(refused, Ok(Outcome::Done { .. })), "the source");
        for _ in 0..2 {
            done(archiver.discard_scratch(&scratch, &permit).await?)?;
        }
        self.fixture.settle().await?;
        let left = self.fixture.reader().objects(&scratch).await;
        assert!(left.is_err() || left.is_ok_and(|seen| known(seen).is_ok_and(|o| o.is_empty())));
        assert_eq!(
            known(self.fixture.reader().objects(&id).await?)?,
            before,
            "untouched"
        );
        *cases += 1;
        let unlisted = ["no-such-object".to_owned()];
        assert!(
            archiver
                .restore(&archive, &unlisted, &permit)
                .await
                .is_err()
        );
        *cases += 1;
        Ok(())
    }

    /// The bytes come from the archive itself: a damaged one is noticed.
    async fn a_damaged_archive_is_noticed(&self, cases: &mut u32) -> Result<(), Trouble> {
        let id = self.filled().await?;
        let (archive, _) = self.archive(&id).await?;
        assert!(self.is_accepted(&id, &archive).await?);
        self.fixture.corrupt(&archive, "b/c").await?;
        self.fixture.settle().await?;
        assert!(
            !self.is_accepted(&id, &archive).await?,
            "I-1: the guards refuse it"
        );
        *cases += 1;
        Ok(())
    }

    /// `discard` removes an archive, and removing an absent one is `Done`; a locked one
    /// is refused and stays.
    async fn discarding_is_absorbing(&self, cases: &mut u32) -> Result<(), Trouble> {
        let (id, other) = (self.filled().await?, self.filled().await?);
        let (archive, _) = self.archive(&id).await?;
        let (kept, _) = self.archive(&other).await?;
        let (permit, archiver) = (self.permits.permit().await?, self.fixture.archiver());
        if self.fixture.locks() {
            let refused = archiver.discard(&archive, &permit).await?;
            not_done(refused, "discarding a locked archive");
            assert!(self.is_accepted(&id, &archive).await?, "it is untouched");
            let never = self.archive_of(&self.fixture.dataset().await?)?;
            done(archiver.discard(&never, &permit).await?)?;
            *cases += 1;
            return Ok(());
        }
        for _ in 0..2 {
            done(archiver.discard(&archive, &permit).await?)?;
            self.fixture.settle().await?;
            assert!(matches!(
                self.state(&archive).await?,
                ArchiveState::Absent { .. }
            ));
        }
        assert!(
            self.is_accepted(&other, &kept).await?,
            "the other archive is kept"
        );
        *cases += 1;
        Ok(())
    }
}
