//! Every rule on real repositories, whose own build or tests judge the result.
//!
//! ```sh
//! cargo xtask peers removal
//! cargo test -p deprovision-code --test it -- --ignored real_removal --nocapture
//! ```
//!
//! The crates are those that `xtask/peers/crates-removal` pins: cargo unpacks them, and
//! may ask its registry for what they depend on. Each becomes a repository as its people
//! have it: with the manifest that they wrote, which cargo keeps as `Cargo.toml.orig`.
//! Words of the crates play the markers of an API. `DEPROVISION_CRATES=hex,bytes` takes
//! only these.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use deprovision_code::{GitCode, Judge, RemovalRule, RemovalSettings, Verdict};
use deprovision_core::catalog::Api;
use deprovision_core::conformance::Permits;
use deprovision_core::id::ApiId;
use deprovision_core::provider::{ChangeProposer, Outcome, Removal};

use crate::removal::cargo;
use crate::world::WorkingCopy;

/// What the repositories of the packages do not hold: what was packed, and what was
/// built.
const LEFT_OUT: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    ".cargo-ok",
    ".cargo_vcs_info.json",
    "dist",
];

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder of each pinned crate, unpacked by cargo.
fn crates() -> BTreeMap<String, PathBuf> {
    let manifest = peers().join("xtask/peers/crates-removal/Cargo.toml");
    let output = Command::new("cargo")
        .args(["metadata", "--locked", "--format-version", "1"])
        .arg("--manifest-path")
        .arg(&manifest)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let pinned: toml::Table = std::fs::read_to_string(&manifest).unwrap().parse().unwrap();
    let packages = found["packages"].as_array().unwrap();
    let folder_of = |name: &String, version: &str| {
        let package = packages
            .iter()
            .find(|package| package["name"] == **name && package["version"] == *version)
            .unwrap_or_else(|| panic!("{name} {version} is not there"));
        let place = Path::new(package["manifest_path"].as_str().unwrap());
        (name.clone(), place.parent().unwrap().to_owned())
    };
    let dependencies = pinned["dependencies"].as_table().unwrap();
    dependencies
        .iter()
        .map(|(name, version)| folder_of(name, version.as_str().unwrap().trim_start_matches('=')))
        .collect()
}

/// A repository with the files of a package.
fn repository(folder: &Path) -> WorkingCopy {
    let copy = WorkingCopy::empty();
    add(&copy, folder, folder);
    copy.commit(&BTreeMap::new());
    copy
}

fn add(copy: &WorkingCopy, root: &Path, folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        if LEFT_OUT.contains(&name) {
            continue;
        }
        if path.is_dir() {
            add(copy, root, &path);
        } else {
            let name = match name {
                "Cargo.toml.orig" => "Cargo.toml",
                other => other,
            };
            copy.write(name.as_bytes(), &std::fs::read(&path).unwrap());
        }
    }
}

fn removal_of(markers: &[&str]) -> Removal {
    let mut api = Api::new(ApiId::parse("old-api").unwrap(), "Old");
    api.markers = markers.iter().map(|text| (*text).to_owned()).collect();
    Removal::new(api, None)
}

fn of_host(host: &str) -> Removal {
    let mut removal = removal_of(&[]);
    removal.api.hosts.push(host.to_owned());
    let mut successor = Api::new(ApiId::parse("new-api").unwrap(), "New");
    successor.hosts.push("new.example.org".to_owned());
    removal.successor = Some(successor);
    removal
}

#[derive(Debug, Default)]
struct Count {
    changed: usize,
    lines: usize,
    accepted: Vec<String>,
    refused: Vec<String>,
    undecided: Vec<String>,
}

async fn try_on(
    name: &str,
    copy: &WorkingCopy,
    removal: &Removal,
    rules: &[RemovalRule],
    judge: Judge,
    count: &mut Count,
) {
    let (repositories, id) = copy.registered().await;
    let judge = judge.within(Duration::from_secs(240));
    let settings = RemovalSettings::new()
        .with_rules(rules.iter().cloned())
        .unwrap()
        .judged_by(judge);
    let code = GitCode::new(repositories).removing(settings);
    let preview = code.preview(&id, removal).await.unwrap();
    if preview.patch.is_empty() {
        return;
    }
    count.changed += 1;
    count.lines += preview.lines;
    match preview.verdict.unwrap() {
        Verdict::Accepted => count.accepted.push(name.to_owned()),
        Verdict::Refused { why } => count.refused.push(format!("{name}: {why}")),
        other => count.undecided.push(format!("{name}: {other:?}")),
    }
}

/// The packages that a manifest names.
fn dependencies(copy: &WorkingCopy) -> Vec<String> {
    let manifest = String::from_utf8(copy.files("main")["Cargo.toml"].clone()).unwrap();
    let table: toml::Table = manifest.parse().unwrap();
    ["dependencies", "dev-dependencies"]
        .iter()
        .filter_map(|list| table.get(*list)?.as_table())
        .flat_map(|list| list.keys().cloned())
        // A shorter text is no marker.
        .filter(|name| name.len() >= 4)
        .collect()
}

#[tokio::test]
#[ignore = "builds some twenty crates many times: minutes"]
async fn every_rule_on_real_crates_leaves_a_build_that_passes() {
    let mut crates = crates();
    if let Ok(only) = std::env::var("DEPROVISION_CRATES") {
        crates.retain(|name, _| only.split(',').any(|one| one == name));
    }
    let line = |files: &str, line: &str| RemovalRule::DeleteLine {
        files: files.into(),
        line: line.into(),
    };
    let rewrite = RemovalRule::RewriteLine {
        files: "src/**/*.rs".into(),
        find: r"inline\(always\)".into(),
        with: "inline".into(),
    };
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    for (name, folder) in &crates {
        println!("{name}");
        let copy = &repository(folder);
        for (what, removal, rules) in [
            ("replace a host", of_host("docs.rs"), vec![]),
            ("replace a host", of_host("github.com"), vec![]),
            (
                "delete a line",
                removal_of(&["must_use"]),
                vec![line("src/**/*.rs", r"\s*#\[must_use\]")],
            ),
            (
                "rewrite a line",
                removal_of(&["inline(always)"]),
                vec![rewrite.clone()],
            ),
            (
                "mark calls",
                removal_of(&[
                    "unwrap_or",
                    "as_bytes",
                    "is_empty",
                    "saturating_sub",
                    "len()",
                ]),
                vec![RemovalRule::MarkCalls],
            ),
        ] {
            try_on(
                name,
                copy,
                &removal,
                &rules,
                cargo(["check", "--quiet"]),
                counts.entry(what).or_default(),
            )
            .await;
        }
        for package in dependencies(copy) {
            let removal = removal_of(&[&package]);
            let count = counts.entry("drop a dependency").or_default();
            let name = format!("{name}/{package}");
            // Tests and examples need dependencies of their own. Some benches need a
            // nightly compiler.
            let judge = cargo(["check", "--quiet", "--lib", "--tests", "--examples"]);
            try_on(&name, copy, &removal, &[], judge, count).await;
        }
    }
    println!("{} crates", crates.len());
    for (what, count) in &counts {
        println!(
            "{what}: {} changed, {} lines, {} accepted",
            count.changed,
            count.lines,
            count.accepted.len()
        );
        println!(
            "  accepted {:?}\n  refused {:?}\n  undecided {:?}",
            count.accepted, count.refused, count.undecided
        );
        assert!(
            !count.accepted.is_empty(),
            "{what} is shown on a real crate"
        );
    }
}

/// One rule, one real repository, and what its judge says.
struct Case {
    rule: RemovalRule,
    package: &'static str,
    marker: &'static str,
    judge: Judge,
    /// A line of the change that is proposed, or a word of why it is not.
    expected: Result<&'static str, &'static str>,
}

/// Calls that are made to fail, and settings that are deleted.
fn cases() -> Vec<Case> {
    let fail = |marker, judge: Judge, expected| Case {
        rule: RemovalRule::FailCalls,
        package: "bytes",
        marker,
        judge,
        expected,
    };
    let delete = |package, key: &'static str, judge: Judge, expected| Case {
        rule: RemovalRule::DeleteSetting { key: key.into() },
        package,
        marker: key,
        judge,
        expected,
    };
    let stopped = "old-api is retired; remove this call";
    vec![
        // Only the feature `serde` compiles this file: whoever enables it is stopped by
        // the compiler, and a judge that enables it refuses the change.
        fail(
            "seq.size_hint",
            cargo(["check"]),
            Ok("+                compile_error!(\"old-api is retired; remove this call\");"),
        ),
        fail(
            "seq.size_hint",
            cargo(["check", "--features", "serde"]),
            Err(stopped),
        ),
        // Everybody compiles this one.
        fail("iter.size_hint", cargo(["check"]), Err(stopped)),
        // rustfmt reads the settings; this one says what it does anyway.
        delete(
            "ron",
            "hard_tabs",
            cargo(["fmt", "--check"]),
            Ok("-hard_tabs = false"),
        ),
        // By this one the code was formatted.
        delete(
            "memchr",
            "max_width",
            cargo(["fmt", "--check"]),
            Err("Diff in"),
        ),
        // An appender, and its name in the list of those that are used.
        delete(
            "log4rs",
            "rollingfile",
            cargo(["run", "--quiet", "--example", "compile_time_config"]),
            Ok("-        - rollingfile"),
        ),
        // The tests read it as `Brightness`, which no search for the key finds.
        delete(
            "config",
            "brightness",
            cargo(["test", "--quiet", "--test", "get"]),
            Err("test_enum"),
        ),
        delete(
            "rxjs",
            "noImplicitReturns",
            Judge::new("node")
                .arguments([
                    peers().join("target/peers/npm-removal/node_modules/typescript/bin/tsc")
                ])
                .arguments(["--noEmit", "--project", "src/tsconfig.cjs.json"]),
            Ok("-    \"noImplicitReturns\": true,"),
        ),
    ]
}

#[tokio::test]
#[ignore = "needs `cargo xtask peers removal`, and builds five packages"]
async fn calls_that_fail_and_settings_that_go_are_proposed_as_their_judge_says() {
    let mut folders = crates();
    let rxjs = peers().join("target/peers/npm-removal/node_modules/rxjs");
    assert!(rxjs.is_dir(), "run `cargo xtask peers removal` first");
    folders.insert("rxjs".to_owned(), rxjs);
    let mut wrong = Vec::new();
    for case in cases() {
        let copy = repository(&folders[case.package]);
        let (repositories, id) = copy.registered().await;
        let told = format!("{:?} on {}, `{}`", case.rule, case.package, case.judge);
        let settings = RemovalSettings::new()
            .with_rules([case.rule])
            .unwrap()
            .judged_by(case.judge);
        let code = GitCode::new(repositories).removing(settings);
        let permit = Permits::new().permit().await.unwrap();
        let removal = removal_of(&[case.marker]);
        let outcome = code.propose(&id, &removal, &permit).await.unwrap();
        let branches = copy.our_branches();
        println!("{told}: {outcome:?}");
        let as_expected = match (case.expected, &outcome) {
            (Ok(line), Outcome::Done { .. }) => branches.values().all(|commit| {
                let change = copy.git(&["diff", "main", commit]);
                println!("{change}");
                change.lines().any(|changed| changed == line)
            }),
            (Err(word), Outcome::NotDone { why }) => {
                let at_fault = why.contains("accepts the default version and not the change");
                at_fault && why.contains(word)
            }
            (_, _) => false,
        };
        if !as_expected || branches.len() != usize::from(case.expected.is_ok()) {
            wrong.push(format!("{told}: {outcome:?}, {branches:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
