//! The quickstart as a person runs it: its courses, a second run, Ctrl-C, and what
//! it says about what it cannot do.

use std::collections::BTreeSet;
use std::path::Path;

use crate::running::{Running, parts};

fn run(args: &[&str], dir: &Path) -> String {
    let (code, said) = Running::start("quickstart", args, dir).end();
    assert_eq!(code, Some(0), "{args:?}: {said}");
    let not_ok: Vec<&str> = parts(&said, "What is true now")
        .filter(|line| !line.trim_start().starts_with("ok"))
        .collect();
    assert!(not_ok.is_empty(), "{args:?}: {not_ok:#?}\n{said}");
    said
}

fn events(dir: &Path) -> Vec<String> {
    let log = std::fs::read_to_string(dir.join("events.jsonl")).unwrap();
    log.lines().map(str::to_owned).collect()
}

fn names_in(dir: &Path) -> BTreeSet<String> {
    std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn it_retires_the_api_and_a_second_run_repeats_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("shop");
    let said = run(&[], &dir);
    assert_eq!(parts(&said, "What is true now").count(), 11, "{said}");
    let left = names_in(&dir);
    for artefact in ["certificate.json", "events.jsonl", "report.html"] {
        assert!(left.contains(artefact), "{artefact} is not in {left:?}");
    }
    let first = events(&dir);
    let letters = names_in(&dir.join("outbox"));
    let certificate = std::fs::read(dir.join("certificate.json")).unwrap();

    let again = run(&[], &dir);
    assert!(again.contains("nothing is repeated"), "{again}");
    assert_eq!(events(&dir), first);
    assert_eq!(names_in(&dir.join("outbox")), letters);
    assert_eq!(
        std::fs::read(dir.join("certificate.json")).unwrap(),
        certificate
    );
}

#[test]
fn an_objection_holds_it_and_its_withdrawal_lets_it_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(&["--object"], &folder.path().join("shop"));
    assert_eq!(parts(&said, "What is true now").count(), 11, "{said}");
    let log = events(&folder.path().join("shop"));
    let first = |kind: &str| log.iter().position(|line| line.contains(kind));
    let (raised, withdrawn) = (first("\"objected\""), first("\"objection_withdrawn\""));
    assert!(raised.is_some() && raised < withdrawn, "{log:#?}");
}

#[test]
fn a_cancellation_restores_everything_and_a_second_run_leaves_it_so() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("shop");
    let said = run(&["--cancel"], &dir);
    assert_eq!(parts(&said, "What is true now").count(), 7, "{said}");
    assert!(!dir.join("certificate.json").exists());
    let first = events(&dir);
    run(&["--cancel"], &dir);
    assert_eq!(events(&dir), first);
}

#[test]
fn i_15_a_process_that_is_killed_is_followed_by_one_that_finishes() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(&["--crash"], &folder.path().join("shop"));
    assert!(said.contains("killed (SIGKILL)"), "{said}");
    assert_eq!(parts(&said, "What is true now").count(), 11, "{said}");
}

#[cfg(unix)]
#[test]
fn i_15_after_ctrl_c_the_next_run_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("shop");
    let mut interrupted = Running::start("quickstart", &[], &dir);
    assert!(interrupted.until("== Retiring it"), "{}", interrupted.said);
    interrupted.interrupt();
    let (code, said) = interrupted.end();
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("goes on where it was"), "{said}");
    let said = run(&[], &dir);
    assert!(said.contains("The plan was shown before"), "{said}");
    assert_eq!(parts(&said, "What is true now").count(), 11, "{said}");
}

#[test]
fn what_it_cannot_do_is_said_with_what_to_do_and_leaves_things_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    let below = file.join("shop");
    let (code, said) = Running::start("quickstart", &[], &below).end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&below.display().to_string()), "{said}");

    let (code, said) = Running::start("quickstart", &["--object", "--cancel"], &below).end();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("only one of"), "{said}");
    let (code, said) = Running::start("quickstart", &["--nonsense"], &below).end();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("usage:"), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}
