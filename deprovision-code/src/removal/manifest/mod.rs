//! Dependencies taken out of the manifests of package managers.

mod kind;
mod tables;
#[cfg(test)]
mod tests;

pub(crate) use kind::{Manifest, manifest_of};
pub(crate) use tables::cut_toml_settings;
