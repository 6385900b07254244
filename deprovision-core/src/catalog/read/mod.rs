//! From trees to a catalog: every mistake is collected, none ends the reading.

mod api;
mod catalog;
mod draft;
mod field;
mod file;
mod merge;
mod problems;
pub(crate) mod values;

pub(crate) use api::{API_FIELDS, fill, routes_clash};
pub(crate) use draft::{At, Draft, Says};
pub(crate) use field::{Field, Table};
#[cfg(test)]
pub(crate) use file::FILE_FIELDS;
pub(crate) use problems::Problems;
