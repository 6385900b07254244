//! The retirement as its stakeholders see it, as a person runs it: the story, what kills
//! it, and what can not be used.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::program::program;
use crate::running::{Running, parts};

pub(crate) const PEOPLE: [&str; 5] = ["ann", "billing-team", "dana", "reports-team", "sam"];

pub(crate) fn start(args: &[&str], dir: &Path) -> Running {
    Running::start("stakeholders", args, dir)
}

fn run(args: &[&str], dir: &Path) -> String {
    let (code, said) = start(args, dir).end();
    assert_eq!(code, Some(0), "{args:?}: {said}");
    let checks: Vec<&str> = parts(&said, "What is true now").collect();
    assert_eq!(checks.len(), 10, "{said}");
    for line in checks {
        assert!(line.trim_start().starts_with("ok "), "{line}\n{said}");
    }
    said
}

/// The files of all letters, with their `Message-ID`s.
pub(crate) fn letters(dir: &Path) -> BTreeMap<String, String> {
    let mut letters = BTreeMap::new();
    let Ok(boxes) = std::fs::read_dir(dir.join("mail")) else {
        return letters;
    };
    for mailbox in boxes {
        for file in std::fs::read_dir(mailbox.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "eml") {
                let text = std::fs::read_to_string(&path).unwrap();
                let id = text.lines().find(|line| line.starts_with("Message-ID:"));
                letters.insert(path.display().to_string(), id.unwrap().to_owned());
            }
        }
    }
    letters
}

pub(crate) fn nobody_got_two_copies(dir: &Path) {
    let letters = letters(dir);
    let ids: BTreeSet<&String> = letters.values().collect();
    assert_eq!(ids.len(), letters.len(), "{letters:#?}");
}

fn events(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("events-and-watch.jsonl")).unwrap()
}

#[test]
fn everybody_is_told_answers_and_a_second_run_repeats_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("shop");
    let said = run(&[], &dir);
    let log: Vec<&str> = parts(&said, "What the log has").collect();
    let place = |part: &str| {
        let found = log.iter().position(|line| line.contains(part));
        found.unwrap_or_else(|| panic!("{part}: {log:#?}"))
    };
    let course = [
        "2 people are told: approval-0",
        "ann answered",
        "announcement/reports-team is verified",
        "reports-team acknowledged",
        "billing-team objected",
        "dana moved the promised end",
        "told: postponement-1",
        "billing-team withdrew",
        "told: brown-out-1",
        "1 person is told: last-call",
        "billing-team asked for time",
        "told: closed",
        "sam approved step delete-credentials",
        "retired and certified",
        "told: retired",
    ];
    let places: Vec<usize> = course.iter().map(|part| place(part)).collect();
    assert!(places.is_sorted(), "{places:?}: {log:#?}");
    nobody_got_two_copies(&dir);
    let (first, mail) = (events(&dir), letters(&dir));
    assert!(mail.len() > 40, "{mail:#?}");

    let again = run(&[], &dir);
    assert!(again.contains("nothing is repeated"), "{again}");
    assert_eq!(events(&dir), first);
    assert_eq!(letters(&dir), mail);
}

#[test]
fn i_15_killed_before_and_after_a_letter_goes_nobody_gets_two() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("shop");
    let said = run(&["--crash"], &dir);
    for death in ["before", "after"] {
        let killed = format!("killed (SIGKILL) {death} the announcement goes #1");
        assert!(said.contains(&killed), "{said}");
    }
    // The one who was told first had the letter from the process that was killed.
    let (_, gone_on) = said.split_once("it is gone on with").unwrap();
    let told_now = |person: &str| {
        gone_on.contains(&format!(
            "to {person}@shop.example: Orders, version 1 will be retired on"
        ))
    };
    assert_eq!(
        PEOPLE.map(told_now),
        [false, true, true, true, true],
        "{gone_on}"
    );
    nobody_got_two_copies(&dir);
}

#[cfg(unix)]
#[test]
fn i_15_after_ctrl_c_the_next_run_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("shop");
    let mut interrupted = start(&[], &dir);
    assert!(
        interrupted.until("billing-team objected"),
        "{}",
        interrupted.said
    );
    interrupted.interrupt();
    let (code, said) = interrupted.end();
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("goes on where it was"), "{said}");
    let said = run(&[], &dir);
    assert!(said.contains("it is gone on with, where it was"), "{said}");
    nobody_got_two_copies(&dir);
}

#[test]
fn how_to_talk_to_a_mail_server_is_checked_and_no_password_is_told() {
    let folder = tempfile::tempdir().unwrap();
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case<'_>; 6] = [
        (
            "mail.example.com:25",
            &[("SMTP_SECURITY", "plain")],
            "SMTP_SECURITY: mail.example.com is not this machine",
        ),
        (
            "localhost:25",
            &[("SMTP_SECURITY", "ssl")],
            "\"ssl\" is none of starttls, tls and plain",
        ),
        (
            "localhost:25",
            &[("SMTP_USER", "dana")],
            "SMTP_USER is set, and SMTP_PASSWORD is not",
        ),
        (
            "localhost:25",
            &[("SMTP_PASSWORD", "hunter2")],
            "SMTP_PASSWORD is set, and SMTP_USER is not",
        ),
        (
            "localhost:25",
            &[("SMTP_USER", "dana"), ("SMTP_PASSWORD", "hunter2")],
            "--smtp: a password is not sent without TLS",
        ),
        (
            "mail.example.com:587",
            &[("SMTP_CA", "/no/such/file")],
            "SMTP_CA: /no/such/file can not be read",
        ),
    ];
    for (number, (server, variables, told)) in cases.into_iter().enumerate() {
        let output = Command::new(program("stakeholders"))
            .args([
                "--serve",
                "--smtp",
                server,
                "--to",
                "me@example.com",
                "--dir",
            ])
            .arg(folder.path().join(number.to_string()))
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(2), "{variables:?}: {said}");
        assert!(said.contains(told), "{variables:?}: {said}");
        assert!(
            !said.contains("hunter2") && !said.contains("panicked"),
            "{said}"
        );
    }
}

#[test]
fn a_typo_in_what_people_edit_is_told_with_its_place_and_nobody_is_told() {
    let cases = [
        (
            "catalog.yaml",
            "apis:\n  - id: orders-v1\n    titel: Orders\n",
            "catalog.yaml:3: apis[0].titel",
        ),
        ("directory.yaml", "caller: {}\n", "directory.yaml:1: caller"),
        ("policy.toml", "notise = \"3d\"\n", "notise"),
        ("courier.toml", "digset = \"3d\"\n", "digset"),
    ];
    for (file, text, told) in cases {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("shop");
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join(file), text).unwrap();
        let (code, said) = start(&[], &dir).end();
        assert_eq!(code, Some(2), "{file}: {said}");
        assert!(said.contains(told), "{file}: {said}");
        assert!(!said.contains("panicked"), "{said}");
        assert_eq!(std::fs::read_to_string(dir.join(file)).unwrap(), text);
        assert_eq!(letters(&dir).len(), 0);
    }
}

#[test]
fn i_22_a_caller_whom_nobody_knows_is_told_and_then_all_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("shop");
    std::fs::create_dir(&dir).unwrap();
    let directory = dir.join("directory.yaml");
    let known =
        "callers:\n  ak_billing*: {person: billing-team, email: billing-team@shop.example}\n";
    std::fs::write(&directory, known).unwrap();
    let (code, said) = start(&[], &dir).end();
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("[I-22] ak_reports called lately and has no contact"),
        "{said}"
    );
    assert_eq!(letters(&dir).len(), 0);
    let all = format!(
        "{known}  ak_reports: {{person: reports-team, email: reports-team@shop.example}}\n"
    );
    std::fs::write(&directory, all).unwrap();
    run(&[], &dir);
}

#[test]
fn what_it_cannot_do_is_said_with_what_to_do_and_leaves_things_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "mine").unwrap();
    let below = file.join("shop");
    let (code, said) = start(&[], &below).end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&below.display().to_string()), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");

    let dir = folder.path().join("shop");
    let cases: [(&[&str], &str); 8] = [
        (&["--nonsense"], "usage:"),
        (&["--crash", "--serve"], "leave one of them out"),
        (&["--smtp", "localhost:1025"], "--smtp needs --serve"),
        (&["--serve", "--smtp", "localhost"], "write HOST:PORT"),
        (&["--serve", "--smtp", "localhost:mail"], "is no port"),
        (
            &["--serve", "--smtp", "localhost:25"],
            "--smtp needs --to ADDRESS",
        ),
        (&["--to", "dana"], "--to: \"dana\" is not an e-mail address"),
        (
            &["--from", "a b@c"],
            "--from: \"a b@c\" is not an e-mail address",
        ),
    ];
    for (args, told) in cases {
        let (code, said) = start(args, &dir).end();
        assert_eq!(code, Some(2), "{args:?}: {said}");
        assert!(said.contains(told), "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
        assert!(!dir.join("catalog.yaml").exists(), "{args:?}");
    }
}
