//! Directories and archives for the suites of core.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use deprovision_core::conformance::{ArchiveFixture, Elsewhere, Trouble};
use deprovision_core::digest::Digest;
use deprovision_core::provider::{ArchiveReader, Archiver, DatasetReader, Eraser};
use deprovision_core::resource::{ArchiveId, DatasetId};
use deprovision_local::{Directory, DirectoryArchive, DirectoryEraser};
use tempfile::TempDir;

pub(crate) const RETIREMENT: &str = "suite-retirement";

/// Data and archives beside each other.
pub(crate) struct Disk {
    pub(crate) place: PathBuf,
    pub(crate) data: Directory,
    pub(crate) archive: DirectoryArchive,
}

impl Disk {
    pub(crate) fn at(place: &Path) -> Self {
        Self::of(place, "shop")
    }

    fn of(place: &Path, account: &str) -> Self {
        std::fs::create_dir_all(place.join("data")).unwrap();
        let data = Directory::open(place.join("data"), account).unwrap();
        let archive = DirectoryArchive::create(place.join("archives"), data.clone()).unwrap();
        Self {
            place: place.to_owned(),
            data,
            archive,
        }
    }

    /// The path of something in the data.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.data.root().join(name)
    }

    pub(crate) fn put(&self, dataset: &str, name: &str, bytes: &[u8]) {
        let path = self.path(dataset).join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// The file of an archived content.
    pub(crate) fn object_file(&self, archive: &ArchiveId, bytes: &[u8]) -> PathBuf {
        self.archive_path(archive)
            .join("objects")
            .join(format!("{}.zst", Digest::of_bytes(bytes).to_hex()))
    }

    pub(crate) fn archive_path(&self, archive: &ArchiveId) -> PathBuf {
        self.archive.root().join(archive.name())
    }
}

/// A disk of our account, and one of another.
pub(crate) struct Lab {
    _dir: TempDir,
    pub(crate) disk: Disk,
    eraser: DirectoryEraser,
    elsewhere: Disk,
    made: AtomicU32,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["ours", "theirs"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        let disk = Disk::at(&dir.path().join("ours"));
        let elsewhere = Disk::of(&dir.path().join("theirs"), "another");
        elsewhere.put("orders", "a", b"theirs");
        Self {
            eraser: DirectoryEraser::new(disk.data.clone()),
            disk,
            elsewhere,
            _dir: dir,
            made: AtomicU32::new(0),
        }
    }
}

#[async_trait]
impl ArchiveFixture for Lab {
    fn reader(&self) -> &dyn DatasetReader {
        &self.disk.data
    }
    fn archives(&self) -> &dyn ArchiveReader {
        &self.disk.archive
    }
    fn archiver(&self) -> &dyn Archiver {
        &self.disk.archive
    }
    fn eraser(&self) -> &dyn Eraser {
        &self.eraser
    }
    async fn dataset(&self) -> Result<DatasetId, Trouble> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let path = format!("apis/orders {number}");
        std::fs::create_dir_all(self.disk.path(&path))?;
        Ok(self.disk.data.dataset(&path)?)
    }
    fn elsewhere(&self) -> Elsewhere<'_> {
        Elsewhere {
            reader: &self.elsewhere.data,
            archives: &self.elsewhere.archive,
            archiver: &self.elsewhere.archive,
            dataset: self.elsewhere.data.dataset("orders").unwrap(),
        }
    }
    async fn put(&self, id: &DatasetId, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
        // In place, as a program would edit it: the inode stays. Longer than a
        // tick of the clock lies between a look at it and its next write.
        tokio::time::sleep(std::time::Duration::from_millis(11)).await;
        self.disk.put(id.name(), name, bytes);
        Ok(())
    }
    async fn remove(&self, id: &DatasetId, name: &str) -> Result<(), Trouble> {
        Ok(std::fs::remove_file(self.disk.path(id.name()).join(name))?)
    }
    async fn put_unreadable(&self, id: &DatasetId, there: bool) -> Result<bool, Trouble> {
        let link = self.disk.path(id.name()).join("b/link");
        if there {
            std::os::unix::fs::symlink("/etc/hostname", link)?;
        } else {
            std::fs::remove_file(link)?;
        }
        Ok(true)
    }
    async fn unfinish(&self, id: &ArchiveId) -> Result<(), Trouble> {
        let archive = self.disk.archive_path(id);
        Ok(std::fs::remove_file(archive.join("manifest.json"))?)
    }
    async fn corrupt(&self, id: &ArchiveId, name: &str) -> Result<(), Trouble> {
        assert_eq!(name, "b/c");
        let file = self.disk.object_file(id, b"second");
        let mut bytes = std::fs::read(&file)?;
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        Ok(std::fs::write(file, bytes)?)
    }
    fn more_than_a_page(&self) -> usize {
        3
    }
    async fn settle(&self) -> Result<(), Trouble> {
        Ok(())
    }
}
