//! Which manager a file belongs to, and how it declares a package.

use super::tables::{pyproject, toml_lines};
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
pub(super) fn normal(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

/// The lines for which `goes` says no.
pub(super) fn without_lines(source: &str, mut goes: impl FnMut(&str) -> bool) -> Cut {
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
