//! Directories as datasets.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::time::SystemTime;

use deprovision_core::observation::Observation;
use deprovision_core::provider::{DatasetReader, ErrorKind};
use deprovision_local::{Directory, DirectoryArchive, DirectoryError};

use crate::archive_fixture::Lab;

async fn doubt(lab: &Lab) -> String {
    let id = lab.disk.data.dataset("orders").unwrap();
    let seen = lab.disk.data.objects(&id).await.unwrap();
    seen.doubt().unwrap_or_default()
}

#[tokio::test]
async fn links_and_special_files_are_named_and_never_followed() {
    let lab = Lab::new();
    lab.disk.put("orders", "a", b"first");
    lab.disk.put("secret", "s", b"not of this dataset");
    let place = lab.disk.path("orders");
    assert_eq!(doubt(&lab).await, "");
    std::os::unix::fs::symlink("../secret", place.join("folder-link")).unwrap();
    assert!(
        doubt(&lab)
            .await
            .contains("\"folder-link\" is a symbolic link")
    );
    std::fs::remove_file(place.join("folder-link")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(place.join("socket")).unwrap();
    assert!(doubt(&lab).await.contains("\"socket\" is a socket"));
    drop(socket);
    std::fs::remove_file(place.join("socket")).unwrap();
    rustix_fifo(&place.join("pipe"));
    assert!(doubt(&lab).await.contains("\"pipe\" is a named pipe"));
    let id = lab.disk.data.dataset("orders").unwrap();
    // Opening a pipe that nobody writes would block for ever.
    assert!(lab.disk.data.open(&id, "pipe").await.is_err());
}

fn rustix_fifo(path: &std::path::Path) {
    let made = std::process::Command::new("mkfifo")
        .arg(path)
        .status()
        .unwrap();
    assert!(made.success());
}

#[tokio::test]
async fn no_reference_and_no_name_leads_outside() {
    let lab = Lab::new();
    lab.disk.put("orders", "a", b"first");
    let data = &lab.disk.data;
    std::os::unix::fs::symlink("orders", lab.disk.path("link")).unwrap();
    std::os::unix::fs::symlink("/etc", lab.disk.path("etc")).unwrap();
    for bad in [
        "../theirs",
        "/etc",
        "orders/..",
        "orders//",
        ".",
        "orders/../../theirs",
    ] {
        assert!(
            matches!(data.dataset(bad), Err(DirectoryError::Name { .. })),
            "{bad}"
        );
        if let Ok(id) = format!("dir:shop:local:{bad}").parse() {
            assert_eq!(
                *data.objects(&id).await.unwrap_err().kind(),
                ErrorKind::Invalid,
                "{bad}"
            );
        }
    }
    for linked in ["link", "etc", "etc/ssl"] {
        let id = data.dataset(linked).unwrap();
        assert_eq!(
            *data.objects(&id).await.unwrap_err().kind(),
            ErrorKind::Invalid,
            "{linked}"
        );
    }
    let id = data.dataset("orders").unwrap();
    for bad in ["../orders/a", "/etc/hostname", "./a", "", "a/", "a\0"] {
        assert!(data.open(&id, bad).await.is_err(), "{bad:?}");
    }
    assert!(data.open(&id, "a").await.is_ok());
}

#[tokio::test]
async fn a_missing_dataset_is_an_error_and_not_an_erased_one() {
    let lab = Lab::new();
    let id = lab.disk.data.dataset("orders").unwrap();
    let error = lab.disk.data.objects(&id).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::NotFound);
    std::fs::create_dir(lab.disk.path("orders")).unwrap();
    let seen = lab.disk.data.objects(&id).await.unwrap();
    assert!(matches!(seen, Observation::Known { .. }));
    assert!(seen.known_completely().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_is_not_utf_8_is_an_error() {
    let lab = Lab::new();
    lab.disk.put("orders", "a", b"first");
    let odd = lab.disk.path("orders").join(OsStr::from_bytes(b"caf\xe9"));
    // Some file systems refuse such a name themselves.
    if std::fs::write(&odd, "x").is_ok() {
        let id = lab.disk.data.dataset("orders").unwrap();
        let error = lab.disk.data.objects(&id).await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("caf"), "{error}");
    }
}

#[tokio::test]
async fn a_content_that_hides_behind_the_old_length_and_time_is_another_version() {
    let lab = Lab::new();
    lab.disk.put("orders", "a", b"first");
    let id = lab.disk.data.dataset("orders").unwrap();
    let path = lab.disk.path("orders/a");
    let before = lab.disk.data.objects(&id).await.unwrap();
    let modified: SystemTime = std::fs::metadata(&path).unwrap().modified().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(15));
    std::fs::write(&path, "FIRST").unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(modified).unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().modified().unwrap(),
        modified
    );
    let after = lab.disk.data.objects(&id).await.unwrap();
    let versions = [before, after].map(|seen| seen.known_completely().unwrap()["a"].clone());
    assert_eq!(versions[0].length, versions[1].length);
    assert_ne!(versions[0].version, versions[1].version);
}

#[test]
fn archives_in_the_data_or_around_it_are_refused() {
    let lab = Lab::new();
    let data = || lab.disk.data.clone();
    for bad in [lab.disk.path("archives"), lab.disk.place.clone()] {
        std::fs::create_dir_all(&bad).unwrap();
        let refused = DirectoryArchive::create(&bad, data());
        assert!(
            matches!(refused, Err(DirectoryError::Nested { .. })),
            "{}: {refused:?}",
            bad.display()
        );
    }
    // A directory in use for something else is not made one for archives.
    let used = lab.disk.place.join("used");
    std::fs::create_dir(&used).unwrap();
    std::fs::write(used.join("file"), "x").unwrap();
    let refused = DirectoryArchive::create(&used, data());
    assert!(matches!(
        refused,
        Err(DirectoryError::NotForArchives { .. })
    ));
    // Nor are the archives of another account ours.
    let other = Directory::open(lab.disk.data.root(), "another").unwrap();
    let refused = DirectoryArchive::open(lab.disk.archive.root(), other);
    assert!(matches!(
        refused,
        Err(DirectoryError::NotForArchives { .. })
    ));
}
