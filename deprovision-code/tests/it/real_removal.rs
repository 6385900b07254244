//! Every rule on real crates, whose build has to pass afterwards.
//!
//! ```sh
//! DEPROVISION_CRATES="$HOME/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f" \
//!     cargo test -p deprovision-code --test it -- --ignored real_removal --nocapture
//! ```
//!
//! The folder holds unpacked crates, as cargo keeps them. Cargo may ask its registry
//! for what they depend on. Words of the crates play the markers of an API.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use deprovision_code::{GitCode, RemovalRule, RemovalSettings, Verdict};
use deprovision_core::catalog::Api;
use deprovision_core::id::ApiId;
use deprovision_core::provider::Removal;

use crate::removal::cargo;
use crate::world::WorkingCopy;

/// Small ones, of many authors.
const CRATES: &[&str] = &[
    "base64",
    "bitflags",
    "bytes",
    "either",
    "fastrand",
    "form_urlencoded",
    "hex",
    "http",
    "httparse",
    "httpdate",
    "itoa",
    "memchr",
    "percent-encoding",
    "pin-project-lite",
    "ryu",
    "semver",
    "smallvec",
    "subtle",
    "unicode-ident",
    "url",
    "utf8_iter",
    "zeroize",
];

/// What cargo adds to a crate, or leaves of it.
const LEFT_OUT: &[&str] = &["Cargo.lock", "Cargo.toml.orig", ".cargo-ok", ".gitignore"];

fn copies(folder: &Path) -> Vec<(String, WorkingCopy)> {
    let mut places: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    places.sort();
    let mut copies = Vec::new();
    for name in CRATES {
        let is_it = |place: &&PathBuf| {
            let folder = place.file_name().unwrap().to_string_lossy().into_owned();
            let version = folder.strip_prefix(&format!("{name}-")).map(str::to_owned);
            version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
        };
        if let Some(place) = places.iter().rev().find(is_it) {
            let copy = WorkingCopy::empty();
            add(&copy, place, place);
            copy.commit(&BTreeMap::new());
            copies.push(((*name).to_owned(), copy));
        }
    }
    copies
}

fn add(copy: &WorkingCopy, root: &Path, folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        if path.is_dir() {
            add(copy, root, &path);
        } else if !LEFT_OUT.contains(&name.as_str()) {
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
    count: &mut Count,
) {
    let (repositories, id) = copy.registered().await;
    let judge = cargo(["check", "--quiet"]).within(Duration::from_secs(240));
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
#[ignore = "needs DEPROVISION_CRATES, a folder of unpacked crates"]
async fn every_rule_on_real_crates_leaves_a_build_that_passes() {
    let folder = std::env::var_os("DEPROVISION_CRATES").expect("DEPROVISION_CRATES names a folder");
    let copies = copies(Path::new(&folder));
    assert!(copies.len() >= 10, "{} crates", copies.len());
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
    for (name, copy) in &copies {
        println!("{name}");
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
                counts.entry(what).or_default(),
            )
            .await;
        }
        for package in dependencies(copy) {
            let removal = removal_of(&[&package]);
            let count = counts.entry("drop a dependency").or_default();
            try_on(&format!("{name}/{package}"), copy, &removal, &[], count).await;
        }
    }
    println!("{} crates", copies.len());
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
