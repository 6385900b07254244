//! The retirement on GitHub as a person runs it, against the stand-in.

use std::process::Command;

use crate::program::program;

fn run(args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(program("retire_github"))
        .args(args)
        .env_remove("GITHUB_TOKEN")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(!said.contains("panicked"), "{said}");
    (output.status.code(), said)
}

#[test]
fn it_finds_proposes_and_follows_until_nothing_names_the_api() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("state").display().to_string();
    let (code, said) = run(&["--fake", &folder]);
    assert_eq!(code, Some(0), "{said}");
    for part in [
        "old-shop (archived: no change can be proposed)",
        "by GitHub's limits: 2 pull requests are 18 calls",
        "is reviewed and merged",
        "ok   reports: no reference is left",
        "ok   website: openapi.yaml says that version 1 is retired",
        "ok   calls that GitHub does not describe: 0",
    ] {
        assert!(said.contains(part), "{part}:\n{said}");
    }
    assert!(!said.contains("NOT "), "{said}");
}

#[test]
fn without_a_token_or_an_organisation_it_says_what_is_missing() {
    let (code, said) = run(&["--org", "acme", "--catalog", "c.yaml", "--api", "a"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("GITHUB_TOKEN is not set"), "{said}");
    let (code, said) = run(&["--catalog", "c.yaml"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--org is missing"), "{said}");
}
