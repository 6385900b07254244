//! Commands that judge a change: what they see, how they end, what is made of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use deprovision_code::{GitCode, Judge, RemovalSettings, Verdict};
use deprovision_core::conformance::Permits;
use deprovision_core::provider::{ChangeObserver, ChangeProposer, ChangeState, Outcome};

use crate::world::{WorkingCopy, files, removal};

const BRANCH: &str = "deprovision/orders-v1/remove-references";

fn shell(script: &str) -> Judge {
    Judge::new("sh").arguments(["-c", script])
}

async fn propose(copy: &WorkingCopy, judge: Judge) -> Outcome {
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories).removing(RemovalSettings::new().judged_by(judge));
    let permit = Permits::new().permit().await.unwrap();
    code.propose(&id, &removal(), &permit).await.unwrap()
}

async fn verdict(copy: &WorkingCopy, judge: Judge) -> Verdict {
    let (repositories, id) = copy.registered().await;
    let code = GitCode::new(repositories).removing(RemovalSettings::new().judged_by(judge));
    let preview = code.preview(&id, &removal()).await.unwrap();
    let patch = String::from_utf8(preview.patch).unwrap();
    assert!(patch.contains("+get('/v2/orders')"), "{patch}");
    assert!(copy.our_branches().is_empty());
    preview.verdict.unwrap()
}

fn caller() -> WorkingCopy {
    WorkingCopy::with(&files(&[("a.py", "get('/v1/orders')\n"), ("b.txt", "b\n")]))
}

fn why(outcome: Outcome) -> String {
    match outcome {
        Outcome::NotDone { why } => why,
        other => panic!("{other:?}"),
    }
}

/// The processes that have this text in their command line.
fn running(text: &str) -> BTreeSet<PathBuf> {
    let processes = std::fs::read_dir("/proc").unwrap();
    let paths = processes.flatten().map(|entry| entry.path());
    paths
        .filter(|path| {
            let line = std::fs::read(path.join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line)
                .split('\0')
                .any(|word| word == text)
        })
        .collect()
}

#[tokio::test]
async fn a_change_that_the_judge_accepts_is_proposed_and_says_so() {
    let copy = caller();
    let outcome = propose(&copy, shell("grep -q /v2/orders a.py && test -f b.txt")).await;
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    let message = copy.git(&["log", "-1", "--format=%B", BRANCH]);
    assert!(message.contains("`sh -c \"grep -q"), "{message}");
}

#[tokio::test]
async fn a_change_that_breaks_the_build_is_reported_and_not_proposed() {
    let copy = caller();
    let judge = shell("echo building; grep /v1/orders a.py || { echo it broke >&2; exit 3; }");
    let why = why(propose(&copy, judge.clone()).await);
    for part in [
        "accepts the default version and not the change",
        "exit status: 3",
        "building\nit broke",
    ] {
        assert!(why.contains(part), "{part} in {why}");
    }
    assert!(copy.our_branches().is_empty());
    let (repositories, id) = copy.registered().await;
    let seen = GitCode::new(repositories)
        .change(&id, &removal())
        .await
        .unwrap();
    assert_eq!(seen.known_completely(), Some(&ChangeState::Absent));
    assert!(matches!(
        verdict(&copy, judge).await,
        Verdict::Refused { .. }
    ));
}

#[tokio::test]
async fn i_9_a_judge_that_accepts_nothing_decides_nothing() {
    let copy = caller();
    for (judge, part) in [
        (
            shell("echo no compiler; exit 1"),
            "does not accept the default version either",
        ),
        (Judge::new("no-such-program"), "could not be run"),
        (Judge::new("./b.txt"), "could not be run"),
    ] {
        let outcome = why(propose(&copy, judge.clone()).await);
        assert!(
            outcome.contains("can not judge") && outcome.contains(part),
            "{outcome}"
        );
        assert!(matches!(
            verdict(&copy, judge).await,
            Verdict::Undecided { .. }
        ));
    }
    assert!(copy.our_branches().is_empty());
}

#[tokio::test]
async fn a_judge_that_does_not_end_is_killed_with_everything_it_started() {
    let copy = caller();
    let judge = shell("sleep 4242.171 & setsid sleep 4242.171 & (setsid sleep 4242.171 &); echo on it; sleep 4242.171")
        .within(Duration::from_millis(1500));
    let begun = Instant::now();
    let why = why(propose(&copy, judge).await);
    assert!(
        why.contains("was stopped") && why.contains("on it"),
        "{why}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(running("4242.171"), BTreeSet::new());
    assert!(copy.our_branches().is_empty());
}

#[tokio::test]
async fn what_a_judge_leaves_running_is_killed_when_it_ends() {
    let copy = caller();
    let judge = shell("sleep 4242.172 & setsid sleep 4242.172 & sleep 0.2");
    assert_eq!(verdict(&copy, judge).await, Verdict::Accepted);
    assert_eq!(running("4242.172"), BTreeSet::new());
}

#[tokio::test]
async fn a_judge_stops_when_nobody_waits_for_it() {
    let copy = caller();
    let asked = tokio::time::timeout(
        Duration::from_millis(1500),
        propose(&copy, shell("sleep 4242.173")),
    );
    assert!(asked.await.is_err(), "it was given up");
    let patience = Instant::now() + Duration::from_secs(10);
    while !running("4242.173").is_empty() {
        assert!(Instant::now() < patience, "it was stopped");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_a_judge_writes_is_kept_to_its_end() {
    let copy = caller();
    let judge = shell("yes 0123456789 | head -c 30000000; printf 'the \\033[1mend'; exit 1");
    let why = why(propose(&copy, judge).await);
    assert!(
        why.len() < 20_000 && why.ends_with("the [1mend"),
        "{} bytes",
        why.len()
    );
}

#[tokio::test]
async fn i_20_a_judge_sees_nothing_of_the_callers_environment_but_what_is_named() {
    let copy = caller();
    let out = tempfile::tempdir().unwrap();
    let judge = shell("env > \"$OUT/env\"; ls -A \"$HOME\" \"$TMPDIR\" > \"$OUT/ls\"")
        .setting("OUT", out.path())
        .passing("CARGO_PKG_NAME")
        .passing("NO_SUCH_VARIABLE");
    assert_eq!(verdict(&copy, judge).await, Verdict::Accepted);
    let seen = std::fs::read_to_string(out.path().join("env")).unwrap();
    let names: BTreeSet<&str> = seen
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    let allowed = [
        "PATH",
        "LANG",
        "LC_ALL",
        "TZ",
        "HOME",
        "TMPDIR",
        "TEMP",
        "TMP",
        "OUT",
        "CARGO_PKG_NAME",
        "DEPROVISION_JUDGE",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
    ];
    let odd: Vec<_> = names
        .iter()
        .filter(|name| !allowed.contains(name))
        .collect();
    assert!(odd.is_empty(), "{odd:?}");
    // These are set for this test, and were not named.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    assert!(names.contains("CARGO_PKG_NAME"));
    let home = std::env::var("HOME").unwrap();
    assert!(!seen.contains(&format!("HOME={home}\n")), "{seen}");
    let listed = std::fs::read_to_string(out.path().join("ls")).unwrap();
    assert_eq!(
        listed
            .lines()
            .filter(|l| !l.is_empty() && !l.ends_with(':'))
            .count(),
        0,
        "{listed}"
    );
}

#[tokio::test]
async fn a_judge_runs_in_a_copy_and_never_where_people_work() {
    let copy = WorkingCopy::empty();
    std::os::unix::fs::symlink("/", copy.path().join("root")).unwrap();
    std::os::unix::fs::symlink("../../..", copy.path().join("up")).unwrap();
    std::os::unix::fs::symlink("b.txt", copy.path().join("inside")).unwrap();
    copy.write(b"run.sh", b"#!/bin/sh\n");
    let run = copy.path().join("run.sh");
    std::os::unix::fs::PermissionsExt::set_mode(&mut run.metadata().unwrap().permissions(), 0o755);
    std::fs::set_permissions(&run, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    copy.write(b"filtered.txt", b"as it is\r\n");
    copy.write(b".gitattributes", b"* filter=trap text eol=lf\n");
    copy.git(&["config", "filter.trap.smudge", "echo smudged"]);
    copy.commit(&files(&[("a.py", "get('/v1/orders')\n"), ("b.txt", "b\n")]));
    copy.write(b"untracked.txt", b"mine\n");
    let user = copy.user_state();
    let out = tempfile::tempdir().unwrap();
    let script = "set -e; pwd > $OUT/pwd; ls -A > $OUT/ls; ./run.sh; cat filtered.txt > $OUT/filtered; \
                  test -L inside; echo x > written; rm b.txt; echo y > a.py";
    let judge = shell(script).setting("OUT", out.path());
    assert_eq!(verdict(&copy, judge).await, Verdict::Accepted);
    assert_eq!(copy.user_state(), user);
    let read = |name: &str| std::fs::read_to_string(out.path().join(name)).unwrap();
    let place = read("pwd");
    assert!(!Path::new(place.trim()).exists(), "the copy is thrown away");
    assert!(!place.contains(copy.path().to_str().unwrap()));
    let mut listed: Vec<String> = read("ls").lines().map(str::to_owned).collect();
    listed.sort();
    assert_eq!(
        listed,
        [
            ".gitattributes",
            "a.py",
            "b.txt",
            "filtered.txt",
            "inside",
            "run.sh"
        ]
    );
    assert_eq!(
        read("filtered"),
        "as it is\n",
        "what git holds, and no filter ran"
    );
}
