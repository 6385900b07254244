//! The published description of our own form.

/// The JSON Schema (draft 2020-12) of our own form, for editors and other tools.
/// It says what [`Catalog::read`](crate::catalog::Catalog::read) says, except what no
/// schema can: that ids are unique, that a successor exists, that a day exists.
pub const SCHEMA: &str = include_str!("../../schema/catalog.schema.json");
