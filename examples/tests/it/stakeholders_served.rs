//! The retirement as its stakeholders see it, served: by the clock of this machine, to a
//! browser, until Ctrl-C.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use mail_parser::MessageParser;

use crate::stakeholders::{PEOPLE, letters, nobody_got_two_copies, start};

/// Letters at once, at any hour of the day.
const COURIER: &str = "digest = \"1s\"\ndigest_urgent = \"1s\"\n\
                       [quiet]\nfrom = \"00:00:00\"\nto = \"00:00:00\"\n";
/// And looked for at once.
const POLICY: &str = "review_recheck = \"1s\"\nconsumer_window = \"30d\"\n\
                      [audit]\nidle_after = \"45d\"\nmax_gap = \"12h\"\n";

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
    below(&std::fs::read_to_string(file).unwrap(), label).to_owned()
}

/// The link below that line of a letter.
fn below<'a>(text: &'a str, label: &str) -> &'a str {
    let (_, rest) = text.split_once(label).unwrap();
    rest.trim_start().lines().next().unwrap()
}

#[test]
fn a_server_takes_answers_from_a_browser_and_goes_on_after_kill_and_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("shop");
    hasty(&dir);
    let mut first = start(&["--serve"], &dir);
    assert!(first.until("ann@shop.example/0001.txt"), "{}", first.said);
    let approval = link(&dir, "ann", "Approve:");
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
    // Those who approve were asked to before.
    assert_eq!(PEOPLE.map(got), [2, 1, 1, 1, 2]);
    assert_eq!(got("erin"), 2, "what the audit found, without a retirement");
    // The story and the server have two clocks.
    let (code, said) = start(&[], &dir).end();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("was begun with --serve"), "{said}");
}

/// A mail server that takes what it gets, and tells to whom, and what.
fn server() -> (String, Receiver<(String, String)>) {
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

fn take(mut stream: &TcpStream, told: &Sender<(String, String)>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut say = |answer: &str| write!(stream, "{answer}\r\n");
    let (mut said, mut to) = (say("220 ready"), String::new());
    while let (Ok(()), Some(Ok(line))) = (&said, lines.next()) {
        if line == "DATA" {
            let _ = say("354 go ahead");
            let lines = lines.by_ref().map_while(Result::ok);
            let letter: Vec<String> = lines.take_while(|line| line != ".").collect();
            told.send((to.clone(), letter.join("\r\n"))).unwrap();
        } else if let Some(recipient) = line.strip_prefix("RCPT TO:") {
            recipient.clone_into(&mut to);
        }
        said = say("250 ok");
    }
}

#[test]
fn with_a_server_of_one_s_own_all_letters_go_to_one_address() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("shop");
    hasty(&dir);
    let (at, recipients) = server();
    let serve = ["--serve", "--smtp", &at];
    let first = start(&[&serve[..], &["--to", "me@example.com"]].concat(), &dir);
    let mut to = BTreeSet::new();
    while to.len() < 6 {
        let (recipient, letter) = recipients.recv_timeout(Duration::from_secs(120)).unwrap();
        let letter = MessageParser::default().parse(&letter).unwrap();
        let text = letter.body_text(0).unwrap();
        if recipient.contains("ann") && text.contains("Approve:") {
            assert_eq!(browse("POST", below(&text, "Approve:"), ""), 200);
        }
        to.insert(recipient);
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
