//! What marks do to documents of every kind.
//!
//! Longer than other files: the cases of one thing are read together.

use deprovision_core::catalog::{Catalog, Method, Source};
use deprovision_core::id::ApiId;
use deprovision_core::provider::DocumentMark;
use proptest::prelude::*;

use crate::document::{
    MarkSettings, MarkUndo, MarkedDocument, mark_document, mark_document_with, marking,
};

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
        source
            .replace("\"production\" # since", "\"deprecated\" # since")
            .replace(
                "{name: orders-v1}",
                "{annotations: {deprovision.dev/sunset: \"2027-01-31T23:59:59Z\", \
                 deprovision.dev/successor: \"orders-v2\"}, name: orders-v1}"
            )
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

#[test]
fn annotations_of_an_entity_are_those_that_a_catalog_reads() {
    let source = "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: orders-v1\n  \
                  annotations:\n    a/b: c # theirs\nspec:\n  type: openapi\n  owner: team-a\n  \
                  lifecycle: production\n  definition:\n    $text: ./openapi.yaml\n";
    let other = "---\napiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: orders-v2\nspec:\n  \
                 type: openapi\n  owner: team-a\n  lifecycle: production\n  definition:\n    $text: ./v2.yaml\n";
    let marked = text_of("catalog-info.yaml", source, &deprecated());
    let new = "    deprovision.dev/sunset: \"2027-01-31T23:59:59Z\"\n    \
               deprovision.dev/successor: \"orders-v2\"\n";
    let expected = source
        .replace("lifecycle: production", "lifecycle: deprecated")
        .replace("    a/b", &format!("{new}    a/b"));
    assert_eq!(marked, expected);
    let both = format!("{marked}{other}");
    let catalog = Catalog::read(&[Source::new("catalog-info.yaml", &both)]).unwrap();
    let api = catalog.apis.values().next().unwrap();
    assert_eq!(api.sunset.unwrap().to_string(), "2027-01-31T23:59:59Z");
    assert_eq!(api.successor.as_ref().unwrap().as_str(), "orders-v2");
}

fn operation(method: Method, path: &str) -> DocumentMark {
    DocumentMark::OperationDeprecated {
        api: ApiId::parse("orders-v1").unwrap(),
        method,
        path: path.to_owned(),
        sunset: Some("2027-01-31T23:59:59Z".parse().unwrap()),
        successor: None,
    }
}

fn everything() -> MarkSettings {
    MarkSettings::new().with_descriptions().with_headers()
}

fn all_said(path: &str, source: &str, mark: &DocumentMark) -> MarkedDocument {
    let once = mark_document_with(path, source.as_bytes(), mark, everything()).unwrap();
    let twice = mark_document_with(path, &once.bytes, mark, everything()).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&once.bytes),
        String::from_utf8_lossy(&twice.bytes)
    );
    assert_eq!(
        once.undo.take_back(path, &once.bytes).unwrap(),
        source.as_bytes()
    );
    once
}

#[test]
fn one_operation_is_marked_and_no_other() {
    let source = "openapi: 3.1.0\ninfo:\n  title: O\npaths:\n  /a/{id}:\n    get:\n      summary: s\n    \
                  put:\n      summary: t\n";
    let marked = text_of("a.yaml", source, &operation(Method::Put, "/a/{id}"));
    assert_eq!(
        marked,
        source.replace(
            "    put:\n",
            "    put:\n      deprecated: true\n      x-sunset: \"2027-01-31\"\n"
        )
    );
    let json =
        "{\"openapi\": \"3.0.0\", \"paths\": {\"/a\": {\"get\": {}, \"post\": {\"tags\": []}}}}";
    let marked = text_of("a.json", json, &operation(Method::Post, "/a"));
    assert_eq!(
        marked,
        json.replace(
            "{\"tags\"",
            "{\"deprecated\": true, \"x-sunset\": \"2027-01-31\", \"tags\""
        )
    );
    for (path, text, method, route, reason) in [
        (
            "a.yaml",
            source,
            Method::Delete,
            "/a/{id}",
            "no operation DELETE /a/{id}",
        ),
        ("a.yaml", source, Method::Get, "/b", "no operation GET /b"),
        (
            "a.yaml",
            "openapi: 3\npaths:\n  /a: {$ref: b.yaml}\n",
            Method::Get,
            "/a",
            "another place",
        ),
        (
            "a.yaml",
            "apiVersion: b\nkind: API\n",
            Method::Get,
            "/a",
            "no operations",
        ),
        (
            "a.yaml",
            "asyncapi: 2.6.0\ninfo: {title: t}\n",
            Method::Get,
            "/a",
            "no HTTP operations",
        ),
        (
            "a.md",
            "# A\n",
            Method::Get,
            "/a--b",
            "can not be written in a page",
        ),
    ] {
        let refused = mark_document(path, text.as_bytes(), &operation(method, route)).unwrap_err();
        assert!(refused.to_string().contains(reason), "{refused}");
    }
    let page = text_of("a.md", "# A\n", &operation(Method::Put, "/a/{id}"));
    assert!(
        page.contains("> **Deprecated.** `PUT /a/{id}` of `orders-v1` is deprecated and ends on"),
        "{page}"
    );
}

#[test]
fn descriptions_begin_with_a_sentence_in_every_style() {
    let said = "Deprecated and ends on 2027-01-31. Use `orders-v2` instead.";
    for (description, expected) in [
        ("Old.", format!("{said} Old.")),
        ("'It''s.' # c", format!("'{said} It''s.' # c")),
        ("\"A \\\"b\\\"\"", format!("\"{said} A \\\"b\\\"\"")),
        ("''", format!("'{said}'")),
        (
            "|-\n        A\n         b",
            format!("|-\n        {said}\n\n        A\n         b"),
        ),
        (
            ">+ # c\n        A\n        b",
            format!(">+ # c\n        {said}\n\n        A\n        b"),
        ),
        ("A\n        b", format!("{said} A\n        b")),
        (
            "Deprecated and ends on 2026-01-01. Old.",
            format!("{said} Old."),
        ),
    ] {
        let source = format!(
            "openapi: 3.0.0\ninfo: {{t: O}}\npaths:\n  /a:\n    get:\n      description: {description}\n      tags: []\n"
        );
        let marked = all_said("a.yaml", &source, &deprecated());
        assert_eq!(marked.notes, Vec::<String>::new(), "{source}");
        let text = String::from_utf8(marked.bytes).unwrap();
        assert!(
            text.contains(&format!("description: {expected}\n      tags")),
            "{text}"
        );
        let again = all_said("a.yaml", &text, &retired());
        assert!(
            String::from_utf8(again.bytes)
                .unwrap()
                .contains("Retired on 2027-02-01.")
        );
    }
    for description in [
        "|2\n        A",
        "|\n\n        A",
        "",
        "~",
        "&a x",
        "!!str x",
        "[x]",
    ] {
        let source = format!(
            "openapi: 3.0.0\ninfo: {{t: O}}\npaths:\n  /a:\n    get:\n      description: {description}\n      tags: []\n"
        );
        let marked = all_said("a.yaml", &source, &deprecated());
        assert_eq!(marked.notes.len(), 1, "{source}");
        assert_eq!(marked.left, Vec::<String>::new());
    }
}

#[test]
fn responses_name_the_header() {
    let source = "openapi: 3.1.0\ninfo: {t: O}\npaths:\n  /a:\n    get:\n      responses:\n        200:\n          \
                  description: ok\n        '400': {description: bad}\n        '404':\n          headers:\n            \
                  X: {schema: {type: string}}\n        '500': {$ref: '#/components/responses/E'}\n        \
                  '503': {$ref: 'other.yaml'}\n    put:\n      responses:\n        '500': {$ref: \
                  '#/components/responses/E'}\ncomponents:\n  responses:\n    E:\n      description: e\n";
    let marked = all_said("a.yaml", source, &deprecated());
    let text = String::from_utf8(marked.bytes).unwrap();
    assert_eq!(text.matches("Deprecation: {").count(), 4, "{text}");
    assert_eq!(text.matches("Sunset: {").count(), 4);
    assert!(text.contains("          headers:\n            Deprecation: {description: \"Since when it is deprecated (RFC 9745).\", schema: {type: string}}\n"), "{text}");
    assert_eq!(marked.notes.len(), 1, "{:?}", marked.notes);
    let one = all_said("a.yaml", source, &operation(Method::Get, "/a"));
    assert_eq!(
        String::from_utf8(one.bytes)
            .unwrap()
            .matches("Deprecation: {")
            .count(),
        3
    );
    assert_eq!(one.notes.len(), 2, "{:?}", one.notes);
    // What is retired answers nothing any more.
    let gone = all_said("a.yaml", source, &retired());
    assert!(
        !String::from_utf8(gone.bytes)
            .unwrap()
            .contains("Deprecation:")
    );
    let swagger = "{\"swagger\":\"2.0\",\"info\":{},\"paths\":{\"/a\":{\"get\":{\"responses\":{\"200\":{\"description\":\"\"}}}}}}";
    let text = String::from_utf8(all_said("a.json", swagger, &deprecated()).bytes).unwrap();
    assert!(text.contains("\"Deprecation\": {\"description\": \"Since when it is deprecated (RFC 9745).\", \"type\": \"string\"}"), "{text}");
}

#[test]
fn what_a_document_refers_to_in_itself_is_marked_once() {
    let source = "openapi: 3.1.0\ninfo: {t: O}\npaths:\n  /a: {$ref: '#/components/pathItems/A~1x'}\n  /b:\n    \
                  $ref: '#/components/pathItems/A~1x'\nwebhooks:\n  new:\n    post:\n      summary: s\ncomponents:\n  \
                  pathItems:\n    A/x:\n      get:\n        summary: t\n";
    let marked = text_of("a.yaml", source, &deprecated());
    assert_eq!(marked.matches("deprecated: true").count(), 2, "{marked}");
    let elsewhere = mark_document(
        "a.yaml",
        b"openapi: 3.1.0\ninfo: {t: O}\npaths:\n  /a: {$ref: '#/nowhere'}\n",
        &deprecated(),
    );
    assert_eq!(elsewhere.unwrap().elsewhere.len(), 1);
}

#[test]
fn asyncapi_says_it_where_its_schema_has_a_place() {
    let two = "asyncapi: 2.6.0 # a\ninfo:\n  title: O\nchannels:\n  orders:\n    publish:\n      message: {}\ncomponents:\n  \
               messages:\n    M:\n      name: m\n";
    let sunset = "x-sunset: \"2027-01-31\"\n";
    assert_eq!(
        text_of("a.yml", two, &deprecated()),
        two.replace(
            "info:\n",
            "info:\n  x-lifecycle: deprecated\n  x-successor: \"orders-v2\"\n"
        )
        .replace(
            "  orders:\n",
            &format!("  orders:\n    deprecated: true\n    {sunset}")
        )
        .replace("    M:\n", "    M:\n      deprecated: true\n")
    );
    let three = "asyncapi: '3.0.0'\ninfo:\n  title: O\nchannels:\n  orders:\n    address: o\n    messages:\n      m:\n        \
                 payload: {}\n      n: {$ref: '#/components/messages/n'}\noperations:\n  send:\n    action: send\n";
    assert_eq!(
        text_of("a.yml", three, &deprecated()),
        three
            .replace(
                "info:\n",
                "info:\n  x-lifecycle: deprecated\n  x-successor: \"orders-v2\"\n"
            )
            .replace(
                "  orders:\n",
                &format!("  orders:\n    x-deprecated: true\n    {sunset}")
            )
            .replace(
                "  send:\n",
                &format!("  send:\n    x-deprecated: true\n    {sunset}")
            )
            .replace("      m:\n", "      m:\n        deprecated: true\n")
    );
    assert!(mark_document("a.yml", b"asyncapi: 1.2.0\ninfo: {}\n", &deprecated()).is_err());
}

#[test]
fn a_changelog_gets_an_entry_and_another_when_it_is_retired() {
    let source = "# Changelog\n\n## [Unreleased]\n\n### Fixed\n\n- x\n\n## 1.0\n\n- y\n";
    let marked = text_of("docs/CHANGELOG.md", source, &deprecated());
    let entry = "- `orders-v1` is deprecated and ends on 2027-01-31. Use `orders-v2` instead. <!-- deprovision:deprecated orders-v1 -->\n";
    assert_eq!(
        marked,
        source.replace(
            "### Fixed",
            &format!("### Deprecated\n\n{entry}\n### Fixed")
        )
    );
    let retired = text_of("docs/CHANGELOG.md", &marked, &retired());
    assert!(retired.contains("### Removed\n\n- `orders-v1` was retired on 2027-02-01. <!-- deprovision:retired orders-v1 -->\n"), "{retired}");
    assert!(retired.contains(entry));
}

#[test]
fn a_mark_is_taken_back_though_others_changed_the_document() {
    let source = "openapi: 3.0.0\ninfo:\n  title: O\npaths:\n  /a:\n    get:\n      deprecated: false\n      summary: s\n";
    let marked = marked("a.yaml", source, &deprecated());
    let text = String::from_utf8(marked.bytes).unwrap();
    // It can be kept in between.
    let kept = serde_json::to_string(&marked.undo).unwrap();
    let undo: MarkUndo = serde_json::from_str(&kept).unwrap();
    let theirs = format!("# new\n{text}  /b: {{}}\n");
    let back = undo.take_back("a.yaml", theirs.as_bytes()).unwrap();
    assert_eq!(
        String::from_utf8(back).unwrap(),
        format!("# new\n{source}  /b: {{}}\n")
    );
    for other in [
        text.replace("deprecated: true", "deprecated: false"),
        format!("{text}{text}"),
    ] {
        let theirs = format!("# moved\n{other}");
        let refused = undo.take_back("a.yaml", theirs.as_bytes()).unwrap_err();
        assert!(refused.to_string().contains("there"), "{refused}");
    }
}

proptest! {
    #[test]
    fn any_text_of_any_kind_is_marked_once_or_refused(
        path in prop_oneof![Just("a.yaml"), Just("a.json"), Just("a.md"), Just("CHANGELOG.md")],
        text in prop_oneof![
            "[#\\-=`>a-c \n\r<!]{0,40}",
            "(## (\\[Unreleased\\]|1\\.0)\n|### (Deprecated|Fixed)\r?\n|[-*] x\n|\n|```\n){0,8}",
            "openapi: 3\ninfo: [\\{\\}a-c:,\"' \n&*|#-]{0,30}",
            "openapi: 3\ninfo: \\{\\}\npaths:\n  /a:\n    get:\n      description: [\\{\\}a-c:,\"' \n&*|>#-]{0,30}",
            "\\{\"openapi\": 3, \"info\": [\\{\\}a-c:,\" \n]{0,20}\\}",
        ],
    ) {
        for settings in [MarkSettings::new(), everything()] {
            if let Ok(once) = marking(path, text.as_bytes(), &deprecated(), settings) {
                let twice = marking(path, &once.bytes, &deprecated(), settings).unwrap();
                prop_assert_eq!(&once.bytes, &twice.bytes);
                let back = once.undo.take_back(path, &once.bytes).unwrap();
                prop_assert_eq!(back, text.as_bytes());
            }
        }
    }
}
