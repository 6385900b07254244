//! What a reference is, by the name of its file, and in source code by its place.

use deprovision_core::provider::ReferenceKind;

use crate::search::syntax::{Lexer, Place, language_of};

const MANIFESTS: &[&str] = &[
    "cargo.toml",
    "cargo.lock",
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "go.mod",
    "go.sum",
    "gemfile",
    "gemfile.lock",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "pyproject.toml",
    "poetry.lock",
    "uv.lock",
    "pipfile",
    "pipfile.lock",
    "setup.py",
    "setup.cfg",
    "composer.json",
    "composer.lock",
    "packages.config",
    "mix.exs",
    "mix.lock",
    "pubspec.yaml",
    "pubspec.lock",
    "package.swift",
    "podfile",
];
const DOCUMENTS: &[&str] = &[
    "md", "markdown", "rst", "adoc", "asciidoc", "txt", "html", "htm", "org", "tex", "mdx",
];
const SETTINGS: &[&str] = &[
    "yaml",
    "yml",
    "json",
    "json5",
    "jsonc",
    "toml",
    "ini",
    "cfg",
    "conf",
    "env",
    "properties",
    "xml",
    "plist",
    "tf",
    "tfvars",
    "hcl",
    "nix",
    "config",
    "service",
    "desktop",
];
const SETTING_NAMES: &[&str] = &[
    "dockerfile",
    "makefile",
    "jenkinsfile",
    "caddyfile",
    "procfile",
];
const TEST_FOLDERS: &[&str] = &[
    "test",
    "tests",
    "spec",
    "specs",
    "__tests__",
    "testdata",
    "test-data",
    "e2e",
];
/// What a file is by its name; nothing when it is source code, or unknown.
pub(crate) fn kind_of_file(path: &str) -> Option<ReferenceKind> {
    let lower = path.to_ascii_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    if MANIFESTS.contains(&name) || (name.starts_with("requirements") && extension == "txt") {
        return Some(ReferenceKind::Dependency);
    }
    if is_test(folders, stem, path) {
        return Some(ReferenceKind::Test);
    }
    if DOCUMENTS.contains(&extension) || ["readme", "changelog", "license"].contains(&name) {
        return Some(ReferenceKind::Document);
    }
    if SETTINGS.contains(&extension) || SETTING_NAMES.contains(&name) || name.starts_with(".env") {
        return Some(ReferenceKind::Configuration);
    }
    None
}

/// Says of references in one file what they are, from the first to the last.
#[derive(Debug)]
pub(crate) struct Kinds<'a> {
    file: Option<ReferenceKind>,
    lexer: Option<Lexer<'a>>,
}

impl<'a> Kinds<'a> {
    pub(crate) fn new(path: &str, bytes: &'a [u8]) -> Self {
        let file = kind_of_file(path);
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let lexer = match file {
            Some(_) => None,
            None => language_of(&name, bytes).map(|language| Lexer::new(language, bytes)),
        };
        Self { file, lexer }
    }

    /// What the reference at these bytes is; they do not begin before those asked for before.
    pub(crate) fn kind(&mut self, start: usize, end: usize) -> ReferenceKind {
        if let Some(kind) = self.file {
            return kind;
        }
        let Some(lexer) = &mut self.lexer else {
            return ReferenceKind::Code;
        };
        match lexer.place(start) {
            Place::Comment => ReferenceKind::Comment,
            Place::Argument | Place::StringArgument => ReferenceKind::Call,
            Place::String => ReferenceKind::String,
            Place::Code if lexer.is_called(start, end) => ReferenceKind::Call,
            Place::Code => ReferenceKind::Code,
        }
    }
}

fn is_test(folders: &str, stem: &str, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.split('.').next().unwrap_or(name);
    folders.split('/').any(|f| TEST_FOLDERS.contains(&f))
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_spec")
        || stem.ends_with(".test")
        || stem.ends_with(".spec")
        || (name.len() > 4 && name.ends_with("Test"))
        || (name.len() > 5 && name.ends_with("Tests"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_judged_by_its_file_and_line() {
        for (path, line, expected) in [
            ("src/a.rs", "get(\"/v1/orders\")", ReferenceKind::Call),
            ("src/a.rs", "A = \"/v1/orders\"", ReferenceKind::String),
            ("src/a.rs", "/v1/orders", ReferenceKind::Code),
            ("src/a.unknown", "f(\"/v1/orders\")", ReferenceKind::Code),
            ("src/a.rs", "  // uses /v1/orders", ReferenceKind::Comment),
            ("src/a.js", "f('https://x/v1/orders')", ReferenceKind::Call),
            ("src/a.js", "f(); // see /v1/orders", ReferenceKind::Comment),
            ("src/a.py", "x = 1  # /v1/orders", ReferenceKind::Comment),
            ("src/a.c", "#define P \"/v1/orders\"", ReferenceKind::String),
            ("tests/a.rs", "get(\"/v1/orders\")", ReferenceKind::Test),
            ("src/OrderTest.java", "\"/v1/orders\"", ReferenceKind::Test),
            ("src/latest.go", "\"/v1/orders\"", ReferenceKind::String),
            ("src/a.test.ts", "\"/v1/orders\"", ReferenceKind::Test),
            ("README.md", "call /v1/orders", ReferenceKind::Document),
            (
                "deploy/a.yaml",
                "u: /v1/orders",
                ReferenceKind::Configuration,
            ),
            (".env.local", "U=/v1/orders", ReferenceKind::Configuration),
            ("package.json", "\"/v1/orders\"", ReferenceKind::Dependency),
            (
                "requirements-dev.txt",
                "/v1/orders",
                ReferenceKind::Dependency,
            ),
        ] {
            let at = line.find("/v1/orders").unwrap();
            let mut kinds = Kinds::new(path, line.as_bytes());
            assert_eq!(kinds.kind(at, at + 10), expected, "{path}: {line}");
        }
    }
}
