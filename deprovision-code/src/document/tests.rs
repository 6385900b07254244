//! What marks do to documents of every kind.

use deprovision_core::id::ApiId;
use deprovision_core::provider::DocumentMark;
use proptest::prelude::*;

use crate::document::{MarkedDocument, mark_document, marking};

fn deprecated() -> DocumentMark {
    DocumentMark::Deprecated {
        api: ApiId::parse("orders-v1").unwrap(),
        sunset: Some("2027-01-31T23:59:59Z".parse().unwrap()),
        successor: Some(ApiId::parse("orders-v2").unwrap()),
    }
}

fn retired() -> DocumentMark {
    DocumentMark::Retired {
        api: ApiId::parse("orders-v1").unwrap(),
        retired_at: "2027-02-01T00:00:00Z".parse().unwrap(),
        successor: None,
    }
}

fn marked(path: &str, text: &str, mark: &DocumentMark) -> MarkedDocument {
    let once = mark_document(path, text.as_bytes(), mark).unwrap();
    let twice = mark_document(path, &once.bytes, mark).unwrap();
    assert_eq!(once.bytes, twice.bytes, "marking twice is marking once");
    assert!(!twice.changed);
    once
}

fn text_of(path: &str, text: &str, mark: &DocumentMark) -> String {
    let marked = marked(path, text, mark);
    assert_eq!(marked.left, Vec::<String>::new());
    String::from_utf8(marked.bytes).unwrap()
}

#[test]
fn an_openapi_file_keeps_comments_quotes_order_and_line_endings() {
    let source = "# top\r\nopenapi: 3.0.3\r\ninfo: # about\r\n    title: 'Orders' # name\r\n\
                  paths:\r\n  /v1/orders:\r\n    # list\r\n    get:   # read\r\n\r\n      \
                  # first\r\n      summary: é \r\n      description: |\r\n        get:\r\n          \
                  deprecated: no\r\n    post: {summary: x}\r\n    put: { }\r\n    parameters: \
                  []\r\ncomponents: {}";
    let expected = "# top\r\nopenapi: 3.0.3\r\ninfo: # about\r\n    x-lifecycle: deprecated\r\n    \
                    x-successor: \"orders-v2\"\r\n    title: 'Orders' # name\r\npaths:\r\n  \
                    /v1/orders:\r\n    # list\r\n    get:   # read\r\n      deprecated: true\r\n      \
                    x-sunset: \"2027-01-31\"\r\n\r\n      # first\r\n      summary: é \r\n      \
                    description: |\r\n        get:\r\n          deprecated: no\r\n    post: \
                    {deprecated: true, x-sunset: \"2027-01-31\", summary: x}\r\n    put: \
                    {deprecated: true, x-sunset: \"2027-01-31\" }\r\n    parameters: \
                    []\r\ncomponents: {}";
    assert_eq!(text_of("a.yaml", source, &deprecated()), expected);
}

#[test]
fn what_an_openapi_file_says_already_stays_and_what_it_says_otherwise_is_replaced() {
    let source = "swagger: '2.0'\ninfo:\n  title: O\n  x-lifecycle: 'production'\npaths:\n  /a:\n    \
                  get:\n      deprecated: true\n      x-sunset: 2027-01-31\n    head:\n      \
                  deprecated: false # not yet\n      x-sunset: '2026-01-01'\n";
    let marked = text_of("a.yml", source, &deprecated());
    assert_eq!(
        marked,
        "swagger: '2.0'\ninfo:\n  x-successor: \"orders-v2\"\n  title: O\n  x-lifecycle: \
         'deprecated'\npaths:\n  /a:\n    get:\n      deprecated: true\n      x-sunset: \
         2027-01-31\n    head:\n      deprecated: true # not yet\n      x-sunset: \
         \"2027-01-31\"\n"
    );
    let retired = text_of("a.yml", &marked, &retired());
    assert!(retired.contains("x-lifecycle: 'retired'\n"), "{retired}");
    assert!(
        retired.contains("  x-retired: \"2027-02-01\"\n"),
        "{retired}"
    );
}

#[test]
fn json_keeps_its_indentation_and_its_compactness() {
    for (source, expected) in [
        (
            "{\n\t\"openapi\" : \"3.1.0\",\n\t\"info\": {\n\t\t\"title\" : \"\\ud83d\\ude00\"\n\t},\n\t\"paths\": {}\n}\n",
            "{\n\t\"openapi\" : \"3.1.0\",\n\t\"info\": {\n\t\t\"x-lifecycle\" : \"deprecated\",\n\t\t\"x-successor\" : \"orders-v2\",\n\t\t\"title\" : \"\\ud83d\\ude00\"\n\t},\n\t\"paths\": {}\n}\n",
        ),
        (
            r#"{"openapi":"3.1.0","info":{"title":"O"},"paths":{"/a":{"get":{}}}}"#,
            r#"{"openapi":"3.1.0","info":{"x-lifecycle":"deprecated","x-successor":"orders-v2","title":"O"},"paths":{"/a":{"get":{"deprecated": true, "x-sunset": "2027-01-31"}}}}"#,
        ),
        (
            "\u{feff}{ \"openapi\": \"3\", \"info\": { \"title\": \"O\" } }",
            "\u{feff}{ \"openapi\": \"3\", \"info\": { \"x-lifecycle\": \"deprecated\", \"x-successor\": \"orders-v2\", \"title\": \"O\" } }",
        ),
    ] {
        assert_eq!(text_of("a.json", source, &deprecated()), expected);
    }
}

#[test]
fn only_the_entity_of_the_api_is_marked() {
    let source = "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: orders-v2\nspec:\n  \
                  lifecycle: production\n---\n# ours\napiVersion: backstage.io/v1alpha1\nkind: API\n\
                  metadata: {name: orders-v1}\nspec:\n  lifecycle: \"production\" # since 2019\n  \
                  definition: |\n    lifecycle: production\n...\n";
    let marked = text_of("catalog-info.yaml", source, &deprecated());
    assert_eq!(
        marked,
        source.replace("\"production\" # since", "\"deprecated\" # since")
    );
    let marked = text_of("catalog-info.yaml", &marked, &retired());
    assert!(marked.contains("\"retired\" # since 2019"));
}

#[test]
fn an_entity_is_found_by_its_namespace_too() {
    let source = "apiVersion: b\nkind: API\nmetadata: {name: orders, namespace: shop}\nspec: {lifecycle: x}\n";
    for (id, found) in [
        ("orders", true),
        ("shop/orders", true),
        ("api:shop/orders", true),
        ("default/orders", false),
        ("orders-v1", false),
    ] {
        let mark = DocumentMark::Deprecated {
            api: ApiId::parse(id).unwrap(),
            sunset: None,
            successor: None,
        };
        let marked = mark_document("a.yaml", source.as_bytes(), &mark);
        assert_eq!(marked.is_ok(), found, "{id}");
    }
}

#[test]
fn a_page_has_its_banner_below_the_first_heading() {
    let banner = "<!-- deprovision:begin orders-v1 -->\n> **Deprecated.** `orders-v1` is deprecated \
                  and ends on 2027-01-31. Use `orders-v2` instead.\n<!-- deprovision:end orders-v1 -->";
    for (source, expected) in [
        ("# A\n\ntext", format!("# A\n\n{banner}\n\ntext")),
        ("# A", format!("# A\n\n{banner}")),
        ("", format!("{banner}\n\n")),
        ("text\n", format!("{banner}\n\ntext\n")),
        ("A\n===\nx\n", format!("A\n===\n\n{banner}\nx\n")),
        (
            "---\na: b\n---\n```\n# no\n```\n## B ##\nx\n",
            format!("---\na: b\n---\n```\n# no\n```\n## B ##\n\n{banner}\nx\n"),
        ),
        (
            "#no\n- x\n---\ny\n",
            format!("{banner}\n\n#no\n- x\n---\ny\n"),
        ),
    ] {
        assert_eq!(
            text_of("a.md", source, &deprecated()),
            expected,
            "{source:?}"
        );
    }
    let marked = text_of("a.md", "# A\r\nx\r\n", &deprecated());
    assert_eq!(
        marked,
        format!("# A\r\n\r\n{}\r\nx\r\n", banner.replace('\n', "\r\n"))
    );
    let retired = text_of("a.md", &marked, &retired());
    assert!(retired.contains("was retired on 2027-02-01") && !retired.contains("Deprecated"));
}

#[test]
fn what_can_not_be_marked_safely_is_refused_with_a_reason() {
    let entity = "apiVersion: b\nkind: API\nmetadata: {name: orders-v1}\nspec: {lifecycle: x}\n";
    for (path, source, reason) in [
        ("a.yaml", "openapi: [3\n", "line"),
        ("a.json", "{\"openapi\": 3", "EOF"),
        (
            "a.json",
            "{\"openapi\": 3, \"info\": {\"a\": 1, \"a\": 2}}",
            "twice",
        ),
        (
            "a.yaml",
            "openapi: 3\ninfo: {a: 1}\npaths:\n  /a: {}\n  /a: {}\n",
            "line 5",
        ),
        ("a.yaml", "x: y\n", "neither"),
        (
            "a.yaml",
            "kind: API\napiVersion: b\nmetadata: {name: other}\n",
            "no entity",
        ),
        ("a.yaml", &format!("{entity}---\n{entity}"), "two entities"),
        ("a.txt", "x", "does not end"),
        (
            "a.md",
            "# A\n<!-- deprovision:begin orders-v1 -->\n",
            "damaged",
        ),
    ] {
        let refused = mark_document(path, source.as_bytes(), &deprecated()).unwrap_err();
        assert!(refused.to_string().contains(reason), "{refused}");
        assert!(refused.to_string().contains(path));
    }
    assert!(mark_document("a.yaml", b"\xff", &deprecated()).is_err());
    let deep = format!("openapi: {}{}\n", "[".repeat(5_000), "]".repeat(5_000));
    assert!(mark_document("a.yaml", deep.as_bytes(), &deprecated()).is_err());
}

#[test]
fn what_stands_elsewhere_is_said() {
    let source = "openapi: 3\ninfo: {title: O}\nx-a: &op\n  summary: s\npaths:\n  /a:\n    get: *op\n    \
                  put: &shared\n      summary: t\n    post: *shared\n    head:\n  /b: {$ref: b.yaml}\n  \
                  /c: *op\n  /d:\n    <<: *op\n    get:\n      summary: u\n";
    let marked = marked("a.yaml", source, &deprecated());
    let text = String::from_utf8(marked.bytes).unwrap();
    assert_eq!(text.matches("deprecated: true").count(), 1, "{text}");
    assert_eq!(marked.left.len(), 6, "{:?}", marked.left);
    assert_eq!(marked.elsewhere.len(), 1, "{:?}", marked.elsewhere);
}

fn yaml_openapi() -> impl Strategy<Value = String> {
    let comment = prop_oneof![Just(""), Just(" # c"), Just("   # é: {x")];
    let operation = (
        prop_oneof![Just("get"), Just("post"), Just("trace")],
        comment.clone(),
        prop_oneof![
            Just("\n      summary: x\n".to_owned()),
            Just("\n\n      # hm\n      deprecated: false\n      tags: [a, 'b']\n".to_owned()),
            Just(" {summary: \"y: {\"}\n".to_owned()),
            Just(" {\n        a: 1, # c\n      }\n".to_owned()),
            Just("\n      description: >-\n        folded\n\n        text\n".to_owned()),
            Just("\n      deprecated: true\n".to_owned()),
            Just(" {}\n".to_owned()),
            Just("\n".to_owned()),
        ],
    );
    (
        proptest::collection::btree_map("/[a-z]{1,6}(/\\{id\\})?", operation, 0..5),
        comment,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(paths, comment, crlf, bare_end)| {
            let mut text = format!("openapi: 3.0.3{comment}\ninfo:{comment}\n  title: O\npaths:");
            text.push_str(if paths.is_empty() { " {}\n" } else { "\n" });
            for (path, (method, comment, body)) in paths {
                let comment = if body.starts_with('\n') { comment } else { "" };
                text.push_str(&format!("  {path}:\n    {method}:{comment}{body}"));
            }
            if bare_end {
                text.truncate(text.trim_end().len());
            }
            if crlf {
                text.replace('\n', "\r\n")
            } else {
                text
            }
        })
}

proptest! {
    #[test]
    fn any_openapi_file_keeps_its_lines_and_is_marked_once(source in yaml_openapi()) {
        let once = marking("a.yaml", source.as_bytes(), &deprecated()).unwrap();
        let twice = marking("a.yaml", &once.bytes, &deprecated()).unwrap();
        prop_assert!(!twice.changed);
        prop_assert_eq!(&once.bytes, &twice.bytes);
        prop_assert_eq!(&once.left, &twice.left);
        let text = String::from_utf8(once.bytes).unwrap();
        // Without the new lines and keys it is what it was.
        let mut back = text;
        for new in ["x-sunset: \"2027-01-31\"", "x-lifecycle: deprecated", "x-successor: \"orders-v2\"", "deprecated: true"] {
            for around in [format!("      {new}\r\n"), format!("      {new}\n"), format!("  {new}\r\n"), format!("  {new}\n"), format!("\r\n        {new},"), format!("\n        {new},"), format!("{new}, "), new.to_owned()] {
                back = back.replace(&around, "");
            }
        }
        let was = source.replace("      deprecated: true\r\n", "").replace("      deprecated: true\n", "").replace("deprecated: true", "").replace("deprecated: false", "");
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(squeeze(&back), squeeze(&was));
    }

    #[test]
    fn any_text_of_any_kind_is_marked_once_or_refused(
        path in prop_oneof![Just("a.yaml"), Just("a.json"), Just("a.md")],
        text in prop_oneof![
            "[#\\-=`>a-c \n\r<!]{0,40}",
            "openapi: 3\ninfo: [\\{\\}a-c:,\"' \n&*|#-]{0,30}",
            "\\{\"openapi\": 3, \"info\": [\\{\\}a-c:,\" \n]{0,20}\\}",
        ],
    ) {
        if let Ok(once) = marking(path, text.as_bytes(), &deprecated()) {
            let twice = marking(path, &once.bytes, &deprecated()).unwrap();
            prop_assert_eq!(once.bytes, twice.bytes);
        }
    }
}
