//! From trees to a catalog: every mistake is collected, none ends the reading.

mod api;
mod catalog;
mod draft;
mod field;
mod file;
mod merge;
mod problems;
pub(crate) mod values;

pub(crate) use api::{API_FIELDS, contact, fill, routes_clash};
pub(crate) use draft::{At, Draft, Says};
pub(crate) use field::{Field, Table};
pub(crate) use problems::Problems;
#[cfg(test)]
pub(crate) use {api::schema_fields, file::FILE_FIELDS};
