//! What exists: APIs, their owners, faces, resources and consumers; and the files
//! that say so.
//!
//! [`Catalog::read`] reads files of our own form (YAML, JSON or TOML, described by
//! [`SCHEMA`]), entities of Backstage and descriptions by OpenAPI, reports every
//! mistake with its file, line and field, and puts together what they say.
//! [`Catalog::lint`] names what nobody would notice to be missing.

mod api;
mod backstage;
mod contact;
mod error;
mod lint;
mod openapi;
mod read;
mod schema;
mod source;
mod suggest;
#[cfg(test)]
mod tests;
mod tree;
mod words;
mod write;

pub use api::{
    Api, Catalog, Criticality, Face, FaceKind, Lifecycle, Method, Resources, Route, Stakeholder,
};
pub use contact::{Contact, EmailAddress, ParseAddressError};
pub use error::{CatalogError, CatalogErrorKind, CatalogErrors, Place};
pub use lint::{Lint, LintRule, Severity};
pub use schema::SCHEMA;
pub use source::{Form, Source, Syntax};
pub use tree::{MAX_DEPTH, MAX_TOML_BYTES, MAX_VALUES, MAX_YAML_BYTES};
