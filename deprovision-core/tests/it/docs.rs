//! The docs of the workspace say what the code says. They are part of the
//! workspace and not of the published crate: these tests need a checkout.

use std::path::PathBuf;

use deprovision_core::retirement::table::{ACTION, RETIREMENT, mermaid};

/// Set it, and the test writes what it would otherwise miss.
const REGENERATE: &str = "DEPROVISION_WRITE_DOCS";

pub(crate) fn workspace() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

pub(crate) fn read(name: &str) -> (PathBuf, String) {
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
