//! The docs of the workspace say what the code says. They are part of the
//! workspace and not of the published crate: these tests need a checkout.

use std::collections::BTreeSet;
use std::path::PathBuf;

use deprovision_core::retirement::table::{ACTION, RETIREMENT, mermaid};

/// Set it, and the test writes what it would otherwise miss.
const REGENERATE: &str = "DEPROVISION_WRITE_DOCS";

fn workspace() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(name: &str) -> (PathBuf, String) {
    let path = workspace().join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => (path, text),
        Err(error) => panic!(
            "{} can not be read ({error}); it is part of the workspace: run the tests in a checkout of it",
            path.display()
        ),
    }
}

/// The text with what is between the markers of `name` replaced; everything
/// around them stays.
fn with_part(text: &str, name: &str, part: &str) -> Option<String> {
    let begin = format!("<!-- {name}: begin -->\n");
    let end = format!("<!-- {name}: end -->");
    let (before, rest) = text.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{part}{end}{after}"))
}

#[test]
fn the_diagrams_in_the_architecture_are_those_of_the_state_table() {
    let (path, written) = read("docs/architecture.md");
    let mut drawn = written.clone();
    for (name, diagram) in [
        ("course of an action", mermaid(ACTION)),
        ("course of a retirement", mermaid(RETIREMENT)),
    ] {
        let part = format!("\n```mermaid\n{diagram}```\n\n");
        drawn = match with_part(&drawn, name, &part) {
            Some(drawn) => drawn,
            None => panic!("{} has no markers for {name:?}", path.display()),
        };
    }
    if std::env::var_os(REGENERATE).is_some() {
        std::fs::write(&path, &drawn).unwrap();
        return;
    }
    assert!(
        written == drawn,
        "the diagrams in {} are not those of the state table; `cargo xtask fix` (or these tests with {REGENERATE}=1) draws them again",
        path.display()
    );
}

#[test]
fn only_what_is_between_the_markers_changes() {
    let text = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n";
    assert_eq!(
        with_part(text, "x", "new\n").unwrap(),
        "a\n<!-- x: begin -->\nnew\n<!-- x: end -->\nb\n"
    );
    assert_eq!(with_part(text, "y", "new\n"), None);
}

/// The names of all test functions in the sources of the workspace.
fn tests_in_the_sources() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![workspace()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(entry.path());
                }
            } else if name.ends_with(".rs") {
                let source = std::fs::read_to_string(entry.path()).unwrap();
                names.extend(tests_in(&source));
                if entry
                    .path()
                    .components()
                    .any(|part| part.as_os_str() == "conformance")
                {
                    names.extend(cases_in(&source));
                }
            }
        }
    }
    names
}

/// The functions that stand under a test attribute, or in a `proptest!`, where
/// the attribute is the same.
fn tests_in(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some((_, name)) = line.split_once("fn ").filter(|_| is_test) {
            names.extend(name.split(['(', '<']).next().map(str::to_owned));
            is_test = false;
        }
    }
    names
}

/// The cases of a conformance suite that check an invariant: functions that the
/// suite calls, which every adapter's test runs and counts.
fn cases_in(source: &str) -> Vec<String> {
    let named = source.lines().filter_map(|line| line.split_once("fn i_"));
    named
        .filter_map(|(_, rest)| rest.split(['(', '<']).next())
        .map(|rest| format!("i_{rest}"))
        .collect()
}

/// Whether a test's name carries the id of an invariant: `i_12_and_i_18_…`.
fn carries(test: &str, id: u32) -> bool {
    let words: Vec<&str> = test.split('_').collect();
    let wanted = id.to_string();
    words
        .windows(2)
        .any(|pair| pair[0] == "i" && pair[1] == wanted)
}

#[test]
fn the_table_of_invariants_names_tests_that_exist_and_none_is_without() {
    let (path, text) = read("docs/invariants.md");
    let tests = tests_in_the_sources();
    let mut rows = 0;
    let mut wrong = Vec::new();
    for id in 1..=22 {
        let start = format!("| I-{id} |");
        let Some(row) = text.lines().find(|line| line.starts_with(&start)) else {
            wrong.push(format!("I-{id} has no row"));
            continue;
        };
        rows += 1;
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [_, _, _, shown] = cells[..] else {
            wrong.push(format!("I-{id}: {} cells instead of 4", cells.len()));
            continue;
        };
        let named: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        for name in &named {
            if !tests.contains(*name) {
                wrong.push(format!("I-{id}: there is no test {name}"));
            }
        }
        let carried = named.iter().any(|name| carries(name, id));
        let declared = shown.contains("*not tested yet*");
        if carried == declared {
            wrong.push(format!(
                "I-{id}: name a test with its id in its name, or say *not tested yet*, and not both"
            ));
        }
    }
    assert_eq!((rows, wrong), (22, vec![]), "{}", path.display());
}

#[test]
fn an_id_in_a_name_is_not_mistaken_for_another() {
    assert!(carries("i_12_and_i_18_a_target", 18));
    assert!(!carries("i_12_a_target", 1));
    assert_eq!(
        tests_in("#[test]\nfn a() {}\nfn b() {}\n#[tokio::test]\nasync fn c() {}"),
        ["a", "c"]
    );
}
