//! TOML without some of its tables and keys.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::kind::{normal, without_lines};
use crate::removal::structured::Cut;

/// The items of `project.dependencies` and the like that name the package, on lines
/// of their own.
pub(super) fn pyproject(source: &str, package: &str) -> Option<Cut> {
    let before: Table = source.parse().ok()?;
    let names = |item: &str| {
        let end = item
            .find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)))
            .unwrap_or(item.len());
        normal(&item[..end]) == normal(package)
    };
    let cut = without_lines(source, |line| {
        let text = line.trim();
        let text = text.split(" #").next().unwrap_or_default().trim_end();
        let text = text.strip_suffix(',').unwrap_or(text);
        let item = ['"', '\'']
            .iter()
            .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
        item.is_some_and(|item| !item.contains(['"', '\'']) && names(item))
    });
    let mut expected = before;
    let mut lists: Vec<&mut Value> = Vec::new();
    for (key, value) in &mut expected {
        let Some(table) = value.as_table_mut() else {
            continue;
        };
        for (name, value) in table.iter_mut() {
            match (key.as_str(), name.as_str()) {
                ("project", "dependencies") | ("dependency-groups", _) => lists.push(value),
                ("project", "optional-dependencies") => {
                    lists.extend(
                        value
                            .as_table_mut()
                            .into_iter()
                            .flatten()
                            .map(|(_, list)| list),
                    );
                }
                (_, _) => {}
            }
        }
    }
    for list in lists {
        if let Some(items) = list.as_array_mut() {
            items.retain(|item| !item.as_str().is_some_and(names));
        }
    }
    (cut.text.parse::<Table>().ok()? == expected).then_some(cut)
}

/// TOML without the dependencies of these names: lines of a `dependencies` table, and
/// tables of their own.
pub(super) fn toml_lines(source: &str, goes: impl Fn(&str) -> bool) -> Option<Cut> {
    let is_list = |name: &String| name == "dependencies" || name.ends_with("-dependencies");
    cut_toml(source, |table, key| match (table, key) {
        ([.., list], Some(key)) => is_list(list) && goes(key),
        ([.., list, name], None) => is_list(list) && goes(name),
        ([] | [_], _) => false,
    })
}

/// The settings of a TOML file with these keys, where each is a line.
pub(crate) fn cut_toml_settings(source: &str, keys: &BTreeSet<String>) -> Option<Cut> {
    cut_toml(source, |_, key| key.is_some_and(|key| keys.contains(key)))
}

/// TOML without what `goes` names: a key of a table, or (without a key) a table.
fn cut_toml(source: &str, goes: impl Fn(&[String], Option<&str>) -> bool) -> Option<Cut> {
    let mut expected: Table = source.parse().ok()?;
    let mut table: Vec<String> = Vec::new();
    let (mut whole_table, mut in_array) = (false, false);
    let mut entry = String::new();
    let mut text = String::with_capacity(source.len());
    let mut lines = 0;
    for line in source.split_inclusive('\n') {
        let begins = entry.is_empty();
        if begins && line.trim_start().starts_with('[') {
            in_array = line.trim_start().starts_with("[[");
            table = header(line)?;
            whole_table = !in_array && goes(&table, None);
            if whole_table {
                take(&mut expected, &table)?;
            }
        } else if !(in_array || whole_table || begins && is_blank(line)) {
            entry.push_str(line);
            let Ok(one) = entry.parse::<Table>() else {
                continue;
            };
            let key = one.keys().next().cloned();
            if key.as_deref().is_some_and(|key| goes(&table, Some(key))) {
                let way: Vec<String> = table.iter().cloned().chain(key).collect();
                // A dotted key has several lines, and goes with the first.
                let _ = take(&mut expected, &way);
                lines += entry.matches('\n').count().max(1);
                entry.clear();
                continue;
            }
            text.push_str(&entry);
            entry.clear();
            continue;
        }
        if whole_table && !is_comment(line) {
            lines += 1;
        } else {
            text.push_str(line);
        }
    }
    text.push_str(&entry);
    let cut = Cut { text, lines };
    let said = cut.text.parse::<Table>().ok()?;
    (lines > 0 && without_empty(said) == without_empty(expected)).then_some(cut)
}

/// A table that only stands in the name of another goes with that one.
fn without_empty(table: Table) -> Table {
    let kept = table.into_iter().filter_map(|(name, value)| match value {
        Value::Table(inner) => {
            let inner = without_empty(inner);
            (!inner.is_empty()).then_some((name, Value::Table(inner)))
        }
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_) => Some((name, value)),
    });
    kept.collect()
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty() || is_comment(line)
}

/// The names in `[a.'b c'.d]`.
fn header(line: &str) -> Option<Vec<String>> {
    let mut value = Value::Table(line.parse::<Table>().ok()?);
    let mut names = Vec::new();
    loop {
        value = match value {
            Value::Table(table) => match table.into_iter().next() {
                Some((name, inner)) => {
                    names.push(name);
                    inner
                }
                None => return Some(names),
            },
            Value::Array(items) => items.into_iter().next()?,
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_) => return None,
        };
    }
}

fn take(table: &mut Table, way: &[String]) -> Option<Value> {
    let (last, before) = way.split_last()?;
    let mut table = table;
    for name in before {
        table = table.get_mut(name)?.as_table_mut()?;
    }
    table.remove(last)
}
