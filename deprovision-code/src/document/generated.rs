//! Marks in OpenAPI files of every style, read again by another reader.

use deprovision_core::catalog::{Catalog, Method, Route, Source};
use deprovision_core::id::ApiId;
use deprovision_core::provider::DocumentMark;
use proptest::prelude::*;
use proptest::sample::select;

use crate::document::{MarkSettings, marking};

/// How a file is written.
#[derive(Debug, Clone, Copy)]
struct Style {
    json: bool,
    indent: &'static str,
    quote: &'static str,
    comment: &'static str,
    ending: &'static str,
    flow: bool,
    anchors: bool,
    bare_end: bool,
}

#[derive(Debug, Clone)]
struct Operation {
    method: &'static str,
    description: &'static str,
    deprecated: Option<bool>,
    response: u8,
}

type Paths = Vec<(String, Vec<Operation>)>;

fn styles() -> impl Strategy<Value = Style> {
    (
        any::<bool>(),
        select(vec!["  ", "    ", " ", "\t", "   "]),
        select(vec!["", "'", "\""]),
        select(vec!["", " # c", "   # é: {x"]),
        select(vec!["\n", "\r\n"]),
        any::<[bool; 3]>(),
    )
        .prop_map(
            |(json, indent, quote, comment, ending, [flow, anchors, bare_end])| Style {
                json,
                // YAML takes no tabs.
                indent: if json || indent != "\t" { indent } else { "  " },
                quote: if json { "\"" } else { quote },
                comment: if json { "" } else { comment },
                ending,
                flow,
                anchors: anchors && !json,
                bare_end,
            },
        )
}

fn paths() -> impl Strategy<Value = Paths> {
    let descriptions = vec![
        "",
        "Old.",
        "It is: no, [x]",
        "é \"q\" \\ /",
        "line\nline two\n\nthree",
    ];
    let operation = (
        select(vec!["get", "post", "delete", "trace"]),
        select(descriptions),
        any::<Option<bool>>(),
        0..4_u8,
    )
        .prop_map(|(method, description, deprecated, response)| Operation {
            method,
            description,
            deprecated,
            response,
        });
    let operations = proptest::collection::vec(operation, 1..3).prop_map(|mut all| {
        all.sort_by_key(|one| one.method);
        all.dedup_by_key(|one| one.method);
        all
    });
    proptest::collection::btree_map("/[a-z]{1,6}(/\\{id\\})?", operations, 1..4)
        .prop_map(|paths| paths.into_iter().collect())
}

/// The file in that style.
fn written(style: Style, paths: &Paths) -> String {
    let mut out = Out {
        style,
        lines: Vec::new(),
    };
    if style.json {
        return out.json(paths);
    }
    let Style { comment, quote, .. } = style;
    let key = |name: &str| format!("{quote}{name}{quote}:");
    out.lines.push("# top".to_owned());
    out.lines.push(format!("{} 3.1.0{comment}", key("openapi")));
    out.lines.push(format!("{}{comment}", key("info")));
    out.line(1, "title: 'O' # name");
    out.line(1, "version: \"1\"");
    if style.anchors {
        out.lines.push("x-shared: &shared".to_owned());
        out.line(1, "a: {b: c}");
    }
    out.lines.push(format!("{}{comment}", key("paths")));
    for (path, operations) in paths {
        out.line(1, &format!("{}{comment}", key(path)));
        for operation in operations {
            out.yaml(operation, &key(operation.method));
        }
    }
    out.lines.push("# end".to_owned());
    out.text()
}

struct Out {
    style: Style,
    lines: Vec<String>,
}

impl Out {
    fn line(&mut self, depth: usize, text: &str) {
        self.lines
            .push(format!("{}{text}", self.style.indent.repeat(depth)));
    }

    fn text(&self) -> String {
        let end = self.style.ending;
        let text = self.lines.join(end);
        if self.style.bare_end {
            text
        } else {
            format!("{text}{end}")
        }
    }

    fn yaml(&mut self, operation: &Operation, key: &str) {
        let quoted = serde_json::to_string(operation.description).unwrap();
        let flag = operation
            .deprecated
            .map(|flag| format!("deprecated: {flag}"));
        if self.style.flow {
            let mut parts = vec!["summary: \"y: {\"".to_owned()];
            parts.extend(flag);
            if !operation.description.is_empty() {
                parts.push(format!("description: {quoted}"));
            }
            if operation.response > 0 {
                parts.push("responses: {'200': {description: ok}}".to_owned());
            }
            let line = format!("{key} {{{}}}{}", parts.join(", "), self.style.comment);
            return self.line(2, &line);
        }
        self.line(2, &format!("{key}{}", self.style.comment));
        self.lines.push(String::new());
        self.line(3, "# about it");
        if self.style.anchors {
            self.line(3, "x-uses: *shared");
        }
        self.line(3, "summary: x");
        if let Some(flag) = flag {
            self.line(3, &format!("{flag} # flag"));
        }
        if operation.description.contains('\n') {
            self.line(3, "description: |-");
            for line in operation.description.lines() {
                // An empty line has no indentation.
                match line {
                    "" => self.lines.push(String::new()),
                    line => self.line(4, line),
                }
            }
        } else if !operation.description.is_empty() {
            self.line(3, &format!("description: {quoted}"));
        }
        match operation.response {
            0 => {}
            1 => self.line(3, "responses: {200: {description: ok}}"),
            more => {
                self.line(3, "responses:");
                self.line(4, "'200':");
                self.line(5, "description: >-");
                self.line(6, "folded");
                if more == 3 {
                    self.line(5, "headers:");
                    self.line(6, "X-A: {schema: {type: string}}");
                }
            }
        }
    }

    fn json(&mut self, paths: &Paths) -> String {
        let paths: serde_json::Map<String, serde_json::Value> = paths
            .iter()
            .map(|(path, operations)| {
                let operations: serde_json::Map<String, serde_json::Value> = operations
                    .iter()
                    .map(|one| {
                        let mut all = serde_json::json!({"summary": "x"});
                        if let Some(flag) = one.deprecated {
                            all["deprecated"] = flag.into();
                        }
                        if !one.description.is_empty() {
                            all["description"] = one.description.into();
                        }
                        if one.response > 0 {
                            all["responses"] = serde_json::json!({"200": {"description": "ok"}});
                        }
                        (one.method.to_owned(), all)
                    })
                    .collect();
                (path.clone(), operations.into())
            })
            .collect();
        let all = serde_json::json!({"openapi": "3.0.0", "info": {"title": "O", "version": "1"}, "paths": paths});
        if self.style.flow {
            self.lines = vec![all.to_string()];
            return self.text();
        }
        let mut bytes = Vec::new();
        let form = serde_json::ser::PrettyFormatter::with_indent(self.style.indent.as_bytes());
        let mut writer = serde_json::Serializer::with_formatter(&mut bytes, form);
        serde::Serialize::serialize(&all, &mut writer).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        self.lines = text.lines().map(str::to_owned).collect();
        self.text()
    }
}

/// The routes as the catalog of core reads them.
fn routes(path: &str, text: &str) -> Vec<Route> {
    let api = ApiId::parse("orders-v1").unwrap();
    // That reader takes no aliases; a mark has nothing to do with this one.
    let text = &text.replace("&shared", "").replace("*shared", "shared");
    let catalog = Catalog::read(&[Source::openapi(path, text, api)]).unwrap();
    catalog.apis.into_values().next().unwrap().routes
}

fn marks(paths: &Paths) -> Vec<DocumentMark> {
    let api = ApiId::parse("orders-v1").unwrap();
    let successor = ApiId::parse("orders-v2").unwrap();
    let sunset = "2027-01-31T23:59:59Z".parse().unwrap();
    let (path, operations) = &paths[0];
    let method = Method::ALL
        .into_iter()
        .find(|method| method.name().eq_ignore_ascii_case(operations[0].method));
    vec![
        DocumentMark::Deprecated {
            api: api.clone(),
            sunset: Some(sunset),
            successor: Some(successor.clone()),
        },
        DocumentMark::Retired {
            api: api.clone(),
            retired_at: sunset,
            successor: None,
        },
        DocumentMark::OperationDeprecated {
            api,
            method: method.unwrap(),
            path: path.clone(),
            sunset: Some(sunset),
            successor: Some(successor),
        },
    ]
}

proptest! {
    #[test]
    fn a_mark_changes_the_routes_flag_and_nothing_else_and_comes_off_again(
        style in styles(),
        paths in paths(),
        more in any::<bool>(),
    ) {
        let name = if style.json { "a.json" } else { "a.yaml" };
        let source = written(style, &paths);
        let settings = if more {
            MarkSettings::new().with_descriptions().with_headers()
        } else {
            MarkSettings::new()
        };
        for mark in marks(&paths) {
            let once = marking(name, source.as_bytes(), &mark, settings).unwrap();
            prop_assert!(once.left.is_empty(), "{:?}", once.left);
            let twice = marking(name, &once.bytes, &mark, settings).unwrap();
            prop_assert!(!twice.changed);
            prop_assert_eq!(&once.bytes, &twice.bytes);
            let back = once.undo.take_back(name, &once.bytes).unwrap();
            prop_assert_eq!(String::from_utf8(back).unwrap(), source.clone());
            // Another reader finds the same routes, each with the flag that it should have.
            let text = String::from_utf8(once.bytes).unwrap();
            let (before, after) = (routes(name, &source), routes(name, &text));
            prop_assert_eq!(before.len(), after.len());
            for (old, new) in before.iter().zip(&after) {
                prop_assert_eq!((old.method, &old.path), (new.method, &new.path));
                let meant = match &mark {
                    DocumentMark::OperationDeprecated { method, path, .. } => {
                        (method, path) == (&new.method, &new.path)
                    }
                    _ => true,
                };
                prop_assert_eq!(new.deprecated, old.deprecated || meant, "{}", text);
            }
            // No line is lost but those with a value that was replaced or begins anew.
            let mut rest = text.lines();
            for line in source.lines() {
                let replaced = line.contains("deprecated")
                    || style.flow
                    || (more && (line.contains("description") || line.contains("responses")));
                let kept = replaced || rest.any(|new| new == line);
                prop_assert!(kept, "{line:?} in {text}");
            }
        }
    }
}
