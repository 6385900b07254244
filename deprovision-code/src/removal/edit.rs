//! The rules applied to one file: to whole lines, each checked again afterwards.

use std::collections::{BTreeMap, BTreeSet};

use deprovision_core::provider::{Provenance, Reference, ReferenceKind};

use crate::removal::RemovalRule;
use crate::search::{FoundFile, Hit, Scanner};

/// What became of one file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct EditedFile {
    /// The whole file with its removed references, when any was removed.
    pub(crate) bytes: Option<Vec<u8>>,
    /// How many lines changed.
    pub(crate) lines: usize,
    /// What stays, by line: for a person.
    pub(crate) left: Vec<String>,
}

/// What the rules say, ready to be asked.
#[derive(Debug, Default)]
pub(crate) struct Rulebook<'a> {
    replace: BTreeMap<&'a str, &'a str>,
    delete: BTreeSet<&'a str>,
}

impl<'a> Rulebook<'a> {
    pub(crate) fn new(rules: &'a [RemovalRule]) -> Self {
        let mut book = Self::default();
        for rule in rules {
            match rule {
                RemovalRule::Replace { text, with } => {
                    book.replace.insert(text, with);
                }
                RemovalRule::DeleteSetting { key } => {
                    book.delete.insert(key);
                }
            }
        }
        book
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.delete.iter().copied()
    }

    /// Takes a key back: something else in the repository names it.
    pub(crate) fn keep(&mut self, key: &str) {
        self.delete.remove(key);
    }
}

/// Why a file is not edited at all.
fn untouchable(file: &FoundFile, bytes: &[u8]) -> Option<&'static str> {
    let name = file.entry.path.rsplit(|b| *b == b'/').next()?;
    let all = |is: fn(&Reference) -> bool| file.references.iter().all(|(r, _)| is(r));
    if all(|reference| reference.kind == ReferenceKind::Dependency) {
        Some("a dependency: change it with its package manager")
    } else if !all(|reference| reference.provenance == Provenance::Written) {
        Some("copied or generated: update it where it comes from")
    } else if name.to_ascii_lowercase().starts_with(b"changelog") {
        Some("history: say there what changed, if it has to be said")
    } else if bytes.contains(&0) {
        Some("not plain text: edit it by hand")
    } else {
        None
    }
}

/// Applies the rules to a file. A line changes as a whole or not at all: it has
/// to hold no marker afterwards.
pub(crate) fn edit_file(
    file: &FoundFile,
    bytes: &[u8],
    scanner: &Scanner,
    book: &Rulebook<'_>,
) -> EditedFile {
    let untouchable = untouchable(file, bytes);
    let name = crate::git::printable(&file.entry.path);
    let mut result = Vec::with_capacity(bytes.len());
    let (mut lines, mut left) = (0, Vec::new());
    let with_references: BTreeSet<u64> = file.references.iter().map(|(r, _)| r.line).collect();
    let settings = is_settings_file(&name);
    if untouchable.is_none() {
        let mut continuation = Continuation::default();
        let mut continued = false;
        for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let number = index as u64 + 1;
            let edited = if with_references.contains(&number) {
                edit_line(line, scanner, book, settings && !continued)
            } else {
                Edited::Kept(Vec::new())
            };
            match edited {
                Edited::Replaced(new) => {
                    result.extend_from_slice(&new);
                    lines += 1;
                }
                Edited::Deleted => lines += 1,
                Edited::Kept(why) => {
                    result.extend_from_slice(line);
                    left.extend(why.into_iter().map(|why| format!("{name}:{number}: {why}")));
                }
            }
            continued = continuation.after(line);
        }
    } else if let Some(why) = untouchable {
        for (reference, _) in &file.references {
            let marker = &reference.marker;
            left.push(format!(
                "{name}:{}: {} {}: {why}",
                reference.line, marker.origin, marker.text
            ));
        }
    }
    EditedFile {
        bytes: (lines > 0).then_some(result),
        lines,
        left,
    }
}

enum Edited {
    Replaced(Vec<u8>),
    Deleted,
    /// Why, for each marker.
    Kept(Vec<String>),
}

fn edit_line(line: &[u8], scanner: &Scanner, book: &Rulebook<'_>, may_delete: bool) -> Edited {
    let hits = scanner.hits(line);
    if may_delete && setting_key(line).is_some_and(|key| book.delete.contains(key)) {
        return Edited::Deleted;
    }
    let apart = hits.windows(2).all(|pair| pair[0].end <= pair[1].start);
    let mut new = line.to_vec();
    let mut missing = Vec::new();
    for hit in hits.iter().rev() {
        match book.replace.get(hit.marker.text.as_str()) {
            Some(with) if apart => {
                new.splice(hit.start..hit.end, with.bytes());
            }
            Some(_) => missing.push(left(hit, "it overlaps with another marker")),
            None if book.delete.contains(hit.marker.text.as_str()) => {
                missing.push(left(hit, "the line is more than this setting"));
            }
            None => missing.push(left(hit, "no rule says what comes instead")),
        }
    }
    if !missing.is_empty() {
        missing.reverse();
        return Edited::Kept(missing);
    }
    let still: Vec<String> = scanner
        .hits(&new)
        .iter()
        .map(|hit| left(hit, "it would still be there after the replacement"))
        .collect();
    if still.is_empty() {
        Edited::Replaced(new)
    } else {
        Edited::Kept(still)
    }
}

fn left(hit: &Hit<'_>, why: &str) -> String {
    format!("{} {}: {why}", hit.marker.origin, hit.marker.text)
}

/// Formats in which each line is a setting of its own.
pub(crate) fn is_settings_file(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    name.ends_with(".properties")
        || name.ends_with(".env")
        || name == ".env"
        || name.starts_with(".env.")
}

/// The key that a line sets, when it does that and nothing else.
pub(crate) fn setting_key(line: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(line).ok()?;
    let text = text.trim_end_matches(['\n', '\r']);
    let text = text.strip_prefix("export ").unwrap_or(text);
    let (key, value) = text.split_once('=')?;
    let value = value.trim();
    let quoted = |quote: char| {
        value.len() >= 2
            && value.starts_with(quote)
            && value.ends_with(quote)
            && value.matches(quote).count() == 2
    };
    let whole = quoted('"') || quoted('\'') || !value.contains(['"', '\'', '`', '$', '\\']);
    (whole && !text.ends_with('\\')).then(|| key.trim())
}

/// Whether the next line goes on with this one: a backslash, or a quote that is open.
#[derive(Debug, Default)]
struct Continuation {
    open: bool,
}

impl Continuation {
    fn after(&mut self, line: &[u8]) -> bool {
        let line = line.trim_ascii();
        if line.starts_with(b"#") && !self.open {
            return false;
        }
        let quotes = line.iter().filter(|b| matches!(b, b'"' | b'\'')).count();
        self.open ^= quotes % 2 == 1;
        self.open || line.ends_with(b"\\")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_that_is_one_setting_has_a_key() {
        for (line, key) in [
            ("A=b\n", Some("A")),
            ("export A=\"b c\"\r\n", Some("A")),
            ("A = b", Some("A")),
            ("A=\"b", None),
            ("A=b \\\n", None),
            ("A=$(cat x)", None),
            ("A", None),
        ] {
            assert_eq!(setting_key(line.as_bytes()), key, "{line:?}");
        }
    }
}
