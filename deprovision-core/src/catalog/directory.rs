//! Who is behind callers and handles.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::read::{Field, Problems, contact};
use crate::catalog::tree::{Parsed, Value, parse_toml, parse_yaml};
use crate::catalog::{CatalogErrors, Contact, Place, Source, Syntax};
use crate::id::CallerId;

const FIELDS: &[&str] = &["callers", "handles"];

/// Who is behind the callers that access logs name, and behind the handles of a code
/// host: what no catalog of APIs says.
///
/// A caller is looked for as it stands, then by the longest pattern that fits: one that
/// ends with `*` stands for all that begin so. Handles are compared without regard to
/// case, as code hosts do.
///
/// ```
/// use deprovision_core::catalog::{Directory, Source};
/// let text = "
/// callers:
///   payroll: {person: sam, email: sam@example.com}
///   web-*: {person: wes, email: wes@example.com, time_zone: Europe/Berlin}
/// handles:
///   '@acme/platform': {person: platform, email: platform@example.com}
/// ";
/// let directory = Directory::read(&Source::new("directory.yaml", text))?;
/// let behind = directory.behind(&"web-7".parse()?);
/// assert_eq!(behind.map(|contact| contact.person.as_str()), Some("wes"));
/// assert!(directory.behind(&"batch".parse()?).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directory {
    callers: BTreeMap<String, Contact>,
    handles: BTreeMap<String, Contact>,
}

impl Directory {
    /// Reads a directory: YAML, JSON, or TOML where the name ends so.
    ///
    /// # Errors
    /// [`CatalogErrors`] with every mistake, each with its line and field.
    pub fn read(source: &Source<'_>) -> Result<Self, CatalogErrors> {
        let mut p = Problems::default();
        let name: Arc<str> = Arc::from(source.name);
        let parsed = match source.syntax {
            Syntax::Yaml => parse_yaml(source.text, 1),
            Syntax::Toml => parse_toml(source.text),
        };
        p.begin_file(parsed.partial);
        p.add_tree(&name, "", &parsed.errors);
        let directory = Self::of(&name, &parsed, &mut p);
        p.finish(&[name])?;
        Ok(directory)
    }

    fn of(name: &Arc<str>, parsed: &Parsed, p: &mut Problems) -> Self {
        let mut directory = Self::default();
        let Some(root) = parsed.documents.first() else {
            return directory;
        };
        // A file without a word is a directory of nobody.
        if root.value == Value::Null {
            return directory;
        }
        let field = Field::new(root, Place::new(name, root.line, ""));
        let Some(table) = field.table(p, FIELDS) else {
            return directory;
        };
        for (key, contacts) in [
            ("callers", &mut directory.callers),
            ("handles", &mut directory.handles),
        ] {
            let Some(entries) = table.get(key).and_then(|field| field.open_table(p)) else {
                continue;
            };
            for (name, field) in entries.iter() {
                let name = match key {
                    "handles" => handle(name),
                    _ => name.to_owned(),
                };
                if let Some(contact) = contact(field, p) {
                    contacts.insert(name, contact);
                }
            }
        }
        directory
    }

    /// Who is behind a caller.
    #[must_use]
    pub fn behind(&self, caller: &CallerId) -> Option<&Contact> {
        let caller = caller.as_str();
        if let Some(exact) = self.callers.get(caller) {
            return Some(exact);
        }
        let patterns = self.callers.iter().filter_map(|(pattern, contact)| {
            let prefix = pattern.strip_suffix('*')?;
            caller.starts_with(prefix).then_some((prefix, contact))
        });
        let longest = patterns.max_by_key(|(prefix, _)| prefix.len());
        longest.map(|(_, contact)| contact)
    }

    /// Who is behind a handle, as code owners are named: `@dana`, `@acme/platform`.
    #[must_use]
    pub fn behind_handle(&self, name: &str) -> Option<&Contact> {
        self.handles.get(&handle(name))
    }
}

fn handle(name: &str) -> String {
    name.trim_start_matches('@').to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Directory, CatalogErrors> {
        Directory::read(&Source::new("directory.yaml", text))
    }

    fn person<'a>(directory: &'a Directory, caller: &str) -> Option<&'a str> {
        let found = directory.behind(&caller.parse().unwrap());
        found.map(|contact| contact.person.as_str())
    }

    #[test]
    fn the_caller_itself_comes_first_then_the_longest_pattern() {
        let directory = read(
            "callers:\n  web-*: {person: wes, email: w@a}\n  web-shop-*: {person: sam, email: s@a}\n\
             \x20 web-shop-1: {person: ann, email: a@a}\n  '*': {person: all, email: all@a}\n",
        )
        .unwrap();
        assert_eq!(person(&directory, "web-shop-1"), Some("ann"));
        assert_eq!(person(&directory, "web-shop-2"), Some("sam"));
        assert_eq!(person(&directory, "web-x"), Some("wes"));
        assert_eq!(person(&directory, "batch"), Some("all"));
    }

    #[test]
    fn handles_are_compared_without_case_and_at() {
        let directory = read("handles:\n  '@Acme/Platform': {person: p, email: p@a}\n").unwrap();
        assert!(directory.behind_handle("@acme/platform").is_some());
        assert!(directory.behind_handle("acme/other").is_none());
    }

    #[test]
    fn every_mistake_is_told_with_its_line_and_field() {
        let errors = read(
            "caller:\n  a: {person: a, email: a@a}\ncallers:\n  b: {person: b}\n  c: {person: c, email: nobody}\n",
        )
        .unwrap_err()
        .to_string();
        assert!(errors.contains("directory.yaml:1: caller: "), "{errors}");
        assert!(errors.contains("directory.yaml:4: callers.b"), "{errors}");
        assert!(
            errors.contains("directory.yaml:5: callers.c.email: "),
            "{errors}"
        );
        assert_eq!(read("").unwrap(), Directory::default());
        assert!(read("callers: [").is_err());
    }
}
