//! The mistakes found so far.

use std::sync::Arc;

use crate::catalog::error::quoted;
use crate::catalog::tree::{Node, TreeError};
use crate::catalog::{CatalogError, CatalogErrorKind as Kind, CatalogErrors, Place};

/// How many mistakes are reported at once; a hostile file could hold millions.
const MAX_ERRORS: usize = 1_000;

/// Collects mistakes.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    errors: Vec<CatalogError>,
    left_out: usize,
    /// Part of the file at hand could not be read: nothing is known to be missing.
    partial: bool,
    /// Part of some file could not be read.
    any_partial: bool,
}

impl Problems {
    pub(crate) fn add(
        &mut self,
        kind: Kind,
        place: &Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(kind, place, None, message.into(), hint.into());
    }

    /// A mistake that two places make together.
    pub(crate) fn add_pair(
        &mut self,
        kind: Kind,
        place: &Place,
        other: &Place,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(
            kind,
            place,
            Some(other.clone()),
            message.into(),
            hint.into(),
        );
    }

    fn push(
        &mut self,
        kind: Kind,
        place: &Place,
        other: Option<Place>,
        message: String,
        hint: String,
    ) {
        if self.errors.len() >= MAX_ERRORS {
            self.left_out += 1;
            return;
        }
        self.errors.push(CatalogError {
            kind,
            place: place.clone(),
            other,
            message,
            hint: (!hint.is_empty()).then_some(hint),
        });
    }

    /// A field that has to be there and is not; nothing is said when part of the
    /// file could not be read, for the field may be in that part.
    pub(crate) fn missing(&mut self, place: &Place, name: &str, hint: &str) {
        if !self.partial {
            self.add(
                Kind::MissingField,
                place,
                format!("{name} is missing"),
                hint.to_owned(),
            );
        }
    }

    /// A value that does not belong there.
    pub(crate) fn wrong_type(&mut self, place: &Place, node: &Node, wanted: &str) {
        self.add(
            Kind::WrongType,
            place,
            format!("this is {}", node.value.describe()),
            format!("write {wanted}"),
        );
    }

    pub(crate) fn bad_value(&mut self, place: &Place, value: &str, reason: &str, hint: &str) {
        self.add(
            Kind::BadValue,
            place,
            format!("{} {reason}", quoted(value)),
            hint.to_owned(),
        );
    }

    /// The mistakes in the text of a file, or of a text inside a file.
    pub(crate) fn add_tree(&mut self, file: &Arc<str>, field: &str, errors: &[TreeError]) {
        for error in errors {
            self.add(
                error.kind,
                &Place::new(file, error.line, field),
                error.message.clone(),
                error.hint.clone().unwrap_or_default(),
            );
        }
    }

    /// Says whether part of the file that is read next could not be read.
    pub(crate) fn begin_file(&mut self, partial: bool) {
        self.partial = partial;
        self.any_partial |= partial;
    }

    /// Reads a text inside a file, part of which could perhaps not be read.
    pub(crate) fn inside<T>(&mut self, partial: bool, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.partial;
        self.begin_file(before || partial);
        let value = read(self);
        self.partial = before;
        value
    }

    /// Whether something may be in a part of a file that could not be read.
    pub(crate) fn any_partial(&self) -> bool {
        self.any_partial
    }

    /// Nothing, or all mistakes in the order of the files and lines.
    pub(crate) fn finish(mut self, files: &[Arc<str>]) -> Result<(), CatalogErrors> {
        if self.errors.is_empty() {
            return Ok(());
        }
        let rank = |file: &Arc<str>| files.iter().position(|name| name == file);
        self.errors
            .sort_by_cached_key(|error| (rank(&error.place.file), error.place.line));
        if self.left_out > 0
            && let Some(last) = self.errors.last().cloned()
        {
            self.errors.push(CatalogError {
                kind: Kind::Limit,
                other: None,
                message: format!("{} more mistakes are not shown", self.left_out),
                hint: None,
                place: Place {
                    field: String::new(),
                    ..last.place
                },
            });
        }
        Err(CatalogErrors::new(self.errors))
    }
}
