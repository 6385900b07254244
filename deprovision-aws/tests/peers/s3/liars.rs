//! Real servers that do not keep what they take. They are not started by `cargo xtask
//! test`: an archive that is corrupted or not locked is shown with lies as well.
//!
//! ```text
//! cargo xtask peers aws-bench
//! npm install --prefix target/peers/s3rver s3rver@3.7.1
//! export DEPROVISION_S3S_FS=target/peers/s3s-fs/bin/s3s-fs
//! export DEPROVISION_S3RVER=target/peers/s3rver/node_modules/.bin/s3rver
//! cargo xtask test --package deprovision-aws --all-features --test peers -- --ignored liars
//! ```
//!
//! Relative paths are below the workspace.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aws_sdk_s3::Client;
use deprovision_aws::s3::{ArchiveLock, ArchiveOptions, S3Archive, S3Datasets, S3Eraser};
use deprovision_core::conformance::Permits;
use deprovision_core::id::RetirementId;
use deprovision_core::permit::{SourceState, verify_archive};

use crate::proxy::{Answer, Before, Honest, Lie, Proxy, Request};
use crate::s3::fixture::{Kind, Store, bucket, client, place, put, scope};
use crate::world;

/// A server of a test; it ends with it.
struct Server {
    child: Child,
    endpoint: String,
    /// Where it keeps its objects.
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// The program that a variable names.
fn program(variable: &str) -> PathBuf {
    let path = std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: see the top of tests/peers/s3/liars.rs")
    });
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join(path)
}

impl Server {
    async fn start(variable: &str, options: impl Fn(&str, &Path) -> Vec<String>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new(program(variable))
            .args(options(&port.to_string(), folder.path()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let endpoint = format!("http://127.0.0.1:{port}");
        let server = Self {
            child,
            endpoint,
            _folder: folder,
        };
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .is_ok()
            {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{variable} does not listen");
    }

    fn client(&self, endpoint: &str, key: &str, secret: &str) -> Client {
        let config = world::config(endpoint, key, secret, None);
        let config = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(true)
            .build();
        Client::from_conf(config)
    }
}

async fn s3s_fs() -> Server {
    Server::start("DEPROVISION_S3S_FS", |port, folder| {
        let folder = folder.to_str().unwrap();
        [
            "--host",
            "127.0.0.1",
            "--port",
            port,
            "--access-key",
            "KEY",
            "--secret-key",
            "SECRET",
            folder,
        ]
        .map(str::to_owned)
        .into()
    })
    .await
}

async fn s3rver() -> Server {
    Server::start("DEPROVISION_S3RVER", |port, folder| {
        let folder = folder.to_str().unwrap();
        [
            "--silent",
            "--address",
            "127.0.0.1",
            "--port",
            port,
            "--directory",
            folder,
        ]
        .map(str::to_owned)
        .into()
    })
    .await
}

/// Archives on a server of some objects in SeaweedFS.
async fn store(
    server: &Server,
    lie: impl Lie,
    key: &str,
    secret: &str,
    lock: ArchiveLock,
) -> Store {
    let source = client(None);
    let data = bucket(&source, "data", Kind::Versioned).await;
    put(&source, &data, "short", b"short").await;
    let long = vec![7; (5 << 20) + 1];
    put(&source, &data, "long", &long).await;
    let raw = server.client(&server.endpoint, key, secret);
    for bucket in ["archives", "scratch"] {
        raw.create_bucket().bucket(bucket).send().await.unwrap();
    }
    let proxy = Proxy::start(&server.endpoint, lie).await;
    let theirs = server.client(&proxy.endpoint, key, secret);
    let datasets = S3Datasets::new(&source, scope()).unwrap();
    let archive = S3Archive::new(
        &theirs,
        scope(),
        datasets.clone(),
        place("archives", "kept/"),
        place("scratch", "scratch/"),
        ArchiveOptions::new().lock(lock).part_size(5 << 20).unwrap(),
    )
    .unwrap();
    Store {
        kind: Kind::Plain,
        data,
        archives: "archives".to_owned(),
        scratch: "scratch".to_owned(),
        eraser: S3Eraser::new(&source, scope()).unwrap(),
        datasets,
        archive,
        proxy,
        raw,
        retirement: RetirementId::parse("retire-orders-v1").unwrap(),
    }
}

/// Answers in the place of the server what it does not offer, as if there were nothing.
struct Filled {
    /// And says that the bucket has versions and locks, as a gateway might that does not
    /// look behind itself.
    claims_to_lock: bool,
}

impl Lie for Filled {
    fn before(&self, request: &Request) -> Before {
        let said = |body: String| {
            let mut answer = Answer::error(200, "");
            answer.body = body.into_bytes();
            Before::Answer(answer)
        };
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let is_bucket = path.trim_matches('/') == "archives" && request.method == "GET";
        match query.split(['=', '&']).next() {
            Some("versioning") if is_bucket => said(format!(
                "<VersioningConfiguration>{}</VersioningConfiguration>",
                if self.claims_to_lock { "<Status>Enabled</Status>" } else { "" }
            )),
            Some("object-lock") if is_bucket && self.claims_to_lock => said(
                "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"
                    .to_owned(),
            ),
            Some("uploads") if is_bucket => said(
                "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"
                    .to_owned(),
            ),
            Some("versions") if is_bucket => said(
                "<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>"
                    .to_owned(),
            ),
            _ => Before::Pass,
        }
    }
}

const HONEST: Filled = Filled {
    claims_to_lock: false,
};

fn day() -> ArchiveLock {
    ArchiveLock::governance(1).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "DEPROVISION_S3S_FS names the program: see the top of this file"]
async fn i_1_s3s_fs_ignores_locks_and_an_archive_that_wants_one_is_refused_there() {
    let server = s3s_fs().await;
    let honest = store(&server, HONEST, "KEY", "SECRET", day()).await;
    let text = honest.archive_now().await.unwrap_err();
    assert!(
        text.contains("bucket archives has no Object Lock"),
        "{text}"
    );
    assert!(!honest.is_finished().await);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "DEPROVISION_S3S_FS names the program: see the top of this file"]
async fn i_1_s3s_fs_behind_somebody_who_claims_to_lock_is_found_out() {
    let server = s3s_fs().await;
    let lie = Filled {
        claims_to_lock: true,
    };
    let lying = store(&server, lie, "KEY", "SECRET", day()).await;
    let text = lying.archive_now().await.unwrap_err();
    assert!(text.contains("the server gave no version id"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "DEPROVISION_S3RVER names the program: see the top of this file"]
async fn i_1_s3rver_is_refused_for_its_answers_and_corrupts_uploads_of_the_sdk_but_not_ours() {
    let server = s3rver().await;
    let lock = ArchiveLock::none_as_the_policy_allows();
    let bare = store(&server, Honest, "S3RVER", "S3RVER", lock).await;
    let text = bare.archive_now().await.unwrap_err();
    assert!(text.contains("s3:GetBucketVersioning"), "{text}");

    // What the SDK sends of a file unless told otherwise is stored with its framing.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), b"short").unwrap();
    let body = aws_sdk_s3::primitives::ByteStream::from_path(file.path()).await;
    bare.raw
        .put_object()
        .bucket("archives")
        .key("of-the-sdk")
        .body(body.unwrap())
        .send()
        .await
        .unwrap();
    let head = bare
        .raw
        .head_object()
        .bucket("archives")
        .key("of-the-sdk")
        .send()
        .await
        .unwrap();
    assert!(head.content_length().unwrap() > 5, "{head:?}");

    // Ours brings its checksum in a header and has no framing: with the answer that
    // s3rver does not give well it is an archive, byte for byte.
    let server = s3rver().await;
    let filled = store(&server, HONEST, "S3RVER", "S3RVER", lock).await;
    filled.archive_now().await.unwrap();
    let (id, kept) = (filled.dataset(), filled.archive_id());
    let (whole, now) = (SourceState::Whole, Permits::new().now());
    verify_archive(&filled.datasets, &filled.archive, &id, &kept, whole, now)
        .await
        .unwrap();
}
