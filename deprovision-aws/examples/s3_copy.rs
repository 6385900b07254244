//! Archives a directory into a bucket, reads it back on demand, and says what that cost.
//!
//! ```text
//! s3_copy --endpoint URL --bucket B --key K --secret S (--from DIR | --generate MIB) [--verify] [--at-once N] [--no-upload-list]
//! ```
//!
//! It is there to be raced against other copiers; nothing is locked.

use std::collections::BTreeMap;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Builder, Credentials, Region};
use deprovision_aws::Scope;
use deprovision_aws::s3::{ArchiveLock, ArchiveOptions, ArchiveSource, S3Archive, S3Place};
use deprovision_core::id::{RetirementId, WorkerId};
use deprovision_core::journal::Lease;
use deprovision_core::observation::Observation;
use deprovision_core::permit::{SourceState, WritePermit, verify_archive};
use deprovision_core::provider::{
    Archiver as _, ByteStream, DatasetReader, ErrorKind, ObjectInfo, Outcome, ProviderError,
};
use deprovision_core::resource::DatasetId;
use deprovision_core::time::{Period, Timestamp};
use tokio::io::{AsyncRead, ReadBuf};

type Failure = Box<dyn Error + Send + Sync>;

const USAGE: &str = "s3_copy --endpoint URL --bucket B --key K --secret S (--from DIR | --generate MIB) [--verify] [--at-once N] [--no-upload-list]";

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let given = arguments()?;
    let get = |name: &str| given.get(name).ok_or(USAGE);
    let source: Arc<dyn DatasetReader> = match (given.get("from"), given.get("generate")) {
        (Some(folder), None) => Arc::new(Folder(folder.into())),
        (None, Some(mib)) => Arc::new(Generator(mib.parse::<u64>()? << 20)),
        _ => return Err(USAGE.into()),
    };
    let config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(get("endpoint")?)
        .force_path_style(true)
        .credentials_provider(Credentials::new(
            get("key")?,
            get("secret")?,
            None,
            None,
            "given",
        ))
        .build();
    let mut options = ArchiveOptions::new().lock(ArchiveLock::none_as_the_policy_allows());
    if let Some(objects) = given.get("at-once") {
        options = options.objects_at_once(objects.parse()?);
    }
    if given.contains_key("no-upload-list") {
        options = options.without_a_list_of_uploads();
    }
    let archive = S3Archive::new(
        &Client::from_conf(config),
        Scope::new("123456789012", "us-east-1")?,
        ArchiveSource::of(source.clone(), "bench", "bench", "local")?,
        S3Place::new(get("bucket")?, "kept/")?,
        S3Place::new(get("bucket")?, "scratch/")?,
        options,
    )?;
    let dataset: DatasetId = "bench:bench:local:all".parse()?;
    let now = Timestamp::now();
    let retirement = RetirementId::parse(format!("r{}", now.as_millisecond()))?;
    let id = archive.archive_of(&dataset, &retirement)?;
    let lease = Lease::new(
        retirement,
        WorkerId::parse("bench")?,
        1,
        Period::hours(10).after(now),
    );
    let permit = WritePermit::from_lease(&lease, Period::hours(1), now)?;

    let begun = Instant::now();
    match archive.archive(&dataset, &id, &permit).await? {
        Outcome::Done { .. } => {}
        other => return Err(format!("{other:?}").into()),
    }
    let copied = begun.elapsed();
    let objects = source.objects(&dataset).await?;
    let objects = objects
        .known_completely()
        .ok_or("the source is not known")?;
    let bytes: u64 = objects.values().map(|info| info.length).sum();
    if given.contains_key("verify") {
        let whole = SourceState::Whole;
        verify_archive(source.as_ref(), &archive, &dataset, &id, whole, now).await?;
    }
    let all = begun.elapsed();
    report(&format!(
        "objects={} bytes={bytes} copy_s={:.3} wall_s={:.3} cpu_s={:.2} rss_mib={:.1}",
        objects.len(),
        copied.as_secs_f64(),
        all.as_secs_f64(),
        cpu_seconds()?,
        peak_mib()?,
    ))?;
    Ok(())
}

fn report(line: &str) -> io::Result<()> {
    use io::Write as _;
    writeln!(io::stdout(), "{line}")
}

fn arguments() -> Result<BTreeMap<String, String>, Failure> {
    let mut given = BTreeMap::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let name = word.strip_prefix("--").ok_or(USAGE)?.to_owned();
        let value = match name.as_str() {
            "verify" | "no-upload-list" => String::new(),
            "endpoint" | "bucket" | "key" | "secret" | "from" | "generate" | "at-once" => {
                words.next().ok_or(USAGE)?
            }
            _ => return Err(USAGE.into()),
        };
        given.insert(name, value);
    }
    Ok(given)
}

/// User and system time of this process, as Linux counts it.
fn cpu_seconds() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let rest = stat.rsplit_once(") ").ok_or("no stat")?.1;
    let mut times = rest.split(' ').skip(11).take(2);
    let mut next = || -> Result<f64, Failure> { Ok(times.next().ok_or("no time")?.parse()?) };
    Ok((next()? + next()?) / 100.0)
}

/// The most memory that was ever resident.
fn peak_mib() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("no VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

fn trouble(error: io::Error) -> ProviderError {
    ProviderError::new(
        ErrorKind::Invalid,
        "read the directory",
        "it can not be read",
    )
    .with_source(error)
}

/// The files below a directory.
struct Folder(PathBuf);

impl Folder {
    fn walk(&self, at: &Path, found: &mut BTreeMap<String, ObjectInfo>) -> io::Result<()> {
        for entry in std::fs::read_dir(at)? {
            let path = entry?.path();
            let meta = std::fs::symlink_metadata(&path)?;
            if meta.is_dir() {
                self.walk(&path, found)?;
            } else {
                let name = path.strip_prefix(&self.0).map_err(io::Error::other)?;
                let modified = meta.modified()?;
                found.insert(
                    name.to_string_lossy().into_owned(),
                    ObjectInfo::new(meta.len(), format!("{modified:?}")),
                );
            }
        }
        Ok(())
    }
}

#[async_trait]
impl DatasetReader for Folder {
    async fn objects(
        &self,
        _: &DatasetId,
    ) -> Result<Observation<BTreeMap<String, ObjectInfo>>, ProviderError> {
        let mut found = BTreeMap::new();
        self.walk(&self.0, &mut found).map_err(trouble)?;
        Ok(Observation::complete(found, Timestamp::now()))
    }

    async fn open(&self, _: &DatasetId, name: &str) -> Result<ByteStream, ProviderError> {
        let file = tokio::fs::File::open(self.0.join(name)).await;
        Ok(Box::pin(file.map_err(trouble)?))
    }
}

/// One object of so many bytes that lies nowhere.
struct Generator(u64);

#[async_trait]
impl DatasetReader for Generator {
    async fn objects(
        &self,
        _: &DatasetId,
    ) -> Result<Observation<BTreeMap<String, ObjectInfo>>, ProviderError> {
        let one = BTreeMap::from([("generated".to_owned(), ObjectInfo::new(self.0, "1"))]);
        Ok(Observation::complete(one, Timestamp::now()))
    }

    async fn open(&self, _: &DatasetId, _: &str) -> Result<ByteStream, ProviderError> {
        Ok(Box::pin(Numbers {
            next: 0,
            left: self.0,
        }))
    }
}

/// Bytes that do not repeat, in lines of eight.
struct Numbers {
    next: u64,
    left: u64,
}

impl AsyncRead for Numbers {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut room = 64 * 1024;
        while self.left > 0 && out.remaining() > 0 && room > 0 {
            let number = self.next.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
            let wanted = (number.len() as u64)
                .min(self.left)
                .min(out.remaining() as u64);
            let line = number
                .get(..usize::try_from(wanted).unwrap_or(0))
                .unwrap_or_default();
            out.put_slice(line);
            self.left -= line.len() as u64;
            self.next += 1;
            room -= line.len().min(room);
        }
        Poll::Ready(Ok(()))
    }
}
