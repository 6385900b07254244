#![doc = include_str!("catalog.md")]

mod api;
mod backstage;
mod contact;
mod directory;
pub(crate) mod error;
mod lint;
mod locale;
mod openapi;
mod read;
mod schema;
mod source;
mod suggest;
#[cfg(test)]
mod tests;
mod tree;
mod vocabulary;
mod words;
mod write;

pub use api::{
    Api, Catalog, Criticality, Face, FaceKind, Lifecycle, Method, Resources, Route, Stakeholder,
};
pub use backstage::{BackstageOwners, Reached, Unresolved};
pub use contact::{Contact, EmailAddress, ParseAddressError};
pub use directory::Directory;
pub use error::{CatalogError, CatalogErrorKind, CatalogErrors, Place};
pub use lint::{Lint, LintRule, Severity};
pub use locale::{LanguageTag, ParseLanguageError, ParseTimeZoneError, TimeZoneName};
pub use schema::SCHEMA;
pub use source::{Form, Source, Syntax};
pub use tree::{MAX_DEPTH, MAX_TOML_BYTES, MAX_VALUES, MAX_YAML_BYTES};
pub use vocabulary::Vocabulary;
pub(crate) use vocabulary::{fold, hash, mix};
