//! The audit as a person runs it: what it finds, how it says so to people and to
//! programs, and what it says about what it can not use.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::program::program;

const NOW: &str = "2026-11-10T00:00:00Z";

/// Short, so that a small log is a whole one.
const POLICY: &str = "[audit]\nidle_after = \"2d\"\nmax_gap = \"12h\"\nlag = \"12h\"\n[audit.shadow]\nmin_requests = 2\n";

const ORDERS: &str = "apis:
  - id: orders
    title: Orders
    lifecycle: production
    owner: {person: dana, email: dana@example.com}
    routes: [{method: GET, path: /v2/orders}]
";

const STOCK: &str = "  - id: stock
    title: Stock <levels>
    lifecycle: production
    owner: {person: ann, email: ann@example.com}
    routes: [{method: GET, path: /v1/stock}]
";

/// A folder with a catalog, a policy and a log.
struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new(catalog: &str, log: &[u8]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self { folder };
        std::fs::write(world.path("catalog.yaml"), catalog).unwrap();
        std::fs::write(world.path("policy.toml"), POLICY).unwrap();
        std::fs::write(world.path("access.log"), log).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program("audit"));
        command.current_dir(self.folder.path()).args(args);
        command.stdin(Stdio::null());
        command
    }

    /// The program with the options that each question has.
    fn audit(&self, args: &[&str]) -> Output {
        let usual = ["--catalog", "catalog.yaml", "--policy", "policy.toml"];
        let all = [&usual[..], &["--as-of", NOW], args].concat();
        self.command(&all).output().unwrap()
    }

    fn json(&self, args: &[&str]) -> serde_json::Value {
        let output = self.audit(&[args, &["--json"]].concat());
        assert_eq!(complaint(&output), "");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// A call of orders each six hours for three days, by two callers in turn.
fn log() -> String {
    let mut log = String::new();
    for hour in (0..72).step_by(6) {
        let (day, caller) = (7 + hour / 24, hour / 6 % 2);
        line(&mut log, day, hour % 24, caller, "/v2/orders");
    }
    log
}

fn line(log: &mut String, day: i32, hour: i32, caller: i32, path: &str) {
    writeln!(
        log,
        "10.0.0.7 - ak_{caller} [{day:02}/Nov/2026:{hour:02}:30:00 +0000] \"GET {path} HTTP/1.1\" 200 12 \"-\" \"shop/4\"",
    )
    .unwrap();
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The requests of an API, by an audit as JSON.
fn requests(document: &serde_json::Value, api: &str) -> u64 {
    let apis = document["audit"]["apis"].as_array().unwrap();
    let found = apis.iter().find(|one| one["api"] == api).unwrap();
    found["requests"].as_u64().unwrap()
}

#[test]
fn nothing_found_is_0_and_a_finding_is_1() {
    let world = World::new(ORDERS, log().as_bytes());
    let quiet = world.audit(&["--logs", "access.log"]);
    assert_eq!(quiet.status.code(), Some(0), "{}", said(&quiet));
    assert!(said(&quiet).contains("== No findings"), "{}", said(&quiet));
    assert_eq!(complaint(&quiet), "");

    let world = World::new(&format!("{ORDERS}{STOCK}"), log().as_bytes());
    let found = world.audit(&["--logs", "access.log"]);
    assert_eq!(found.status.code(), Some(1));
    let said = said(&found);
    assert!(said.contains("nobody has called stock"), "{said}");
    assert!(
        said.contains("12 of 12 lines are Combined Log Format"),
        "{said}"
    );
    assert!(
        said.lines().all(|line| line.chars().count() <= 100),
        "{said}"
    );
    assert!(!said.contains('\u{1b}'), "no colour in a pipe: {said}");
}

#[test]
fn what_can_not_be_told_is_a_finding() {
    let world = World::new(&format!("{ORDERS}{STOCK}"), log().as_bytes());
    // The machine's clock instead of --as-of is long behind this log, or long before.
    let usual = ["--catalog", "catalog.yaml", "--policy", "policy.toml"];
    let late = ["--logs", "access.log", "--as-of", "2027-03-01"];
    let output = world
        .command(&[&usual[..], &late].concat())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = said(&output);
    assert!(
        said.contains("it is not known whether anybody calls"),
        "{said}"
    );
    assert!(said.contains("--as-of 2026-11-09T18:30:00Z"), "{said}");
}

#[test]
fn json_is_one_document_with_what_was_counted() {
    let mut text = log();
    line(&mut text, 9, 20, 3, "/internal/export");
    line(&mut text, 9, 21, 3, "/internal/export");
    let world = World::new(&format!("{ORDERS}{STOCK}"), text.as_bytes());
    let document = world.json(&["--logs", "edge=access.log"]);
    assert_eq!(requests(&document, "orders"), 12);
    assert_eq!(requests(&document, "stock"), 0);
    let orders = &document["audit"]["apis"][0];
    assert_eq!(orders["callers"], 2);
    assert_eq!(orders["last_seen"], "2026-11-09T18:30:00Z");
    assert_eq!(document["audit"]["unmatched"]["requests"], 2);
    assert_eq!(document["inputs"][0]["source"], "edge");
    assert_eq!(document["inputs"][0]["bytes"], text.len());
    assert_eq!(document["detected"][0]["input"], "access.log");
    let findings = document["audit"]["findings"].as_array().unwrap();
    let kinds: Vec<&str> = findings
        .iter()
        .map(|f| f["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["unused", "shadow"]);
}

#[test]
fn since_and_caller_and_agents_change_what_is_counted() {
    let world = World::new(ORDERS, log().as_bytes());
    let logs = ["--logs", "access.log"];
    let since = world.json(&[&logs[..], &["--since", "2026-11-09"]].concat());
    assert_eq!(requests(&since, "orders"), 4);
    let client = world.json(&[&logs[..], &["--caller", "client"]].concat());
    assert_eq!(client["audit"]["apis"][0]["callers"], 1);
    std::fs::write(world.path("bots.json"), r#"[{"pattern": "shop/"}]"#).unwrap();
    let bots = world.json(&[&logs[..], &["--agents", "bots.json"]].concat());
    assert_eq!(requests(&bots, "orders"), 0);
    assert_eq!(bots["audit"]["apis"][0]["bots"], 12);
}

#[test]
fn a_malformed_line_is_told_by_file_and_line_and_not_repeated() {
    let mut text = log();
    text.insert_str(
        0,
        "10.0.0.7 - secret-token [07/Nov/2026:00:10:00 +0000] \"GET /v2\n",
    );
    let world = World::new(ORDERS, text.as_bytes());
    let said = said(&world.audit(&["--logs", "access.log"]));
    assert!(said.contains("1 line malformed"), "{said}");
    assert!(
        said.contains("access.log:1: the request has no closing quote"),
        "{said}"
    );
    assert!(!said.contains("secret-token"), "{said}");
}

#[test]
fn the_standard_input_and_packed_logs_are_read_as_the_plain_file_is() {
    let text = log();
    let world = World::new(ORDERS, text.as_bytes());
    let usual = ["--catalog", "catalog.yaml", "--policy", "policy.toml"];
    let rest = ["--as-of", NOW, "--json", "--logs", "-"];
    let mut child = world
        .command(&[&usual[..], &rest].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(requests(&document, "orders"), 12);

    std::fs::create_dir(world.path("packed")).unwrap();
    let file = std::fs::File::create(world.path("packed/access.log.1.gz")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap();
    let packed = world.json(&["--logs", "packed"]);
    assert_eq!(requests(&packed, "orders"), 12);
}

#[test]
fn sources_are_counted_each_on_its_own_and_no_log_twice() {
    let mut other = String::new();
    for hour in (0..72).step_by(6) {
        line(&mut other, 7 + hour / 24, hour % 24, 8, "/v2/orders?other");
    }
    let world = World::new(ORDERS, log().as_bytes());
    std::fs::write(world.path("b.log"), &other).unwrap();
    let document = world.json(&["--logs", "a=access.log", "b=b.log"]);
    assert_eq!(requests(&document, "orders"), 24);
    let sources = document["audit"]["sources"].as_array().unwrap();
    let names: Vec<&str> = sources
        .iter()
        .map(|s| s["source"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["a", "b"]);

    let twice = world.audit(&["--logs", "a=access.log", "b=access.log"]);
    assert_eq!(twice.status.code(), Some(2));
    assert!(
        complaint(&twice).contains("count twice"),
        "{}",
        complaint(&twice)
    );

    // A file whose whole name has an = is that file.
    std::fs::write(world.path("a=b.log"), log()).unwrap();
    let document = world.json(&["--logs", "a=b.log"]);
    assert_eq!(document["audit"]["sources"][0]["source"], "access-log");
}

#[test]
fn the_page_has_the_findings_and_escapes_what_comes_from_outside() {
    let world = World::new(&format!("{ORDERS}{STOCK}"), log().as_bytes());
    let hostile = "<script>alert(1)<%2fscript>\u{202e}.log";
    std::fs::rename(world.path("access.log"), world.path(hostile)).unwrap();
    let output = world.audit(&["--logs", hostile, "--html", "audit.html"]);
    assert_eq!(output.status.code(), Some(1), "{}", complaint(&output));
    let page = std::fs::read_to_string(world.path("audit.html")).unwrap();
    assert!(page.contains("nobody has called stock"), "{page}");
    assert!(page.contains("Stock &lt;levels&gt;"), "{page}");
    assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
    for never in ["<script", "\u{202e}", "<img", "<link", "http://", "url("] {
        assert!(!page.contains(never), "{never} is in {page}");
    }
    assert!(page.contains("<path class=\"bars\" d=\"M"), "{page}");
    assert!(!said(&output).contains('\u{202e}'));
}

#[test]
fn the_report_that_is_written_is_what_was_counted() {
    let world = World::new(ORDERS, log().as_bytes());
    let output = world.audit(&["--logs", "access.log", "--report-out", "usage.jsonl"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let file = std::fs::File::open(world.path("usage.jsonl")).unwrap();
    let report =
        deprovision_core::usage::UsageReport::read("usage.jsonl", std::io::BufReader::new(file))
            .unwrap();
    let api = "orders".parse().unwrap();
    assert_eq!(report.api(&api).total.consumers.requests, 12);
    let left = ["access.log", "catalog.yaml", "policy.toml", "usage.jsonl"];
    assert_eq!(world.names(), left);
}

#[test]
fn whatever_can_not_be_used_is_2_with_what_to_do_and_writes_nothing() {
    let world = World::new(ORDERS, log().as_bytes());
    std::fs::create_dir(world.path("empty")).unwrap();
    std::fs::write(world.path("bad.yaml"), "apis:\n  - id: x\n    titel: X\n").unwrap();
    std::fs::write(world.path("bad.toml"), "[audit]\nmax_gap = \"9d\"\n").unwrap();
    std::fs::write(world.path("noise.log"), "one\ntwo\nthree\n").unwrap();
    let before = world.names();
    let catalog = ["--catalog", "catalog.yaml"];
    let logs = ["--logs", "access.log"];
    let both = [catalog, logs].concat();
    let html = ["--html", "audit.html"];
    for (args, says) in [
        (
            &["--catalog", "none.yaml", "--logs", "access.log"][..],
            "none.yaml does not exist",
        ),
        (
            &["--catalog", "bad.yaml", "--logs", "access.log"],
            "bad.yaml:3",
        ),
        (
            &["--catalog", "empty", "--logs", "access.log"],
            "has no file",
        ),
        (&logs, "no catalog is given"),
        (&catalog, "no log is given"),
        (
            &[&catalog[..], &["--logs", "none.log"]].concat(),
            "none.log does not exist",
        ),
        (
            &[&catalog[..], &["--logs", "empty"]].concat(),
            "has no file",
        ),
        (
            &[&catalog[..], &["--logs", "*.nope"]].concat(),
            "no file fits",
        ),
        (
            &[&catalog[..], &["--logs", "noise.log"]].concat(),
            "name the format",
        ),
        (
            &[&both[..], &["--format", "combind"]].concat(),
            "did you mean \"combined\"?",
        ),
        (
            &[&both[..], &["--as-of", "yesterday"]].concat(),
            "is no time",
        ),
        (
            &[&both[..], &["--since", "2999-01-01"]].concat(),
            "is not before",
        ),
        (
            &[&both[..], &["--policy", "bad.toml"]].concat(),
            "audit.max_gap",
        ),
        (
            &[&both[..], &["--policy", "none.toml"]].concat(),
            "none.toml can not be read",
        ),
        (&[&both[..], &["--threads", "0"]].concat(), "from 1 to 1024"),
        (&[&both[..], &["--caller", "who"]].concat(), "field:NAME"),
        (
            &[&both[..], &["--caller", "field:x"]].concat(),
            "write --format too",
        ),
        (&[&both[..], &["--agents", "bad.toml"]].concat(), "bad.toml"),
        (&[&both[..], &["--nonsense"]].concat(), "--nonsense"),
        (
            &[&both[..], &["--html", "none/audit.html"]].concat(),
            "can not be written",
        ),
        (
            &[&both[..], &["--report-out", "access.log"]].concat(),
            "would be overwritten",
        ),
        (
            &[&both[..], &["--report-out", "audit.html"]].concat(),
            "name one file",
        ),
    ] {
        let mut all = args.to_vec();
        if !args.contains(&"--html") {
            all.extend(html);
        }
        let output = world.command(&all).output().unwrap();
        let complaint = complaint(&output);
        assert_eq!(output.status.code(), Some(2), "{all:?}: {complaint}");
        assert!(complaint.starts_with("audit: "), "{all:?}: {complaint}");
        assert!(complaint.contains(says), "{all:?}: {complaint}");
        assert_eq!(said(&output), "", "{all:?}");
        assert_eq!(world.names(), before, "{all:?}");
    }
}

#[test]
fn without_options_it_tells_what_it_does() {
    let world = World::new(ORDERS, b"");
    let output = world.command(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(said(&output).contains("usage:") && said(&output).contains("exit code:"));
}

/// Until then Ctrl-C would end any program, whatever it does about it.
#[cfg(target_os = "linux")]
pub(crate) fn wait_until_interrupts_are_caught(process: u32) {
    const SIGINT: u64 = 1 << (2 - 1);
    for _ in 0..1_000 {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
        if caught & SIGINT != 0 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it does not wait for Ctrl-C");
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_it_with_130_and_no_file_is_written() {
    let world = World::new(ORDERS, log().as_bytes());
    let before = world.names();
    // Nothing ever comes from this pipe, so it waits there until it is stopped.
    let args = [
        "--catalog",
        "catalog.yaml",
        "--logs",
        "-",
        "--html",
        "audit.html",
    ];
    let mut child = world
        .command(&args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until_interrupts_are_caught(child.id());
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(output.status.code(), Some(130), "{}", complaint(&output));
    assert!(complaint(&output).contains("nothing was written"));
    assert_eq!(world.names(), before);
}

#[test]
fn the_sample_of_the_documents_shows_what_they_say() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("audit/sample");
    let output = Command::new(program("audit"))
        .current_dir(sample)
        .args(["--catalog", "catalog.yaml", "--logs", "edge=access.log"])
        .args(["--as-of", "2026-11-10", "--policy", "policy.toml", "--json"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", complaint(&output));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = document["audit"]["findings"].as_array().unwrap();
    let kinds: Vec<&str> = findings
        .iter()
        .map(|f| f["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["orphaned", "idle", "zombie", "shadow", "declining"]);
}
