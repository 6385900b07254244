//! Every call is sent in some test, and each of them is as GitHub describes it.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Command;

use crate::world::World;

/// Names the file to which the tests below write what they send.
const FILE: &str = "DEPROVISION_GITHUB_SENT";

/// Tests that together send everything.
const TESTS: [&str; 5] = [
    "code_conformance::",
    "credentials::",
    "grants::",
    "organisation::",
    "pull_requests::",
];

/// Writes down what was sent in a world, where that is asked for.
pub(crate) fn record(world: &World) {
    let Some(file) = std::env::var_os(FILE) else {
        return;
    };
    let mut all = String::new();
    for request in world.fake.recorded() {
        all.push_str(&request.operation);
        all.push('\n');
    }
    let mut file = std::fs::File::options().append(true).open(file).unwrap();
    file.write_all(all.as_bytes()).unwrap();
}

#[test]
fn every_call_is_sent_by_a_test_that_holds_it_to_githubs_description() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(TESTS)
        .arg("client::page_two")
        .env(FILE, file.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let sent = std::fs::read_to_string(file.path()).unwrap();
    let sent: BTreeSet<&str> = sent.lines().collect();
    let described = include_str!("../../../deprovision-github-fake/description/operations.txt");
    let described: BTreeSet<&str> = described.lines().collect();
    assert_eq!(sent, described);
}
