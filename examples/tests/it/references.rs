//! The search for references as a person runs it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::program::program;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/references/sample");

fn references(args: &[&str]) -> Output {
    let mut command = Command::new(program("references"));
    let catalog = format!("{SAMPLE}/catalog.yaml");
    command.args(["--catalog", &catalog]).args(args);
    command.stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git")
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .args(["-c", "user.name=Dana", "-c", "user.email=dana@shop.example"])
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {args:?}: {output:?}");
    text(&output.stdout)
}

/// The sample as a clone.
fn clone() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("shop");
    copy(&Path::new(SAMPLE).join("shop"), &folder);
    git(&folder, &["init", "--quiet", "--initial-branch=main"]);
    git(&folder, &["add", "--all", "--force"]);
    git(&folder, &["commit", "--quiet", "-m", "shop"]);
    place
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copied = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &copied);
        } else {
            std::fs::copy(&path, &copied).unwrap();
        }
    }
}

#[test]
fn a_table_tells_who_calls_what_by_api_and_repository() {
    let output = references(&["--list", &format!("{SAMPLE}/shop")]);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let row = |api: &str| said.lines().find(|line| line.starts_with(api)).unwrap();
    let v1: Vec<&str> = row("orders-v1").split_whitespace().collect();
    assert_eq!(v1[..5], ["orders-v1", "shop", "6", "5", "4"], "{said}");
    assert!(row("orders-v2").contains("1 configuration"), "{said}");
    assert!(
        said.contains("web/orders.js:3:61: orders-v1 /v1/orders"),
        "{said}"
    );
    assert!(said.contains("@shop/web"), "{said}");
}

#[test]
fn a_clone_has_a_history_authors_and_a_patch_that_applies() {
    let place = clone();
    let folder = place.path().join("shop");
    let patches = place.path().join("patches");
    let (root, out) = (place.path().to_str().unwrap(), patches.to_str().unwrap());
    // The folder holds one clone, which is found.
    let output = references(&[
        "--json",
        "--history",
        "--patch",
        out,
        "--api",
        "orders-v1",
        root,
    ]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let tree = &json["trees"][0];
    assert_eq!(tree["repository"], "shop");
    assert_eq!(tree["references"].as_array().unwrap().len(), 6);
    let author = tree["references"].as_array().unwrap().iter();
    let mut author = author.filter_map(|r| r["owner"]["last_author"].as_str());
    assert_eq!(author.next(), Some("Dana <dana@shop.example>"));
    assert!(tree["past"].as_array().unwrap().len() >= 4, "{tree}");
    let patch = tree["patches"][0].as_str().unwrap();
    git(&folder, &["apply", "--check", patch]);
    git(&folder, &["apply", patch]);
    let script = std::fs::read_to_string(folder.join("web/orders.js")).unwrap();
    assert!(
        script.contains("orders-v2.shop.example/v2/orders"),
        "{script}"
    );
    assert_eq!(git(&folder, &["branch", "--list"]).trim(), "* main");
}

#[test]
fn what_could_not_be_read_is_not_clean() {
    let place = tempfile::tempdir().unwrap();
    let large = place.path().join("large.txt");
    // With a zero among them, it would be binary and no doubt.
    std::fs::write(&large, "text\n".repeat(2_000)).unwrap();
    let large = std::fs::File::options().append(true).open(&large).unwrap();
    large.set_len(65 << 20).unwrap();
    let output = references(&[place.path().to_str().unwrap()]);
    assert!(text(&output.stdout).contains("not read: "), "{output:?}");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn a_folder_that_is_named_twice_is_read_once() {
    let shop = format!("{SAMPLE}/shop");
    let output = references(&[&shop, &format!("{SAMPLE}/../sample/shop")]);
    assert!(text(&output.stdout).contains(" in 1 trees"), "{output:?}");
}

#[test]
fn whoever_wants_a_patch_is_told_why_there_is_none() {
    let place = clone();
    let folder = place.path().join("shop");
    let (root, out) = (folder.to_str().unwrap(), place.path().join("patches"));
    let out = out.to_str().unwrap();
    // Nothing comes instead of it, and no rule is about a call.
    let catalog = place.path().join("catalog.yaml");
    let of = |lifecycle: &str| {
        format!(
            "apis:\n  - id: orders-v1\n    title: O\n    lifecycle: {lifecycle}\n    owner: {{person: dana, email: dana@shop.example}}\n    hosts: [orders-v1.shop.example]\n"
        )
    };
    for (lifecycle, code, said) in [
        (
            "deprecated",
            1,
            "no patch: shop: orders-v1: no rule removes",
        ),
        ("production", 2, "name one with --api"),
    ] {
        std::fs::write(&catalog, of(lifecycle)).unwrap();
        let output = Command::new(program("references"))
            .args(["--catalog", catalog.to_str().unwrap(), "--patch", out, root])
            .output()
            .unwrap();
        let both = text(&output.stdout) + &text(&output.stderr);
        assert!(both.contains(said), "{lifecycle}: {both}");
        assert_eq!(output.status.code(), Some(code), "{lifecycle}: {both}");
    }
    assert!(!Path::new(out).exists());
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_full_is_an_error_and_one_that_is_closed_is_none() {
    let shop = format!("{SAMPLE}/shop");
    let run = |args: &[&str], to: Stdio| {
        let catalog = format!("{SAMPLE}/catalog.yaml");
        Command::new(program("references"))
            .args(["--catalog", &catalog])
            .args(args)
            .stdout(to)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    for args in [&[shop.as_str()][..], &["--json", &shop], &["--help"]] {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let output = run(args, full.unwrap().into()).wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        assert!(text(&output.stderr).contains("standard output"), "{args:?}");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = run(args, writer.into()).wait_with_output().unwrap();
        let code = i32::from(args != ["--help"]);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {output:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_it_with_130() {
    let place = tempfile::tempdir().unwrap();
    let pipe = place.path().join("catalog.yaml");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    // Nothing ever comes from this pipe, so it waits there until it is stopped.
    let child = Command::new(program("references"))
        .arg("--catalog")
        .arg(&pipe)
        .arg(place.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    crate::audit::wait_until_interrupts_are_caught(child.id());
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert!(text(&output.stderr).contains("stopped"), "{output:?}");
}

#[test]
fn what_can_not_be_used_is_refused_and_a_clean_tree_is_clean() {
    let place = tempfile::tempdir().unwrap();
    let clean = place.path().to_str().unwrap();
    let output = references(&[clean]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).starts_with("no reference was found"));
    for args in [
        &["--api", "no-such-api", clean][..],
        &["/no/such/folder"],
        &["--fast", clean],
        &["--threads", "0", clean],
        &[],
    ] {
        let output = references(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        assert!(!output.stderr.is_empty(), "{args:?}");
    }
}
