//! The suites, over buckets of each kind.

use deprovision_core::conformance;

use crate::s3::fixture::{Buckets, Kind};

#[tokio::test(flavor = "multi_thread")]
async fn archives_keep_the_promises_without_versions() {
    let cases = conformance::archive(&Buckets::new(Kind::Plain).await).await;
    assert_eq!(cases.unwrap(), 22);
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_keep_the_promises_with_versions() {
    let cases = conformance::archive(&Buckets::new(Kind::Versioned).await).await;
    assert_eq!(cases.unwrap(), 22);
}

#[tokio::test(flavor = "multi_thread")]
async fn archives_keep_the_promises_under_object_lock() {
    let cases = conformance::archive(&Buckets::new(Kind::Locked).await).await;
    assert_eq!(cases.unwrap(), 22);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eraser_keeps_the_promises_without_versions() {
    let cases = conformance::erase(&Buckets::new(Kind::Plain).await).await;
    assert_eq!(cases.unwrap(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eraser_keeps_the_promises_with_versions() {
    let cases = conformance::erase(&Buckets::new(Kind::Versioned).await).await;
    assert_eq!(cases.unwrap(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_eraser_keeps_the_promises_with_archives_under_object_lock() {
    let cases = conformance::erase(&Buckets::new(Kind::Locked).await).await;
    assert_eq!(cases.unwrap(), 9);
}
