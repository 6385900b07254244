//! What is wrong with a catalog, where, and what to write instead.

use std::fmt;
use std::sync::Arc;

/// What kind of mistake an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CatalogErrorKind {
    /// The text is not YAML, JSON or TOML, or uses a part of it that is not read.
    Syntax,
    /// The text is larger or deeper than what is read.
    Limit,
    /// The file is of a form or version that is not read.
    Unsupported,
    /// A field that does not exist.
    UnknownField,
    /// A field that has to be there.
    MissingField,
    /// A field, an item or an id that is there twice.
    Duplicate,
    /// A value of the wrong type, such as a list where a text belongs.
    WrongType,
    /// A value of the right type that is not allowed.
    BadValue,
    /// A reference to something that no file describes.
    Dangling,
    /// Two files that contradict each other.
    Conflict,
}

/// A place in a file.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place {
    /// The name of the file as the caller gave it.
    pub file: Arc<str>,
    /// The line, counted from 1.
    pub line: usize,
    /// The path of the field, for example `apis[2].owner.email`; empty for the whole file.
    pub field: String,
}

impl Place {
    pub(crate) fn new(file: &Arc<str>, line: usize, field: impl Into<String>) -> Self {
        Self {
            file: Arc::clone(file),
            line,
            field: field.into(),
        }
    }

    /// `a.yaml:3`, for the middle of a sentence.
    pub(crate) fn short(&self) -> String {
        format!("{}:{}", printable(&self.file), self.line)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", printable(&self.file), self.line)?;
        if !self.field.is_empty() {
            write!(f, ": {}", printable(&self.field))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

/// One mistake. It is shown as `file:line: field: message (hint)`, on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CatalogError {
    /// What kind of mistake.
    pub kind: CatalogErrorKind,
    /// Where.
    pub place: Place,
    /// The other place, when two places contradict each other or repeat each other.
    pub other: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, printable(&self.message))?;
        if let Some(hint) = &self.hint {
            write!(f, " ({})", printable(hint))?;
        }
        Ok(())
    }
}

impl std::error::Error for CatalogError {}

/// Everything that is wrong with the files that were read, in the order of the
/// files and of their lines. Never empty when [`Catalog::read`](crate::catalog::Catalog::read)
/// returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogErrors(Vec<CatalogError>);

impl CatalogErrors {
    pub(crate) fn new(errors: Vec<CatalogError>) -> Self {
        Self(errors)
    }

    /// The errors one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, CatalogError> {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for CatalogErrors {
    type Item = CatalogError;
    type IntoIter = std::vec::IntoIter<CatalogError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a CatalogErrors {
    type Item = &'a CatalogError;
    type IntoIter = std::slice::Iter<'a, CatalogError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for CatalogErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CatalogErrors {}

/// The text with what could forge or hide a line of a log made visible.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_deceptive(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Line and paragraph separators, direction overrides and invisible characters.
pub(crate) fn is_deceptive(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// A value in a message: quoted, and cut where a hostile one would flood.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 80;
    let mut cut: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        cut.push('…');
    }
    format!("{cut:?}")
}
