//! Archives that lie: none of them may lead to a proof.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use super::*;
use crate::conformance::Permits;
use crate::id::RetirementId;
use crate::observation::PositiveControl;
use crate::provider::{ErrorKind, ObjectInfo, Outcome};

type Objects = BTreeMap<String, Vec<u8>>;

/// A source, an archive and scratch, in memory; each can be spoilt.
struct World {
    source: Mutex<Objects>,
    archived: Mutex<Objects>,
    scratch: Mutex<Option<Objects>>,
    manifest: Mutex<Option<Manifest>>,
    spoils_restores: bool,
}

fn dataset() -> DatasetId {
    "dir:shop:local:data".parse().unwrap()
}

fn scratch() -> DatasetId {
    "dir:shop:local:scratch".parse().unwrap()
}

fn archive_id() -> ArchiveId {
    "dir:shop:local:archive".parse().unwrap()
}

fn version(bytes: &[u8]) -> String {
    Digest::of_bytes(bytes).to_hex()
}

impl World {
    fn new() -> Self {
        let objects: Objects = [
            ("a", b"first".to_vec()),
            ("b/c", vec![7; 200_000]),
            ("empty", Vec::new()),
        ]
        .into_iter()
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect();
        let entries = objects.iter().map(|(name, bytes)| {
            let entry =
                ManifestEntry::new(bytes.len() as u64, Digest::of_bytes(bytes), version(bytes));
            (name.clone(), entry)
        });
        let manifest = Manifest::new(dataset(), Timestamp::UNIX_EPOCH, entries.collect());
        Self {
            source: Mutex::new(objects.clone()),
            archived: Mutex::new(objects),
            scratch: Mutex::new(None),
            manifest: Mutex::new(Some(manifest)),
            spoils_restores: false,
        }
    }

    async fn verify(&self) -> Result<VerifiedArchive, ArchiveDoubt> {
        self.verify_as(SourceState::Whole).await
    }

    async fn verify_as(&self, state: SourceState) -> Result<VerifiedArchive, ArchiveDoubt> {
        let now = Timestamp::now();
        verify_archive(self, self, &dataset(), &archive_id(), state, now).await
    }

    async fn drill(&self) -> Result<RestoreDrill, ArchiveDoubt> {
        self.drill_as(SourceState::Whole).await
    }

    async fn drill_as(&self, state: SourceState) -> Result<RestoreDrill, ArchiveDoubt> {
        let verified = self.verify_as(state).await?;
        let permit = Permits::new().permit().await.unwrap();
        run_restore_drill(self, self, self, &verified, 1, &permit, Timestamp::now()).await
    }
}

fn stream(objects: &Objects, name: &str) -> Result<ByteStream, ProviderError> {
    match objects.get(name) {
        Some(bytes) => Ok(Box::pin(std::io::Cursor::new(bytes.clone()))),
        None => Err(ProviderError::new(ErrorKind::NotFound, "open", name)),
    }
}

#[async_trait]
impl DatasetReader for World {
    async fn objects(
        &self,
        _: &DatasetId,
    ) -> Result<Observation<BTreeMap<String, ObjectInfo>>, ProviderError> {
        let source = self.source.lock().unwrap();
        let infos = source.iter().map(|(name, bytes)| {
            (
                name.clone(),
                ObjectInfo::new(bytes.len() as u64, version(bytes)),
            )
        });
        Ok(Observation::complete(infos.collect(), Timestamp::now()))
    }

    async fn open(&self, id: &DatasetId, name: &str) -> Result<ByteStream, ProviderError> {
        if *id == scratch() {
            stream(self.scratch.lock().unwrap().as_ref().unwrap(), name)
        } else {
            stream(&self.source.lock().unwrap(), name)
        }
    }
}

#[async_trait]
impl ArchiveReader for World {
    async fn archive(&self, _: &ArchiveId) -> Result<Observation<ArchiveState>, ProviderError> {
        let state = match self.manifest.lock().unwrap().clone() {
            Some(manifest) => ArchiveState::Finished {
                manifest,
                retention: Retention::None,
            },
            None if self.archived.lock().unwrap().is_empty() => ArchiveState::Absent {
                control: PositiveControl::saw("the root"),
            },
            None => ArchiveState::Unfinished,
        };
        Ok(Observation::complete(state, Timestamp::now()))
    }

    async fn open_archived(&self, _: &ArchiveId, name: &str) -> Result<ByteStream, ProviderError> {
        stream(&self.archived.lock().unwrap(), name)
    }
}

#[async_trait]
impl Archiver for World {
    fn archive_of(&self, _: &DatasetId, _: &RetirementId) -> Result<ArchiveId, ProviderError> {
        Ok(archive_id())
    }

    async fn archive(
        &self,
        _: &DatasetId,
        _: &ArchiveId,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        Ok(Outcome::not_done("this world comes archived"))
    }

    async fn restore(
        &self,
        _: &ArchiveId,
        names: &[String],
        _: &WritePermit,
    ) -> Result<DatasetId, ProviderError> {
        let mut restored = self.archived.lock().unwrap().clone();
        restored.retain(|name, _| names.contains(name));
        if self.spoils_restores
            && let Some(byte) = restored.get_mut("b/c").and_then(|bytes| bytes.last_mut())
        {
            *byte ^= 1;
        }
        *self.scratch.lock().unwrap() = Some(restored);
        Ok(scratch())
    }

    async fn discard_scratch(
        &self,
        _: &DatasetId,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        *self.scratch.lock().unwrap() = None;
        Ok(Outcome::done("discarded"))
    }

    async fn discard(&self, _: &ArchiveId, _: &WritePermit) -> Result<Outcome, ProviderError> {
        Ok(Outcome::not_done("not asked for"))
    }
}

#[tokio::test]
async fn an_honest_archive_is_verified_and_drilled_whole() {
    let world = World::new();
    let verified = world.verify().await.unwrap();
    let drill = world.drill().await.unwrap();
    assert_eq!(drill.manifest_digest(), verified.manifest_digest());
    assert_eq!((drill.objects(), drill.bytes()), (3, 200_005));
    assert!(
        world.scratch.lock().unwrap().is_none(),
        "the scratch is discarded"
    );
}

#[tokio::test]
async fn i_1_an_archive_that_gives_back_anything_else_is_refused() {
    let lies: [fn(&mut Objects); 5] = [
        |o| o.get_mut("b/c").unwrap()[199_999] ^= 1,
        |o| o.get_mut("a").unwrap().truncate(4),
        |o| o.get_mut("empty").unwrap().push(0),
        |o| {
            let a = o["a"].clone();
            let c = o.insert("b/c".into(), a).unwrap();
            o.insert("a".into(), c);
        },
        |o| drop(o.remove("a")),
    ];
    for lie in lies {
        let world = World::new();
        lie(&mut world.archived.lock().unwrap());
        assert!(world.verify().await.is_err());
    }
}

#[tokio::test]
async fn i_1_a_source_that_changed_since_is_refused() {
    let changes: [fn(&mut Objects); 3] = [
        |o| o.get_mut("a").unwrap()[0] ^= 1,
        |o| drop(o.insert("new".into(), vec![1])),
        |o| drop(o.remove("a")),
    ];
    for change in changes {
        let world = World::new();
        change(&mut world.source.lock().unwrap());
        assert!(matches!(
            world.verify().await,
            Err(ArchiveDoubt::SourceChanged(_))
        ));
    }
}

#[tokio::test]
async fn i_1_an_unfinished_archive_or_one_of_another_dataset_is_refused() {
    let world = World::new();
    world.manifest.lock().unwrap().as_mut().unwrap().source =
        "dir:shop:local:other".parse().unwrap();
    assert!(matches!(
        world.verify().await,
        Err(ArchiveDoubt::WrongSource { .. })
    ));
    *world.manifest.lock().unwrap() = None;
    assert!(matches!(
        world.verify().await,
        Err(ArchiveDoubt::NotFinished(_))
    ));
    world.archived.lock().unwrap().clear();
    assert!(matches!(
        world.verify().await,
        Err(ArchiveDoubt::NotFinished(_))
    ));
}

#[tokio::test]
async fn i_2_a_restore_that_differs_in_its_last_byte_is_no_drill() {
    let mut world = World::new();
    world.spoils_restores = true;
    let refused = world.drill().await;
    assert!(matches!(
        refused,
        Err(ArchiveDoubt::Object {
            invariant: "I-2",
            ..
        })
    ));
    assert!(
        world.scratch.lock().unwrap().is_none(),
        "the scratch is discarded all the same"
    );
}

#[tokio::test]
async fn i_1_an_erasure_that_died_half_way_can_be_finished_and_nothing_else_is_let_through() {
    let world = World::new();
    world.source.lock().unwrap().remove("b/c");
    assert!(matches!(
        world.verify().await,
        Err(ArchiveDoubt::SourceChanged(_))
    ));
    assert!(world.drill_as(SourceState::PartlyErased).await.is_ok());
    // What is left must still be what was archived, and nothing may be new.
    for (name, bytes) in [("a", b"first, edited".to_vec()), ("new", Vec::new())] {
        let world = World::new();
        world.source.lock().unwrap().remove("b/c");
        world.source.lock().unwrap().insert(name.to_owned(), bytes);
        assert!(matches!(
            world.verify_as(SourceState::PartlyErased).await,
            Err(ArchiveDoubt::SourceChanged(_))
        ));
    }
    // What is gone is compared with the manifest.
    let mut world = World::new();
    world.source.lock().unwrap().clear();
    world.spoils_restores = true;
    assert!(matches!(
        world.drill_as(SourceState::PartlyErased).await,
        Err(ArchiveDoubt::Object {
            invariant: "I-2",
            ..
        })
    ));
}

/// Gives objects of later names sooner, and counts how many are waited for at once.
struct Slow {
    world: World,
    waiting: AtomicUsize,
    most: AtomicUsize,
}

#[async_trait]
impl ArchiveReader for Slow {
    async fn archive(&self, id: &ArchiveId) -> Result<Observation<ArchiveState>, ProviderError> {
        ArchiveReader::archive(&self.world, id).await
    }

    async fn open_archived(&self, id: &ArchiveId, name: &str) -> Result<ByteStream, ProviderError> {
        let now = self.waiting.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let number: u64 = name.parse().unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(100 - number)).await;
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        self.world.open_archived(id, name).await
    }
}

impl Slow {
    /// An archive of so many objects that are all of one length.
    fn of(objects: u8, length: usize) -> Self {
        let world = World::new();
        let objects: Objects = (0..objects)
            .map(|i| (format!("{i:02}"), vec![i; length]))
            .collect();
        let entries = objects.iter().map(|(name, bytes)| {
            let entry =
                ManifestEntry::new(bytes.len() as u64, Digest::of_bytes(bytes), version(bytes));
            (name.clone(), entry)
        });
        let manifest = Manifest::new(dataset(), Timestamp::UNIX_EPOCH, entries.collect());
        *world.manifest.lock().unwrap() = Some(manifest);
        *world.source.lock().unwrap() = objects.clone();
        *world.archived.lock().unwrap() = objects;
        Self {
            world,
            waiting: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }
    }

    async fn verify(&self) -> Result<VerifiedArchive, ArchiveDoubt> {
        let (whole, now) = (SourceState::Whole, Timestamp::now());
        verify_archive(&self.world, self, &dataset(), &archive_id(), whole, now).await
    }
}

#[tokio::test]
async fn objects_are_read_back_several_at_once_and_the_first_difference_by_name_is_told() {
    let slow = Slow::of(100, 10);
    slow.verify().await.unwrap();
    assert_eq!(slow.most.load(Ordering::SeqCst), READ_AT_ONCE);
    // The later one is seen sooner.
    for name in ["14", "03"] {
        let mut archived = slow.world.archived.lock().unwrap();
        archived.get_mut(name).unwrap()[0] ^= 1;
    }
    let doubt = slow.verify().await.unwrap_err().to_string();
    assert!(doubt.contains("\"03\""), "{doubt}");
}

#[tokio::test]
async fn of_long_objects_fewer_are_read_back_at_once() {
    let slow = Slow::of(20, (1 << 20) + 1);
    slow.verify().await.unwrap();
    assert_eq!(slow.most.load(Ordering::SeqCst), 16);
}
