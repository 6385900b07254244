//! Dependencies taken out of the manifests of package managers.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::removal::structured::{Cut, cut_json};

/// A file of a package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manifest {
    Cargo,
    Npm,
    Composer,
    Requirements,
    PyProject,
    Go,
    /// Written by the program that is named here.
    Lock(&'static str),
    /// Others, which only people edit.
    Other,
}

/// What a file is to package managers, by its name alone.
pub(crate) fn manifest_of(path: &str) -> Manifest {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    match name.as_str() {
        "cargo.toml" => Manifest::Cargo,
        "package.json" => Manifest::Npm,
        "composer.json" => Manifest::Composer,
        "pyproject.toml" => Manifest::PyProject,
        "go.mod" => Manifest::Go,
        "cargo.lock" => Manifest::Lock("cargo update --workspace"),
        "package-lock.json" | "npm-shrinkwrap.json" => Manifest::Lock("npm install"),
        "yarn.lock" => Manifest::Lock("yarn install"),
        "pnpm-lock.yaml" => Manifest::Lock("pnpm install"),
        "go.sum" => Manifest::Lock("go mod tidy"),
        "gemfile.lock" => Manifest::Lock("bundle install"),
        "poetry.lock" => Manifest::Lock("poetry lock"),
        "uv.lock" => Manifest::Lock("uv lock"),
        "pipfile.lock" => Manifest::Lock("pipenv lock"),
        "composer.lock" => Manifest::Lock("composer update --lock"),
        "mix.lock" => Manifest::Lock("mix deps.get"),
        _ if name.starts_with("requirements") && name.ends_with(".txt") => Manifest::Requirements,
        _ => Manifest::Other,
    }
}

impl Manifest {
    /// What code says that uses a package of it, when the package's name implies that.
    pub(crate) fn imports(self, package: &str) -> Option<Vec<String>> {
        match self {
            // Also a feature or a cfg of the package's name.
            Self::Cargo => Some(vec![package.to_owned(), package.replace('-', "_")]),
            Self::Npm | Self::Go => Some(vec![package.to_owned()]),
            Self::Composer | Self::Requirements | Self::PyProject | Self::Lock(_) | Self::Other => {
                None
            }
        }
    }

    /// The manifest without a package. Nothing when it does not declare it, or not so
    /// that it can be taken out surely.
    pub(crate) fn without(self, source: &str, package: &str) -> Option<Cut> {
        match self {
            Self::Cargo => toml_lines(source, |name| name == package),
            Self::PyProject => toml_lines(source, |name| normal(name) == normal(package))
                .or_else(|| pyproject(source, package)),
            Self::Npm => cut_json(source, |way, key| {
                let lists = [
                    "dependencies",
                    "devDependencies",
                    "peerDependencies",
                    "optionalDependencies",
                ];
                key == package && matches!(way, [list] if lists.contains(list))
            }),
            Self::Composer => cut_json(source, |way, key| {
                key == package && matches!(way, ["require" | "require-dev"])
            }),
            Self::Requirements => Some(requirements(source, package)),
            Self::Go => Some(go(source, package)),
            Self::Lock(_) | Self::Other => None,
        }
        .filter(|cut| cut.lines > 0 || cut.text != source)
    }
}

/// Python takes `Orders_Client` and `orders-client` for one.
fn normal(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

/// The lines for which `goes` says no.
fn without_lines(source: &str, mut goes: impl FnMut(&str) -> bool) -> Cut {
    let mut text = String::with_capacity(source.len());
    let mut lines = 0;
    for line in source.split_inclusive('\n') {
        if goes(line) {
            lines += 1;
        } else {
            text.push_str(line);
        }
    }
    Cut { text, lines }
}

fn requirements(source: &str, package: &str) -> Cut {
    let mut open = false;
    without_lines(source, |line| {
        if open {
            open = line.trim_end().ends_with('\\');
            return true;
        }
        let text = line.trim_start();
        let end = text
            .find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        let declares = rest.is_empty()
            || rest.starts_with(|c: char| c.is_whitespace() || "=<>!~;@[#\\".contains(c));
        let goes = !name.is_empty() && declares && normal(name) == normal(package);
        open = goes && line.trim_end().ends_with('\\');
        goes
    })
}

/// `require x v1`, and a line of a block of them.
fn go(source: &str, package: &str) -> Cut {
    let mut block: Option<bool> = None;
    without_lines(source, |line| {
        let code = line.split("//").next().unwrap_or_default();
        let words: Vec<&str> = code.split_whitespace().collect();
        match (block, words.as_slice()) {
            (_, [")"]) => {
                block = None;
                false
            }
            (None, [word, "("]) => {
                block = Some(*word == "require");
                false
            }
            (None, ["require", module, _]) => *module == package,
            (Some(true), [module, _]) => *module == package,
            (_, _) => false,
        }
    })
}

/// The items of `project.dependencies` and the like that name the package, on lines
/// of their own.
fn pyproject(source: &str, package: &str) -> Option<Cut> {
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
fn toml_lines(source: &str, goes: impl Fn(&str) -> bool) -> Option<Cut> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, source: &str, expected: Option<&str>) {
        let cut = manifest_of(path).without(source, "orders-client");
        assert_eq!(
            cut.as_ref().map(|cut| cut.text.as_str()),
            expected,
            "{source}"
        );
        if let Some(cut) = cut {
            let lost = source.lines().count() - cut.text.lines().count();
            assert_eq!(cut.lines, lost, "{source}");
        }
    }

    #[test]
    fn a_dependency_goes_out_of_cargo_toml_in_every_form() {
        for (source, expected) in [
            (
                "[dependencies]\n# theirs\norders-client = \"1\"\nserde = \"1\" # s\n",
                Some("[dependencies]\n# theirs\nserde = \"1\" # s\n"),
            ),
            (
                "[workspace.dependencies]\norders-client = { version = \"1\", features = [\n  \"a\",\n] }\n\n[dev-dependencies]\norders-client.workspace = true\nx = \"1\"\n",
                Some("[workspace.dependencies]\n\n[dev-dependencies]\nx = \"1\"\n"),
            ),
            (
                "[package]\nname = \"a\"\n\n[dependencies.orders-client]\nversion = \"1\"\n\n# b\n[target.'cfg(unix)'.dependencies]\norders-client = \"1\"\n",
                Some("[package]\nname = \"a\"\n\n# b\n[target.'cfg(unix)'.dependencies]\n"),
            ),
            (
                "[dependencies]\norders-client.version = \"1\"\norders-client.optional = true\n",
                Some("[dependencies]\n"),
            ),
            ("[package]\nname = \"orders-client\"\n", None),
            ("[features]\norders-client = []\n", None),
            (
                "[dependencies]\na = { package = \"orders-client\", version = \"1\" }\n",
                None,
            ),
            ("[dependencies]\norders-client = {\n", None),
            (
                "[dependencies]\nnote = \"\"\"\norders-client = 1\n\"\"\"\n",
                None,
            ),
        ] {
            check("a/Cargo.toml", source, expected);
        }
    }

    #[test]
    fn a_dependency_goes_out_of_the_manifests_of_other_managers() {
        for (path, source, expected) in [
            (
                "package.json",
                "{\n\t\"name\": \"orders-client\",\n\t\"dependencies\": {\n\t\t\"a\": \"1\",\n\t\t\"orders-client\": \"^1\"\n\t}\n}\n",
                Some(
                    "{\n\t\"name\": \"orders-client\",\n\t\"dependencies\": {\n\t\t\"a\": \"1\"\n\t}\n}\n",
                ),
            ),
            ("package.json", "{\"orders-client\": \"1\"}", None),
            (
                "composer.json",
                "{\"require\": {\"orders-client\": \"1\"}}",
                None,
            ),
            (
                "requirements-dev.txt",
                "a==1\nOrders_Client[x]==1 \\\n  --hash=sha256:0 \\\n  --hash=sha256:1\norders-client-extra==1\n",
                Some("a==1\norders-client-extra==1\n"),
            ),
            (
                "pyproject.toml",
                "[project]\ndependencies = [\n  \"a>=1\",\n  \"orders_client>=1\", # x\n]\n",
                Some("[project]\ndependencies = [\n  \"a>=1\",\n]\n"),
            ),
            (
                "pyproject.toml",
                "[tool.poetry.dependencies]\nOrders-Client = \"^1\"\na = \"1\"\n",
                Some("[tool.poetry.dependencies]\na = \"1\"\n"),
            ),
            (
                "pyproject.toml",
                "[project]\ndependencies = [\"orders-client\"]\n",
                None,
            ),
            (
                "go.mod",
                "module a\n\nrequire (\n\torders-client v1 // indirect\n\tb v1\n)\n\nexclude (\n\torders-client v0\n)\nrequire orders-client v1\n",
                Some("module a\n\nrequire (\n\tb v1\n)\n\nexclude (\n\torders-client v0\n)\n"),
            ),
            ("Gemfile", "gem 'orders-client'\n", None),
            ("Cargo.lock", "name = \"orders-client\"\n", None),
        ] {
            // On one line there is nothing to count.
            if path == "composer.json" {
                let cut = manifest_of(path).without(source, "orders-client").unwrap();
                assert_eq!(cut.text, "{\"require\": {}}");
            } else {
                check(path, source, expected);
            }
        }
    }

    #[test]
    fn a_setting_goes_out_of_a_toml_file() {
        let keys = BTreeSet::from(["OLD_URL".to_owned()]);
        let cut = |source| cut_toml_settings(source, &keys).map(|cut| cut.text);
        assert_eq!(
            cut("A = 1\n[env]\nOLD_URL = \"x\" # y\nB = [\n  1,\n]\n").as_deref(),
            Some("A = 1\n[env]\nB = [\n  1,\n]\n")
        );
        assert_eq!(cut("[[a]]\nOLD_URL = 1\n"), None);
        assert_eq!(cut("A = 1\n"), None);
    }
}
