//! Work for a process of its own: this test binary runs itself again with
//! `DEPROVISION_CHILD` set, and the parent kills it or runs it beside others.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use deprovision_core::conformance::Permits;
use deprovision_core::permit::{EraseWarrant, SourceState, run_restore_drill, verify_archive};
use deprovision_core::provider::{
    Archiver, CredentialObserver, CredentialRevoker, Eraser, Outcome,
};
use deprovision_local::{DirectoryEraser, KeyFile, NewKey};

use crate::archive_fixture::{Disk, RETIREMENT};
use crate::keyfile_fixture::api;

const JOB: &str = "DEPROVISION_CHILD";
const PLACE: &str = "DEPROVISION_CHILD_PLACE";

/// Starts a job in a process of its own.
pub(crate) fn start(job: &str, place: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child::does_its_job", "--ignored", "--nocapture"])
        .env(JOB, job)
        .env(PLACE, place)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Runs a job under a limit on the size of files, as a disk that is full.
pub(crate) fn run_with_little_space(job: &str, place: &Path, blocks: u32) -> bool {
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
    Command::new("sh")
        .args(["-c", &script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "child::does_its_job", "--ignored", "--nocapture"])
        .env(JOB, job)
        .env(PLACE, place)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

#[tokio::test]
#[ignore = "a job for a child process, started by other tests"]
async fn does_its_job() {
    let (job, place) = (std::env::var(JOB).unwrap(), std::env::var(PLACE).unwrap());
    let place = Path::new(&place);
    let (job, argument) = job.split_once(' ').unwrap_or((&job, ""));
    match job {
        "archive" => archive(place).await,
        "erase" => erase(place).await,
        "toggle" => toggle(place).await,
        "issue" => issue(place, argument),
        "checkpoint" => crate::checkpoints::put_many(place, argument).await,
        other => panic!("there is no job {other}"),
    }
}

async fn archive(place: &Path) {
    let disk = Disk::at(place);
    let id = disk.data.dataset("orders").unwrap();
    let archive = disk
        .archive
        .archive_of(&id, &RETIREMENT.parse().unwrap())
        .unwrap();
    let permit = Permits::new().permit().await.unwrap();
    let outcome = disk.archive.archive(&id, &archive, &permit).await.unwrap();
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
}

async fn erase(place: &Path) {
    let disk = Disk::at(place);
    let outcome = erase_with_guards(&disk, "orders").await;
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
}

/// Erases a dataset through the real guards, whole or partly erased.
pub(crate) async fn erase_with_guards(disk: &Disk, path: &str) -> Outcome {
    let id = disk.data.dataset(path).unwrap();
    let archive = disk
        .archive
        .archive_of(&id, &RETIREMENT.parse().unwrap())
        .unwrap();
    let permits = Permits::new();
    let now = permits.now();
    let state = SourceState::PartlyErased;
    let verified = verify_archive(&disk.data, &disk.archive, &id, &archive, state, now)
        .await
        .unwrap();
    let permit = permits.permit().await.unwrap();
    let drill = run_restore_drill(
        &disk.data,
        &disk.archive,
        &disk.data,
        &verified,
        1,
        &permit,
        now,
    )
    .await
    .unwrap();
    let warrant = permits
        .warrant(&api("orders-v1"), [id.clone().into()])
        .await
        .unwrap();
    let warrant = EraseWarrant::issue(&warrant, verified, drill, now).unwrap();
    // Tells the parent that the guards are done and the erasure begins.
    std::fs::write(disk.place.join("begun"), "").unwrap();
    DirectoryEraser::new(disk.data.clone())
        .erase(&warrant)
        .await
        .unwrap()
}

/// Disables and restores all keys until it is killed.
async fn toggle(place: &Path) {
    let keys = KeyFile::open(place, "shop").unwrap();
    let permits = Permits::new();
    let seen = keys
        .credentials(&keys.issuer_id().unwrap(), &api("orders-v1"))
        .await
        .unwrap();
    let ids = seen.known_completely().unwrap().clone();
    let permit = permits.permit().await.unwrap();
    loop {
        for id in &ids {
            keys.disable(id, &permit).await.unwrap();
            keys.restore(id, &permit).await.unwrap();
        }
    }
}

/// Issues forty keys, and grants to forty principals.
fn issue(place: &Path, who: &str) {
    let keys = KeyFile::open(place, "shop").unwrap();
    for i in 0..40 {
        let principal = format!("{who}-{i}");
        let key = NewKey::new(api("orders-v1"), &principal).id(format!("ak_{who}_{i}"));
        keys.issue(key).unwrap();
        keys.grant(&principal, &api("orders-v1")).unwrap();
    }
}
