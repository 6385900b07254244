//! The retirement as its stakeholders see it, as a person runs it: the story, what kills
//! it, the server with a browser, and what can not be used.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::program::program;
use crate::running::{Running, parts};

/// Letters at once, at any hour of the day.
const COURIER: &str = "digest = \"1s\"\ndigest_urgent = \"1s\"\n\
                       [quiet]\nfrom = \"00:00:00\"\nto = \"00:00:00\"\n";
/// And looked for at once.
const POLICY: &str = "review_recheck = \"1s\"\nconsumer_window = \"30d\"\n\
                      [audit]\nidle_after = \"45d\"\nmax_gap = \"12h\"\n";
const PEOPLE: [&str; 4] = ["billing-team", "dana", "reports-team", "sam"];

fn start(args: &[&str], dir: &Path) -> Running {
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
fn letters(dir: &Path) -> BTreeMap<String, String> {
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

fn nobody_got_two_copies(dir: &Path) {
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
        "announcement/reports-team is verified",
        "reports-team acknowledged",
        "billing-team objected",
        "dana moved the promised end",
        "told: postponement-1",
        "billing-team withdrew",
        "told: brown-out-1",
        "1 people are told: last-call",
        "billing-team asked for time",
        "told: closed",
        "bob approved step delete-credentials",
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
    assert_eq!(PEOPLE.map(told_now), [false, true, true, true], "{gone_on}");
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

/// A directory whose letters go at once.
fn hasty(dir: &Path) {
    std::fs::create_dir_all(dir).unwrap();
    std::fs::write(dir.join("courier.toml"), COURIER).unwrap();
    std::fs::write(dir.join("policy.toml"), POLICY).unwrap();
}

/// What a browser gets: the status code.
fn browse(method: &str, link: &str, fields: &str) -> u16 {
    let rest = link.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let (_, token) = link.split_once("?token=").unwrap();
    let body = match method {
        "GET" => String::new(),
        _ => format!("token={token}{fields}"),
    };
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// The link below that line in the first letter to a person.
fn link(dir: &Path, person: &str, label: &str) -> String {
    let file = dir.join(format!("mail/{person}@shop.example/0001.txt"));
    let text = std::fs::read_to_string(file).unwrap();
    let (_, rest) = text.split_once(label).unwrap();
    rest.trim_start().lines().next().unwrap().to_owned()
}

#[cfg(unix)]
#[test]
fn a_server_takes_answers_from_a_browser_and_goes_on_after_kill_and_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("shop");
    hasty(&dir);
    let mut first = start(&["--serve"], &dir);
    assert!(first.until("approve  as ann: "), "{}", first.said);
    let approval = first
        .said
        .rsplit("as ann: ")
        .next()
        .unwrap()
        .trim()
        .to_owned();
    assert_eq!(browse("GET", &approval, ""), 200, "which answers nothing");
    assert_eq!(browse("POST", &approval, ""), 200);
    assert!(first.until("ann approved the plan"), "{}", first.said);
    for _ in PEOPLE {
        assert!(first.until("delivered at"), "{}", first.said);
    }
    first.kill();

    let mut second = start(&["--serve"], &dir);
    assert!(second.until("Ctrl-C stops"), "{}", second.said);
    let (read, object) = (
        link(&dir, "reports-team", "I have read this:"),
        link(&dir, "billing-team", "I object:"),
    );
    assert_eq!(browse("GET", &read, ""), 200);
    assert_eq!(browse("POST", &read, ""), 200);
    assert!(second.until("reports-team acknowledged"), "{}", second.said);
    assert_eq!(browse("POST", &read, ""), 409, "it counts once");
    assert_eq!(browse("POST", &object, ""), 400, "a reason is asked for");
    assert_eq!(browse("POST", &object, "&reason=not+before+the+20th"), 200);
    assert!(second.until("billing-team objected"), "{}", second.said);
    assert_eq!(browse("POST", &approval, ""), 409);
    second.interrupt();
    let (code, said) = second.end();
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("with --serve --dir"), "{said}");
    assert!(
        !said.contains("approve  as"),
        "nobody is asked twice: {said}"
    );

    let mut third = start(&["--serve"], &dir);
    assert!(third.until("Ctrl-C stops"), "{}", third.said);
    assert!(third.said.contains("not before the 20th"), "{}", third.said);
    assert_eq!(browse("POST", &read, ""), 409, "in any process");
    third.interrupt();
    let (code, said) = third.end();
    assert_eq!(code, Some(130), "{said}");

    nobody_got_two_copies(&dir);
    let got = |person: &str| {
        letters(&dir)
            .keys()
            .filter(|file| file.contains(person))
            .count()
    };
    assert_eq!(PEOPLE.map(got), [1; 4]);
    assert_eq!(got("erin"), 2, "what the audit found, without a retirement");
    // The story and the server have two clocks.
    let (code, said) = start(&[], &dir).end();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("was begun with --serve"), "{said}");
}

/// A mail server that takes what it gets, and tells to whom.
fn server() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let (told, recipients) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let told = told.clone();
            std::thread::spawn(move || take(&stream.unwrap(), &told));
        }
    });
    (at, recipients)
}

fn take(mut stream: &TcpStream, told: &Sender<String>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut say = |answer: &str| write!(stream, "{answer}\r\n");
    let mut said = say("220 ready");
    while let (Ok(()), Some(Ok(line))) = (&said, lines.next()) {
        if line == "DATA" {
            let _ = say("354 go ahead");
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|line| line != "."))
            {}
        } else if let Some(to) = line.strip_prefix("RCPT TO:") {
            told.send(to.to_owned()).unwrap();
        }
        said = say("250 ok");
    }
}

#[cfg(unix)]
#[test]
fn with_a_server_of_one_s_own_all_letters_go_to_one_address() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("shop");
    hasty(&dir);
    let (at, recipients) = server();
    let serve = ["--serve", "--smtp", &at];
    let mut first = start(&[&serve[..], &["--to", "me@example.com"]].concat(), &dir);
    assert!(first.until("approve  as ann: "), "{}", first.said);
    let approval = first
        .said
        .rsplit("as ann: ")
        .next()
        .unwrap()
        .trim()
        .to_owned();
    assert_eq!(browse("POST", &approval, ""), 200);
    let mut to = BTreeSet::new();
    while to.len() < 5 {
        to.insert(recipients.recv_timeout(Duration::from_secs(120)).unwrap());
    }
    let people = [&PEOPLE[..], &["erin"]].concat();
    let expected = people
        .iter()
        .map(|person| format!("<me+{person}@example.com>"));
    assert_eq!(to, expected.collect());
    first.interrupt();
    let (code, said) = first.end();
    assert_eq!(code, Some(130), "{said}");
    assert!(!dir.join("mail").exists(), "nothing is kept here");

    let (code, said) = start(&[&serve[..], &["--to", "you@example.com"]].concat(), &dir).end();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("edit its catalog.yaml"), "{said}");
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
