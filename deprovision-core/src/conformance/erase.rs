//! The suite of [`Eraser`](crate::provider::Eraser).

use std::future::Future;

use crate::conformance::archive_fixture::{OBJECTS, Suite, read};
use crate::conformance::{ArchiveFixture, Cases, Trouble, done, known, not_done};
use crate::id::{ApiId, RetirementId};
use crate::permit::{EraseWarrant, SourceState, run_restore_drill, verify_archive};
use crate::provider::Outcome;
use crate::resource::{ArchiveId, DatasetId};

/// Holds an adapter to the promises of [`Eraser`](crate::provider::Eraser), with
/// warrants that the real guards made.
///
/// # Errors
/// When the fixture could not do its part. A broken promise panics.
pub async fn erase(fixture: &impl ArchiveFixture) -> Cases {
    let suite = Suite::new(fixture);
    let mut cases = 0;
    suite
        .erases_what_is_archived_and_nothing_else(&mut cases)
        .await?;
    suite.a_new_or_changed_object_stops_it(&mut cases).await?;
    suite.what_died_half_way_is_finished(&mut cases).await?;
    suite
        .a_warrant_for_another_dataset_is_not_done(&mut cases)
        .await?;
    Ok(cases)
}

impl<F: ArchiveFixture> Suite<'_, F> {
    /// Erases with a warrant that the guards made; `meanwhile` happens after that.
    async fn erase_after<M: Future<Output = Result<(), Trouble>>>(
        &self,
        id: &DatasetId,
        archive: &ArchiveId,
        state: SourceState,
        meanwhile: impl FnOnce() -> M,
    ) -> Result<Outcome, Trouble> {
        let api = ApiId::parse("suite-api")?;
        let warrant = self.permits.warrant(&api, [id.clone().into()]).await?;
        let (now, permit) = (self.permits.now(), self.permits.permit().await?);
        let (reader, archives) = (self.fixture.reader(), self.fixture.archives());
        let verified = verify_archive(reader, archives, id, archive, state, now).await?;
        let archiver = self.fixture.archiver();
        let drill = run_restore_drill(reader, archiver, reader, &verified, 1, &permit, now).await?;
        let warrant = EraseWarrant::issue(&warrant, verified, drill, now)?;
        meanwhile().await?;
        self.fixture.settle().await?;
        let outcome = self.fixture.eraser().erase(&warrant).await?;
        self.fixture.settle().await?;
        Ok(outcome)
    }

    async fn erase(
        &self,
        id: &DatasetId,
        archive: &ArchiveId,
        state: SourceState,
    ) -> Result<Outcome, Trouble> {
        self.erase_after(id, archive, state, || async { Ok(()) })
            .await
    }

    async fn names(&self, id: &DatasetId) -> Result<Vec<String>, Trouble> {
        let objects = known(self.fixture.reader().objects(id).await?)?;
        Ok(objects.into_keys().collect())
    }

    /// An erased dataset is empty with coverage complete; another one and the
    /// archive are as they were; erasing what is erased is `Done`.
    async fn erases_what_is_archived_and_nothing_else(
        &self,
        cases: &mut u32,
    ) -> Result<(), Trouble> {
        let (id, other) = (self.filled().await?, self.filled().await?);
        let untouched = known(self.fixture.reader().objects(&other).await?)?;
        let (archive, _) = self.archive(&id).await?;
        done(self.erase(&id, &archive, SourceState::Whole).await?)?;
        assert!(self.names(&id).await?.is_empty(), "all of it is erased");
        assert_eq!(
            known(self.fixture.reader().objects(&other).await?)?,
            untouched
        );
        for (name, bytes) in OBJECTS {
            let back = self
                .fixture
                .archives()
                .open_archived(&archive, name)
                .await?;
            assert_eq!(read(back).await?, bytes, "the archive still has {name:?}");
        }
        *cases += 1;
        done(self.erase(&id, &archive, SourceState::PartlyErased).await?)?;
        *cases += 1;
        let empty = self.fixture.dataset().await?;
        let (archive, _) = self.archive(&empty).await?;
        done(self.erase(&empty, &archive, SourceState::Whole).await?)?;
        *cases += 1;
        Ok(())
    }

    /// Others or changed ones: `NotDone`, and every object is kept.
    async fn a_new_or_changed_object_stops_it(&self, cases: &mut u32) -> Result<(), Trouble> {
        for (name, bytes) in [
            ("zz-new", &b"new"[..]),
            ("b/c", b"SECOND"),
            ("a", b"longer now"),
        ] {
            let id = self.filled().await?;
            let (archive, _) = self.archive(&id).await?;
            let change = || self.fixture.put(&id, name, bytes);
            let outcome = self
                .erase_after(&id, &archive, SourceState::Whole, change)
                .await?;
            not_done(outcome, "erasing a dataset that has changed");
            let content = self.content(&id).await?;
            for (kept, was) in OBJECTS {
                let wanted = if kept == name { bytes } else { was };
                assert_eq!(
                    content.get(kept).map(Vec::as_slice),
                    Some(wanted),
                    "{kept:?}"
                );
            }
            assert_eq!(
                content.get(name).map(Vec::as_slice),
                Some(bytes),
                "{name:?}"
            );
            *cases += 1;
        }
        Ok(())
    }

    /// Objects that are gone already are no reason to stop; until then the
    /// reader shows what is left.
    async fn what_died_half_way_is_finished(&self, cases: &mut u32) -> Result<(), Trouble> {
        let id = self.filled().await?;
        let (archive, _) = self.archive(&id).await?;
        for gone in ["a", "b/c"] {
            self.fixture.remove(&id, gone).await?;
        }
        self.fixture.settle().await?;
        assert_eq!(
            self.names(&id).await?.len(),
            OBJECTS.len() - 2,
            "what is left is shown"
        );
        done(self.erase(&id, &archive, SourceState::PartlyErased).await?)?;
        assert!(self.names(&id).await?.is_empty());
        *cases += 1;
        let id = self.filled().await?;
        let (archive, _) = self.archive(&id).await?;
        let vanish = || self.fixture.remove(&id, "a");
        done(
            self.erase_after(&id, &archive, SourceState::Whole, vanish)
                .await?,
        )?;
        assert!(self.names(&id).await?.is_empty());
        *cases += 1;
        Ok(())
    }

    /// A warrant for another dataset is `NotDone`.
    async fn a_warrant_for_another_dataset_is_not_done(
        &self,
        cases: &mut u32,
    ) -> Result<(), Trouble> {
        let elsewhere = self.fixture.elsewhere();
        let (reader, archives) = (elsewhere.reader, elsewhere.archives);
        let id = &elsewhere.dataset;
        let archive = elsewhere
            .archiver
            .archive_of(id, &RetirementId::parse("suite-retirement")?)?;
        let permit = self.permits.permit().await?;
        done(elsewhere.archiver.archive(id, &archive, &permit).await?)?;
        self.fixture.settle().await?;
        let now = self.permits.now();
        let whole = SourceState::Whole;
        let verified = verify_archive(reader, archives, id, &archive, whole, now).await?;
        let archiver = elsewhere.archiver;
        let drill = run_restore_drill(reader, archiver, reader, &verified, 1, &permit, now).await?;
        let api = ApiId::parse("suite-api")?;
        let warrant = self.permits.warrant(&api, [id.clone().into()]).await?;
        let warrant = EraseWarrant::issue(&warrant, verified, drill, now)?;
        let before = known(reader.objects(id).await?)?;
        assert!(!before.is_empty(), "the dataset elsewhere holds an object");
        not_done(
            self.fixture.eraser().erase(&warrant).await?,
            "erasing elsewhere",
        );
        assert_eq!(known(reader.objects(id).await?)?, before, "it is untouched");
        *cases += 1;
        Ok(())
    }
}
