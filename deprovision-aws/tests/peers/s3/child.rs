//! Work for a process of its own: this test binary runs itself again, and the parent
//! kills it at a request.

use std::process::{Child, Command, Stdio};

use deprovision_aws::s3::{S3Archive, S3Datasets, S3Eraser};
use deprovision_core::id::RetirementId;
use deprovision_core::permit::SourceState;

use crate::proxy::Proxy;
use crate::s3::fixture::{Kind, Store, client, options, place, scope};

const PLACE: &str = "DEPROVISION_CHILD_PLACE";

/// Starts a process that archives and erases a store through its proxy.
pub(crate) fn start(store: &Store) -> Child {
    let place = [
        store.proxy.endpoint.as_str(),
        &store.data,
        &store.archives,
        &store.scratch,
        store.retirement.as_str(),
    ]
    .join(" ");
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "s3::child::archives_and_erases",
            "--ignored",
            "--nocapture",
        ])
        .env(PLACE, place)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a job for a child process, started by other tests"]
async fn archives_and_erases() {
    let given = std::env::var(PLACE).unwrap();
    let mut given = given.split(' ').map(str::to_owned);
    let mut next = || given.next().unwrap();
    let (endpoint, data, archives, scratch) = (next(), next(), next(), next());
    let retirement = RetirementId::parse(next()).unwrap();
    let client = client(Some(&endpoint));
    let datasets = S3Datasets::new(&client, scope()).unwrap();
    let store = Store {
        kind: Kind::Locked,
        raw: client.clone(),
        eraser: S3Eraser::new(&client, scope()).unwrap(),
        archive: S3Archive::new(
            &client,
            scope(),
            datasets.clone(),
            place(&archives, "kept/"),
            place(&scratch, "scratch/"),
            options(Kind::Locked),
        )
        .unwrap(),
        datasets,
        data,
        archives,
        scratch,
        proxy: Proxy::none(endpoint),
        retirement,
    };
    store.archive_now().await.unwrap();
    store.erase_now(SourceState::Whole, 1).await.unwrap();
}
