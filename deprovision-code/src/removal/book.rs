//! The rules of one removal, ready to be asked.

use std::collections::{BTreeMap, BTreeSet};

use regex::bytes::Regex;

use crate::removal::{RemovalRule, RuleError};

/// What is done to lines of code that no other rule covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Calls {
    pub(crate) mark: bool,
    pub(crate) fail: bool,
}

/// A rule about whole lines.
#[derive(Debug)]
pub(crate) struct LineRule {
    files: glob::Pattern,
    line: Regex,
    /// Nothing: the line goes.
    with: Option<String>,
}

/// What a rule about lines makes of one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LineEdit {
    Delete,
    Rewrite(Vec<u8>),
}

/// All rules.
#[derive(Debug, Default)]
pub(crate) struct Rulebook {
    pub(crate) replace: BTreeMap<String, String>,
    pub(crate) settings: BTreeSet<String>,
    /// By package: what code that uses it says.
    pub(crate) dependencies: BTreeMap<String, Vec<String>>,
    pub(crate) calls: Calls,
    lines: Vec<LineRule>,
    /// Why a marker stays, for the person who has to do it.
    why: BTreeMap<String, String>,
}

/// The parts of a rule about lines; nothing for other rules.
pub(crate) fn compile(rule: &RemovalRule) -> Result<Option<LineRule>, RuleError> {
    let (files, line, with) = match rule {
        RemovalRule::DeleteLine { files, line } => (files, format!("^(?:{line})$"), None),
        RemovalRule::RewriteLine { files, find, with } => (files, find.clone(), Some(with.clone())),
        RemovalRule::Replace { .. }
        | RemovalRule::DeleteSetting { .. }
        | RemovalRule::DropDependency { .. }
        | RemovalRule::MarkCalls
        | RemovalRule::FailCalls => return Ok(None),
    };
    let refused = |why: String| RuleError {
        rule: format!("{rule:?}"),
        why,
    };
    let files = glob::Pattern::new(files)
        .map_err(|error| refused(format!("its pattern of files is none: {error}")))?;
    let line = Regex::new(&line)
        .map_err(|error| refused(format!("its regular expression is none: {error}")))?;
    Ok(Some(LineRule { files, line, with }))
}

impl Rulebook {
    /// Of rules that compile: [`RemovalSettings`](crate::RemovalSettings) let no others in.
    pub(crate) fn new(rules: &[RemovalRule], why: BTreeMap<String, String>) -> Self {
        let mut book = Self {
            why,
            ..Self::default()
        };
        for rule in rules {
            match rule {
                RemovalRule::Replace { text, with } => {
                    book.replace.insert(text.clone(), with.clone());
                }
                RemovalRule::DeleteSetting { key } => {
                    book.settings.insert(key.clone());
                }
                RemovalRule::DropDependency { package, imports } => {
                    let known = book.dependencies.entry(package.clone()).or_default();
                    known.extend(imports.iter().cloned());
                }
                RemovalRule::DeleteLine { .. } | RemovalRule::RewriteLine { .. } => {
                    book.lines.extend(compile(rule).ok().flatten());
                }
                RemovalRule::MarkCalls => book.calls.mark = true,
                RemovalRule::FailCalls => book.calls.fail = true,
            }
        }
        book
    }

    /// Takes the rule about a key or a package back, and says why.
    pub(crate) fn keep(&mut self, text: &str, why: String) {
        self.settings.remove(text);
        self.dependencies.remove(text);
        self.why.insert(text.to_owned(), why);
    }

    /// Why nothing is done about a marker.
    pub(crate) fn why(&self, marker: &str) -> String {
        match self.why.get(marker) {
            Some(why) => format!("no rule covers it: {why}"),
            None => "no rule covers it".to_owned(),
        }
    }

    /// What the first fitting rule about lines makes of a line without its end.
    pub(crate) fn line_edit(&self, path: &str, line: &[u8]) -> Option<LineEdit> {
        const OPTIONS: glob::MatchOptions = glob::MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: false,
        };
        let rule = self
            .lines
            .iter()
            .find(|rule| rule.files.matches_with(path, OPTIONS) && rule.line.is_match(line))?;
        Some(match &rule.with {
            None => LineEdit::Delete,
            Some(with) => {
                LineEdit::Rewrite(rule.line.replace_all(line, with.as_bytes()).into_owned())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(rules: &[RemovalRule]) -> Rulebook {
        Rulebook::new(rules, BTreeMap::new())
    }

    #[test]
    fn the_first_rule_that_fits_a_line_counts() {
        let book = book(&[
            RemovalRule::DeleteLine {
                files: "deploy/**/*.conf".into(),
                line: r"\s*proxy_pass .*;".into(),
            },
            RemovalRule::RewriteLine {
                files: "**/*.conf".into(),
                find: r"upstream (\w+)".into(),
                with: "upstream new_$1".into(),
            },
        ]);
        let edit = |path, line: &str| book.line_edit(path, line.as_bytes());
        assert_eq!(
            edit("deploy/a/x.conf", "  proxy_pass http://a;"),
            Some(LineEdit::Delete)
        );
        assert_eq!(edit("deploy/a/x.conf", "proxy_pass http://a; # x"), None);
        assert_eq!(edit("x.conf", "proxy_pass http://a;"), None);
        assert_eq!(
            edit("x.conf", "upstream orders"),
            Some(LineEdit::Rewrite(b"upstream new_orders".to_vec()))
        );
    }

    #[test]
    fn a_rule_that_is_none_is_refused_with_its_reason() {
        for (files, line, reason) in [
            ("[", "x", "pattern of files"),
            ("*", "(", "regular expression"),
        ] {
            let rule = RemovalRule::DeleteLine {
                files: files.into(),
                line: line.into(),
            };
            let refused = compile(&rule).unwrap_err().to_string();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
