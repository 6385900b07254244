//! Tests of reading, writing and looking at catalogs as a whole.

mod backstage;
mod backstage_owners;
mod hostile;
mod lint;
mod merge;
mod mistakes;
mod openapi;
mod round_trip;
mod schema;

use crate::catalog::{Api, Catalog, CatalogErrorKind, CatalogErrors, Source};
use crate::id::ApiId;

fn id(text: &str) -> ApiId {
    ApiId::parse(text).unwrap()
}

fn read(name: &str, text: &str) -> Result<Catalog, CatalogErrors> {
    Catalog::read(&[Source::new(name, text)])
}

#[track_caller]
fn api(catalog: &Catalog, name: &str) -> Api {
    catalog.apis.get(&id(name)).unwrap().clone()
}

/// The errors as `line field`, which is how a test says what it expects.
fn places(errors: &CatalogErrors) -> Vec<String> {
    errors
        .iter()
        .map(|e| format!("{} {}", e.place.line, e.place.field))
        .collect()
}

fn kinds(errors: &CatalogErrors) -> Vec<CatalogErrorKind> {
    errors.iter().map(|e| e.kind).collect()
}
