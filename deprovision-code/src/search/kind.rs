//! What a reference is, judged by the name of its file and its line.

use deprovision_core::provider::ReferenceKind;

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
/// Languages in which `#` begins a comment.
const HASH: &[&str] = &[
    "py", "rb", "sh", "bash", "zsh", "fish", "pl", "pm", "r", "jl", "ex", "exs", "cr", "nim",
    "ps1", "tcl", "awk", "coffee",
];
/// Languages in which `--` begins a comment.
const DASHES: &[&str] = &["sql", "lua", "hs", "elm", "adb", "ads", "vhd"];

/// What a reference at `at` in `line` of the file is.
pub(crate) fn kind_of(path: &str, line: &[u8], at: usize) -> ReferenceKind {
    let lower = path.to_ascii_lowercase();
    let (folders, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    if MANIFESTS.contains(&name) || (name.starts_with("requirements") && extension == "txt") {
        return ReferenceKind::Dependency;
    }
    if is_test(folders, stem, path) {
        return ReferenceKind::Test;
    }
    if DOCUMENTS.contains(&extension) || ["readme", "changelog", "license"].contains(&name) {
        return ReferenceKind::Document;
    }
    if SETTINGS.contains(&extension) || SETTING_NAMES.contains(&name) || name.starts_with(".env") {
        return ReferenceKind::Configuration;
    }
    if is_comment(extension, line, at) {
        return ReferenceKind::Comment;
    }
    ReferenceKind::Code
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

fn is_comment(extension: &str, line: &[u8], at: usize) -> bool {
    let before = &line[..at.min(line.len())];
    let begins = |mark: &[u8]| before.trim_ascii_start().starts_with(mark);
    // A mark in the middle of a line counts after a space, so that `https://` does not.
    let inside = |mark: &[u8]| {
        before
            .windows(mark.len() + 1)
            .any(|w| w[0].is_ascii_whitespace() && &w[1..] == mark)
    };
    if HASH.contains(&extension) {
        return begins(b"#") || inside(b"#");
    }
    if DASHES.contains(&extension) {
        return begins(b"--") || inside(b"--");
    }
    [b"//".as_slice(), b"/*", b"* ", b"<!--"]
        .iter()
        .any(|mark| begins(mark))
        || inside(b"//")
        || inside(b"/*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_judged_by_its_file_and_line() {
        for (path, line, expected) in [
            ("src/a.rs", "get(\"/v1/orders\")", ReferenceKind::Code),
            ("src/a.rs", "  // uses /v1/orders", ReferenceKind::Comment),
            ("src/a.js", "f('https://x/v1/orders')", ReferenceKind::Code),
            ("src/a.js", "f(); // see /v1/orders", ReferenceKind::Comment),
            ("src/a.py", "x = 1  # /v1/orders", ReferenceKind::Comment),
            ("src/a.c", "#define P \"/v1/orders\"", ReferenceKind::Code),
            ("tests/a.rs", "get(\"/v1/orders\")", ReferenceKind::Test),
            ("src/OrderTest.java", "\"/v1/orders\"", ReferenceKind::Test),
            ("src/latest.go", "\"/v1/orders\"", ReferenceKind::Code),
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
            assert_eq!(
                kind_of(path, line.as_bytes(), at),
                expected,
                "{path}: {line}"
            );
        }
    }
}
