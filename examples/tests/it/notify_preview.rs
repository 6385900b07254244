//! The preview of notices as a person runs it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::program::program;

fn preview(out: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(program("notify_preview"));
    command.arg("--out").arg(out).args(args);
    command.stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn every_notice_is_written_as_message_page_and_text() {
    let out = tempfile::tempdir().unwrap();
    let output = preview(out.path(), &[]);
    assert!(output.status.success(), "{output:?}");
    // 14 stages, of 3 APIs and of all together, in 3 files each.
    let names = names(out.path());
    assert_eq!(names.len(), 14 * 4 * 3, "{names:?}");
    let read = |name: &str| std::fs::read_to_string(out.path().join(name)).unwrap();
    let letter = read("announcement-orders-v1.eml");
    assert!(letter.contains("To: dana@shop.example\r\n"), "{letter}");
    assert!(letter.contains("method=REQUEST"), "{letter}");
    assert!(read("last-call-all.txt").contains("you still call them"));
    assert!(read("closed-orders-v1.html").contains("<html lang=\"en\">"));
    assert!(read("announcement-orders-v1.txt").contains("Europe/Berlin"));
}

#[test]
fn german_and_a_template_of_one_s_own_are_used() {
    let place = tempfile::tempdir().unwrap();
    let own = place.path().join("own/de");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("closed.subject"), "Zu: {{ notices[0].title }}\n").unwrap();
    let own = own.parent().unwrap().display().to_string();
    let out = place.path().join("out");
    let args = [
        "--language",
        "de-AT",
        "--api",
        "orders-v1",
        "--templates",
        &own,
    ];
    let output = preview(&out, &args);
    assert!(output.status.success(), "{output:?}");
    let said = text(&output.stdout);
    assert!(said.contains("Zu: Orders, version 1"), "{said}");
    assert!(said.contains("wird am"), "{said}");
    let page = std::fs::read_to_string(out.join("drift-orders-v1.html")).unwrap();
    assert!(page.contains("<html lang=\"de\">"), "{page}");
    for english in ["You are", "All times", "Use instead", "Why you"] {
        assert!(!page.contains(english), "{english}");
    }
    assert_eq!(names(&out).len(), 14 * 3);
}

/// A mail server that takes what it gets, until nobody talks to it any more: the
/// recipients, one for each letter.
fn server(listener: std::net::TcpListener) -> std::thread::JoinHandle<Vec<String>> {
    use std::io::{BufRead as _, BufReader, Write as _};
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let say = |answer: &str| write!(&stream, "{answer}\r\n").unwrap();
        let mut recipients = Vec::new();
        say("220 ready");
        while let Some(Ok(line)) = lines.next() {
            if line == "DATA" {
                say("354 go ahead");
                while lines.next().unwrap().unwrap() != "." {}
            } else if let Some(to) = line.strip_prefix("RCPT TO:") {
                recipients.push(to.to_owned());
            }
            say("250 ok");
        }
        recipients
    })
}

#[test]
fn notices_are_sent_to_a_local_server_and_to_one_address_only() {
    let out = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap().to_string();
    let server = server(listener);
    let args = [
        "--api",
        "orders-v1",
        "--smtp",
        &at,
        "--to",
        "me@example.com",
    ];
    let output = preview(out.path(), &args);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(server.join().unwrap(), vec!["<me@example.com>"; 14]);
}

#[test]
fn what_can_not_be_used_is_told_and_nothing_is_sent() {
    let place = tempfile::tempdir().unwrap();
    let broken = place.path().join("broken/en");
    std::fs::create_dir_all(&broken).unwrap();
    std::fs::write(broken.join("closed.txt"), "one\n{{ notices[0].titel }}\n").unwrap();
    let broken = broken.parent().unwrap().display().to_string();
    let not_yaml = place.path().join("catalog.yaml");
    std::fs::write(&not_yaml, "apis: 7\n").unwrap();
    let not_yaml = not_yaml.display().to_string();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = closed.local_addr().unwrap().to_string();
    drop(closed);
    let cases: &[(&[&str], &str)] = &[
        (&["--colour"], "--colour"),
        (
            &["--catalog", "/no/such/file"],
            "--catalog: /no/such/file can not be read",
        ),
        (&["--catalog", &not_yaml], "the catalog can not be used"),
        (&["--api", "nothing-v1"], "the catalog has no nothing-v1"),
        (
            &["--language", "no language"],
            "--language: \"no language\" is no language tag",
        ),
        (
            &["--time-zone", "Atlantis/Capital"],
            "--time-zone: the database",
        ),
        (&["--to", "dana"], "--to: \"dana\" is not an e-mail address"),
        (
            &["--templates", &broken],
            "closed.txt, line 2: undefined value",
        ),
        (&["--smtp", "localhost:1025"], "--smtp needs --to"),
        (
            &["--smtp", "localhost", "--to", "a@b"],
            "--smtp: write HOST:PORT",
        ),
        (&["--smtp", "localhost:mail", "--to", "a@b"], "is no port"),
        (
            &["--smtp", "mail.example.com:25", "--to", "a@b"],
            "is not this machine",
        ),
        (
            &["--smtp", &nobody, "--to", "a@b"],
            "was not taken: connecting to the mail server",
        ),
    ];
    for (args, why) in cases {
        let output = preview(&place.path().join("out"), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said = text(&output.stderr);
        assert!(
            said.starts_with("notify_preview: ") && said.contains(why),
            "{args:?}: {said}"
        );
        assert!(!said.contains("panicked"), "{said}");
    }
}
