//! Buckets of SeaweedFS, and what happens to them behind our back.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use deprovision_aws::Scope;
use deprovision_aws::s3::{ArchiveLock, ArchiveOptions, S3Archive, S3Datasets, S3Eraser, S3Place};
use deprovision_core::conformance::{ArchiveFixture, Elsewhere, Trouble};
use deprovision_core::id::RetirementId;
use deprovision_core::provider::{ArchiveReader, Archiver, DatasetReader, Eraser};
use deprovision_core::resource::{ArchiveId, DatasetId};

use crate::proxy::{After, Answer, Lie, Proxy, Request};
use crate::world;

/// What the buckets can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No versions.
    Plain,
    Versioned,
    /// Versions, and archives under Object Lock.
    Locked,
}

/// A client of SeaweedFS or of a proxy before it, in path style as it has no DNS.
pub(crate) fn client(endpoint: Option<&str>) -> Client {
    let config = match endpoint {
        None => world::seaweedfs(),
        Some(endpoint) => world::seaweedfs()
            .into_builder()
            .endpoint_url(endpoint)
            .build(),
    };
    let config = aws_sdk_s3::config::Builder::from(&config)
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

pub(crate) fn scope() -> Scope {
    Scope::new(world::ACCOUNT, world::REGION).unwrap()
}

pub(crate) fn place(bucket: &str, prefix: &str) -> S3Place {
    S3Place::new(bucket, prefix).unwrap()
}

/// A name that no bucket has.
pub(crate) fn unique(what: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_nanos();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{what}-{now:x}-{next}")
}

/// Makes a bucket.
pub(crate) async fn bucket(raw: &Client, what: &str, kind: Kind) -> String {
    let name = unique(what);
    raw.create_bucket()
        .bucket(&name)
        .set_object_lock_enabled_for_bucket((kind == Kind::Locked).then_some(true))
        .send()
        .await
        .unwrap();
    if kind == Kind::Versioned {
        let enabled = VersioningConfiguration::builder()
            .status(BucketVersioningStatus::Enabled)
            .build();
        raw.put_bucket_versioning()
            .bucket(&name)
            .versioning_configuration(enabled)
            .send()
            .await
            .unwrap();
    }
    name
}

/// Options with a lock where the buckets can.
pub(crate) fn options(kind: Kind) -> ArchiveOptions {
    let lock = match kind {
        Kind::Plain | Kind::Versioned => ArchiveLock::none_as_the_policy_allows(),
        Kind::Locked => ArchiveLock::governance(1).unwrap(),
    };
    ArchiveOptions::new().lock(lock).part_size(5 << 20).unwrap()
}

/// Everything by which data is kept, archived and erased.
pub(crate) struct Store {
    pub(crate) kind: Kind,
    /// Past the proxy: what others do.
    pub(crate) raw: Client,
    pub(crate) data: String,
    pub(crate) archives: String,
    pub(crate) scratch: String,
    pub(crate) datasets: S3Datasets,
    pub(crate) archive: S3Archive,
    pub(crate) eraser: S3Eraser,
    pub(crate) proxy: Proxy,
    /// For what the archives are made.
    pub(crate) retirement: RetirementId,
}

impl Store {
    /// New buckets, reached by a server that lies.
    pub(crate) async fn behind(kind: Kind, lie: impl Lie) -> Self {
        let raw = client(None);
        let data_kind = match kind {
            Kind::Plain => Kind::Plain,
            Kind::Versioned | Kind::Locked => Kind::Versioned,
        };
        let data = bucket(&raw, "data", data_kind).await;
        let archives = bucket(&raw, "archives", kind).await;
        let scratch = bucket(&raw, "scratch", data_kind).await;
        let upstream = world::seaweedfs().endpoint_url().unwrap().to_owned();
        let proxy = Proxy::start(&upstream, lie).await;
        let client = client(Some(&proxy.endpoint));
        let datasets = S3Datasets::new(&client, scope()).unwrap();
        let archive = S3Archive::new(
            &client,
            scope(),
            datasets.clone(),
            place(&archives, "kept/"),
            place(&scratch, "scratch/"),
            options(kind),
        )
        .unwrap();
        Self {
            kind,
            data,
            archives,
            scratch,
            eraser: S3Eraser::new(&client, scope()).unwrap(),
            datasets,
            archive,
            proxy,
            raw,
            retirement: RetirementId::parse("retire-orders-v1").unwrap(),
        }
    }

    /// Puts an object into a bucket, behind everybody's back.
    pub(crate) async fn put(&self, bucket: &str, key: &str, bytes: &[u8]) {
        put(&self.raw, bucket, key, bytes).await;
    }

    /// The stored manifest of an archive.
    pub(crate) async fn manifest(&self, id: &ArchiveId) -> serde_json::Value {
        let key = format!("{}/manifest.json", key_of(id));
        let answer = self
            .raw
            .get_object()
            .bucket(&self.archives)
            .key(key)
            .send()
            .await
            .unwrap();
        let bytes = answer.body.collect().await.unwrap().into_bytes();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// The key under which an object of an archive lies.
    pub(crate) async fn key_in(&self, id: &ArchiveId, name: &str) -> String {
        self.manifest(id).await["contents"]["stored"][name]["key"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

pub(crate) async fn put(raw: &Client, bucket: &str, key: &str, bytes: &[u8]) {
    raw.put_object()
        .bucket(bucket)
        .key(key)
        .body(bytes.to_vec().into())
        .send()
        .await
        .unwrap();
}

/// All versions of a key, or of the keys that begin with it, and the delete markers.
pub(crate) async fn versions(raw: &Client, bucket: &str, prefix: &str) -> Vec<(String, String)> {
    let page = raw
        .list_object_versions()
        .bucket(bucket)
        .prefix(prefix)
        .send()
        .await
        .unwrap();
    assert_ne!(page.is_truncated(), Some(true));
    let versions = page
        .versions()
        .iter()
        .map(|version| (version.key(), version.version_id()));
    let markers = page
        .delete_markers()
        .iter()
        .map(|marker| (marker.key(), marker.version_id()));
    versions
        .chain(markers)
        .map(|(key, version)| (key.unwrap().to_owned(), version.unwrap().to_owned()))
        .collect()
}

/// Removes every version of a key, lock or not.
pub(crate) async fn destroy(raw: &Client, bucket: &str, key: &str) {
    for (found, version) in versions(raw, bucket, key).await {
        if found == key {
            raw.delete_object()
                .bucket(bucket)
                .key(key)
                .version_id(version)
                .bypass_governance_retention(true)
                .send()
                .await
                .unwrap();
        }
    }
}

/// The key of an archive in its bucket.
pub(crate) fn key_of(id: &ArchiveId) -> String {
    id.name().split_once('/').unwrap().1.to_owned()
}

/// Flips a byte of the objects that it is told of, as they are read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rot(pub(crate) Arc<Mutex<BTreeSet<String>>>);

impl Lie for Rot {
    fn after(&self, request: &Request, answer: &mut Answer) -> After {
        let rotten = self.0.lock().unwrap();
        let path = request.path.split('?').next().unwrap();
        if request.method == "GET"
            && answer.status == 200
            && rotten.iter().any(|key| path.ends_with(key))
            && let Some(byte) = answer.body.first_mut()
        {
            *byte ^= 1;
        }
        After::Pass
    }
}

/// The fixture of the suites.
pub(crate) struct Buckets {
    pub(crate) store: Store,
    rot: Rot,
    elsewhere: (S3Datasets, S3Archive, DatasetId),
    next: AtomicU64,
}

impl Buckets {
    pub(crate) async fn new(kind: Kind) -> Self {
        let rot = Rot::default();
        let store = Store::behind(kind, rot.clone()).await;
        let client = client(None);
        let other = Scope::new("999999999999", world::REGION).unwrap();
        let datasets = S3Datasets::new(&client, other.clone()).unwrap();
        let theirs = bucket(&store.raw, "theirs", Kind::Plain).await;
        store.put(&theirs, "theirs", b"theirs").await;
        let dataset = datasets.dataset(&place(&theirs, "")).unwrap();
        let archives = bucket(&store.raw, "their-archives", Kind::Plain).await;
        let archive = S3Archive::new(
            &client,
            other,
            datasets.clone(),
            place(&archives, "kept/"),
            place(&archives, "scratch/"),
            options(Kind::Plain),
        )
        .unwrap();
        Self {
            store,
            rot,
            elsewhere: (datasets, archive, dataset),
            next: AtomicU64::new(0),
        }
    }

    fn key(&self, id: &DatasetId, name: &str) -> String {
        format!("{}{name}", id.name().split_once('/').unwrap().1)
    }
}

#[async_trait]
impl ArchiveFixture for Buckets {
    fn reader(&self) -> &dyn DatasetReader {
        &self.store.datasets
    }

    fn archives(&self) -> &dyn ArchiveReader {
        &self.store.archive
    }

    fn archiver(&self) -> &dyn Archiver {
        &self.store.archive
    }

    fn eraser(&self) -> &dyn Eraser {
        &self.store.eraser
    }

    async fn dataset(&self) -> Result<DatasetId, Trouble> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("set {number}/");
        Ok(self
            .store
            .datasets
            .dataset(&place(&self.store.data, &prefix))?)
    }

    fn elsewhere(&self) -> Elsewhere<'_> {
        Elsewhere {
            reader: &self.elsewhere.0,
            archives: &self.elsewhere.1,
            archiver: &self.elsewhere.1,
            dataset: self.elsewhere.2.clone(),
        }
    }

    async fn put(&self, id: &DatasetId, name: &str, bytes: &[u8]) -> Result<(), Trouble> {
        self.store
            .put(&self.store.data, &self.key(id, name), bytes)
            .await;
        Ok(())
    }

    async fn remove(&self, id: &DatasetId, name: &str) -> Result<(), Trouble> {
        match self.store.kind {
            Kind::Plain => {
                self.store
                    .raw
                    .delete_object()
                    .bucket(&self.store.data)
                    .key(self.key(id, name))
                    .send()
                    .await?;
            }
            // As an eraser that died would have.
            Kind::Versioned | Kind::Locked => {
                destroy(&self.store.raw, &self.store.data, &self.key(id, name)).await;
            }
        }
        Ok(())
    }

    async fn put_unreadable(&self, id: &DatasetId, there: bool) -> Result<bool, Trouble> {
        let key = self.key(id, "a folder/");
        if there {
            self.store.put(&self.store.data, &key, b"").await;
        } else if self.store.kind == Kind::Plain {
            self.store
                .raw
                .delete_object()
                .bucket(&self.store.data)
                .key(key)
                .send()
                .await?;
        } else {
            destroy(&self.store.raw, &self.store.data, &key).await;
        }
        Ok(true)
    }

    async fn unfinish(&self, id: &ArchiveId) -> Result<(), Trouble> {
        let key = format!("{}/manifest.json", key_of(id));
        destroy(&self.store.raw, &self.store.archives, &key).await;
        Ok(())
    }

    async fn corrupt(&self, id: &ArchiveId, name: &str) -> Result<(), Trouble> {
        let key = self.store.key_in(id, name).await;
        self.rot.0.lock().unwrap().insert(key);
        Ok(())
    }

    fn more_than_a_page(&self) -> usize {
        1001
    }

    fn locks(&self) -> bool {
        self.store.kind == Kind::Locked
    }

    async fn settle(&self) -> Result<(), Trouble> {
        Ok(())
    }
}
