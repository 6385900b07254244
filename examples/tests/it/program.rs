//! The example programs, to be run as a person runs them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// The example beside this test. `cargo test` builds it along, but not when it was
/// told which tests to run; then it is built here.
pub(crate) fn program(example: &'static str) -> PathBuf {
    static PROGRAMS: Mutex<BTreeMap<&str, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
    programs
        .entry(example)
        .or_insert_with(|| built(example))
        .clone()
}

fn built(example: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let profile = here.parent().and_then(Path::parent).unwrap();
    let program = profile.join("examples").join(example);
    if !is_fresh(&program, example) {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo.args(["build", "--quiet", "--package", env!("CARGO_PKG_NAME")]);
        cargo.args(["--example", example]);
        let features = [
            ("peers", cfg!(feature = "peers")),
            ("aws", cfg!(feature = "aws")),
            ("github", cfg!(feature = "github")),
        ];
        for (feature, _) in features.into_iter().filter(|(_, on)| *on) {
            cargo.args(["--features", feature]);
        }
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        let status = cargo.status().unwrap();
        assert!(status.success(), "{cargo:?}: {status}");
    }
    assert!(
        is_fresh(&program, example),
        "{} is missing or older than its sources",
        program.display()
    );
    program
}

fn is_fresh(program: &Path, example: &str) -> bool {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR"));
    let newest = newest_below(&sources.join(example)).max(newest_below(&sources.join("src")));
    let built = std::fs::metadata(program).and_then(|found| found.modified());
    built.is_ok_and(|built| built >= newest)
}

fn newest_below(folder: &Path) -> SystemTime {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        newest = newest.max(if path.is_dir() {
            newest_below(&path)
        } else {
            path.metadata().unwrap().modified().unwrap()
        });
    }
    newest
}
