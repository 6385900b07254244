//! Input that wants to exhaust the reader is refused at once.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{id, kinds, read};
use crate::catalog::{
    Catalog, CatalogErrorKind as Kind, CatalogErrors, Form, MAX_VALUES, MAX_YAML_BYTES, Source,
};

/// Reads what must be refused, in less than a second, in every form.
fn refuse(name: &str, text: &str) -> CatalogErrors {
    let start = Instant::now();
    let errors = read(name, text).unwrap_err();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(1), "{name} took {took:?}");
    assert!(errors.len() <= 1_001);
    errors
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..=10 {
        let before = format!("*a{}", level - 1);
        text.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            [before.as_str(); 10].join(", ")
        ));
    }
    text.push_str("apis: *a10\n");
    let errors = refuse("bomb.yaml", &text);
    assert!(
        errors
            .to_string()
            .contains("aliases are not read (write the value out"),
        "{errors}"
    );
}

#[test]
fn a_merge_key_is_refused() {
    let text = "base: &base {id: a}\napis:\n  - <<: *base\n    title: A\n";
    assert!(
        refuse("merge.yaml", text)
            .to_string()
            .contains("aliases are not read")
    );
}

#[test]
fn ten_thousand_levels_are_refused() {
    for text in [
        "[".repeat(10_000),
        "{a: ".repeat(10_000),
        "- ".repeat(10_000),
        "? ".repeat(10_000),
        (0..10_000)
            .map(|n| format!("{}a:\n", " ".repeat(n % 2_000)))
            .collect(),
        (0..2_000)
            .map(|n| format!("{}a:\n", " ".repeat(n)))
            .collect(),
    ] {
        let errors = refuse("deep.yaml", &text);
        assert!(
            kinds(&errors)
                .iter()
                .any(|k| matches!(k, Kind::Limit | Kind::Syntax)),
            "{errors}"
        );
    }
    for text in [
        format!("a = {}", "[".repeat(10_000)),
        format!("a = {}{}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("a = {}", "{a=".repeat(10_000)),
        format!("{}a = 1", "a.".repeat(10_000)),
        format!("[{}a]", "a.".repeat(10_000)),
    ] {
        refuse("deep.toml", &text);
    }
}

#[test]
fn depth_is_counted_up_to_its_budget() {
    let nested = |depth: usize| format!("apis: {}{}", "[".repeat(depth), "]".repeat(depth));
    let errors = read("a.yaml", &nested(99)).unwrap_err();
    assert_eq!(kinds(&errors), [Kind::WrongType], "{errors}");
    let errors = read("a.yaml", &nested(100)).unwrap_err();
    assert!(kinds(&errors).contains(&Kind::Limit), "{errors}");
}

#[test]
fn a_scalar_of_a_hundred_mebibytes_is_refused_unread() {
    let text = format!("apis: \"{}\"", "x".repeat(100 << 20));
    for name in ["large.yaml", "large.json", "large.toml"] {
        let errors = refuse(name, &text);
        assert_eq!(kinds(&errors), [Kind::Limit], "{errors}");
    }
}

#[test]
fn as_many_values_as_fit_into_a_file_are_refused() {
    let text = format!("apis: [{}]", "a,".repeat(MAX_VALUES));
    assert!(text.len() < MAX_YAML_BYTES);
    let errors = read("many.yaml", &text).unwrap_err();
    assert!(kinds(&errors).contains(&Kind::Limit), "{errors}");
}

#[test]
fn very_many_mistakes_are_cut_short() {
    for (name, item, size) in [
        ("many.yaml", "- a: 1\n", 40_000),
        ("many.yaml", "? [a]\n", 4_000),
        ("many.toml", "=\n", 128 << 10),
        ("many.toml", "=\n", 129 << 10),
        ("many.toml", "a=x\n", 128 << 10),
        ("many.toml", "a=1\n", 16 << 10),
    ] {
        let errors = read(name, &item.repeat(size / item.len())).unwrap_err();
        assert!(errors.len() <= 202, "{item}: {}", errors.len());
    }
    let apis = "{},".repeat(2_000);
    let errors = refuse("many.yaml", &format!("apis: [{apis}]"));
    assert_eq!(errors.len(), 1_001);
    let last = errors.iter().last().unwrap();
    assert_eq!(last.message, "3000 more mistakes are not shown");
}

/// Pieces of which the syntaxes are made, so that random texts get deep into them.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "apis:",
        "apis = ",
        "[[apis]]\n",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "id: a",
        "id = \"a\"",
        "title: b",
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        ": ",
        "?",
        "? ",
        "&a ",
        "*a",
        "!!str ",
        "!x ",
        "|\n",
        ">-\n",
        "\"",
        "'",
        "#",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "openapi: 3.1.0\n",
        "info:",
        "paths:",
        "/a/{b}",
        "servers:",
        "url: ",
        "apiVersion: backstage.io/v1alpha1\n",
        "kind: API\n",
        "metadata:",
        "spec:",
        "name: x",
        "annotations:",
        "deprovision.dev/hosts: ",
        "owner: ",
        "\t",
        "\u{feff}",
        "\0",
        "\\",
        "\u{85}",
        "é",
        "=",
        ".",
        "1",
        "<<",
        "~",
        "2027-01-31T00:00:00Z",
        "hosts",
        "routes",
        "resources",
        "labels",
        "@",
        "`",
        "-",
        "\r\n",
        "$ref: ",
        "#/paths",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_text_makes_the_reader_panic(text in prop_oneof![soup(), ".{0,200}", "(?s-u:[ -~\\n]{0,200})"]) {
        for name in ["a.yaml", "a.toml"] {
            let source = Source::new(name, &text);
            let _ = Catalog::read(std::slice::from_ref(&source));
            for form in [Form::Catalog, Form::Backstage, Form::OpenApi] {
                let _ = Catalog::read(&[source.clone().with_form(form)]);
            }
            let _ = Catalog::read(&[Source::openapi(name, &text, id("a"))]);
        }
    }
}
