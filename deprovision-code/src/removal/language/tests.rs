//! Lines of every language.

use super::language_of;
use proptest::prelude::*;

/// The numbers of the lines that do not begin in code.
fn inside(path: &str, text: &str) -> Vec<usize> {
    let states = language_of(path).unwrap().lines(text.as_bytes());
    let numbered = states.iter().enumerate();
    numbered
        .filter(|(_, state)| !state.free)
        .map(|(at, _)| at + 1)
        .collect()
}

#[test]
fn a_line_in_a_text_or_comment_is_told_from_code() {
    for (path, text, expected) in [
        (
            "a.rs",
            "a(\"x\ny\");\nb('\"');\nc('\\'');\nd::<'a>(\"\");\n",
            vec![2],
        ),
        (
            "a.rs",
            "r#\"a\n\"\nb\"#;\nc /* /* */\nd */ e\nf\n",
            vec![2, 3, 5],
        ),
        (
            "a.py",
            "x = '''a\nb''' # \"\"\"\ny = \"'''\"\nz = 1 + \\\n  2\n",
            vec![2, 5],
        ),
        ("a.go", "a := `x\ny`\nb := '\"'\nc\n", vec![2]),
        (
            "a.ts",
            "a = /[/\"`]/; b = c / d; // `\ne = `x\n${f}`\ng\n",
            vec![3],
        ),
        (
            "a.java",
            "a = \"\"\"\n  b\n\"\"\";\nc = \"//\";\nd\n",
            vec![2, 3],
        ),
        ("a.cs", "a = @\"b\\\n\"\"c\"; d\ne\n", vec![2]),
        (
            "a.cpp",
            "a = R\"x(\n)\"\n)x\";\n#define B \\\n  c\nd\n",
            vec![2, 3, 5],
        ),
        ("a.c", "a = \"x\nb\n", vec![]),
    ] {
        assert_eq!(inside(path, text), expected, "{text}");
    }
    assert_eq!(language_of("a.jsx"), None);
    assert_eq!(language_of("Makefile"), None);
}

#[test]
fn a_statement_stands_on_a_line_of_its_own() {
    let text = "fn f() {\n    call(1);\n    let a =\n        call(2);\n    call(\n        3,\n    );\n    \
                call(4); // why\n    x.y(\"}\"); }\n    let z = [1];\n    if a { b(); }\n";
    let states = language_of("a.rs").unwrap().lines(text.as_bytes());
    let statements: Vec<usize> = (1..)
        .zip(&states)
        .filter(|(_, s)| s.statement)
        .map(|(n, _)| n)
        .collect();
    assert_eq!(statements, [2, 10]);
}

#[test]
fn a_line_goes_only_when_the_lines_around_it_stay_what_they_are() {
    for (path, text, expected) in [
        (
            "a.js",
            "a();\nold();\nif (x)\n  old();\nb = \n  old();\nold()\n  .c();\nelse\n  old();\n",
            vec![1, 2],
        ),
        (
            "a.py",
            "import a\nimport old\nif x:\n    old()\ny = a or \\\n    old()\n",
            vec![1, 2, 3, 4],
        ),
        (
            "a.rs",
            "#[must_use]\nfn f() {\n    [\n        old,\n    ];\n    return\n        old;\n}\n#[cfg(a)]\nold!();\n",
            vec![1, 4, 9],
        ),
        ("a.go", "a()\nold()\nb := c +\n  old()\n", vec![1, 2]),
        (
            "a.c",
            "for (;;)\n  old();\nx = a ?\n  old() :\n  b;\nold();\n",
            vec![6],
        ),
    ] {
        let states = language_of(path).unwrap().lines(text.as_bytes());
        let found: Vec<usize> = (1..)
            .zip(&states)
            .filter(|(_, s)| s.can_go)
            .map(|(n, _)| n)
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

proptest! {
    #[test]
    fn every_line_of_any_text_has_a_state(
        path in prop_oneof![Just("a.rs"), Just("a.py"), Just("a.go"), Just("a.js"), Just("a.java"), Just("a.cs"), Just("a.cc")],
        text in "[\"'`/*#\\\\\n(){};rR@$a é]{0,60}",
    ) {
        let states = language_of(path).unwrap().lines(text.as_bytes());
        prop_assert_eq!(states.len(), text.split_inclusive('\n').count());
    }
}
